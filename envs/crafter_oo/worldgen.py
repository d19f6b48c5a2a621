"""The world at the start of an episode: terrain, tunnels and the first creatures.

Cells are numbered x * height + y, which is also the order in which they draw random numbers.

Source: danijar/crafter 1.8.3, `worldgen.py`; the same draws give the same world, cell by cell.
"""

from typing import Final, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from numpy.typing import NDArray

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.noise import Simplex
from envs.crafter_oo.state import (
    CowState,
    MaterialGrid,
    ObjectState,
    Position,
    SkeletonState,
    ZombieState,
)
from envs.crafter_oo.tables import WALKABLE, Material

T = TypeVar("T")
Cells = Int[np.ndarray, " cells"]  # cell numbers, ascending
Mask = Bool[np.ndarray, " area"]  # one flag per cell
Values = Float[np.ndarray, " area"]  # one number per cell


class World(NamedTuple):
    """A generated world, without its player."""

    materials: MaterialGrid
    creatures: list[tuple[type[ObjectState], Position]]  # in order of creation
    tunnels: Bool[np.ndarray, "width height"]  # where skeletons are at home


class Rarity(NamedTuple):
    """What appears on a suitable cell only if a uniform draw exceeds a threshold."""

    slot: int  # of the draw; its owner is the cell
    threshold: float


COAL: Final = Rarity(0, 0.85)
IRON: Final = Rarity(1, 0.75)
DIAMOND: Final = Rarity(2, 0.994)
TREE: Final = Rarity(3, 0.8)
COW: Final = Rarity(4, 0.985)
ZOMBIE: Final = Rarity(5, 0.993)
SKELETON: Final = Rarity(6, 0.95)
SIMPLEX_SEED_SLOT: Final = 7  # of owner 0; the first draw of all
NUM_SIMPLEX_SEEDS: Final = 2**31 - 1


