"""Cart-pole and pendulum as in Gymnasium's classic control; games of memory hide parts of them.

Source: Gymnasium 1.3, CartPole-v1 and Pendulum-v1; in-context-rl.md 3.1.
"""

from typing import Final, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Number = Float[Array, "*batch"]

GRAVITY: Final = 9.8  # m/s^2, of the cart-pole
CART_MASS: Final = 1.0  # kg
POLE_MASS: Final = 0.1  # kg
POLE_HALF_LENGTH: Final = 0.5  # m
CART_TIMESTEP: Final = 0.02  # s
CART_FORCE: Final = 10.0  # N, to either side
CART_TRACK: Final = 2.4  # m, |x| beyond it is a failure
CART_TILT: Final = 0.20943951023931953  # rad, 12 degrees; |theta| beyond it is a failure

PENDULUM_SPEED: Final = 8.0  # rad/s at most
PENDULUM_TORQUE: Final = 2.0  # N m at most
PENDULUM_TIMESTEP: Final = 0.05  # s
PENDULUM_WORST: Final = 16.2736044  # pi**2 + 0.1 * 8**2 + 0.001 * 2**2: the largest cost of a step


class Cart(NamedTuple):
    """A pole on a cart; any batch axes, alike in all four."""

    position: Number  # m, 0 in the middle
    velocity: Number  # m/s
    angle: Number  # rad, 0 upright
    spin: Number  # rad/s


def push(cart: Cart, force: Number) -> Cart:
    """One explicit Euler step of 0.02 s under a force in N; places follow the old velocities."""
    total = CART_MASS + POLE_MASS
    moment = POLE_MASS * POLE_HALF_LENGTH
    sine, cosine = jnp.sin(cart.angle), jnp.cos(cart.angle)
    drive = (force + moment * cart.spin**2 * sine) / total
    lever = POLE_HALF_LENGTH * (4 / 3 - POLE_MASS * cosine**2 / total)
    spin_up = (GRAVITY * sine - cosine * drive) / lever
    speed_up = drive - moment * spin_up * cosine / total
    return Cart(
        cart.position + CART_TIMESTEP * cart.velocity,
        cart.velocity + CART_TIMESTEP * speed_up,
        cart.angle + CART_TIMESTEP * cart.spin,
        cart.spin + CART_TIMESTEP * spin_up,
    )


def has_fallen(cart: Cart) -> Array:
    """Whether the cart has left its track or the pole has tipped over."""
    return (jnp.abs(cart.position) > CART_TRACK) | (jnp.abs(cart.angle) > CART_TILT)


def wrapped(angle: Number) -> Number:
    """The same angle within -pi..pi."""
    # not by %, which takes half as long again as all the rest of a pendulum
    return angle - 2 * jnp.pi * jnp.floor((angle + jnp.pi) * (1 / (2 * jnp.pi)))


def swing(angle: Number, spin: Number, torque: Number) -> tuple[Number, Number]:
    """Angle (0 upright) and angular velocity of the pendulum 0.05 s later.

    Args:
        angle: rad.
        spin: rad/s, within -8..8.
        torque: N m, within -2..2.
    """
    faster = spin + (15 * jnp.sin(angle) + 3 * torque) * PENDULUM_TIMESTEP
    spin = jnp.clip(faster, -PENDULUM_SPEED, PENDULUM_SPEED)
    return angle + spin * PENDULUM_TIMESTEP, spin


def swing_cost(angle: Number, spin: Number, torque: Number) -> Number:
    """What a step from there costs, 0..16.2736044; the reward of Pendulum-v1 is its negative."""
    return wrapped(angle) ** 2 + 0.1 * spin**2 + 0.001 * torque**2
