"""Every tenth step, creatures appear and vanish so that each chunk holds a fair number of them.

Source: danijar/crafter 1.8.3, `Env._balance_chunk` and `Env._balance_object`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from envs.crafter_oo.draws import Draws, balance_owner
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import (
    ChunkKey,
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


def balance_chunk(world: World, key: ChunkKey, draws: Draws) -> None:
    """Spawn or remove at most one creature of each class in one chunk."""
    members = [world.by_id[entity_id] for entity_id in sorted(world.chunks[key].objects)]
    for class_index, rule in enumerate(BALANCES):
        creatures = [entity for entity in members if isinstance(entity, rule.kind)]
        _balance_class(world, key, class_index, creatures, draws)


def _balance_class(
    world: World, key: ChunkKey, class_index: int, creatures: list[ObjectState], draws: Draws
) -> None:
    rule, state, player = BALANCES[class_index], world.state, world.player.position
    owner = balance_owner(_index(state, key), class_index)
    too_few = len(creatures) < int(rule.fewest(state.daylight)) and (
        _count(state, key, rule.ground) >= rule.least_ground
    )
    if too_few and draws.chance(rule.spawn_chance, owner, SPAWN_SLOT):
        cells = _cells(state, key, rule.ground)
        cell = cells[draws.integer(owner, CELL_SLOT, len(cells))]
        if world.object_at(cell) is None and cell.distance(player) >= rule.spawn_distance:
            world.add(rule.kind(state.entity_id_counter_state, cell))
    elif len(creatures) > int(rule.most(state.daylight)) and draws.chance(
        rule.despawn_chance, owner, DESPAWN_SLOT
    ):
        creature = creatures[draws.integer(owner, WHICH_SLOT, len(creatures))]
        if creature.distance(player) >= rule.despawn_distance:
            world.remove(creature)


def _columns(state: WorldState, key: ChunkKey) -> list[tuple[int, bytearray]]:
    xmin, xmax, ymin, ymax = key
    cells, height = state.materials.cells, state.materials.height
    return [(x, cells[x * height + ymin : x * height + ymax]) for x in range(xmin, xmax)]


def _count(state: WorldState, key: ChunkKey, ground: Material) -> int:
    return sum(column.count(ground) for _, column in _columns(state, key))


def _cells(state: WorldState, key: ChunkKey, ground: Material) -> list[Position]:
    return [
        Position(x, key[2] + offset)
        for x, column in _columns(state, key)
        for offset, material in enumerate(column)
        if material == ground
    ]


def _index(state: WorldState, key: ChunkKey) -> int:
    """Number of a chunk on the grid of all chunks, x-major."""
    rows = -(-state.size[1] // state.chunk_size[1])
    return key[0] // state.chunk_size[0] * rows + key[2] // state.chunk_size[1]
