"""A ball on a string from a cup that two motors move: to be swung up and caught.

Places in m, x to the right and z upwards; speeds in m/s. The place of the cup is from where its
springs are slack, that of the ball from 0.4 m below there. Source: in-context-rl.md 4.4 (f);
ground and friction: dm_control 1.0.50, ball_in_cup.xml.
"""

import itertools
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from envs.control.task import Action, Body, Scalar, Scale, Task
from envs.control.tolerance import tolerance
from envs.core import FloatLike

TIMESTEP: Final = 0.002  # s
NUM_SUBSTEPS: Final = 10  # of a control step
GRAVITY: Final = 9.81  # m/s^2
CUP_MASS: Final = 0.0651529  # kg
BALL_MASS: Final = 0.0654498
STIFFNESS: Final = 20.0  # N/m, of the springs that hold the cup
DAMPING: Final = 3.0  # N s/m
FORCE: Final = 5.0  # N, of an action of 1
BALL: Final = 0.025  # m, radius
WALL: Final = 0.008  # m, radius of the bars that the cup is made of
CORNERS: Final = (
    (-0.05, 0.0), (-0.05, -0.075), (-0.025, -0.1), (0.025, -0.1), (0.05, -0.075), (0.05, 0.0),
)  # fmt: skip
"""Where the bars begin and end, (x, z) from the cup."""
KNOT: Final = (0.0, -0.108)  # (x, z) from the cup, where the string is tied
STRING: Final = 0.3  # m from the knot to the middle of the ball, at most
HEIGHT: Final = 0.6  # m, of the cup above the ground while its springs are slack
DROP: Final = 0.4  # m, the ball's 0 below the cup's
TARGET: Final = (0.0, -0.05)  # (x, z) from the cup, the middle of a square
TARGET_SIDE: Final = 0.1  # m; the whole ball is to be inside
START_X: Final = (-0.2, 0.2)
START_Z: Final = (0.2, 0.5)

# Deviation: dm_control draws again until the ball touches nothing, without an end. One place in
# six touches the cup, so that one start in 10**12 finds none among so many.
NUM_DRAWS: Final = 16

# Deviation: contacts are critically damped springs and the string is stopped at once, because
# MuJoCo's soft constraints need its solver. At this rate a ball gets 1 mm deep for each m/s of its
# speed, of a radius of 25 mm, and comes back with a twelfth of that speed at most.
CONTACT_RATE: Final = 300.0  # 1/s, of ball and cup against each other; below 1 / `TIMESTEP`
FRICTION: Final = 1.0  # sideways force, of the force that presses, at most
SMALLEST: Final = 1e-6  # m, a distance that may be divided by
_RESISTANCE: Final = 2 * CONTACT_RATE + TIMESTEP * CONTACT_RATE**2  # 1/s

Vector = tuple[Scalar, Scalar]  # (x, z)
UP: Final = (0.0, 1.0)


def step(body: Body, action: Action, scale: Scale) -> Body:
    """Semi-implicit Euler in small steps, the damping and the contacts implicit."""
    after: Body = jax.lax.fori_loop(
        0, NUM_SUBSTEPS, lambda _, now: _moved(now, action, scale), tuple(body)
    )
    return after


def _moved(body: Body, action: Action, scale: Scale) -> Body:
    """The body a small step later."""
    cup_x, cup_z, ball_x, ball_z, cup_speed_x, cup_speed_z, ball_speed_x, ball_speed_z = body
    cup_mass, ball_mass, length = CUP_MASS * scale.mass, BALL_MASS * scale.mass, scale.length
    inertia = cup_mass + TIMESTEP * DAMPING  # that a push has to overcome within the step

    def hung(place: Scalar, speed: Scalar, force: Scalar) -> Scalar:
        return speed + TIMESTEP * (force - STIFFNESS * place - DAMPING * speed) / inertia

    cup_speed_x = hung(cup_x, cup_speed_x, FORCE * action[0])
    cup_speed_z = hung(cup_z, cup_speed_z, FORCE * action[1] - GRAVITY * cup_mass)
    above = ball_z + (HEIGHT - DROP) * length
    ball_speed_x, ball_speed_z = after_contact(
        (ball_speed_x, ball_speed_z - TIMESTEP * GRAVITY), UP, BALL * length - above
    )
    # the cup sees the ball come, in its own lengths; what it and the string then do is shared
    offset = offset_of(body, scale)
    coming_x = (ball_speed_x - cup_speed_x) / length
    coming_z = (ball_speed_z - cup_speed_z) / length
    kept_x, kept_z = on_string(off_walls((coming_x, coming_z), offset), offset)
    push_x, push_z = length * (kept_x - coming_x), length * (kept_z - coming_z)
    share = inertia / (inertia + ball_mass)  # of a push, that the ball feels
    ball_speed_x, ball_speed_z = ball_speed_x + share * push_x, ball_speed_z + share * push_z
    cup_speed_x -= (1 - share) * push_x
    cup_speed_z -= (1 - share) * push_z
    return (
        cup_x + TIMESTEP * cup_speed_x,
        cup_z + TIMESTEP * cup_speed_z,
        ball_x + TIMESTEP * ball_speed_x,
        ball_z + TIMESTEP * ball_speed_z,
        cup_speed_x,
        cup_speed_z,
        ball_speed_x,
        ball_speed_z,
    )


