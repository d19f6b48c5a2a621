"""Asks many laws, some of them bad, what happens next."""

import contextlib
import functools
import logging
import math
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, Final, Generic, TypeVar

from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import DependentLaw, Effect, Law

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

_TICKS: Final = 4  # looks at the running law within one time limit
_NOBODY: Final = -1

_log = logging.getLogger(__name__)


class LawPanel(Generic[StateT, ActionT]):
    """Runs laws so that a bad one is silent and counted instead of ending the run.

    A law is silent for a call in which it raises or returns something that is not an effect. A
    law that runs for longer than `time_limit` seconds (it is stopped at 1 to 1.25 times the
    limit) is silent from then on. Time is limited in the main thread of POSIX systems only. One
    timer runs for a whole pass over the laws, so that the guard costs a law call nothing.

    Raises:
        ValueError: two laws have the same name, or the time limit is not positive.
    """

    def __init__(
        self, laws: Sequence[Law[StateT, ActionT]], time_limit: float | None = 1.0
    ) -> None:
        names = Counter(law.name for law in laws)
        if repeated := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"every law needs a name of its own; given twice: {repeated}")
        if time_limit is not None and not 0 < time_limit < math.inf:
            raise ValueError(f"the time limit is a positive number of seconds, got {time_limit}")
        self.laws = tuple(laws)
        self.time_limit = time_limit
        self.skipped: Counter[str] = Counter()  # calls without an answer, by name of the law
        self.errors: dict[str, str] = {}  # text of the first error of each such law
        self.stopped: list[str] = []  # names of laws that ran for too long
        self._methods = [(i, functools.partial(_speak, law)) for i, law in enumerate(laws)]
        self._dependent = {
            i: functools.partial(_speak_again, law)
            for i, law in enumerate(laws)
            if isinstance(law, DependentLaw)
        }
        self._running = _NOBODY  # index of the law that runs now
        self._call = 0  # tells one call from the next
        self._seen = (-1, 0)  # the call that ran at the last tick, and for how many ticks
        self._is_watching = False

    def effects(self, state: StateT, action: ActionT) -> list[tuple[int, Effect]]:
        """Index and effect of every law that speaks, in the order of the laws."""
        answers: list[tuple[int, Effect]] = []
        with self.watching():
            for index, ask in self._methods:
                self._add_answer(answers, index, ask, state, action)
        return answers

    @property
    def has_dependent_laws(self) -> bool:
        """Whether some laws are to be asked again once more is known of a step."""
        return len(self._dependent) > 0

    def dependent_names(self, effects: Sequence[tuple[int, Effect]]) -> set[str]:
        """What dependent laws speak about."""
        return {name for i, effect in effects if i in self._dependent for name in effect}

    def given(
        self,
        effects: Sequence[tuple[int, Effect]],
        state: StateT,
        action: ActionT,
        after: Mapping[str, Value],
    ) -> list[tuple[int, Effect]]:
        """The same effects, where laws that depend on other observables know what these will be."""
        answers = [(i, effect) for i, effect in effects if i not in self._dependent]
        with self.watching():
            for index, ask in self._dependent.items():
                self._add_answer(answers, index, ask, state, action, after)
        return sorted(answers, key=lambda answer: answer[0])

    def _add_answer(
        self,
        answers: list[tuple[int, Effect]],
        index: int,
        ask: Callable[..., Effect | None],
        *about: Any,
    ) -> None:
        """Ask one law; whatever it does, it is at worst skipped."""
        try:
            self._call += 1
            self._running = index
            said = ask(*about)
            if said is not None:
                answers.append((index, said))
            self._running = _NOBODY
        except _TimeOutError:
            self._running = _NOBODY
            self._disable(index)
        # Laws are foreign code: whatever they raise must not end the run.
        except (Exception, SystemExit) as error:
            self._running = _NOBODY
            self._skip(index, f"{type(error).__name__}: {error}")

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Keep one timer for all calls inside; without it each pass arms its own."""
        limit = self.time_limit
        is_main = threading.current_thread() is threading.main_thread()
        if limit is None or self._is_watching or not is_main or sys.platform == "win32":
            yield
            return
        started = time.monotonic()
        handler = signal.signal(signal.SIGALRM, self._tick)
        tick = limit / _TICKS
        remaining, interval = signal.setitimer(signal.ITIMER_REAL, tick, tick)
        self._is_watching = True
        try:
            yield
        finally:
            self._is_watching = False
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
            if remaining > 0:  # somebody else's timer goes on
                remaining = max(remaining - (time.monotonic() - started), 1e-3)
                signal.setitimer(signal.ITIMER_REAL, remaining, interval)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        """Stop the running law if it is the one that ran at all the last ticks."""
        del number, frame
        call, ticks = self._seen
        ticks = ticks + 1 if call == self._call else 1
        self._seen = (self._call, ticks)
        if ticks > _TICKS and self._running != _NOBODY:
            raise _TimeOutError

    def _disable(self, index: int) -> None:
        self._methods = [entry for entry in self._methods if entry[0] != index]
        self._dependent = {i: ask for i, ask in self._dependent.items() if i != index}
        self.stopped.append(self.laws[index].name)
        self._skip(index, f"ran for more than {self.time_limit} s and is silent from now on")

    def _skip(self, index: int, text: str) -> None:
        name = self.laws[index].name
        self.skipped[name] += 1
        if name not in self.errors:
            self.errors[name] = text
            _log.warning("law %r is skipped where it fails: %s", name, text)


class _TimeOutError(BaseException):
    """Raised inside a law that runs for too long; no Exception, so that laws rarely catch it."""


def _speak(law: Law[StateT, ActionT], state: StateT, action: ActionT) -> Effect | None:
    return _checked(law.effect(state, action)) if law.precondition(state, action) else None


def _speak_again(
    law: DependentLaw[StateT, ActionT], state: StateT, action: ActionT, after: Mapping[str, Value]
) -> Effect | None:
    said = law.effect_given(state, action, after)
    return None if said is None else _checked(said)


def _checked(said: Any) -> Effect:
    if not isinstance(said, Mapping):
        raise TypeError(f"an effect is a mapping of observables, got {type(said).__name__}")
    for observable, distribution in said.items():
        if not isinstance(observable, str) or not isinstance(distribution, Distribution):
            raise TypeError(
                f"an effect maps names to Distributions, got {observable!r}: {distribution!r}"
            )
    return said
