"""Integration of small mechanical systems, on tuples of numbers."""

from collections.abc import Callable

import jax.numpy as jnp

from envs.control.task import Body, Scalar
from envs.core import FloatLike

Accelerations = Callable[[Body, Body], Body]  # (places, speeds) -> accelerations


def runge_kutta(
    accelerations: Accelerations, places: Body, speeds: Body, timestep: float
) -> tuple[Body, Body]:
    """Places and speeds one classical Runge-Kutta step of fourth order later."""

    def moved(start: Body, slopes: Body, time: float) -> Body:
        return tuple(now + time * slope for now, slope in zip(start, slopes, strict=True))

    def mean(slopes: tuple[Body, Body, Body, Body]) -> Body:
        return tuple(
            (first + 2 * second + 2 * third + last) / 6
            for first, second, third, last in zip(*slopes, strict=True)
        )

    half = timestep / 2
    push1 = accelerations(places, speeds)
    speeds2 = moved(speeds, push1, half)
    push2 = accelerations(moved(places, speeds, half), speeds2)
    speeds3 = moved(speeds, push2, half)
    push3 = accelerations(moved(places, speeds2, half), speeds3)
    speeds4 = moved(speeds, push3, timestep)
    push4 = accelerations(moved(places, speeds3, timestep), speeds4)
    return (
        moved(places, mean((speeds, speeds2, speeds3, speeds4)), timestep),
        moved(speeds, mean((push1, push2, push3, push4)), timestep),
    )


def solved(
    matrix: tuple[FloatLike, FloatLike, FloatLike], right: tuple[Scalar, Scalar]
) -> tuple[Scalar, Scalar]:
    """Solve a symmetric system of two equations.

    Args:
        matrix: Its entries (1, 1), (1, 2) and (2, 2).
        right: The right-hand side.
    """
    first, mixed, second = matrix
    inverse = 1 / (first * second - mixed * mixed)
    return (
        (second * right[0] - mixed * right[1]) * inverse,
        (first * right[1] - mixed * right[0]) * inverse,
    )


def held(place: Scalar, speed: Scalar, limit: float | Scalar) -> tuple[Scalar, Scalar]:
    """Keep a joint within -limit..limit: it stops there, and does not bounce."""
    # Deviation: a hard stop, because MuJoCo's soft one needs its constraint solver.
    kept = jnp.clip(place, -limit, limit)
    is_stopped = (place > limit) & (speed > 0) | (place < -limit) & (speed < 0)
    return kept, jnp.where(is_stopped, 0.0, speed)
