"""Hand-written laws of everything that moves, grows, appears and vanishes by itself."""

from collections.abc import Callable, Iterator
from typing import Final

from envs.crafter_oo.rules import arrow, skeleton, zombie
from envs.crafter_oo.rules.balance import BALANCE_EVERY, BALANCES, Balance
from envs.crafter_oo.state import (
    ArrowState,
    ChunkState,
    CowState,
    ObjectState,
    ObjectT,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.tables import ARROW_WALKABLE, MATERIAL_NAMES
from worldmodels.onelife.crafter import foresight
from worldmodels.onelife.crafter.foresight import is_asleep, is_in_range, is_slain, stands_at
from worldmodels.onelife.crafter.laws import CrafterLaw, Effects, health_is, law
from worldmodels.onelife.crafter.observables import spawn_name
from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.observables import ABSENT

Chances = dict[Value, float]

_CREATURES: Final = (CowState, ZombieState, SkeletonState)
_FLYABLE: Final = frozenset(MATERIAL_NAMES[material] for material in ARROW_WALKABLE)
_BREAKABLE: Final = frozenset(MATERIAL_NAMES[material] for material in arrow.BREAKS)


def creature_laws() -> list[CrafterLaw]:
    """What the world does without being asked."""
    return [
        law("cows wander", _some(CowState), _moves(CowState)),
        law("zombies hunt", _some(ZombieState), _moves(ZombieState)),
        law("skeletons flee, stalk and wander", _some(SkeletonState), _moves(SkeletonState)),
        law("zombies strike", lambda s, a: bool(foresight.strike_chances(s, a)), _strikes),
        law("zombies draw breath between strikes", _some(ZombieState), _cooldowns),
        law("skeletons shoot and reload", _some(SkeletonState), _shots),
        law("arrows fly until they hit", _some(ArrowState), _flights),
        law("arrows hurt the player", lambda s, a: foresight.incoming_arrows(s, a) > 0, _wounds),
        law("plants grow and are trampled", _some(PlantState), _growth),
        law("creatures appear in the balance of a chunk", _is_balance_due, _appearances),
    ]


def _some(kind: type[ObjectState]) -> Callable[[WorldState, str], bool]:
    return lambda state, action: any(isinstance(entity, kind) for entity in state.objects)


def _acting(state: WorldState, action: str, kind: type[ObjectT]) -> Iterator[ObjectT]:
    return (entity for entity in state.of_type(kind) if is_in_range(state, action, entity))


def _moves(kind: type[ObjectState]) -> Callable[[WorldState, str], Effects]:
    def says(state: WorldState, action: str) -> Effects:
        effects = {}
        for entity in state.of_type(kind):
            gone = _vanishing(state, action, entity)
            if gone > 0 or is_in_range(state, action, entity):
                chances = _unless_gone(dict(foresight.movement(state, action, entity)), gone)
                effects[f"object.{entity.entity_id}.position"] = Distribution.of(chances)
        return effects

    return says


def _vanishing(state: WorldState, action: str, entity: ObjectState) -> float:
    """The chance that a creature is gone after the step: slain, or too many in its chunk."""
    if is_slain(state, action, entity) and is_in_range(state, action, entity):
        return 1.0
    if not _is_balance_due(state, action):
        return 0.0
    rule = next(rule for rule in BALANCES if rule.kind is type(entity))
    chunk = next((c for c in state.chunks if entity.entity_id in c.objects), None)
    if chunk is None or entity.distance(stands_at(state, action)) < rule.despawn_distance:
        return 0.0
    crowd = _crowd(state, chunk, rule)
    is_crowded = crowd > int(rule.most(daylight_at(state.step_count + 1)))
    return rule.despawn_chance / crowd if is_crowded else 0.0


def _unless_gone(chances: Chances, gone: float) -> Chances:
    if gone <= 0:
        return chances
    return {**{value: p * (1 - gone) for value, p in chances.items()}, ABSENT: gone}


def _is_balance_due(state: WorldState, action: str) -> bool:
    return (state.step_count + 1) % BALANCE_EVERY == 0


def _crowd(state: WorldState, chunk: ChunkState, rule: Balance) -> int:
    return sum(entity.entity_id in chunk.objects for entity in state.of_type(rule.kind))


def _strikes(state: WorldState, action: str) -> Effects:
    health = foresight.health_before_blows(state, action)
    sleeps = is_asleep(state, action) and health >= state.player.last_health
    damage = zombie.DAMAGE_ASLEEP if sleeps else zombie.DAMAGE
    chances: Chances = {health: 1.0}
    for chance in foresight.strike_chances(state, action):
        after: Chances = {}
        for value, p in chances.items():
            assert isinstance(value, int), "health is a whole number"
            hurt = max(0, value - damage)
            after[hurt] = after.get(hurt, 0.0) + p * chance
            after[value] = after.get(value, 0.0) + p * (1 - chance)
        chances = after
    return health_is(chances)


def _cooldowns(state: WorldState, action: str) -> Effects:
    effects = {}
    for entity in _acting(state, action, ZombieState):
        chance = foresight.beside_player(state, action, entity)
        if chance > 0 and not is_slain(state, action, entity):
            then = entity.cooldown - 1 if entity.cooldown else zombie.COOLDOWN
            gone = _vanishing(state, action, entity)
            chances = _unless_gone({then: chance, entity.cooldown: 1 - chance}, gone)
            effects[f"object.{entity.entity_id}.cooldown"] = Distribution.of(chances)
    return effects


def _shots(state: WorldState, action: str) -> Effects:
    effects = {}
    for entity in _acting(state, action, SkeletonState):
        chance, facing = foresight.shooting(state, action, entity)
        if chance > 0:
            x, y = entity.position + facing
            arrows: Chances = {facing: chance, ABSENT: 1 - chance}
            effects[f"new.arrow.{x}.{y}"] = Distribution.of(arrows)
        if not is_slain(state, action, entity):
            reload = max(0, entity.reload - 1)
            shot: Chances = {skeleton.RELOAD: chance, reload: 1 - chance}
            chances = _unless_gone(shot, _vanishing(state, action, entity))
            effects[f"object.{entity.entity_id}.reload"] = Distribution.of(chances)
    return effects


def _flights(state: WorldState, action: str) -> Effects:
    effects = {}
    for entity in _acting(state, action, ArrowState):
        cell = entity.position + entity.facing
        material, struck = state.get_tile(cell)
        is_player = cell == stands_at(state, action)
        if struck is state.player and not is_player:
            struck = None  # it has stepped aside
        next_position: Value = ABSENT
        if struck is not None and not is_player:
            left = max(0, struck.health - arrow.DAMAGE)
            effects[f"object.{struck.entity_id}.health"] = Distribution.point(left)
        elif not is_player and material in _FLYABLE:
            next_position = cell
        elif material in _BREAKABLE:
            effects[f"material.{cell.x}.{cell.y}"] = Distribution.point("path")
        effects[f"object.{entity.entity_id}.position"] = Distribution.point(next_position)
    return effects


def _wounds(state: WorldState, action: str) -> Effects:
    health = foresight.health_before_blows(state, action)
    damage = arrow.DAMAGE * foresight.incoming_arrows(state, action)
    return health_is({max(0, health - damage): 1.0})


def _growth(state: WorldState, action: str) -> Effects:
    effects = {}
    eaten = foresight.target_object(state, action)
    for plant in _acting(state, action, PlantState):
        grown = 1 if plant is eaten and plant.ripe else plant.grown + 1
        trampled = _trampling(state, action, plant) if plant.health <= 1 else 0.0
        name = f"object.{plant.entity_id}"
        effects[f"{name}.grown"] = Distribution.of(_unless_gone({grown: 1.0}, trampled))
        if trampled > 0:
            stays = _unless_gone({plant.position: 1.0}, trampled)
            effects[f"{name}.position"] = Distribution.of(stays)
    return effects


def _trampling(state: WorldState, action: str, plant: PlantState) -> float:
    """The chance that a creature stands beside a plant when it is the plant's turn."""
    spared = 1.0
    for entity in state.objects:
        if isinstance(entity, _CREATURES) and entity.distance(plant.position) <= 2:
            is_later = entity.entity_id > plant.entity_id
            cells = (
                {entity.position: 1.0} if is_later else foresight.movement(state, action, entity)
            )
            spared *= 1 - sum(p for cell, p in cells.items() if cell.distance(plant.position) == 1)
    return 1 - spared


def _appearances(state: WorldState, action: str) -> Effects:
    light = daylight_at(state.step_count + 1)
    effects = {}
    for chunk in state.chunks:
        for rule in BALANCES:
            is_short = _crowd(state, chunk, rule) < int(rule.fewest(light))
            ground = state.materials.count(chunk.chunk_key, rule.ground)
            if is_short and ground >= rule.least_ground:
                name, chances = _appearance(state, action, chunk, rule)
                effects[name] = Distribution.of(chances)
    return effects


def _appearance(
    state: WorldState, action: str, chunk: ChunkState, rule: Balance
) -> tuple[str, Chances]:
    player = stands_at(state, action)
    taken = {entity.position for entity in state.objects}
    key = chunk.chunk_key
    cells = [
        Position(x, key[2] + offset)
        for x, column in state.materials.columns(key)
        for offset, material in enumerate(column)
        if material == rule.ground
    ]
    chance = rule.spawn_chance / len(cells)
    chances: Chances = {
        cell: chance
        for cell in cells
        if cell not in taken and cell.distance(player) >= rule.spawn_distance
    }
    chances[ABSENT] = 1 - chance * len(chances)
    return spawn_name(state, rule.kind.name, Position(key[0], key[2])), chances
