"""Sets of solved instances on disk, every instance in the order of its solution.

A set is a folder of `labels.safetensors` and `manifest.json`. Rows are nodes or items in the
canonical order of bq-nco.md 3.2, and are not repeated at the end. M instances of N nodes have

| problem | arrays beside `costs` (M) | order |
|---|---|---|
| tsp | coords (M, N, 2) | the tour, from node 0 |
| atsp | matrices (M, N, N) | rows and columns by the tour, from node 0 |
| cvrp | coords (M, N+1, 2), demands, remaining, via_depots (M, N+1), capacities (M) | see below |
| op | coords (M, N+1, 2), prizes (M, N+1), max_lengths, num_visited (M) | depot, tour, others |
| knapsack | values, weights (M, N), capacities, num_packed (M) | packed items, others |

The depot of CVRP is followed by the routes, those with the least capacity to spare first.
`remaining` is what a vehicle can still carry after a row. `via_depots` says whether a row is
reached by way of the depot: at the first customer of every route but the first, where both ways
are one, and at the depot itself. `num_visited` counts the depot.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from combopt.solvers import PROBLEMS, Problem, Solution, cost_of
from envs.files import write_bytes, write_text
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance

Arrays = dict[str, np.ndarray]
Row = dict[str, Any]
"""One row of every array."""

LABELS: Final = "labels.safetensors"
MANIFEST: Final = "manifest.json"
FORMAT_VERSION: Final = 1
CLOSENESS: Final = 1e-9  # of a cost, relatively, when it is computed in another order


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be labelled, and how.

    Attributes:
        problem: which one.
        size: nodes to visit, or items.
        count: number of instances.
        distribution: of the generator.
        seed: of generator and solver.
        solver: its name.
        solver_version: of its package; empty for what is part of this one.
        iterations: its budget for each instance.
    """

    problem: Problem
    size: int
    count: int
    distribution: str
    seed: int
    solver: str
    solver_version: str
    iterations: int


@dataclasses.dataclass(frozen=True)
class Manifest(Request):
    """What a set says about itself: beside the request, the mean length, prize or value."""

    mean_cost: float


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledSet:
    """Solved instances of one problem and size."""

    manifest: Manifest
    arrays: Arrays

    def __len__(self) -> int:
        return self.manifest.count

    def instance(self, index: int) -> Instance | Knapsack:
        """An instance, its nodes or items in the order of the solution, its cost as optimum."""
        return _instance(self.manifest.problem, {n: a[index] for n, a in self.arrays.items()})

    def solution(self, index: int) -> Solution:
        """The solution of that instance."""
        return _solution(self.manifest.problem, {n: a[index] for n, a in self.arrays.items()})


def in_order(instance: Instance | Knapsack, solution: Any) -> Row:
    """An instance in the order of its solution.

    Raises:
        ValueError: it is no solution.
    """
    row: Row = {"costs": np.float64(cost_of(instance, solution))}
    match instance:
        case ATSP():
            return row | {
                "matrices": instance.matrix[np.ix_(np.array(solution), np.array(solution))]
            }
        case Knapsack():
            order = _others_last(solution, instance.size)
            return row | {
                "values": instance.values[order],
                "weights": instance.weights[order],
                "capacities": np.int64(instance.capacity),
                "num_packed": np.int64(len(solution)),
            }
    if instance.coords is None or instance.metric != "EUCLIDEAN":
        raise ValueError(f"labels are of metric EUCLIDEAN with coords; got {instance.metric}")
    match instance:
        case TSP():
            return row | {"coords": instance.coords[list(solution)]}
        case CVRP():
            return row | _routes_in_order(instance, solution)
    order = _others_last([0, *solution], instance.size)
    return row | {
        "coords": instance.coords[order],
        "prizes": instance.prizes[order],
        "max_lengths": np.float64(instance.max_length),
        "num_visited": np.int64(len(solution) + 1),
    }


def _others_last(first: Iterable[int], size: int) -> list[int]:
    order = list(first)
    return order + sorted(set(range(size)) - set(order))


def _routes_in_order(instance: CVRP, routes: list[list[int]]) -> Row:
    assert instance.coords is not None
    fullest_first = sorted(filter(None, routes), key=lambda route: -instance.demands[route].sum())
    order, remaining, via_depots = [0], [instance.capacity], [True]
    for number, route in enumerate(fullest_first):
        for place, node in enumerate(route):
            before = remaining[-1] if place else instance.capacity
            order.append(node)
            remaining.append(before - int(instance.demands[node]))
            via_depots.append(place == 0 and number > 0)
    return {
        "coords": instance.coords[order],
        "demands": instance.demands[order],
        "remaining": np.array(remaining, np.int64),
        "via_depots": np.array(via_depots, np.bool_),
        "capacities": np.array(instance.capacity, np.int64),
    }


def stacked(rows: Iterable[Mapping[str, Any]]) -> Arrays:
    """The arrays of some rows."""
    listed = list(rows)
    return {name: np.stack([row[name] for row in listed]) for name in listed[0]}


