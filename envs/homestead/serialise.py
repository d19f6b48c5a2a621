"""States as JSON, and back: field names as they are, materials as names indexed [x][y]."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

import numpy as np
from jaxtyping import UInt8

from envs.homestead.draws import NUM_KEYS
from envs.homestead.state import FARMER_ID, KINDS, OWN_FIELDS, Cell, Farmer, FarmState, Thing
from envs.homestead.tables import DIRECTIONS, FULL, ITEMS, NEEDS, Material

Json = Any


def dumps(state: FarmState) -> str:
    """Serialise a state to JSON text; `loads` is the inverse."""
    return json.dumps(to_dict(state))


def loads(text: str) -> FarmState:
    """Read a state from JSON text.

    Raises:
        ValueError: names the field, what was expected there, and what came.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"a state is JSON text, and this is not: {error}") from error
    return from_dict(data)


def to_dict(state: FarmState) -> dict[str, Json]:
    """A state as nested dicts and lists."""
    return {
        "cells": [[Material(cell).slug for cell in column] for column in state.cells.tolist()],
        "farmer": {name: _plain(value) for name, value in vars(state.farmer).items()},
        "things": [
            {"kind": thing.kind, **{name: _plain(value) for name, value in vars(thing).items()}}
            for thing in state.things
        ],
        "hour": state.hour,
        "raining": state.raining,
        "next_id": state.next_id,
        "key": state.key,
    }


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, dict) else value


def from_dict(data: Json) -> FarmState:
    """Read a state from nested dicts and lists; `to_dict` is the inverse.

    Raises:
        ValueError: names the field, what was expected there, and what came.
    """
    path = "state"
    top = _fields(path, data, ("cells", "farmer", "things", "hour", "raining", "next_id", "key"))
    cells = _cells(f"{path}.cells", top["cells"])
    farmer = _farmer(f"{path}.farmer", top["farmer"])
    things = [
        _thing(f"{path}.things[{index}]", each)
        for index, each in enumerate(_list(f"{path}.things", top["things"]))
    ]
    state = FarmState(
        cells=cells,
        farmer=farmer,
        things=things,
        hour=_whole(f"{path}.hour", top["hour"]),
        raining=_flag(f"{path}.raining", top["raining"]),
        next_id=_whole(f"{path}.next_id", top["next_id"], FARMER_ID + 1),
        key=_whole(f"{path}.key", top["key"], most=NUM_KEYS - 1),
    )
    _check_places(state)
    return state


def _check_places(state: FarmState) -> None:
    """Everybody stands on a cell of the grid that is nobody else's, and ids ascend."""
    taken: set[Cell] = set()
    last_id = FARMER_ID
    places = [("state.farmer", state.farmer.position)]
    places += [(f"state.things[{i}]", thing.position) for i, thing in enumerate(state.things)]
    for path, cell in places:
        if not state.contains(cell) or cell in taken:
            width, height = state.size
            _fail(f"{path}.position", f"a cell of its own on a {width} x {height} grid", cell)
        taken.add(cell)
    for index, thing in enumerate(state.things):
        if not last_id < thing.id < state.next_id:
            expected = f"an id above {last_id} and below next_id = {state.next_id}"
            _fail(f"state.things[{index}].id", expected, thing.id)
        last_id = thing.id


def _fail(path: str, expected: str, value: Json) -> NoReturn:
    text = repr(value)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    raise ValueError(f"{path}: expected {expected}, got {short}")


def _fields(path: str, value: Json, names: Sequence[str]) -> Mapping[str, Json]:
    known = ", ".join(names)
    if not isinstance(value, dict):
        _fail(path, f"an object with the fields {known}", value)
    for name in names:
        if name not in value:
            raise ValueError(f"{path}.{name}: this field is missing")
    for name in value:
        if name not in names:
            raise ValueError(f"{path}.{name}: unknown field; there are {known}")
    fields: Mapping[str, Json] = value
    return fields


def _list(path: str, value: Json) -> list[Json]:
    if not isinstance(value, list):
        _fail(path, "a list", value)
    return list(value)


def _whole(path: str, value: Json, least: int = 0, most: int = 2**63 - 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        _fail(path, f"a whole number in [{least}, {most}]", value)
    return int(value)


def _count(path: str, value: Json) -> int:
    return _whole(path, value, most=FULL)


def _number(path: str, value: Json) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not -1e6 <= value <= 1e6:  # NaN is outside too
        _fail(path, "a number in [-1000000, 1000000]", value)
    return float(value)


def _flag(path: str, value: Json) -> bool:
    if not isinstance(value, bool):
        _fail(path, "true or false", value)
    return bool(value)


def _cell(path: str, value: Json) -> Cell:
    numbers = _list(path, value)
    if len(numbers) != 2:
        _fail(path, "two whole numbers [x, y]", value)
    return _whole(path, numbers[0]), _whole(path, numbers[1])


def _direction(path: str, value: Json) -> Cell:
    if not isinstance(value, list) or tuple(value) not in DIRECTIONS:
        _fail(path, "one of the four unit vectors", value)
    return int(value[0]), int(value[1])


def _basket(path: str, value: Json) -> dict[str, int]:
    held = _fields(path, value, ITEMS)
    return {item: _count(f"{path}.{item}", held[item]) for item in ITEMS}


_READERS: Final[Mapping[str, Callable[[str, Json], Any]]] = {
    "id": _whole,
    "position": _cell,
    "gaze": _direction,
    "heading": _direction,
    "resting": _flag,
    "basket": _basket,
    "brood": _whole,
    "patience": _whole,
    "height": _whole,
    "nerve": _whole,
    **dict.fromkeys(NEEDS, _count),
    **dict.fromkeys(("appetite", "dryness", "weariness", "strain", "mending"), _number),
}


def _farmer(path: str, value: Json) -> Farmer:
    names = tuple(field.name for field in dataclasses.fields(Farmer))
    fields = _fields(path, value, names)
    return Farmer(**{name: _READERS[name](f"{path}.{name}", fields[name]) for name in names})


def _thing(path: str, value: Json) -> Thing:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        _fail(path, f'an object whose "kind" is one of {", ".join(KINDS)}', value)
    names = ("id", "position", *OWN_FIELDS[kind])
    fields = _fields(path, value, ("kind", *names))
    return KINDS[kind](**{name: _READERS[name](f"{path}.{name}", fields[name]) for name in names})


def _cells(path: str, value: Json) -> UInt8[np.ndarray, "width height"]:
    ids = {material.slug: material for material in Material}
    columns = _list(path, value)
    if not columns or not isinstance(columns[0], list) or not columns[0]:
        _fail(path, "a list of columns of names of materials", value)
    for x, column in enumerate(columns):
        if len(_list(f"{path}[{x}]", column)) != len(columns[0]):
            _fail(f"{path}[{x}]", f"{len(columns[0])} cells, as in the first column", column)
        for y, name in enumerate(column):
            if not isinstance(name, str) or name not in ids:
                _fail(f"{path}[{x}][{y}]", f"one of {', '.join(ids)}", name)
    return np.array([[ids[name] for name in column] for column in columns], np.uint8)
