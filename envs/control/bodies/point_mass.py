"""A mass in a square box, pushed by two motors to a target in the middle.

Places in m, speeds in m/s. Source: in-context-rl.md 4.4 (d).
"""

import dataclasses
import math
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from envs.control.mechanics import held
from envs.control.task import Action, Body, Scalar, Scale, Task
from envs.control.tolerance import tolerance

TIMESTEP: Final = 0.02  # s
MASS: Final = 0.3  # kg
DAMPING: Final = 1.0  # N s/m
FORCE: Final = 0.1  # N, of an action of 1
WALL: Final = 0.29  # m, |x| and |y| at most
TARGET: Final = 0.015  # m, radius of the target
MOST_ALIKE: Final = 0.9  # |cosine| between the directions of the two motors, at most

IDENTITY: Final = (1.0, 0.0, 0.0, 1.0)  # motors along x and y


def _pushed(body: Body, push: tuple[Scalar, Scalar], scale: Scale) -> Body:
    """Semi-implicit Euler, the damping implicit."""
    mass = MASS * scale.mass
    places, speeds = [], []
    for place, speed, force in zip(body[:2], body[2:4], push, strict=True):
        faster = speed + TIMESTEP * (FORCE * force - DAMPING * speed) / (mass + TIMESTEP * DAMPING)
        place, faster = held(place + TIMESTEP * faster, faster, WALL)
        places.append(place)
        speeds.append(faster)
    return (*places, *speeds)


def easy_step(body: Body, action: Action, scale: Scale) -> Body:
    """The motors push along x and y."""
    return _pushed(body, (action[0], action[1]), scale)


def hard_step(body: Body, action: Action, scale: Scale) -> Body:
    """The motors push along directions of their own."""
    first_x, first_y, second_x, second_y = body[4:]
    push = (
        first_x * action[0] + second_x * action[1],
        first_y * action[0] + second_y * action[1],
    )
    return _pushed(body, push, scale) + body[4:]


def observe(body: Body, scale: Scale) -> Body:
    """Place and speed; the directions of the motors are hidden."""
    del scale
    return body[:4]


def easy_start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Anywhere in the box, at rest."""
    del scale
    x, y = jax.random.uniform(key, (2,), minval=-WALL, maxval=WALL)
    return x, y, jnp.zeros(()), jnp.zeros(())


def hard_start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Also draws two directions that are not too much alike.

    The second one is uniform over all that are far enough from the first, which is what drawing
    again until that holds comes to.
    """
    place_key, first_key, between_key, side_key = jax.random.split(key, 4)
    least = math.acos(MOST_ALIKE)
    first = jax.random.uniform(first_key, minval=-jnp.pi, maxval=jnp.pi)
    between = jax.random.uniform(between_key, minval=least, maxval=math.pi - least)
    side = jnp.where(jax.random.bernoulli(side_key), jnp.pi, 0.0)
    second = first + between + side
    directions = (jnp.cos(first), jnp.sin(first), jnp.cos(second), jnp.sin(second))
    return easy_start(place_key, scale) + directions


def reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """In 0..1: near the target, with little force."""
    del before, scale
    x, y, *_ = after
    is_near = tolerance(jnp.hypot(x, y), 0.0, TARGET, margin=TARGET)
    first, second = (
        tolerance(force, margin=1.0, value_at_margin=0.0, sigmoid="quadratic") for force in action
    )
    return is_near * (4 + (first + second) / 2) / 5


EASY: Final = Task(
    family="point_mass",
    body=("x", "y", "speed x", "speed y"),
    sees={"x": 1.0, "y": 1.0, "speed x": 0.0103, "speed y": 0.0103},
    num_actions=2,
    start=easy_start,
    step=easy_step,
    observe=observe,
    reward=reward,
)
HARD: Final = dataclasses.replace(
    EASY,
    body=(*EASY.body, "motor 1 x", "motor 1 y", "motor 2 x", "motor 2 y"),
    start=hard_start,
    step=hard_step,
)
