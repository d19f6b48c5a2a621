"""Battleship: sink hidden ships, knowing of the last shot alone whether it hit."""

from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Discrete
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import pytree
from envs.memory.board import BoardGame
from envs.memory.cards import Bits, below
from envs.memory.game import Flag, Number, as_number, share, verdict
from envs.memory.params import BattleshipParams
from envs.memory.pictures import HIT, MISS, WATER, Board, Square

SHIPS: Final = (2, 3, 3, 4)  # squares, in the order in which they are placed
HITS: Final = sum(SHIPS)


@pytree
class BattleshipState:
    """Squares are numbered row by row."""

    is_ship: Bool[Array, " squares"]
    is_shot: Bool[Array, " squares"]
    verdict: Number  # on the last shot: 1 a new hit, -1 none, 0 at the start
    time: Number  # steps since the reset


class Battleship(BoardGame[BattleshipState, BattleshipParams]):
    """Shoot at squares until all ships are sunk.

    Source: in-context-rl.md 3.1.
    """

    state_class = BattleshipState

    @override
    def initial(self, key: PRNGKeyArray, params: BattleshipParams) -> BattleshipState:
        sea = jnp.zeros((params.size, params.size), jnp.bool_)
        for bits, length in zip(jax.random.bits(key, (len(SHIPS),)), SHIPS, strict=True):
            sea = placed(bits, sea, length)
        return BattleshipState(
            is_ship=sea.ravel(),
            is_shot=jnp.zeros(params.size**2, jnp.bool_),
            verdict=jnp.int32(0),
            time=jnp.int32(0),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: BattleshipState, action: Any, params: BattleshipParams
    ) -> BattleshipState:
        del key  # all is drawn at the start
        is_target = jnp.arange(params.size**2, dtype=jnp.int32) == as_number(action)
        return BattleshipState(
            is_ship=state.is_ship,
            is_shot=state.is_shot | is_target,
            verdict=verdict((is_target & state.is_ship & ~state.is_shot).any()),
            time=state.time + 1,
        )

    @override
    def reward(
        self,
        state: BattleshipState,
        action: Any,
        next_state: BattleshipState,
        params: BattleshipParams,
    ) -> Float32[Array, ""]:
        judged = next_state.verdict
        return jnp.where(judged > 0, share(judged, HITS), share(judged, params.size**2 - HITS))

    @override
    def terminated(self, state: BattleshipState, params: BattleshipParams) -> Flag:
        return (state.is_shot | ~state.is_ship).all()

    @override
    def truncated(self, state: BattleshipState, params: BattleshipParams) -> Flag:
        return state.time >= params.size**2

    @override
    def symbols(self, params: BattleshipParams) -> tuple[int, ...]:
        return (2,)

    @override
    def shown(self, state: BattleshipState, params: BattleshipParams) -> Int32[Array, " symbols"]:
        return (state.verdict > 0).astype(jnp.int32)[None]

    @override
    def action_space(self, params: BattleshipParams) -> gymnasium.Space[Any]:
        return Discrete(params.size**2)

    @override
    def info(self, state: BattleshipState, params: BattleshipParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `hits` | of 12 |
        | `shots_left` | before the episode is cut short |
        | `is_success` | whether all ships are sunk |
        """
        return {
            "hits": (state.is_ship & state.is_shot).sum(dtype=jnp.int32),
            "shots_left": params.size**2 - state.time,
            "is_success": self.terminated(state, params),
        }

    @override
    def board(self, state: BattleshipState, params: BattleshipParams) -> Board:
        is_ship, is_shot = np.asarray(state.is_ship), np.asarray(state.is_shot)
        hit, missed = is_ship & is_shot, is_shot & ~is_ship
        shots_left = params.size**2 - int(state.time)
        return Board(
            squares=tuple(
                Square(HIT, "x") if is_hit else Square(MISS, "o") if is_missed else Square(WATER)
                for is_hit, is_missed in zip(hit.tolist(), missed.tolist(), strict=True)
            ),
            columns=params.size,
            words=f"{int(hit.sum())} of {HITS} hits   {shots_left} shots left",
            level=shots_left / params.size**2,
        )


def placed(bits: Bits, sea: Bool[Array, "size size"], length: int) -> Bool[Array, "size size"]:
    """The sea with one more ship, uniform over all free places, across and down."""
    size = sea.shape[0]
    free = jnp.stack([_starts(sea, length), _starts(sea.T, length)]).ravel()
    rank = jnp.cumsum(free.astype(jnp.int32))
    place = (rank <= below(bits, rank[-1])).sum(dtype=jnp.int32)  # of the chosen one
    row, column = place // size % size, place % size
    lines = jnp.arange(size, dtype=jnp.int32)
    behind = lines - column
    ship = (lines == row)[:, None] & ((behind >= 0) & (behind < length))[None, :]
    return sea | jnp.where(place < size * size, ship, ship.T)


def _starts(sea: Bool[Array, "size size"], length: int) -> Bool[Array, "size size"]:
    """Squares on which a ship that goes right from there may begin."""
    size = sea.shape[0]
    taken = jnp.pad(sea, ((0, 0), (0, length - 1)), constant_values=True)
    return ~jnp.stack([taken[:, shift : shift + size] for shift in range(length)]).any(axis=0)
