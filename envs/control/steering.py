"""Actions of continuous tasks: what a person's keys mean, and how they come to a body."""

import enum
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from envs.control.task import Action


class Steer(enum.IntEnum):
    """What a person does with the arrow keys."""

    NOTHING = 0
    LEFT = 1
    RIGHT = 2
    DOWN = 3
    UP = 4


KEYS: Final[dict[str, int]] = {
    "left": Steer.LEFT,
    "a": Steer.LEFT,
    "right": Steer.RIGHT,
    "d": Steer.RIGHT,
    "down": Steer.DOWN,
    "s": Steer.DOWN,
    "up": Steer.UP,
    "w": Steer.UP,
}
_FORCES: Final = {
    Steer.NOTHING: (0, 0.0),
    Steer.LEFT: (0, -1.0),
    Steer.RIGHT: (0, 1.0),
    Steer.DOWN: (1, -1.0),
    Steer.UP: (1, 1.0),
}
"""Key -> which action, and how much of it."""


def steered(number: int, size: int) -> Float32[np.ndarray, " actions"]:
    """The actions of a person who presses one key, or none; all 0 where there is no such axis."""
    actions = np.zeros(size, np.float32)
    axis, force = _FORCES[Steer(number)]
    if axis < size:
        actions[axis] = force
    return actions


def clipped(action: Any, size: int) -> Float[Array, " actions"]:
    """Actions within -1..1, as numbers with a point; NaN stays NaN.

    Raises:
        ValueError: there are more or fewer than `size`.
    """
    actions = jnp.asarray(action)
    if actions.shape != (size,):
        raise ValueError(f"an action has the shape ({size},); got {actions.shape}")
    if not jnp.issubdtype(actions.dtype, jnp.floating):
        actions = actions.astype(jnp.float32)
    return jnp.clip(actions, -1.0, 1.0)


def parts(numbers: Float[Array, " actions"], count: int) -> Action:
    """The first `count` numbers one by one."""
    return tuple(numbers[index] for index in range(count))
