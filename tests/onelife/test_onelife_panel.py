"""Bad laws are silent and counted; they end nothing."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, cast

import pytest

from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.laws import FunctionLaw
from worldmodels.onelife.panel import LawPanel

GOOD = FunctionLaw[Any, Any]("good", lambda s, a: True, lambda s, a: {"x": Distribution.point(s)})
posix = pytest.mark.skipif(sys.platform == "win32", reason="time is limited on POSIX only")


def bad(effect: Callable[[Any, Any], Any], name: str = "bad") -> FunctionLaw[Any, Any]:
    return FunctionLaw(name, lambda s, a: True, effect)


def endless(state: Any, action: Any) -> Any:
    while True:
        pass


def deaf(state: Any, action: Any) -> Any:
    """Catches every ordinary exception."""
    while True:
        try:
            while True:
                pass
        except Exception:
            continue


@pytest.mark.parametrize(
    "effect",
    [
        lambda s, a: 1 // 0,
        lambda s, a: None,
        lambda s, a: {"x": 3},
        lambda s, a: {3: Distribution.point(3)},
        lambda s, a: {"x": Distribution.point(cast(Hashable, []))},
        lambda s, a: sys.exit(),
        lambda s, a: s.no_such_method(),
    ],
)
def test_a_law_that_fails_is_silent_and_the_others_are_heard(effect: Any) -> None:
    panel = LawPanel([bad(effect), GOOD])
    assert panel.effects(1, None) == [(1, {"x": Distribution.point(1)})]
    assert panel.skipped == {"bad": 1}


def test_a_failing_precondition_counts_like_a_failing_effect() -> None:
    law = FunctionLaw[Any, Any]("bad", lambda s, a: s.nothing, lambda s, a: {})
    panel = LawPanel([law])
    assert panel.effects(1, None) == []
    assert panel.skipped["bad"] == 1


def test_the_first_error_is_kept_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    panel = LawPanel([bad(lambda s, a: {}[s])])
    with caplog.at_level(logging.WARNING):
        for state in range(3):
            panel.effects(state, None)
    assert panel.skipped["bad"] == 3
    assert panel.errors == {"bad": "KeyError: 0"}
    assert len(caplog.records) == 1


@posix
@pytest.mark.parametrize("effect", [endless, deaf])
def test_an_endless_law_is_stopped_and_never_asked_again(effect: Any) -> None:
    panel = LawPanel([bad(effect), GOOD], time_limit=0.04)
    for _ in range(3):
        assert [index for index, _ in panel.effects(1, None)] == [1]
    assert panel.skipped == {"bad": 1}
    assert panel.stopped == ["bad"]


@posix
def test_two_endless_laws_in_one_pass_are_both_stopped() -> None:
    panel = LawPanel([bad(endless, "first"), bad(endless, "second"), GOOD], time_limit=0.04)
    assert [index for index, _ in panel.effects(1, None)] == [2]
    assert panel.stopped == ["first", "second"]


@posix
def test_many_short_calls_that_together_exceed_the_limit_are_all_answered() -> None:
    def slow(state: Any, action: Any) -> dict[str, Distribution]:
        sum(range(20_000))
        return {}

    panel = LawPanel([bad(slow)], time_limit=0.03)
    with panel.watching():
        for _ in range(200):
            panel.effects(1, None)
    assert not panel.skipped


@posix
def test_a_call_of_half_the_time_limit_is_answered() -> None:
    def slow(state: Any, action: Any) -> dict[str, Distribution]:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
        return {}

    panel = LawPanel([bad(slow)], time_limit=1.0)
    assert panel.effects(1, None) == [(0, {})]


@posix
def test_the_callers_alarm_and_handler_survive() -> None:
    def handler(number: int, frame: object) -> None:
        raise AssertionError("not yet")

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    try:
        LawPanel([GOOD]).effects(1, None)
        assert signal.getsignal(signal.SIGALRM) is handler
        assert 900.0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_another_thread_may_ask_without_a_time_limit() -> None:
    answers: list[Any] = []
    panel = LawPanel([GOOD])
    thread = threading.Thread(target=lambda: answers.extend(panel.effects(1, None)))
    thread.start()
    thread.join()
    assert len(answers) == 1


def test_laws_need_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="given twice: \\['good'\\]"):
        LawPanel([GOOD, GOOD])


def test_a_time_limit_is_positive() -> None:
    with pytest.raises(ValueError, match="positive number of seconds"):
        LawPanel([GOOD], time_limit=0.0)
