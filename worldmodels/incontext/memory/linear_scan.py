"""x_t = a x_(t-1) + b_t along time, where a reset forgets x_(t-1): two ways to one result.

Complex numbers are pairs of float arrays: on CPUs that is faster than complex64.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from worldmodels.incontext.memory.layer import Resets


class Pair(NamedTuple):
    """Real and imaginary parts."""

    re: Float[Array, "*axes"]
    im: Float[Array, "*axes"]


def times(a: Pair, b: Pair) -> Pair:
    """Product of complex numbers, elementwise."""
    return Pair(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)


def scan_in_turn(decay: Pair, drive: Pair, reset: Resets, start: Pair) -> Pair:
    """All states, step after step.

    Args:
        decay: a, shape (modes,).
        drive: b, shape (time, batch, modes).
        reset: Where the state before the step is forgotten.
        start: The state before the first step, shape (batch, modes).

    Returns:
        x, shape (time, batch, modes).
    """
    shape = drive.re.shape[1:]
    factor = Pair(*(jnp.broadcast_to(part, shape) for part in decay))

    def step(state: Pair, inputs: tuple[Pair, Shaped[Array, "batch 1"]]) -> tuple[Pair, Pair]:
        drive, reset = inputs
        kept = times(factor, _forget(state, reset))
        state = Pair(kept.re + drive.re, kept.im + drive.im)
        return state, state

    return jax.lax.scan(step, start, (drive, reset[..., None]))[1]


def scan_in_parallel(decay: Pair, drive: Pair, reset: Resets, start: Pair) -> Pair:
    """The same by an associative scan: log2(T) rounds over all steps at once, for accelerators.

    Source: in-context-rl.md 1.4, the form whose a is 0 where a step is reset.
    """
    shape = drive.re.shape
    factor = Pair(*(jnp.broadcast_to(part, shape) for part in decay))
    factor = _forget(factor, reset[..., None])
    first = times(Pair(factor.re[0], factor.im[0]), _forget(start, reset[0, :, None]))
    drive = Pair(drive.re.at[0].add(first.re), drive.im.at[0].add(first.im))
    state: Pair = jax.lax.associative_scan(compose, (factor, drive))[1]
    return state


def compose(first: tuple[Pair, Pair], second: tuple[Pair, Pair]) -> tuple[Pair, Pair]:
    """Two affine maps x -> a x + b, one after the other; elements are pairs (a, b)."""
    kept = times(second[0], first[1])
    return times(second[0], first[0]), Pair(kept.re + second[1].re, kept.im + second[1].im)


def _forget(state: Pair, reset: Shaped[Array, "*axes 1"]) -> Pair:
    """Zeros where reset: not a product, so that NaN is forgotten too."""
    return Pair(*(jnp.where(reset, jnp.zeros_like(part), part) for part in state))