def offset_of(body: Body, scale: Scale) -> tuple[Scalar, Scalar]:
    """(x, z) of the ball from the cup, in m of a cup of the published size."""
    cup_x, cup_z, ball_x, ball_z, *_ = body
    return (ball_x - cup_x) / scale.length, (ball_z - cup_z) / scale.length - DROP


def after_contact(speed: Vector, normal: tuple[FloatLike, FloatLike], depth: Scalar) -> Vector:
    """Speed of the ball, as seen from what it may touch, a small step later.

    The spring acts where they would overlap after the step, so that a fast ball meets it in time.

    Args:
        speed: Before the step, m/s.
        normal: Of length 1, out of the thing towards the ball.
        depth: How deep they overlap, m; negative where there is a gap.
    """
    closing = -(speed[0] * normal[0] + speed[1] * normal[1])
    sideways = speed[0] * normal[1] - speed[1] * normal[0]
    spring = CONTACT_RATE**2 * depth + _RESISTANCE * closing  # m/s^2
    is_met = depth + TIMESTEP * closing > 0
    gain = TIMESTEP * spring / (1 + TIMESTEP * _RESISTANCE)
    away = jnp.where(is_met, jnp.maximum(gain, 0.0), 0.0)
    grip = jnp.clip(-sideways, -FRICTION * away, FRICTION * away)
    return (
        speed[0] + away * normal[0] + grip * normal[1],
        speed[1] + away * normal[1] - grip * normal[0],
    )


def off_walls(speed: Vector, offset: Vector) -> Vector:
    """Speed of the ball, as seen from the cup, after one bar after the other has pushed it."""
    for normal, depth in walls(offset):
        speed = after_contact(speed, normal, depth)
    return speed


def walls(offset: Vector) -> list[tuple[Vector, Scalar]]:
    """Of each bar, the normal and the depth that `after_contact` takes."""
    near = []
    for (x, z), (end_x, end_z) in itertools.pairwise(CORNERS):
        bar_x, bar_z = end_x - x, end_z - z
        to_x, to_z = offset[0] - x, offset[1] - z
        along = (to_x * bar_x + to_z * bar_z) / (bar_x**2 + bar_z**2)
        along = jnp.clip(along, 0.0, 1.0)
        to_x, to_z = to_x - along * bar_x, to_z - along * bar_z
        distance = jnp.maximum(jnp.hypot(to_x, to_z), SMALLEST)
        near.append(((to_x / distance, to_z / distance), BALL + WALL - distance))
    return near


def on_string(speed: Vector, offset: Vector) -> Vector:
    """Speed of the ball, as seen from the cup, that leaves it within the string's reach.

    What would stretch the string is lost.
    """
    to_x, to_z = offset[0] - KNOT[0], offset[1] - KNOT[1]
    distance = jnp.maximum(jnp.hypot(to_x, to_z), SMALLEST)
    to_x, to_z = to_x / distance, to_z / distance
    fastest = (STRING - distance) / TIMESTEP
    excess = jnp.maximum(speed[0] * to_x + speed[1] * to_z - fastest, 0.0)
    return speed[0] - excess * to_x, speed[1] - excess * to_z


def observe(body: Body, scale: Scale) -> Body:
    """Places and speeds of both."""
    del scale
    return body


def start(key: PRNGKeyArray, scale: Scale) -> Body:
    """At rest: the cup where its springs are slack, the ball about it, but not in its bars."""
    x_key, z_key = jax.random.split(key)
    x = jax.random.uniform(x_key, (NUM_DRAWS,), minval=START_X[0], maxval=START_X[1])
    z = jax.random.uniform(z_key, (NUM_DRAWS,), minval=START_Z[0], maxval=START_Z[1])
    first = jnp.argmax(jax.vmap(is_free)(x, z - DROP))
    still = jnp.zeros(())
    return (still, still, scale.length * x[first], scale.length * z[first], *(still,) * 4)


def is_free(x: Scalar, z: Scalar) -> Bool[Array, ""]:
    """Whether a ball at (x, z) from a cup of the published size touches none of its bars."""
    depths = [depth for _, depth in walls((x, z))]
    return jnp.stack(depths).max() < 0


def reward(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """1 while the whole ball is in the target, which is the inside of the cup."""
    del before, action
    x, z = offset_of(after, scale)
    room = TARGET_SIDE / 2 - BALL
    return tolerance(x - TARGET[0], -room, room) * tolerance(z - TARGET[1], -room, room)


CATCH: Final = Task(
    family="ball_in_cup",
    body=(
        "cup x", "cup z", "ball x", "ball z",
        "cup speed x", "cup speed z", "ball speed x", "ball speed z",
    ),
    sees={
        "cup x": 1.0, "cup z": 1.0, "ball x": 1.0, "ball z": 1.0,
        "cup speed x": 0.59, "cup speed z": 0.52, "ball speed x": 0.58, "ball speed z": 0.51,
    },
    num_actions=2,
    start=start,
    step=step,
    observe=observe,
    reward=reward,
)  # fmt: skip
