"""The child process: reads requests, one JSON line each, and answers each with one JSON line.

| request | answer |
|---|---|
| {"load": number, "source": text} | {"ok": true} |
| {"state": state as JSON} | {"ok": true} |
| {"ask": number, "action": action} | {"speaks": false} or {"speaks": true, "effect": effect} |

Requests and answers also carry the "number" of the request. An effect is
{observable: {"values": [...], "logscores": [...]}}. A failure answers
{"error": kind, "text": text}; where memory runs out the process says so and ends.
"""

import json
import math
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, NoReturn

from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.sandbox.crafter_view import VIEWS
from worldmodels.onelife.sandbox.limits import Limits, bind
from worldmodels.onelife.sandbox.namespace import FILENAME, Rules, build

Json = Any

OUT_OF_MEMORY: Final = b"out of memory"  # the last line of a process
_MAX_TEXT: Final = 300  # characters of an error


def main() -> None:
    """Serve until the pipe is closed. The first line is {"view": name, "limits": {...}}."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    setup = json.loads(requests.readline())
    limits, view = Limits(**setup["limits"]), VIEWS[setup["view"]]
    worker = _Worker(view)
    answers.write(json.dumps({"defences": bind(limits)}).encode() + b"\n")
    answers.flush()
    for line in requests:
        try:
            answer = _line_for(worker, json.loads(line), limits.answer_bytes)
        except MemoryError:
            _end()
        answers.write(answer)
        answers.flush()


def _line_for(worker: "_Worker", request: dict[str, Json], max_bytes: int) -> bytes:
    number = {"number": request["number"]}
    line = json.dumps({**number, **worker.answer(request)}, allow_nan=False).encode() + b"\n"
    if len(line) <= max_bytes:
        return line
    text = f"an answer has at most {max_bytes} bytes, got {len(line)}"
    return json.dumps({**number, "error": "malformed", "text": text}).encode() + b"\n"


def _end() -> NoReturn:
    os.write(1, OUT_OF_MEMORY + b"\n")
    os._exit(1)


class _Worker:
    """The laws of this process and the state they are shown."""

    def __init__(self, view: Callable[[Json], Any]) -> None:
        self._view = view
        self._rules: dict[int, Rules] = {}
        self._state: Any = None

    def answer(self, request: dict[str, Json]) -> dict[str, Json]:
        if "state" in request:
            self._state = self._view(request["state"])
            return {"ok": True}
        try:
            if "load" in request:
                self._rules[request["load"]] = build(request["source"])
                return {"ok": True}
            return self._ask(request["ask"], request["action"])
        except MemoryError:
            raise
        except _MalformedError as error:
            return {"error": "malformed", "text": str(error)[:_MAX_TEXT]}
        # Laws are foreign code: whatever they raise is an answer.
        except BaseException as error:
            return {"error": "exception", "text": _described(error)}

    def _ask(self, law: int, action: Json) -> dict[str, Json]:
        rules = self._rules[law]
        if not rules.precondition(self._state, action):
            return {"speaks": False}
        return {"speaks": True, "effect": _as_json(rules.effect(self._state, action))}


class _MalformedError(Exception):
    """A law returned something that is no effect."""


def _as_json(said: Any) -> dict[str, Json]:
    if type(said) is not dict:
        raise _MalformedError(f"an effect is a dict of observables, got {type(said).__name__}")
    for name, spoken in said.items():
        if type(name) is not str or type(spoken) is not Distribution:
            raise _MalformedError(
                f"an effect maps names to Distributions, got a {type(name).__name__} and a "
                f"{type(spoken).__name__}"
            )
    return {
        name: {
            "values": [_value(value) for value in spoken.support],
            "logscores": [_number(score) for score in spoken.scores().values()],
        }
        for name, spoken in said.items()
    }


def _value(value: Any) -> Json:
    if value is ABSENT:
        return {"absent": True}
    if isinstance(value, tuple):
        return [_value(part) for part in value]
    if type(value) is float and not math.isfinite(value):
        raise _MalformedError(f"numbers are finite, got {value}")
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise _MalformedError(
        f"values are numbers, texts, None, ABSENT and tuples, got {type(value).__name__}"
    )


def _number(score: Any) -> float:
    if type(score) not in (int, float):
        raise _MalformedError(f"log-scores are numbers, got {type(score).__name__}")
    return float(score)


def _described(error: BaseException) -> str:
    where = _line(error.__traceback__)
    text = f"{type(error).__name__}: {error}"[:_MAX_TEXT]
    return text if where is None else f"line {where}: {text}"


def _line(trace: TracebackType | None) -> int | None:
    """The innermost line of the law."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
