"""RepeatFirst and RepeatPrevious: name the suit of a card that was seen before."""

import dataclasses
from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
from gymnasium.spaces import Discrete
from jaxtyping import Array, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import IntLike, pytree
from envs.memory.cards import KINDS, Deck, draw, full_deck, num_left
from envs.memory.game import CardGame, Flag, JudgedState, Number, as_number, verdict
from envs.memory.params import DeckParams, RepeatPreviousParams
from envs.memory.pile import Pile, card_at, cards_of, empty_pile, put
from envs.memory.table import SUIT_KEYS, Card, Table

SUITS: Final = KINDS["suits"]


@pytree
class RepeatFirstState(JudgedState):
    """The deck, the card that was dealt last, and the one to name."""

    deck: Deck
    suit: Number
    first: Number


class RepeatFirst(CardGame[RepeatFirstState, DeckParams]):
    """Name the suit of the first card, while others are dealt.

    Source: in-context-rl.md 3.1.
    """

    state_class = RepeatFirstState

    @override
    def initial(self, key: PRNGKeyArray, params: DeckParams) -> RepeatFirstState:
        suit, deck = draw(jax.random.bits(key), full_deck(SUITS, params.num_cards))
        return RepeatFirstState(
            deck=deck, suit=suit, first=suit, verdict=jnp.int32(0), score=jnp.int32(0)
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: RepeatFirstState, action: Any, params: DeckParams
    ) -> RepeatFirstState:
        suit, deck = draw(jax.random.bits(key), state.deck)
        judged = verdict(as_number(action) == state.first)
        return dataclasses.replace(
            state, deck=deck, suit=suit, verdict=judged, score=state.score + judged
        )

    @override
    def num_answers(self, params: DeckParams) -> IntLike:
        return params.num_cards - 1

    @override
    def terminated(self, state: RepeatFirstState, params: DeckParams) -> Flag:
        return num_left(state.deck) == 0

    @override
    def symbols(self, params: DeckParams) -> tuple[int, ...]:
        return (SUITS,)

    @override
    def shown(self, state: RepeatFirstState, params: DeckParams) -> Int32[Array, " symbols"]:
        return state.suit[None]

    @override
    def action_space(self, params: DeckParams) -> gymnasium.Space[Any]:
        return Discrete(SUITS)

    @override
    def info(self, state: RepeatFirstState, params: DeckParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `score` | right answers less wrong ones |
        | `cards_left` | in the deck |
        | `answer` | the suit to name |
        """
        cards_left = num_left(state.deck)
        return {"score": state.score, "cards_left": cards_left, "answer": state.first}

    @override
    def table(self, state: RepeatFirstState, params: DeckParams) -> Table:
        return Table(
            cards=(Card("", "suits", int(state.suit)),),
            left=self.facts(state, params)["cards_left"],
            total=int(params.num_cards),
            unit="in the deck",
            verdict=int(state.verdict),
            score=int(state.score),
            task="what suit had the first card?",
            has_suit_keys=True,
        )

    @override
    def keys(self) -> dict[str, int]:
        return SUIT_KEYS


@pytree
class RepeatPreviousState(JudgedState):
    """The deck, and the cards that were dealt last, as many as matter."""

    deck: Deck
    seen: Pile
    time: Number  # steps since the reset


class RepeatPrevious(CardGame[RepeatPreviousState, RepeatPreviousParams]):
    """Name the suit that was dealt k cards ago, the last one counted.

    Source: in-context-rl.md 3.1; 3.0 for `compat`.
    """

    state_class = RepeatPreviousState

    @override
    def initial(self, key: PRNGKeyArray, params: RepeatPreviousParams) -> RepeatPreviousState:
        suit, deck = draw(jax.random.bits(key), full_deck(SUITS, params.num_cards))
        zero = jnp.int32(0)
        seen = put(empty_pile(_depth(params) + 1), suit)
        return RepeatPreviousState(deck=deck, seen=seen, time=zero, verdict=zero, score=zero)

    @override
    def transition(
        self,
        key: PRNGKeyArray,
        state: RepeatPreviousState,
        action: Any,
        params: RepeatPreviousParams,
    ) -> RepeatPreviousState:
        is_right = as_number(action) == card_at(state.seen, _depth(params))
        judged = jnp.where(_is_asked(state, params), verdict(is_right), 0)
        suit, deck = draw(jax.random.bits(key), state.deck)
        seen = put(state.seen, suit)
        if params.compat:  # in the last step no card is left to deal
            seen = jnp.where(num_left(state.deck) > 0, seen, state.seen)
        return RepeatPreviousState(
            deck=deck,
            seen=seen,
            time=state.time + 1,
            verdict=judged,
            score=state.score + judged,
        )

    @override
    def num_answers(self, params: RepeatPreviousParams) -> IntLike:
        return params.num_cards - params.k

    @override
    def terminated(self, state: RepeatPreviousState, params: RepeatPreviousParams) -> Flag:
        return state.time >= (params.num_cards if params.compat else params.num_cards - 1)

    @override
    def symbols(self, params: RepeatPreviousParams) -> tuple[int, ...]:
        return (SUITS,)

    @override
    def shown(
        self, state: RepeatPreviousState, params: RepeatPreviousParams
    ) -> Int32[Array, " symbols"]:
        return card_at(state.seen, 0)[None]

    @override
    def action_space(self, params: RepeatPreviousParams) -> gymnasium.Space[Any]:
        return Discrete(SUITS)

    @override
    def awaits_action(self, state: RepeatPreviousState, params: RepeatPreviousParams) -> bool:
        return bool(_is_asked(state, params))

    @override
    def info(self, state: RepeatPreviousState, params: RepeatPreviousParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `score` | right answers less wrong ones |
        | `cards_left` | in the deck |
        | `answer` | the suit to name; -1 while there is none |
        """
        target = card_at(state.seen, _depth(params))
        answer = jnp.where(_is_asked(state, params), target, -1)
        return {"score": state.score, "cards_left": num_left(state.deck), "answer": answer}

    @override
    def table(self, state: RepeatPreviousState, params: RepeatPreviousParams) -> Table:
        is_asked, ago = bool(_is_asked(state, params)), _depth(params)
        which = "this card" if ago == 0 else f"the card {ago} before this"
        return Table(
            cards=(Card("", "suits", cards_of(state.seen, 1)[0]),),
            left=self.facts(state, params)["cards_left"],
            total=int(params.num_cards),
            unit="in the deck",
            verdict=int(state.verdict),
            score=int(state.score),
            task=f"what suit had {which}?" if is_asked else "watch and remember",
            has_suit_keys=True,
        )

    @override
    def keys(self) -> dict[str, int]:
        return SUIT_KEYS


def _depth(params: RepeatPreviousParams) -> int:
    """How many cards have been dealt since the one to name."""
    return params.k if params.compat else params.k - 1


def _is_asked(state: RepeatPreviousState, params: RepeatPreviousParams) -> Flag:
    """Whether the card to name has been dealt."""
    return state.time >= _depth(params)
