"""From judgements of single lives to rows: means and standard deviations between lives."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from evaluation.arena import EVERYTHING, Arena
from evaluation.lives.judging import Judged
from evaluation.metrics import METRICS
from evaluation.record import Row

EQUAL: Final = 5e-4
"""Two mean reciprocal ranks that differ by less are equal: both print the same three decimals."""

Verdicts = ("better", "equal", "worse")


def row_between(name: str, judged: Sequence[Judged]) -> Row:
    """One model, with a nested row per scenario; n is the number of lives.

    A count that a model has not kept in some life, such as of laws skipped, is 0 there.
    """
    labels = judged[0].by
    by = tuple(_row(label, [_measures(j.by[label]) for j in judged]) for label in labels)
    overall = [
        {k: v for k, v in one.metrics.items() if k not in ("candidates", "transitions")}
        for one in judged
    ]
    return _row(name, overall, by)


def mechanics_of(arena: Arena[Any, Any]) -> tuple[str, ...]:
    """Names of the mechanics of a world: its published scenarios, or all; variants are one."""
    labels = arena.select(arena.default_set.get("compat", EVERYTHING))
    return tuple(dict.fromkeys(map(_mechanic, labels)))


def compared(
    name: str, ours: Sequence[Judged], theirs: Sequence[Judged], mechanics: Sequence[str]
) -> Row:
    """By how much one model's MRR is above another's in every mechanic, life by life.

    Args:
        name: of the row.
        ours: one per life.
        theirs: of the other model in the same lives.
        mechanics: which; the variants of a mechanic count the same.

    Returns:
        In how many mechanics the first model is better, equal, and worse; nested: `mrr`,
        `other_mrr` and `difference` of each.
    """
    rows = []
    for mechanic in mechanics:
        pairs = [
            (_mrr(one, mechanic), _mrr(other, mechanic))
            for one, other in zip(ours, theirs, strict=True)
        ]
        samples = [{"mrr": a, "other_mrr": b, "difference": a - b} for a, b in pairs]
        rows.append(_row(mechanic, samples))
    found = [verdict(row) for row in rows]
    counts = {word: float(found.count(word)) for word in Verdicts}
    return Row(name, counts, {}, len(ours), by=tuple(rows))


def verdict(row: Row) -> str:
    """Whether the first model is better, equal, or worse in a mechanic."""
    difference = row.metrics["difference"]
    if abs(difference) < EQUAL:
        return "equal"
    return "better" if difference > 0 else "worse"


def curve_row(name: str, points: Mapping[int, Sequence[Judged]]) -> Row:
    """MRR after each number of transitions; n is the number of lives that had so many."""
    by = tuple(
        _row(str(transitions), [{"mrr": one.metrics["mrr"]} for one in judged])
        for transitions, judged in points.items()
    )
    return Row(name, {}, {}, max(row.n for row in by), by=by)


def _row(name: str, samples: Sequence[Mapping[str, float]], by: tuple[Row, ...] = ()) -> Row:
    names = list(dict.fromkeys(name for sample in samples for name in sample))
    values = np.array([[sample.get(name, 0.0) for name in names] for sample in samples])
    n = len(samples)
    metrics = dict(zip(names, values.mean(axis=0).tolist(), strict=True))
    if n == 1:
        return Row(name, metrics, {}, n, {}, by)
    std = dict(zip(names, values.std(axis=0, ddof=1).tolist(), strict=True))
    stderr = {metric: value / math.sqrt(n) for metric, value in std.items()}
    return Row(name, metrics, stderr, n, std, by)


def _mrr(judged: Judged, mechanic: str) -> float:
    """Mean over the variants of a mechanic."""
    values = [v["mrr"] for label, v in judged.by.items() if _mechanic(label) == mechanic]
    return sum(values) / len(values)


def _measures(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: metrics[name] for name in METRICS}


def _mechanic(label: str) -> str:
    return label.partition("/")[0]
