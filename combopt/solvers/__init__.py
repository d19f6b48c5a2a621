"""Classical solvers of every problem behind one function, `solve`.

Every problem has a solver that needs nothing but numpy. The extra `solvers` brings better ones;
their licences are in `combopt.solvers.extras`. Of those installed, the first in `SOLVERS` is taken.
"""

import importlib.util
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from combopt.solvers.budget import Budget
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance

Problem = Literal["tsp", "atsp", "cvrp", "op", "knapsack"]
PROBLEMS: Final[tuple[Problem, ...]] = get_args(Problem)
Solution: TypeAlias = list[int] | list[list[int]]
"""Routes of CVRP; of the others an order of nodes, or items."""

EXTRA: Final = "pip install 'armillary[solvers]'"


class Solver(NamedTuple):
    """A way to solve some problems.

    Attributes:
        name: as it is asked for.
        package: that has to be installed; empty if none.
        iterations: for each problem it solves, the budget where none is given.
        iteration: what an iteration is.
    """

    name: str
    package: str
    iterations: dict[Problem, int]
    iteration: str


SOLVERS: Final = (
    Solver("elkai", "elkai", {"tsp": 1, "atsp": 1}, "a run of LKH"),
    Solver("hygese", "hygese", {"cvrp": 2000}, "a child of HGS, counted since the last better one"),
    Solver("pyvrp", "pyvrp", {"cvrp": 5000, "op": 3000}, "a step of its local search"),
    Solver("ortools", "ortools", {"knapsack": 1}, "all of branch and bound"),
    Solver(
        "local-search",
        "",
        {"tsp": 2000, "atsp": 2000, "cvrp": 5000, "op": 1000},
        "a change of the solution and its repair",
    ),
    Solver("dynamic-programming", "", {"knapsack": 1}, "all of it"),
)
"""The best first."""


class Solved(NamedTuple):
    """A solution.

    Attributes:
        solution: as the instance's module says.
        cost: in the unit of the instance's optimum: a length, or of OP and knapsack the prize or
            value, of which more is better.
        seconds: that the solver took.
        solver: its name.
    """

    solution: Solution
    cost: float
    seconds: float
    solver: str


def solve(
    instance: Instance | Knapsack,
    budget: Budget | None = None,
    seed: int = 0,
    solver: str | None = None,
) -> Solved:
    """Solve an instance, and check the solution by the instance itself.

    Args:
        instance: of any problem.
        budget: iterations or seconds; None for what the solver's row in `SOLVERS` has.
        seed: 0 or more; with a budget of iterations the same seed gives the same solution.
        solver: one of `solvers_for`; None for the first.

    Raises:
        ValueError: the solver is unknown, does not solve this problem, or found no solution.
        ImportError: its package is not installed.
    """
    problem = problem_of(instance)
    chosen = solver_named(problem, solver)
    if seed < 0:
        raise ValueError(f"a seed is 0 or more; got {seed}")
    work = _work(chosen.name, problem)
    start = time.perf_counter()
    solution = work(instance, budget or Budget(chosen.iterations[problem]), seed)
    seconds = time.perf_counter() - start
    try:
        cost = cost_of(instance, solution)
    except ValueError as error:
        raise ValueError(
            f"{chosen.name} gave no solution of {instance.name or problem}: {error}; "
            "try another solver or a larger budget"
        ) from error
    return Solved(solution, cost, seconds, chosen.name)


def solvers_for(problem: Problem) -> list[str]:
    """Names of the solvers of a problem that are installed, the best first."""
    return [each.name for each in _solvers_of(problem) if is_installed(each)]


def is_installed(solver: Solver) -> bool:
    """Whether the package of a solver is there; it is not imported."""
    return not solver.package or importlib.util.find_spec(solver.package) is not None


def solver_named(problem: Problem, name: str | None) -> Solver:
    """The solver of that name, or the first installed one.

    Raises:
        ValueError: there is none of that name for this problem.
        ImportError: its package is not installed.
    """
    if name is None:
        return next(each for each in _solvers_of(problem) if is_installed(each))
    for each in _solvers_of(problem):
        if each.name == name:
            if not is_installed(each):
                others = ", ".join(solvers_for(problem))
                raise ImportError(
                    f"solver {name!r} needs a package that is not installed: {EXTRA}, or choose "
                    f"of {others}"
                )
            return each
    names = ", ".join(each.name for each in _solvers_of(problem))
    raise ValueError(f"solvers of {problem} are {names}; got {name!r}")


def problem_of(instance: Instance | Knapsack) -> Problem:
    """The problem of an instance."""
    names: dict[type, Problem] = {TSP: "tsp", ATSP: "atsp", CVRP: "cvrp", OP: "op"}
    return "knapsack" if isinstance(instance, Knapsack) else names[type(instance)]


def cost_of(instance: Instance | Knapsack, solution: Sequence[Any]) -> float:
    """Length, prize or value of a solution, in the unit of the instance's optimum.

    Raises:
        ValueError: it is no solution.
    """
    if isinstance(instance, OP):
        return instance.prize(solution)
    if isinstance(instance, Knapsack):
        return instance.value(solution)
    return instance.cost(solution)


def _solvers_of(problem: Problem) -> list[Solver]:
    if problem not in PROBLEMS:
        raise ValueError(f"problem is one of {', '.join(PROBLEMS)}; got {problem!r}")
    return [each for each in SOLVERS if problem in each.iterations]


def _work(name: str, problem: Problem) -> Callable[[Any, Budget, int], Solution]:
    from combopt.solvers import extras

    match name, problem:
        case "elkai", _:
            return lambda instance, *rest: extras.elkai_tour(instance.distances(), *rest)
        case "hygese", _:
            return extras.hygese_routes
        case "pyvrp", "cvrp":
            return extras.pyvrp_routes
        case "pyvrp", _:
            return extras.pyvrp_tour
        case "ortools", _:
            return extras.ortools_items
    return _built_in(problem)


def _built_in(problem: Problem) -> Callable[[Any, Budget, int], Solution]:
    match problem:
        case "tsp":
            from combopt.solvers.tours import short_tour

            return lambda instance, *rest: short_tour(instance.distances(), *rest)
        case "atsp":
            from combopt.solvers.directed_tours import short_directed_tour

            return lambda instance, *rest: short_directed_tour(instance.distances(), *rest)
        case "cvrp":
            from combopt.solvers.vehicles import short_routes

            return short_routes
        case "op":
            from combopt.solvers.orienteering import rich_tour

            return rich_tour
        case "knapsack":
            from combopt.solvers.knapsacks import best_items

            return lambda instance, *_: best_items(instance)
