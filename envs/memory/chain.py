"""The memory chain: bits are shown, steps pass, and one of the bits is asked for."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Discrete
from jaxtyping import Array, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import Frame, pytree
from envs.memory.game import Flag, Game, Number, as_number, verdict
from envs.memory.params import MemoryChainParams
from envs.memory.table import Card, Table, draw_table, words_of


@pytree
class MemoryChainState:
    """What is to be remembered, and how far the episode has come."""

    context: Int32[Array, " bits"]  # 0 or 1 each
    query: Number  # which bit is asked for
    time: Number  # steps since the reset
    verdict: Number  # on the answer: 1 right, -1 wrong, 0 not given yet


class MemoryChain(Game[MemoryChainState, MemoryChainParams]):
    """Remember bits for `memory_length` steps; the answer after them is all that counts.

    Source: in-context-rl.md 2.
    """

    state_class = MemoryChainState

    @override
    def initial(self, key: PRNGKeyArray, params: MemoryChainParams) -> MemoryChainState:
        context_key, query_key = jax.random.split(key)
        return MemoryChainState(
            context=jax.random.bernoulli(context_key, 0.5, (params.num_bits,)).astype(jnp.int32),
            query=jax.random.randint(query_key, (), 0, params.num_bits, jnp.int32),
            time=jnp.int32(0),
            verdict=jnp.int32(0),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: MemoryChainState, action: Any, params: MemoryChainParams
    ) -> MemoryChainState:
        del key  # all is drawn at the start
        is_asked = state.time == params.memory_length
        judged = verdict(as_number(action) == _asked_bit(state))
        return MemoryChainState(
            context=state.context,
            query=state.query,
            time=state.time + 1,
            verdict=jnp.where(is_asked, judged, state.verdict),
        )

    @override
    def observe(self, state: MemoryChainState, params: MemoryChainParams) -> Array:
        length, time = params.memory_length, state.time
        if params.legacy_obs:
            time = jnp.maximum(time - 1, 0)
        passed = time.astype(jnp.float32) * (1.0 / jnp.asarray(length, jnp.float32))
        query = jnp.where(time == length - 1, state.query, 0)
        signs = jnp.where(time == 0, 2 * state.context - 1, 0)
        rest = jnp.concatenate([query[None], signs]).astype(jnp.float32)
        return jnp.concatenate([jnp.maximum(1.0 - passed, 0.0)[None], rest])

    @override
    def reward(
        self,
        state: MemoryChainState,
        action: Any,
        next_state: MemoryChainState,
        params: MemoryChainParams,
    ) -> Float32[Array, ""]:
        is_asked = state.time == params.memory_length
        return jnp.where(is_asked, next_state.verdict, 0).astype(jnp.float32)

    @override
    def terminated(self, state: MemoryChainState, params: MemoryChainParams) -> Flag:
        return state.time > params.memory_length

    @override
    def observation_space(self, params: MemoryChainParams) -> gymnasium.Space[Any]:
        bits = params.num_bits
        low = np.array([0.0, 0.0, *[-1.0] * bits], np.float32)
        high = np.array([1.0, max(bits - 1, 1), *[1.0] * bits], np.float32)
        return Box(low, high, dtype=np.float32)

    @override
    def action_space(self, params: MemoryChainParams) -> gymnasium.Space[Any]:
        return Discrete(2)

    @override
    def awaits_action(self, state: MemoryChainState, params: MemoryChainParams) -> bool:
        return bool(state.time >= params.memory_length)

    @override
    def info(self, state: MemoryChainState, params: MemoryChainParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `is_success` | whether the answer was right; false before it |
        | `steps_left` | to the answer |
        | `answer` | the bit that is asked for |
        """
        return {
            "is_success": state.verdict > 0,
            "steps_left": jnp.maximum(params.memory_length - state.time, 0),
            "answer": _asked_bit(state),
        }

    def _table(self, state: MemoryChainState, params: MemoryChainParams) -> Table:
        time, length = int(state.time), int(params.memory_length)
        bits = state.context.tolist() if time == 0 else []
        if time == 0:
            task = "remember"
        elif time < length - 1:
            task = "wait"
        else:
            task = f"what was bit {int(state.query) + 1}?"
        return Table(
            cards=tuple(Card(f"bit {place + 1}", "bits", bit) for place, bit in enumerate(bits)),
            left=max(length - time, 0),
            total=length,
            unit="steps left",
            verdict=int(state.verdict),
            score=int(state.verdict),
            task=task,
        )

    @override
    def render(
        self, state: MemoryChainState, params: MemoryChainParams, size: tuple[int, int]
    ) -> Frame:
        return draw_table(self._table(state, params), size)

    @override
    def text(self, state: MemoryChainState, params: MemoryChainParams) -> str:
        return words_of(self._table(state, params))

    @override
    def keys(self) -> dict[str, int]:
        return {"0": 0, "1": 1}


def _asked_bit(state: MemoryChainState) -> Number:
    places = jnp.arange(state.context.shape[0], dtype=jnp.int32)
    return jnp.where(places == state.query, state.context, 0).sum()
