"""A finger of two links that strikes a free body, to spin it or to turn it to a target.

Angles in rad; places in m from the hinge of the body, x to the right and z upwards. Source:
in-context-rl.md 4.4 (g); dm_control 1.0.50, finger.xml and finger.py.
"""

import dataclasses
import functools
import math
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from envs.control.mjx.engine import advanced, load_engine
from envs.control.task import Action, Body, Scalar, Scale, Task

NUM_SUBSTEPS: Final = 2  # of 0.01 s
BENT: Final = math.radians(110)  # either joint of the finger, at most
SHOULDER: Final = -0.4  # m, x of the first joint of the finger
ELBOW: Final = 0.18  # m along the first link, where the second joint is
UPPER: Final = (0.0, 0.17)  # m along the first link, where its round bar begins and ends
TIP: Final = (0.13, 0.161)  # m along the second link
BAR: Final = 0.03  # m, radius of the finger's bars
CAPS: Final = (0.02, -0.02)  # m, x of the two bars of the body
CAP: Final = 0.04  # m, radius
CAP_HALF: Final = 0.09  # m, half of their length without the round ends
REACH: Final = CAP_HALF + CAP  # m from the hinge to the tip of the body
FAST: Final = 15.0  # rad/s, backwards, that spinning is paid for
EASY_TARGET: Final = 0.07  # m, radius
HARD_TARGET: Final = 0.03
SPIN_DAMPING: Final = 0.03  # N m s/rad, of the hinge, while the body is to spin
TURN_DAMPING: Final = 0.5

# Deviation: dm_control draws again until nothing touches, 1000 times at most. One place in eleven
# touches, so that one start in 10**16 finds none among so many.
NUM_DRAWS: Final = 16

MODEL: Final = """
<mujoco>
  <option timestep="0.01" cone="elliptic" iterations="10" ls_iterations="10">
    <flag gravity="disable"/>
  </option>
  <default>
    <joint axis="0 -1 0" type="hinge"/>
    <geom type="capsule" solimp="0 0.9 0.01" contype="0" conaffinity="0"/>
    <default class="finger">
      <joint damping="2.5" limited="true" range="-110 110"/>
      <geom size=".03" contype="1"/>
      <site type="ellipsoid" size=".025 .03 .025"/>
    </default>
    <default class="cap">
      <geom size=".04 .09" conaffinity="1"/>
    </default>
  </default>
  <worldbody>
    <body pos="-.4 0 0" childclass="finger">
      <inertial pos="0 0 -.060555002714" mass=".8334519646267579"
        diaginertia=".003729899463 .003712162332 .000413292196"/>
      <joint name="proximal" ref="-90"/>
      <geom fromto="0 0 0 0 0 -.17"/>
      <body pos="0 0 -.18">
        <inertial pos="0 0 -.099145797374" mass=".6867814756061623"
          diaginertia=".002433338409 .002433338409 .000263473887"/>
        <joint name="distal"/>
        <geom fromto="0 0 -.13 0 0 -.161"/>
        <site name="top" pos=".01 0 -.17"/>
        <site name="bottom" pos="-.01 0 -.17"/>
      </body>
    </body>
    <body childclass="cap">
      <inertial pos="0 0 0" mass="2.4588198502096117"
        diaginertia=".01183100755 .012704265588 .002816731029"/>
      <joint name="hinge" frictionloss=".1" damping="{damping}"/>
      <geom pos=".02 0 0"/>
      <geom pos="-.02 0 0"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="proximal" gear="30"/>
    <motor joint="distal" gear="15"/>
  </actuator>
  <sensor>
    <touch site="top"/>
    <touch site="bottom"/>
  </sensor>
</mujoco>
"""

Spot = tuple[Scalar, Scalar]  # (x, z)


def step(body: Body, action: Action, scale: Scale, damping: float) -> Body:
    """Two small steps; `damping` is that of the hinge."""
    del scale
    model = MODEL.format(damping=damping)
    places, speeds, touch = advanced(
        model, NUM_SUBSTEPS, jnp.stack(body[:3]), jnp.stack(body[3:6]), jnp.stack(action)
    )
    return (*places, *speeds, *touch, *body[8:])


def body_tip(body: Body) -> Spot:
    """The tip of the free body."""
    return -REACH * jnp.sin(body[2]), REACH * jnp.cos(body[2])


def observe_spin(body: Body, scale: Scale) -> Body:
    """Both joints, the tip of the body, all three spins, and logarithms of touch."""
    del scale
    touch = (jnp.log1p(force) for force in body[6:8])
    return (*body[:2], *body_tip(body), *body[3:6], *touch)


def observe_turn(body: Body, scale: Scale, target: float) -> Body:
    """Also the target, and how far from its edge the tip of the body is."""
    return (*observe_spin(body, scale), *body[8:], from_target(body, target))


def from_target(body: Body, target: float) -> Scalar:
    """How far the tip of the body is from the edge of the target, m; negative inside."""
    tip_x, tip_z = body_tip(body)
    return jnp.hypot(body[8] - tip_x, body[9] - tip_z) - target


def start_spin(key: PRNGKeyArray, scale: Scale) -> Body:
    """Anywhere, at rest, where nothing touches."""
    del scale
    bend_key, hinge_key = jax.random.split(key)
    bends = jax.random.uniform(bend_key, (NUM_DRAWS, 2), minval=-BENT, maxval=BENT)
    hinges = jax.random.uniform(hinge_key, (NUM_DRAWS,), minval=-jnp.pi, maxval=jnp.pi)
    first = jnp.argmax(jax.vmap(is_free)(bends[:, 0], bends[:, 1], hinges))
    still = jnp.zeros(())
    return (bends[first, 0], bends[first, 1], hinges[first], *(still,) * 5)


