"""Cows wander.

Source: danijar/crafter 1.8.3, `objects.Cow`.
"""

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import CowState

WANDER = 0.5

WANDER_SLOT, DIRECTION_SLOT = 0, 1  # of a cow's draws


def update_cow(world: World, cow: CowState, draws: Draws) -> None:
    """One step of a cow; a dead one is removed, and still draws."""
    if cow.health <= 0:
        world.remove(cow)
    if draws.chance(WANDER, cow.entity_id, WANDER_SLOT):
        world.move_randomly(cow, draws, DIRECTION_SLOT)
