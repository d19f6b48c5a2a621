"""Everything that can change in a Crafter-OO state, cut into observables: the set `full`.

| name | value |
|---|---|
| `step_count`, `daylight` | number |
| `player.position`, `player.facing` | (x, y) |
| `player.<field>`: health, sleeping, action, the four counters, last_health | as in the state |
| `player.inventory.<item>`, `player.achievements.<name>` | number |
| `object.<id>.position` | (x, y); ABSENT once it is gone |
| `object.<id>.health`, `.cooldown`, `.reload`, `.facing`, `.grown` | as in the state |
| `new.<kind>.<x>.<y>` | facing of a new arrow, True for a new plant |
| `spawn.<kind>.<xmin>.<ymin>` | (x, y) of a creature that appeared in a chunk |
| both | `odd` if it is not as such things are at first |
| `material.<x>.<y>` | name; of cells that the player or an arrow touches, or that changed |

Chunks, the next id and `ripe` follow from these. Positions are joint in x and y.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from typing_extensions import override

from envs.crafter_oo.state import (
    DIRECTIONS,
    OBJECT_TYPES,
    ArrowState,
    ObjectState,
    Position,
    WorldState,
    chunk_key_of,
)
from envs.crafter_oo.tables import ACHIEVEMENTS, ITEMS, MATERIAL_NAMES
from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import ABSENT, Observables

PLAYER_FIELDS: Final = (
    "position",
    "health",
    "facing",
    "action",
    "sleeping",
    "hunger",
    "thirst",
    "fatigue",
    "recover",
    "last_health",
)
OBJECT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "cow": ("position", "health"),
    "zombie": ("position", "health", "cooldown"),
    "skeleton": ("position", "health", "reload"),
    "arrow": ("position", "health", "facing"),
    "plant": ("position", "health", "grown"),
    "fence": ("position", "health"),
}
_PLACED: Final = ("arrow", "plant")  # appear where something else makes them; the rest spawn
_ODD: Final = "odd"  # of what appeared and is not as such things are at first


class FullObservables(Observables[WorldState]):
    """All leaves of the state; every domain is open."""

    @override
    def compare(
        self, state: WorldState, next_state: WorldState
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        before, after = _of_player(state), _of_player(next_state)
        known = {entity.entity_id: entity for entity in state.objects[1:]}
        for entity in next_state.objects[1:]:
            if known.get(entity.entity_id) is None:
                name, value = _appearance(next_state, entity)
                after[name] = value if name not in after else ("several", after[name], value)
                continue
            old = known.pop(entity.entity_id)
            before.update(_of_object(old))
            after.update(_of_object(entity))
        for vanished in known.values():
            before[f"object.{vanished.entity_id}.position"] = vanished.position
        for cell in _cells_of_interest(state, next_state):
            name = f"material.{cell[0]}.{cell[1]}"
            before[name] = MATERIAL_NAMES[state.materials[cell]]
            after[name] = MATERIAL_NAMES[next_state.materials[cell]]
        return before, after

    @override
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return None

    @override
    def write(self, state: WorldState, values: Mapping[str, Value]) -> WorldState:
        after = state.copy()
        _write_objects(after, values)
        for name, value in values.items():
            head, _, rest = name.partition(".")
            if head == "player":
                _write_player(after, rest, value)
            elif head == "material" and isinstance(value, str):
                x, y = rest.split(".")
                after.set_material(int(x), int(y), value)
            elif not rest:
                setattr(after, name, value)  # step_count, daylight
        for name in sorted(values, key=_order_of_appearance):
            if values[name] not in (ABSENT, _ODD):
                _write_appearance(after, name, values[name])
        return after


def _of_player(state: WorldState) -> dict[str, Value]:
    player = state.player
    values: dict[str, Value] = {"step_count": state.step_count, "daylight": state.daylight}
    for field in PLAYER_FIELDS:
        values[f"player.{field}"] = getattr(player, field)
    for item, count in zip(ITEMS, player.inventory.values(), strict=True):
        values[f"player.inventory.{item}"] = count
    for name, count in zip(ACHIEVEMENTS, player.achievements.values(), strict=True):
        values[f"player.achievements.{name}"] = count
    return values


def _of_object(entity: ObjectState) -> dict[str, Value]:
    fields = OBJECT_FIELDS[entity.name]
    return {f"object.{entity.entity_id}.{field}": getattr(entity, field) for field in fields}


def _appearance(state: WorldState, entity: ObjectState) -> tuple[str, Value]:
    x, y = entity.position
    facing = {"facing": entity.facing} if isinstance(entity, ArrowState) else {}
    kind: Any = OBJECT_TYPES[entity.name]
    is_fresh = entity == kind(entity.entity_id, entity.position, **facing)
    if entity.name in _PLACED:
        value = facing.get("facing", True) if is_fresh else _ODD
        return f"new.{entity.name}.{x}.{y}", value
    return spawn_name(state, entity.name, entity.position), entity.position if is_fresh else _ODD


def spawn_name(state: WorldState, kind: str, position: Position) -> str:
    """Name of the observable of a spawn in the chunk of a cell."""
    xmin, _, ymin, _ = chunk_key_of(position.x, position.y, state.size, state.chunk_size)
    return f"spawn.{kind}.{xmin}.{ymin}"


def _cells_of_interest(state: WorldState, next_state: WorldState) -> Iterator[Position]:
    touching = [state.player, *state.of_type(ArrowState)]
    cells = {entity.position + step for entity in touching for step in DIRECTIONS}
    if state.materials != next_state.materials and state.size == next_state.size:
        changed = (state.materials.array != next_state.materials.array).nonzero()
        cells |= {Position(int(x), int(y)) for x, y in zip(*changed, strict=True)}
    return (cell for cell in sorted(cells) if state.contains(cell))


def _field(name: str, value: Any) -> Any:
    """A value as states hold it: laws may give directions as plain pairs."""
    return Position(*value) if name == "facing" else value


def _write_player(state: WorldState, name: str, value: Any) -> None:
    group, _, leaf = name.rpartition(".")
    if name == "position":
        state.relocate(state.player, Position(*value))
    elif not group:
        setattr(state.player, name, _field(name, value))
        if name == "health":
            state.player.inventory.health = value
    else:
        setattr(getattr(state.player, group), leaf, value)


def _write_objects(state: WorldState, values: Mapping[str, Any]) -> None:
    """Remove what is gone, then move and change the rest; nobody moves onto somebody else."""
    entities = state.objects[1:]
    for entity in entities:
        if values.get(f"object.{entity.entity_id}.position") is ABSENT:
            state.remove_object(entity)
    taken = {entity.position for entity in state.objects}
    taken.add(values.get("player.position", state.player.position))
    for entity in state.objects[1:]:
        for field in OBJECT_FIELDS[entity.name]:
            value = values.get(f"object.{entity.entity_id}.{field}", ABSENT)
            if value is ABSENT:
                continue
            if field != "position":
                setattr(entity, field, _field(field, value))
            elif value not in taken:
                taken.remove(entity.position)
                taken.add(value)
                state.relocate(entity, Position(*value))


def _order_of_appearance(name: str) -> tuple[int, str]:
    order = {"new.plant": 0, "new.arrow": 1}  # the player acts before the skeletons
    return order.get(".".join(name.split(".")[:2]), 2), name


def _write_appearance(state: WorldState, name: str, value: Any) -> None:
    head, _, rest = name.partition(".")
    if head not in ("new", "spawn"):
        return
    kind, x, y = rest.split(".")
    position = Position(int(x), int(y)) if head == "new" else Position(*value)
    if any(entity.position == position for entity in state.objects):
        return
    facing = {"facing": Position(*value)} if kind == "arrow" else {}
    state.create_object(OBJECT_TYPES[kind], position, **facing)
