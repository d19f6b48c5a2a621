"""PoE-World: a product in which every law votes on everything.

A law that leaves an observable untouched votes for a uniform distribution, which changes nothing
in a normalised product. What sets this model apart is what happens where no law speaks: such an
observable is drawn uniformly. Source: topwasu/poe-world, and its version for
Crafter in the code released with arXiv 2510.12088.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from typing_extensions import override

from worldmodels.interface import WorldModel
from worldmodels.onelife.laws import Law
from worldmodels.onelife.model import Vote, votes
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.products import Product, cast_votes
from worldmodels.onelife.scoring import (
    MIN_WEIGHT,
    checked_weights,
    draw,
    forecast,
    weigh,
)
from worldmodels.onelife.storage import StoredModel, find_laws, read_model, write_model

_CONFIG: Final = ("prune", "is_jumpy", "scores_silence")  # what a file says beside weights

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
        scores_silence: Score what no law speaks about as a uniform draw from its domain, as in
            the toy worlds of the released code; else as 0, as in its version for Crafter.
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
        scores_silence: bool = False,
        time_limit: float | None = 1.0,
    ) -> None:
        checked = checked_weights([1.0] * len(laws) if weights is None else weights, len(laws))
        least = MIN_WEIGHT if prune else 0.0
        kept = [i for i, weight in enumerate(checked) if weight >= least]
        self.weights = tuple(checked[i] for i in kept)
        self.observables = observables
        self.prune = prune
        self.is_jumpy = is_jumpy
        self.scores_silence = scores_silence
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
        before, _ = self.observables.compare(state, state)
        products = self._products(state, action, before if self.is_jumpy else ())
        return self.observables.write(state, draw(products, key))

    @override
    def log_prob(self, state: StateT, action: ActionT, next_state: StateT) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(
        self, state: StateT, action: ActionT, next_states: Sequence[StateT]
    ) -> list[float]:
        before, _ = self.observables.compare(state, state)
        products = self._products(state, action, before if self.scores_silence else ())
        scores = []
        for candidate in next_states:
            _, after = self.observables.compare(state, candidate)
            present = {name: after[name] for name in products if name in after}
            scores.append(
                math.fsum(
                    products[name].log_prob(value)
                    for name, value in present.items()
                    if value is not ABSENT
                )
            )
        return scores

    def explain(self, state: StateT, action: ActionT) -> list[Vote]:
        """What the laws say about a step, uniform draws aside; see `OneLife.explain`."""
        effects = self._panel.effects(state, action)
        return votes(state, effects, self.laws, self.weights, self.observables)

    def _products(
        self, state: StateT, action: ActionT, others: Iterable[str]
    ) -> dict[str, Product]:
        """What the laws say, and a uniform draw for the others they are silent about."""
        ballots = forecast(state, self._panel.effects(state, action), self.observables)
        for name in others:
            domain = self.observables.domain(name)
            if name not in ballots and domain is not None:
                ballots[name] = cast_votes([], domain, ABSENT, self.observables.noise_logscore)
        return weigh(dict(sorted(ballots.items())), self.weights)


def save_poeworld(model: PoEWorld[Any, Any], path: Path) -> None:
    """Write the names and weights of the laws in use; a kill leaves the old file or the new."""
    weights = {law.name: w for law, w in zip(model.laws, model.weights, strict=True)}
    config = {name: getattr(model, name) for name in _CONFIG}
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
    config = stored.config
    if set(config) != set(_CONFIG) or not all(isinstance(on, bool) for on in config.values()):
        raise ValueError(f"{path}: config has the booleans {', '.join(_CONFIG)}; got {config}")
    return PoEWorld(
        find_laws(stored, laws, path),
        list(stored.weights.values()),
        observables,
        prune=config["prune"],
        is_jumpy=config["is_jumpy"],
        scores_silence=config["scores_silence"],
        time_limit=time_limit,
    )
