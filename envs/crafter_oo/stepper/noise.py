"""OpenSimplex noise of many worlds at once, at points that are the same in each of them.

Which lattice points contribute to which point, and by how much, does not depend on the seed: it is
worked out once, with the arithmetic of `envs.crafter_oo.noise`, and kept in 32 bits. What is left
to do for a world is to find the gradients at the lattice points, and one weighted sum per point.

The axis of the worlds is always the last one, so that every look-up of something that is the same
in all worlds reads numbers that lie side by side.
"""

from typing import Final, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Float32, Int32, UInt8, UInt32
from numpy.typing import NDArray

from envs.crafter_oo.noise import (
    GRADIENTS,
    INCREMENT,
    MULTIPLIER,
    NORM,
    NUM_SKIPPED,
    STATE_SHIFT,
    influences,
)

Permutations = UInt8[Array, "256 worlds"]

_AUDIBLE: Final = 1e-30  # below that, a part is the rounding error of a 0
_FAINT: Final = 1e-25  # too small to matter beside any other number, but no underflow in 32 bits


class Lattice(NamedTuple):
    """The geometry of the noise at a set of points. Coordinates are modulo 256."""

    x: Int32[np.ndarray, " columns"]  # lattice points with the same x and y share a column
    y: Int32[np.ndarray, " columns"]
    column: Int32[np.ndarray, " vertices"]  # where each lattice point stands
    z: Int32[np.ndarray, " vertices"]
    neighbours: Int32[np.ndarray, "rank points"]  # the vertices that contribute to a point
    influences: Float32[np.ndarray, "rank 3 points"]  # what it takes of their gradients


def lattice_of(points: Float[np.ndarray, "3 points"]) -> Lattice:
    """Work out what the noise at the given points depends on."""
    vertices, parts = influences(points)
    parts = _with_signs_of_zeros(parts / NORM)
    order = np.argsort(-np.abs(parts).max(axis=0), axis=0, kind="stable")
    order = order[: parts.any(axis=0).sum(axis=0).max()]
    x, y, z = np.take_along_axis(vertices, order[None], axis=1)
    parts = np.take_along_axis(parts, order[None], axis=1)

    numbers = (x << 16) | (y << 8) | z
    numbers = np.where(parts.any(axis=0), numbers, numbers[0])  # what has no part costs no vertex
    numbers, neighbours = np.unique(numbers, return_inverse=True)
    columns, column = np.unique(numbers >> 8, return_inverse=True)
    return Lattice(
        x=(columns >> 8).astype(np.int32),
        y=(columns & 255).astype(np.int32),
        column=column.astype(np.int32),
        z=(numbers & 255).astype(np.int32),
        neighbours=neighbours.reshape(x.shape).astype(np.int32),
        influences=parts.swapaxes(0, 1).astype(np.float32),
    )


def _with_signs_of_zeros(
    parts: Float[np.ndarray, "3 vertices points"],
) -> Float[np.ndarray, "3 vertices points"]:
    """Keep the sign of the noise where it is 0 but for rounding errors, about 1e-65.

    World generation asks for that sign. Where a point has no other parts, they are scaled up by a
    power of two; where it has, they are dropped.
    """
    largest = np.abs(parts).max(axis=(0, 1))
    is_zero = (largest > 0) & (largest < _AUDIBLE)
    raised = np.exp2(np.round(np.log2(_FAINT / np.where(is_zero, largest, _FAINT))))
    return np.where(is_zero | (np.abs(parts) >= _AUDIBLE), parts * raised, 0)


def permutations(seeds: UInt32[Array, " worlds"]) -> Permutations:
    """The tables `perm` of `Simplex.from_seed`, of seeds below 2**32."""
    picks = _picks(seeds)
    places = np.arange(256, dtype=np.uint8)[None]

    def pick(turn: Int32[Array, ""], tables: tuple[Array, Array]) -> tuple[Array, Array]:
        source, perm = tables  # here the worlds come first: a loop over 256 is the faster one
        last = 255 - turn
        picked = picks[last][:, None]
        index = picked.astype(jnp.int32)
        taken = jnp.take_along_axis(source, index, axis=1, mode="promise_in_bounds")
        replacement = lax.dynamic_slice_in_dim(source, last, 1, axis=1)
        source = jnp.where(places == picked, replacement, source)
        return source, lax.dynamic_update_slice(perm, taken.T, (last, 0))

    source = jnp.broadcast_to(places, picks.T.shape)
    perm: Array
    _, perm = lax.fori_loop(0, 256, pick, (source, jnp.zeros_like(picks)))
    return perm


