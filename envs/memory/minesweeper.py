"""Minesweeper, of which the numbers of opened squares are seen but once."""

import dataclasses
from typing import Any, Final

import gymnasium
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Discrete
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import pytree
from envs.memory.board import BoardGame
from envs.memory.cards import deal, deck_of
from envs.memory.game import Flag, Number, as_number, compiled
from envs.memory.params import MinesweeperParams
from envs.memory.pictures import MINE, OPENED, UNOPENED, Board, Square

MOST_NEAR: Final = 9  # mines in a block of 3x3
NOTHING, CLEAR, AGAIN, EXPLODED = range(4)  # what the last step came to


@pytree
class MinesweeperState:
    """Squares are numbered row by row."""

    is_mine: Bool[Array, " squares"]
    is_open: Bool[Array, " squares"]
    last: Number  # the square that was opened last; -1 for none
    outcome: Number  # NOTHING, CLEAR, AGAIN (it was open before) or EXPLODED
    time: Number  # steps since the reset


class Minesweeper(BoardGame[MinesweeperState, MinesweeperParams]):
    """Open all squares without a mine; each tells how many mines are near, itself included.

    Source: in-context-rl.md 3.1.
    """

    state_class = MinesweeperState

    @override
    def initial(self, key: PRNGKeyArray, params: MinesweeperParams) -> MinesweeperState:
        squares = deal(key, deck_of((params.mines, params.num_clear)), params.size**2)
        return MinesweeperState(
            is_mine=squares == 0,
            is_open=jnp.zeros(params.size**2, jnp.bool_),
            last=jnp.int32(-1),
            outcome=jnp.int32(NOTHING),
            time=jnp.int32(0),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: MinesweeperState, action: Any, params: MinesweeperParams
    ) -> MinesweeperState:
        del key  # all is drawn at the start
        last = as_number(action)
        is_here = jnp.arange(params.size**2, dtype=jnp.int32) == last
        is_mine = (is_here & state.is_mine).any()
        is_clear = (is_here & ~state.is_mine & ~state.is_open).any()
        return MinesweeperState(
            is_mine=state.is_mine,
            is_open=state.is_open | is_here,
            last=last,
            outcome=jnp.where(is_mine, EXPLODED, jnp.where(is_clear, CLEAR, AGAIN)),
            time=state.time + 1,
        )

    @override
    def reward(
        self,
        state: MinesweeperState,
        action: Any,
        next_state: MinesweeperState,
        params: MinesweeperParams,
    ) -> Float32[Array, ""]:
        clear, outcome = params.num_clear, next_state.outcome
        failed = jnp.where(outcome == EXPLODED, -0.5 - 1 / clear, -0.5 / (clear - 2))
        return jnp.where(outcome == CLEAR, 1 / clear, failed).astype(jnp.float32)

    @override
    def terminated(self, state: MinesweeperState, params: MinesweeperParams) -> Flag:
        return (state.outcome == EXPLODED) | self.is_complete(state)

    def is_complete(self, state: MinesweeperState) -> Flag:
        """Whether all squares without a mine are open."""
        return (state.is_open | state.is_mine).all()

    @override
    def truncated(self, state: MinesweeperState, params: MinesweeperParams) -> Flag:
        return (state.time >= params.num_clear) & ~self.terminated(state, params)

    @override
    def symbols(self, params: MinesweeperParams) -> tuple[int, ...]:
        return (min(params.mines, MOST_NEAR) + 1,)

    @override
    def shown(self, state: MinesweeperState, params: MinesweeperParams) -> Int32[Array, " symbols"]:
        return num_near(state.is_mine, state.last, params.size)[None]

    @override
    def action_space(self, params: MinesweeperParams) -> gymnasium.Space[Any]:
        return Discrete(params.size**2)

    @override
    def info(self, state: MinesweeperState, params: MinesweeperParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `opened` | squares without a mine that are open |
        | `steps_left` | before the episode is cut short |
        | `is_success` | whether all of them are open and no mine |
        """
        is_alive = state.outcome != EXPLODED
        return {
            "opened": (state.is_open & ~state.is_mine).sum(dtype=jnp.int32),
            "steps_left": params.num_clear - state.time,
            "is_success": self.is_complete(state) & is_alive,
        }

    @override
    def board(self, state: MinesweeperState, params: MinesweeperParams) -> Board:
        steps_left = params.num_clear - int(state.time)
        squares = [Square(UNOPENED)] * params.size**2
        is_mine = np.asarray(state.is_mine)
        for square in np.flatnonzero(np.asarray(state.is_open)).tolist():
            opened_last = dataclasses.replace(state, last=jnp.int32(square))
            near = int(compiled(self.shown)(opened_last, params)[0])
            mark = Square(OPENED, str(near or "."))
            squares[square] = Square(MINE, "*") if is_mine[square] else mark
        opened = self.facts(state, params)["opened"]
        return Board(
            squares=tuple(squares),
            columns=params.size,
            words=f"{opened} of {params.num_clear} clear squares   {steps_left} steps left",
            level=steps_left / params.num_clear,
            last=int(state.last),
        )


def num_near(is_mine: Bool[Array, " squares"], square: Number, size: int) -> Number:
    """Mines in the block of 3x3 around a square, itself included; 0 for square -1."""
    squares = jnp.arange(size**2, dtype=jnp.int32)
    rows_apart = jnp.abs(squares // size - square // size)
    columns_apart = jnp.abs(squares % size - square % size)
    is_near = (rows_apart <= 1) & (columns_apart <= 1) & (square >= 0)
    return (is_mine & is_near).sum(dtype=jnp.int32)
