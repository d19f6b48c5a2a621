"""Which solvers there are, and what is said when there is none."""

import importlib.util
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import combopt.solvers
from combopt.solvers import PROBLEMS, SOLVERS, solve, solvers_for
from combopt.solvers.budget import Budget
from combopt.solvers.extras import whole_distances
from envs.routing.instances import CVRP, OP, TSP

SQUARE = TSP(np.array([[0.0, 0], [1, 1], [1, 0], [0, 1]]))


def test_every_problem_has_a_solver_that_needs_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for problem in PROBLEMS:
        assert len(solvers_for(problem)) == 1
    assert solve(SQUARE).cost == 4
    with pytest.raises(
        ImportError, match=r"pip install 'armillary\[solvers\]', or choose of local"
    ):
        solve(SQUARE, solver="elkai")


def test_the_first_installed_solver_is_taken():
    assert solve(SQUARE).solver == solvers_for("tsp")[0]


def test_a_solver_of_another_problem_is_refused():
    with pytest.raises(ValueError, match="solvers of tsp are elkai, local-search; got 'ortools'"):
        solve(SQUARE, solver="ortools")


def test_an_unknown_problem_is_refused():
    with pytest.raises((ValueError, TypeCheckError), match="problem"):
        solvers_for("sat")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e7])
def test_the_scale_of_distances_and_demands_does_not_matter(scale: float):
    coords = np.random.default_rng(0).random((7, 2)) * scale
    demands = np.array([0, 3, 1, 2, 3, 1, 2]) * (10**7 if scale > 1 else 1)
    capacity = 5 * (10**7 if scale > 1 else 1)
    costs = [
        solve(CVRP(coords, demands, capacity), Budget(50), 0, name).cost / scale
        for name in solvers_for("cvrp")
    ]
    assert costs == pytest.approx([costs[0]] * len(costs))
    assert costs[0] == pytest.approx(solve(CVRP(coords / scale, demands, capacity)).cost)


def test_a_wrong_solution_is_not_handed_out(monkeypatch: pytest.MonkeyPatch):
    def wrong(problem: Any) -> Any:
        return lambda instance, budget, seed: [0, 1, 1, 3]

    monkeypatch.setattr(combopt.solvers, "_built_in", wrong)
    with pytest.raises(
        ValueError, match=r"local-search gave no solution of tsp: .*missing are \[2"
    ):
        solve(SQUARE, solver="local-search")


def test_negative_seeds_are_refused():
    with pytest.raises(ValueError, match="a seed is 0 or more; got -1"):
        solve(SQUARE, seed=-1)


def test_solvers_are_not_imported_before_they_are_used():
    packages = {solver.package for solver in SOLVERS} - {""}
    code = (
        "import sys, combopt.solvers as s, combopt.__main__\n"
        "s.solvers_for('tsp')\n"
        f"print(sorted({packages | {'torch', 'jax'}!r} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


def test_whole_distances_are_kept_and_others_get_the_wanted_digits():
    whole = np.array([[0.0, 7], [7, 0]])
    assert whole_distances(whole, 1000).tolist() == [[0, 7], [7, 0]]
    assert whole_distances(whole / 3, 1000).tolist() == [[0, 1000], [1000, 0]]
    assert whole_distances(whole * 1000, 1000).tolist() == [[0, 1000], [1000, 0]]


def test_one_customer_does_not_hang_any_solver():
    instance = CVRP(np.array([[0.0, 0], [3, 4]]), np.array([0, 2]), 2)
    for name in solvers_for("cvrp"):
        assert solve(instance, Budget(5), 0, name).solution == [[1]]


def test_tours_of_op_use_all_of_the_length_and_no_more():
    coords = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]) / 3
    instance = OP(coords, np.array([0.0, 1, 1, 1]), 4 / 3)
    for name in solvers_for("op"):
        assert sorted(solve(instance, Budget(50), 0, name).solution) == [1, 2, 3], name
