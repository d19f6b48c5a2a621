"""A world model made of weighted laws. Using one needs no torch; fitting one does."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from typing_extensions import override

from worldmodels.interface import WorldModel
from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.laws import DependentLaw, Effect, Law
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
        effects = self._panel.effects(state, action)
        values = draw(self._products(state, effects), key)
        if self._panel.has_dependent_laws:
            known = self._panel.given(effects, state, action, values)
            later = {name for effect in (effects, known) for name in self._dependent_names(effect)}
            redrawn = draw(self._products(state, known), key)
            values = {name: v for name, v in values.items() if name not in later}
            values |= {name: v for name, v in redrawn.items() if name in later}
        return self.observables.write(state, values)

    def _products(self, state: StateT, effects: Sequence[tuple[int, Effect]]) -> dict[str, Product]:
        return weigh(forecast(state, effects, self.observables), self.weights)

    def _dependent_names(self, effects: Sequence[tuple[int, Effect]]) -> set[str]:
        """What dependent laws speak about."""
        return {
            name
            for index, effect in effects
            if isinstance(self.laws[index], DependentLaw)
            for name in effect
        }

    @override
    def log_prob(self, state: StateT, action: ActionT, next_state: StateT) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(
        self, state: StateT, action: ActionT, next_states: Sequence[StateT]
    ) -> list[float]:
        if self.scoring.compat and not self.laws:
            return [NO_LAWS_LOG_PROB] * len(next_states)
        effects = self._panel.effects(state, action)
        products = self._products(state, effects)
        found = []
        for candidate in next_states:
            before, after = self.observables.compare(state, candidate)
            if self._panel.has_dependent_laws:
                known = self._panel.given(effects, state, action, after)
                products = self._products(state, known)
            found.append(log_prob(products, before, after, self.scoring))
        return found

    def explain(self, state: StateT, action: ActionT) -> list[Vote]:
        """What the laws say about a step: by observable, then in the order of the laws."""
        effects = self._panel.effects(state, action)
        return votes(state, effects, self.laws, self.weights, self.observables)


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