def joined(parts: Iterable[Arrays]) -> Arrays:
    """The arrays of some parts, one after the other."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in listed[0]}


def to_bytes(arrays: Arrays) -> bytes:
    """The content of a file of arrays."""
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file.

    Raises:
        ValueError: the file is broken.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    try:
        return load(content)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}; label again") from error


def write_set(folder: Path, arrays: Arrays, manifest: Manifest) -> None:
    """Write a set; the manifest comes last, so that what has one is whole."""
    write_bytes(folder / LABELS, to_bytes(arrays))
    about = {"format_version": FORMAT_VERSION, **dataclasses.asdict(manifest)}
    write_text(folder / MANIFEST, json.dumps(about, indent=2) + "\n")


def read_set(folder: Path) -> LabelledSet:
    """Read a set, and check that its solutions solve its instances at the stated costs.

    Raises:
        ValueError: a file is missing or broken; names it, and the instance that is wrong.
        OSError: a file cannot be read.
    """
    manifest = read_manifest(folder)
    path = folder / LABELS
    labels = LabelledSet(manifest, read_arrays(path))
    wanted = _shapes(manifest)
    if set(wanted) != set(labels.arrays):
        odd = ", ".join(sorted(set(wanted) ^ set(labels.arrays)))
        raise ValueError(f"{path} has other arrays than {manifest.problem}: {odd}; label again")
    for name, (shape, kind) in wanted.items():
        array = labels.arrays[name]
        if array.shape != shape or array.dtype != kind:
            raise ValueError(
                f"{path}: {name} should be {kind.__name__} of shape {shape}, got {array.dtype} of "
                f"shape {array.shape}; label again"
            )
    for index in range(len(labels)):
        _check(labels, index, path)
    return labels


def read_manifest(folder: Path) -> Manifest:
    """Read what a set says about itself.

    Raises:
        ValueError: it is missing or broken, or of another version.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise ValueError(f"{folder} holds no labelled set: make one by python -m combopt label")
    try:
        about = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON file: {error}; label again") from error
    if not isinstance(about, dict) or about.pop("format_version", None) != FORMAT_VERSION:
        raise ValueError(f"{path} should have format_version {FORMAT_VERSION}; label again")
    fields = {field.name: field.type for field in dataclasses.fields(Manifest)}
    if set(about) != set(fields):
        odd = ", ".join(sorted(set(about) ^ set(fields)))
        raise ValueError(f"{path} has other entries than expected: {odd}; label again")
    for name, value in about.items():
        kind = {"mean_cost": float, "size": int, "count": int, "seed": int, "iterations": int}
        if type(value) is not kind.get(name, str):
            raise ValueError(f"{path}: {name} has the wrong type, {value!r}; label again")
    if about["problem"] not in get_args(Problem):
        raise ValueError(f"{path}: problem is one of {', '.join(PROBLEMS)}; label again")
    return Manifest(**about)


def _shapes(manifest: Manifest) -> dict[str, tuple[tuple[int, ...], type]]:
    count, size = manifest.count, manifest.size
    each, rows, places = (count,), (count, size + 1), (count, size + 1, 2)
    shapes: dict[Problem, dict[str, tuple[tuple[int, ...], type]]] = {
        "tsp": {"coords": ((count, size, 2), np.float64)},
        "atsp": {"matrices": ((count, size, size), np.float64)},
        "cvrp": {
            "coords": (places, np.float64),
            "demands": (rows, np.int64),
            "remaining": (rows, np.int64),
            "via_depots": (rows, np.bool_),
            "capacities": (each, np.int64),
        },
        "op": {
            "coords": (places, np.float64),
            "prizes": (rows, np.float64),
            "max_lengths": (each, np.float64),
            "num_visited": (each, np.int64),
        },
        "knapsack": {
            "values": ((count, size), np.int64),
            "weights": ((count, size), np.int64),
            "capacities": (each, np.int64),
            "num_packed": (each, np.int64),
        },
    }
    return {"costs": (each, np.float64), **shapes[manifest.problem]}


def _check(labels: LabelledSet, index: int, path: Path) -> None:
    stated = float(labels.arrays["costs"][index])
    try:
        instance, solution = labels.instance(index), labels.solution(index)
        cost = cost_of(instance, solution)
        again = in_order(instance, solution)
    except ValueError as error:
        raise ValueError(f"{path}, instance {index}: {error}; label again") from error
    if not abs(cost - stated) <= CLOSENESS * max(1.0, abs(cost)):
        raise ValueError(
            f"{path}, instance {index}: its solution has the cost {cost}, not {stated}; label again"
        )
    for name, array in again.items():
        if name != "costs" and not np.array_equal(array, labels.arrays[name][index]):
            raise ValueError(f"{path}, instance {index}: {name} are not in order; label again")


def _instance(problem: Problem, row: Mapping[str, Any]) -> Instance | Knapsack:
    optimum = float(row["costs"])
    match problem:
        case "tsp":
            return TSP(row["coords"], optimum=optimum)
        case "atsp":
            return ATSP(row["matrices"], optimum=optimum)
        case "cvrp":
            capacity = int(row["capacities"])
            return CVRP(row["coords"], row["demands"], capacity, optimum=optimum)
        case "op":
            limit = float(row["max_lengths"])
            return OP(row["coords"], row["prizes"], limit, optimum=optimum)
        case "knapsack":
            capacity = int(row["capacities"])
            return Knapsack(row["values"], row["weights"], capacity, optimum=optimum)


def _solution(problem: Problem, row: Mapping[str, Any]) -> Solution:
    match problem:
        case "tsp":
            return list(range(len(row["coords"])))
        case "atsp":
            return list(range(len(row["matrices"])))
        case "op":
            return list(range(1, int(row["num_visited"])))
        case "knapsack":
            return list(range(int(row["num_packed"])))
        case "cvrp":
            starts = np.flatnonzero(row["via_depots"][2:]) + 2
            routes = np.split(np.arange(len(row["demands"])), [1, *starts.tolist()])[1:]
            return [route.tolist() for route in routes]
