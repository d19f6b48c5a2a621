"""How near a number is to where it should be, as dm_control's tasks pay for it."""

import math
from typing import Final

import jax.numpy as jnp

from envs.control.task import Scalar

VALUE_AT_MARGIN: Final = 0.1
SIGMOIDS: Final = ("gaussian", "quadratic", "linear", "long_tail")


def tolerance(
    number: Scalar,
    low: float = 0.0,
    high: float = 0.0,
    margin: float = 0.0,
    value_at_margin: float = VALUE_AT_MARGIN,
    sigmoid: str = "gaussian",
) -> Scalar:
    """1 within low..high; further out less and less, down to 0.

    Source: in-context-rl.md 4.4; dm_control 1.0.50, utils/rewards.py.

    Args:
        number: What is judged.
        low: Least number that is good.
        high: Largest number that is good.
        margin: How far outside the value is `value_at_margin`; 0: it is 0 everywhere outside.
        value_at_margin: In 0..1; above 0 and below 1 for "gaussian" and "long_tail".
        sigmoid: One of `SIGMOIDS`, the shape of the fall.

    Raises:
        ValueError: there is no such shape.
    """
    if sigmoid not in SIGMOIDS:
        raise ValueError(f"sigmoid is one of {SIGMOIDS}; got {sigmoid!r}")
    is_inside = (number >= low) & (number <= high)
    if margin == 0:
        return jnp.where(is_inside, jnp.ones_like(number), 0.0)
    distance = jnp.where(number < low, low - number, number - high) / margin
    return jnp.where(is_inside, 1.0, _fallen(distance, value_at_margin, sigmoid))


def _fallen(distance: Scalar, value: float, sigmoid: str) -> Scalar:
    """What is left of 1 at a distance in margins."""
    if sigmoid == "gaussian":
        return jnp.exp(math.log(value) * distance**2)
    if sigmoid == "long_tail":
        return 1 / (distance**2 * (1 / value - 1) + 1)
    if sigmoid == "quadratic":
        return jnp.maximum(1 - distance**2 * (1 - value), 0.0)
    return jnp.maximum(1 - distance * (1 - value), 0.0)
