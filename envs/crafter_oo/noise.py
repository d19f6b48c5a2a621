"""OpenSimplex noise in three dimensions, exact to the last bit.

A generated world hangs on the sign of noise values that are 0 in exact arithmetic (at lattice
points), so every operation here keeps the order of the reference. The tables are plain tuples,
for whoever evaluates the same noise on another array library.

Source: lmas/opensimplex 0.4.5.1, `internals.py`.
"""

import dataclasses
import functools
import itertools
import math
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

Offset = tuple[int, int, int]  # a lattice point, relative to the corner of the cell of a point

STRETCH: Final = -1.0 / 6  # from space to the lattice
SQUISH: Final = 1.0 / 3  # from the lattice to space
NORM: Final = 103  # what the sum of the contributions is divided by

MULTIPLIER: Final = 6364136223846793005  # of the generator that shuffles the lattice,
INCREMENT: Final = 1442695040888963407  # state <- MULTIPLIER * state + INCREMENT modulo 2**64
NUM_SKIPPED: Final = 3  # states that are not used
STATE_SHIFT: Final = 31  # added to the others

_SIGNS: Final = tuple((i, j, k) for k in (1, -1) for j in (1, -1) for i in (-1, 1))
GRADIENTS: Final[tuple[Offset, ...]] = tuple(
    (i * a, j * b, k * c) for i, j, k in _SIGNS for a, b, c in ((11, 4, 4), (4, 11, 4), (4, 4, 11))
)
"""The 24 directions in which the noise may rise at a lattice point."""


def _axis(axis: int, value: int, rest: int = 0) -> Offset:
    i, j, k = (value if other == axis else rest for other in range(3))
    return i, j, k


def _middle_vertices(dropped: int, *is_far: bool) -> tuple[Offset, ...]:
    """Vertices between the two corners of a cell.

    Args:
        dropped: the axis whose two faces matter least.
        is_far: of each axis, on which side of the middle its nearest face lies.
    """
    first, second = (axis for axis in range(3) if axis != dropped)
    if is_far[first] and is_far[second]:
        extras = (1, 1, 1), _axis(dropped, 2)
    elif is_far[first] or is_far[second]:
        far, near = (first, second) if is_far[first] else (second, first)
        extras = _axis(far, -1, rest=1), _axis(near, 2)
    else:
        extras = (0, 0, 0), _axis(dropped, -1, rest=1)
    return (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), *extras


_LOW: Final = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
_HIGH: Final = ((1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1))
_HIGH_CASE: Final = 6
_MIDDLE_CASE: Final = 12
VERTICES: Final[tuple[tuple[Offset, ...], ...]] = (
    (*_LOW, (1, -1, 0), (1, 0, -1)),  # cases 0, 1, 2: the low corner, by the nearest axis
    (*_LOW, (-1, 1, 0), (0, 1, -1)),
    (*_LOW, (-1, 0, 1), (0, -1, 1)),
    (*_LOW, (0, 1, 1), (-1, 1, 1)),  # cases 3, 4, 5: by the axis furthest away
    (*_LOW, (1, 0, 1), (1, -1, 1)),
    (*_LOW, (1, 1, 0), (1, 1, -1)),
    (*_HIGH, (0, 2, 1), (0, 1, 2)),  # cases 6 to 11: the high corner, likewise
    (*_HIGH, (2, 0, 1), (1, 0, 2)),
    (*_HIGH, (2, 1, 0), (1, 2, 0)),
    (*_HIGH, (1, 0, 0), (2, 0, 0)),
    (*_HIGH, (0, 1, 0), (0, 2, 0)),
    (*_HIGH, (0, 0, 1), (0, 0, 2)),
    *(  # case 12 + 8 * dropped + 4 * x is far + 2 * y is far + z is far
        _middle_vertices(dropped, *is_far)
        for dropped in range(3)
        for is_far in itertools.product((False, True), repeat=3)
    ),
)
"""Which lattice points contribute, in order of summation, by the case of a point."""

