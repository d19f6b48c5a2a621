"""Files of instances and solutions."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.routing.distances import METRICS
from envs.routing.files import (
    read,
    read_all,
    read_routes,
    read_tour,
    write,
    write_all,
    write_routes,
    write_tour,
)
from envs.routing.files.arrays import format_npz, parse_npz
from envs.routing.files.lehd import format_cvrp_line, format_tsp_line, parse_lehd
from envs.routing.files.solutions import format_routes, format_tour, parse_routes, parse_tour
from envs.routing.files.tsplib import format_tsplib, parse_tsplib
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance

SHARED = Path(__file__).parents[3] / "shared" / "data"
DATA = Path(os.environ.get("ARMILLARY_DATA", SHARED))
needs_data = pytest.mark.skipif(
    not (DATA / "tsplib").is_dir(),
    reason=f"no folder {DATA} with benchmark files; set ARMILLARY_DATA",
)

TSP_TEXT = """NAME : small
COMMENT : four nodes
TYPE : TSP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 3 4
3 6.0e0 8
4 0 5
EOF
"""
CVRP_TEXT = """NAME: small
COMMENT: (Somebody, No of trucks: 2, Optimal value: 30)
TYPE: CVRP
DIMENSION: 4
EDGE_WEIGHT_TYPE: EUC_2D
CAPACITY: 10
NODE_COORD_SECTION
1 0 0
2 3 4
3 6 8
4 0 5
DEMAND_SECTION
1 0
2 4
3 5
4 9
DEPOT_SECTION
1
-1
EOF
"""
OP_TEXT = """NAME: small
TYPE: OP
DIMENSION: 3
TSP_SOLUTION : 20
COST_LIMIT : 12.5
EDGE_WEIGHT_TYPE: CEIL_2D
NODE_COORD_SECTION
1 0 0
3 6 8
2 3 4
NODE_SCORE_SECTION
1 0
2 7
3 9
DEPOT_SECTION
1
-1
"""
ATSP_TEXT = """NAME: small
TYPE: ATSP
DIMENSION: 3
EDGE_WEIGHT_TYPE: EXPLICIT
EDGE_WEIGHT_FORMAT: FULL_MATRIX
EDGE_WEIGHT_SECTION
9999 1 2
3 9999
4 5 6 9999
"""
CVRP_LINE = (
    "depot,0.0,0.0,customer,3.0,4.0,6.0,8.0,0.0,5.0,capacity,10.0,demand,4,5,9,"
    "cost,30.0,node_flag,1,2,3,1,0,1"
)
TSP_LINE = "0.0 0.0 3.0 4.0 0.0 4.0 output 1 2 3 1"


def same(first: Instance, second: Instance) -> bool:
    assert type(first) is type(second)
    for field in dataclasses.fields(first):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if not (np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other):
            return False
    return True


def test_a_tsp_is_read():
    instance = parse_tsplib(TSP_TEXT)
    assert isinstance(instance, TSP)
    assert (instance.name, instance.size, instance.optimum) == ("small", 4, None)
    assert instance.cost([0, 1, 2, 3]) == 22
    assert instance.unrounded().cost([0, 1, 2, 3]) == pytest.approx(15 + 45**0.5)


def test_a_cvrp_is_read_with_the_optimum_of_its_comment():
    instance = parse_tsplib(CVRP_TEXT)
    assert isinstance(instance, CVRP)
    assert (instance.demands.tolist(), instance.capacity) == ([0, 4, 5, 9], 10)
    assert instance.optimum == instance.cost([[1, 2], [3]]) == 30


def test_an_op_is_read_whatever_the_order_of_its_nodes():
    instance = parse_tsplib(OP_TEXT)
    assert isinstance(instance, OP)
    assert (instance.max_length, instance.metric) == (12.5, "CEIL_2D")
    assert instance.prizes.tolist() == [0, 7, 9]
    assert instance.prize([1]) == 7


def test_a_score_of_the_depot_is_no_prize_and_leaves_the_optimum_open():
    text = OP_TEXT.replace("1 0\n2 7", "1 1\n2 7").replace("OP\n", "OP\nCOMMENT: Best: 17\n")
    instance = parse_tsplib(text)
    assert isinstance(instance, OP)
    assert (instance.prizes[0], instance.optimum) == (0, None)


def test_an_atsp_is_read_by_rows_and_may_break_lines_anywhere():
    with pytest.raises(ValueError, match="FULL_MATRIX of 3 nodes has 9 distances, got 10"):
        parse_tsplib(ATSP_TEXT.replace("3 9999", "3 9999 0"))
    instance = parse_tsplib(ATSP_TEXT)
    assert isinstance(instance, ATSP)
    assert instance.matrix.tolist() == [[0, 1, 2], [3, 0, 4], [5, 6, 0]]


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("FULL_MATRIX", "0 1 2 4 1 0 3 5 2 3 0 6 4 5 6 0"),
        ("UPPER_ROW", "1 2 4\n3 5\n6"),
        ("LOWER_ROW", "1\n2 3\n4 5 6"),
        ("UPPER_DIAG_ROW", "0 1 2 4 0 3 5 0 6 0"),
        ("LOWER_DIAG_ROW", "0 1 0 2 3 0 4 5 6 0"),
    ],
)
@pytest.mark.parametrize("kind", ["TSP", "CVRP", "OP"])
def test_distances_are_read_in_every_format(form: str, numbers: str, kind: str):
    text = (
        f"TYPE: {kind}\nDIMENSION: 4\nCAPACITY: 5\nCOST_LIMIT: 9\nEDGE_WEIGHT_TYPE: EXPLICIT\n"
        f"EDGE_WEIGHT_FORMAT: {form}\nEDGE_WEIGHT_SECTION\n{numbers}\n"
        "DEMAND_SECTION\n1 0\n2 1\n3 1\n4 1\nNODE_SCORE_SECTION\n1 0\n2 1\n3 1\n4 1\n"
        "DISPLAY_DATA_SECTION\n1 0 0\n2 1 0\n3 0 1\n4 1 1\nDEPOT_SECTION\n1\n-1\nEOF\n"
    )
    instance = parse_tsplib(text)
    expected = [[0, 1, 2, 4], [1, 0, 3, 5], [2, 3, 0, 6], [4, 5, 6, 0]]
    assert instance.distances().tolist() == expected
    assert not isinstance(instance, ATSP)
    assert instance.coords is not None
    assert instance.coords[3].tolist() == [1, 1]


@pytest.mark.parametrize(
    "comment",
    ["Optimal value: 7542", "best known 7542", "(Somebody, optimum 7542)", "Best value 7542.0"],
)
def test_comments_may_state_the_optimum(comment: str):
    assert parse_tsplib(TSP_TEXT.replace("four nodes", comment)).optimum == 7542


def test_other_comments_state_none():
    for comment in ("52 locations in Berlin", "best of 1999.", "Optimal tour unknown (1991)"):
        assert parse_tsplib(TSP_TEXT.replace("four nodes", comment)).optimum is None


MALFORMED: dict[str, tuple[str, str, str, str]] = {
    "no type": (TSP_TEXT, "TYPE : TSP\n", "", "line 10: a line 'TYPE : value' is missing"),
    "other type": (TSP_TEXT, "TYPE : TSP", "TYPE : HCP", "line 3: TYPE is one of TSP, ATSP, CVRP"),
    "no number": (TSP_TEXT, "DIMENSION : 4", "DIMENSION : four", "line 4: DIMENSION is a whole"),
    "no value": (TSP_TEXT, "DIMENSION : 4", "DIMENSION :", "line 4: a line 'DIMENSION : value'"),
    "one node": (TSP_TEXT, "DIMENSION : 4", "DIMENSION : 1", "line 4: an instance has 2 nodes"),
    "metric": (TSP_TEXT, "EUC_2D", "MAN_2D", "line 5: EDGE_WEIGHT_TYPE is one of EUCLIDEAN, EUC"),
    "cut off": (TSP_TEXT, "4 0 5\nEOF\n", "", "line 9: the section of line 6 has 3 lines 'node x"),
    "no section": (TSP_TEXT, "NODE_COORD_SECTION\n", "", "line 6: a line like 'NAME : value' is"),
    "letters": (TSP_TEXT, "2 3 4", "2 3 x", "line 8: 'node x y' is expected, got '2 3 x'"),
    "not finite": (TSP_TEXT, "2 3 4", "2 3 1e999", "line 8: 'node x y' is expected, got '2 3 1e"),
    "too few": (TSP_TEXT, "2 3 4", "2 3", "line 8: 'node x y' is expected with nodes from 1 to 4"),
    "outside": (TSP_TEXT, "2 3 4", "5 3 4", "line 8: 'node x y' is expected with nodes from 1"),
    "twice": (TSP_TEXT, "2 3 4", "1 3 4", "line 8: node 1 stands in this section already"),
    "repeated": (TSP_TEXT, "TYPE : TSP", "NAME : x", "line 3: NAME stands in line 1 already"),
    "unknown": (TSP_TEXT, "COMMENT", "COMENT", "line 2: unknown keyword 'COMENT'; known are NAME"),
    "3-d": (TSP_TEXT, "COMMENT : four", "NODE_COORD_TYPE : THREED_COORDS", "line 2: NODE_COORD"),
    "routes": (CVRP_TEXT, "COMMENT: (", "DISTANCE: 200 (", "line 2: DISTANCE means a longest"),
    "capacity": (CVRP_TEXT, "CAPACITY: 10\n", "", "'CAPACITY : value' is missing, a whole number"),
    "half": (CVRP_TEXT, "CAPACITY: 10", "CAPACITY: 9.5", "line 6: CAPACITY is a whole number; got"),
    "depot": (CVRP_TEXT, "\n1\n-1", "\n2\n-1", "line 18: there is one depot, node 1"),
    "depots": (CVRP_TEXT, "\n1\n-1", "\n1\n2\n-1", "line 18: there is one depot, node 1"),
    "no depot": (CVRP_TEXT, "DEPOT_SECTION\n1\n-1\n", "", "the file ends without DEPOT_SECTION"),
    "demand": (CVRP_TEXT, "4 9", "4 11", "line 16: a demand is 0 at the depot and from 1 to"),
    "served depot": (CVRP_TEXT, "1 0\n2 4", "1 1\n2 4", "line 13: a demand is 0 at the depot"),
    "limit": (OP_TEXT, "12.5", "-1", "line 5: COST_LIMIT is 0 or more; got -1"),
    "score": (OP_TEXT, "2 7", "2 -7", "line 13: a score is 0 or more; got -7"),
    "format": (ATSP_TEXT, "FULL_MATRIX", "UPPER_ROW", "line 5: EDGE_WEIGHT_FORMAT is one of FULL"),
    "one way": (ATSP_TEXT, "ATSP", "TSP", "line 6: the distances between nodes 1 and 2 differ by"),
    "below 0": (ATSP_TEXT, "3 9999", "3 -1", "line 8: a distance is 0 or more; got -1"),
    "distance": (ATSP_TEXT, "3 9999", "3 nan", "line 8: a distance is a finite number; got 'nan'"),
    "missing": (ATSP_TEXT, "4 5 6 9999", "4 5 6", "line 9: FULL_MATRIX of 3 nodes has 9 distances"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_are_refused_with_file_and_line(name: str, tmp_path: Path):
    text, old, new, message = MALFORMED[name]
    assert text.count(old) >= 1
    path = tmp_path / "broken.tsp"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is looked at below
        read(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


@given(st.text(st.sampled_from("1 -.\nNETYP:ACSD_e"), max_size=300))
def test_no_text_is_a_crash(text: str):
    for parse in (parse_tsplib, parse_tour, parse_routes, parse_lehd):
        message = "TSPLIB, tour, routes and LEHD"
        try:
            parse(TSP_TEXT[: len(text)] + text)
        except ValueError as error:
            message = str(error)
        assert message.startswith(("TSPLIB", "tour", "routes", "LEHD"))


numbers = st.floats(0, 1e6, allow_subnormal=False) | st.integers(0, 100).map(float)


@st.composite
def instances(draw: st.DrawFn, metrics: tuple[str, ...] = METRICS) -> Instance:
    size = draw(st.integers(2, 5))
    fill = st.lists(numbers, min_size=size * size, max_size=size * size)
    matrix = np.array(draw(fill)).reshape(size, size) * (1 - np.eye(size))
    name = draw(st.sampled_from(["", "a name", "x-n7"]))
    optimum = draw(st.none() | numbers)
    kind = draw(st.sampled_from(["tsp", "atsp", "cvrp", "op"]))
    if kind == "atsp":
        return ATSP(matrix, name, optimum)
    metric: Any = draw(st.sampled_from(metrics))
    symmetric = matrix + matrix.T if metric == "EXPLICIT" else None
    lists = st.lists(numbers, min_size=2 * size, max_size=2 * size)
    coords = np.array(draw(lists)).reshape(size, 2)
    places = None if symmetric is not None and draw(st.booleans()) else coords
    if kind == "tsp":
        return TSP(places, metric, symmetric, name, optimum)
    if kind == "cvrp":
        demands = [0, *draw(st.lists(st.integers(1, 9), min_size=size - 1, max_size=size - 1))]
        return CVRP(places, np.array(demands), 9, metric, symmetric, name, optimum)
    prizes = np.array([0.0, *draw(st.lists(numbers, min_size=size - 1, max_size=size - 1))])
    return OP(places, prizes, draw(numbers), metric, symmetric, name, optimum)


@given(instances())
def test_what_is_written_in_tsplib_format_is_read_back(instance: Instance):
    assert same(parse_tsplib(format_tsplib(instance)), instance)


@given(instances(("EUCLIDEAN",)))
def test_what_is_written_as_npz_is_read_back(instance: Instance):
    instance = dataclasses.replace(instance, name="")
    [first, second] = parse_npz(format_npz([instance, instance]))
    assert same(first, instance)
    assert same(second, instance)


@given(st.permutations(range(1, 6)))
def test_solutions_are_read_back(rest: list[int]):
    assert parse_tour(format_tour([0, *rest])) == [0, *rest]
    routes = [rest[:2], rest[2:]]
    assert parse_routes(format_routes(routes, 7.5)) == routes


@given(st.permutations(range(1, 5)), st.integers(0, 100))
def test_lehd_lines_are_read_back(rest: list[int], seed: int):
    coords = np.random.default_rng(seed).random((5, 2))
    tour, routes = TSP(coords), CVRP(coords, np.array([0, 1, 2, 3, 4]), 10)
    [first] = parse_lehd(format_tsp_line(tour, [0, *rest]))
    assert same(first, dataclasses.replace(tour, optimum=tour.cost([0, *rest])))
    parts = [rest[:2], rest[2:]]
    [second] = parse_lehd(format_cvrp_line(routes, parts))
    assert same(second, dataclasses.replace(routes, optimum=routes.cost(parts)))


def test_lehd_lines_of_both_problems_are_read(tmp_path: Path):
    path = tmp_path / "lines.txt"
    path.write_text(f"{TSP_LINE}\n{CVRP_LINE}\n")
    tour, routes = read_all(path)
    assert isinstance(routes, CVRP)
    assert (tour.optimum, routes.optimum) == (12, 30)
    assert routes.demands.tolist() == [0, 4, 5, 9]


@pytest.mark.parametrize(
    ("line", "old", "new", "message"),
    [
        (TSP_LINE, "output 1 2 3 1", "", "'output' is missing; is the file cut off"),
        (TSP_LINE, "output 1 2 3 1", "output 1 2 3", "begins and ends with node 1"),
        (TSP_LINE, "1 2 3 1", "1 2 2 1", r"missing are \[2\]"),
        (TSP_LINE, "0.0 0.0", "0.0", "coordinates come in pairs; got 5"),
        (TSP_LINE, "3.0", "x", "a coordinate is expected, got 'x'"),
        (CVRP_LINE, "cost,30.0,", "", "has the parts depot, customer, capacity, demand, cost"),
        (CVRP_LINE, "30.0", "29.0", "the routes have the cost 30.000000, the line says 29.0"),
        (CVRP_LINE, "1,0,1", "1,0,0", "route 0 carries 18, more than 10"),
        (CVRP_LINE, "1,0,1", "0,0,1", "a flag is 1 where a route begins"),
        (CVRP_LINE, "1,0,1", "1,0", "node_flag has 6 numbers beside 3 demands; got 5"),
        (CVRP_LINE, "4,5,9", "4,5.5,9", "a demand is expected, got '5.5'"),
    ],
)
def test_malformed_lehd_lines_are_refused(line: str, old: str, new: str, message: str):
    with pytest.raises(ValueError, match=f"^LEHD, line 2: .*{message}"):
        parse_lehd(f"{TSP_LINE}\n{line.replace(old, new)}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TYPE: TOUR\nTOUR_SECTION\n1 2 3\n", "line 3: -1 is missing after the last node"),
        ("TYPE: TOUR\nTOUR_SECTION\n1 3 -1\n", r"line 2: .* missing are \[2\]"),
        ("TYPE: TOUR\nTOUR_SECTION\n1 x -1\n", "line 3: a node is a whole number, got 'x'"),
        ("TYPE: TOUR\nTOUR_SECTION\n1 0 -1\n", "line 3: nodes are counted from 1"),
        ("TYPE: TOUR\nTOUR_SECTION\n1 2 -1 3 -1\n", "line 3: a file has one tour"),
        ("TYPE: TOUR\nDIMENSION: 3\nTOUR_SECTION\n1\n2\n-1\n", "line 6: DIMENSION says 3 nodes"),
        ("TYPE: TSP\nTOUR_SECTION\n1 -1\n", "line 1: TYPE is one of TOUR; got 'TSP'"),
        ("TYPE: TOUR\n", "line 1: the file ends without TOUR_SECTION"),
    ],
)
def test_malformed_tours_are_refused(text: str, message: str):
    with pytest.raises(ValueError, match=f"^tour, {message}"):
        parse_tour(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Route #1: 1 2\nRoute #2: 2\n", "routes, line 2: customer 2 is in line 1 already"),
        ("Route #1: 0 2\n", "routes, line 1: customers are counted from 1"),
        ("Route #1: 1 x\n", "routes, line 1: a line like 'Route #1: 4 7 2' or 'Cost 784'"),
        ("Cost 3\n", "routes: a solution has a line like 'Route #1: 4 7 2'; there is none"),
    ],
)
def test_malformed_routes_are_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        parse_routes(text)


def test_tours_are_turned_to_begin_with_the_first_node():
    text = "NAME: x.opt.tour\nTYPE: TOUR\nTOUR_SECTION\n3\n1\n2\n-1\n-1\nEOF\n"
    assert parse_tour(text) == [0, 1, 2]


def test_known_optima_come_from_tables_comments_and_solutions(tmp_path: Path):
    path = tmp_path / "small.tsp"
    path.write_text(TSP_TEXT)
    assert read(path).optimum is None
    write_tour(tmp_path / "small.opt.tour", [0, 1, 2, 3], "small")
    assert read_tour(tmp_path / "small.opt.tour") == [0, 1, 2, 3]
    assert read(path).optimum == 22
    path.write_text(TSP_TEXT.replace("four nodes", "Optimal value: 21"))
    assert read(path).optimum == 21
    (tmp_path / "best_known.json").write_text('{"other": 3, "small": 20}')
    assert read(path).optimum == 20
    (tmp_path / "optimal.json").write_text('{"small": 19}')
    assert read(path).optimum == 19


def test_routes_beside_an_instance_state_its_optimum(tmp_path: Path):
    path = tmp_path / "small.vrp"
    path.write_text(CVRP_TEXT.replace("Optimal", "Some"))
    write_routes(tmp_path / "small.sol", [[2, 1], [3]], 1.0)
    assert read_routes(tmp_path / "small.sol") == [[2, 1], [3]]
    assert read(path).optimum == 30
    (tmp_path / "small.sol").write_text("Route #1: 1 2 3\nCost 22\n")
    with pytest.raises(ValueError, match=r"small\.sol is no solution of .*small\.vrp: route 0 car"):
        read(path)


@pytest.mark.parametrize("table", ["{", "[]", '{"small": "7"}', '{"small": -1}'])
def test_a_broken_table_of_optima_is_named(table: str, tmp_path: Path):
    (tmp_path / "small.tsp").write_text(TSP_TEXT)
    (tmp_path / "optimal.json").write_text(table)
    with pytest.raises(ValueError, match=r"optimal\.json.*mend or remove it|should have a number"):
        read(tmp_path / "small.tsp")


@pytest.mark.parametrize(
    ("text", "suffix"), [(TSP_TEXT, ".tsp"), (ATSP_TEXT, ".atsp"), (CVRP_TEXT, ".vrp")]
)
def test_instances_are_written_to_files_of_their_kind(text: str, suffix: str, tmp_path: Path):
    instance = parse_tsplib(text)
    path = tmp_path / f"small{suffix}"
    write(path, instance)
    assert same(read(path), instance)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(ValueError, match=rf"ends in {suffix} or \.npz; choose one"):
        write(tmp_path / "small.xyz", instance)


def test_many_instances_are_written_as_npz(tmp_path: Path):
    first, second = TSP(np.eye(2)), TSP(np.zeros((2, 2)), optimum=0.0)
    write_all(tmp_path / "many.npz", [first, second])
    assert all(map(same, read_all(tmp_path / "many.npz"), [first, second]))
    with pytest.raises(ValueError, match="holds 2 instances: read it by read_all"):
        read(tmp_path / "many.npz")
    write(tmp_path / "one.npz", second)
    assert same(read(tmp_path / "one.npz"), second)
    with pytest.raises(ValueError, match=r"ends in \.npz; choose that"):
        write_all(tmp_path / "many.tsp", [first])
    with pytest.raises(ValueError, match="one problem and one size, got TSP of 2, TSP of 3"):
        write_all(tmp_path / "many.npz", [first, TSP(np.eye(3)[:, :2])])
    with pytest.raises(ValueError, match=r"metric EUCLIDEAN, got EUC_2D; use \.unrounded"):
        write(tmp_path / "one.npz", TSP(np.eye(2), "EUC_2D"))


def test_solutions_are_not_read_as_instances(tmp_path: Path):
    with pytest.raises(ValueError, match="is a solution: read it by read_tour or read_routes"):
        read(tmp_path / "x.sol")


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


ROW = np.array([[0.0, 0], [3, 4], [6, 8], [0, 5], [0, 0]])


def test_training_sets_of_bq_nco_know_their_optima_by_order(tmp_path: Path):
    [tour] = read_all(saved(tmp_path / "tsp.npz", coords=ROW[None], reorder=True))
    assert tour.optimum == pytest.approx(15 + 45**0.5)
    arrays = {
        "coords": ROW[None],
        "demands": np.array([[0, 4, 5, 9, 0]]),
        "capacities": np.array([10.0]),
        "remaining_capacities": np.array([[10, 6, 1, 1, 1]]),
        "via_depots": np.array([[1, 0, 0, 1, 0]]),
    }
    [routes] = read_all(saved(tmp_path / "cvrp.npz", reorder=True, **arrays))
    assert routes.optimum == 30
    [unordered] = read_all(saved(tmp_path / "cvrp.npz", reorder=False, **arrays))
    assert unordered.optimum is None
    arrays = {"coords": ROW[None], "values": np.array([[0, 1, 2, 3, 0.0]])}
    arrays |= {"upper_bounds": np.array([20.0]), "solution_lengths": np.array([3])}
    [prizes] = read_all(saved(tmp_path / "op.npz", reorder=True, **arrays))
    assert prizes.optimum == 3


def test_test_sets_of_bq_nco_state_their_optima(tmp_path: Path):
    arrays: dict[str, Any] = {"coords": ROW[None], "reorder": False}
    [tour] = read_all(saved(tmp_path / "tsp.npz", tour_lens=np.array([21.5]), **arrays))
    assert tour.optimum == 21.5
    arrays |= {"values": np.array([[0, 1, 2, 3, 0.0]]), "upper_bounds": np.array([20.0])}
    arrays |= {"collected_rewards": np.array([3.0]), "reorder": True}
    [prizes] = read_all(saved(tmp_path / "op.npz", **arrays))
    assert prizes.optimum == 3


def test_arrays_of_rl4co_are_read(tmp_path: Path):
    locs, depot = ROW[None, 1:4], ROW[None, 0]
    [tour] = read_all(saved(tmp_path / "tsp.npz", locs=locs))
    assert tour.size == 3
    [matrix] = read_all(saved(tmp_path / "atsp.npz", cost_matrix=np.ones((1, 3, 3)) - np.eye(3)))
    assert isinstance(matrix, ATSP)
    demand = np.array([[4, 5, 9.0]], np.float32)
    for shares, capacity in ((demand, np.array([10.0])), (demand / 10, np.array([[10.0]]))):
        arrays = {"locs": locs, "depot": depot, "demand": shares, "capacity": capacity}
        [routes] = read_all(saved(tmp_path / "cvrp.npz", **arrays))
        assert isinstance(routes, CVRP)
        assert (routes.demands.tolist(), routes.capacity) == ([0, 4, 5, 9], 10)
        assert routes.cost([[1, 2], [3]]) == 30
    arrays = {"locs": locs, "depot": depot, "prize": demand, "max_length": np.array(20.0)}
    [prizes] = read_all(saved(tmp_path / "op.npz", **arrays))
    assert isinstance(prizes, OP)
    assert prizes.prize([2, 1]) == 9


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "arrays coords, locs or cost_matrix .* are expected; got none"),
        ({"weights": np.ones((1, 2))}, "holds knapsacks: read it by envs.knapsack.files"),
        ({"locs": ROW[None], "demand": ROW[:1, 0]}, "array depot is missing beside demand, locs"),
        ({"coords": ROW[:0]}, "holds no instance"),
        (
            {"coords": ROW[None], "tour_lens": np.ones(2)},
            r"tour_lens has the shape \(2,\) beside 1",
        ),
        ({"coords": ROW[None, :4]}, "instance 0: the last row of coords is the first one again"),
        ({"coords": np.array([["a"]])}, "coords should hold numbers"),
        ({"coords": ROW[None] * np.nan}, "instance 0: "),
        (
            {"coords": ROW[None], "demands": np.ones((1, 5)), "capacities": np.ones(1)},
            "instance 0: the depot, of 0 in demands, is at both ends",
        ),
        (
            {"coords": ROW[None], "demands": ROW[None, :, 0] / 4, "capacities": np.ones(1)},
            "instance 0: demands are whole numbers",
        ),
    ],
)
def test_malformed_arrays_are_refused(arrays: dict[str, Any], message: str, tmp_path: Path):
    path = saved(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=rf"x\.npz.*{message}"):
        read_all(path)


def test_objects_and_torn_arrays_are_never_unpickled(tmp_path: Path):
    path = saved(tmp_path / "x.npz", coords=np.array([{}], object))
    with pytest.raises(ValueError, match=r"is not an \.npz file of numbers, or is cut off"):
        read_all(path)
    write(path, TSP(np.eye(2)))
    content = path.read_bytes()
    for torn in (b"", b"text", content[: len(content) // 2], content[:-1]):
        path.write_bytes(torn)
        with pytest.raises(ValueError, match=r"is not an \.npz file of numbers, or is cut off"):
            read_all(path)


def test_a_name_of_two_lines_is_not_written():
    with pytest.raises(ValueError, match="a name is one line"):
        format_tsplib(TSP(np.eye(2), name="a\nEOF"))


@needs_data
def test_every_benchmark_file_is_read_with_its_optimum():
    paths = sorted([*DATA.glob("tsplib/*.tsp"), *DATA.glob("cvrplib/*.vrp")])
    assert paths
    for path in paths:
        instance = read(path)
        table = json.loads(
            path.with_name(
                "optimal.json" if isinstance(instance, TSP) else "best_known.json"
            ).read_text()
        )
        assert instance.optimum == table[path.stem] > 0
        assert instance.metric == "EUC_2D"  # type: ignore[union-attr]  # of both problems
        write_text = format_tsplib(instance)
        assert same(parse_tsplib(write_text), instance)


@needs_data
def test_generated_sets_have_the_published_means():
    for name, mean in (("tsp200_n128.txt", 10.7036), ("cvrp200_n128_lkh.txt", 20.1726)):
        optima = [instance.optimum for instance in read_all(DATA / "generated" / name)]
        assert len(optima) == 128
        assert np.mean(optima) == pytest.approx(mean, abs=5e-5)  # type: ignore[arg-type]  # known


@needs_data
@pytest.mark.parametrize(("name", "optimum"), [("eil51", 426), ("berlin52", 7542)])
def test_famous_instances_are_solved_to_their_optimum(name: str, optimum: int):
    from combopt.solvers import solve
    from combopt.solvers.budget import Budget

    instance = read(DATA / "tsplib" / f"{name}.tsp")
    solved = solve(instance, Budget(1500), 0, "local-search")
    assert solved.cost == instance.optimum == optimum
