"""From the scores of single predictions to the rows of a table.

The transitions are fixed, so trials are the unit of replication: a scenario's value in a trial
is the mean over its transitions; its mean and standard deviation are taken over trials; the
overall mean and standard deviation are plain means over scenarios. The standard error is that of
the overall mean over trials.

Source: arXiv 2510.12088 and its released code; the standard errors are ours.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from evaluation.metrics import METRICS
from evaluation.record import Row
from evaluation.runner import COLUMNS, Outcome

Trials = Float[np.ndarray, "trials metrics"]


def row_of(name: str, outcomes: Sequence[Outcome]) -> Row:
    """One model's row, with a nested row per scenario.

    Args:
        name: of the model.
        outcomes: one per scenario, at least one, all with the same number of trials.
    """
    by_trial = [np.stack([np.mean(trial, axis=0) for trial in o.scores]) for o in outcomes]
    parts = tuple(
        _row(outcome.job.label, trials, {"transitions": float(len(outcome.scores[0]))})
        for outcome, trials in zip(outcomes, by_trial, strict=True)
    )
    notes: dict[str, float] = {}
    for outcome in outcomes:
        for note, count in outcome.notes.items():
            notes[note] = notes.get(note, 0.0) + count
    std = {name: float(np.mean([part.std[name] for part in parts])) for name in parts[0].std}
    return _row(name, np.mean(by_trial, axis=0), notes, std, parts)


def _row(
    name: str,
    trials: Trials,
    extra: dict[str, float],
    std: dict[str, float] | None = None,
    by: tuple[Row, ...] = (),
) -> Row:
    num_trials = len(trials)
    metrics = dict(zip(COLUMNS, trials.mean(axis=0).tolist(), strict=True)) | extra
    spread: dict[str, float] = {}
    if num_trials > 1:
        spread = dict(zip(COLUMNS, trials.std(axis=0, ddof=1).tolist(), strict=True))
        spread = {metric: spread[metric] for metric in METRICS}
    stderr = {metric: value / math.sqrt(num_trials) for metric, value in spread.items()}
    return Row(name, metrics, stderr, num_trials, spread if std is None else std, by)
