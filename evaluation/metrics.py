"""Ranks with ties, and distances between states. Nothing here knows a world.

A state is compared in its canonical JSON text (`canonical_text`): two states are equal when
their texts are.
"""

import functools
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

METRICS: Final = (
    "rank_at_1",
    "mrr",
    "normalized_recall",
    "raw_edit",
    "normalized_edit",
    "iou",
)
"""Names of the columns, in the order of `Ranking` and then `Fidelity`."""

TIE_DECIMALS: Final = 6
"""Log-probabilities are compared to this many decimals: below, float32 rounding decides."""


class Ranking(NamedTuple):
    """Where the true next state came among the candidates; 1 is best in each."""

    rank_at_1: float  # share of the first place, 0..1
    reciprocal_rank: float  # 0..1
    normalized_recall: float  # 1 for the first place, 0 for the last


class Fidelity(NamedTuple):
    """How far a predicted state is from the true one."""

    raw_edit: float  # operations of an RFC 6902 patch, >= 0
    normalized_edit: float  # per leaf of the true state
    iou: float  # overlap of predicted and true changes, 0..1


class Operation(NamedTuple):
    """One operation of a JSON patch."""

    op: str
    path: str
    value: str  # canonical JSON; "" where the operation has none
    origin: str  # the path a move comes from; "" otherwise


def shuffled_ranking(
    log_probs: Sequence[float], is_true: Sequence[bool], order: Sequence[int]
) -> Ranking:
    """Rank after a shuffle: of tied candidates, the one that comes first in `order` wins.

    Args:
        log_probs: one per candidate, no nan.
        is_true: whether the candidate equals the true next state; the best of those counts.
        order: the shuffle, a permutation of the candidates.
    """
    values = settled(log_probs)
    ranked = sorted(order, key=lambda i: -values[i])  # stable
    rank = 1 + next(place for place, i in enumerate(ranked) if is_true[i])
    return _ranking_of([rank], len(values))


def expected_ranking(log_probs: Sequence[float], truth: int) -> Ranking:
    """Expectation of the rank over all ways to break ties, each equally likely.

    Args:
        log_probs: one per candidate, no nan.
        truth: index of the true next state.
    """
    values = settled(log_probs)
    better = sum(value > values[truth] for value in values)
    tied = sum(value == values[truth] for value in values)
    return _ranking_of(range(better + 1, better + tied + 1), len(values))


def settled(log_probs: Sequence[float]) -> list[float]:
    """Log-probabilities rounded, so that those which differ by rounding errors only are tied."""
    return [round(value, TIE_DECIMALS) for value in log_probs]


def fidelity(before: str, predicted: str, after: str) -> Fidelity:
    """Compare a predicted next state with the true one, all three as canonical texts.

    Source: arXiv 2510.12088 (edit distance); its released code (operations per leaf, IoU of the
    two patches from the state before, 1 when neither changes anything).
    """
    raw = float(len(patch(predicted, after)))
    true_changes = frozenset(patch(before, after))
    predicted_changes = frozenset(patch(before, predicted))
    union = true_changes | predicted_changes
    overlap = len(true_changes & predicted_changes) / len(union) if union else 1.0
    return Fidelity(raw, raw / _num_leaves_of(after), overlap)


@functools.lru_cache(maxsize=1024)  # the same few states meet again in every trial
def patch(source: str, target: str) -> tuple[Operation, ...]:
    """Operations that turn one JSON text into another."""
    if source == target:
        return ()
    import jsonpatch  # slow to import, and --help must answer at once

    operations = jsonpatch.make_patch(json.loads(source), json.loads(target)).patch
    return tuple(
        Operation(
            operation["op"],
            operation["path"],
            canonical_text(operation["value"]) if "value" in operation else "",
            operation.get("from", ""),
        )
        for operation in operations
    )


def canonical_text(value: Any) -> str:
    """JSON text with sorted keys and no spaces: equal values give equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=True)


def num_leaves(value: Any) -> int:
    """Leaves of a JSON value; an empty list or object counts as one."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and value:
        return sum(num_leaves(item) for item in value)
    return 1


@functools.lru_cache(maxsize=1024)
def _num_leaves_of(text: str) -> int:
    return num_leaves(json.loads(text))


def _ranking_of(ranks: Sequence[int], num_candidates: int) -> Ranking:
    """Means over equally likely 1-based ranks."""
    places = max(num_candidates - 1, 1)
    return Ranking(
        sum(rank == 1 for rank in ranks) / len(ranks),
        sum(1 / rank for rank in ranks) / len(ranks),
        sum(1 - (rank - 1) / places for rank in ranks) / len(ranks),
    )
