"""Everything that can change in a Homestead state, cut into observables.

| name | value |
|---|---|
| `hour`, `light` | number |
| `raining` | truth value |
| `farmer.position`, `farmer.gaze` | (x, y) |
| `farmer.<field>`: four needs, resting, five counters | as in the state |
| `farmer.basket.<item>` | number |
| `object.<id>.position` | (x, y); ABSENT once it is gone |
| `object.<id>.brood`, `.nerve`, `.patience`, `.height`, `.heading` | as in the state |
| `new.<kind>.<x>.<y>` | heading of a new pebble, True for a new sprout |
| `spawn.<kind>.<x of region>.<y of region>` | (x, y) of a creature that came |
| both | `odd` if it is not as such things are at first |
| `material.<x>.<y>` | name; of cells beside the farmer, of hot kilns, or that changed |

The next id follows from these, and `light` from `hour`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from typing_extensions import override

from envs.homestead.state import (
    KINDS,
    OWN_FIELDS,
    Cell,
    Farmer,
    FarmState,
    Pebble,
    Thing,
    moved,
    region_of,
)
from envs.homestead.tables import DIRECTIONS, Material
from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import ABSENT, Observables

FARMER_FIELDS: Final = tuple(
    field.name for field in dataclasses.fields(Farmer) if field.name != "basket"
)
_MADE: Final = ("sprout", "pebble")  # appear where the farmer puts them; the rest come
_ODD: Final = "odd"  # of what appeared and is not as such things are at first
_SEVERAL: Final = "several"  # of a kind come to one region: never so in a true transition


class HomesteadObservables(Observables[FarmState]):
    """All leaves of the state; every domain is open."""

    @override
    def compare(
        self, state: FarmState, next_state: FarmState
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        before, after = _of_country(state), _of_country(next_state)
        known = {thing.id: thing for thing in state.things}
        for thing in next_state.things:
            old = known.pop(thing.id, None)
            if old is None:
                name, value = _appearance(thing)
                after[name] = value if name not in after else (_SEVERAL, after[name], value)
                continue
            before.update(_of_thing(old))
            after.update(_of_thing(thing))
        for vanished in known.values():
            name = f"object.{vanished.id}.position"
            before[name], after[name] = vanished.position, ABSENT
        for cell in _cells_of_interest(state, next_state):
            name = f"material.{cell[0]}.{cell[1]}"
            before[name] = Material(state.cells[cell]).slug
            after[name] = Material(next_state.cells[cell]).slug
        return before, after

    @override
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return None

    @override
    def write(self, state: FarmState, values: Mapping[str, Value]) -> FarmState:
        after = state.copy()
        for name, value in values.items():
            head, _, rest = name.partition(".")
            if value is ABSENT:
                continue
            if head == "farmer":
                _write_farmer(after.farmer, rest, value)
            elif head == "material" and isinstance(value, str):
                x, y = rest.split(".")
                after.cells[int(x), int(y)] = Material[value.upper()]
            elif head in ("hour", "raining"):
                setattr(after, head, value)
        _write_things(after, values)
        for name in sorted(filter(_is_appearance, values), key=_order_of_appearance):
            if values[name] not in (ABSENT, _ODD):
                _write_appearance(after, name, values[name])
        return after


def _of_country(state: FarmState) -> dict[str, Value]:
    me = state.farmer
    return {
        "hour": state.hour,
        "light": state.light,
        "raining": state.raining,
        **{f"farmer.{field}": getattr(me, field) for field in FARMER_FIELDS},
        **{f"farmer.basket.{item}": count for item, count in me.basket.items()},
    }


def _of_thing(thing: Thing) -> dict[str, Value]:
    fields = ("position", *OWN_FIELDS[thing.kind])
    return {f"object.{thing.id}.{field}": getattr(thing, field) for field in fields}


def _appearance(thing: Thing) -> tuple[str, Value]:
    heading = {"heading": thing.heading} if isinstance(thing, Pebble) else {}
    is_fresh = thing == KINDS[thing.kind](thing.id, thing.position, **heading)
    if thing.kind in _MADE:
        x, y = thing.position
        return f"new.{thing.kind}.{x}.{y}", heading.get("heading", True) if is_fresh else _ODD
    x, y = region_of(thing.position)
    return f"spawn.{thing.kind}.{x}.{y}", thing.position if is_fresh else _ODD


def _cells_of_interest(state: FarmState, next_state: FarmState) -> Iterator[Cell]:
    me = state.farmer.position
    cells = {cell for step in DIRECTIONS if state.contains(cell := moved(me, step))}
    found = [(state.cells == Material.HOT_KILN).nonzero()]
    if state.size == next_state.size:
        found.append((state.cells != next_state.cells).nonzero())
    for where in found:
        cells |= {(int(x), int(y)) for x, y in zip(*where, strict=True)}
    return iter(sorted(cells))


def _write_farmer(farmer: Farmer, name: str, value: Any) -> None:
    group, _, item = name.rpartition(".")
    if group:
        farmer.basket[item] = value
    else:
        setattr(farmer, name, value)


def _write_things(state: FarmState, values: Mapping[str, Any]) -> None:
    """Remove what is gone, then move and change the rest; nobody moves onto somebody else."""
    state.things = [
        thing for thing in state.things if values.get(f"object.{thing.id}.position") is not ABSENT
    ]
    for thing in state.things:
        for field in OWN_FIELDS[thing.kind]:
            value = values.get(f"object.{thing.id}.{field}", ABSENT)
            if value is not ABSENT:
                setattr(thing, field, value)
        cell = values.get(f"object.{thing.id}.position", thing.position)
        if not state.is_taken(cell):
            thing.position = cell


def _is_appearance(name: str) -> bool:
    return name.startswith(("new.", "spawn."))


def _order_of_appearance(name: str) -> tuple[bool, int, int, str]:
    """The farmer acts first; then creatures come, region by region."""
    head, kind, x, y = name.split(".")
    return head == "spawn", int(x), int(y), kind


def _write_appearance(state: FarmState, name: str, value: Any) -> None:
    head, kind, x, y = name.split(".")
    cell = (int(x), int(y)) if head == "new" else value
    if cell[0] != _SEVERAL and not state.is_taken(cell):
        fields = {"heading": value} if kind == Pebble.kind else {}
        state.add(KINDS[kind], cell, **fields)
