"""Autoencode: watch a deck being dealt, then name the suits backwards."""

from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Discrete
from jaxtyping import Array, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import IntLike, pytree
from envs.memory.cards import KINDS, Deck, draw, full_deck
from envs.memory.game import CardGame, Flag, JudgedState, Number, as_number, verdict
from envs.memory.params import AutoencodeParams
from envs.memory.pile import Pile, cards_of, empty_pile, put, take
from envs.memory.table import SUIT_KEYS, Card, Table

SUITS: Final = KINDS["suits"]
PLAY: Final = 0  # the first symbol: answers count
WATCH: Final = 1  # cards are dealt
BLANK: Final = 0  # the second symbol, once all cards have been shown


@pytree
class AutoencodeState(JudgedState):
    """The deck, and the cards still to be named."""

    deck: Deck
    pile: Pile
    time: Number  # steps since the reset


class Autoencode(CardGame[AutoencodeState, AutoencodeParams]):
    """Name the suits of a whole deck, the last card first.

    Source: in-context-rl.md 3.1.
    """

    state_class = AutoencodeState

    @override
    def initial(self, key: PRNGKeyArray, params: AutoencodeParams) -> AutoencodeState:
        suit, deck = draw(jax.random.bits(key), full_deck(SUITS, params.num_cards))
        pile, zero = put(empty_pile(params.num_cards), suit), jnp.int32(0)
        return AutoencodeState(deck=deck, pile=pile, time=zero, verdict=zero, score=zero)

    @override
    def transition(
        self, key: PRNGKeyArray, state: AutoencodeState, action: Any, params: AutoencodeParams
    ) -> AutoencodeState:
        is_play = _is_play(state, params)
        suit, deck = draw(jax.random.bits(key), state.deck)
        named, rest = take(state.pile)
        judged = jnp.where(is_play, verdict(as_number(action) == named), 0)
        return AutoencodeState(
            deck=deck,
            pile=jnp.where(is_play, rest, put(state.pile, suit)),
            time=state.time + 1,
            verdict=judged,
            score=state.score + judged,
        )

    @override
    def num_answers(self, params: AutoencodeParams) -> IntLike:
        return params.num_cards

    @override
    def terminated(self, state: AutoencodeState, params: AutoencodeParams) -> Flag:
        return state.time >= 2 * params.num_cards - 1

    @override
    def symbols(self, params: AutoencodeParams) -> tuple[int, ...]:
        return 2, SUITS

    @override
    def shown(self, state: AutoencodeState, params: AutoencodeParams) -> Int32[Array, " symbols"]:
        suit = jnp.where(_is_card_open(state, params), take(state.pile)[0], BLANK)
        return jnp.stack([jnp.where(_is_play(state, params), PLAY, WATCH), suit])

    @override
    def action_space(self, params: AutoencodeParams) -> gymnasium.Space[Any]:
        return Discrete(SUITS)

    @override
    def awaits_action(self, state: AutoencodeState, params: AutoencodeParams) -> bool:
        return bool(_is_play(state, params))

    @override
    def info(self, state: AutoencodeState, params: AutoencodeParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `score` | right answers less wrong ones |
        | `answers_left` | cards still to be named; all of them while cards are dealt |
        | `answer` | the suit to name; -1 while there is none |
        """
        is_asked = _is_play(state, params) & ~self.terminated(state, params)
        return {
            "score": state.score,
            "answers_left": jnp.minimum(2 * params.num_cards - 1 - state.time, params.num_cards),
            "answer": jnp.where(is_asked, take(state.pile)[0], -1),
        }

    @override
    def table(self, state: AutoencodeState, params: AutoencodeParams) -> Table:
        is_play = bool(_is_play(state, params))
        suit = cards_of(state.pile, 1)[0]
        answers_left = self.facts(state, params)["answers_left"]
        return Table(
            cards=(Card("", "suits", suit),) if bool(_is_card_open(state, params)) else (),
            left=answers_left if is_play else int(np.asarray(state.deck)[-1]),
            total=params.num_cards,
            unit="to name" if is_play else "in the deck",
            verdict=int(state.verdict),
            score=int(state.score),
            task="name the suits, the last card first" if is_play else "watch and remember",
            has_suit_keys=True,
        )

    @override
    def keys(self) -> dict[str, int]:
        return SUIT_KEYS


def _is_play(state: AutoencodeState, params: AutoencodeParams) -> Flag:
    """Whether all cards have been dealt, so that answers count."""
    return state.time >= params.num_cards - 1


def _is_card_open(state: AutoencodeState, params: AutoencodeParams) -> Flag:
    """Whether a card was dealt in the last step."""
    return state.time < params.num_cards
