"""Data laws as files: `laws.json` for the machine, `laws.md` for a person."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from envs.files import write_text
from worldmodels.onelife.synthesis.conditions import Condition, Test, checked_operator
from worldmodels.onelife.synthesis.laws import Book, Change, DataLaw, Outcome
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import Template, value_from_json
from worldmodels.onelife.synthesis.terms import Knowledge, checked_term
from worldmodels.onelife.synthesis.vocabulary import is_number
from worldmodels.onelife.worlds import world_named

FORMAT_VERSION: Final = 1
LAWS_FILE: Final = "laws.json"
LANGUAGE: Final = "data"


def save_book(
    path: Path,
    book: Book[Any],
    *,
    weights: Mapping[str, float] | None = None,
    inertia: float | None = None,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Write laws, what they need to be understood, and their weights.

    Args:
        path: The file.
        book: The laws.
        weights: By name of the law; laws without one are left out of a model.
        inertia: Weight of the rule that what no law speaks about stays as it is.
        origin: How the laws were made, JSON.
    """
    data = {
        "format_version": FORMAT_VERSION,
        "world": book.world.name,
        "origin": dict(origin or {}),
        "known": _known_to_json(book.known),
        "inertia": inertia,
        "laws": [
            {**law_to_json(law), "weight": None if weights is None else weights.get(law.name)}
            for law in book.laws
        ],
    }
    write_laws_file(path, data)


def load_book(path: Path) -> tuple[Book[Any], dict[str, float], float | None]:
    """Read laws, their weights by name, and the inertia.

    Raises:
        ValueError: the file is malformed, of another version or language, or of an unknown world.
        OSError: it cannot be read.
    """
    data = read_laws_file(path, LANGUAGE)
    try:
        world = world_named(str(data["world"]))
        known = _known_from_json(_object(data["known"], "what is known"))
        laws = [law_from_json(_object(law, "a law")) for law in data["laws"]]
        weights = {
            str(law["name"]): non_negative(law["weight"])
            for law in data["laws"]
            if law["weight"] is not None
        }
        inertia = None if data["inertia"] is None else non_negative(data["inertia"])
    except KeyError as error:
        raise ValueError(f"{path}: {error} is missing; learn the laws again") from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{path}: {error}; learn the laws again") from error
    return Book(world, laws, known), weights, inertia


def write_laws_file(path: Path, data: Mapping[str, Any]) -> None:
    """Write laws of any language."""
    write_text(path, json.dumps(data, allow_nan=False, separators=(",", ":")) + "\n")


def read_laws_file(path: Path, language: str | None = None) -> dict[str, Any]:
    """Read a file of laws as JSON.

    Args:
        path: The file.
        language: Of the laws; None: of any.

    Raises:
        ValueError: it is no JSON object with an origin, or of another version or language.
        OSError: it cannot be read.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {version!r}, this program reads {FORMAT_VERSION}: learn "
            "the laws again"
        )
    if not isinstance(origin := data.get("origin"), dict):
        raise ValueError(
            f"{path}: expected an object as the origin, got {type(origin).__name__}; learn the "
            "laws again"
        )
    found = language_of(data)
    if language not in (None, found):
        raise ValueError(f"{path} holds laws in {found!r}, expected {language!r}")
    checked: dict[str, Any] = data
    return checked


def language_of(data: Mapping[str, Any]) -> str:
    """What laws are written in: data, where a file does not say it."""
    return str(data.get("language", LANGUAGE))


def origin_of(path: Path) -> dict[str, Any]:
    """How the laws in a file were made."""
    origin: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["origin"]
    return origin


def law_to_json(law: DataLaw) -> dict[str, Any]:
    """One law as JSON."""
    return {
        "name": law.name,
        "scope": law.scope,
        "if": _condition_to_json(law.condition),
        "then": [
            {
                "slot": change.slot.to_json(),
                "outcomes": [
                    {
                        **o.template.to_json(),
                        "chance": round(o.chance, 6),
                        "count": round(o.count, 2),
                    }
                    for o in change.outcomes
                ],
                "unless": [_condition_to_json(other) for other in change.unless],
            }
            for change in law.changes
        ],
        "num_rows": law.num_rows,
    }


def law_from_json(data: Mapping[str, Any]) -> DataLaw:
    """The inverse."""
    changes = tuple(
        Change(
            Slot.from_json(change["slot"]),
            tuple(
                Outcome(Template.from_json(o), _number(o["chance"], 0.0, 1.0), _number(o["count"]))
                for o in change["outcomes"]
            ),
            tuple(_condition_from_json(other) for other in change["unless"]),
        )
        for change in data["then"]
    )
    condition = _condition_from_json(data["if"])
    return DataLaw(data["name"], data["scope"], condition, changes, int(data["num_rows"]))


def _condition_to_json(condition: Condition) -> list[Any]:
    return [[list(test.term), test.op, test.value] for test in condition]


def _condition_from_json(data: Any) -> Condition:
    return tuple(
        Test(checked_term(term), checked_operator(op), value_from_json(value))
        for term, op, value in data
    )


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object as {what}, got {type(value).__name__}")
    return value


def non_negative(value: Any) -> float:
    """A weight.

    Raises:
        ValueError: it is not a finite number >= 0.
    """
    return _number(value, 0.0)


def _number(value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    if not is_number(value) or not low <= value <= high or not math.isfinite(value):
        raise ValueError(f"expected a number from {low:g} to {high:g}, got {value!r}")
    return float(value)


def _known_to_json(known: Knowledge) -> dict[str, Any]:
    return {
        "agent_kind": known.agent_kind,
        "clock": known.clock,
        "directions": known.directions,
        "grounds": {kind: sorted(materials) for kind, materials in sorted(known.grounds.items())},
    }


def _known_from_json(data: Mapping[str, Any]) -> Knowledge:
    return Knowledge(
        data["agent_kind"],
        data["clock"],
        {action: value_from_json(step) for action, step in data["directions"].items()},
        {kind: set(materials) for kind, materials in data["grounds"].items()},
    )
