"""Solvers of other packages, of the extra `solvers`; each is imported where it is used.

elkai is a build of LKH, which is free for academic and non-commercial use only. The others are
free for any use: hygese and pyvrp under MIT, ortools under Apache 2.0.
"""

import time
from typing import Any, Final

import numpy as np
from jaxtyping import Int64

from combopt.solvers.budget import Budget
from envs.knapsack.instances import Knapsack
from envs.routing.instances import CVRP, OP, Matrix

WHOLE: Final = 1_000_000  # that the longest distance becomes where LKH wants whole numbers
PYVRP_WHOLE: Final = 100_000  # likewise of pyvrp, whose penalties are bounded
PRIZE: Final = 100  # the largest prize, in longest tours
MANY: Final = 2**31 - 1


def elkai_tour(matrix: Matrix, budget: Budget, seed: int) -> list[int]:
    """A tour by LKH; an iteration is a run. It has no seed of its own.

    LKH knows no clock: with seconds, the number of runs is doubled as long as there is time.
    """
    import elkai

    del seed
    if len(matrix) < 3:  # it refuses these
        return list(range(len(matrix)))
    distances = elkai.DistanceMatrix(whole_distances(matrix, WHOLE).tolist())
    if budget.iterations is not None:
        return _directed(distances.solve_tsp(runs=budget.iterations)[:-1], matrix)
    assert budget.seconds is not None
    start, runs = time.perf_counter(), 1
    tour: list[int] = []
    while not tour or time.perf_counter() - start < budget.seconds / 2:
        tour, runs = distances.solve_tsp(runs=runs)[:-1], min(2 * runs, MANY)
    return _directed(tour, matrix)


def _directed(tour: list[int], matrix: Matrix) -> list[int]:
    start = tour.index(0)
    tour = tour[start:] + tour[:start]
    if tour[1] > tour[-1] and np.array_equal(matrix, matrix.T):
        tour = [0, *tour[:0:-1]]  # one of the two directions, always the same
    return tour


def hygese_routes(instance: CVRP, budget: Budget, seed: int) -> list[list[int]]:
    """Routes by HGS-CVRP; it ends after so many iterations without a better solution."""
    import hygese

    distances = instance.distances()
    if instance.size == 2 or not distances.any():  # it never returns from the first, or refuses
        return [[node] for node in range(1, instance.size)]
    # it refuses numbers that are very small or large; by powers of two they stay exact
    unit, load = (
        2.0 ** np.round(np.log2(top / 1000)) for top in (distances.max(), instance.capacity)
    )
    parameters = hygese.AlgorithmParameters(
        nbIter=budget.iterations or MANY, timeLimit=budget.seconds or 0.0, seed=seed % MANY
    )
    data = {
        "distance_matrix": distances / unit,
        "demands": instance.demands / load,
        "vehicle_capacity": instance.capacity / load,
        "depot": 0,
    }
    try:
        found = hygese.Solver(parameters, verbose=False).solve_cvrp(data, rounding=False)
    except TypeError as error:  # how it says that it failed
        raise ValueError(f"hygese failed: {error}; use another solver") from error
    return [list(map(int, route)) for route in found.routes if route]


def pyvrp_routes(instance: CVRP, budget: Budget, seed: int) -> list[list[int]]:
    """Routes by pyvrp."""
    import pyvrp

    model = pyvrp.Model()
    locations = _locations(model, whole_distances(instance.distances(), PYVRP_WHOLE))
    model.add_depot(locations[0])
    for location, demand in zip(locations[1:], instance.demands[1:].tolist(), strict=True):
        model.add_client(location, delivery=[demand])
    model.add_vehicle_type(instance.size - 1, capacity=[instance.capacity])
    return _pyvrp_solution(model, budget, seed)


def pyvrp_tour(instance: OP, budget: Budget, seed: int) -> list[int]:
    """A tour of OP by pyvrp: one vehicle, and customers that need not be served.

    Prizes weigh so much that the distance decides between equal ones only. Distances are rounded
    up, so that no tour is too long when they are not.
    """
    import pyvrp

    matrix, limit = instance.distances(), instance.max_length
    reach = np.flatnonzero((matrix[0] + matrix[:, 0] <= limit) & (instance.prizes > 0))
    if not len(reach):
        return []
    nodes = np.concatenate([[0], reach])
    is_whole = not (matrix % 1).any()
    scale = 1.0 if is_whole else PYVRP_WHOLE / limit
    part = np.ceil(matrix[np.ix_(nodes, nodes)] * scale - 1e-9).astype(np.int64)
    longest = int(limit * scale + 1e-9)
    unit = PRIZE * longest / instance.prizes.max()
    model = pyvrp.Model()
    locations = _locations(model, part)
    model.add_depot(locations[0])
    for location, node in zip(locations[1:], reach, strict=True):
        prize = round(float(instance.prizes[node]) * unit)
        model.add_client(location, prize=prize, required=False)
    model.add_vehicle_type(1, max_distance=longest)
    routes = _pyvrp_solution(model, budget, seed)
    return [int(nodes[index]) for route in routes for index in route]


def _locations(model: Any, distances: Int64[np.ndarray, "nodes nodes"]) -> list[Any]:
    locations = [model.add_location(0, 0) for _ in distances]
    for start, row in zip(locations, distances.tolist(), strict=True):
        for end, distance in zip(locations, row, strict=True):
            if start is not end:
                model.add_edge(start, end, distance=distance)
    return locations


def _pyvrp_solution(model: Any, budget: Budget, seed: int) -> list[list[int]]:
    """The routes, of customers from 1."""
    from pyvrp.stop import MaxIterations, MaxRuntime

    if budget.iterations is not None:
        stop: Any = MaxIterations(budget.iterations)
    else:
        assert budget.seconds is not None
        stop = MaxRuntime(budget.seconds)
    found = model.solve(stop, seed=seed % MANY, collect_stats=False, display=False)
    if not found.is_feasible():
        raise ValueError("pyvrp found no solution within the budget; give it more")
    return [
        [activity.idx + 1 for activity in route.schedule() if activity.is_client()]
        for route in found.best.routes()
    ]


def ortools_items(instance: Knapsack, budget: Budget, seed: int) -> list[int]:
    """The best items by branch and bound; with seconds, the best that were found by then."""
    from ortools.algorithms.python import knapsack_solver

    del seed
    kind = knapsack_solver.SolverType.KNAPSACK_MULTIDIMENSION_BRANCH_AND_BOUND_SOLVER
    solver = knapsack_solver.KnapsackSolver(kind, "knapsack")
    if budget.seconds is not None:
        solver.set_time_limit(budget.seconds)
    solver.init(instance.values.tolist(), [instance.weights.tolist()], [instance.capacity])
    solver.solve()
    return [item for item in range(instance.size) if solver.best_solution_contains(item)]


def whole_distances(matrix: Matrix, whole: int) -> Int64[np.ndarray, "nodes nodes"]:
    """Distances as whole numbers up to `whole`: as they are if they are such, otherwise scaled."""
    largest = float(matrix.max())
    if largest <= whole and not (matrix % 1).any():
        return matrix.astype(np.int64)
    return np.rint(matrix * (whole / largest)).astype(np.int64)
