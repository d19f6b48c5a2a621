"""Two links in a vertical plane, a motor at the elbow alone: to be swung up and held there.

Angles in rad, that of the upper arm from upright, that of the lower arm from the upper one; the
hinge is 2 m above the ground. Source: in-context-rl.md 4.4 (c).
"""

import dataclasses
import functools
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from envs.control.mechanics import runge_kutta, solved
from envs.control.task import Action, Body, Scalar, Scale, Task
from envs.control.tolerance import tolerance

TIMESTEP: Final = 0.01  # s
GRAVITY: Final = 9.81  # m/s^2
LENGTH: Final = 1.0  # m, of a link; each has a mass of 1 kg
CENTRE: Final = 0.5  # m from a joint to the middle of its link
UPPER_INERTIA: Final = 0.0955703125  # kg m^2 about the middle
LOWER_INERTIA: Final = 0.0953036572
DAMPING: Final = 0.05  # N m s/rad, of each joint
TORQUE: Final = 2.0  # N m, of an action of 1
TARGET: Final = 0.2  # m, radius of the target at the very top


def step(body: Body, action: Action, scale: Scale) -> Body:
    """Runge-Kutta of fourth order."""
    bulk = scale.mass * scale.length**2
    weight = GRAVITY * scale.mass * scale.length
    torque = TORQUE * action[0]

    def accelerations(places: Body, speeds: Body) -> Body:
        (upper, lower), (spin, bend) = places, speeds
        cosine, tip_sine = jnp.cos(lower), jnp.sin(upper + lower)
        coupling = bulk * (LENGTH * CENTRE) * jnp.sin(lower)
        last = CENTRE**2 + LOWER_INERTIA
        mixed = last + LENGTH * CENTRE * cosine
        first = CENTRE**2 + UPPER_INERTIA + LENGTH**2 + mixed + LENGTH * CENTRE * cosine
        return solved(
            (bulk * first, bulk * mixed, bulk * last),
            (
                coupling * (2 * spin * bend + bend**2)
                + weight * (1.5 * jnp.sin(upper) + 0.5 * tip_sine)
                - DAMPING * spin,
                torque - coupling * spin**2 + weight * 0.5 * tip_sine - DAMPING * bend,
            ),
        )

    places, speeds = runge_kutta(accelerations, body[:2], body[2:], TIMESTEP)
    return (*places, *speeds)


def observe(body: Body, scale: Scale) -> Body:
    """Sines and cosines of the directions of both links, and the spins of both joints."""
    del scale
    upper, lower, spin, bend = body
    tip = upper + lower
    return jnp.sin(upper), jnp.sin(tip), jnp.cos(upper), jnp.cos(tip), spin, bend


def start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Anywhere, at rest."""
    del scale
    upper, lower = jax.random.uniform(key, (2,), minval=-jnp.pi, maxval=jnp.pi)
    return upper, lower, jnp.zeros(()), jnp.zeros(())


def reward(before: Body, action: Action, after: Body, scale: Scale, margin: float) -> Scalar:
    """1 where the tip is in the target, which stands at the full reach of the arm."""
    del before, action
    upper, lower, *_ = after
    aside = jnp.sin(upper) + jnp.sin(upper + lower)
    below = 2 * LENGTH - jnp.cos(upper) - jnp.cos(upper + lower)
    return tolerance(scale.length * jnp.hypot(aside, below), 0.0, TARGET, margin)


SWINGUP: Final = Task(
    family="acrobot",
    body=("upper angle", "lower angle", "upper spin", "lower spin"),
    sees={
        "sin upper": 1.0, "sin tip": 1.0, "cos upper": 1.0, "cos tip": 1.0,
        "upper spin": 2.3, "lower spin": 4.9,
    },
    num_actions=1,
    start=start,
    step=step,
    observe=observe,
    reward=functools.partial(reward, margin=1.0),
)  # fmt: skip
SWINGUP_SPARSE: Final = dataclasses.replace(SWINGUP, reward=functools.partial(reward, margin=0.0))
