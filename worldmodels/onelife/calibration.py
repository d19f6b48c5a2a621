"""How much to trust laws: the posterior of what they say, and a check on what was held out.

A law that held n times out of n may still fail: it is inert with an unknown probability, which
has the prior Beta(1, 20), so its mean after n occasions is (1 + failures) / (21 + n). How its
changes come out has a Dirichlet prior; weights have the posterior of `bayes`. The point estimate
that models use by default is the mode of all these: laws that never failed do not fail.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from worldmodels.onelife.bayes import variational_draws
from worldmodels.onelife.fitting import FitConfig, fit_inertia, fit_weights
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.learned import laws_about
from worldmodels.onelife.learning import choose_batch
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.posterior import PosteriorOneLife
from worldmodels.onelife.predictions import collect, consult
from worldmodels.onelife.scoring import Scoring
from worldmodels.onelife.synthesis.laws import Book, Change, DataLaw, Outcome
from worldmodels.onelife.synthesis.templates import STAY

HELD_OUT: Final = 0.2  # of a life: its end
_INERT: Final = (1.0, 20.0)  # Beta prior of the chance that a law does nothing
_CONCENTRATION: Final = 0.5  # Dirichlet prior of each way in which a change comes out
_FLOOR: Final = -30.0  # a transition is not scored below it: one impossible step says nothing

Life = Sequence[Transition[Any, Any]]


class Check(NamedTuple):
    """Mean log-probability of the transitions that were held out, in nats."""

    num_transitions: int
    no_laws: float
    unweighted: float  # every law with weight 1
    fitted: float  # the most probable weights
    posterior: float  # averaged over what the laws may say and weigh


def doubting(book: Book[Any]) -> Book[Any]:
    """The same laws with the posterior means of their chances."""
    laws = [_doubting(law) for law in book.laws]
    return Book(book.world, laws, book.known)


def _doubting(law: DataLaw) -> DataLaw:
    return dataclasses.replace(law, changes=tuple(_mean_of(change) for change in law.changes))


def _mean_of(change: Change) -> Change:
    moves = [outcome for outcome in change.outcomes if outcome.template != STAY]
    stayed = math.fsum(outcome.count for outcome in change.outcomes if outcome.template == STAY)
    moved = math.fsum(outcome.count for outcome in moves)
    failures, successes = _INERT
    inert = (failures + stayed) / (failures + successes + stayed + moved)
    total = moved + _CONCENTRATION * len(moves)
    outcomes = [
        Outcome(
            outcome.template,
            (1.0 - inert) * (outcome.count + _CONCENTRATION) / total,
            outcome.count,
        )
        for outcome in moves
    ]
    return dataclasses.replace(change, outcomes=(Outcome(STAY, inert, stayed), *outcomes))


def posterior_of(
    book: Book[Any], life: Life, config: FitConfig, num_draws: int = 30
) -> PosteriorOneLife[Any, Any]:
    """The posterior predictive: laws that may fail, and many draws of their weights."""
    laws = laws_about(doubting(book), "full")
    panel = LawPanel(laws)
    observables = book.world.observables
    records = consult(panel, choose_batch(life, config), observables)
    predictions = collect(records, range(len(laws)), observables, dtype=config.dtype)
    draws = variational_draws(predictions, guide="low_rank", num_draws=num_draws, num_steps=500)
    scoring = Scoring(inertia=fit_inertia(predictions, config))
    return PosteriorOneLife(laws, draws.tolist(), observables, scoring)


def check(book: Book[Any], life: Life, config: FitConfig) -> Check:
    """Fit weights to the first part of a life and score the rest.

    Args:
        book: Laws that were induced from the first part alone.
        life: The whole life.
        config: Of the fit.
    """
    seen, held_out = split(life)
    laws = laws_about(book, "full")
    observables = book.world.observables
    records = consult(LawPanel(laws), choose_batch(seen, config), observables)
    predictions = collect(records, range(len(laws)), observables, dtype=config.dtype)
    fit = fit_weights(predictions, config)
    scoring = Scoring(inertia=fit.inertia)
    models: tuple[OneLife[Any, Any] | PosteriorOneLife[Any, Any], ...] = (
        OneLife([], [], observables, Scoring(inertia=0.05)),
        OneLife(laws, [1.0] * len(laws), observables, scoring),
        OneLife(laws, fit.weights, observables, scoring),
        posterior_of(book, seen, config),
    )
    return Check(len(held_out), *(_score(model, held_out) for model in models))


def split(life: Life) -> tuple[Life, Life]:
    """The life without its end, and its end."""
    number = max(1, round(len(life) * (1.0 - HELD_OUT)))
    return life[:number], life[number:]


def _score(model: OneLife[Any, Any] | PosteriorOneLife[Any, Any], steps: Life) -> float:
    scores = [
        max(model.log_prob(step.state, step.action, step.next_state), _FLOOR) for step in steps
    ]
    return math.fsum(scores) / max(len(scores), 1)
