"""Laws that try to get out of the sandbox. None does: each ends in an error of the right kind.

Every attack is made twice: as it comes, and with the check of its source switched off, so that the
lines of defence behind it (the namespace, the process, the kernel) have to hold by themselves.
"""

import dataclasses
import os
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from onelife.escapes import ESCAPES, SPEAK, SYSTEM, Escape

from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.sandbox import LawError, Limits, Sandbox, fields_codec
from worldmodels.onelife.sandbox import client as client_module
from worldmodels.onelife.sandbox.errors import Kind

LIMITS = Limits(seconds=0.4, memory_bytes=128 * 2**20)
PATIENT = dataclasses.replace(LIMITS, seconds=8.0)  # memory runs out first on a busy machine, too
SPARE_SECONDS = 1.5  # beyond the limit: 0.1 on an idle machine, more on a busy one
SECRET = "untouched"


class State(NamedTuple):
    x: int = 3
    cells: tuple[int, ...] = (1, 2)


def source_of(escape: Escape, sentinel: Path) -> str:
    text = escape.body.replace("SENTINEL", str(sentinel)).replace("PARENT", str(os.getpid()))
    if text.startswith("SOURCE:"):
        text, body = text.removeprefix("SOURCE:"), SPEAK
    else:
        text, body = "", text
    return (
        f"{text}\n\ndef precondition(state, action):\n    return True\n\n"
        f"def effect(state, action):\n{textwrap.indent(body, '    ')}\n"
    )


def outcome(sandbox: Sandbox[State, str], source: str) -> Kind | None:
    """The kind of error a law ends in, in time; None where it speaks."""
    started = time.monotonic()
    try:
        law = sandbox.load(source)
        (answer,) = sandbox.ask(sandbox.questions([law], State(), "noop"))
    except LawError as error:
        answer = error
    assert time.monotonic() - started < sandbox.limits.seconds + SPARE_SECONDS
    return answer.kind if isinstance(answer, LawError) else None


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "sentinel"
    path.write_text(SECRET)
    yield path
    assert [entry.name for entry in tmp_path.iterdir()] == ["sentinel"]
    assert path.read_text() == SECRET


def started(limits: Limits = LIMITS) -> Sandbox[State, str]:
    sandbox: Sandbox[State, str] = Sandbox(fields_codec("x", "cells"), limits)
    assert sandbox.defences
    return sandbox


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox[State, str]]:
    """One for all the laws: they must not disturb each other."""
    with started() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def patient() -> Iterator[Sandbox[State, str]]:
    """One for the laws that run out of memory."""
    with started(PATIENT) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox[State, str]]:
    with started() as sandbox:
        yield sandbox


def still_works(sandbox: Sandbox[State, str]) -> bool:
    law = sandbox.load(f"def precondition(state, action): return True\n"
                       f"def effect(state, action): {SPEAK}")  # fmt: skip
    return sandbox.ask(sandbox.questions([law], State(), "")) == [{"x": Distribution.point(1)}]


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda escape: escape.name)
def test_no_law_gets_out(
    escape: Escape, shared: Sandbox[State, str], patient: Sandbox[State, str], sentinel: Path
):
    sandbox = patient if escape.kind == "memory" else shared
    assert outcome(sandbox, source_of(escape, sentinel)) == escape.kind
    assert still_works(sandbox)


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda escape: escape.name)
def test_no_law_gets_out_where_its_source_is_not_checked(
    escape: Escape,
    sentinel: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(client_module, "check_source", lambda source, names: None)
    with started(PATIENT if escape.unchecked == "memory" else LIMITS) as sandbox:
        if "syscalls" not in sandbox.defences and escape in SYSTEM:
            pytest.skip("the kernel has no filter for system calls here")
        assert outcome(sandbox, source_of(escape, sentinel)) == escape.unchecked
