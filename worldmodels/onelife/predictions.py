"""Turns laws and transitions into tensors, once, so that fitting never runs a law again."""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Effect, Transition
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.products import Ballot, by_observable, cast_votes

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


class Record(NamedTuple):
    """What every law said about one transition, and what happened."""

    effects: list[tuple[int, Effect]]
    before: dict[str, Value]
    after: dict[str, Value]


@dataclasses.dataclass(frozen=True)
class Bucket:
    """Predicted observables that have the same number of possible values (columns).

    The values that no law names share one column, the last, when there are any. An entry is one
    law that speaks about one item; laws that are silent have no entry.
    """

    counts: Float[Tensor, " items"]  # how many times this very item was met
    targets: Int[Tensor, " items"]  # the column that came true
    log_sizes: Float[Tensor, "items columns"]  # log of the number of values in a column
    entry_items: Int[Tensor, " entries"]
    entry_laws: Int[Tensor, " entries"]
    rows: Float[Tensor, "entries columns"]  # log-scores

    def logits(self, weights: Float[Tensor, " laws"]) -> Float[Tensor, "items columns"]:
        """Unnormalised log-probability of every column."""
        votes = weights[self.entry_laws, None] * self.rows
        return self.log_sizes.index_add(0, self.entry_items, votes)


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Everything the fit needs to know about a set of transitions."""

    buckets: tuple[Bucket, ...]
    num_laws: int
    num_transitions: int
    num_unchanged: int  # observables no law spoke about, over all transitions, that stayed
    num_changed: int  # and those that did not
    num_impossible: int  # predicted observables whose value lies outside the domain; left out
    order: tuple[tuple[int, int], ...]  # (bucket, item) of every prediction, in order of time

    def nll(self, weights: Float[Tensor, " laws"]) -> Float[Tensor, ""]:
        """Negative log-likelihood, summed over transitions and predicted observables."""
        total = weights.new_zeros(())
        for bucket in self.buckets:
            log_probs = bucket.logits(weights).log_softmax(dim=1)
            happened = log_probs.gather(1, bucket.targets[:, None])[:, 0]
            total = total - torch.dot(bucket.counts, happened)
        return total

    def nll_one_by_one(self, weights: Float[Tensor, " laws"]) -> Float[Tensor, ""]:
        """The same, added up in order of time as the released code does, and far slower.

        In float32 the rounding of this very order decides where a line search stops.
        """
        parts = [
            [bucket.entry_items == item for item in range(len(bucket.targets))]
            for bucket in self.buckets
        ]
        total = weights.new_zeros(())
        for number, item in self.order:
            bucket, mine = self.buckets[number], parts[number][item]
            votes = weights[bucket.entry_laws[mine], None] * bucket.rows[mine]
            logits = votes.sum(0) + bucket.log_sizes[item]
            total = total + (logits[bucket.targets[item]] - torch.logsumexp(logits, 0))
        return -total


def consult(
    panel: LawPanel[StateT, ActionT],
    transitions: Sequence[Transition[StateT, ActionT]],
    observables: Observables[StateT],
) -> list[Record]:
    """Run every law once on every transition."""
    with panel.watching():
        return [
            Record(
                panel.effects(step.state, step.action),
                *observables.compare(step.state, step.next_state),
            )
            for step in transitions
        ]


def collect(
    records: Sequence[Record],
    laws: Sequence[int],
    observables: Observables[Any],
    *,
    skip_absent: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Predictions:
    """Flatten what some of the laws said into tensors; equal items are merged and counted.

    Args:
        records: What `consult` returned.
        laws: Indices, in the panel, of the laws to use; they become laws 0, 1, ...
        observables: Gives the domains.
        skip_absent: Leave out what is missing from the next state, as published.
        dtype: Of the tensors of floats.
    """
    place = {law: i for i, law in enumerate(laws)}
    items: list[_Item] = []
    tally = Counter({"unchanged": 0, "changed": 0, "impossible": 0})
    for effects, before, after in records:
        voices = by_observable((place[law], effect) for law, effect in effects if law in place)
        for name, spoken in voices.items():
            value = after.get(name, ABSENT)
            if skip_absent and value is ABSENT:
                continue
            ballot = cast_votes(
                spoken,
                observables.domain(name),
                before.get(name, ABSENT),
                observables.noise_logscore,
            )
            if ballot.contains(value):
                items.append(_item(ballot, value))
            else:
                tally["impossible"] += 1
        for name in after if skip_absent else {**before, **after}:
            if name not in voices:
                is_same = before.get(name, ABSENT) == after.get(name, ABSENT)
                tally["unchanged" if is_same else "changed"] += 1
    buckets, order = _buckets(items, dtype)
    return Predictions(
        buckets=buckets,
        num_laws=len(laws),
        num_transitions=len(records),
        num_unchanged=tally["unchanged"],
        num_changed=tally["changed"],
        num_impossible=tally["impossible"],
        order=order,
    )


class _Item(NamedTuple):
    """A predicted observable without its name and values: what the likelihood depends on."""

    laws: tuple[int, ...]
    rows: tuple[tuple[float, ...], ...]  # [law][column]
    target: int  # column
    num_others: int  # values in the last column if > 0; every other column is one value


def _item(ballot: Ballot, value: Value) -> _Item:
    num_others = ballot.num_others
    rows = ballot.rows
    if value in ballot.values:
        target = ballot.values.index(value)
    else:  # named by no law: gets a column of its own
        target = len(ballot.values)
        num_others -= 1
        rows = tuple([(*row, ballot.noise) for row in rows])
    if num_others:
        rows = tuple([(*row, ballot.noise) for row in rows])
    return _Item(ballot.laws, rows, target, num_others)


def _buckets(
    items: Sequence[_Item], dtype: torch.dtype
) -> tuple[tuple[Bucket, ...], tuple[tuple[int, int], ...]]:
    """Merge equal items; also say where each one went: (bucket, item)."""
    counts = Counter(items)
    widths = sorted({len(item.rows[0]) for item in counts})
    groups = [[item for item in counts if len(item.rows[0]) == width] for width in widths]
    places = {item: (b, i) for b, group in enumerate(groups) for i, item in enumerate(group)}
    buckets = tuple(_bucket(group, [counts[item] for item in group], dtype) for group in groups)
    return buckets, tuple([places[item] for item in items])


def _bucket(items: list[_Item], counts: list[int], dtype: torch.dtype) -> Bucket:
    singles = [0.0] * (len(items[0].rows[0]) - 1)
    sizes = [[*singles, math.log(max(item.num_others, 1))] for item in items]
    return Bucket(
        counts=torch.tensor(counts, dtype=dtype),
        targets=torch.tensor([item.target for item in items]),
        log_sizes=torch.tensor(sizes, dtype=dtype),
        entry_items=torch.tensor([i for i, item in enumerate(items) for _ in item.laws]),
        entry_laws=torch.tensor([law for item in items for law in item.laws]),
        rows=torch.tensor([row for item in items for row in item.rows], dtype=dtype),
    )
