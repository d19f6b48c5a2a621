"""An arm of two links in a horizontal plane, whose finger is to reach a target.

Angles in rad, that of the wrist from the arm; places in m from the shoulder. Source:
in-context-rl.md 4.4 (e).
"""

import dataclasses
import functools
import math
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from envs.control.mechanics import held, solved
from envs.control.task import Action, Body, Scalar, Scale, Task
from envs.control.tolerance import tolerance

TIMESTEP: Final = 0.02  # s
LINK: Final = 0.12  # m, of either link
ARM_MASS: Final = 0.04188790205  # kg
ARM_CENTRE: Final = 0.06  # m from the shoulder
ARM_INERTIA: Final = 6.33135639e-5  # kg m^2 about its middle
HAND_MASS: Final = 0.03560471674
HAND_CENTRE: Final = 0.05  # m from the wrist
HAND_INERTIA: Final = 3.91756604e-5
FINGER_MASS: Final = 0.00418879020  # at the end of the hand
FINGER_INERTIA: Final = 1.67551608e-7
DAMPING: Final = 0.01  # N m s/rad, of each joint
TORQUE: Final = 0.05  # N m, of an action of 1
BENT: Final = math.radians(160)  # the wrist at most
FINGER: Final = 0.01  # m, radius
NEAREST: Final = 0.05  # m from the shoulder to the target
FARTHEST: Final = 0.20
EASY_TARGET: Final = 0.05  # m, radius
HARD_TARGET: Final = 0.015

_REACH: Final = HAND_MASS * HAND_CENTRE + FINGER_MASS * LINK
_LAST: Final = HAND_MASS * HAND_CENTRE**2 + HAND_INERTIA + FINGER_MASS * LINK**2 + FINGER_INERTIA
_COUPLING: Final = _REACH * LINK
_FIRST: Final = ARM_MASS * ARM_CENTRE**2 + ARM_INERTIA + (HAND_MASS + FINGER_MASS) * LINK**2 + _LAST


def step(body: Body, action: Action, scale: Scale) -> Body:
    """Semi-implicit Euler, the damping implicit."""
    arm, wrist, arm_spin, wrist_spin, *target = body
    bulk = scale.mass * scale.length**2
    coupling = bulk * _COUPLING * jnp.sin(wrist)
    mixed = bulk * _COUPLING * jnp.cos(wrist)
    drag = TIMESTEP * DAMPING
    matrix = (
        bulk * _FIRST + 2 * mixed + drag,
        bulk * _LAST + mixed,
        bulk * _LAST + drag,
    )
    arm_push, wrist_push = solved(
        matrix,
        (
            TORQUE * action[0]
            + coupling * (2 * arm_spin * wrist_spin + wrist_spin**2)
            - DAMPING * arm_spin,
            TORQUE * action[1] - coupling * arm_spin**2 - DAMPING * wrist_spin,
        ),
    )
    arm_spin, wrist_spin = arm_spin + TIMESTEP * arm_push, wrist_spin + TIMESTEP * wrist_push
    wrist, wrist_spin = held(wrist + TIMESTEP * wrist_spin, wrist_spin, BENT)
    return (arm + TIMESTEP * arm_spin, wrist, arm_spin, wrist_spin, *target)


def to_target(body: Body, scale: Scale) -> tuple[Scalar, Scalar]:
    """From the finger to the target, m."""
    arm, wrist, _, _, target_x, target_y = body
    link = LINK * scale.length
    return (
        target_x - link * (jnp.cos(arm) + jnp.cos(arm + wrist)),
        target_y - link * (jnp.sin(arm) + jnp.sin(arm + wrist)),
    )


def observe(body: Body, scale: Scale) -> Body:
    """Angles, the way from the finger to the target, and spins."""
    arm, wrist, arm_spin, wrist_spin, *_ = body
    return (arm, wrist, *to_target(body, scale), arm_spin, wrist_spin)


def start(key: PRNGKeyArray, scale: Scale) -> Body:
    """Anywhere, at rest; the target somewhere within reach."""
    arm_key, wrist_key, radius_key, angle_key = jax.random.split(key, 4)
    arm = jax.random.uniform(arm_key, minval=-jnp.pi, maxval=jnp.pi)
    wrist = jax.random.uniform(wrist_key, minval=-BENT, maxval=BENT)
    radius = scale.length * jax.random.uniform(radius_key, minval=NEAREST, maxval=FARTHEST)
    angle = jax.random.uniform(angle_key, maxval=2 * jnp.pi)
    still = jnp.zeros(())
    return arm, wrist, still, still, radius * jnp.sin(angle), radius * jnp.cos(angle)


def reward(before: Body, action: Action, after: Body, scale: Scale, target: float) -> Scalar:
    """1 where the finger touches the target, whose radius is in m."""
    del before, action
    return tolerance(jnp.hypot(*to_target(after, scale)), 0.0, target + FINGER)


EASY: Final = Task(
    family="reacher",
    body=("arm", "wrist", "arm spin", "wrist spin", "target x", "target y"),
    sees={
        "arm": 1.0, "wrist": 1.0, "to target x": 1.0, "to target y": 1.0,
        "arm spin": 0.99, "wrist spin": 1.94,
    },
    num_actions=2,
    start=start,
    step=step,
    observe=observe,
    reward=functools.partial(reward, target=EASY_TARGET),
    target=EASY_TARGET,
)  # fmt: skip
HARD: Final = dataclasses.replace(
    EASY,
    reward=functools.partial(reward, target=HARD_TARGET),
    target=HARD_TARGET,
)
