"""The ball and the cup of `envs.control.bodies.ball_in_cup`, with MuJoCo's string and contacts.

Source: in-context-rl.md 4.4 (f); dm_control 1.0.50, ball_in_cup.xml.
"""

import dataclasses
from typing import Final

import jax.numpy as jnp

from envs.control.bodies import ball_in_cup
from envs.control.mjx.engine import advanced, load_engine
from envs.control.task import Action, Body, Scale, Task

NUM_SUBSTEPS: Final = 10  # of 0.002 s

MODEL: Final = """
<mujoco>
  <option timestep="0.002" iterations="10" ls_iterations="10"/>
  <default>
    <joint type="slide"/>
    <geom contype="0" conaffinity="0"/>
    <default class="cup">
      <joint damping="3" stiffness="20"/>
      <geom type="capsule" size=".008" contype="1"/>
    </default>
  </default>
  <worldbody>
    <geom type="plane" size="1 1 1" contype="1"/>
    <body pos="0 0 .6" childclass="cup">
      <inertial pos="0 0 0" mass=".06515291429230928" diaginertia="1e-4 1e-4 1e-4"/>
      <joint name="cup_x" axis="1 0 0"/>
      <joint name="cup_z" axis="0 0 1"/>
      <geom fromto="-.05 0 0 -.05 0 -.075"/>
      <geom fromto="-.05 0 -.075 -.025 0 -.1"/>
      <geom fromto="-.025 0 -.1 .025 0 -.1"/>
      <geom fromto=".025 0 -.1 .05 0 -.075"/>
      <geom fromto=".05 0 -.075 .05 0 0"/>
      <site name="knot" pos="0 0 -.108"/>
    </body>
    <body pos="0 0 .2">
      <inertial pos="0 0 0" mass=".06544984694978737" diaginertia="1e-5 1e-5 1e-5"/>
      <joint axis="1 0 0"/>
      <joint axis="0 0 1"/>
      <geom type="sphere" size=".025" conaffinity="1"/>
      <site name="ball"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="cup_x" gear="5"/>
    <motor joint="cup_z" gear="5"/>
  </actuator>
  <tendon>
    <spatial limited="true" range="0 .3">
      <site site="ball"/>
      <site site="knot"/>
    </spatial>
  </tendon>
</mujoco>
"""


def step(body: Body, action: Action, scale: Scale) -> Body:
    """Ten small steps."""
    del scale
    places, speeds, _ = advanced(
        MODEL, NUM_SUBSTEPS, jnp.stack(body[:4]), jnp.stack(body[4:]), jnp.stack(action)
    )
    return (*places, *speeds)


CATCH: Final[Task] = dataclasses.replace(
    ball_in_cup.CATCH, step=step, is_scalable=False, needs=load_engine
)
