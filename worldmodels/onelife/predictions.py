"""Turns laws and transitions into tensors, once, so that fitting never runs a law again."""

import dataclasses
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
    """Predicted observables that have the same number of columns.

    A column stands for the values that the laws score alike; column 0 is the value that came true.
    An entry is one law that speaks about one item; laws that are silent have no entry.
    """

    counts: Float[Tensor, " items"]  # how many times this very item was met
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

    def speakers(self) -> set[int]:
        """The laws that said something."""
        return {law for bucket in self.buckets for law in bucket.entry_laws.tolist()}

    def nll(self, weights: Float[Tensor, " laws"]) -> Float[Tensor, ""]:
        """Negative log-likelihood, summed over transitions and predicted observables."""
        total = weights.new_zeros(())
        for bucket in self.buckets:
            # Not log_softmax: it starts threads for any size, and on a busy machine takes 100
            # times as long.
            logits = bucket.logits(weights)
            happened = logits[:, 0] - torch.logsumexp(logits, dim=1)
            total = total - torch.dot(bucket.counts, happened)
        return total

    def nll_one_by_one(self, weights: Float[Tensor, " laws"]) -> Float[Tensor, ""]:
        """The same, added up in order of time as the released code does, and far slower.

        In float32 the rounding of this very order decides where a line search stops.
        """
        parts = [
            [bucket.entry_items == item for item in range(len(bucket.counts))]
            for bucket in self.buckets
        ]
        total = weights.new_zeros(())
        for number, item in self.order:
            bucket, mine = self.buckets[number], parts[number][item]
            votes = weights[bucket.entry_laws[mine], None] * bucket.rows[mine]
            logits = votes.sum(0) + bucket.log_sizes[item]
            total = total + (logits[0] - torch.logsumexp(logits, 0))
        return -total


def consult(
    panel: LawPanel[StateT, ActionT],
    transitions: Sequence[Transition[StateT, ActionT]],
    observables: Observables[StateT],
    *,
    in_hindsight: bool = True,
) -> list[Record]:
    """Run every law on every transition.

    Args:
        panel: The laws.
        transitions: What happened.
        observables: How states are cut into observables.
        in_hindsight: Whether laws that depend on others know what these came to.
    """
    records = []
    with panel.watching():
        for step in transitions:
            before, after = observables.compare(step.state, step.next_state)
            effects = panel.effects(step.state, step.action)
            if in_hindsight and panel.has_dependent_laws:
                effects = panel.given(effects, step.state, step.action, after)
            records.append(Record(effects, before, after))
    return records


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
    """A predicted observable without its name and values: what the likelihood depends on.

    A column is the scores that the laws give to a value. Values with equal columns share one, but
    for the value that came true, which is column 0; the items of a day then are few.
    """

    laws: tuple[int, ...]
    columns: tuple[tuple[float, ...], ...]  # [column][law]
    sizes: tuple[int, ...]  # values in each column


def _item(ballot: Ballot, value: Value) -> _Item:
    noise = (ballot.noise,) * len(ballot.laws)
    columns = Counter(
        {noise: ballot.num_others - (value not in ballot.values)}  # named by no law
    )
    target = noise
    for listed, column in zip(ballot.values, zip(*ballot.rows, strict=True), strict=True):
        if listed == value:
            target = column
        else:
            columns[column] += 1
    others = sorted((column, size) for column, size in columns.items() if size)
    return _Item(
        ballot.laws,
        (target, *(column for column, _ in others)),
        (1, *(size for _, size in others)),
    )


def _buckets(
    items: Sequence[_Item], dtype: torch.dtype
) -> tuple[tuple[Bucket, ...], tuple[tuple[int, int], ...]]:
    """Merge equal items; also say where each one went: (bucket, item)."""
    counts = Counter(items)
    widths = sorted({len(item.columns) for item in counts})
    groups = [[item for item in counts if len(item.columns) == width] for width in widths]
    places = {item: (b, i) for b, group in enumerate(groups) for i, item in enumerate(group)}
    buckets = tuple(_bucket(group, [counts[item] for item in group], dtype) for group in groups)
    return buckets, tuple([places[item] for item in items])


def _bucket(items: list[_Item], counts: list[int], dtype: torch.dtype) -> Bucket:
    rows = [row for item in items for row in zip(*item.columns, strict=True)]
    return Bucket(
        counts=torch.tensor(counts, dtype=dtype),
        log_sizes=torch.tensor([item.sizes for item in items], dtype=dtype).log(),
        entry_items=torch.tensor([i for i, item in enumerate(items) for _ in item.laws]),
        entry_laws=torch.tensor([law for item in items for law in item.laws]),
        rows=torch.tensor(rows, dtype=dtype),
    )
