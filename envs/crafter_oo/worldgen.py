"""The world at the start of an episode: terrain, tunnels and the first creatures.

Cells are numbered x * height + y, which is also the order in which they draw random numbers.

Source: danijar/crafter 1.8.3, `worldgen.py`; the same draws give the same world, cell by cell.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

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


class Layer(NamedTuple):
    """A slice of the noise, `size` cells to its unit of length."""

    z: int
    size: int
    times: tuple[int, int] = (1, 1)  # compressed that much along x and y
    over: tuple[int, int] = (1, 1)  # drawn out that much along x and y

    def points(
        self, x: Int[np.ndarray, " points"], y: Int[np.ndarray, " points"]
    ) -> Float[np.ndarray, "3 points"]:
        """Where the noise is evaluated for the cells (x, y), rounded as in the reference."""
        (times_x, times_y), (over_x, over_y) = self.times, self.over
        return np.stack(
            [
                x * times_x / over_x / self.size,
                y * times_y / over_y / self.size,
                np.full(len(x), float(self.z)),
            ]
        )


LANDSCAPE: Final = (Layer(8, 3), Layer(3, 15), Layer(3, 5), Layer(0, 15), Layer(0, 5))
"""The layers that `landscape` takes, in its order."""

CAVES: Final = Layer(6, 7)
FLAT_TUNNELS: Final = Layer(7, 3, times=(2, 1), over=(1, 5))
STEEP_TUNNELS: Final = Layer(7, 3, times=(1, 2), over=(5, 1))
COAL_SEAMS: Final = Layer(1, 8)
IRON_VEINS: Final = Layer(2, 6)
LAVA_POOLS: Final = Layer(6, 5)
BEACHES: Final = Layer(4, 9)
WOODS: Final = Layer(5, 7)

START_LEVEL: Final = 0.5  # a cell is what a level says where the value lies above it
MOUNTAIN_LEVEL: Final = 0.15
DEEP_LEVEL: Final = 0.3  # of `mountain`: there are caves and lava
DIAMOND_LEVEL: Final = 0.18  # of `mountain`
SHORE_LEVELS: Final = (0.25, 0.35)  # of `water`: between them there may be sand
WATER_LEVEL: Final = 0.3
CAVE_LEVEL: Final = 0.15
TUNNEL_LEVEL: Final = 0.4
IRON_LEVEL: Final = 0.4
LAVA_LEVEL: Final = 0.35
SAND_LEVEL: Final = -0.2
COW_DISTANCE: Final = 3  # cells from the player, Euclidean; creatures appear further away
ZOMBIE_DISTANCE: Final = 10


def generate(size: tuple[int, int], draws: Draws) -> World:
    """Make a world of `size` cells (x, y) for a player at (size[0] // 2, size[1] // 2).

    Around that cell there is grass; no resource is guaranteed anywhere. `draws` is left behind
    the last number used.
    """
    simplex = Simplex.from_seed(draws.integer(0, SIMPLEX_SEED_SLOT, NUM_SIMPLEX_SEEDS))
    x, y, distance = cells_of(size)
    materials, tunnels = _terrain(simplex, x, y, distance, draws)
    creatures = _creatures(materials, tunnels, distance, draws)
    return World(
        MaterialGrid(*size, bytearray(materials.tobytes())),
        [(kind, Position(*divmod(cell, size[1]))) for cell, kind in creatures],
        tunnels.reshape(size),
    )


def cells_of(
    size: tuple[int, int],
) -> tuple[Int[np.ndarray, " area"], Int[np.ndarray, " area"], Values]:
    """x, y and the Euclidean distance to the player's cell, of every cell."""
    x, y = (axis.ravel() for axis in np.indices(size))
    return x, y, np.sqrt((x - size[0] // 2) ** 2 + (y - size[1] // 2) ** 2)


def _terrain(
    simplex: Simplex,
    x: Int[np.ndarray, " area"],
    y: Int[np.ndarray, " area"],
    distance: Values,
    draws: Draws,
) -> tuple[UInt8[np.ndarray, " area"], Mask]:
    """Material and tunnel flag of every cell."""
    everywhere = np.arange(len(x))
    fields = _sample(simplex, x, y, *((layer, everywhere) for layer in LANDSCAPE))
    start, water, mountain = landscape(distance, fields, _exp)
    is_mountain = (start <= START_LEVEL) & (mountain > MOUNTAIN_LEVEL)
    is_lowland = (start <= START_LEVEL) & (mountain <= MOUNTAIN_LEVEL)
    rock = np.flatnonzero(is_mountain)
    deep = np.flatnonzero(is_mountain & (mountain > DEEP_LEVEL))
    is_shore = (water > SHORE_LEVELS[0]) & (water <= SHORE_LEVELS[1])
    shore = np.flatnonzero(is_lowland & is_shore)
    land = np.flatnonzero(is_lowland & (water <= WATER_LEVEL))

    caves, flat, steep, coal, iron, lava, sand, trees = _sample(
        simplex,
        x,
        y,
        (CAVES, deep),
        (FLAT_TUNNELS, rock),
        (STEEP_TUNNELS, rock),
        (COAL_SEAMS, rock),
        (IRON_VEINS, rock),
        (LAVA_POOLS, deep),
        (BEACHES, shore),
        (WOODS, land),
    )

    def among(cells: Cells, chosen: Bool[np.ndarray, " cells"]) -> Mask:
        mask = np.zeros(len(x), dtype=np.bool_)
        mask[cells[chosen]] = True
        return mask

    is_cave = among(deep, caves > CAVE_LEVEL)
    tunnels = among(rock, (flat > TUNNEL_LEVEL) | (steep > TUNNEL_LEVEL)) & ~is_cave
    is_solid = is_mountain & ~is_cave & ~tunnels
    is_sand = among(shore, sand > SAND_LEVEL)
    materials = np.full(len(x), Material.GRASS, dtype=np.uint8)
    materials[is_lowland & (water > WATER_LEVEL)] = Material.WATER
    materials[is_sand] = Material.SAND
    materials[is_mountain] = Material.PATH
    materials[is_solid] = Material.STONE
    materials[is_solid & among(deep, lava > LAVA_LEVEL)] = Material.LAVA
    for cell, material in _appearances(
        draws,
        (Material.COAL, COAL, is_solid & among(rock, coal > 0)),
        (Material.IRON, IRON, is_solid & among(rock, iron > IRON_LEVEL)),
        (Material.DIAMOND, DIAMOND, is_solid & (mountain > DIAMOND_LEVEL)),
        (Material.TREE, TREE, ~is_sand & among(land, trees > 0)),
    ):
        materials[cell] = material
    return materials, tunnels


def landscape(
    distance: Any, noise: Sequence[Any], exp: Callable[[Any], Any]
) -> tuple[Any, Any, Any]:
    """How much every cell belongs to the start, to the water and to the mountains.

    Args:
        distance: from the cell to the player's.
        noise: values of the layers `LANDSCAPE`; arrays of numpy, or of jax.
        exp: exponential function of such arrays.
    """
    near, lakes, ponds, ranges, peaks = noise
    start = 4 - distance + 2 * near
    start = 1 / (1 + exp(-start))
    water = lakes + 0.15 * ponds + 0.1 - 2 * start
    mountain = (ranges + 0.3 * peaks) / (1 + 0.3) - (4 * start + 0.3 * water)
    return start, water, mountain


def _exp(values: Values) -> Values:
    exponentials: Values = np.exp(np.minimum(values, 700))  # beyond 700 it would overflow
    return exponentials


def _sample(
    simplex: Simplex,
    x: Int[np.ndarray, " area"],
    y: Int[np.ndarray, " area"],
    *wanted: tuple[Layer, NDArray[np.intp]],
) -> list[NDArray[np.float64]]:
    """Noise of several layers, each at cells of given numbers, evaluated together."""
    points = [layer.points(x[cells], y[cells]) for layer, cells in wanted]
    values = simplex.noise3(*np.concatenate(points, axis=1))
    return np.split(values, np.cumsum([len(cells) for _, cells in wanted])[:-1])


def _creatures(
    materials: UInt8[np.ndarray, " area"], tunnels: Mask, distance: Values, draws: Draws
) -> list[tuple[int, type[ObjectState]]]:
    """Cell and kind of every creature."""
    return _appearances(
        draws,
        (CowState, COW, (distance > COW_DISTANCE) & (materials == Material.GRASS)),
        (ZombieState, ZOMBIE, (distance > ZOMBIE_DISTANCE) & np.isin(materials, list(WALKABLE))),
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
