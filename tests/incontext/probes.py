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
