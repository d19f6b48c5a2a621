"""The 0-1 knapsack behind the interface of all worlds."""

import dataclasses
from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs import saved
from envs.core import Frame, FunctionalEnv
from envs.knapsack.generators import LARGEST
from envs.knapsack.params import KnapsackParams
from envs.knapsack.render import draw_sack, item_at
from envs.knapsack.state import Items, KnapsackState, first_state

PERCENT: Final = 100.0

Obs = dict[str, Array]
Mask = Bool[Array, " items"]


def fits(
    packed: Bool[Array, "*items"], weight: Int32[Array, "*items"], capacity_left: Int32[Array, ""]
) -> Bool[Array, "*items"]:
    """Whether items can be packed; of one item or of arrays of all."""
    return ~packed & (weight <= capacity_left)


class KnapsackEnv(FunctionalEnv[KnapsackState, KnapsackParams, Obs]):
    """Pack items of great value, one a step, until none fits.

    All is certain but the items, so transitions ignore their key. An illegal action changes
    nothing but the time and `is_refused`, and nothing at all changes once the episode has
    terminated.
    """

    @override
    def initial(self, key: PRNGKeyArray, params: KnapsackParams) -> KnapsackState:
        return first_state(_drawn(key, params) if params.instance is None else params.instance)

    @override
    def action_mask(self, state: KnapsackState, params: KnapsackParams) -> Mask:
        return fits(state.packed, state.items.weights, state.capacity_left)

    def is_complete(self, state: KnapsackState) -> Bool[Array, ""]:
        """Whether nothing more fits."""
        return ~fits(state.packed, state.items.weights, state.capacity_left).any()

    @override
    def transition(
        self, key: PRNGKeyArray, state: KnapsackState, action: Any, params: KnapsackParams
    ) -> KnapsackState:
        del key
        item, items = jnp.asarray(action, jnp.int32), state.items
        is_over = self.terminated(state, params)
        is_known = (item >= 0) & (item < params.num_items)
        weight, value = items.weights[item], items.values[item]
        is_legal = is_known & fits(state.packed[item], weight, state.capacity_left) & ~is_over
        is_new = (jnp.arange(params.num_items) == item) & is_legal
        return dataclasses.replace(
            state,
            packed=state.packed | is_new,
            capacity_left=state.capacity_left - jnp.where(is_legal, weight, 0),
            value=state.value + jnp.where(is_legal, value, 0),
            time=state.time + (~is_over).astype(jnp.int32),
            is_refused=jnp.where(is_over, state.is_refused, ~is_legal),
        )

    @override
    def reward(
        self,
        state: KnapsackState,
        action: Any,
        next_state: KnapsackState,
        params: KnapsackParams,
    ) -> Float32[Array, ""]:
        del action
        if params.reward == "dense":
            return (next_state.value - state.value).astype(jnp.float32)
        is_over = self.terminated(next_state, params) | self.truncated(next_state, params)
        earned = jnp.where(is_over & ~self.terminated(state, params), next_state.value, 0)
        return earned.astype(jnp.float32)

    @override
    def terminated(self, state: KnapsackState, params: KnapsackParams) -> Bool[Array, ""]:
        if params.invalid == "noop":
            return self.is_complete(state)
        return self.is_complete(state) | state.is_refused

    @override
    def raises_at_illegal(self, params: KnapsackParams) -> bool:
        return params.invalid == "raise"

    @override
    def truncated(self, state: KnapsackState, params: KnapsackParams) -> Bool[Array, ""]:
        return state.time >= params.last_step

    @override
    def observe(self, state: KnapsackState, params: KnapsackParams) -> Obs:
        items = state.items
        # times the inverse: a division comes out otherwise when it is compiled
        unit = 1.0 / jnp.maximum(items.capacity, 1).astype(jnp.float32)
        worth = 1.0 / jnp.maximum(items.values.max(), 1).astype(jnp.float32)
        return {
            "item_values": items.values.astype(jnp.float32) * worth,
            "item_weights": jnp.minimum(items.weights.astype(jnp.float32) * unit, 1.0),
            "capacity_left": (state.capacity_left.astype(jnp.float32) * unit)[None],
            "packed": state.packed.astype(jnp.int8),
            "action_mask": self.action_mask(state, params).astype(jnp.int8),
        }

    @override
    def observation_space(self, params: KnapsackParams) -> gymnasium.Space[Any]:
        size = params.num_items
        return Dict(
            {
                "item_values": Box(0.0, 1.0, (size,), np.float32),
                "item_weights": Box(0.0, 1.0, (size,), np.float32),
                "capacity_left": Box(0.0, 1.0, (1,), np.float32),
                "packed": MultiBinary(size),
                "action_mask": MultiBinary(size),
            }
        )

    @override
    def action_space(self, params: KnapsackParams) -> gymnasium.Space[Any]:
        return Discrete(params.num_items)

    @override
    def info(self, state: KnapsackState, params: KnapsackParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `prize` | value of what is packed |
        | `action_mask` | as in the observation |
        | `is_success` | whether nothing more fits |
        | `invalid_action` | whether the last action was illegal |
        | `optimal` | the best value known, where the instance knows one |
        | `gap` | by how many per cent a solution is worse than that; NaN before the end |
        """
        known: dict[str, Any] = {}
        optimum, is_complete = state.items.optimum, self.is_complete(state)
        if optimum is not None:
            gap = PERCENT * (optimum - state.value.astype(jnp.float32)) / optimum
            known = {"optimal": optimum, "gap": jnp.where(is_complete, gap, jnp.nan)}
        return {
            "prize": state.value,
            "action_mask": self.action_mask(state, params).astype(jnp.int8),
            "is_success": is_complete,
            "invalid_action": state.is_refused,
            **known,
        }

    @override
    def dumps(self, state: KnapsackState) -> str:
        return saved.dumps(state)

    @override
    def loads(self, text: str) -> KnapsackState:
        return saved.loads(text, KnapsackState)

    @override
    def render(self, state: KnapsackState, params: KnapsackParams, size: tuple[int, int]) -> Frame:
        return draw_sack(state, self._caption(state, params), size)

    @override
    def text(self, state: KnapsackState, params: KnapsackParams) -> str:
        packed = np.flatnonzero(np.asarray(state.packed)).tolist()
        return f"packed: {' '.join(map(str, packed))}\n{self._caption(state, params)}"

    def _caption(self, state: KnapsackState, params: KnapsackParams) -> str:
        parts = [f"value {int(state.value)}"]
        info = self.info(state, params)
        if bool(info["is_success"]) and "gap" in info:
            parts.append(f"gap {float(info['gap']):.2f} %")
        parts.append(f"{int(state.capacity_left)} of {int(state.items.capacity)} left")
        return "   ".join([*parts, f"{int(info['action_mask'].sum())} items fit"])

    @override
    def panel(self, state: KnapsackState, params: KnapsackParams) -> dict[str, dict[str, Any]]:
        info = self.info(state, params)
        del info["action_mask"]
        return {"sack": {name: np.asarray(value).item() for name, value in info.items()}}

    def action_at(
        self,
        state: KnapsackState,
        params: KnapsackParams,
        spot: tuple[float, float],
        size: tuple[int, int],
    ) -> int | None:
        """The item that a person means who clicks at a spot; None for none that fits."""
        item = item_at(state, spot, size)
        if item is None or not bool(self.action_mask(state, params)[item]):
            return None
        return item


def _drawn(key: PRNGKeyArray, params: KnapsackParams) -> Items:
    """Random items."""
    numbers = jax.random.randint(key, (2, params.num_items), 1, LARGEST + 1, jnp.int32)
    return Items(
        values=numbers[0],
        weights=numbers[1],
        capacity=jnp.asarray(params.capacity, jnp.int32),
        optimum=None,
    )
