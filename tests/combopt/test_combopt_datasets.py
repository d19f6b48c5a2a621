"""Labelled sets: the order of solutions, and what is refused when they are read."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from combopt.datasets import Manifest, in_order, read_set, stacked, write_set
from combopt.solvers import Problem, cost_of
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, CVRP, OP, TSP

COORDS = np.array([[0.0, 0], [3, 4], [6, 8], [0, 5], [5, 0]])
MATRIX = np.arange(16.0).reshape(4, 4) * (1 - np.eye(4))
ROUTES = CVRP(COORDS, np.array([0, 4, 1, 2, 5]), 6)
PRIZES = OP(COORDS, np.array([0.0, 1, 2, 3, 4]), 24.0)
SACK = Knapsack(np.array([5, 6, 7]), np.array([2, 3, 4]), 6)


def test_a_tour_is_stored_in_its_order():
    row = in_order(TSP(COORDS), [0, 3, 1, 2, 4])
    assert row["coords"].tolist() == COORDS[[0, 3, 1, 2, 4]].tolist()
    assert row["costs"] == pytest.approx(TSP(row["coords"]).cost(range(5)))


def test_a_directed_tour_turns_rows_and_columns():
    row = in_order(ATSP(MATRIX), [0, 2, 3, 1])
    assert row["matrices"][:, 1].tolist() == [2, 0, 14, 6]
    assert row["costs"] == MATRIX[0, 2] + MATRIX[2, 3] + MATRIX[3, 1] + MATRIX[1, 0]


def test_routes_are_stored_with_the_fullest_first_and_flags_where_they_begin():
    row = in_order(ROUTES, [[2], [], [1, 3], [4]])  # 5, 0 and 1 to spare
    assert row["demands"].tolist() == [0, 4, 2, 5, 1]
    assert row["remaining"].tolist() == [6, 2, 0, 1, 5]
    assert row["via_depots"].tolist() == [True, False, False, True, True]
    assert row["coords"][1].tolist() == [3, 4]
    assert int(row["capacities"]) == 6


def test_a_route_is_flagged_also_where_the_capacity_does_not_jump():
    """The first customer of the second route takes all but what the first route had left."""
    instance = CVRP(COORDS[:3], np.array([0, 4, 3]), 5)
    row = in_order(instance, [[1], [2]])
    assert row["remaining"].tolist() == [5, 1, 2]
    even = in_order(CVRP(COORDS[:3], np.array([0, 3, 3]), 4), [[1], [2]])
    assert even["remaining"].tolist() == [4, 1, 1]  # no jump
    assert even["via_depots"].tolist() == [True, False, True]


def test_visited_nodes_come_before_the_others():
    row = in_order(PRIZES, [4, 2])
    assert row["prizes"].tolist() == [0, 4, 2, 1, 3]
    assert (int(row["num_visited"]), float(row["costs"])) == (3, 6.0)


def test_packed_items_come_before_the_others():
    row = in_order(SACK, [2, 0])
    assert row["values"].tolist() == [7, 5, 6]
    assert (int(row["num_packed"]), float(row["costs"])) == (2, 12.0)


def test_what_is_no_solution_is_not_stored():
    with pytest.raises(ValueError, match="visits each of 5 nodes once"):
        in_order(TSP(COORDS), [0, 1, 2, 3])


def test_rounded_distances_are_not_stored():
    with pytest.raises(ValueError, match="labels are of metric EUCLIDEAN with coords; got EUC_2D"):
        in_order(TSP(COORDS, "EUC_2D"), [0, 1, 2, 3, 4])


CASES = {
    "tsp": (TSP(COORDS), [0, 1, 2, 3, 4], 5),
    "atsp": (ATSP(MATRIX), [0, 3, 2, 1], 4),
    "cvrp": (ROUTES, [[2], [3, 1], [4]], 4),
    "op": (PRIZES, [2, 1], 4),
    "knapsack": (SACK, [0, 2], 3),
}


def written(folder: Path, problem: Problem) -> Manifest:
    instance, solution, size = CASES[problem]
    rows = [in_order(instance, solution)] * 2
    cost = float(rows[0]["costs"])
    manifest = Manifest(problem, size, 2, "uniform", 0, "local-search", "", 10, cost)
    write_set(folder, stacked(rows), manifest)
    return manifest


@pytest.mark.parametrize("problem", CASES)
def test_sets_come_back_with_their_solutions(problem: Problem, tmp_path: Path):
    manifest = written(tmp_path, problem)
    labels = read_set(tmp_path)
    assert labels.manifest == manifest
    assert len(labels) == 2
    instance, solution, _ = CASES[problem]
    assert cost_of(labels.instance(1), labels.solution(1)) == pytest.approx(
        cost_of(instance, solution)
    )
    assert labels.instance(1).optimum == cost_of(instance, solution)
    if problem == "cvrp":
        assert list(map(len, labels.solution(0))) == [2, 1, 1]  # type: ignore[arg-type]  # routes


BREAKAGES = {
    "costs": ("tsp", "costs", lambda a: a + 0.1, "its solution has the cost"),
    "shape": ("tsp", "coords", lambda a: a[:, :-1], "should be float64 of shape"),
    "kind": ("tsp", "coords", lambda a: a.astype(np.float32), "should be float64 of shape"),
    "nan": ("tsp", "coords", lambda a: a * np.nan, "finite numbers"),
    "order": ("cvrp", "remaining", lambda a: a[:, ::-1], "remaining are not in order"),
    "flags": ("cvrp", "via_depots", np.zeros_like, "carries 12, more than 6"),
    "demand": ("cvrp", "demands", lambda a: a * 0, "demands are 0 at the depot"),
    "length": ("op", "num_visited", lambda a: a + 2, "allowed are"),
    "packed": ("knapsack", "num_packed", lambda a: a * 0 + 3, "weigh"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_set_is_refused(name: str, tmp_path: Path):
    problem, array, change, message = BREAKAGES[name]
    manifest = written(tmp_path, problem)  # type: ignore[arg-type]  # a name of a problem
    arrays = dict(read_set(tmp_path).arrays)
    arrays[array] = change(arrays[array])
    write_set(tmp_path, arrays, manifest)
    with pytest.raises(ValueError, match=rf"labels\.safetensors.*{message}.*label again"):
        read_set(tmp_path)


def test_missing_and_foreign_arrays_are_refused(tmp_path: Path):
    manifest = written(tmp_path, "tsp")
    arrays = read_set(tmp_path).arrays
    write_set(tmp_path, {"coords": arrays["coords"], "more": arrays["costs"]}, manifest)
    with pytest.raises(ValueError, match="other arrays than tsp: costs, more; label again"):
        read_set(tmp_path)


def test_a_truncated_set_is_refused(tmp_path: Path):
    written(tmp_path, "tsp")
    path = tmp_path / "labels.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="is no safetensors file"):
        read_set(tmp_path)


def test_a_folder_without_a_manifest_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(ValueError, match="holds no labelled set: make one by python -m combopt"):
        read_set(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "format_version 1"),
        ({"size": "5"}, "size has the wrong type"),
        ({"problem": "sat"}, "problem is one of"),
        ({"more": 1}, "other entries than expected: more"),
    ],
)
def test_a_wrong_manifest_is_refused(change: dict[str, object], message: str, tmp_path: Path):
    about = {"format_version": 1, **dataclasses.asdict(written(tmp_path, "tsp"))}
    (tmp_path / "manifest.json").write_text(json.dumps({**about, **change}))
    with pytest.raises(ValueError, match=message):
        read_set(tmp_path)


def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path):
    written(tmp_path, "tsp")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="is not a JSON file"):
        read_set(tmp_path)
