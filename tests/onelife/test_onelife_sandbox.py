"""The sandbox: what failures leave behind, what is rejected, and what is believed."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from onelife.toy_worlds import SWITCHES, Switches, Toggle

from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.python_laws import PythonLaw
from worldmodels.onelife.sandbox import LawError, Limits, Sandbox, check_source, fields_codec
from worldmodels.onelife.sandbox.answers import read_answer

SPEAK = 'def effect(state, action): return {"a": Distribution.point(1)}'
ALWAYS = "def precondition(state, action): return True\n"
GOOD = ALWAYS + SPEAK
LOOP = ALWAYS + "def effect(state, action):\n    while True: pass"
HOARD = (
    "HOARD = []\n" + ALWAYS + "def effect(state, action):\n"
    "    HOARD.append('x' * (len('ab') * 35 * 2**20))\n    return {'a': Distribution.point(1)}"
)
GREEDY = (
    ALWAYS + "def effect(state, action):\n"
    "    return {'a': Distribution.point(len('x' * (len('ab') * 30 * 2**20)))}"
)
QUICK = Limits(seconds=0.3, memory_bytes=128 * 2**20)


@pytest.fixture
def switches() -> Iterator[Sandbox[Switches, Toggle]]:
    with Sandbox(fields_codec("a", "b"), QUICK) as sandbox:
        yield sandbox


def ask(sandbox: Sandbox[Any, Any], *laws: int) -> list[Any]:
    return sandbox.ask(sandbox.questions(laws, Switches(), Toggle.A))


def kinds(answers: list[Any]) -> list[str]:
    return [answer.kind if isinstance(answer, LawError) else "" for answer in answers]


def test_an_endless_law_is_stopped_once_and_the_others_go_on(
    switches: Sandbox[Switches, Toggle],
):
    good, loop, other = switches.load(GOOD), switches.load(LOOP), switches.load(GOOD)
    started = time.monotonic()
    answers = ask(switches, *[good, loop, other] * 20)
    assert time.monotonic() - started < 10 * QUICK.seconds
    assert kinds(answers) == ["", "timeout", ""] * 20


def test_a_law_that_stumbles_over_the_memory_of_another_is_not_blamed(
    switches: Sandbox[Switches, Toggle],
):
    hoard, greedy = switches.load(HOARD), switches.load(GREEDY)
    assert kinds(ask(switches, hoard, greedy, greedy)) == ["", "", ""]


def test_a_law_of_a_dead_process_answers_from_the_next_one(switches: Sandbox[Switches, Toggle]):
    law = switches.load(GOOD)
    first = ask(switches, law)
    switches.close()
    assert ask(switches, law) == first


def test_errors_name_the_line_of_the_law(switches: Sandbox[Switches, Toggle]):
    law = switches.load(ALWAYS + "def effect(state, action):\n    return 1 / state.a")
    (error,) = ask(switches, law)
    assert str(error) == "exception: line 3: ZeroDivisionError: division by zero"


def test_a_panel_skips_and_counts_python_laws_that_fail(switches: Sandbox[Switches, Toggle]):
    sources = {"good": GOOD, "loops": LOOP, "raises": GOOD.replace("point(1)", "point(1 / 0)")}
    laws = [PythonLaw(name, source, switches) for name, source in sources.items()]
    panel: LawPanel[Switches, Toggle] = LawPanel(laws)
    for _ in range(3):
        assert panel.effects(Switches(), Toggle.A) == [(0, {"a": Distribution.point(1)})]
    assert panel.skipped == {"loops": 3, "raises": 3}
    assert panel.errors["loops"] == "LawError: timeout: no answer within 0.3 s"


def test_a_panel_that_is_less_patient_than_the_sandbox_leaves_it_usable():
    with Sandbox(fields_codec("a", "b"), Limits(seconds=5.0)) as sandbox:
        laws = [PythonLaw("loops", LOOP, sandbox), PythonLaw("good", GOOD, sandbox)]
        model = OneLife(laws, [1.0, 1.0], SWITCHES, time_limit=2.0)
        assert model.sample(1, Switches(), Toggle.A) == Switches(1, 1)
        assert model.skipped == {"loops": 1}


def test_no_process_and_no_folder_are_left(switches: Sandbox[Switches, Toggle]):
    switches.load(GOOD)
    assert switches._child is not None
    pid = switches._child._process.pid
    folder = Path(f"/proc/{pid}/cwd").readlink() if os.path.exists("/proc/self") else None
    switches.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert folder is None or not folder.exists()


def test_the_process_inherits_nothing(switches: Sandbox[Switches, Toggle]):
    if not os.path.exists("/proc/self"):
        pytest.skip("there is no /proc here")
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    switches.load(GOOD)
    assert switches._child is not None
    process = Path(f"/proc/{switches._child._process.pid}")
    assert sorted(entry.name for entry in (process / "fd").iterdir()) == ["0", "1", "2"]
    assert (process / "environ").read_bytes() == b"PYTHONHASHSEED=0\0"
    assert list((process / "cwd").iterdir()) == []
    os.close(reader)
    os.close(writer)


def test_a_sandbox_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with (
        Sandbox(fields_codec("a")) as sandbox,
        pytest.raises(LawError, match="does not start") as caught,
    ):
        sandbox.load(GOOD)
    assert caught.value.kind == "died"


def test_limits_are_positive():
    with pytest.raises(ValueError, match="seconds is positive"):
        Limits(seconds=0.0)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import os\n" + GOOD, "line 1, column 1: Import is not part of the language of laws"),
        (ALWAYS, r"line 1, column 1: a law defines effect\(state, action\); it is missing"),
        (
            ALWAYS + "def effect(state): return {}",
            "line 2, column 1: a law defines effect.*with these parameters",
        ),
        (GOOD + "\nif True: pass", "line 3, column 1: the outermost level holds"),
        (GOOD + "\nx = state.secret", "no attribute 'secret'"),
        (GOOD + "\nx = nothing", "the name 'nothing' is unknown; offered are ABSENT"),
        (GOOD + "\nclass A: pass\nclass B: pass", "line 4, column 1: a law is at most one class"),
        (GOOD + "\nx = 1 @ 2", "no matrix product"),
        (GOOD + "\nx = b'1'", "constants are numbers and texts, got bytes"),
        (GOOD + "\nx = 2 ** 99", "constant exponents are at most 64"),
        (GOOD + "\nx = [0] * 10**9", "repeated at most 10000 times"),
    ],
)
def test_a_rejection_says_where_and_what(source: str, message: str):
    with pytest.raises(LawError, match=message) as caught:
        check_source(source, ["a"])
    assert caught.value.kind == "rejected"


def test_annotations_are_never_evaluated(switches: Sandbox[Switches, Toggle]):
    source = GOOD.replace("state, action)", "state: open('x').close(), action: 1 / 0) -> quit()")
    assert kinds(ask(switches, switches.load(source))) == [""]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"junk",
        b"[]",
        b"[" * 100_000,
        b'{"number": 1}',
        b'{"number": 1, "speaks": 1}',
        b'{"number": 2, "speaks": false}',
        b'{"number": "1", "speaks": false}',
        b'{"number": 1, "error": "rejected", "text": "x"}',
        b'{"number": 1, "speaks": true, "effect": {"a": {"values": [1], "logscores": [NaN]}}}',
        b'{"number": 1, "speaks": true, "effect": {"a": {"values": [' + b"9" * 5000 + b"]}}}",
    ],
)
def test_a_process_that_talks_nonsense_is_not_believed(line: bytes):
    with pytest.raises(LawError) as caught:
        read_answer(line, 1, fields_codec())
    assert caught.value.kind == "malformed"


@pytest.mark.parametrize(
    "said",
    [
        b"1",
        b'{"values": [], "logscores": []}',
        b'{"values": [1, 1], "logscores": [0, 0]}',
        b'{"values": [1, true], "logscores": [0, 0]}',
        b'{"values": [1, 2], "logscores": [0]}',
        b'{"values": [1], "logscores": ["0"]}',
        b'{"values": [1], "logscores": [true]}',
        b'{"values": [1], "logscores": [1e400]}',
        b'{"values": [1e400], "logscores": [0]}',
        b'{"values": [{}], "logscores": [0]}',
        b'{"values": [[[[[[1]]]]]], "logscores": [0]}',
        b'{"values": ["' + b"x" * 300 + b'"], "logscores": [0]}',
    ],
)
def test_a_malformed_effect_is_not_believed(said: bytes):
    line = b'{"number": 1, "speaks": true, "effect": {"a": ' + said + b"}}"
    answer = read_answer(line, 1, fields_codec())
    assert isinstance(answer, LawError)
    assert answer.kind == "malformed"
