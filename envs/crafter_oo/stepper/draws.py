"""`KeyedDraws` in jax: the same numbers as in `envs.crafter_oo.draws`, as whole numbers.

A draw is kept as its 24 bits k; the uniform number is k / 2**24. Comparing whole numbers is exact,
where float32 would round a probability such as 0.9 to another side of k.
"""

import math

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int32, UInt32

from envs.crafter_oo.draws import ROTATIONS, SKEIN_PARITY

Bits = UInt32[Array, "*draws"]  # in 0..2**24 - 1


def draw(
    key: UInt32[Array, "2"],
    step: Int32[Array, ""],
    owner: Int32[Array, "*draws"] | int,
    slot: Int32[Array, "*draws"] | int,
) -> Bits:
    """The bits of `KeyedDraws(key).uniform(owner, slot)` at a step; owners may be negative."""
    counter = jnp.asarray(8 * owner + slot, jnp.int32)
    return (
        threefry(key, step.astype(jnp.uint32), lax.bitcast_convert_type(counter, jnp.uint32)) >> 8
    )


def chance(bits: Bits, probability: float) -> Bool[Array, "*draws"]:
    """True with a probability in [0, 1]: k / 2**24 < probability."""
    return bits < math.ceil(probability * 2**24)


def integer(bits: Bits, n: Int32[Array, "*draws"] | int) -> Int32[Array, "*draws"]:
    """A whole number in [0, n), 1 <= n <= 256: the floor of n * k / 2**24."""
    return ((bits * jnp.asarray(n).astype(jnp.uint32)) >> 24).astype(jnp.int32)


def threefry(
    key: UInt32[Array, "2"], first: UInt32[Array, ""], second: UInt32[Array, "*draws"]
) -> UInt32[Array, "*draws"]:
    """The first word of Threefry-2x32-20 at the counter (first, second).

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(SKEIN_PARITY))
    x, y = first + schedule[0], second + schedule[1]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x = x + y
            y = ((y << rotation) | (y >> (32 - rotation))) ^ x
        x = x + schedule[(group + 1) % 3]
        y = y + (schedule[(group + 2) % 3] + jnp.uint32(group + 1))
    return x
