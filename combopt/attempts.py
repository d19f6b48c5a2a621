"""Ways to solve one instance side by side: a network, a network with search, a classical solver."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from combopt.solvers import Problem, Solution, cost_of, problem_of, solve
from combopt.solvers.budget import Budget
from envs.assets import asset_path
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, TSP, Instance

if TYPE_CHECKING:  # a classical solver needs no torch
    from combopt.bq.model import BQNetwork

MEASURES: Final[dict[Problem, str]] = {
    "tsp": "length", "atsp": "length", "cvrp": "length", "op": "prize", "knapsack": "value"
}  # fmt: skip
"""What a solution is judged by."""
MAXIMISED: Final = ("op", "knapsack")
NEIGHBOURS: Final = 100  # rows that a network sees at once; it is trained on as many
ROUTING_SUFFIXES: Final = (".tsp", ".atsp", ".vrp", ".oplib", ".tour", ".sol")


class Attempt(NamedTuple):
    """A solution and how it came about."""

    policy: str
    solution: Solution
    cost: float  # length, prize or value
    seconds: float  # by the clock, of what is part of this policy


def read_instances(path: Path) -> list[Instance | Knapsack]:
    """All instances of a file, whatever their problem.

    Raises:
        ValueError: the file is malformed; names the file and the line.
        OSError: it cannot be read.
    """
    if _is_of_knapsacks(path):
        from envs.knapsack import files as knapsacks

        return list(knapsacks.read_all(path))
    from envs.routing import files as routing

    return list(routing.read_all(path))


def _is_of_knapsacks(path: Path) -> bool:
    if path.suffix == ".npz":
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return False
        with np.load(path, allow_pickle=False) as arrays:
            return {"values", "weights"} <= set(arrays.files)
    if path.suffix in ROUTING_SUFFIXES:
        return False
    with path.open("rb") as file:
        first = file.readline().split()
    return bool(first) and first[0].isdigit() and b"output" not in first


def gap_percent(problem: Problem, cost: float, reference: float | None) -> float | None:
    """By how many per cent a solution is worse than another; None without one."""
    if not reference:
        return None
    worse = reference - cost if problem in MAXIMISED else cost - reference
    return 100 * worse / reference


def checkpoint_of(problem: Problem) -> Path:
    """The folder of the shipped network of a problem.

    Raises:
        ValueError: there is none.
    """
    try:
        return asset_path("checkpoints", f"bq-{problem}")
    except FileNotFoundError:
        raise ValueError(
            f"no network for {problem} is shipped: train one by python -m combopt train --problem "
            f"{problem} and give its folder as --checkpoint, or take --policy classical"
        ) from None


def for_network(instance: Instance | Knapsack) -> Instance | Knapsack:
    """The instance as a network reads it; a TSP of distances alone is an ATSP."""
    if isinstance(instance, TSP) and instance.coords is None:
        assert instance.matrix is not None
        return ATSP(instance.matrix, instance.name, instance.optimum)
    return instance


def by_network(
    network: "BQNetwork", instance: Instance | Knapsack, seconds: float, seed: int
) -> Iterator[Attempt]:
    """Solve an instance greedily, and then with search on top.

    The search takes the best of 8 orientations of the square, where there are any and time allows,
    and solves random parts again until its time is over.

    Args:
        network: of the problem, see `for_network`.
        instance: what to solve.
        seconds: for both together; greedy decoding ends however long it takes.
        seed: of the parts.
    """
    from combopt.bq.decoding import NUM_SYMMETRIES, PLACED, Decoding
    from combopt.bq.decoding import solve as decode
    from combopt.bq.reconstruction import improved

    decoding = Decoding(neighbours=NEIGHBOURS, scaled=True)
    start = time.perf_counter()
    solution = decode(network, [instance], decoding)[0]
    taken = time.perf_counter() - start
    yield Attempt("network, greedy", solution, cost_of(instance, solution), taken)
    if problem_of(instance) in PLACED and NUM_SYMMETRIES * taken < seconds - taken:
        every = dataclasses.replace(decoding, symmetries=True)
        solution = decode(network, [instance], every)[0]
    left = seconds - (time.perf_counter() - start)
    if left > 0:
        solution = improved(network, instance, solution, Budget(seconds=left), decoding, seed)
    taken = time.perf_counter() - start
    yield Attempt("network + search", solution, cost_of(instance, solution), taken)


def by_solver(instance: Instance | Knapsack, seconds: float | None, seed: int) -> Attempt:
    """Solve an instance by the best classical solver installed.

    Args:
        instance: what to solve.
        seconds: for it; None for as long as it usually takes.
        seed: of the solver.
    """
    solved = solve(instance, None if seconds is None else Budget(seconds=seconds), seed)
    return Attempt(solved.solver, solved.solution, solved.cost, solved.seconds)
