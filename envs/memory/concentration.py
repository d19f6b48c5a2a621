"""Concentration: turn over cards, two at a time, and find the pairs."""

import math
from typing import Any, Final

import gymnasium
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Discrete
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import pytree
from envs.memory.board import BoardGame
from envs.memory.cards import deal, full_deck
from envs.memory.game import Flag, Number, as_number, compiled, share
from envs.memory.params import ConcentrationParams
from envs.memory.pictures import Board, open_card, turned_card

NONE: Final = -1  # in the place of a card
ASPECT: Final = 1.4  # height of a card, of its width


@pytree
class ConcentrationState:
    """Which cards lie where, which are open for good, and which were turned over last."""

    cards: Int32[Array, " cards"]  # kinds
    is_up: Bool[Array, " cards"]
    first: Number  # where the first card of two lies, or NONE
    second: Number  # and the other, or NONE while it is waited for
    verdict: Number  # on the last step: 1 a pair, 0 nothing, -1 or -2 as many useless cards
    time: Number  # steps since the reset


class Concentration(BoardGame[ConcentrationState, ConcentrationParams]):
    """Find pairs of like cards on a table of hidden ones.

    Source: in-context-rl.md 3.1.
    """

    state_class = ConcentrationState

    @override
    def initial(self, key: PRNGKeyArray, params: ConcentrationParams) -> ConcentrationState:
        deck = full_deck(params.num_kinds, params.num_cards)
        return ConcentrationState(
            cards=deal(key, deck, params.num_cards),
            is_up=jnp.zeros(params.num_cards, jnp.bool_),
            first=jnp.int32(NONE),
            second=jnp.int32(NONE),
            verdict=jnp.int32(0),
            time=jnp.int32(0),
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: ConcentrationState, action: Any, params: ConcentrationParams
    ) -> ConcentrationState:
        del key  # all is drawn at the start
        place = as_number(action)
        is_one_open = (state.first != NONE) & (state.second == NONE)
        first = jnp.where(is_one_open, state.first, place)
        second = jnp.where(is_one_open, place, NONE)
        is_first, is_second = _is_at(first, params), _is_at(second, params)
        is_wasted = (state.is_up & _is_at(place, params)).any()
        is_alike = _kind(state, is_first) == _kind(state, is_second)
        is_pair = is_one_open & is_alike & (first != second) & ~is_wasted
        useless = jnp.where(is_one_open, -2, jnp.where(is_wasted, -1, 0))
        return ConcentrationState(
            cards=state.cards,
            is_up=state.is_up | (is_pair & (is_first | is_second)),
            first=jnp.where(is_wasted & ~is_one_open, NONE, first),
            second=second,
            verdict=jnp.where(is_pair, 1, useless),
            time=state.time + 1,
        )

    @override
    def reward(
        self,
        state: ConcentrationState,
        action: Any,
        next_state: ConcentrationState,
        params: ConcentrationParams,
    ) -> Float32[Array, ""]:
        judged = next_state.verdict
        pairs = share(judged, params.num_cards // 2)
        return jnp.where(judged > 0, pairs, share(judged, params.last_step))

    @override
    def terminated(self, state: ConcentrationState, params: ConcentrationParams) -> Flag:
        return state.is_up.all()

    @override
    def truncated(self, state: ConcentrationState, params: ConcentrationParams) -> Flag:
        return state.time >= params.last_step

    @override
    def symbols(self, params: ConcentrationParams) -> tuple[int, ...]:
        return (params.num_kinds + 1,) * params.num_cards

    @override
    def shown(
        self, state: ConcentrationState, params: ConcentrationParams
    ) -> Int32[Array, " symbols"]:
        is_turned = _is_at(state.first, params) | _is_at(state.second, params)
        return jnp.where(state.is_up | is_turned, state.cards, params.num_kinds)

    @override
    def action_space(self, params: ConcentrationParams) -> gymnasium.Space[Any]:
        return Discrete(params.num_cards)

    @override
    def info(self, state: ConcentrationState, params: ConcentrationParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `pairs` | found |
        | `turns_left` | cards that may still be turned over |
        | `is_success` | whether all pairs are found |
        """
        return {
            "pairs": state.is_up.sum(dtype=jnp.int32) // 2,
            "turns_left": params.last_step - state.time,
            "is_success": state.is_up.all(),
        }

    @override
    def board(self, state: ConcentrationState, params: ConcentrationParams) -> Board:
        shown = np.asarray(compiled(self.shown)(state, params)).tolist()
        found = np.asarray(state.is_up).tolist()
        turns_left = int(params.last_step - state.time)
        return Board(
            squares=tuple(
                turned_card() if kind == params.num_kinds else open_card(params.cards, kind, is_up)
                for kind, is_up in zip(shown, found, strict=True)
            ),
            columns=math.ceil(math.sqrt(ASPECT * params.num_cards)),
            aspect=ASPECT,
            words=f"{sum(found) // 2} of {params.num_cards // 2} pairs   {turns_left} turns left",
            level=turns_left / params.last_step,
        )


def _is_at(place: Number, params: ConcentrationParams) -> Bool[Array, " cards"]:
    return jnp.arange(params.num_cards, dtype=jnp.int32) == place


def _kind(state: ConcentrationState, is_there: Bool[Array, " cards"]) -> Number:
    return jnp.where(is_there, state.cards, 0).sum()
