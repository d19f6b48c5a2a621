"""States as JSON, and back.

The layout is that of the state classes: field names as they are, a position as {"x", "y"},
materials as names indexed [x][y], objects with their kind as "name", and the player both as the
first of "objects" and as "player".
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from envs.crafter_oo.draws import loads_draws
from envs.crafter_oo.state import (
    DIRECTIONS,
    OBJECT_TYPES,
    Achievements,
    ChunkState,
    Inventory,
    MaterialGrid,
    ObjectState,
    PlantState,
    PlayerState,
    Position,
    WorldState,
)
from envs.crafter_oo.tables import ACHIEVEMENTS, ACTION_SLUGS, ITEMS, MATERIAL_NAMES

Json = Any
T = TypeVar("T")


def dumps(state: WorldState) -> str:
    """Serialise a state to JSON text; `loads` is the inverse."""
    return json.dumps(to_dict(state))


def loads(text: str) -> WorldState:
    """Read a state from JSON text.

    Raises:
        ValueError: names the field, what was expected there, and what came.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"a state is JSON text, and this is not: {error}") from error
    return from_dict(data)


def to_dict(state: WorldState) -> dict[str, Json]:
    """A state as nested dicts and lists."""
    objects = [_object_dict(entity) for entity in state.objects]
    return {
        "size": list(state.size),
        "chunk_size": list(state.chunk_size),
        "view": list(state.view),
        "daylight": state.daylight,
        "objects": objects,
        "player": objects[0],
        "entity_id_counter_state": state.entity_id_counter_state,
        "chunks": [
            {"chunk_key": list(chunk.chunk_key), "objects": list(chunk.objects)}
            for chunk in state.chunks
        ],
        "materials": state.materials.names(),
        "step_count": state.step_count,
        "serialized_random_state": state.draws.dumps(),
        "event_bus": list(state.event_bus),
    }


def canonical(state: WorldState) -> dict[str, Json]:
    """The form in which states are compared.

    Without the random state and the event bus; the player apart from the other objects; objects,
    chunks and the ids inside a chunk in ascending order.
    """
    objects = sorted(state.objects[1:], key=lambda entity: entity.entity_id)
    chunks = sorted(state.chunks, key=lambda chunk: chunk.chunk_key)
    return {
        "size": list(state.size),
        "chunk_size": list(state.chunk_size),
        "view": list(state.view),
        "daylight": state.daylight,
        "objects": [_object_dict(entity) for entity in objects],
        "player": _object_dict(state.player),
        "entity_id_counter_state": state.entity_id_counter_state,
        "chunks": [
            {"chunk_key": list(chunk.chunk_key), "objects": sorted(chunk.objects)}
            for chunk in chunks
        ],
        "materials": state.materials.names(),
        "step_count": state.step_count,
    }


def _object_dict(entity: ObjectState) -> dict[str, Json]:
    data: dict[str, Json] = {"name": entity.name}
    for name in _FIELDS[entity.name]:
        value = getattr(entity, name)
        if isinstance(value, Position):
            data[name] = {"x": value.x, "y": value.y}
        elif isinstance(value, Inventory):
            data[name] = dict(zip(ITEMS, value.values(), strict=True))
        elif isinstance(value, Achievements):
            data[name] = dict(zip(ACHIEVEMENTS, value.values(), strict=True))
        else:
            data[name] = value
    if isinstance(entity, PlantState):
        data["ripe"] = entity.ripe
    return data


_FIELDS: Final = {
    name: tuple(field.name for field in dataclasses.fields(kind))
    for name, kind in OBJECT_TYPES.items()
}


def from_dict(data: Json) -> WorldState:
    """Read a state from nested dicts and lists; `to_dict` is the inverse.

    Raises:
        ValueError: names the field, what was expected there, and what came.
    """
    top = _Node("state", data)
    top.check_keys(
        [
            "size",
            "chunk_size",
            "view",
            "daylight",
            "objects",
            "player",
            "entity_id_counter_state",
            "chunks",
            "materials",
            "step_count",
            "serialized_random_state",
            "event_bus",
        ]
    )
    size = _pair(top["size"])
    objects = [_object(node) for node in top["objects"].items()]
    if not objects or not isinstance(objects[0], PlayerState):
        top["objects"].fail("a list whose first object is the player")
    if _object(top["player"]) != objects[0]:
        top["player"].fail("the same player as in state.objects[0]")
    text = top["serialized_random_state"]
    try:
        draws = loads_draws(text.text())
    except ValueError as error:
        raise ValueError(f"{text.path}: {error}") from error
    return WorldState(
        size=size,
        view=_pair(top["view"]),
        materials=_materials(top["materials"], size),
        objects=objects,
        chunks=[_chunk(node) for node in top["chunks"].items()],
        draws=draws,
        step_count=top["step_count"].integer(low=0),
        daylight=top["daylight"].number(low=0.0, high=1.0),
        entity_id_counter_state=top["entity_id_counter_state"].integer(low=1),
        chunk_size=_pair(top["chunk_size"]),
        event_bus=[node.text() for node in top["event_bus"].items()],
    )


