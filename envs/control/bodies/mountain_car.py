"""A car in a valley, too weak to drive straight up; Gymnasium's MountainCarContinuous-v0.

Source: in-context-rl.md 4.4 (h); Gymnasium 1.4, classic control.
"""

from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from envs.control.task import Action, Body, Scalar, Scale, Task

POWER: Final = 0.0015  # speed gained in a step, by an action of 1
SLOPE: Final = 0.0025  # speed lost in a step, where the hill is steepest
FASTEST: Final = 0.07
LEFT: Final = -1.2
RIGHT: Final = 0.6
GOAL: Final = 0.45
PRIZE: Final = 100.0  # for the step that reaches the goal
COST: Final = 0.1  # of a step under the action 1
NUM_STEPS: Final = 999


def start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Near the bottom, at rest."""
    del scale
    return jax.random.uniform(key, minval=-0.6, maxval=-0.4), jnp.zeros(())


def step(body: Body, action: Action, scale: Scale) -> Body:
    """The left end is a wall that stops the car; the right end too, but keeps its speed."""
    del scale
    place, speed = body
    speed = speed + POWER * action[0] - SLOPE * jnp.cos(3 * place)
    speed = jnp.clip(speed, -FASTEST, FASTEST)
    place = jnp.clip(place + speed, LEFT, RIGHT)
    return place, jnp.where((place <= LEFT) & (speed < 0), 0.0, speed)


def observe(body: Body, scale: Scale) -> Body:
    """Place and speed."""
    del scale
    return body


def is_up(body: Body) -> Bool[Array, ""]:
    """Whether the car has reached the goal."""
    place, speed = body
    return (place >= GOAL) & (speed >= 0)


def reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """A prize at the goal, less what driving costs."""
    del before, scale
    return jnp.where(is_up(after), PRIZE, 0.0) - COST * action[0] ** 2


CONTINUOUS: Final = Task(
    family="mountain_car",
    body=("place", "speed"),
    sees={"place": 1.0, "speed": 0.0135},
    num_actions=1,
    start=start,
    step=step,
    observe=observe,
    reward=reward,
    terminated=is_up,
    max_steps=NUM_STEPS,
    is_scalable=False,
    pays=(0.0, PRIZE),
)