def start_turn(key: PRNGKeyArray, scale: Scale) -> Body:
    """Also draws the target, anywhere that the tip of the body can be."""
    spin_key, target_key = jax.random.split(key)
    angle = jax.random.uniform(target_key, minval=-jnp.pi, maxval=jnp.pi)
    target = REACH * jnp.sin(angle), REACH * jnp.cos(angle)
    return start_spin(spin_key, scale) + target


def is_free(proximal: Scalar, distal: Scalar, hinge: Scalar) -> Bool[Array, ""]:
    """Whether the finger and the body are apart."""
    bars = finger_bars(proximal, distal)
    apart = [_apart(bar, cap) for bar in bars for cap in body_bars(hinge)]
    return jnp.stack(apart).min() > BAR + CAP


def finger_bars(proximal: Scalar, distal: Scalar) -> tuple[tuple[Spot, Spot], tuple[Spot, Spot]]:
    """Ends of the middle lines of both links, as far as they can touch the body."""
    upper = proximal + math.pi / 2  # from hanging down, towards +x
    lower = upper + distal
    shoulder = jnp.full((), SHOULDER), jnp.zeros(())
    elbow = _along(shoulder, upper, ELBOW)
    return (
        (_along(shoulder, upper, UPPER[0]), _along(shoulder, upper, UPPER[1])),
        (_along(elbow, lower, TIP[0]), _along(elbow, lower, TIP[1])),
    )


def body_bars(hinge: Scalar) -> list[tuple[Spot, Spot]]:
    """Ends of the middle lines of the two bars of the body."""
    sine, cosine = jnp.sin(hinge), jnp.cos(hinge)
    ends = [
        [(x * cosine - z * sine, x * sine + z * cosine) for z in (-CAP_HALF, CAP_HALF)]
        for x in CAPS
    ]
    return [(low, high) for low, high in ends]


def _along(spot: Spot, angle: Scalar, length: float) -> Spot:
    """A spot further along a link that is turned by an angle from hanging down."""
    return spot[0] + length * jnp.sin(angle), spot[1] - length * jnp.cos(angle)


def _apart(first: tuple[Spot, Spot], second: tuple[Spot, Spot]) -> Scalar:
    """Distance of two straight lines; 0 where they cross."""
    to_ends = [
        _from_line(spot, line)
        for line, spots in ((first, second), (second, first))
        for spot in spots
    ]
    crosses = (_side(first, second[0]) * _side(first, second[1]) < 0) & (
        _side(second, first[0]) * _side(second, first[1]) < 0
    )
    return jnp.where(crosses, 0.0, jnp.stack(to_ends).min())


def _side(line: tuple[Spot, Spot], spot: Spot) -> Scalar:
    """Positive to the left of a line, negative to its right."""
    (x, z), (end_x, end_z) = line
    return (end_x - x) * (spot[1] - z) - (end_z - z) * (spot[0] - x)


def _from_line(spot: Spot, line: tuple[Spot, Spot]) -> Scalar:
    (x, z), (end_x, end_z) = line
    along_x, along_z = end_x - x, end_z - z
    share = ((spot[0] - x) * along_x + (spot[1] - z) * along_z) / (along_x**2 + along_z**2)
    share = jnp.clip(share, 0.0, 1.0)
    return jnp.hypot(spot[0] - x - share * along_x, spot[1] - z - share * along_z)


def reward_spin(before: Body, action: Action, after: Body, scale: Scale) -> Scalar:
    """1 while the body spins backwards fast enough."""
    del before, action, scale
    return jnp.where(after[5] <= -FAST, 1.0, 0.0)


def reward_turn(before: Body, action: Action, after: Body, scale: Scale, target: float) -> Scalar:
    """1 while the tip of the body is in the target."""
    del before, action, scale
    return jnp.where(from_target(after, target) <= 0, 1.0, 0.0)


SPIN: Final = Task(
    family="finger",
    body=(
        "proximal", "distal", "hinge", "proximal spin", "distal spin", "hinge spin",
        "touch top", "touch bottom",
    ),
    sees={
        "proximal": 1.0, "distal": 1.0, "tip x": 1.0, "tip z": 1.0,
        "proximal spin": 4.4, "distal spin": 3.3, "hinge spin": 1.4,
        "log touch top": 1.0, "log touch bottom": 1.0,
    },
    num_actions=2,
    start=start_spin,
    step=functools.partial(step, damping=SPIN_DAMPING),
    observe=observe_spin,
    reward=reward_spin,
    is_scalable=False,
    needs=load_engine,
)  # fmt: skip
TURN_EASY: Final = dataclasses.replace(
    SPIN,
    body=(*SPIN.body, "target x", "target z"),
    sees={**SPIN.sees, "hinge spin": 0.64, "target x": 1.0, "target z": 1.0, "from target": 1.0},
    start=start_turn,
    step=functools.partial(step, damping=TURN_DAMPING),
    observe=functools.partial(observe_turn, target=EASY_TARGET),
    reward=functools.partial(reward_turn, target=EASY_TARGET),
    target=EASY_TARGET,
)
TURN_HARD: Final = dataclasses.replace(
    TURN_EASY,
    observe=functools.partial(observe_turn, target=HARD_TARGET),
    reward=functools.partial(reward_turn, target=HARD_TARGET),
    target=HARD_TARGET,
)