def _jumps() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """How the state that fills place i of the table follows from the seed: a * seed + c.

    Returns:
        (2, 256, 1) high and low halves of a, and of c.
    """
    factor, term = 1, 0
    jumps = []
    for _ in range(NUM_SKIPPED + 256):
        factor, term = factor * MULTIPLIER % 2**64, (term * MULTIPLIER + INCREMENT) % 2**64
        jumps.append((factor, term))
    used = np.array(jumps[: NUM_SKIPPED - 1 : -1], dtype=np.uint64).T[..., None]
    high, low = (used >> 32).astype(np.uint32), used.astype(np.uint32)
    return np.stack([high[0], low[0]]), np.stack([high[1], low[1]])


def _picks(seeds: UInt32[Array, " worlds"]) -> UInt8[Array, "256 worlds"]:
    """Which of the i + 1 numbers that are left goes to place i of the table."""
    (factor_high, factor_low), (term_high, term_low) = _jumps()
    high, low = _product(factor_low, seeds[None])
    low = low + term_low
    high = high + factor_high * seeds[None] + term_high + (low < term_low).astype(jnp.uint32)

    def column(values: list[int]) -> UInt32[np.ndarray, "256 1"]:
        return np.array(values, dtype=np.uint32)[:, None]

    left = column([i + 1 for i in range(256)])
    total = high % left * column([2**32 % (i + 1) for i in range(256)]) + low % left
    minus_2_64 = column([-(2**64) % (i + 1) for i in range(256)])  # the state is a signed number
    total = total + jnp.where(high >> 31 == 1, minus_2_64, jnp.uint32(0)) + STATE_SHIFT
    picks: Array = (total % left).astype(jnp.uint8)
    return picks


def _product(
    a: UInt32[np.ndarray, "rows 1"], b: UInt32[Array, "1 worlds"]
) -> tuple[UInt32[Array, "rows worlds"], UInt32[Array, "rows worlds"]]:
    """High and low half of a product, by halves of its factors."""
    a_high, a_low, b_high, b_low = a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF
    middle = a_high * b_low + (a_low * b_low >> 16)
    other = a_low * b_high + (middle & 0xFFFF)
    high: Array = a_high * b_high + (middle >> 16) + (other >> 16)
    low: Array = b * a
    return high, low


def noise(perm: Permutations, lattice: Lattice) -> Float32[Array, "points worlds"]:
    """Noise values, about -0.9..0.9, at the points of a lattice."""
    gradients = _gradients(perm, lattice)
    total: Array = jnp.zeros((lattice.neighbours.shape[1], perm.shape[1]), jnp.float32)
    for vertex, parts in zip(lattice.neighbours, lattice.influences, strict=True):
        for gradient, part in zip(gradients, parts, strict=True):
            total += gradient.at[vertex].get(mode="promise_in_bounds") * part[:, None]
    return total


def _gradients(perm: Permutations, lattice: Lattice) -> Float32[Array, "3 vertices worlds"]:
    """The gradients at the vertices."""
    table = perm.astype(jnp.int32)
    hashed = _look_up(table, table[lattice.x] + lattice.y[:, None])
    hashed = _look_up(table, hashed[lattice.column] + lattice.z[:, None])
    components = np.array(GRADIENTS, dtype=np.float32).T[:, np.arange(256) % len(GRADIENTS)]
    # a loop, so that they are kept: fused with the sums, every sum would look them up again
    gradients: Array = lax.map(lambda component: component[hashed], components)
    return gradients


def _look_up(
    table: Int32[Array, "256 worlds"], index: Int32[Array, "rows worlds"]
) -> Int32[Array, "rows worlds"]:
    return jnp.take_along_axis(table, index & 255, axis=0, mode="promise_in_bounds")
