"""MultiArmedBandit: find the arm that pays most often."""

import math
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
from gymnasium.spaces import Discrete
from jaxtyping import Array, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import pytree
from envs.memory.board import BoardGame
from envs.memory.game import Flag, JudgedState, Number, as_number, never, share, verdict
from envs.memory.params import BanditParams
from envs.memory.pictures import ARM, LOSS, WIN, Board, Square


@pytree
class BanditState(JudgedState):
    """What the arms are worth, and which was pulled last; a verdict is what it paid."""

    chances: Float32[Array, " arms"]  # to pay 1 rather than -1
    arm: Number  # -1 for none
    time: Number  # steps since the reset


class MultiArmedBandit(BoardGame[BanditState, BanditParams]):
    """Pull arms of unknown worth.

    Source: in-context-rl.md 3.1.
    """

    state_class = BanditState

    @override
    def initial(self, key: PRNGKeyArray, params: BanditParams) -> BanditState:
        zero = jnp.int32(0)
        chances = jax.random.uniform(key, (params.arms,), jnp.float32)
        return BanditState(chances=chances, arm=jnp.int32(-1), time=zero, verdict=zero, score=zero)

    @override
    def transition(
        self, key: PRNGKeyArray, state: BanditState, action: Any, params: BanditParams
    ) -> BanditState:
        arm = as_number(action)
        is_pulled = jnp.arange(params.arms, dtype=jnp.int32) == arm
        chance = jnp.where(is_pulled, state.chances, 0.0).sum()
        judged = verdict(jax.random.uniform(key, (), jnp.float32) < chance)
        return BanditState(
            chances=state.chances,
            arm=arm,
            time=state.time + 1,
            verdict=judged,
            score=state.score + judged,
        )

    @override
    def reward(
        self, state: BanditState, action: Any, next_state: BanditState, params: BanditParams
    ) -> Float32[Array, ""]:
        return share(next_state.verdict, params.max_steps)

    @override
    def terminated(self, state: BanditState, params: BanditParams) -> Flag:
        return never()

    @override
    def truncated(self, state: BanditState, params: BanditParams) -> Flag:
        return state.time >= params.max_steps

    @override
    def symbols(self, params: BanditParams) -> tuple[int, ...]:
        return (2,)

    @override
    def shown(self, state: BanditState, params: BanditParams) -> Int32[Array, " symbols"]:
        return (state.verdict > 0).astype(jnp.int32)[None]

    @override
    def action_space(self, params: BanditParams) -> gymnasium.Space[Any]:
        return Discrete(params.arms)

    @override
    def info(self, state: BanditState, params: BanditParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `score` | payments less losses |
        | `pulls_left` | |
        | `answer` | the best arm |
        """
        return {
            "score": state.score,
            "pulls_left": params.max_steps - state.time,
            "answer": jnp.argmax(state.chances).astype(jnp.int32),
        }

    @override
    def board(self, state: BanditState, params: BanditParams) -> Board:
        arm, max_steps = int(state.arm), int(params.max_steps)
        outcome = WIN if int(state.verdict) > 0 else LOSS
        pulls_left = max_steps - int(state.time)
        return Board(
            squares=tuple(
                Square(outcome if each == arm else ARM, str(each + 1))
                for each in range(params.arms)
            ),
            columns=math.ceil(math.sqrt(params.arms)),
            words=f"score {int(state.score)}   {pulls_left} pulls left",
            level=pulls_left / max_steps,
        )
