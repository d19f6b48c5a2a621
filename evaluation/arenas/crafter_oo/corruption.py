"""The published random baseline of Crafter-OO.

Source: arXiv 2510.12088 and its released baselines.
"""

import numpy as np
from typing_extensions import override

from envs.crafter_oo.state import (
    ArrowState,
    ObjectState,
    PlantState,
    PlayerState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import ACHIEVEMENTS, ITEMS, MAX_ITEM, Action, Material
from worldmodels.interface import WorldModel


class RandomCrafter(WorldModel[WorldState, Action]):
    """Finds every next state equally likely; samples a state with nearly every field redrawn.

    This is the published random row (edit distance 121.5).
    """

    @override
    def sample(self, key: int, state: WorldState, action: Action) -> WorldState:
        corrupted = state.copy()
        corrupt(corrupted, np.random.default_rng(key))
        return corrupted

    @override
    def log_prob(self, state: WorldState, action: Action, next_state: WorldState) -> float:
        return 0.0


def corrupt(state: WorldState, random: np.random.Generator) -> None:
    """Redraw nearly every field of a state, with no regard for the rules.

    Deviation: ripeness follows `grown`, because a plant here has no ripeness of its own.
    """
    materials = list(Material)[1:]
    for x in range(state.size[0]):
        for y in range(state.size[1]):
            drawn = materials[random.integers(len(materials))]
            state.set_material(x, y, drawn if random.random() < 0.8 else Material.NONE)
    for entity in state.objects:
        _corrupt_object(state, entity, random)
    _corrupt_player(state.player, random)
    state.daylight = float(random.random())
    state.step_count = max(0, state.step_count + int(random.integers(-5, 11)))
    if random.random() < 0.1:
        state.event_bus.append("random")


def _corrupt_object(state: WorldState, entity: ObjectState, random: np.random.Generator) -> None:
    x, y = (int(random.integers(side)) for side in state.size)
    state.relocate(entity, Position(x, y))
    entity.health = int(random.integers(0, 10))
    entity.removed = bool(random.random() < 0.1)
    if isinstance(entity, ZombieState):
        entity.cooldown = int(random.integers(0, 11))
    elif isinstance(entity, SkeletonState):
        entity.reload = int(random.integers(0, 6))
    elif isinstance(entity, ArrowState):
        entity.facing = _facing(random)
    elif isinstance(entity, PlantState):
        entity.grown = int(random.integers(0, 11))


def _corrupt_player(player: PlayerState, random: np.random.Generator) -> None:
    player.facing = _facing(random)
    player.sleeping = bool(random.random() < 0.05)
    player.last_health = int(random.integers(0, 10))
    for item in ITEMS:
        setattr(player.inventory, item, int(random.integers(0, MAX_ITEM + 1)))
    for counter in ("hunger", "thirst", "fatigue", "recover"):
        setattr(player, counter, float(random.random()))
    for name in ACHIEVEMENTS:
        once = name.startswith("make_") or name == "place_furnace"
        setattr(player.achievements, name, int(random.integers(0, 2 if once else 11)))


def _facing(random: np.random.Generator) -> Position:
    dx, dy = random.integers(-1, 2, size=2).tolist()
    return Position(dx, dy)
