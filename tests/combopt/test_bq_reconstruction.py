"""Solving parts again: solutions stay solutions, get better, and never worse."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from bq_cases import SIGNS, best_return, drawn, untrained

from combopt.bq import reconstruction
from combopt.bq.decoding import Decoding, Paths, solve
from combopt.bq.model import BQNetwork
from combopt.bq.reconstruction import improved
from combopt.bq.reduction import Reduction
from combopt.solvers import PROBLEMS, Problem, cost_of
from combopt.solvers.budget import Budget
from envs.routing.instances import CVRP, OP, TSP

GREEDY = Decoding()


def _return(instance: Any, problem: Problem, solution: Any) -> float:
    return SIGNS[problem] * cost_of(instance, solution)  # raises if it is no solution


def _poor(problem: Problem, size: int) -> Any:
    """A solution that nobody has thought about."""
    match problem:
        case "tsp" | "atsp":
            return list(range(size))
        case "cvrp":
            return [[node] for node in range(1, size + 1)]
        case "op":
            return []
    return [0]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_solutions_get_better_with_the_rounds_and_never_worse(problem: Problem):
    network, (instance,) = untrained(problem, seed=2), drawn(problem, 10)
    poor = _poor(problem, 10)
    returns = [_return(instance, problem, poor)] + [
        _return(
            instance, problem, improved(network, instance, poor, Budget(rounds), Decoding(beam=4))
        )
        for rounds in (2, 6)
    ]
    assert returns[0] < returns[1] <= returns[2]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_many_rounds_find_the_optimum_of_a_small_instance(problem: Problem):
    network, (instance,) = untrained(problem), drawn(problem, 4)
    found = improved(network, instance, _poor(problem, 4), Budget(12), Decoding(beam=4))
    assert _return(instance, problem, found) == pytest.approx(best_return(instance, problem))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_each_part_is_worth_is_what_the_instance_says(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
):
    """The change of cost of a round is the gain that the parts promised."""
    network, (instance,) = untrained(problem), drawn(problem, 9)
    solution = _poor(problem, 9)
    promised: list[float] = []
    is_more = reconstruction._is_more

    def noted(new: float, old: float) -> bool:
        taken = is_more(new, old)
        promised.append(new - old if taken else 0.0)
        return taken

    monkeypatch.setattr(reconstruction, "_is_more", noted)
    for seed in range(5):
        promised.clear()
        changed = improved(network, instance, solution, Budget(1), GREEDY, seed)
        gain = _return(instance, problem, changed) - _return(instance, problem, solution)
        assert gain == pytest.approx(sum(promised), abs=1e-9)
        solution = changed


def test_rounded_distances_are_those_of_the_instance():
    network = untrained("tsp")
    coords = np.floor(drawn("tsp", 15)[0].coords * 30)
    instance = TSP(coords, "EUC_2D")
    (begun,) = solve(network, [instance], Decoding(scaled=True))
    found = improved(network, instance, begun, Budget(20), Decoding(scaled=True))
    assert instance.cost(found) < instance.cost(begun)


def _parts(
    problem: Problem, instance: Any, solution: Any, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> list[Reduction]:
    """Every reduced instance of some rounds in which nothing better is found."""
    seen: list[Reduction] = []

    def nothing_better(network: BQNetwork, begun: Reduction, beam: int, neighbours: int) -> Paths:
        seen.append(begun)
        worst = torch.full((len(begun.nodes),), -torch.inf, dtype=torch.float64)
        return Paths(begun.nodes[:, 1:-1].contiguous(), worst)

    monkeypatch.setattr(reconstruction, "search", nothing_better)
    after = improved(untrained(problem), instance, solution, Budget(rounds), GREEDY)
    assert _return(instance, problem, after) == pytest.approx(_return(instance, problem, solution))
    return seen


def test_segments_of_a_tour_have_all_lengths_begin_anywhere_and_run_both_ways(
    monkeypatch: pytest.MonkeyPatch,
):
    angles = 2 * np.pi * np.arange(9) / 9
    instance = TSP(0.5 + 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    seen = _parts("tsp", instance, list(range(9)), monkeypatch, rounds=150)
    places: set[int] = set()
    ways: set[int] = set()
    for begun in seen:
        coords = begun.instances.coords
        assert coords is not None
        for part in coords:
            centred = part - 0.5
            order = torch.atan2(centred[:, 1], centred[:, 0]) * 9 / (2 * torch.pi)
            nodes = [round(float(value)) % 9 for value in order]
            places.add(nodes[0])
            ways |= {(b - a) % 9 for a, b in itertools.pairwise(nodes)}
    assert places == set(range(9))
    assert ways == {1, 8}
    assert {begun.num_rows for begun in seen} == set(range(4, 10))


def test_a_tour_may_be_cut_into_several_segments(monkeypatch: pytest.MonkeyPatch):
    (instance,) = drawn("tsp", 40)
    seen = _parts("tsp", instance, list(range(40)), monkeypatch, rounds=60)
    for begun in seen:
        segments = 40 // begun.num_rows
        copies = max(1, min(8, reconstruction.PARTS // segments))
        assert len(begun.nodes) == segments * copies


def test_parts_are_seen_in_several_orientations(monkeypatch: pytest.MonkeyPatch):
    (instance,) = drawn("tsp", 5)
    (begun,) = _parts("tsp", instance, list(range(5)), monkeypatch, rounds=1)
    views = {str(view.tolist()) for view in begun.instances.features}
    assert len(views) == len(begun.nodes) == 8


def test_long_tours_are_solved_in_parts_of_bounded_length(monkeypatch: pytest.MonkeyPatch):
    (instance,) = drawn("tsp", 500)
    seen = _parts("tsp", instance, list(range(500)), monkeypatch, rounds=20)
    assert max(begun.num_rows for begun in seen) <= reconstruction.LONGEST


def test_routes_are_cut_anywhere_with_what_is_left_at_the_cut(monkeypatch: pytest.MonkeyPatch):
    coords = np.array([[0.5, 0.5]] + [[0.1 * step, 0.0] for step in range(1, 7)])
    instance = CVRP(coords, np.array([0, 1, 2, 3, 4, 5, 6]), 15)
    routes = [[1, 2, 3], [4, 5], [6]]
    seen = _parts("cvrp", instance, routes, monkeypatch, rounds=20)
    lefts = set()
    for begun in seen:
        needs = begun.instances.needs
        assert needs is not None
        assert begun.left is not None
        for row, left in zip(needs.tolist(), begun.left.tolist(), strict=True):
            assert row[-1] == 0  # the depot is the destination
            lefts.add((row[0], left))
    one, two = {(1, 14), (2, 12), (3, 9)}, {(4, 11), (5, 10)}
    assert (0, 15) in lefts  # from the depot with all
    assert lefts & one
    assert lefts & two
    assert lefts - {(0, 15)} <= one | two | {(2, 10), (2, 13), (5, 10), (5, 6), (4, 6), (3, 12)}


def test_a_walk_is_changed_within_its_length(monkeypatch: pytest.MonkeyPatch):
    (instance,) = drawn("op", 20)
    (tour,) = solve(untrained("op"), [instance], GREEDY)
    seen = _parts("op", instance, tour, monkeypatch, rounds=30)
    for begun in seen:
        assert begun.left is not None
        assert float(begun.left.min()) >= -1e-9
        assert float(begun.left.max()) <= instance.max_length
    assert {begun.num_rows for begun in seen} == {
        22 - len(tour) + inner for inner in range(len(tour) + 1)
    }


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_smallest_instances_are_left_as_they_are(problem: Problem):
    size = 2 if problem in ("tsp", "atsp") else 1
    network, (instance,) = untrained(problem), drawn(problem, size)
    (begun,) = solve(network, [instance], GREEDY)
    found = improved(network, instance, begun, Budget(3), GREEDY)
    assert _return(instance, problem, found) == _return(instance, problem, begun)


def test_an_empty_tour_can_be_filled():
    (instance,) = drawn("op", 12)
    assert instance.prize(improved(untrained("op"), instance, [], Budget(4), GREEDY)) > 0


def test_nothing_to_choose_stays_as_it_is():
    nowhere = OP(np.array([[0.5, 0.5], [0.9, 0.5]]), np.array([0.0, 1]), 0.1)
    assert improved(untrained("op"), nowhere, [], Budget(3), GREEDY) == []


@pytest.mark.parametrize("problem", ["tsp", "atsp", "cvrp"])
def test_a_seed_stands_for_the_parts(problem: Problem):
    network, (instance,) = untrained(problem), drawn(problem, 12, seed=3)
    begun = _poor(problem, 12)
    found = [improved(network, instance, begun, Budget(1), GREEDY, seed) for seed in (1, 1, 2, 3)]
    assert found[0] == found[1]
    assert len({str(each) for each in found}) > 1


def test_a_budget_of_seconds_ends():
    (instance,) = drawn("tsp", 9)
    network = untrained("tsp")
    assert sorted(improved(network, instance, list(range(9)), Budget(seconds=0.01), GREEDY)) == [
        *range(9)
    ]


def test_a_network_improves_its_own_problem():
    (instance,) = drawn("cvrp", 5)
    with pytest.raises(ValueError, match="this network solves tsp; got an instance of cvrp"):
        improved(untrained("tsp"), instance, [[1], [2], [3], [4], [5]], Budget(1), GREEDY)


def test_scaled_instances_are_improved_alike():
    network, (instance,) = untrained("tsp"), drawn("tsp", 12)
    moved = dataclasses.replace(instance, coords=instance.coords * 4096 - 3e4)
    scaled = Decoding(scaled=True)
    begun = list(range(12))
    tours = [improved(network, each, begun, Budget(6), scaled) for each in (instance, moved)]
    assert tours[0] == tours[1]
