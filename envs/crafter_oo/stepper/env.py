"""Crafter-OO for thousands of worlds: the stepper behind the interface of all worlds."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
from gymnasium.spaces import Discrete
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import Frame, FunctionalEnv, IntLike
from envs.crafter_oo.observe import space
from envs.crafter_oo.render import render
from envs.crafter_oo.stepper.convert import from_arrays
from envs.crafter_oo.stepper.engine import transition
from envs.crafter_oo.stepper.observe import observe
from envs.crafter_oo.stepper.state import AnyArray, StepperParams, StepperState
from envs.crafter_oo.stepper.worldgen import initial_state
from envs.crafter_oo.tables import Action
from envs.crafter_oo.text import describe


class CrafterStepper(FunctionalEnv[StepperState, StepperParams, Any]):
    """The world of `envs.crafter_oo.env.CrafterOO`, as functions to be jitted and vmapped.

    The random numbers of a life are `KeyedDraws` of a key that lies in the state, so transitions
    ignore theirs. An action outside 0..16 is a noop.
    """

    @override
    def initial(self, key: PRNGKeyArray, params: StepperParams) -> StepperState:
        return initial_state(jax.random.bits(key, (2,), jnp.uint32), params)

    @override
    def transition(
        self,
        key: PRNGKeyArray,
        state: StepperState,
        action: IntLike,
        params: StepperParams,
    ) -> StepperState:
        del key  # the state has its own
        return transition(state, action, params)

    @override
    def observe(self, state: StepperState, params: StepperParams) -> Any:
        return observe(state, params)

    @override
    def reward(
        self,
        state: StepperState,
        action: IntLike,
        next_state: StepperState,
        params: StepperParams,
    ) -> Float32[Array, ""]:
        """A tenth of the change in health, and 1 if anything was achieved for the first time."""
        del action, params
        healed = next_state.objects.health[0] - state.objects.health[0]
        is_new = ((next_state.achievements > 0) & (state.achievements == 0)).any()
        tenths = healed.astype(jnp.int32) + jnp.where(is_new, 10, 0)
        return tenths.astype(jnp.float32) / 10

    @override
    def terminated(self, state: StepperState, params: StepperParams) -> Bool[Array, ""]:
        return state.objects.health[0] <= 0

    @override
    def truncated(self, state: StepperState, params: StepperParams) -> Bool[Array, ""]:
        length = params.world.length
        return state.step_count >= length if length else jnp.zeros((), jnp.bool_)

    @override
    def observation_space(self, params: StepperParams) -> gymnasium.Space[Any]:
        return space(params.world)

    @override
    def action_space(self, params: StepperParams) -> gymnasium.Space[Any]:
        return Discrete(len(Action))

    @override
    def info(self, state: StepperState, params: StepperParams) -> dict[str, Any]:
        """Diagnostics of one world.

        | key | type, shape | meaning |
        |---|---|---|
        | `achievements` | int32 (22,) | how often each was reached, see `ACHIEVEMENTS` |
        | `score` | float32 | Crafter's score, in percent, of this one life so far |
        | `inventory` | int32 (16,) | counts in the order of `ITEMS` |
        | `player_pos` | int32 (2,) | x, y |
        | `discount` | float32 | 0 when dead, else 1 |
        | `overflow` | int32 | objects that were refused because no slot was left; should be 0 |
        """
        objects = state.objects
        place = jnp.stack([objects.x[0], objects.y[0]]).astype(jnp.int32)
        return {
            "achievements": state.achievements,
            "score": score(state.achievements),
            "inventory": state.inventory,
            "player_pos": place,
            "discount": (objects.health[0] > 0).astype(jnp.float32),
            "overflow": state.overflow,
        }

    @override
    def render(self, state: StepperState, params: StepperParams, size: tuple[int, int]) -> Frame:
        return render(from_arrays(state, params), size=size)

    @override
    def text(self, state: StepperState, params: StepperParams) -> str:
        return describe(from_arrays(state, params))


def score(achievements: Int32[AnyArray, " achievements"]) -> Float32[Array, ""]:
    """exp(mean ln(1 + s)) - 1, where s is 100 for what was achieved and 0 for the rest.

    Source: Hafner, "Benchmarking the Spectrum of Agent Capabilities" (arXiv 2109.06780), section
    4.1, where s is a percentage of episodes.
    """
    success = 100.0 * (jnp.asarray(achievements) > 0).astype(jnp.float32)
    return jnp.expm1(jnp.log1p(success).mean())
