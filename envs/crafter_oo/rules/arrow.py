"""Arrows fly straight until they hit something.

Source: danijar/crafter 1.8.3, `objects.Arrow`.
"""

from typing import Final

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import ArrowState
from envs.crafter_oo.tables import ARROW_WALKABLE, Material

DAMAGE: Final = 2
BREAKS: Final = frozenset({Material.TABLE, Material.FURNACE})  # leaving a path


def update_arrow(world: World, arrow: ArrowState, draws: Draws) -> None:
    """One step of an arrow."""
    del draws  # arrows leave nothing to chance
    target = arrow.position + arrow.facing
    struck = world.object_at(target)
    if struck is not None:
        world.damage(struck, DAMAGE)
        world.remove(arrow)
    elif world.material(target) not in ARROW_WALKABLE:
        world.remove(arrow)
        if world.material(target) in BREAKS:
            world.state.materials[target] = Material.PATH
    else:
        world.move(arrow, arrow.facing, ARROW_WALKABLE)
