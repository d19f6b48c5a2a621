"""Small instances, a network that is not trained, and the optimum by trying everything."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from combopt.bq.config import BQConfig
from combopt.bq.model import BQNetwork, new_network
from combopt.bq.reduction import ENDS_ANYWHERE, Reduction
from combopt.datasets import LabelledSet, Manifest, in_order, stacked
from combopt.solvers import Problem, cost_of
from envs.knapsack.generators import generate as generate_knapsacks
from envs.routing.generators import generate

SIGNS: dict[Problem, int] = {"tsp": -1, "atsp": -1, "cvrp": -1, "op": 1, "knapsack": 1}
"""Of a cost, in a return."""


def drawn(problem: Problem, size: int, count: int = 1, seed: int = 0) -> list[Any]:
    if problem == "knapsack":
        return list(generate_knapsacks(size, count, seed))
    return list(generate(problem, size, count, seed))


def untrained(problem: Problem, seed: int = 0) -> BQNetwork:
    """Every layer has its say, and float64 keeps sums in another order from changing a choice."""
    network = new_network(BQConfig(problem, dim=16, layers=2, heads=2, ff=32), seed).double()
    for layer in network.layers:
        torch.nn.init.constant_(layer.attention_share, 0.7)
        torch.nn.init.constant_(layer.feedforward_share, 0.7)
    torch.nn.init.normal_(
        network.scores.weight, std=3.0, generator=torch.Generator().manual_seed(seed)
    )
    return network


def best_return(instance: Any, problem: Problem) -> float:
    """By trying all solutions."""
    return SIGNS[problem] * cost_of(instance, best_solution(instance, problem))


def best_solution(instance: Any, problem: Problem) -> Any:
    """By trying all; of OP the shortest tour of the largest prize."""
    best, found = (-np.inf, -np.inf), None
    for solution in _solutions(instance, problem):
        try:
            value = SIGNS[problem] * cost_of(instance, solution)
        except ValueError:  # too long or too heavy
            continue
        if value < best[0]:
            continue
        length = instance.length(solution) if problem == "op" else 0.0
        if (value, -length) > best:
            best, found = (value, -length), solution
    return found


def _solutions(instance: Any, problem: Problem) -> Iterator[Any]:
    inner = range(1, instance.size)
    match problem:
        case "tsp" | "atsp":
            yield from ([0, *rest] for rest in itertools.permutations(inner))
        case "cvrp":
            for order in itertools.permutations(inner):
                for cuts in itertools.product([False, True], repeat=len(order) - 1):
                    starts = [place for place, is_cut in enumerate(cuts, 1) if is_cut]
                    edges = [0, *starts, len(order)]
                    yield [list(order[a:b]) for a, b in itertools.pairwise(edges)]
        case "op":
            for number in range(instance.size):
                yield from map(list, itertools.permutations(inner, number))
        case "knapsack":
            for number in range(instance.size + 1):
                yield from map(list, itertools.combinations(range(instance.size), number))


def walked(state: Reduction, random: np.random.Generator) -> tuple[list[Reduction], list[int], Any]:
    """Random legal actions of a batch of one: all states, the path, the return."""
    states, path, total = [state], [], 0.0
    while states[-1].legal.any():
        action = torch.tensor([random.choice(states[-1].legal[0].nonzero()[:, 0].numpy())])
        path.append(int(states[-1].path_actions(action)))
        total += float(states[-1].reward(action))
        states.append(states[-1].step(action))
    return states, path, total


def solved_set(problem: Problem, size: int, count: int, seed: int = 0) -> LabelledSet:
    """Optimal solutions, by trying all."""
    instances = drawn(problem, size, count, seed)
    arrays = stacked(in_order(each, best_solution(each, problem)) for each in instances)
    mean = float(arrays["costs"].mean())
    return LabelledSet(Manifest(problem, size, count, "uniform", seed, "all", "", 1, mean), arrays)


def best_returns(state: Reduction) -> torch.Tensor:
    """Of each reduced instance, by trying all sequences of actions."""
    which = torch.arange(len(state.which))
    total = torch.zeros(len(which), dtype=torch.float64)
    best = torch.full_like(total, -torch.inf)
    while True:
        legal = state.legal if state.num_rows else torch.zeros(len(which), 0, dtype=torch.bool)
        is_end = ~legal.any(dim=1) | torch.tensor(state.problem in ENDS_ANYWHERE)
        best.scatter_reduce_(0, which[is_end], total[is_end], "amax")
        if not legal.any():
            return best
        parent, action = legal.nonzero().unbind(1)
        state, which, total = state.take(parent), which[parent], total[parent]
        total = total + state.reward(action)
        state = state.step(action)


def optimal_tours(size: int, count: int) -> LabelledSet:
    """Solved TSPs, by dynamic programming over the sets of visited nodes, all at once."""
    instances = drawn("tsp", size, count)
    lengths = np.stack([each.distances() for each in instances])
    full = 2 ** (size - 1) - 1  # a bit for each node but 0
    cost = np.full((full + 1, size - 1, count), np.inf)
    before = np.zeros((full + 1, size - 1, count), np.int64)
    for last in range(size - 1):
        cost[1 << last, last] = lengths[:, 0, last + 1]
    for visited in range(1, full + 1):
        for last in range(size - 1):
            rest = visited & ~(1 << last)
            if rest and rest != visited:
                through = cost[rest] + lengths[:, 1:, last + 1].T
                before[visited, last], cost[visited, last] = through.argmin(0), through.min(0)
    end = (cost[full] + lengths[:, 1:, 0].T).argmin(0)
    rows = []
    for index, instance in enumerate(instances):
        visited, last, tour = full, int(end[index]), []
        while visited:
            tour.append(last + 1)
            visited, last = visited & ~(1 << last), int(before[visited, last, index])
        rows.append(in_order(instance, [0, *tour]))
    arrays = stacked(rows)
    mean = float(arrays["costs"].mean())
    return LabelledSet(Manifest("tsp", size, count, "uniform", 0, "all", "", 1, mean), arrays)
