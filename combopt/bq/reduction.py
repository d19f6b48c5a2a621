"""The bisimulation quotient: what is left of an instance after some steps is a smaller instance.

Source: bq-nco.md 1.1 and 1.2. A reduced instance is a list of rows. In routing the first row is
the origin, where the path so far ends, and the last one is the destination, where the whole path
will end; the others are the nodes that were not visited, in their first order. Rows of a knapsack
are the items that were not packed. What the past has used up is in `left`.

| problem | action | reward | `left` |
|---|---|---|---|
| tsp, atsp | row | minus the distance | |
| cvrp | 2 row, or 2 row + 1 by way of the depot | minus the distance | capacity of this route |
| op | row | prize | length |
| knapsack | row | value | capacity |

The last leg of TSP, ATSP and CVRP is paid with the last choice. A path is a list of actions where
the number of the node stands in place of the row.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from combopt.solvers import Problem, Solution, problem_of
from envs.knapsack.generators import SCALE
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, CVRP, OP, TOLERANCE, TSP, Instance

NUM_WAYS: Final[dict[Problem, int]] = {"tsp": 1, "atsp": 1, "cvrp": 2, "op": 1, "knapsack": 1}
"""Actions of a row."""
ENDS_ANYWHERE: Final = ("op", "knapsack")
"""Problems where every path is a solution."""


@dataclasses.dataclass(frozen=True, eq=False)
class Instances:
    """M instances of N nodes, or items, as tensors in their own units.

    Attributes:
        problem: of all.
        features: what a network reads of each node beside `left`; numbers of about 0..1.
        coords: what distances follow from, where there are no matrices.
        matrices: distances from row to column.
        needs: demands of CVRP, weights of knapsacks.
        gains: prizes of OP, values of knapsacks.
        limits: capacities, or greatest lengths.
        units: what a network divides `left` by.
    """

    problem: Problem
    features: Float64[Tensor, "instances nodes features"]
    coords: Float64[Tensor, "instances nodes 2"] | None = None
    matrices: Float64[Tensor, "instances nodes nodes"] | None = None
    needs: Float64[Tensor, "instances nodes"] | None = None
    gains: Float64[Tensor, "instances nodes"] | None = None
    limits: Float64[Tensor, " instances"] | None = None
    units: Float64[Tensor, " instances"] | None = None

    def take(self, index: Int64[Tensor, " taken"]) -> "Instances":
        """Those instances, in that order."""
        fields = {name: tensor[index] for name, tensor in _tensors(self).items()}
        return dataclasses.replace(self, **fields)  # type: ignore[arg-type]  # tensors only

    def distances(
        self,
        which: Int64[Tensor, "..."],
        origins: Int64[Tensor, "..."],
        destinations: Int64[Tensor, "..."],
    ) -> Float64[Tensor, "..."]:
        """Between nodes of the instances `which`; shapes broadcast."""
        if self.matrices is not None:
            return self.matrices[which, origins, destinations]
        assert self.coords is not None
        offsets = self.coords[which, origins] - self.coords[which, destinations]
        lengths: Tensor = torch.linalg.vector_norm(offsets, dim=-1)
        return lengths


@dataclasses.dataclass(frozen=True, eq=False)
class Reduction:
    """B reduced instances of R rows each.

    Attributes:
        instances: what they were reduced from.
        which: of these, for each.
        nodes: the node, or item, that each row stands for.
        left: see the table above; None for TSP and ATSP.
    """

    instances: Instances
    which: Int64[Tensor, " batch"]
    nodes: Int64[Tensor, "batch rows"]
    left: Float64[Tensor, " batch"] | None = None

    @property
    def problem(self) -> Problem:
        """Of all instances."""
        return self.instances.problem

    @property
    def num_rows(self) -> int:
        """R, ends included."""
        return self.nodes.shape[1]

    @property
    def legal(self) -> Bool[Tensor, "batch actions"]:
        """Which actions can be taken; none of an instance whose path has ended."""
        if self.problem == "knapsack":
            return self._needs() <= self._left()[:, None]
        inner = torch.zeros_like(self.nodes, dtype=torch.bool)
        inner[:, 1:-1] = True
        if self.problem == "op":
            length = self.from_origin() + self._distances(self.nodes, self.nodes[:, -1:])
            return inner & (length <= self._left()[:, None] + TOLERANCE)
        if self.problem == "cvrp":
            direct = inner & (self._needs() <= self._left()[:, None])
            return torch.stack([direct, inner], dim=-1).flatten(1)
        return inner

    def reward(self, action: Int64[Tensor, " batch"]) -> Float64[Tensor, " batch"]:
        """Of legal actions."""
        rows, via_depot = self._parts(action)
        chosen = self.nodes.gather(1, rows[:, None])
        if self.problem in ENDS_ANYWHERE:
            assert self.instances.gains is not None
            return self.instances.gains[self.which, chosen[:, 0]]
        origin, end = self.nodes[:, :1], self.nodes[:, -1:]
        length = self._distances(origin, chosen)
        if self.problem == "cvrp":
            detour = self._distances(origin, end) + self._distances(end, chosen)
            length = torch.where(via_depot[:, None], detour, length)
        if self.num_rows == 3:
            length = length + self._distances(chosen, end)
        return -length[:, 0]

    def step(self, action: Int64[Tensor, " batch"]) -> "Reduction":
        """What is left after actions, with one row less.

        Nothing is checked: after an action that is not legal, the numbers mean nothing.
        """
        rows, via_depot = self._parts(action)
        chosen = self.nodes.gather(1, rows[:, None])
        is_routing = self.problem != "knapsack"
        places = torch.arange(int(is_routing), self.num_rows - 1, device=self.nodes.device)
        others = self.nodes.gather(1, places + (places >= rows[:, None]))
        return dataclasses.replace(
            self,
            nodes=torch.cat([chosen, others], dim=1) if is_routing else others,
            left=self._left_after(chosen, via_depot),
        )

    def path_actions(self, action: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """The actions as they stand in a path, with nodes in place of rows."""
        ways = NUM_WAYS[self.problem]
        nodes = self.nodes.gather(1, (action // ways)[:, None])[:, 0]
        return nodes * ways + action % ways

    def take(self, index: Int64[Tensor, " taken"]) -> "Reduction":
        """Those of the batch, in that order."""
        left = None if self.left is None else self.left[index]
        return Reduction(self.instances, self.which[index], self.nodes[index], left)

    def with_rows(self, rows: Int64[Tensor, "batch kept"]) -> "Reduction":
        """With those rows only."""
        return dataclasses.replace(self, nodes=self.nodes.gather(1, rows))

    def from_origin(self) -> Float64[Tensor, "batch rows"]:
        """The distance of every row."""
        return self._distances(self.nodes[:, :1], self.nodes)

    def _distances(
        self, origins: Int64[Tensor, "batch _"], destinations: Int64[Tensor, "batch _"]
    ) -> Float64[Tensor, "batch _"]:
        return self.instances.distances(self.which[:, None], origins, destinations)

    def _needs(self) -> Float64[Tensor, "batch rows"]:
        assert self.instances.needs is not None
        return self.instances.needs[self.which[:, None], self.nodes]

    def _left(self) -> Float64[Tensor, " batch"]:
        assert self.left is not None
        return self.left

    def _left_after(
        self, chosen: Int64[Tensor, "batch 1"], via_depot: Bool[Tensor, " batch"]
    ) -> Float64[Tensor, " batch"] | None:
        if self.left is None:
            return None
        if self.problem == "op":
            return self.left - self._distances(self.nodes[:, :1], chosen)[:, 0]
        assert self.instances.limits is not None
        assert self.instances.needs is not None
        before = torch.where(via_depot, self.instances.limits[self.which], self.left)
        return before - self.instances.needs[self.which, chosen[:, 0]]

    def _parts(
        self, action: Int64[Tensor, " batch"]
    ) -> tuple[Int64[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """Rows, and whether they are reached by way of the depot."""
        ways = NUM_WAYS[self.problem]
        return action // ways, action % ways == 1


def start(instances: Instances) -> Reduction:
    """The whole instances: node 0 is origin and destination, and has two rows."""
    count, num_nodes, _ = instances.features.shape
    device = instances.features.device
    nodes = torch.arange(num_nodes, device=device)
    if instances.problem != "knapsack":
        nodes = torch.cat([nodes, nodes[:1]])
    which = torch.arange(count, device=device)
    return Reduction(instances, which, nodes.repeat(count, 1), instances.limits)


def solution_of(problem: Problem, path: Sequence[int]) -> Solution:
    """The solution that a path is."""
    if problem in ENDS_ANYWHERE:
        return list(path)
    if problem != "cvrp":
        return [0, *path]
    routes: list[list[int]] = []
    for action in path:
        if action % 2 or not routes:
            routes.append([])
        routes[-1].append(action // 2)
    return routes


def instances_of(
    listed: Sequence[Instance | Knapsack],
    *,
    scaled: bool = False,
    device: torch.device | str = "cpu",
) -> Instances:
    """Tensors of some instances.

    Args:
        listed: of one problem and size.
        scaled: whether a network sees each instance as large as those it was trained on: places in
            the unit square, the larger side 1; the largest prize, value and weight 1. Rewards and
            what is legal are in the instance's own units all the same.
        device: where the tensors are.

    Raises:
        ValueError: the instances are not alike, have no places, or are too large for a network and
            not scaled.
    """
    kinds = sorted({(problem_of(each), each.size) for each in listed})
    if len(kinds) != 1:
        raise ValueError(f"a batch has instances of one problem and size; got {kinds or 'none'}")
    with_matrices = any(_is_rounded(each) for each in listed)
    rows = [_arrays(each, scaled, with_matrices) for each in listed]
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    features = arrays["features"]
    if features.size and not (features.min() >= 0 and features.max() <= 1):
        raise ValueError(
            "a network reads places in the unit square, prizes up to 1, and values and weights up "
            f"to {SCALE}; got {features.min():g}..{features.max():g} in these units: set scaled"
        )
    tensors = {
        name: torch.as_tensor(array, dtype=torch.float64, device=device)
        for name, array in arrays.items()
    }
    return Instances(kinds[0][0], **tensors)


def _is_rounded(instance: Instance | Knapsack) -> bool:
    """Whether distances do not simply follow from coordinates."""
    return isinstance(instance, TSP | CVRP | OP) and instance.metric != "EUCLIDEAN"


def _arrays(
    instance: Instance | Knapsack, scaled: bool, with_matrices: bool
) -> Mapping[str, np.ndarray]:
    if isinstance(instance, ATSP):
        return {"features": np.zeros((instance.size, 0)), "matrices": instance.matrix}
    if isinstance(instance, Knapsack):
        largest = (instance.values.max(), instance.weights.max()) if scaled else (SCALE, SCALE)
        unit = np.array(largest, np.float64).clip(min=1)
        return {
            "features": np.stack([instance.values, instance.weights], axis=-1) / unit,
            "needs": instance.weights,
            "gains": instance.values,
            "limits": np.array(instance.capacity),
            "units": unit[1],
        }
    if instance.coords is None:
        raise ValueError(f"a network reads coords; {instance.name or 'this instance'} has none")
    places, side = instance.coords, 1.0
    if scaled:
        places = places - places.min(axis=0)
        side = float(places.max()) or 1.0
        places = places / side
    distances = {"matrices": instance.distances()} if with_matrices else {"coords": instance.coords}
    match instance:
        case CVRP():
            capacity = np.array(instance.capacity)
            return distances | {
                "features": np.column_stack([places, instance.demands / capacity]),
                "needs": instance.demands,
                "limits": capacity,
                "units": capacity,
            }
        case OP():
            prizes = instance.prizes / ((instance.prizes.max() if scaled else 0.0) or 1.0)
            return distances | {
                "features": np.column_stack([places, prizes]),
                "gains": instance.prizes,
                "limits": np.array(instance.max_length),
                "units": np.array(side),
            }
    return distances | {"features": places}


def _tensors(instances: Instances) -> Mapping[str, Tensor]:
    fields = ((f.name, getattr(instances, f.name)) for f in dataclasses.fields(instances))
    return {name: value for name, value in fields if isinstance(value, Tensor)}
