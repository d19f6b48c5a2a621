"""A tiny world whose best behaviour is known, for agents to learn."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int
from typing_extensions import override

from envs.core import FunctionalEnv, pytree, static


@pytree
class ProbeParams:
    num_contexts: int = static(default=1)
    num_actions: int = static(default=4)
    length: int = static(default=1)
    truncates: bool = static(default=False)  # after `length` steps; else it terminates then
    constant: bool = static(default=False)  # reward 1 whatever the action
    shows_time: bool = static(default=False)  # as a last number of the observation


@pytree
class ProbeState:
    context: Int[Array, ""]
    time: Int[Array, ""]
    num_right: Int[Array, ""]


class Probe(FunctionalEnv[ProbeState, ProbeParams, Any]):
    """Each step shows a random context; the right action for context c is c + 1, cyclically."""

    @override
    def initial(self, key: Any, params: ProbeParams) -> ProbeState:
        context = jax.random.randint(key, (), 0, params.num_contexts)
        return ProbeState(context=context, time=jnp.int32(0), num_right=jnp.int32(0))

    @override
    def transition(self, key: Any, state: ProbeState, action: Any, params: ProbeParams) -> Any:
        is_right = action == (state.context + 1) % params.num_actions
        return ProbeState(
            context=jax.random.randint(key, (), 0, params.num_contexts),
            time=state.time + 1,
            num_right=state.num_right + is_right.astype(jnp.int32),
        )

    @override
    def observe(self, state: ProbeState, params: ProbeParams) -> Any:
        context = jax.nn.one_hot(state.context, params.num_contexts)
        time = state.time[None].astype(jnp.float32)
        return jnp.concatenate([context, time]) if params.shows_time else context

    @override
    def reward(self, state: ProbeState, action: Any, next_state: ProbeState, params: Any) -> Any:
        if params.constant:
            return jnp.float32(1)
        return (next_state.num_right - state.num_right).astype(jnp.float32)

    @override
    def terminated(self, state: ProbeState, params: ProbeParams) -> Any:
        return (state.time >= params.length) & (not params.truncates)

    @override
    def truncated(self, state: ProbeState, params: ProbeParams) -> Any:
        return (state.time >= params.length) & params.truncates

    @override
    def observation_space(self, params: ProbeParams) -> Any:
        size = params.num_contexts + params.shows_time
        return gymnasium.spaces.Box(0, max(1, params.length), (size,), np.float32)

    @override
    def action_space(self, params: ProbeParams) -> Any:
        return gymnasium.spaces.Discrete(params.num_actions)

    @override
    def info(self, state: ProbeState, params: ProbeParams) -> dict[str, Any]:
        return {"achievements": jnp.stack([state.num_right, state.time, jnp.int32(0)])}


@pytree
class RecallParams:
    num_steps: int = static(default=8)
    truncates: bool = static(default=False)  # at the end; else it terminates
    is_broken: bool = static(default=False)  # the first observation is NaN


@pytree
class RecallState:
    sign: Int[Array, ""]  # 0 or 1
    time: Int[Array, ""]
    is_right: Any


class Recall(FunctionalEnv[RecallState, RecallParams, Any]):
    """The first observation shows a sign; the last action has to name it, for +1 or -1."""

    @override
    def initial(self, key: Any, params: RecallParams) -> RecallState:
        sign = jax.random.bernoulli(key).astype(jnp.int32)
        return RecallState(sign=sign, time=jnp.int32(0), is_right=jnp.bool_(False))

    @override
    def transition(self, key: Any, state: RecallState, action: Any, params: RecallParams) -> Any:
        return RecallState(sign=state.sign, time=state.time + 1, is_right=action == state.sign)

    @override
    def observe(self, state: RecallState, params: RecallParams) -> Any:
        shown = jnp.where(state.time == 0, 2.0 * state.sign.astype(jnp.float32) - 1, 0.0)
        if params.is_broken:
            shown = jnp.where(state.time == 0, jnp.nan, shown)
        is_last = state.time == params.num_steps - 1
        return jnp.stack([shown, is_last.astype(jnp.float32)])

    @override
    def reward(self, state: RecallState, action: Any, next_state: RecallState, params: Any) -> Any:
        is_over = next_state.time >= params.num_steps
        return jnp.where(is_over, jnp.where(next_state.is_right, 1.0, -1.0), 0.0)

    @override
    def terminated(self, state: RecallState, params: RecallParams) -> Any:
        return (state.time >= params.num_steps) & (not params.truncates)

    @override
    def truncated(self, state: RecallState, params: RecallParams) -> Any:
        return (state.time >= params.num_steps) & params.truncates

    @override
    def observation_space(self, params: RecallParams) -> Any:
        return gymnasium.spaces.Box(-1, 1, (2,), np.float32)

    @override
    def action_space(self, params: RecallParams) -> Any:
        return gymnasium.spaces.Discrete(2)


@pytree
class TargetParams:
    length: int = static(default=1)


@pytree
class TargetState:
    point: Any  # where the last action went
    time: Int[Array, ""]


class Target(FunctionalEnv[TargetState, TargetParams, Any]):
    """Actions are points of a square; the best one is (0.5, -0.25)."""

    @override
    def initial(self, key: Any, params: TargetParams) -> TargetState:
        return TargetState(point=jnp.zeros((1, 2)), time=jnp.int32(0))

    @override
    def transition(self, key: Any, state: TargetState, action: Any, params: Any) -> TargetState:
        return TargetState(point=action, time=state.time + 1)

    @override
    def observe(self, state: TargetState, params: TargetParams) -> Any:
        return jnp.ones(1)

    @override
    def reward(self, state: TargetState, action: Any, next_state: TargetState, params: Any) -> Any:
        return -((next_state.point - jnp.asarray([[0.5, -0.25]])) ** 2).sum()

    @override
    def terminated(self, state: TargetState, params: TargetParams) -> Any:
        return state.time >= params.length

    @override
    def truncated(self, state: TargetState, params: TargetParams) -> Any:
        return jnp.bool_(False)

    @override
    def observation_space(self, params: TargetParams) -> Any:
        return gymnasium.spaces.Box(0, 1, (1,), np.float32)

    @override
    def action_space(self, params: TargetParams) -> Any:
        return gymnasium.spaces.Box(-1, 1, (1, 2), np.float32)

    @override
    def info(self, state: TargetState, params: TargetParams) -> dict[str, Any]:
        return {"point": state.point}
