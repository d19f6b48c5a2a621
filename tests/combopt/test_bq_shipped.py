"""The shipped networks do what their cards say."""

import json
from typing import Final

import numpy as np
import pytest

from combopt.attempts import checkpoint_of, gap_percent
from combopt.bq.checkpoint import load_network
from combopt.bq.decoding import Decoding, solve
from combopt.bq.model import BQNetwork, new_network
from combopt.solvers import PROBLEMS, Problem, cost_of
from combopt.solvers import solve as solve_classically
from envs.knapsack.generators import generate as generate_knapsacks
from envs.routing.generators import generate

LIMITS: Final[dict[Problem, float]] = {
    "tsp": 6.0,
    "atsp": 15.0,
    "cvrp": 14.0,
    "op": 14.0,
    "knapsack": 3.0,
}
"""Largest mean gap to a classical solver, in percent, of 12 instances of 20 nodes or 50 items:
above what so few may show of a trained network, and below what an untrained one has."""


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_folder_has_what_a_reader_wants_and_not_what_only_training_needs(
    problem: Problem,
) -> None:
    folder = checkpoint_of(problem)
    names = {path.name for path in folder.iterdir()}
    assert {"README.md", "config.json", "metrics.jsonl"} <= names
    assert not list(folder.rglob("training.safetensors"))
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    (checkpoint,) = folder.glob("checkpoint-*")
    assert int(checkpoint.name.removeprefix("checkpoint-")) == last["step"]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_shipped_network_comes_near_a_classical_solver(problem: Problem) -> None:
    network = load_network(checkpoint_of(problem))
    assert (
        mean_gap(problem, network)
        < LIMITS[problem]
        < mean_gap(problem, new_network(network.config))
    )


def mean_gap(problem: Problem, network: BQNetwork) -> float:
    instances = (
        generate_knapsacks(50, 12, seed=77)
        if problem == "knapsack"
        else generate(problem, 20, 12, seed=77)
    )
    solutions = solve(network, instances, Decoding())
    gaps = []
    for instance, solution in zip(instances, solutions, strict=True):
        best = solve_classically(instance)
        gap = gap_percent(problem, cost_of(instance, solution), best.cost)
        assert gap is not None
        gaps.append(gap)
    return float(np.mean(gaps))