_MAX_VERTICES: Final = max(map(len, VERTICES))
_OUT_OF_REACH: Final = (4, 4, 4)  # fills up the cases that have fewer vertices; contributes 0
_OFFSETS: Final[NDArray[np.intp]] = np.array(
    [[*case, *[_OUT_OF_REACH] * (_MAX_VERTICES - len(case))] for case in VERTICES]
).T.copy()  # axis, vertex, case
_SHIFTS: Final[NDArray[np.float64]] = np.concatenate(
    [_OFFSETS, _OFFSETS.sum(axis=0, keepdims=True) * SQUISH]
)  # the same, and what their squish takes from every axis
_BLOCK: Final = 1024  # points evaluated at a time, so that the arrays stay in the cache


@dataclasses.dataclass(frozen=True)
class Simplex:
    """One noise function, made by `Simplex.from_seed`."""

    perm: Int[np.ndarray, "256"]  # a permutation of 0..255
    gradient_index: Int[np.ndarray, "256"]  # into GRADIENTS

    @classmethod
    def from_seed(cls, seed: int) -> "Simplex":
        """The noise of a seed, a signed 64-bit number."""
        state = seed
        for _ in range(NUM_SKIPPED):
            state = _advance(state)
        source = list(range(256))
        perm = [0] * 256
        for i in reversed(range(256)):
            state = _advance(state)
            picked = (state + STATE_SHIFT) % (i + 1)
            perm[i] = source[picked]
            source[picked] = source[i]
        table = np.array(perm)
        return cls(table, table % len(GRADIENTS))

    def noise3(
        self,
        x: Float[np.ndarray, " points"],
        y: Float[np.ndarray, " points"],
        z: Float[np.ndarray, " points"],
    ) -> Float[np.ndarray, " points"]:
        """Noise values, about -0.9..0.9, at points given by their coordinates (float64)."""
        num_blocks = max(1, math.ceil(len(x) / _BLOCK))
        width = max(1, math.ceil(len(x) / num_blocks))
        points = np.zeros((3, num_blocks * width))  # a few more than asked for, to fill the blocks
        points[:, : len(x)] = x, y, z
        work = _Workspace(width)
        blocks = (points[:, start : start + width] for start in range(0, num_blocks * width, width))
        return np.concatenate([self._evaluate(block, work) for block in blocks])[: len(x)]

    def _evaluate(
        self, points: Float[np.ndarray, "3 points"], work: "_Workspace"
    ) -> Float[np.ndarray, " points"]:
        lattice, deltas = _surroundings(points, work)
        contributions = self._slopes(lattice, deltas, work)
        contributions *= _weights(deltas)
        total: NDArray[np.float64] = np.zeros(points.shape[1])
        for contribution in contributions:  # in this order, starting from 0
            total += contribution
        return total / NORM

    def _slopes(
        self,
        lattice: Int[np.ndarray, "3 vertices points"],
        deltas: Float[np.ndarray, "3 vertices points"],
        work: "_Workspace",
    ) -> Float[np.ndarray, "vertices points"]:
        """Inner product of a vertex's gradient and the way from it to the point."""
        perm, gradients = self._tables
        hashed = perm.take(lattice[0], out=work.hashed, mode="wrap")
        hashed += lattice[1]
        hashed = perm.take(hashed, out=lattice[0], mode="wrap")
        hashed += lattice[2]
        slopes: NDArray[np.float64] = gradients[0].take(hashed, out=work.slopes, mode="wrap")
        slopes *= deltas[0]
        for axis in (1, 2):
            product = gradients[axis].take(hashed, out=work.shifts[3], mode="wrap")
            product *= deltas[axis]
            slopes += product
        return slopes

    @functools.cached_property
    def _tables(self) -> tuple[Int[np.ndarray, "768"], Float[np.ndarray, "3 768"]]:
        """`perm` and the gradient of a hash, three times over, which saves every modulo 256."""
        gradients = np.array(GRADIENTS, dtype=np.float64)[self.gradient_index].T
        return np.tile(self.perm, 3), np.tile(gradients, 3)


class _Workspace:
    """Arrays that every block reuses: fresh memory would cost more than the arithmetic."""

    def __init__(self, width: int) -> None:
        self.lattice = np.empty((3, _MAX_VERTICES, width), dtype=np.intp)
        self.shifts = np.empty((4, _MAX_VERTICES, width))
        self.hashed = np.empty((_MAX_VERTICES, width), dtype=np.intp)
        self.slopes = np.empty((_MAX_VERTICES, width))


def _advance(state: int) -> int:
    """One step of a 64-bit linear congruential generator, signed as in two's complement."""
    state = (state * MULTIPLIER + INCREMENT) & (2**64 - 1)
    return state - 2**64 if state >= 2**63 else state


