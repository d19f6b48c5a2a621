"""Zombies hunt the player and strike when they are next to it.

Source: danijar/crafter 1.8.3, `objects.Zombie`.
"""

from typing import Final

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import ZombieState

SIGHT: Final = 8  # cells
CHASE: Final = 0.9
LONG_AXIS: Final = 0.8
COOLDOWN: Final = 5  # steps beside the player between two strikes
DAMAGE: Final = 2
DAMAGE_ASLEEP: Final = 7

CHASE_SLOT, AXIS_SLOT, DIRECTION_SLOT = 0, 1, 2  # of a zombie's draws


def update_zombie(world: World, zombie: ZombieState, draws: Draws) -> None:
    """One step of a zombie; a dead one is removed, and may still strike."""
    if zombie.health <= 0:
        world.remove(zombie)
    player, me = world.player, zombie.entity_id
    if zombie.distance(player.position) <= SIGHT and draws.chance(CHASE, me, CHASE_SLOT):
        long_axis = draws.chance(LONG_AXIS, me, AXIS_SLOT)
        world.move(zombie, zombie.toward(player.position, long_axis))
    else:
        world.move_randomly(zombie, draws, DIRECTION_SLOT)
    if zombie.distance(player.position) <= 1:
        if zombie.cooldown:
            zombie.cooldown -= 1
        else:
            world.damage(player, DAMAGE_ASLEEP if player.sleeping else DAMAGE)
            zombie.cooldown = COOLDOWN
