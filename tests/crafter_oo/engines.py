"""The two engines behind one face, for tests that hold for both."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arena import ONE, ConstantDraws

from envs.crafter_oo import engine
from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import StepResult, action_slug, reward_of
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.stepper import balance, creatures, player
from envs.crafter_oo.stepper.convert import from_arrays, to_arrays
from envs.crafter_oo.stepper.engine import transition as array_transition
from envs.crafter_oo.stepper.env import CrafterStepper
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.tables import ACTION_SLUGS


class Engine:
    """The object engine."""

    def transition(
        self, state: WorldState, action: int | str, draws: ConstantDraws
    ) -> tuple[WorldState, float]:
        return engine.transition(state, action, draws)

    def transition_full(
        self, state: WorldState, action: int | str, draws: ConstantDraws
    ) -> StepResult:
        return engine.transition_full(state, action, draws)

    def play(
        self,
        state: WorldState,
        action: str | Callable[[int], str],
        num_steps: int,
        draws: ConstantDraws = ONE,
    ) -> list[WorldState]:
        """States after 1, 2, .. steps, so that `[t]` is the state after step t; `[0]` the input."""
        states = [state]
        for t in range(1, num_steps + 1):
            chosen = action if isinstance(action, str) else action(t)
            states.append(self.transition(states[-1], chosen, draws)[0])
        return states


class ArrayEngine(Engine):
    """The stepper, in which every draw is the number that stands in place of the key."""

    def __init__(self) -> None:
        self._steps: dict[StepperParams, Any] = {}

    def transition(
        self, state: WorldState, action: int | str, draws: ConstantDraws
    ) -> tuple[WorldState, float]:
        after, out = self._step(state, action, draws)
        reward = float(out["reward"])
        assert reward == pytest.approx(reward_of(state, after), rel=1e-6)
        return after, reward

    def transition_full(
        self, state: WorldState, action: int | str, draws: ConstantDraws
    ) -> StepResult:
        after, out = self._step(state, action, draws)
        flags = bool(out["terminated"]), bool(out["truncated"])
        return StepResult(after, float(out["reward"]), *flags, out["info"])

    def _step(
        self, state: WorldState, action: int | str, draws: ConstantDraws
    ) -> tuple[WorldState, dict[str, Any]]:
        params = StepperParams(CrafterParams(state.size, state.view), 16)
        if params not in self._steps:
            self._steps[params] = jax.jit(_traced(params))
        state = state.copy()
        state.draws = KeyedDraws(int(draws.value * 2**24), state.step_count)
        index = np.int32(ACTION_SLUGS.index(action_slug(action)))
        after, out = jax.device_get(self._steps[params](to_arrays(state, params), index))
        return from_arrays(after, params), out


def _traced(params: StepperParams) -> Callable[[StepperState, Any], Any]:
    core = CrafterStepper()

    def constant(key: Any, step: Any, owner: Any, slot: Any) -> Any:
        del step
        chosen = jnp.broadcast_to(key[1], jnp.broadcast_shapes(np.shape(owner), np.shape(slot)))
        return jnp.where(jnp.asarray(owner) < 0, jnp.uint32(2**24 - 1), chosen)  # no balance

    def step(state: StepperState, action: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for module in (balance, creatures, player):
                patch.setattr(module, "draw", constant)
            after = array_transition(state, action, params)
        return after, {
            "reward": core.reward(state, action, after, params),
            "terminated": core.terminated(after, params),
            "truncated": core.truncated(after, params),
            "info": core.info(after, params),
        }

    return step
