"""CountRecall: how often has this kind of card been dealt?"""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
from gymnasium.spaces import Discrete
from jaxtyping import Array, Int32, PRNGKeyArray
from typing_extensions import override

from envs.core import IntLike, pytree
from envs.memory.cards import Deck, draw, full_deck, num_left, num_left_of
from envs.memory.game import CardGame, Flag, JudgedState, Number, as_number, verdict
from envs.memory.params import CountRecallParams
from envs.memory.table import COUNT_KEYS, Card, Table


@pytree
class CountRecallState(JudgedState):
    """Two decks, and the card of each that was dealt last."""

    values: Deck
    queries: Deck
    value: Number
    query: Number  # the kind that is asked for


class CountRecall(CardGame[CountRecallState, CountRecallParams]):
    """Count the cards of one deck by kind; those of another deck say which count is asked for.

    Source: in-context-rl.md 3.1.
    """

    state_class = CountRecallState

    @override
    def initial(self, key: PRNGKeyArray, params: CountRecallParams) -> CountRecallState:
        deck, zero = full_deck(params.num_kinds, params.num_cards), jnp.int32(0)
        bits = jax.random.bits(key, (2,))
        value, values = draw(bits[0], deck)
        query, queries = draw(bits[1], deck)
        return CountRecallState(
            values=values, queries=queries, value=value, query=query, verdict=zero, score=zero
        )

    @override
    def transition(
        self, key: PRNGKeyArray, state: CountRecallState, action: Any, params: CountRecallParams
    ) -> CountRecallState:
        judged = verdict(as_number(action) == _count(state, params))
        bits = jax.random.bits(key, (2,))
        value, values = draw(bits[0], state.values)
        query, queries = draw(bits[1], state.queries)
        return CountRecallState(
            values=values,
            queries=queries,
            value=value,
            query=query,
            verdict=judged,
            score=state.score + judged,
        )

    @override
    def num_answers(self, params: CountRecallParams) -> IntLike:
        return params.num_cards - 1

    @override
    def terminated(self, state: CountRecallState, params: CountRecallParams) -> Flag:
        return num_left(state.values) == 0

    @override
    def symbols(self, params: CountRecallParams) -> tuple[int, ...]:
        return params.num_kinds, params.num_kinds

    @override
    def shown(self, state: CountRecallState, params: CountRecallParams) -> Int32[Array, " symbols"]:
        return jnp.stack([state.value, state.query])

    @override
    def action_space(self, params: CountRecallParams) -> gymnasium.Space[Any]:
        return Discrete(int(params.num_each) + 1)

    @override
    def info(self, state: CountRecallState, params: CountRecallParams) -> dict[str, Any]:
        """Diagnostics.

        | key | meaning |
        |---|---|
        | `score` | right answers less wrong ones |
        | `cards_left` | in each deck |
        | `answer` | the count that is asked for |
        """
        cards_left = num_left(state.values)
        return {"score": state.score, "cards_left": cards_left, "answer": _count(state, params)}

    @override
    def table(self, state: CountRecallState, params: CountRecallParams) -> Table:
        return Table(
            cards=(
                Card("dealt", params.cards, int(state.value)),
                Card("how many?", params.cards, int(state.query)),
            ),
            left=self.facts(state, params)["cards_left"],
            total=int(params.num_cards),
            unit="in the deck",
            verdict=int(state.verdict),
            score=int(state.score),
            task="how many of the second kind so far?",
        )

    @override
    def keys(self) -> dict[str, int]:
        return COUNT_KEYS


def _count(state: CountRecallState, params: CountRecallParams) -> Number:
    """How many cards of the kind that is asked for have been dealt."""
    return params.num_each - num_left_of(state.query, state.values)
