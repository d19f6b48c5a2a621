"""Built-in solvers: every solution is one, and small problems are solved to the optimum."""

import itertools
import random

import numpy as np
import pytest

from combopt.solvers import PROBLEMS, Problem, cost_of, problem_of, solve, solver_named, solvers_for
from combopt.solvers.budget import Budget
from combopt.solvers.tours import near_nodes, polish, swap_segments
from combopt.solvers.vehicles import savings
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance

BUDGET = Budget(100)


def drawn(problem: Problem, size: int, seed: int) -> Instance | Knapsack:
    rng = np.random.default_rng(seed)
    coords = rng.random((size, 2))
    if problem == "tsp":
        return TSP(coords)
    if problem == "atsp":
        matrix = rng.random((size, size))
        np.fill_diagonal(matrix, 0)
        return ATSP(matrix)
    if problem == "cvrp":
        return CVRP(coords, np.array([0, *rng.integers(1, 10, size - 1)]), 15)
    if problem == "op":
        return OP(coords, np.array([0, *rng.integers(1, 100, size - 1)]) / 100, 1.5)
    return Knapsack(rng.integers(0, 50, size), rng.integers(1, 50, size), int(12 * size))


def optimum(instance: Instance | Knapsack) -> float:
    """By brute force."""
    match instance:
        case TSP() | ATSP():
            rest = itertools.permutations(range(1, instance.size))
            orders = np.array([(0, *order) for order in rest])
            return float(instance.distances()[orders, np.roll(orders, -1, 1)].sum(1).min())
        case CVRP():
            return min(map(instance.cost, partitions(list(range(1, instance.size)), instance)))
        case OP():
            matrix, best = instance.distances(), 0.0
            for count in range(1, instance.size):
                for tour in itertools.permutations(range(1, instance.size), count):
                    steps = itertools.pairwise((0, *tour, 0))
                    if sum(matrix[a, b] for a, b in steps) <= instance.max_length:
                        best = max(best, float(instance.prizes[list(tour)].sum()))
            return best
    best = 0
    for chosen in itertools.product((0, 1), repeat=instance.size):
        if int(instance.weights @ np.array(chosen)) <= instance.capacity:
            best = max(best, int(instance.values @ np.array(chosen)))
    return float(best)


def partitions(nodes: list[int], instance: CVRP) -> list[list[list[int]]]:
    """Every way to serve the nodes, directions and orders of routes aside."""
    if not nodes:
        return [[]]
    first, *others = nodes
    found = []
    for count in range(len(others) + 1):
        for rest in itertools.combinations(others, count):
            group = (first, *rest)
            if instance.demands[list(group)].sum() > instance.capacity:
                continue
            matrix = instance.distances()
            best = min(
                itertools.permutations(group),
                key=lambda route: sum(matrix[a, b] for a, b in itertools.pairwise((0, *route, 0))),
            )
            left = [node for node in others if node not in rest]
            found += [[list(best), *others_] for others_ in partitions(left, instance)]
    return found


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_built_in_solvers_find_the_optimum_of_small_instances(problem: Problem, seed: int):
    size = {"tsp": 8, "atsp": 8, "cvrp": 7, "op": 6, "knapsack": 10}[problem]
    instance = drawn(problem, size, seed)
    solved = solve(instance, BUDGET, 0, solver_named(problem, built_in(problem)).name)
    assert solved.cost == pytest.approx(optimum(instance))
    assert solved.cost == cost_of(instance, solved.solution)
    assert solved.seconds >= 0


def built_in(problem: Problem) -> str:
    return "dynamic-programming" if problem == "knapsack" else "local-search"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_best_installed_solver_finds_the_optimum_of_small_instances(problem: Problem):
    size = {"tsp": 7, "atsp": 7, "cvrp": 6, "op": 6, "knapsack": 10}[problem]
    for name in solvers_for(problem):
        instance = drawn(problem, size, 3)
        solved = solve(instance, Budget(100), 0, name)
        assert solved.cost == pytest.approx(optimum(instance)), name
        assert solved.solver == name


@pytest.mark.parametrize("problem", PROBLEMS)
def test_equal_iterations_and_seeds_give_equal_solutions(problem: Problem):
    instance = drawn(problem, 30, 4)
    for name in solvers_for(problem):
        budget = Budget(20)
        first, second = (solve(instance, budget, 5, name) for _ in range(2))
        assert first[:2] == second[:2], name


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_smallest_instances_are_solved_by_all(problem: Problem, size: int):
    instance = drawn(problem, size, 0)
    for name in solvers_for(problem):
        assert solve(instance, Budget(10), 0, name).cost == pytest.approx(optimum(instance)), name


@pytest.mark.parametrize("problem", ["tsp", "atsp", "cvrp", "op"])
def test_nodes_at_one_place_are_no_trouble(problem: Problem):
    coords, ones = np.zeros((9, 2)), np.array([0, *[1] * 8])
    instances: dict[str, Instance] = {
        "tsp": TSP(coords),
        "atsp": ATSP(np.zeros((9, 9))),
        "cvrp": CVRP(coords, ones, 3),
        "op": OP(coords, ones.astype(float), 1.0),
    }
    for name in solvers_for(problem):  # type: ignore[arg-type]  # a name out of the list above
        cost = solve(instances[problem], Budget(10), 0, name).cost
        assert cost == (8 if problem == "op" else 0), name


