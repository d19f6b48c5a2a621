"""Random reduced instances on the way of solved ones, and the actions that are right there.

Source: bq-nco.md 3.1 and 3.2. All that is drawn together has one number of rows. B reduced
instances, N nodes or items.

| problem | what is drawn | right |
|---|---|---|
| tsp | a part of the tour, from anywhere, in either direction; all of it, too | the next node |
| atsp | the same, in its direction | the next node |
| cvrp | the rest of the routes, the fullest first, each in either direction | the next customer |
| op | the rest of the tour, in either direction, and the nodes that are not on it | the next node |
| knapsack | what is left when some of the packed items were taken | each of the others of them |
"""

import dataclasses
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from combopt.bq.decoding import NUM_SYMMETRIES, PLACED, turned
from combopt.bq.model import Inputs, inputs_of
from combopt.bq.reduction import NUM_WAYS, Reduction, instances_of
from combopt.datasets import LabelledSet

FEWEST_ROWS: Final = 4  # of a part of a tour, so that there is a choice
Numbers = Int64[np.ndarray, "..."]


class Batch(NamedTuple):
    """What a network learns from in one step.

    Attributes:
        state: reduced instances.
        right: actions that an optimal solution takes; one at least.
        views: orientations in which the network sees them.
    """

    state: Reduction
    right: Bool[Tensor, "batch actions"]
    views: Int64[Tensor, " batch"]

    def inputs(self) -> Inputs:
        """What the network reads."""
        read = inputs_of(self.state)
        if self.state.problem not in PLACED:
            return read
        return read._replace(rows=turned(read.rows, self.views))

    def part(self, share: slice) -> "Batch":
        """Some of the batch."""
        index = torch.arange(len(self.right), device=self.right.device)[share]
        return Batch(self.state.take(index), self.right[index], self.views[index])


def split(labels: LabelledSet, held_out: int) -> tuple[LabelledSet, LabelledSet]:
    """A set without its last instances, and these."""
    parts = slice(None, -held_out), slice(-held_out, None)
    counts = len(labels) - held_out, held_out
    first, second = (
        LabelledSet(
            dataclasses.replace(labels.manifest, count=count),
            {name: array[part] for name, array in labels.arrays.items()},
        )
        for part, count in zip(parts, counts, strict=True)
    )
    return first, second


