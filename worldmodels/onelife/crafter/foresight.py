"""What can be read off a state and an action before anything happens; shared by the laws.

These are statements about the next step, in the order in which the player lives it: what it will
do, where it will stand, how it will feel.
"""

from collections.abc import Callable
from typing import Final

from envs.crafter_oo.rules import cow, player, skeleton, zombie
from envs.crafter_oo.rules.player import MOVES, hit_damage
from envs.crafter_oo.state import (
    DIRECTIONS,
    ArrowState,
    CowState,
    ObjectState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import (
    MATERIAL_NAMES,
    MAX_ITEM,
    PLAYER_WALKABLE,
    WALKABLE,
    Material,
)

Chances = dict[Position, float]

WALKABLE_NAMES: Final = frozenset(MATERIAL_NAMES[material] for material in WALKABLE)
PLAYER_WALKABLE_NAMES: Final = frozenset(MATERIAL_NAMES[m] for m in PLAYER_WALKABLE)


def chosen(state: WorldState, action: str) -> str:
    """What the player will do: a tired sleeper sleeps on."""
    me = state.player
    return "sleep" if me.sleeping and me.inventory.energy < MAX_ITEM else action


def wakes_rested(state: WorldState) -> bool:
    """Whether the player will wake up because it has slept enough."""
    return state.player.sleeping and state.player.inventory.energy >= MAX_ITEM


def is_asleep(state: WorldState, action: str) -> bool:
    """Whether the player spends the step asleep."""
    return chosen(state, action) == "sleep" and state.player.inventory.energy < MAX_ITEM


def target(state: WorldState) -> Position:
    """The cell the player faces."""
    return state.player.position + state.player.facing


def target_object(state: WorldState, action: str) -> ObjectState | None:
    """The object that `do` will act on; None for any other action."""
    return state.get_target_tile()[1] if chosen(state, action) == "do" else None


def stands_at(state: WorldState, action: str) -> Position:
    """Where the player will stand."""
    step = MOVES.get(chosen(state, action))
    position = state.player.position
    if step is None:
        return position
    material, entity = state.get_tile(position + step)
    is_free = entity is None and material in PLAYER_WALKABLE_NAMES
    return position + step if is_free else position


def dies_in_lava(state: WorldState, action: str) -> bool:
    """Whether a move ends in lava."""
    is_move = chosen(state, action) in MOVES
    return is_move and state.materials[stands_at(state, action)] == Material.LAVA


def pace(state: WorldState, action: str) -> float:
    """How fast needs grow."""
    return 0.5 if is_asleep(state, action) else 1.0


def recovery(state: WorldState, action: str) -> tuple[float, int]:
    """The recovery counter after the step, and the change of health it brings."""
    asleep = is_asleep(state, action)
    is_well = (
        food_after_hunger(state, action) > 0
        and drink_after_thirst(state, action) > 0
        and (energy_after_fatigue(state, action) > 0 or asleep)
    )
    step = (2.0 if asleep else 1.0) if is_well else (-0.5 if asleep else -1.0)
    counter = state.player.recover + step
    if counter > player.HEALED_AFTER:
        return 0.0, 1
    if counter < player.HURT_AFTER:
        return 0.0, -1
    return counter, 0


def food_after_hunger(state: WorldState, action: str) -> int:
    """Food after eating and hunger, before it is limited to 0..9."""
    me = state.player
    is_hungry = me.hunger + pace(state, action) > player.HUNGRY_AFTER
    meal, resets = meal_of(state, action)
    return me.inventory.food + meal - (is_hungry and not resets)


def meal_of(state: WorldState, action: str) -> tuple[int, bool]:
    """Food that `do` will bring, and whether it stills the hunger."""
    entity = target_object(state, action)
    if isinstance(entity, CowState) and is_slain(state, action, entity):
        return player.COW_FOOD, True
    if entity is not None and entity.name == "plant" and getattr(entity, "ripe", False):
        return player.PLANT_FOOD, False
    return 0, False


def drinks(state: WorldState, action: str) -> bool:
    """Whether the player will drink."""
    material, entity = state.get_target_tile()
    return chosen(state, action) == "do" and entity is None and material == "water"


def drink_after_thirst(state: WorldState, action: str) -> int:
    """Drink after drinking and thirst, before it is limited to 0..9."""
    me = state.player
    if drinks(state, action):
        return me.inventory.drink + 1
    return me.inventory.drink - (me.thirst + pace(state, action) > player.THIRSTY_AFTER)


def fatigue_after(state: WorldState, action: str) -> tuple[float, int]:
    """The fatigue counter after the step, and the change of energy it brings."""
    fatigue = state.player.fatigue
    fatigue = min(fatigue - 1, 0.0) if is_asleep(state, action) else fatigue + 1
    if fatigue < player.RESTED_AFTER:
        return 0.0, 1
    if fatigue > player.TIRED_AFTER:
        return 0.0, -1
    return fatigue, 0


def energy_after_fatigue(state: WorldState, action: str) -> int:
    """Energy after the step, before it is limited to 0..9."""
    return state.player.inventory.energy + fatigue_after(state, action)[1]


def limited(count: int) -> int:
    """An item count as the inventory holds it."""
    return min(max(count, 0), MAX_ITEM)


def health_before_blows(state: WorldState, action: str) -> int:
    """Health after the player's own update; creatures strike later."""
    if dies_in_lava(state, action):
        return limited(recovery(state, action)[1])
    return limited(state.player.health + recovery(state, action)[1])


def is_slain(state: WorldState, action: str, entity: ObjectState) -> bool:
    """Whether a creature will be dead after the player's blow, or is already."""
    if not isinstance(entity, CowState | ZombieState | SkeletonState):
        return False
    struck = entity is target_object(state, action)
    return entity.health - (hit_damage(state.player.inventory) if struck else 0) <= 0


def is_in_range(state: WorldState, action: str, entity: ObjectState) -> bool:
    """Whether an object will act at all."""
    return entity.distance(stands_at(state, action)) < state.update_distance


def strike_chances(state: WorldState, action: str) -> list[float]:
    """For each zombie that may strike the player now, the chance that it does."""
    chances = (
        beside_player(state, action, entity)
        for entity in state.of_type(ZombieState)
        if entity.cooldown == 0 and is_in_range(state, action, entity)
    )
    return [chance for chance in chances if chance > 0]


def beside_player(state: WorldState, action: str, entity: ObjectState) -> float:
    """The chance that a creature stands within a step of the player after its move."""
    goal = stands_at(state, action)
    moves = movement(state, action, entity).items()
    return sum(chance for cell, chance in moves if cell.distance(goal) <= 1)


def incoming_arrows(state: WorldState, action: str) -> int:
    """How many arrows will hit the player."""
    goal = stands_at(state, action)
    return sum(
        entity.position + entity.facing == goal
        for entity in state.of_type(ArrowState)
        if is_in_range(state, action, entity)
    )


def movement(state: WorldState, action: str, entity: ObjectState) -> Chances:
    """Where a creature may stand after its move, were it alone in moving."""
    if is_slain(state, action, entity) or not is_in_range(state, action, entity):
        return {entity.position: 1.0}
    chances: Chances = {}
    for step, chance in _STEPS[type(entity)](state, action, entity).items():
        cell = entity.position + step
        if step != (0, 0) and not _is_free(state, action, cell):
            cell = entity.position
        chances[cell] = chances.get(cell, 0.0) + chance
    return chances


def _is_free(state: WorldState, action: str, cell: Position) -> bool:
    material, entity = state.get_tile(cell)
    if material not in WALKABLE_NAMES or cell == stands_at(state, action):
        return False
    return entity is None or entity is state.player  # which has left


def _spread(chances: Chances, steps: tuple[Position, ...], chance: float) -> None:
    for step in steps:
        chances[step] = chances.get(step, 0.0) + chance / len(steps)


_STAY: Final = Position(0, 0)


def _cow_steps(state: WorldState, action: str, entity: ObjectState) -> Chances:
    chances = {_STAY: 1 - cow.WANDER}
    _spread(chances, DIRECTIONS, cow.WANDER)
    return chances


def _zombie_steps(state: WorldState, action: str, entity: ObjectState) -> Chances:
    goal, chances, chase = stands_at(state, action), Chances(), 0.0
    if entity.distance(goal) <= zombie.SIGHT:
        chase = zombie.CHASE
        _spread(chances, (entity.toward(goal),), chase * zombie.LONG_AXIS)
        _spread(chances, (entity.toward(goal, False),), chase * (1 - zombie.LONG_AXIS))
    _spread(chances, DIRECTIONS, 1 - chase)
    return chances


def shooting(state: WorldState, action: str, entity: SkeletonState) -> tuple[float, Position]:
    """The chance that a skeleton shoots, and the direction."""
    goal = stands_at(state, action)
    facing = entity.toward(goal)
    cell = entity.position + facing
    is_clear = _is_free(state, action, cell) or (
        state.get_tile(cell) in (("water", None), ("lava", None)) and cell != goal
    )
    if (
        entity.distance(goal) > skeleton.SHOOT_WITHIN
        or entity.reload > 1
        or facing == _STAY
        or not is_clear
        or not is_in_range(state, action, entity)
    ):
        return 0.0, facing
    return (1 - sum(_flight(state, action, entity).values())) * skeleton.SHOOT, facing


def _flight(state: WorldState, action: str, entity: ObjectState) -> Chances:
    """Steps away from the player that succeed, with their chances."""
    goal, chances = stands_at(state, action), Chances()
    if entity.distance(goal) <= skeleton.FLEE_WITHIN:
        for is_long, chance in ((True, skeleton.LONG_AXIS), (False, 1 - skeleton.LONG_AXIS)):
            toward = entity.toward(goal, is_long)
            step = Position(-toward.x, -toward.y)
            if step != _STAY and _is_free(state, action, entity.position + step):
                _spread(chances, (step,), chance)
    return chances


def _skeleton_steps(state: WorldState, action: str, entity: ObjectState) -> Chances:
    goal = stands_at(state, action)
    chances = _flight(state, action, entity)
    left = 1 - sum(chances.values())
    if entity.distance(goal) <= skeleton.SHOOT_WITHIN:
        _spread(chances, (_STAY,), left * skeleton.SHOOT)
        left *= 1 - skeleton.SHOOT
    if entity.distance(goal) <= skeleton.APPROACH_WITHIN:
        approach = left * skeleton.APPROACH
        _spread(chances, (entity.toward(goal),), approach * skeleton.LONG_AXIS)
        _spread(chances, (entity.toward(goal, False),), approach * (1 - skeleton.LONG_AXIS))
        left -= approach
    _spread(chances, DIRECTIONS, left * skeleton.WANDER)
    _spread(chances, (_STAY,), left * (1 - skeleton.WANDER))
    return chances


_STEPS: Final[dict[type[ObjectState], Callable[[WorldState, str, ObjectState], Chances]]] = {
    CowState: _cow_steps,
    ZombieState: _zombie_steps,
    SkeletonState: _skeleton_steps,
}
