"""A pendulum with a weak motor: that of dm_control, and Gymnasium's Pendulum-v1.

Angles are in rad from upright, spins in rad/s. Source: in-context-rl.md 4.4 (a) and (i).
"""

import math
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from envs import classic
from envs.control.task import Action, Body, Scalar, Scale, Task
from envs.control.tolerance import tolerance

TIMESTEP: Final = 0.02  # s
INERTIA: Final = 0.251  # kg m^2, about the hinge
WEIGHT: Final = 4.905  # N m, of gravity on a pendulum that is level
DAMPING: Final = 0.1  # N m s/rad
UPRIGHT: Final = math.cos(math.radians(8))

CLASSIC_STEPS: Final = 200


def start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Anywhere, at rest."""
    del scale
    return jax.random.uniform(key, minval=-jnp.pi, maxval=jnp.pi), jnp.zeros(())


def step(body: Body, action: Action, scale: Scale) -> Body:
    """Semi-implicit Euler, the damping implicit."""
    angle, spin = body
    inertia = INERTIA * scale.mass * scale.length**2
    torque = action[0] + WEIGHT * scale.mass * scale.length * jnp.sin(angle)
    spin = spin + TIMESTEP * (torque - DAMPING * spin) / (inertia + TIMESTEP * DAMPING)
    return angle + TIMESTEP * spin, spin


def observe(body: Body, scale: Scale) -> Body:
    """Cosine and sine of the angle, and the spin."""
    del scale
    angle, spin = body
    return jnp.cos(angle), jnp.sin(angle), spin


def reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """1 within 8 degrees of upright."""
    del before, action, scale
    return tolerance(jnp.cos(after[0]), UPRIGHT, 1.0)


def classic_start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Anywhere, turning slowly."""
    del scale
    angle_key, spin_key = jax.random.split(key)
    return (
        jax.random.uniform(angle_key, minval=-jnp.pi, maxval=jnp.pi),
        jax.random.uniform(spin_key, minval=-1.0, maxval=1.0),
    )


def classic_step(body: Body, action: Action, scale: Scale) -> Body:
    """As in Pendulum-v1; an action of 1 is its largest torque."""
    del scale
    angle, spin = body
    return classic.swing(angle, spin, classic.PENDULUM_TORQUE * action[0])


def classic_reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """As in Pendulum-v1."""
    del after, scale
    angle, spin = before
    return -classic.swing_cost(angle, spin, classic.PENDULUM_TORQUE * action[0])


SWINGUP: Final = Task(
    family="pendulum",
    body=("angle", "spin"),
    sees={"cos angle": 1.0, "sin angle": 1.0, "spin": 1.6},
    num_actions=1,
    start=start,
    step=step,
    observe=observe,
    reward=reward,
)
CLASSIC: Final = Task(
    family="classic_pendulum",
    body=("angle", "spin"),
    sees={"cos angle": 1.0, "sin angle": 1.0, "spin": 3.6},
    num_actions=1,
    start=classic_start,
    step=classic_step,
    observe=observe,
    reward=classic_reward,
    max_steps=CLASSIC_STEPS,
    is_scalable=False,
    pays=(-classic.PENDULUM_WORST, 0.0),
)
