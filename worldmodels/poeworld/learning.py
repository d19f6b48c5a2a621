"""How PoE-World gets its laws: it asks for more where it is surprised, and refits."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from worldmodels.onelife.fitting import RUNBOOK, FitConfig, fit_weights
from worldmodels.onelife.laws import Law, Transition
from worldmodels.onelife.learning import choose_batch
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.predictions import collect, consult
from worldmodels.onelife.scoring import MIN_WEIGHT
from worldmodels.poeworld.model import PoEWorld

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


@dataclasses.dataclass(frozen=True)
class SurpriseConfig:
    """The published values are those of the code released with arXiv 2510.12088.

    Raises:
        ValueError: the batch size is not positive.
    """

    batch_size: int = 10  # transitions looked at between two fits
    threshold: float = -2.0  # a log-probability below it is a surprise
    fit: FitConfig = dataclasses.field(default=RUNBOOK)
    is_jumpy: bool = True  # of the model, see `PoEWorld`

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size is at least 1, got {self.batch_size}")


def learn_by_surprise(
    transitions: Sequence[Transition[StateT, ActionT]],
    propose: Callable[[Sequence[Transition[StateT, ActionT]]], Sequence[Law[StateT, ActionT]]],
    observables: Observables[StateT],
    config: SurpriseConfig = SurpriseConfig(),
    *,
    time_limit: float | None = 1.0,
) -> PoEWorld[StateT, ActionT]:
    """Go through the transitions once, and ask for laws for the surprising ones.

    Without laws everything is a surprise. Where laws exist but are silent nothing is, since what
    no law speaks about scores 0; this is as published.

    Args:
        transitions: In order of time.
        propose: Gets the surprising transitions of a batch; laws whose name is known are ignored.
        observables: How states are cut into observables.
        config: Threshold, batch size and fit.
        time_limit: Seconds a law may run in one call.
    """
    laws: tuple[Law[StateT, ActionT], ...] = ()
    model = PoEWorld(laws, None, observables, is_jumpy=config.is_jumpy, time_limit=time_limit)
    for start in range(0, len(transitions), config.batch_size):
        stop = start + config.batch_size
        surprises = [
            step
            for step in transitions[start:stop]
            if not laws
            or model.log_prob(step.state, step.action, step.next_state) < config.threshold
        ]
        known = {law.name for law in laws}
        new = {law.name: law for law in (propose(surprises) if surprises else ())}
        added = tuple(law for name, law in new.items() if name not in known)
        if added:
            model = fit_poeworld(
                (*laws, *added),
                transitions[:stop],
                observables,
                config.fit,
                is_jumpy=config.is_jumpy,
                time_limit=time_limit,
            )
            laws = model.laws
    return fit_poeworld(
        laws,
        transitions,
        observables,
        config.fit,
        is_jumpy=config.is_jumpy,
        time_limit=time_limit,
    )


def fit_poeworld(
    laws: Sequence[Law[StateT, ActionT]],
    transitions: Sequence[Transition[StateT, ActionT]],
    observables: Observables[StateT],
    config: FitConfig = RUNBOOK,
    *,
    is_jumpy: bool = True,
    time_limit: float | None = 1.0,
) -> PoEWorld[StateT, ActionT]:
    """Fit the weights of laws; with `config.prune` all below 0.01 go, but the best one stays.

    The silent votes are constant, so this is the same likelihood as that of OneLife.
    """
    panel = LawPanel(laws, time_limit)
    records = consult(panel, choose_batch(transitions, config), observables, in_hindsight=False)
    able = [i for i, law in enumerate(laws) if law.name not in panel.stopped]
    predictions = collect(records, able, observables, skip_absent=True, dtype=config.dtype)
    weights = fit_weights(predictions, config).weights
    if config.prune and weights:
        least = min(MIN_WEIGHT, max(weights))
        able = [i for i, weight in zip(able, weights, strict=True) if weight >= least]
        weights = tuple(weight for weight in weights if weight >= least)
    model = PoEWorld(
        [laws[i] for i in able],
        weights,
        observables,
        prune=False,  # done, and the best law is to stay
        is_jumpy=is_jumpy,
        time_limit=time_limit,
    )
    model.skipped.update(panel.skipped)
    model.errors.update(panel.errors)
    return model
