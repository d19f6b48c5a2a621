"""HigherLower: will the next card be higher or lower?"""

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
from envs.memory.params import DeckParams
from envs.memory.table import Card, Table

RANKS: Final = KINDS["ranks"]
HIGHER: Final = 0
LOWER: Final = 1


@pytree
class HigherLowerState(JudgedState):
    """The deck, and the card that was dealt last."""

    deck: Deck
    rank: Number


class HigherLower(CardGame[HigherLowerState, DeckParams]):
    """Guess whether the next card is higher or lower; who counts cards guesses better.

    Source: in-context-rl.md 3.1.
    """

    state_class = HigherLowerState

    @override
    def initial(self, key: PRNGKeyArray, params: DeckParams) -> HigherLowerState:
        rank, deck = draw(jax.random.bits(key), full_deck(RANKS, params.num_cards))
        zero = jnp.int32(0)
        return HigherLowerState(deck=deck, rank=rank, verdict=zero, score=zero)

    @override
    def transition(
        self, key: PRNGKeyArray, state: HigherLowerState, action: Any, params: DeckParams
    ) -> HigherLowerState:
        rank, deck = draw(jax.random.bits(key), state.deck)
        is_right = (rank > state.rank) == (as_number(action) == HIGHER)
        judged = jnp.where(rank == state.rank, 0, verdict(is_right))
        return HigherLowerState(deck=deck, rank=rank, verdict=judged, score=state.score + judged)

    @override
    def num_answers(self, params: DeckParams) -> IntLike:
        return params.num_cards

    @override
    def terminated(self, state: HigherLowerState, params: DeckParams) -> Flag:
        return num_left(state.deck) == 0

    @override
    def symbols(self, params: DeckParams) -> tuple[int, ...]:
        return (RANKS,)

    @override
    def shown(self, state: HigherLowerState, params: DeckParams) -> Int32[Array, " symbols"]:
        return state.rank[None]

    @override
    def action_space(self, params: DeckParams) -> gymnasium.Space[Any]:
        return Discrete(2)

    @override
    def info(self, state: HigherLowerState, params: DeckParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `score` | right guesses less wrong ones |
        | `cards_left` | in the deck |
        """
        return {"score": state.score, "cards_left": num_left(state.deck)}

    @override
    def table(self, state: HigherLowerState, params: DeckParams) -> Table:
        return Table(
            cards=(Card("", "ranks", int(state.rank)),),
            left=self.facts(state, params)["cards_left"],
            total=int(params.num_cards),
            unit="in the deck",
            verdict=int(state.verdict),
            score=int(state.score),
            task="is the next card higher or lower?",
        )

    @override
    def keys(self) -> dict[str, int]:
        return {"up": HIGHER, "down": LOWER}
