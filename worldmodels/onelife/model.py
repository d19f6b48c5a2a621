"""A world model made of weighted laws. Using one needs no torch; fitting one does."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from typing_extensions import override

from worldmodels.interface import WorldModel
from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import Effect, Law
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.products import Product
from worldmodels.onelife.scoring import (
    DEFAULT_SCORING,
    MIN_WEIGHT,
    NO_LAWS_LOG_PROB,
    Scoring,
    checked_weights,
    draw,
    forecast,
    log_prob,
    weigh,
)

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


@dataclasses.dataclass(frozen=True)
class Vote:
    """What one law says about one observable, and what came of all that was said about it."""

    law: str
    weight: float
    observable: str
    opinion: Distribution  # of this law alone, before weights
    product: Product  # of all laws that speak about the observable


class OneLife(WorldModel[StateT, ActionT]):
    """Only the laws that speak about an observable have a say in it.

    Observables are independent of each other given state and action, but for what `DependentLaw`s
    speak about: it is scored by what the others came to, and sampled after them. What no law
    speaks about is copied into samples and scored by the rule of silence, see `Scoring`.

    Source: arXiv 2510.12088 and its released code; the README lists what differs.

    Args:
        laws: With names of their own.
        weights: One per law, >= 0.
        observables: How states are cut into observables.
        scoring: Inertia, pruning, compatibility.
        time_limit: Seconds a law may run in one call; see `LawPanel`.

    Raises:
        ValueError: repeated names, or not one finite weight >= 0 per law.
    """

    def __init__(
        self,
        laws: Sequence[Law[StateT, ActionT]],
        weights: Sequence[float],
        observables: Observables[StateT],
        scoring: Scoring = DEFAULT_SCORING,
        time_limit: float | None = 1.0,
    ) -> None:
        checked = checked_weights(weights, len(laws))
        least = MIN_WEIGHT if scoring.prune else 0.0
        kept = [i for i, weight in enumerate(checked) if weight >= least]
        self.weights = tuple(checked[i] for i in kept)
        self.observables = observables
        self.scoring = scoring
        self._panel = LawPanel([laws[i] for i in kept], time_limit)

    @property
    def laws(self) -> tuple[Law[StateT, ActionT], ...]:
        """The laws in use; pruned ones are gone."""
        return self._panel.laws

    @property
    def skipped(self) -> Counter[str]:
        """How many calls of each law gave no answer, by name."""
        return self._panel.skipped

    @property
    def errors(self) -> dict[str, str]:
        """Why a law gave no answer the first time, by name."""
        return self._panel.errors

    @override
    def notes(self) -> dict[str, float]:
        skipped = sum(self.skipped.values())
        return {"laws_skipped": float(skipped)} if skipped else {}

    @override
    def sample(self, key: int, state: StateT, action: ActionT) -> StateT:
        values = drawn(self._panel, self.weights, self.observables, key, state, action)
        return self.observables.write(state, values)

    @override
    def log_prob(self, state: StateT, action: ActionT, next_state: StateT) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(
        self, state: StateT, action: ActionT, next_states: Sequence[StateT]
    ) -> list[float]:
        if self.scoring.compat and not self.laws:
            return [NO_LAWS_LOG_PROB] * len(next_states)
        return [
            log_prob(products, before, after, self.scoring)
            for (products,), before, after in judged(
                self._panel, [self.weights], self.observables, state, action, next_states
            )
        ]

    def explain(self, state: StateT, action: ActionT) -> list[Vote]:
        """What the laws say about a step: by observable, then in the order of the laws."""
        effects = self._panel.effects(state, action)
        return votes(state, effects, self.laws, self.weights, self.observables)


def drawn(
    panel: LawPanel[StateT, ActionT],
    weights: Sequence[float],
    observables: Observables[StateT],
    key: int,
    state: StateT,
    action: ActionT,
) -> dict[str, Value]:
    """A value for everything laws speak about: what depends on others is drawn after them."""
    effects = panel.effects(state, action)
    values = draw(weigh(forecast(state, effects, observables), weights), key)
    if not panel.has_dependent_laws:
        return values
    known = panel.given(effects, state, action, values)
    later = panel.dependent_names(effects) | panel.dependent_names(known)
    again = draw(weigh(forecast(state, known, observables), weights), key)
    first = {name: value for name, value in values.items() if name not in later}
    return first | {name: value for name, value in again.items() if name in later}


def judged(
    panel: LawPanel[StateT, ActionT],
    weight_draws: Sequence[Sequence[float]],
    observables: Observables[StateT],
    state: StateT,
    action: ActionT,
    next_states: Sequence[StateT],
) -> Iterator[tuple[list[dict[str, Product]], dict[str, Value], dict[str, Value]]]:
    """For every candidate what the laws say, knowing of it what they depend on; and its values.

    Yields:
        Products, for each of the weights; the values before, and the candidate's.
    """
    effects = panel.effects(state, action)
    ballots = forecast(state, effects, observables)
    products = [weigh(ballots, weights) for weights in weight_draws]
    for candidate in next_states:
        before, after = observables.compare(state, candidate)
        if panel.has_dependent_laws:
            known = panel.given(effects, state, action, after)
            ballots = forecast(state, known, observables)
            products = [weigh(ballots, weights) for weights in weight_draws]
        yield products, before, after


def votes(
    state: StateT,
    effects: Sequence[tuple[int, Effect]],
    laws: Sequence[Law[StateT, Any]],
    weights: Sequence[float],
    observables: Observables[StateT],
) -> list[Vote]:
    """Every opinion in `effects`, indexed by law, beside the product it went into."""
    products = weigh(forecast(state, effects, observables), weights)
    return [
        Vote(laws[index].name, weights[index], name, effect[name], product)
        for name, product in products.items()
        for index, effect in effects
        if name in effect
    ]
