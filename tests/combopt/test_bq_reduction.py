"""The bisimulation quotient: same optima, same returns, and nothing of the past but what counts."""

import itertools

import numpy as np
import pytest
import torch
from bq_cases import SIGNS, best_return, drawn, walked
from hypothesis import given, settings
from hypothesis import strategies as st

from combopt.bq.model import inputs_of
from combopt.bq.reduction import Reduction, instances_of, solution_of, start
from combopt.solvers import PROBLEMS, Problem, cost_of
from envs.knapsack.instances import Knapsack
from envs.routing.instances import ATSP, CVRP, OP, TSP

SIZES: dict[Problem, int] = {"tsp": 7, "atsp": 7, "cvrp": 4, "op": 5, "knapsack": 9}
LINE = np.array([[0.0, 0], [0.1, 0], [0.3, 0], [0.6, 0]])
PLACES = np.array([[100.0, 50], [130, 50], [100, 90], [180, 70]])

any_problem = st.sampled_from(PROBLEMS)
any_seed = st.integers(0, 2**20)


def _value(state: Reduction, known: dict[tuple, float]) -> float:
    """The greatest return that can still be had."""
    actions = state.legal[0].nonzero()[:, 0]
    if len(actions) == 0:
        return 0.0
    origin = int(state.nodes[0, 0]) if state.problem != "knapsack" else None
    left = None if state.left is None else round(float(state.left), 9)
    key = (origin, frozenset(state.nodes[0, 1 if origin is not None else 0 :].tolist()), left)
    if key not in known:
        copies = state.take(torch.zeros_like(actions))
        rewards, after = copies.reward(actions), copies.step(actions)
        each = enumerate(rewards.tolist())
        known[key] = max(r + _value(after.take(torch.tensor([i])), known) for i, r in each)
    return known[key]


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_best_return_is_the_optimum(problem: Problem, seed: int):
    (instance,) = drawn(problem, SIZES[problem], seed=seed)
    known: dict[tuple, float] = {}
    best = _value(start(instances_of([instance])), known)
    assert best == pytest.approx(best_return(instance, problem), abs=1e-12)
    if problem in ("tsp", "atsp"):
        num_live = sum(len(rest) > 1 for _, rest, _ in known)
        assert num_live == 1 + 6 * 2**5 - 6  # the quotient's 193 states, less 6 that have ended


@settings(max_examples=30)
@given(any_problem, any_seed)
def test_rewards_add_up_to_the_cost_of_the_solution(problem: Problem, seed: int):
    (instance,) = drawn(problem, 6, seed=seed)
    _, path, total = walked(start(instances_of([instance])), np.random.default_rng(seed))
    cost = cost_of(instance, solution_of(problem, path))
    assert total == pytest.approx(SIGNS[problem] * cost, abs=1e-12)


@pytest.mark.parametrize(
    "instance",
    [
        TSP(PLACES, "EUC_2D"),
        TSP(PLACES, "EXPLICIT", TSP(PLACES, "CEIL_2D").distances()),
        CVRP(PLACES, np.array([0, 2, 3, 4]), 6, "ATT"),
        OP(PLACES, np.array([0.0, 20, 30, 90]), 162.0, "EUC_2D"),
    ],
)
def test_rewards_and_limits_are_in_the_units_of_the_instance(instance: TSP | CVRP | OP):
    begun = start(instances_of([instance], scaled=True))
    for seed in range(5):
        _, path, total = walked(begun, np.random.default_rng(seed))
        problem = begun.problem
        cost = cost_of(instance, solution_of(problem, path))
        assert total == pytest.approx(SIGNS[problem] * cost, abs=1e-9)


@settings(max_examples=30)
@given(any_problem, any_seed)
def test_reducing_after_a_step_is_a_step_after_reducing(problem: Problem, seed: int):
    (instance,) = drawn(problem, 6, seed=seed)
    states, path, _ = walked(start(instances_of([instance])), np.random.default_rng(seed))
    for length, state in enumerate(states):
        nodes, left = _reduced(instance, problem, path[:length])
        assert state.nodes[0].tolist() == nodes
        if state.left is not None:
            assert float(state.left) == pytest.approx(left, abs=1e-12)


