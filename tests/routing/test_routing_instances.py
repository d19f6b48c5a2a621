"""Instances check what they are given, and know the cost of a solution."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from envs.routing.distances import Metric, between
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance

COORDS = np.array([[0.0, 0], [3, 4], [6, 8], [0, 5]])
MATRIX = np.array([[0.0, 1, 2], [1, 0, 3], [2, 3, 0]])


def test_tsplib_distances_of_ulysses_are_those_of_its_authors():
    """Ulysses' Ithaca and Troy, after the documentation of TSPLIB: 509 km."""
    places = np.array([[38.24, 20.42], [39.57, 26.15]])
    assert between(places[0], places[1], "GEO") == 509


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("EUCLIDEAN", 2.5**0.5 * 3), ("EUC_2D", 5), ("CEIL_2D", 5), ("ATT", 2)],
)
def test_metrics_round_as_tsplib_says(metric: str, expected: float):
    assert between(np.array([0.0, 0]), np.array([4.5, 1.5]), metric) == pytest.approx(expected)


def test_halves_are_rounded_up():
    """Half a unit goes up by EUC_2D, where Python would go to the even number."""
    assert between(np.array([0.0, 0]), np.array([2.5, 0]), "EUC_2D") == 3
    assert between(np.array([0.0, 0]), np.array([0.0, 4.5]), "EUC_2D") == 5


def test_pseudo_euclidean_distances_are_never_rounded_down():
    places = np.array([[6734.0, 1453], [2233, 10], [5530, 1424], [401, 841]])
    assert between(places[:1], places[1:], "ATT").tolist() == [1495, 381, 2012]


def test_a_node_is_at_no_distance_from_itself_in_any_metric():
    for metric in ("EUCLIDEAN", "EUC_2D", "CEIL_2D", "ATT", "GEO"):
        distances = TSP(COORDS[[0, 1, 1]], metric).distances()
        assert distances.diagonal().tolist() == [0, 0, 0]
        assert distances[1, 2] == (1 if metric == "GEO" else 0)
        assert np.array_equal(distances, distances.T)


@pytest.mark.parametrize("metric", ["EUCLIDEAN", "EUC_2D", "CEIL_2D", "ATT", "GEO"])
def test_the_way_along_nodes_is_as_long_as_the_matrix_says(metric: Metric):
    places = np.random.default_rng(0).uniform(0, 90, (9, 2))
    instance = TSP(places, metric)
    matrix, tour = instance.distances(), [4, 2, 8, 0, 5]
    ends = [2, 8, 0, 5, 4]
    assert instance.along(tour) == sum(matrix[tour, ends])
    assert instance.along([3]) == 0


def test_the_cost_of_a_large_tour_takes_no_matrix():
    size = 20_000
    instance = TSP(np.random.default_rng(0).random((size, 2)))
    tracemalloc.start()
    try:
        instance.cost(range(size))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50e6  # bytes; a matrix has 3.2e9


def test_costs_are_sums_of_legs():
    assert TSP(COORDS).cost([0, 1, 2, 3]) == pytest.approx(5 + 5 + 45**0.5 + 5)
    assert TSP(COORDS, "EUC_2D").cost([0, 1, 2, 3]) == 22
    directed = np.array([[0.0, 1, 5], [5, 0, 1], [1, 5, 0]])
    assert ATSP(directed).cost([0, 1, 2]) == 3
    assert ATSP(directed).cost([0, 2, 1]) == 15
    assert CVRP(COORDS, np.array([0, 1, 1, 1]), 2).cost([[1, 2], [3]]) == 30
    tour = OP(COORDS, np.array([0.0, 1, 2, 3]), 20.0)
    assert (tour.length([2, 1]), tour.prize([2, 1]), tour.prize([])) == (20, 3, 0)


@given(st.permutations(range(1, 7)), st.integers(0, 1000))
def test_the_length_of_a_tour_does_not_depend_on_its_direction(rest: list[int], seed: int):
    instance = TSP(np.random.default_rng(seed).random((7, 2)))
    assert instance.cost([0, *rest]) == pytest.approx(instance.cost([0, *rest[::-1]]))


