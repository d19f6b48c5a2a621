"""From laws and transitions to a fitted model."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from worldmodels.onelife.fitting import RUNBOOK, FitConfig, fit_inertia, fit_weights
from worldmodels.onelife.laws import Law, Transition
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.predictions import collect, consult
from worldmodels.onelife.scoring import MIN_WEIGHT, Scoring

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


def learn(
    laws: Sequence[Law[StateT, ActionT]],
    transitions: Sequence[Transition[StateT, ActionT]],
    observables: Observables[StateT],
    config: FitConfig = RUNBOOK,
    *,
    time_limit: float | None = 1.0,
    on_step: Callable[[int, float], None] | None = None,
) -> OneLife[StateT, ActionT]:
    """Fit the weights of laws, and of inertia, to transitions.

    Every law is run once on every transition, also where laws are pruned and the rest refitted.

    Args:
        laws: With names of their own.
        transitions: What happened; at most `config.batch_size` of them are used.
        observables: How states are cut into observables.
        config: Of the fit.
        time_limit: Seconds a law may run in one call, while fitting and afterwards; a law
            that exceeds it while fitting is not in the model.
        on_step: See `fit_weights`.
    """
    panel = LawPanel(laws, time_limit)
    records = consult(panel, choose_batch(transitions, config), observables)
    able = [i for i, law in enumerate(laws) if law.name not in panel.stopped]
    predictions = collect(records, able, observables, skip_absent=config.compat, dtype=config.dtype)
    fit = fit_weights(predictions, config, on_step=on_step)
    weights, inertia = fit.weights, fit.inertia
    kept = [i for i, weight in zip(able, weights, strict=True) if weight >= MIN_WEIGHT]
    if config.prune and len(kept) < len(able):
        predictions = collect(
            records, kept, observables, skip_absent=config.compat, dtype=config.dtype
        )
        inertia = fit_inertia(predictions, config)  # more is left to it now
        weights = tuple(weight for weight in weights if weight >= MIN_WEIGHT)
        if config.refit:
            weights = fit_weights(predictions, config, on_step=on_step).weights
        able = kept
    scoring = Scoring(inertia=inertia, prune=config.prune, compat=config.compat)
    model = OneLife([laws[i] for i in able], weights, observables, scoring, time_limit)
    model.skipped.update(panel.skipped)
    model.errors.update(panel.errors)
    return model


def choose_batch(
    transitions: Sequence[Transition[StateT, ActionT]], config: FitConfig
) -> list[Transition[StateT, ActionT]]:
    """At most `config.batch_size` of the transitions, each at most once, in their order."""
    if config.batch_size is None or len(transitions) <= config.batch_size:
        return list(transitions)
    generator = np.random.default_rng(config.seed)
    chosen = generator.choice(len(transitions), config.batch_size, replace=False)
    return [transitions[i] for i in sorted(chosen.tolist())]
