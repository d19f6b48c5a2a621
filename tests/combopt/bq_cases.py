"""Small instances, a network that is not trained, and the optimum by trying everything."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from combopt.bq.config import BQConfig
from combopt.bq.model import BQNetwork, new_network
from combopt.bq.reduction import Reduction
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
    returns = []
    for solution in _solutions(instance, problem):
        try:
            returns.append(SIGNS[problem] * cost_of(instance, solution))
        except ValueError:  # too long or too heavy
            continue
    return max(returns)


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
