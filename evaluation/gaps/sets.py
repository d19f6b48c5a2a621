"""Sets of instances: drawn at random, or read from files and folders."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from combopt.attempts import read_instances
from combopt.solvers import Problem, problem_of
from envs.knapsack.generators import generate as draw_knapsacks
from envs.routing.generators import generate as draw_routing

SUFFIXES: Final = (".tsp", ".atsp", ".vrp", ".oplib", ".npz", ".txt")  # of a folder's files
SIZES: Final = (
    (100, "below 100 nodes"),
    (200, "100 to 199 nodes"),
    (500, "200 to 499 nodes"),
    (1000, "500 to 999 nodes"),
)
"""Parts of a folder of tours, as in published tables; what is larger is one part."""
LARGEST: Final = "1000 nodes and more"


@dataclasses.dataclass(frozen=True, eq=False)
class InstanceSet:
    """Instances of one problem that share a line of the table.

    Attributes:
        name: of the set.
        part: what published figures call such a set.
        problem: of all.
        instances: with their optima, where these are known.
        labels: a name for each, where each has a line of its own in the record.
    """

    name: str
    part: str
    problem: Problem
    instances: tuple[Any, ...]
    labels: tuple[str, ...] = ()


def drawn_set(problem: Problem, size: int, count: int, seed: int, distribution: str) -> InstanceSet:
    """Random instances.

    Raises:
        ValueError: there are no such instances.
    """
    instances: Sequence[Any]
    if problem == "knapsack":
        if distribution != "uniform":
            raise ValueError(f"knapsacks are 'uniform'; got {distribution!r}")
        instances = draw_knapsacks(size, count, seed)
    else:
        instances = draw_routing(problem, size, count, seed, distribution)
    part = _part(problem, size, instances[0])
    name = part if distribution == "uniform" else f"{part}, {distribution}"
    return InstanceSet(name, part if name == part else "", problem, tuple(instances))


def _part(problem: Problem, size: int, instance: Any) -> str:
    capacity = f", capacity {instance.capacity}" if problem == "cvrp" else ""
    return f"{problem}{size}{capacity}"


def file_sets(paths: Iterable[Path], *, is_exact: bool) -> list[InstanceSet]:
    """A set of each file of several instances, and of each kind of single ones in each folder.

    Args:
        paths: files, and folders of files.
        is_exact: whether distances are not rounded; optima stay those of rounded ones.

    Raises:
        ValueError: a file is malformed, or a folder has none.
        OSError: one cannot be read.
    """
    sets: list[InstanceSet] = []
    singles: dict[tuple[str, Problem], list[tuple[str, Any]]] = {}
    for path in _files(paths):
        instances = [_exact(each) if is_exact else each for each in read_instances(path)]
        problem = problem_of(instances[0])
        if len(instances) > 1:
            num_nodes = instances[0].size - (problem in ("cvrp", "op"))
            part = _part(problem, num_nodes, instances[0])
            sets.append(InstanceSet(f"{part}, {path.stem}", part, problem, tuple(instances)))
        else:
            name = _group(path, problem, instances[0].size)
            singles.setdefault((name, problem), []).append((path.stem, instances[0]))
    for (name, problem), found in singles.items():
        labels, alone = zip(*sorted(found, key=lambda pair: (pair[1].size, pair[0])), strict=True)
        sets.append(InstanceSet(name, name, problem, alone, labels))
    return sets


def _files(paths: Iterable[Path]) -> list[Path]:
    files = []
    for path in paths:
        if path.is_dir():
            found = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES)
            if not found:
                raise ValueError(f"{path} has no files that end in {', '.join(SUFFIXES)}")
            files += found
        elif path.is_file():
            files.append(path)
        else:
            raise ValueError(f"there is no file or folder {path}")
    return files


def _group(path: Path, problem: Problem, size: int) -> str:
    """As `tsplib, below 100 nodes` or `cvrplib, set A`."""
    if problem == "cvrp":
        return f"{path.parent.name}, set {path.stem.partition('-')[0]}"
    which = next((name for bound, name in SIZES if size < bound), LARGEST)
    return f"{path.parent.name}, {which}"


def _exact(instance: Any) -> Any:
    if getattr(instance, "metric", "EXPLICIT") in ("EXPLICIT", "EUCLIDEAN"):
        return instance
    return dataclasses.replace(instance.unrounded(), optimum=instance.optimum)