def generate(size: tuple[int, int], draws: Draws) -> World:
    """Make a world of `size` cells (x, y) for a player at (size[0] // 2, size[1] // 2).

    Around that cell there is grass; no resource is guaranteed anywhere. `draws` is left behind
    the last number used.
    """
    simplex = Simplex.from_seed(draws.integer(0, SIMPLEX_SEED_SLOT, NUM_SIMPLEX_SEEDS))
    x, y = (axis.ravel() for axis in np.indices(size))
    distance = np.sqrt((x - size[0] // 2) ** 2 + (y - size[1] // 2) ** 2)  # to the player
    materials, tunnels = _terrain(simplex, x, y, distance, draws)
    creatures = _creatures(materials, tunnels, distance, draws)
    return World(
        MaterialGrid(*size, bytearray(materials.tobytes())),
        [(kind, Position(*divmod(cell, size[1]))) for cell, kind in creatures],
        tunnels.reshape(size),
    )


def _terrain(
    simplex: Simplex,
    x: Int[np.ndarray, " area"],
    y: Int[np.ndarray, " area"],
    distance: Values,
    draws: Draws,
) -> tuple[UInt8[np.ndarray, " area"], Mask]:
    """Material and tunnel flag of every cell."""
    start, water, mountain = _landscape(simplex, x, y, distance)
    is_mountain = (start <= 0.5) & (mountain > 0.15)
    is_lowland = (start <= 0.5) & (mountain <= 0.15)
    rock = np.flatnonzero(is_mountain)
    deep = np.flatnonzero(is_mountain & (mountain > 0.3))
    shore = np.flatnonzero(is_lowland & (water > 0.25) & (water <= 0.35))
    land = np.flatnonzero(is_lowland & (water <= 0.3))

    caves, flat, steep, coal, iron, lava, sand, trees = _sample(
        simplex,
        _Layer(x[deep], y[deep], z=6, size=7),
        _Layer(2 * x[rock], y[rock] / 5, z=7, size=3),
        _Layer(x[rock] / 5, 2 * y[rock], z=7, size=3),
        _Layer(x[rock], y[rock], z=1, size=8),
        _Layer(x[rock], y[rock], z=2, size=6),
        _Layer(x[deep], y[deep], z=6, size=5),
        _Layer(x[shore], y[shore], z=4, size=9),
        _Layer(x[land], y[land], z=5, size=7),
    )

    def among(cells: Cells, chosen: Bool[np.ndarray, " cells"]) -> Mask:
        mask = np.zeros(len(x), dtype=np.bool_)
        mask[cells[chosen]] = True
        return mask

    is_cave = among(deep, caves > 0.15)
    tunnels = among(rock, (flat > 0.4) | (steep > 0.4)) & ~is_cave
    is_solid = is_mountain & ~is_cave & ~tunnels
    is_sand = among(shore, sand > -0.2)
    materials = np.full(len(x), Material.GRASS, dtype=np.uint8)
    materials[is_lowland & (water > 0.3)] = Material.WATER
    materials[is_sand] = Material.SAND
    materials[is_mountain] = Material.PATH
    materials[is_solid] = Material.STONE
    materials[is_solid & among(deep, lava > 0.35)] = Material.LAVA
    for cell, material in _appearances(
        draws,
        (Material.COAL, COAL, is_solid & among(rock, coal > 0)),
        (Material.IRON, IRON, is_solid & among(rock, iron > 0.4)),
        (Material.DIAMOND, DIAMOND, is_solid & (mountain > 0.18)),
        (Material.TREE, TREE, ~is_sand & among(land, trees > 0)),
    ):
        materials[cell] = material
    return materials, tunnels


def _landscape(
    simplex: Simplex, x: Int[np.ndarray, " area"], y: Int[np.ndarray, " area"], distance: Values
) -> tuple[Values, Values, Values]:
    """How much every cell belongs to the start, to the water and to the mountains."""
    near, lakes, ponds, ranges, peaks = _sample(
        simplex,
        _Layer(x, y, z=8, size=3),
        _Layer(x, y, z=3, size=15),
        _Layer(x, y, z=3, size=5),
        _Layer(x, y, z=0, size=15),
        _Layer(x, y, z=0, size=5),
    )
    start = 4 - distance + 2 * near
    start = 1 / (1 + np.exp(np.minimum(-start, 700)))  # beyond 700 it would overflow
    water = lakes + 0.15 * ponds + 0.1 - 2 * start
    mountain = (ranges + 0.3 * peaks) / (1 + 0.3) - (4 * start + 0.3 * water)
    return start, water, mountain


class _Layer(NamedTuple):
    """Cells at which a slice of the noise is wanted, `size` cells to its unit of length."""

    x: NDArray[np.intp] | NDArray[np.float64]
    y: NDArray[np.intp] | NDArray[np.float64]
    z: int
    size: int


def _sample(simplex: Simplex, *layers: _Layer) -> list[NDArray[np.float64]]:
    """Noise of several layers, evaluated together."""
    values = simplex.noise3(
        np.concatenate([layer.x / layer.size for layer in layers]),
        np.concatenate([layer.y / layer.size for layer in layers]),
        np.concatenate([np.full(len(layer.x), float(layer.z)) for layer in layers]),
    )
    return np.split(values, np.cumsum([len(layer.x) for layer in layers])[:-1])


def _creatures(
    materials: UInt8[np.ndarray, " area"], tunnels: Mask, distance: Values, draws: Draws
) -> list[tuple[int, type[ObjectState]]]:
    """Cell and kind of every creature."""
    return _appearances(
        draws,
        (CowState, COW, (distance > 3) & (materials == Material.GRASS)),
        (ZombieState, ZOMBIE, (distance > 10) & np.isin(materials, list(WALKABLE))),
        (SkeletonState, SKELETON, tunnels & (materials == Material.PATH)),
    )


def _appearances(draws: Draws, *candidates: tuple[T, Rarity, Mask]) -> list[tuple[int, T]]:
    """Cell by cell, try the candidates that suit it in the given order until one appears."""
    masks = np.array([mask for _, _, mask in candidates])
    codes = np.packbits(masks, axis=0, bitorder="little")[0]  # bit i: suits candidate i
    suitable = [
        [(thing, *rarity) for bit, (thing, rarity, _) in enumerate(candidates) if code >> bit & 1]
        for code in range(2 ** len(candidates))
    ]
    cells = np.flatnonzero(codes)
    appeared = []
    for cell, code in zip(cells.tolist(), codes[cells].tolist(), strict=True):
        for thing, slot, threshold in suitable[code]:
            if draws.uniform(cell, slot) > threshold:
                appeared.append((cell, thing))
                break
    return appeared
