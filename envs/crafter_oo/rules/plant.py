"""Plants grow, and are trampled by creatures beside them.

Source: danijar/crafter 1.8.3, `objects.Plant`.
"""

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import DIRECTIONS, CowState, PlantState, SkeletonState, ZombieState


def update_plant(world: World, plant: PlantState, draws: Draws) -> None:
    """One step of a plant."""
    del draws  # plants leave nothing to chance
    plant.grown += 1
    around = (world.object_at(plant.position + step) for step in DIRECTIONS)
    if any(isinstance(entity, ZombieState | SkeletonState | CowState) for entity in around):
        world.damage(plant, 1)
    if plant.health <= 0:
        world.remove(plant)
