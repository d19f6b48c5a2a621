"""PoE-World: a product in which every law votes on everything.

A law that leaves an observable untouched votes for a uniform distribution, which changes nothing
in a normalised product. What sets this model apart is what happens where no law speaks: such an
observable is scored as 0 and drawn uniformly. Source: topwasu/poe-world, and its version for
Crafter in the code released with arXiv 2510.12088.
"""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from typing_extensions import override

from worldmodels.interface import WorldModel
from worldmodels.onelife.laws import Law
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.products import cast_votes
from worldmodels.onelife.scoring import (
    MIN_WEIGHT,
    checked_weights,
    draw,
    forecast,
    weigh,
)
from worldmodels.onelife.storage import StoredModel, find_laws, read_model, write_model

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


class PoEWorld(WorldModel[StateT, ActionT]):
    """Every law has a say in every observable.

    Args:
        laws: With names of their own.
        weights: One per law, >= 0; None gives each law the weight 1 of a new one.
        observables: How states are cut into observables.
        prune: Drop laws whose weight is below 0.01.
        is_jumpy: Draw what no law speaks about uniformly from its domain, as published; else
            copy it. What has no domain that can be listed is copied in any case.
        time_limit: Seconds a law may run in one call; see `LawPanel`.

    Raises:
        ValueError: repeated names, or not one finite weight >= 0 per law.
    """

    def __init__(
        self,
        laws: Sequence[Law[StateT, ActionT]],
        weights: Sequence[float] | None,
        observables: Observables[StateT],
        *,
        prune: bool = True,
        is_jumpy: bool = True,
        time_limit: float | None = 1.0,
    ) -> None:
        checked = checked_weights([1.0] * len(laws) if weights is None else weights, len(laws))
        least = MIN_WEIGHT if prune else 0.0
        kept = [i for i, weight in enumerate(checked) if weight >= least]
        self.weights = tuple(checked[i] for i in kept)
        self.observables = observables
        self.prune = prune
        self.is_jumpy = is_jumpy
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
    def sample(self, key: int, state: StateT, action: ActionT) -> StateT:
        ballots = forecast(state, self._panel.effects(state, action), self.observables)
        if self.is_jumpy:
            noise = self.observables.noise_logscore
            before, _ = self.observables.compare(state, state)
            for name in before.keys() - ballots.keys():
                domain = self.observables.domain(name)
                if domain is not None:
                    ballots[name] = cast_votes([], domain, before[name], noise)
        products = weigh(dict(sorted(ballots.items())), self.weights)
        return self.observables.write(state, draw(products, key))

    @override
    def log_prob(self, state: StateT, action: ActionT, next_state: StateT) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(
        self, state: StateT, action: ActionT, next_states: Sequence[StateT]
    ) -> list[float]:
        ballots = forecast(state, self._panel.effects(state, action), self.observables)
        products = weigh(ballots, self.weights)
        scores = []
        for candidate in next_states:
            _, after = self.observables.compare(state, candidate)
            present = [(p, after[name]) for name, p in products.items() if name in after]
            scores.append(math.fsum(p.log_prob(v) for p, v in present if v is not ABSENT))
        return scores


def save_poeworld(model: PoEWorld[Any, Any], path: Path) -> None:
    """Write the names and weights of the laws in use; a kill leaves the old file or the new."""
    weights = {law.name: w for law, w in zip(model.laws, model.weights, strict=True)}
    config = {"prune": model.prune, "is_jumpy": model.is_jumpy}
    write_model(StoredModel("poeworld", weights, config), path)


def load_poeworld(
    path: Path,
    laws: Sequence[Law[StateT, ActionT]],
    observables: Observables[StateT],
    time_limit: float | None = 1.0,
) -> PoEWorld[StateT, ActionT]:
    """Read what `save_poeworld` wrote; see `load_onelife`.

    Raises:
        ValueError: the file is malformed, of another version or kind, or names unknown laws.
    """
    stored = read_model(path, "poeworld")
    prune, is_jumpy = stored.config.get("prune"), stored.config.get("is_jumpy")
    if not isinstance(prune, bool) or not isinstance(is_jumpy, bool) or len(stored.config) != 2:
        raise ValueError(f"{path}: config has the booleans 'prune' and 'is_jumpy', and no more")
    return PoEWorld(
        find_laws(stored, laws, path),
        list(stored.weights.values()),
        observables,
        prune=prune,
        is_jumpy=is_jumpy,
        time_limit=time_limit,
    )