def influences(
    points: Float[np.ndarray, "3 points"],
) -> tuple[Int[np.ndarray, "3 vertices points"], Float[np.ndarray, "3 vertices points"]]:
    """What the noise at a point takes from where, whatever the seed.

    Returns:
        The lattice points (modulo 256) that contribute, and by how much the sum of contributions
        grows with the components of their gradients; vertices out of reach have influence 0.
    """
    lattice, deltas = _surroundings(points, _Workspace(points.shape[1]))
    return lattice & 255, deltas * _weights(deltas.copy())


def _surroundings(
    points: Float[np.ndarray, "3 points"], work: "_Workspace"
) -> tuple[Int[np.ndarray, "3 vertices points"], Float[np.ndarray, "3 vertices points"]]:
    """The lattice points around each point, and the way from them to it."""
    stretched = points + (points[0] + points[1] + points[2]) * STRETCH
    cells = np.floor(stretched)
    cases = _cases(stretched - cells)

    lattice = _OFFSETS.take(cases, axis=2, out=work.lattice, mode="clip")
    lattice += (cells.astype(np.intp) & 255)[:, None]
    from_corner = points - (cells + (cells[0] + cells[1] + cells[2]) * SQUISH)
    shifts = _SHIFTS.take(cases, axis=2, out=work.shifts, mode="clip")
    deltas = np.subtract(from_corner[:, None], shifts[:3], out=shifts[:3])
    deltas -= shifts[3]
    return lattice, deltas


def _weights(
    deltas: Float[np.ndarray, "3 vertices points"],
) -> Float[np.ndarray, "vertices points"]:
    """Fourth power of 2 - distance^2, and 0 out of reach; overwrites `deltas`."""
    deltas *= deltas
    weights: NDArray[np.float64] = np.subtract(2, deltas[0], out=deltas[0])
    weights -= deltas[1]
    weights -= deltas[2]
    np.maximum(weights, 0, out=weights)
    weights *= weights
    weights *= weights
    return weights


def _cases(inside: Float[np.ndarray, "3 points"]) -> Int[np.ndarray, " points"]:
    """Index into VERTICES by the coordinates inside a cell, 0 <= inside < 1."""
    total = inside[0] + inside[1] + inside[2]
    is_high = total >= 2
    # seen from the high corner, every comparison is that of the low one with the signs changed
    x, y, z = np.where(is_high, -inside, inside)
    corner = _corner_cases(x, y, z, np.where(is_high, total - 3, 1 - total))
    return np.where(
        total <= 1, corner, np.where(is_high, _HIGH_CASE + corner, _middle_cases(*inside))
    )


def _corner_cases(
    x: Float[np.ndarray, " points"],
    y: Float[np.ndarray, " points"],
    z: Float[np.ndarray, " points"],
    rest: Float[np.ndarray, " points"],
) -> Int[np.ndarray, " points"]:
    """Case 0 to 5 of a corner; ties between axes are broken as in the reference."""
    x_leads = x >= y
    larger, smaller = np.maximum(x, y), np.minimum(x, y)
    z_is_largest = np.where(x_leads, z > larger, z >= larger)
    nearest = np.where(z_is_largest, 2, np.where(x_leads, 0, 1))
    furthest = np.where(z > smaller, np.where(x_leads, 1, 0), 2)
    is_at_corner = rest > np.minimum(larger, np.maximum(smaller, z))
    return np.where(is_at_corner, nearest, 3 + furthest)


def _middle_cases(
    x: Float[np.ndarray, " points"],
    y: Float[np.ndarray, " points"],
    z: Float[np.ndarray, " points"],
) -> Int[np.ndarray, " points"]:
    """Case 12 to 35 between the corners; ties between axes are broken as in the reference."""
    past_x, past_y, past_z = y + z - 1, x + z - 1, x + y - 1
    score_x, score_y, score_z = np.abs(past_x), np.abs(past_y), np.abs(past_z)
    x_replaces = score_x > np.minimum(score_y, score_z)
    dropped = np.where(x_replaces, np.where(score_z <= score_y, 2, 1), 0)
    cases: NDArray[np.intp] = 8 * dropped + 4 * (past_x > 0) + 2 * (past_y > 0) + (past_z > 0)
    return _MIDDLE_CASE + cases
