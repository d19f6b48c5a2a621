"""Every tenth step, creatures appear and vanish so that each chunk holds a fair number of them.

Source: danijar/crafter 1.8.3, `Env._balance_chunk` and `Env._balance_object`.
"""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

from envs.crafter_oo.draws import Draws, balance_owner
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import (
    ChunkKey,
    ChunkState,
    CowState,
    ObjectState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import Material

BALANCE_EVERY: Final = 10  # steps

SPAWN_SLOT, CELL_SLOT, DESPAWN_SLOT, WHICH_SLOT = range(4)  # of the draws of a chunk and class


class Balance(NamedTuple):
    """How one kind of creature is kept in balance."""

    kind: type[ObjectState]
    ground: Material
    spawn_distance: int  # from the player, at least
    despawn_distance: int
    spawn_chance: float
    despawn_chance: float
    least_ground: int  # cells; with fewer, the fewest creatures are 0
    fewest: Callable[[float], float]  # of daylight; cut off to a whole number
    most: Callable[[float], float]


BALANCES: Final = (
    Balance(
        ZombieState,
        Material.GRASS,
        6,
        0,
        0.3,
        0.4,
        50,
        lambda light: 3.5 - 3 * light,
        lambda light: 3.5 - 3 * light,
    ),
    Balance(
        SkeletonState,
        Material.PATH,
        7,
        7,
        0.1,
        0.1,
        6,
        lambda light: 1,
        lambda light: 2,
    ),
    Balance(
        CowState,
        Material.GRASS,
        5,
        5,
        0.01,
        0.1,
        30,
        lambda light: 1,
        lambda light: 1.5 + light,
    ),
)


def balance_chunk(world: World, rank: int, draws: Draws) -> None:
    """Spawn or remove at most one creature of each class in the chunk that was created as rank-th.

    The creatures of a chunk are counted off in the order of their ids; Crafter's order depends on
    memory addresses there.
    """
    state = world.state
    chunk = state.chunks[rank]
    kinds = [type(world.find(entity_id)) for entity_id in chunk.objects]
    limits = _limits(state.daylight)
    for class_index, rule in enumerate(BALANCES):
        num_creatures = kinds.count(rule.kind)
        fewest, most = limits[class_index]
        if num_creatures < fewest:
            if state.materials.count(chunk.chunk_key, rule.ground) >= rule.least_ground:
                _maybe_spawn(world, chunk.chunk_key, class_index, draws)
        elif num_creatures > most:
            _maybe_despawn(world, chunk, class_index, draws)


@functools.lru_cache(maxsize=4096)
def _limits(daylight: float) -> tuple[tuple[int, int], ...]:
    return tuple((int(rule.fewest(daylight)), int(rule.most(daylight))) for rule in BALANCES)


def _maybe_spawn(world: World, key: ChunkKey, class_index: int, draws: Draws) -> None:
    rule, state = BALANCES[class_index], world.state
    owner = balance_owner(_index(state, key), class_index)
    if not draws.chance(rule.spawn_chance, owner, SPAWN_SLOT):
        return
    cells = [
        (x, key[2] + offset)
        for x, column in state.materials.columns(key)
        for offset, material in enumerate(column)
        if material == rule.ground
    ]
    cell = Position(*cells[draws.integer(owner, CELL_SLOT, len(cells))])
    away = cell.distance(world.player.position) >= rule.spawn_distance
    if away and world.object_at(cell) is None:
        world.add(rule.kind(state.entity_id_counter_state, cell))


def _maybe_despawn(world: World, chunk: ChunkState, class_index: int, draws: Draws) -> None:
    rule = BALANCES[class_index]
    owner = balance_owner(_index(world.state, chunk.chunk_key), class_index)
    if draws.chance(rule.despawn_chance, owner, DESPAWN_SLOT):
        members = (world.find(entity_id) for entity_id in chunk.objects)
        creatures = [entity for entity in members if type(entity) is rule.kind]
        creature = creatures[draws.integer(owner, WHICH_SLOT, len(creatures))]
        if creature.distance(world.player.position) >= rule.despawn_distance:
            world.remove(creature)


def _index(state: WorldState, key: ChunkKey) -> int:
    """Number of a chunk on the grid of all chunks, x-major."""
    rows = -(-state.size[1] // state.chunk_size[1])
    return key[0] // state.chunk_size[0] * rows + key[2] // state.chunk_size[1]