class Lessons:
    """The solved instances of a labelled set, from which reduced ones are drawn."""

    def __init__(self, labels: LabelledSet, device: torch.device | str = "cpu") -> None:
        self.problem = labels.manifest.problem
        self.size = labels.manifest.size
        self.arrays = labels.arrays
        listed = [labels.instance(index) for index in range(len(labels))]
        self.instances = instances_of(listed, device=device)
        self.num_nodes = self.instances.features.shape[1]
        if self.problem == "cvrp":
            starts = labels.arrays["via_depots"].copy()
            starts[:, 1] = True
            self.first, self.last = _ends_of_routes(starts)
        if self.problem in ("op", "knapsack"):
            name = "num_visited" if self.problem == "op" else "num_packed"
            self.num_choices = labels.arrays[name] - (self.problem == "op")
            self.by_choices = np.argsort(self.num_choices, kind="stable")

    def draw(self, count: int, random: np.random.Generator) -> Batch:
        """Reduced instances of one number of rows."""
        draw = {
            "tsp": self._tours,
            "atsp": self._tours,
            "cvrp": self._routes,
            "op": self._paths,
            "knapsack": self._items,
        }
        which, nodes, left, right = draw[self.problem](count, random)
        views = random.integers(NUM_SYMMETRIES, size=count)
        device = self.instances.features.device
        state = Reduction(
            self.instances,
            torch.from_numpy(which).to(device),
            torch.from_numpy(nodes).to(device),
            None if left is None else torch.from_numpy(left.astype(np.float64)).to(device),
        )
        return Batch(state, torch.from_numpy(right).to(device), torch.from_numpy(views).to(device))

    def _tours(self, count: int, random: np.random.Generator) -> "_Drawn":
        size = self.num_nodes
        rows = int(random.integers(min(FEWEST_ROWS, size + 1), size + 2))
        which = random.integers(len(self.arrays["costs"]), size=count)
        nodes = (random.integers(size, size=(count, 1)) + np.arange(rows)) % size
        if self.problem == "tsp":
            is_back = random.integers(2, size=(count, 1)) == 1
            nodes = np.where(is_back, nodes[:, ::-1], nodes)
        return _Drawn(which, nodes, None, self._next(nodes))

    def _routes(self, count: int, random: np.random.Generator) -> "_Drawn":
        done = int(random.integers(self.num_nodes - 1))
        which = random.integers(len(self.arrays["costs"]), size=count)
        first, last = self.first[which], self.last[which]
        is_back = np.take_along_axis(random.integers(2, size=first.shape), first, axis=1) == 1
        order = np.where(
            is_back, first + last - np.arange(self.num_nodes), np.arange(self.num_nodes)
        )
        nodes = np.concatenate([order[:, done:], order[:, :1]], axis=1)
        in_route = np.arange(self.num_nodes) >= first[:, done : done + 1]
        in_route[:, done + 1 :] = False
        needs = np.take_along_axis(self.arrays["demands"][which], order, axis=1)
        left = self.arrays["capacities"][which] - (needs * in_route).sum(axis=1)
        is_via = self.arrays["via_depots"][which, done + 1].astype(np.int64)
        return _Drawn(which, nodes, left, self._next(nodes, is_via))

    def _paths(self, count: int, random: np.random.Generator) -> "_Drawn":
        which, done = self._with_choices(count, random)
        size, visited = self.num_nodes, self.arrays["num_visited"][which, None]
        places = np.arange(size)
        is_back = (random.integers(2, size=(count, 1)) == 1) & (places > 0) & (places < visited)
        order = np.where(is_back, visited - places, places)
        nodes = np.concatenate([order[:, done:], order[:, :1]], axis=1)
        walked = np.take_along_axis(
            self.arrays["coords"][which], order[:, : done + 1, None], axis=1
        )
        length = np.linalg.norm(np.diff(walked, axis=1), axis=2).sum(axis=1)
        return _Drawn(which, nodes, self.arrays["max_lengths"][which] - length, self._next(nodes))

    def _items(self, count: int, random: np.random.Generator) -> "_Drawn":
        which, done = self._with_choices(count, random)
        places = np.arange(self.num_nodes)
        is_packed = places < self.arrays["num_packed"][which, None]
        order = np.where(is_packed, random.random((count, self.num_nodes)), 1.0).argsort(axis=1)
        taken, nodes = order[:, :done], order[:, done:]
        weight = np.take_along_axis(self.arrays["weights"][which], taken, axis=1).sum(axis=1)
        right = np.take_along_axis(is_packed, nodes, axis=1)
        return _Drawn(which, nodes, self.arrays["capacities"][which] - weight, right)

    def _with_choices(self, count: int, random: np.random.Generator) -> tuple[Numbers, int]:
        """Instances whose solutions go on after some choices, and the number of these.

        The number is as it is in a random instance.
        """
        fewest = np.searchsorted(self.num_choices[self.by_choices], 0, side="right")
        one = self.by_choices[random.integers(fewest, len(self.by_choices))]
        done = int(random.integers(self.num_choices[one]))
        first = np.searchsorted(self.num_choices[self.by_choices], done, side="right")
        return self.by_choices[random.integers(first, len(self.by_choices), size=count)], done

    def _next(self, nodes: Numbers, is_via: Numbers | int = 0) -> Bool[np.ndarray, "..."]:
        """That the second row is right."""
        ways = NUM_WAYS[self.problem]
        right = np.zeros((len(nodes), nodes.shape[1] * ways), np.bool_)
        right[np.arange(len(nodes)), ways + is_via] = True
        return right


class _Drawn(NamedTuple):
    """Fields of a `Reduction`, and what is right."""

    which: Numbers
    nodes: Numbers
    left: np.ndarray | None
    right: Bool[np.ndarray, "batch actions"]


def _ends_of_routes(starts: Bool[np.ndarray, "instances nodes"]) -> tuple[Numbers, Numbers]:
    """For each node the first and the last one of its route; the depot is one of its own."""
    places = np.arange(starts.shape[1])
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=1)
    ends = np.roll(starts, -1, axis=1)
    ends[:, -1] = True
    last = np.minimum.accumulate(np.where(ends, places, places[-1])[:, ::-1], axis=1)[:, ::-1]
    return first, last
