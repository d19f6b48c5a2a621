"""Skeletons keep away from the player, and shoot arrows at it.

Source: danijar/crafter 1.8.3, `objects.Skeleton`.
"""

from typing import Final

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import ArrowState, Position, SkeletonState
from envs.crafter_oo.tables import ARROW_WALKABLE

FLEE_WITHIN: Final = 3  # cells
SHOOT_WITHIN: Final = 5
APPROACH_WITHIN: Final = 8
SHOOT: Final = 0.5
APPROACH: Final = 0.3
WANDER: Final = 0.2
LONG_AXIS: Final = 0.6
RELOAD: Final = 4  # steps

FLEE_AXIS_SLOT, SHOOT_SLOT, APPROACH_SLOT, APPROACH_AXIS_SLOT, WANDER_SLOT, DIRECTION_SLOT = range(
    6
)


def update_skeleton(world: World, skeleton: SkeletonState, draws: Draws) -> None:
    """One step of a skeleton; a dead one is removed, and may still shoot."""
    if skeleton.health <= 0:
        world.remove(skeleton)
    skeleton.reload = max(0, skeleton.reload - 1)
    player, me = world.player.position, skeleton.entity_id
    distance = skeleton.distance(player)
    if distance <= FLEE_WITHIN:
        toward = skeleton.toward(player, draws.chance(LONG_AXIS, me, FLEE_AXIS_SLOT))
        if world.move(skeleton, Position(-toward.x, -toward.y)):
            return
    if distance <= SHOOT_WITHIN and draws.chance(SHOOT, me, SHOOT_SLOT):
        _shoot(world, skeleton, skeleton.toward(player))
    elif distance <= APPROACH_WITHIN and draws.chance(APPROACH, me, APPROACH_SLOT):
        long_axis = draws.chance(LONG_AXIS, me, APPROACH_AXIS_SLOT)
        world.move(skeleton, skeleton.toward(player, long_axis))
    elif draws.chance(WANDER, me, WANDER_SLOT):
        world.move_randomly(skeleton, draws, DIRECTION_SLOT)


def _shoot(world: World, skeleton: SkeletonState, facing: Position) -> None:
    target = skeleton.position + facing
    if skeleton.reload > 0 or facing == (0, 0) or not world.is_free(target, ARROW_WALKABLE):
        return
    skeleton.reload = RELOAD
    world.add(ArrowState(world.state.entity_id_counter_state, target, facing=facing))