class _Node:
    """A part of a JSON document that knows where it stands."""

    def __init__(self, path: str, value: Json) -> None:
        self.path = path
        self.value = value

    def fail(self, expected: str) -> None:
        raise ValueError(f"{self.path}: expected {expected}, got {_short(self.value)}")

    def __getitem__(self, key: str) -> "_Node":
        return _Node(f"{self.path}.{key}", self.value[key])

    def check_keys(self, names: Sequence[str]) -> None:
        if not isinstance(self.value, dict):
            self.fail(f"an object with the fields {', '.join(names)}")
        for name in names:
            if name not in self.value:
                raise ValueError(f"{self.path}.{name}: this field is missing")
        for name in self.value:
            if name not in names:
                raise ValueError(f"{self.path}.{name}: unknown field; there are {', '.join(names)}")

    def items(self) -> list["_Node"]:
        if not isinstance(self.value, list):
            self.fail("a list")
        return [_Node(f"{self.path}[{i}]", value) for i, value in enumerate(self.value)]

    def integer(self, low: int | None = None) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.fail("a whole number")
        if low is not None and self.value < low:
            self.fail(f"a whole number >= {low}")
        return int(self.value)

    def number(self, low: float = -1e9, high: float = 1e9) -> float:
        wrong = not isinstance(self.value, int | float) or isinstance(self.value, bool)
        if wrong or not low <= self.value <= high:  # also catches NaN
            self.fail(f"a number in [{low:g}, {high:g}]")
        return float(self.value)

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.fail("true or false")
        return bool(self.value)

    def text(self, allowed: Sequence[str] | None = None) -> str:
        if not isinstance(self.value, str) or (allowed and self.value not in allowed):
            self.fail("a text" if allowed is None else f"one of {', '.join(allowed)}")
        return str(self.value)


def _short(value: Json) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _pair(node: _Node) -> tuple[int, int]:
    values = [item.integer(low=1) for item in node.items()]
    if len(values) != 2:
        node.fail("two whole numbers [x, y]")
    return values[0], values[1]


def _position(node: _Node) -> Position:
    node.check_keys(["x", "y"])
    return Position(node["x"].integer(), node["y"].integer())


def _direction(node: _Node) -> Position:
    direction = _position(node)
    if direction not in DIRECTIONS:
        node.fail("one of the four unit vectors")
    return direction


def _counts(kind: Callable[..., T], names: Sequence[str]) -> Callable[[_Node], T]:
    def read(node: _Node) -> T:
        node.check_keys(names)
        return kind(**{name: node[name].integer(low=0) for name in names})

    return read


def _natural(node: _Node) -> int:
    return node.integer(low=0)


_READERS: Final[dict[str, Callable[[_Node], Any]]] = {
    "entity_id": _natural,
    "position": _position,
    "health": _natural,
    "removed": _Node.flag,
    "facing": _direction,
    "action": lambda node: node.text(ACTION_SLUGS),
    "sleeping": _Node.flag,
    "achievements": _counts(Achievements, ACHIEVEMENTS),
    "inventory": _counts(Inventory, ITEMS),
    "hunger": _Node.number,
    "thirst": _Node.number,
    "fatigue": _Node.number,
    "recover": _Node.number,
    "last_health": _natural,
    "cooldown": _natural,
    "reload": _natural,
    "grown": _natural,
}


def _object(node: _Node) -> ObjectState:
    if not isinstance(node.value, dict) or "name" not in node.value:
        node.fail(f'an object with a "name", one of {", ".join(OBJECT_TYPES)}')
    name = node["name"].text(tuple(OBJECT_TYPES))
    kind, fields = OBJECT_TYPES[name], _FIELDS[name]
    is_plant = kind is PlantState
    node.check_keys(["name", *fields, *(["ripe"] if is_plant else [])])
    entity = kind(**{field: _READERS[field](node[field]) for field in fields})
    if isinstance(entity, PlantState) and node["ripe"].flag() != entity.ripe:
        node["ripe"].fail(f"{json.dumps(entity.ripe)} for grown = {entity.grown}")
    return entity


def _chunk(node: _Node) -> ChunkState:
    node.check_keys(["chunk_key", "objects"])
    key = [item.integer(low=0) for item in node["chunk_key"].items()]
    if len(key) != 4:
        node["chunk_key"].fail("four whole numbers [xmin, xmax, ymin, ymax]")
    return ChunkState(
        (key[0], key[1], key[2], key[3]), [item.integer(low=0) for item in node["objects"].items()]
    )


_MATERIAL_IDS: Final = {name: material for material, name in enumerate(MATERIAL_NAMES)}


def _materials(node: _Node, size: tuple[int, int]) -> MaterialGrid:
    columns = node.items()
    if len(columns) != size[0]:
        raise ValueError(f"{node.path}: expected {size[0]} columns, got {len(columns)}")
    cells = bytearray()
    for column in columns:
        if not isinstance(column.value, list) or len(column.value) != size[1]:
            column.fail(f"a list of {size[1]} cells")
        try:
            cells += bytes([_MATERIAL_IDS[name] for name in column.value])
        except (KeyError, TypeError):
            _fail_at_first_unknown(column.items())
    return MaterialGrid(*size, cells)


def _fail_at_first_unknown(cells: list[_Node]) -> None:
    known = ", ".join(str(name) for name in MATERIAL_NAMES[1:])
    for cell in cells:
        if not isinstance(cell.value, str | None) or cell.value not in _MATERIAL_IDS:
            cell.fail(f"null or one of {known}")
