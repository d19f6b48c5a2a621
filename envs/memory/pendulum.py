"""The pendulum whose speed is not seen."""

import math
from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box
from jaxtyping import Array, Float32, PRNGKeyArray
from typing_extensions import override

from envs.classic import PENDULUM_TORQUE, PENDULUM_WORST, swing, swing_cost
from envs.classic_pictures import draw_pendulum
from envs.core import Frame, pytree
from envs.memory.cartpole import Pair, drawn_error
from envs.memory.game import Flag, Game, Number, never
from envs.memory.params import PendulumParams

SPREAD: Final = 1.0  # of the angular velocity at the start, rad/s to either side


@pytree
class PendulumState:
    """Angle and angular velocity, and what is seen of the angle."""

    angle: Float32[Array, ""]  # rad, 0 upright
    spin: Float32[Array, ""]  # rad/s
    error: Pair  # what is added to cosine and sine
    time: Number  # steps since the reset


class Pendulum(Game[PendulumState, PendulumParams]):
    """Swing a pendulum up, seeing where it is but not how fast it goes.

    Source: in-context-rl.md 3.1.
    """

    state_class = PendulumState

    @override
    def initial(self, key: PRNGKeyArray, params: PendulumParams) -> PendulumState:
        place_key, error_key = jax.random.split(key)
        angle, spin = jax.random.uniform(place_key, (2,), jnp.float32, -1.0, 1.0)
        return PendulumState(
            angle=math.pi * angle,
            spin=SPREAD * spin,
            error=drawn_error(error_key, params.noise),
            time=jnp.int32(0),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: PendulumState, action: Any, params: PendulumParams
    ) -> PendulumState:
        angle, spin = swing(state.angle, state.spin, _torque(action))
        error = drawn_error(key, params.noise)
        return PendulumState(angle=angle, spin=spin, error=error, time=state.time + 1)

    @override
    def observe(self, state: PendulumState, params: PendulumParams) -> Array:
        return jnp.stack([jnp.cos(state.angle), jnp.sin(state.angle)]) + state.error

    @override
    def reward(
        self, state: PendulumState, action: Any, next_state: PendulumState, params: PendulumParams
    ) -> Float32[Array, ""]:
        cost = swing_cost(state.angle, state.spin, _torque(action))
        worth = 1.0 - cost * (2 / PENDULUM_WORST)
        return worth * (1.0 / jnp.asarray(params.max_steps, jnp.float32))

    @override
    def terminated(self, state: PendulumState, params: PendulumParams) -> Flag:
        return state.time >= params.max_steps if params.compat else never()

    @override
    def truncated(self, state: PendulumState, params: PendulumParams) -> Flag:
        return never() if params.compat else state.time >= params.max_steps

    @override
    def observation_space(self, params: PendulumParams) -> gymnasium.Space[Any]:
        limit = np.inf if params.noise else 1.0
        return Box(-limit, limit, (2,), np.float32)

    @override
    def action_space(self, params: PendulumParams) -> gymnasium.Space[Any]:
        return Box(-PENDULUM_TORQUE, PENDULUM_TORQUE, (1,), np.float32)

    @override
    def info(self, state: PendulumState, params: PendulumParams) -> dict[str, Any]:
        """Diagnostics: `angle` and `spin`, without noise."""
        return {"angle": state.angle, "spin": state.spin}

    @override
    def render(self, state: PendulumState, params: PendulumParams, size: tuple[int, int]) -> Frame:
        words = f"{int(state.time)} of {int(params.max_steps)} steps"
        level = 1 - int(state.time) / int(params.max_steps)
        return draw_pendulum(float(state.angle), words, level, size)

    @override
    def text(self, state: PendulumState, params: PendulumParams) -> str:
        return f"angle {float(state.angle):+.3f}\nspin {float(state.spin):+.3f}"

    @override
    def keys(self) -> dict[str, int]:
        return {"left": int(PENDULUM_TORQUE), "right": -int(PENDULUM_TORQUE)}


def _torque(action: Any) -> Float32[Array, ""]:
    """An action, or the number that a key stands for, as a torque within its limits."""
    torque = jnp.asarray(action, jnp.float32).reshape(())
    return jnp.clip(torque, -PENDULUM_TORQUE, PENDULUM_TORQUE)
