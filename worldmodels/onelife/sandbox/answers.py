"""What comes out of the child, read with suspicion: text to effects."""

import json
import math
from typing import Any, Final, NoReturn

from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import Effect
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.sandbox.codec import Codec
from worldmodels.onelife.sandbox.errors import LawError
from worldmodels.onelife.sandbox.worker import OUT_OF_MEMORY

MAX_OBSERVABLES: Final = 4096  # of one effect
MAX_VALUES: Final = 4096  # of one distribution
MAX_TEXT: Final = 200  # characters of a name or a value
MAX_NUMBER: Final = 2**63  # magnitude of whole numbers
MAX_SCORE: Final = 1e6  # magnitude of log-scores
MAX_DEPTH: Final = 4  # of tuples in tuples

Answer = Effect | None  # None: the law is silent


def read_answer(line: bytes, number: int, codec: Codec[Any, Any]) -> Answer | LawError:
    """What a law says, or the error it made.

    Args:
        line: From the child.
        number: Of the request it must answer.
        codec: Of the world.

    Raises:
        LawError: the child itself failed: it is out of memory, or this is no answer to the request.
    """
    if line == OUT_OF_MEMORY:
        raise LawError("memory", "the law wanted more memory than it may have")
    try:
        data = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise LawError("malformed", f"no JSON: {error}"[:MAX_TEXT]) from None
    match data:
        case {"number": int(stated), "ok": True} | {"number": int(stated), "speaks": False}:
            answer: Answer | LawError = None
        case {"number": int(stated), "error": "exception" | "malformed" as kind, "text": str(text)}:
            answer = LawError(kind, text)
        case {"number": int(stated), "speaks": True, "effect": dict(effect)}:
            answer = _effect(effect, codec)
        case _:
            raise LawError("malformed", f"no answer: {line[:80]!r}")
    if stated != number:
        raise LawError("malformed", f"expected the answer to request {number}, got {stated}")
    return answer


def _effect(effect: dict[str, Any], codec: Codec[Any, Any]) -> Effect | LawError:
    if len(effect) > MAX_OBSERVABLES:
        return LawError("malformed", f"at most {MAX_OBSERVABLES} observables, got {len(effect)}")
    try:
        return {_name(name): _distribution(said, codec) for name, said in effect.items()}
    except (ValueError, TypeError) as error:
        return LawError("malformed", str(error)[:MAX_TEXT])


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"numbers are finite, got {text}")


def _name(name: str) -> str:
    if not 0 < len(name) <= MAX_TEXT:
        raise ValueError(f"names have 1..{MAX_TEXT} characters, got {len(name)}")
    return name


def _distribution(said: Any, codec: Codec[Any, Any]) -> Distribution:
    match said:
        case {"values": list(values), "logscores": list(scores)} if len(values) <= MAX_VALUES:
            support = tuple(codec.value(_value(value)) for value in values)
            return Distribution(support, tuple(_score(score) for score in scores))
        case _:
            raise ValueError(
                f"a distribution has values, at most {MAX_VALUES}, and logscores; "
                f"got {str(said)[:80]}"
            )


def _score(score: Any) -> float:
    if type(score) not in (int, float) or not abs(score) <= MAX_SCORE:
        raise ValueError(f"log-scores lie within {MAX_SCORE:g} of 0, got {str(score)[:80]}")
    return float(score)


def _value(value: Any, depth: int = 0) -> Value:
    match value:
        case None | bool():
            return value
        case float() if math.isfinite(value):
            return value
        case int() if abs(value) < MAX_NUMBER:
            return value
        case str() if len(value) <= MAX_TEXT:
            return value
        case {"absent": True}:
            return ABSENT
        case list() if depth < MAX_DEPTH and len(value) <= MAX_VALUES:
            return tuple(_value(part, depth + 1) for part in value)
        case _:
            raise ValueError(f"this is no value of an observable: {str(value)[:80]}")
