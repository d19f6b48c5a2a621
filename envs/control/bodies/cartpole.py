"""A pole on a cart on a rail, to be balanced or swung up first.

Places in m, angles in rad from upright, positive towards +x. Source: in-context-rl.md 4.4 (b).
"""

import dataclasses
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from envs.control.mechanics import held, runge_kutta, solved
from envs.control.task import Action, Body, Scalar, Scale, Task
from envs.control.tolerance import tolerance

TIMESTEP: Final = 0.01  # s
GRAVITY: Final = 9.81  # m/s^2
CART_MASS: Final = 1.0  # kg
POLE_MASS: Final = 0.1  # kg
CENTRE: Final = 0.5  # m from the hinge to the middle of the pole
INERTIA: Final = 0.009424592767  # kg m^2, of the pole about its middle
FORCE: Final = 10.0  # N, of an action of 1
CART_DAMPING: Final = 5e-4  # N s/m
POLE_DAMPING: Final = 2e-6  # N m s/rad
RAIL: Final = 1.8  # m, |x| at most
NEAR: Final = 0.25  # m from the middle, of the sparse tasks
UPRIGHT: Final = 0.995  # least cosine, of the sparse tasks


def step(body: Body, action: Action, scale: Scale) -> Body:
    """Runge-Kutta of fourth order."""
    force = FORCE * action[0]
    total = (CART_MASS + POLE_MASS) * scale.mass
    lever = POLE_MASS * CENTRE * scale.mass * scale.length
    inertia = (POLE_MASS * CENTRE**2 + INERTIA) * scale.mass * scale.length**2

    def accelerations(places: Body, speeds: Body) -> Body:
        (_, angle), (speed, spin) = places, speeds
        sine, cosine = jnp.sin(angle), jnp.cos(angle)
        push = force - CART_DAMPING * speed + lever * sine * spin**2
        return solved(
            (total, lever * cosine, inertia),
            (push, GRAVITY * lever * sine - POLE_DAMPING * spin),
        )

    (place, angle), (speed, spin) = runge_kutta(accelerations, body[:2], body[2:], TIMESTEP)
    place, speed = held(place, speed, RAIL)
    return place, angle, speed, spin


def observe(body: Body, scale: Scale) -> Body:
    """Place, cosine and sine of the angle, speed and spin."""
    del scale
    place, angle, speed, spin = body
    return place, jnp.cos(angle), jnp.sin(angle), speed, spin


def start_upright(key: PRNGKeyArray, scale: Scale) -> Body:
    """Near the middle, the pole nearly upright and nearly at rest."""
    del scale
    place_key, angle_key, speed_key = jax.random.split(key, 3)
    place = jax.random.uniform(place_key, minval=-0.1, maxval=0.1)
    angle = jax.random.uniform(angle_key, minval=-0.034, maxval=0.034)
    speed, spin = 0.01 * jax.random.normal(speed_key, (2,))
    return place, angle, speed, spin


def start_hanging(key: PRNGKeyArray, scale: Scale) -> Body:
    """In the middle, the pole hanging nearly at rest."""
    del scale
    place, angle, speed, spin = 0.01 * jax.random.normal(key, (4,))
    return place, jnp.pi + angle, speed, spin


def smooth_reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """In 0..1: upright, central, slow, and with little force."""
    del before, scale
    place, angle, _, spin = after
    is_upright = (jnp.cos(angle) + 1) / 2
    is_central = (1 + tolerance(place, margin=2.0)) / 2
    little = tolerance(action[0], margin=1.0, value_at_margin=0.0, sigmoid="quadratic")
    is_slow = (1 + tolerance(spin, margin=5.0)) / 2
    return is_upright * is_central * (4 + little) / 5 * is_slow


def sparse_reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """1 while the cart is near the middle and the pole upright."""
    del before, action, scale
    place, angle, *_ = after
    return tolerance(place, -NEAR, NEAR) * tolerance(jnp.cos(angle), UPRIGHT, 1.0)


BALANCE: Final = Task(
    family="cartpole",
    body=("place", "angle", "speed", "spin"),
    sees={"place": 1.0, "cos angle": 1.0, "sin angle": 1.0, "speed": 0.66, "spin": 4.8},
    num_actions=1,
    start=start_upright,
    step=step,
    observe=observe,
    reward=smooth_reward,
)
BALANCE_SPARSE: Final = dataclasses.replace(BALANCE, reward=sparse_reward)
SWINGUP: Final = dataclasses.replace(
    BALANCE, start=start_hanging, sees={**BALANCE.sees, "speed": 0.64, "spin": 1.2}
)
SWINGUP_SPARSE: Final = dataclasses.replace(SWINGUP, reward=sparse_reward)
