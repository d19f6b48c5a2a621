"""The observables of the published OneLife: the set `onelife`.

Positions coordinate by coordinate, health, inventory, zombie cooldowns, whether each entity
exists, and how many there are of each type; all over fixed domains. Not seen: materials, facing,
sleep, needs, achievements, time. Only what exists already is written into samples.

Source: arXiv 2510.12088 and its released code. One repair: that an entity is gone is seen.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from typing_extensions import override

from envs.crafter_oo.state import OBJECT_TYPES, ObjectState, Position, WorldState, ZombieState
from envs.crafter_oo.tables import ITEMS, OBJECT_KINDS, Action
from worldmodels.onelife.crafter.laws import CrafterLaw
from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import FunctionLaw, Law
from worldmodels.onelife.observables import ABSENT, Observables

_NUMBERS: Final = tuple(range(101))
_COUNTS: Final = tuple(range(50))
_KINDS: Final = OBJECT_KINDS[1:]


class PublishedObservables(Observables[WorldState]):
    """See the module."""

    @override
    def compare(
        self, state: WorldState, next_state: WorldState
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        before, after = _of_player(state), _of_player(next_state)
        known = {entity.entity_id: entity for entity in state.objects[1:]}
        for entity in next_state.objects[1:]:
            old = known.pop(entity.entity_id, None)
            before.update(_of_entity(old) if old else {})
            after.update(_of_entity(entity))
        for vanished in known.values():
            name = f"entity_{vanished.entity_id}_position"
            before[f"entity_exists_{vanished.entity_id}"] = 1
            after[f"entity_exists_{vanished.entity_id}"] = 0
            before[f"{name}_x"], before[f"{name}_y"] = vanished.position
        return before, after

    @override
    def domain(self, observable: str) -> tuple[Value, ...]:
        if observable.startswith("player_"):
            return _NUMBERS
        if observable.startswith("entity_exists"):
            return (0, 1, ABSENT)
        if observable.startswith("entity_count"):
            return _COUNTS
        return (*_NUMBERS, ABSENT)

    @override
    def write(self, state: WorldState, values: Mapping[str, Any]) -> WorldState:
        after = state.copy()
        player = after.player
        player.health = values.get("player_health", player.health)
        for item in ITEMS:
            name = f"player_inventory_{item}"
            if name in values:
                setattr(player.inventory, item, values[name])
        _write_position(after, player, "player_position", values)
        for entity in after.objects[1:]:
            name = f"entity_{entity.entity_id}"
            _write_position(after, entity, f"{name}_position", values)
            entity.health = _present(values, f"{name}_health", entity.health)
            if isinstance(entity, ZombieState):
                entity.cooldown = _present(values, f"{name}_cooldown", entity.cooldown)
        return after


def _present(values: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = values.get(name, ABSENT)
    return otherwise if value is ABSENT else int(value)


def _write_position(
    state: WorldState, entity: ObjectState, name: str, values: Mapping[str, Any]
) -> None:
    x = _present(values, f"{name}_x", entity.position.x)
    y = _present(values, f"{name}_y", entity.position.y)
    state.relocate(entity, Position(x, y))


def _of_player(state: WorldState) -> dict[str, Value]:
    player = state.player
    values: dict[str, Value] = {
        "player_position_x": player.position.x,
        "player_position_y": player.position.y,
        "player_health": player.health,
    }
    for item, count in zip(ITEMS, player.inventory.values(), strict=True):
        values[f"player_inventory_{item}"] = count
    kinds = [entity.name for entity in state.objects]
    for kind in _KINDS:
        values[f"entity_count_{kind}"] = kinds.count(kind)
    return values


def _of_entity(entity: ObjectState) -> dict[str, Value]:
    name = f"entity_{entity.entity_id}"
    values: dict[str, Value] = {
        f"entity_exists_{entity.entity_id}": 1,
        f"{name}_position_x": entity.position.x,
        f"{name}_position_y": entity.position.y,
        f"{name}_health": entity.health,
    }
    if isinstance(entity, ZombieState):
        values[f"{name}_cooldown"] = entity.cooldown
    return values


def in_published_terms(law: Law[WorldState, Action | int | str]) -> CrafterLaw:
    """The same law, speaking of the published observables instead of the full ones."""
    return FunctionLaw(
        law.name,
        law.precondition,
        lambda state, action: translated(state, law.effect(state, action)),
    )


Chances = dict[Value, float]


def translated(state: WorldState, effect: Mapping[str, Distribution]) -> dict[str, Distribution]:
    """What an effect on full observables says about the published ones."""
    said: dict[str, Chances] = {}
    gains: dict[str, list[tuple[int, float]]] = {}  # kind -> (change in number, chance)
    for name, distribution in effect.items():
        chances = _chances(distribution)
        absent = chances.get(ABSENT, 0.0)
        match name.split("."):
            case ["player", "position"]:
                _say_position(said, "player_position", chances)
            case ["player", "health"]:
                said["player_health"] = chances
            case ["player", "inventory", item]:
                said[f"player_inventory_{item}"] = chances
            case ["object", number, "position"]:
                _say_position(said, f"entity_{number}_position", chances)
                entity = state.find(int(number))
                if absent > 0 and entity is not None:
                    said[f"entity_exists_{number}"] = {1: 1 - absent, 0: absent}
                    gains.setdefault(entity.name, []).append((-1, absent))
            case ["object", number, "health" | "cooldown" as field]:
                said[f"entity_{number}_{field}"] = chances
            case ["new", kind, x, y]:
                _say_new(said, state, kind, Position(int(x), int(y)), 1 - absent)
                gains.setdefault(kind, []).append((1, 1 - absent))
            case ["spawn", kind, *_]:
                gains.setdefault(kind, []).append((1, 1 - absent))
    for kind, changes in gains.items():
        count = sum(entity.name == kind for entity in state.objects)
        said[f"entity_count_{kind}"] = _total(count, changes)
    return {name: Distribution.of(chances) for name, chances in said.items()}


def _chances(distribution: Distribution) -> Chances:
    probabilities = (math.exp(log_prob) for log_prob in distribution.log_probs())
    return dict(zip(distribution.support, probabilities, strict=True))


def _say_position(said: dict[str, Chances], name: str, chances: Chances) -> None:
    readers: dict[str, Callable[[Any], int]] = {"x": lambda p: p[0], "y": lambda p: p[1]}
    for axis, read in readers.items():
        along: Chances = {}
        for cell, chance in chances.items():
            value = ABSENT if cell is ABSENT else read(cell)
            along[value] = along.get(value, 0.0) + chance
        said[f"{name}_{axis}"] = along


def _say_new(
    said: dict[str, Chances], state: WorldState, kind: str, cell: Position, chance: float
) -> None:
    number = state.entity_id_counter_state
    health = OBJECT_TYPES[kind](number, cell).health
    values = {
        f"entity_exists_{number}": 1,
        f"entity_{number}_position_x": cell.x,
        f"entity_{number}_position_y": cell.y,
        f"entity_{number}_health": health,
    }
    for name, value in values.items():
        said[name] = {value: chance, ABSENT: 1 - chance}


def _total(start: int, changes: list[tuple[int, float]]) -> Chances:
    """The distribution of a sum of independent changes."""
    totals: dict[int, float] = {start: 1.0}
    for change, chance in changes:
        after: dict[int, float] = {}
        for total, p in totals.items():
            after[total + change] = after.get(total + change, 0.0) + p * chance
            after[total] = after.get(total, 0.0) + p * (1 - chance)
        totals = after
    return {total: chance for total, chance in totals.items() if chance > 0}