def _reduced(instance: object, problem: Problem, path: list[int]) -> tuple[list[int], float]:
    """What is left after a path, from the definition."""
    match instance:
        case Knapsack():
            others = [item for item in range(instance.size) if item not in path]
            return others, instance.capacity - sum(instance.weights[path])
        case OP():
            left = instance.max_length - sum(
                instance.distances()[a, b] for a, b in itertools.pairwise([0, *path])
            )
        case CVRP():
            routes = solution_of(problem, path)
            served = routes[-1] if routes else []
            left = instance.capacity - sum(instance.demands[served])
            path = [action // 2 for action in path]
        case _:
            left = 0.0
    assert isinstance(instance, TSP | ATSP | CVRP | OP)
    others = [node for node in range(1, instance.size) if node not in path]
    return [path[-1] if path else 0, *others, 0], left


@settings(max_examples=30)
@given(any_problem, any_seed)
def test_every_action_takes_one_row_away_and_none_is_missing_before_the_end(
    problem: Problem, seed: int
):
    (instance,) = drawn(problem, 6, seed=seed)
    states, path, _ = walked(start(instances_of([instance])), np.random.default_rng(seed))
    num_rows = [state.num_rows for state in states]
    assert num_rows == list(range(num_rows[0], num_rows[0] - len(states), -1))
    if problem in ("tsp", "atsp", "cvrp"):
        assert states[-1].num_rows == 2
    for state in states[1:]:
        assert len(set(state.nodes[0].tolist())) == state.num_rows
    assert len(set(path)) == len(path)


@pytest.mark.parametrize(
    ("problem", "first", "second"),
    [
        ("tsp", [1, 2, 4], [2, 1, 4]),
        ("atsp", [1, 2, 4], [2, 1, 4]),
        ("cvrp", [2, 4, 9], [4, 2, 9]),  # customers 1, 2 and, from the depot, 4
        ("knapsack", [0, 1, 3], [3, 0, 1]),
    ],
)
def test_paths_that_leave_the_same_are_one_state(
    problem: Problem, first: list[int], second: list[int]
):
    batch = instances_of(drawn(problem, 6))
    states = [_followed(start(batch), path) for path in (first, second)]
    assert states[0].nodes.tolist() == states[1].nodes.tolist()
    seen = [inputs_of(state) for state in states]
    torch.testing.assert_close(seen[0], seen[1], rtol=0, atol=1e-12)


def test_op_forgets_the_way_when_its_length_was_the_same():
    coords = np.array([[0.5, 0.5], [0.5, 0.6], [0.6, 0.5], [0.6, 0.6], [0.9, 0.5]])
    begun = start(instances_of([OP(coords, np.array([0.0, 1, 1, 1, 1]), 2.0)]))
    one, other = _followed(begun, [1, 2, 3]), _followed(begun, [2, 1, 3])
    assert one.nodes.tolist() == other.nodes.tolist()
    torch.testing.assert_close(one.left, other.left, rtol=0, atol=1e-12)


def _followed(state: Reduction, path: list[int]) -> Reduction:
    ways = 2 if state.problem == "cvrp" else 1
    for action in path:
        inner = state.nodes[0] if state.problem == "knapsack" else state.nodes[0, 1:-1]
        row = inner.tolist().index(action // ways) + (state.problem != "knapsack")
        state = state.step(torch.tensor([row * ways + action % ways]))
    return state


@pytest.mark.parametrize("problem", ["tsp", "cvrp", "op"])
def test_a_network_does_not_see_where_the_path_has_been(problem: Problem):
    (instance,) = drawn(problem, 6)
    state = _followed(start(instances_of([instance])), [2] if problem != "cvrp" else [4])
    state = state.step(torch.tensor([1 if problem != "cvrp" else 2]))
    moved = instance.coords.copy()
    moved[2] = 0.123
    changed = instances_of([type(instance)(**{**vars(instance), "coords": moved})])
    other = Reduction(changed, state.which, state.nodes, state.left)
    torch.testing.assert_close(inputs_of(state).rows, inputs_of(other).rows, rtol=0, atol=0)


def test_segments_of_a_shortest_tour_are_shortest_paths_between_their_ends():
    (instance,) = drawn("tsp", 7)
    orders = [[0, *rest] for rest in itertools.permutations(range(1, 7))]
    tour = min(orders, key=instance.cost)
    batch, matrix = instances_of([instance]), instance.distances()
    for length in range(3, 8):
        for first in range(7):
            segment = [(tour * 2)[first + step] for step in range(length)]
            state = Reduction(batch, torch.tensor([0]), torch.tensor([segment]))
            own = sum(matrix[a, b] for a, b in itertools.pairwise(segment))
            assert _value(state, {}) == pytest.approx(-own, abs=1e-12)


def test_directed_distances_are_paid_in_their_direction():
    matrix = np.array([[0.0, 1, 2], [10, 0, 20], [100, 200, 0]])
    begun = start(instances_of([ATSP(matrix)]))
    first = begun.step(torch.tensor([2]))
    assert float(begun.reward(torch.tensor([2]))) == -2
    assert float(first.reward(torch.tensor([1]))) == -(200 + 10)


def test_a_full_vehicle_goes_by_way_of_the_depot():
    begun = start(instances_of([CVRP(LINE, np.array([0, 3, 2, 3]), 5)]))
    state = begun.step(torch.tensor([2]))  # customer 1, direct
    assert state.nodes.tolist() == [[1, 2, 3, 0]]
    assert state.legal.tolist() == [[False, False, True, True, False, True, False, False]]
    assert float(state.reward(torch.tensor([2]))) == pytest.approx(-0.2)
    assert float(state.reward(torch.tensor([5]))) == pytest.approx(-(0.1 + 0.6))
    assert state.step(torch.tensor([2])).left.tolist() == [0]
    assert state.step(torch.tensor([5])).left.tolist() == [2]
    assert int(state.path_actions(torch.tensor([5]))) == 2 * 3 + 1


def test_the_first_route_begins_whichever_way_is_chosen():
    assert solution_of("cvrp", [2, 5, 6]) == solution_of("cvrp", [3, 5, 6]) == [[1], [2, 3]]


@pytest.mark.parametrize(("slack", "is_legal"), [(0.0, True), (-9e-7, True), (-1.1e-6, False)])
def test_a_node_can_be_visited_when_there_is_length_to_come_home(slack: float, is_legal: bool):
    begun = start(instances_of([OP(LINE[:3], np.array([0.0, 0.5, 1]), 0.6 + slack)]))
    assert begun.legal.tolist() == [[False, True, is_legal, False]]


def test_an_item_that_just_fits_can_be_packed():
    sack = Knapsack(np.array([5, 6, 7]), np.array([2, 3, 4]), 3)
    begun = start(instances_of([sack]))
    assert begun.legal.tolist() == [[True, True, False]]
    assert not begun.step(torch.tensor([0])).legal.any()


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_batch_is_its_instances_side_by_side(problem: Problem):
    listed = drawn(problem, 6, count=3)
    batch = start(instances_of(listed))
    action = torch.stack([state.legal[0].nonzero()[-1, 0] for state in _alone(listed)])
    stepped = batch.step(action)
    for index, alone in enumerate(_alone(listed)):
        own, one = alone.step(action[index, None]), torch.tensor([index])
        part = stepped.take(one)
        assert part.nodes.tolist() == own.nodes.tolist()
        assert part.legal.tolist() == own.legal.tolist()
        torch.testing.assert_close(part.left, own.left) if own.left is not None else None
        torch.testing.assert_close(
            batch.take(one).reward(action[index, None]), alone.reward(action[index, None])
        )
        torch.testing.assert_close(inputs_of(part), inputs_of(own))


def _alone(listed: list) -> list[Reduction]:
    return [start(instances_of([each])) for each in listed]


def test_inputs_are_what_the_specification_says():
    coords = np.array([[0.2, 0.4], [0.6, 0.8], [0.1, 0.9]])
    cvrp = inputs_of(start(instances_of([CVRP(coords, np.array([0, 2, 3]), 4)]))).rows
    assert cvrp[0, 1].tolist() == pytest.approx([0.6, 0.8, 0.5, 1.0])
    op = inputs_of(start(instances_of([OP(coords, np.array([0.0, 0.3, 1]), 1.5)]))).rows
    assert op[0, 2].tolist() == pytest.approx([0.1, 0.9, 1.0, 1.5])
    sack = Knapsack(np.array([500, 100]), np.array([200, 300]), 400)
    assert inputs_of(start(instances_of([sack]))).rows[0, 0].tolist() == [0.5, 0.2, 0.4]


def test_scaled_instances_fill_the_square_by_their_larger_side():
    op = OP(PLACES, np.array([0.0, 20, 30, 90]), 160.0)
    rows = inputs_of(start(instances_of([op], scaled=True))).rows[0]
    assert rows[3].tolist() == pytest.approx([1.0, 0.25, 1.0, 2.0])
    assert rows[:, :2].min() == 0
    sack = Knapsack(np.array([5000, 100]), np.array([200, 4000]), 1000)
    seen = inputs_of(start(instances_of([sack], scaled=True))).rows[0, 0]
    assert seen.tolist() == pytest.approx([1.0, 0.05, 0.25])


def test_nodes_at_one_place_can_be_scaled():
    rows = inputs_of(start(instances_of([TSP(np.full((3, 2), 7.0))], scaled=True))).rows
    assert not rows.any()


def test_large_instances_have_to_be_scaled():
    with pytest.raises(ValueError, match=r"unit square.*got 50\.\.180 in these units: set scaled"):
        instances_of([TSP(PLACES)])


def test_a_batch_is_of_one_problem_and_size():
    with pytest.raises(ValueError, match=r"one problem and size; got \[\('cvrp', 7\), \('tsp', 6"):
        instances_of([*drawn("tsp", 6), *drawn("cvrp", 6)])
    with pytest.raises(ValueError, match="got none"):
        instances_of([])


def test_an_instance_without_places_is_refused():
    with pytest.raises(ValueError, match="reads coords; gr17 has none"):
        instances_of([TSP(None, "EXPLICIT", TSP(LINE).distances(), "gr17")])