@pytest.mark.parametrize(
    ("instance", "solution", "message"),
    [
        (
            TSP(COORDS),
            [0, 1, 2],
            r"visits each of 4 nodes once; got 3 nodes, and missing are \[3\]",
        ),
        (TSP(COORDS), [1, 0, 2, 3], "begins with node 0"),
        (ATSP(MATRIX), [0, 1, 1], r"missing are \[2\]"),
        (CVRP(COORDS, np.array([0, 1, 1, 1]), 2), [[1, 2, 3]], "route 0 carries 3, more than 2"),
        (CVRP(COORDS, np.array([0, 1, 1, 1]), 2), [[1, 2]], r"missing are \[3\]"),
    ],
)
def test_what_is_no_solution_has_no_cost(
    instance: TSP | ATSP | CVRP, solution: list[int], message: str
):
    with pytest.raises(ValueError, match=message):
        instance.cost(solution)  # type: ignore[arg-type]  # each takes what stands beside it


@pytest.mark.parametrize(
    ("tour", "message"),
    [([2, 2], "once"), ([0], "nodes of 1..3"), ([4], "nodes of 1..3"), ([2, 3], "allowed are 20")],
)
def test_what_is_no_tour_of_op_has_no_prize(tour: list[int], message: str):
    with pytest.raises(ValueError, match=message):
        OP(COORDS, np.array([0.0, 1, 2, 3]), 20.0).prize(tour)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TSP(None), "needs coords"),
        (lambda: TSP(COORDS[:1]), "2 nodes or more"),
        (lambda: TSP(COORDS + np.inf), "finite"),
        (lambda: TSP(COORDS, "EXPLICIT"), "a matrix is given"),
        (lambda: TSP(COORDS, "EUC_2D", np.zeros((4, 4))), "a matrix is given"),
        (lambda: TSP(None, "EXPLICIT", np.triu(MATRIX)), "the same both ways; only ATSP"),
        (lambda: CVRP(None, np.array([0, 1, 1]), 2, "EXPLICIT", np.triu(MATRIX)), "only ATSP"),
        (lambda: ATSP(MATRIX + np.eye(3)), "on the diagonal, is 0"),
        (lambda: ATSP(-MATRIX), "at least 0"),
        (lambda: CVRP(COORDS, np.array([0, 1, 3, 1]), 2), r"got 0 and 1\.\.3"),
        (lambda: CVRP(COORDS, np.array([1, 1, 1, 1]), 2), "0 at the depot"),
        (lambda: OP(COORDS, np.array([1.0, 1, 1, 1]), 2.0), "0 at the depot"),
        (lambda: OP(COORDS, np.array([0.0, 1, 1, 1]), -1.0), "max_length is finite"),
    ],
)
def test_a_wrong_instance_is_refused(make: object, message: str):
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: TSP(COORDS, "EXPLICIT", MATRIX),
        lambda: CVRP(COORDS, np.array([0, 1, 1]), 2),
        lambda: OP(COORDS, np.array([0.0, 1, 1]), 2.0),
        lambda: ATSP(MATRIX[:2]),
    ],
)
def test_numbers_of_another_shape_are_refused_with_type_checks_and_without(make: object):
    assert callable(make)
    with pytest.raises((ValueError, TypeCheckError), match=r"distances|demands|prizes|matrix"):
        make()


def test_unrounded_instances_have_exact_distances_and_no_optimum():
    instance = CVRP(COORDS, np.array([0, 1, 1, 1]), 3, "EUC_2D", name="small", optimum=22.0)
    exact = instance.unrounded()
    assert exact.cost([[1, 2, 3]]) == pytest.approx(15 + 45**0.5)
    assert (exact.name, exact.optimum, exact.metric) == ("small", None, "EUCLIDEAN")
    assert TSP(COORDS, "ATT").unrounded().cost([0, 1, 2, 3]) == pytest.approx(
        (15 + 45**0.5) / 10**0.5
    )


def test_exact_instances_are_their_own_unrounded_form():
    unchanged: list[Instance] = [
        TSP(COORDS, optimum=9.0),
        ATSP(MATRIX, optimum=6.0),
        OP(None, np.array([0.0, 1, 1]), 3.0, "EXPLICIT", MATRIX, optimum=1.0),
    ]
    for instance in unchanged:
        assert instance.unrounded() is instance


def test_kilometres_have_no_unrounded_form():
    with pytest.raises(ValueError, match="whole kilometres"):
        TSP(COORDS, "GEO").unrounded()