def test_a_tour_of_op_where_nothing_is_in_reach_is_empty():
    instance = OP(np.array([[0.0, 0], [9, 0]]), np.array([0.0, 1]), 1.0)
    for name in solvers_for("op"):
        assert solve(instance, Budget(5), 0, name).solution == []


def test_seconds_are_a_budget_too():
    instance = drawn("tsp", 12, 0)
    for name in solvers_for("tsp"):
        assert solve(instance, Budget(seconds=0.02), 0, name).cost > 0


@pytest.mark.parametrize(
    "limits", [{}, {"iterations": 1, "seconds": 1.0}, {"iterations": 0}, {"seconds": 0.0}]
)
def test_a_budget_is_one_positive_number(limits: dict[str, float]):
    with pytest.raises(ValueError, match="a budget"):
        Budget(**limits)  # type: ignore[arg-type]  # wrong on purpose


def test_changes_of_length_are_what_the_tour_changes_by():
    instance = drawn("tsp", 60, 1)
    assert isinstance(instance, TSP)
    matrix = instance.distances()
    rows, near = matrix.tolist(), near_nodes(matrix)
    draws = random.Random(0)
    order = list(range(60))
    for _ in range(50):
        before = length(order, matrix)
        kicked, touched, change = swap_segments(order, rows, draws)
        assert length(kicked, matrix) == pytest.approx(before + change)
        change += polish(kicked, rows, near, touched)
        assert length(kicked, matrix) == pytest.approx(before + change)
        assert sorted(kicked) == list(range(60))
        order = kicked


def length(order: list[int], matrix: np.ndarray) -> float:
    return float(matrix[order, np.roll(order, -1)].sum())


def test_local_search_gets_close_to_the_best_tours_of_a_hundred_nodes():
    pytest.importorskip("elkai")
    gaps = []
    for seed in range(2):
        instance = drawn("tsp", 100, seed)
        best = solve(instance, solver="elkai").cost
        gaps.append(solve(instance, Budget(250), 0, "local-search").cost / best - 1)
    assert 0 <= np.mean(gaps) < 0.02


def test_directed_search_gets_close_to_the_best_tours_of_fifty_nodes():
    pytest.importorskip("elkai")
    gaps = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        matrix = rng.random((50, 50))
        np.fill_diagonal(matrix, 0)
        for node in range(50):
            matrix = np.minimum(matrix, matrix[:, node, None] + matrix[None, node])
        best = solve(ATSP(matrix), solver="elkai").cost
        gaps.append(solve(ATSP(matrix), Budget(300), 0, "local-search").cost / best - 1)
    assert 0 <= np.mean(gaps) < 0.04


def test_routes_get_close_to_the_best_of_fifty_customers():
    pytest.importorskip("hygese")
    gaps = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        demands = np.array([0, *rng.integers(1, 10, 50)])
        instance = CVRP(rng.random((51, 2)), demands, 40)
        best = solve(instance, Budget(200), 0, "hygese").cost
        gaps.append(solve(instance, Budget(1000), 0, "local-search").cost / best - 1)
        saved = savings(instance.distances(), demands.tolist(), 40)
        assert instance.cost(saved) / best - 1 < 0.15  # routes that carry what they can
    assert -1e-9 <= np.mean(gaps) < 0.05


def test_prizes_get_close_to_the_best_of_fifty_nodes():
    pytest.importorskip("pyvrp")
    gaps = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        instance = OP(rng.random((51, 2)), np.array([0, *rng.integers(1, 100, 50)]) / 100, 3.0)
        best = solve(instance, Budget(300), 0, "pyvrp").cost
        gaps.append(1 - solve(instance, Budget(100), 0, "local-search").cost / best)
    assert np.mean(gaps) < 0.04


@pytest.mark.parametrize("seed", range(4))
def test_dynamic_programming_is_as_good_as_branch_and_bound(seed: int):
    pytest.importorskip("ortools")
    rng = np.random.default_rng(seed)
    instance = Knapsack(rng.integers(1, 999, 60), rng.integers(1, 999, 60), 9000)
    costs = {name: solve(instance, solver=name).cost for name in solvers_for("knapsack")}
    assert len(costs) == 2
    assert len(set(costs.values())) == 1


def test_a_knapsack_too_large_for_memory_is_refused():
    instance = Knapsack(np.ones(2**10, np.int64), np.full(2**10, 2**40), 2**50)
    with pytest.raises(ValueError, match="use the solver 'ortools', or smaller weights"):
        solve(instance, solver="dynamic-programming")


def test_a_sack_for_everything_needs_no_table():
    instance = Knapsack(np.array([3, 0]), np.array([1, 1]), 10**15)
    assert solve(instance, solver="dynamic-programming").cost == 3


@pytest.mark.parametrize("metric", ["EUC_2D", "CEIL_2D", "ATT", "GEO"])
def test_rounded_distances_are_what_is_minimised(metric: str):
    rng = np.random.default_rng(0)
    instance = TSP(np.floor(rng.random((6, 2)) * 40), metric)  # type: ignore[arg-type]  # a name
    for name in solvers_for("tsp"):
        assert solve(instance, Budget(10), 0, name).cost == optimum(instance)


def test_problems_are_told_by_their_instances():
    assert [problem_of(drawn(problem, 3, 0)) for problem in PROBLEMS] == list(PROBLEMS)
