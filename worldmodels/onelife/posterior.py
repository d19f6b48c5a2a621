"""A world model that averages over many draws of the weights of its laws."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from typing_extensions import override

from worldmodels.interface import WorldModel
from worldmodels.onelife.distributions import logsumexp
from worldmodels.onelife.laws import Law
from worldmodels.onelife.model import Vote, drawn, judged, votes
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.scoring import (
    DEFAULT_SCORING,
    MIN_WEIGHT,
    Scoring,
    checked_weights,
    log_prob,
)

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


class PosteriorOneLife(WorldModel[StateT, ActionT]):
    """The posterior predictive: p(s') is the mean over draws of the weights of p(s' | weights).

    Args:
        laws: With names of their own.
        weight_draws: One sequence of weights >= 0, one per law, for each draw.
        observables: How states are cut into observables.
        scoring: As in `OneLife`; a law is pruned if its mean weight is below 0.01. The compat
            rules hold except that there is no special score without laws.
        time_limit: Seconds a law may run in one call; see `LawPanel`.

    Raises:
        ValueError: no draws, repeated names, or not one finite weight >= 0 per law and draw.
    """

    def __init__(
        self,
        laws: Sequence[Law[StateT, ActionT]],
        weight_draws: Sequence[Sequence[float]],
        observables: Observables[StateT],
        scoring: Scoring = DEFAULT_SCORING,
        time_limit: float | None = 1.0,
    ) -> None:
        if not weight_draws:
            raise ValueError("a posterior needs at least one draw of the weights, got none")
        draws = [checked_weights(weights, len(laws)) for weights in weight_draws]
        means = [math.fsum(column) / len(draws) for column in zip(*draws, strict=True)]
        least = MIN_WEIGHT if scoring.prune else 0.0
        kept = [i for i, mean in enumerate(means) if mean >= least]
        self.weight_draws = tuple(tuple(weights[i] for i in kept) for weights in draws)
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

    @override
    def sample(self, key: int, state: StateT, action: ActionT) -> StateT:
        pick_key, value_key = np.random.SeedSequence(key).generate_state(2, np.uint64).tolist()
        weights = self.weight_draws[pick_key % len(self.weight_draws)]
        values = drawn(self._panel, weights, self.observables, value_key, state, action)
        return self.observables.write(state, values)

    @override
    def log_prob(self, state: StateT, action: ActionT, next_state: StateT) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(
        self, state: StateT, action: ActionT, next_states: Sequence[StateT]
    ) -> list[float]:
        return [
            logsumexp([log_prob(products, before, after, self.scoring) for products in worlds])
            - math.log(len(worlds))
            for worlds, before, after in judged(
                self._panel, self.weight_draws, self.observables, state, action, next_states
            )
        ]

    def explain(self, state: StateT, action: ActionT) -> list[Vote]:
        """As `OneLife.explain`, at the mean weights of the laws."""
        columns = zip(*self.weight_draws, strict=True)
        means = [math.fsum(column) / len(self.weight_draws) for column in columns]
        effects = self._panel.effects(state, action)
        return votes(state, effects, self.laws, means, self.observables)
