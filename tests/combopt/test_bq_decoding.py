"""From scores to solutions: every way to decode gives what the network and the instance say."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from bq_cases import SIGNS, best_return, drawn, untrained

from combopt.bq.decoding import (
    NUM_SYMMETRIES,
    Decoding,
    mirrored,
    nearest_rows,
    search,
    solve,
)
from combopt.bq.model import BQNetwork, inputs_of
from combopt.bq.reduction import Reduction, instances_of, solution_of, start
from combopt.solvers import PROBLEMS, Problem, cost_of
from envs.routing.instances import CVRP, OP, TSP, Instance


def _greedy(network: BQNetwork, instance: Any) -> list[int]:
    """The highest score, again and again."""
    state, path = start(instances_of([instance])), []
    while state.legal.any():
        action = network(inputs_of(state)).argmax(dim=1)
        path.append(int(state.path_actions(action)))
        state = state.step(action)
    return path


@pytest.mark.parametrize("problem", PROBLEMS)
def test_one_beam_is_greedy_and_instances_of_a_batch_do_not_mix(problem: Problem):
    network, listed = untrained(problem), drawn(problem, 9, count=6)
    solutions = solve(network, listed, Decoding())
    expected = [solution_of(problem, _greedy(network, each)) for each in listed]
    assert solutions == expected
    if problem in ("op", "knapsack"):
        assert len({len(solution) for solution in solutions}) > 1  # they end at different steps


@pytest.mark.parametrize("problem", PROBLEMS)
def test_returns_are_the_costs_of_the_solutions(problem: Problem):
    network, listed = untrained(problem), drawn(problem, 9, count=4)
    paths = search(network, start(instances_of(listed)), 3, 0)
    for instance, path, total in zip(listed, *(t.tolist() for t in paths), strict=True):
        cost = cost_of(instance, solution_of(problem, [action for action in path if action >= 0]))
        assert total == pytest.approx(SIGNS[problem] * cost)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_beam_that_holds_all_paths_finds_the_optimum(problem: Problem):
    size = 4 if problem == "cvrp" else 5
    network, listed = untrained(problem), drawn(problem, size, count=2)
    for instance, solution in zip(listed, solve(network, listed, Decoding(beam=2000)), strict=True):
        found = SIGNS[problem] * cost_of(instance, solution)
        assert found == pytest.approx(best_return(instance, problem))


def test_beams_are_the_likeliest_paths():
    network, listed = untrained("tsp", seed=1), drawn("tsp", 6, count=8)
    beams = [_beams(network, instance, 4) for instance in listed]
    shortest = [min(tours, key=each.cost) for each, tours in zip(listed, beams, strict=True)]
    assert shortest != [tours[0] for tours in beams]  # the likeliest is not always the shortest
    assert solve(network, listed, Decoding(beam=4)) == shortest


def _beams(network: BQNetwork, instance: TSP, beam: int) -> list[list[int]]:
    """Tours of a beam search, the likeliest first."""
    kept: list[tuple[float, list[int], Reduction]] = [(0.0, [0], start(instances_of([instance])))]
    for _ in range(instance.size - 1):
        longer = []
        for chance, tour, state in kept:
            log_probs = network(inputs_of(state)).log_softmax(dim=1)[0].tolist()
            for action in state.legal[0].nonzero():
                chances = chance + log_probs[int(action)]
                longer.append(
                    (chances, [*tour, int(state.path_actions(action))], state.step(action))
                )
        kept = sorted(longer, key=lambda each: -each[0])[:beam]
    return [tour for _, tour, _ in kept]


def test_orders_of_the_same_items_take_one_beam():
    network, listed = untrained("knapsack"), drawn("knapsack", 7, count=3)
    sets = max(len(list(itertools.combinations(range(7), number))) for number in range(8))
    for instance, items in zip(listed, solve(network, listed, Decoding(beam=sets)), strict=True):
        assert instance.value(items) == best_return(instance, "knapsack")


@pytest.mark.parametrize("problem", PROBLEMS)
def test_neighbours_that_are_all_rows_change_nothing(problem: Problem):
    network, listed = untrained(problem), drawn(problem, 8, count=3)
    everything = solve(network, listed, Decoding(beam=2))
    assert solve(network, listed, Decoding(beam=2, neighbours=10)) == everything


@pytest.mark.parametrize("problem", ["tsp", "atsp", "cvrp", "op"])
@pytest.mark.parametrize("beam", [1, 4])
def test_few_neighbours_give_solutions(problem: Problem, beam: int):
    network, listed = untrained(problem), drawn(problem, 12, count=4)
    solutions = solve(network, listed, Decoding(beam=beam, neighbours=5))
    for instance, solution in zip(listed, solutions, strict=True):
        cost_of(instance, solution)
    assert solutions != solve(network, listed, Decoding(beam=beam))


@pytest.mark.parametrize("problem", ["tsp", "atsp", "cvrp"])
def test_one_neighbour_is_the_nearest(problem: Problem):
    (instance,) = drawn(problem, 9)
    solution = solve(untrained(problem), [instance], Decoding(neighbours=3))[0]
    order = [0, *(itertools.chain(*solution) if problem == "cvrp" else solution[1:])]
    matrix = instance.distances()
    for place, node in enumerate(order[:-1]):
        rest = order[place + 1 :]
        assert matrix[node, order[place + 1]] == matrix[node, rest].min()


def test_the_origin_is_seen_even_where_others_share_its_place():
    coords = np.array([[0.5, 0.5], [0.9, 0.5], [0.2, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])
    state = start(instances_of([TSP(coords)]))
    assert nearest_rows(state, 4).tolist() == [[0, 3, 4, 6]]
    state = state.step(torch.tensor([3]))  # at node 3: rows 3, 1, 2, 4, 5, 0
    assert nearest_rows(state, 4).tolist() == [[0, 3, 4, 5]]


def test_of_orienteering_half_are_near_and_the_others_rich():
    coords = np.array([[0.0, 0]] + [[0.1 * step, 0.0] for step in range(1, 9)])
    prizes = np.array([0, 0.1, 0.2, 0.3, 0.9, 0.4, 0.8, 0.5, 1.0])
    state = start(instances_of([OP(coords, prizes, 1.45)]))  # node 8 is too far
    assert nearest_rows(state, 6).tolist() == [[0, 1, 4, 6, 7, 9]]
    assert nearest_rows(state, 3).tolist() == [[0, 4, 9]]


def test_what_can_be_reached_is_seen_before_what_is_near_or_rich():
    coords = np.array([[0.0, 0], [0.1, 0], [0.11, 0], [0.0, 0.4], [0.01, 0.9]])
    prizes = np.array([0.0, 0.5, 1.0, 0.1, 0.1])
    begun = start(instances_of([OP(coords, prizes, 0.92)])).step(torch.tensor([3]))
    assert begun.nodes.tolist() == [[3, 1, 2, 4, 0]]
    state = dataclasses.replace(begun, left=torch.tensor([0.515], dtype=torch.float64))
    assert state.legal.tolist() == [[False, True, False, False, False]]
    assert nearest_rows(state, 3).tolist() == [[0, 1, 4]]
    turned = state.with_rows(torch.tensor([[0, 3, 2, 1, 4]]))
    assert nearest_rows(turned, 4).tolist() == [[0, 1, 3, 4]]


def test_mirrored_instances_are_the_eight_orientations():
    copies = mirrored(instances_of(drawn("cvrp", 6, count=2)))
    places = copies.features[:NUM_SYMMETRIES, :, :2]
    assert torch.equal(places[0], copies.features[0, :, :2])
    assert copies.coords is not None
    assert torch.equal(places[0], copies.coords[0])
    assert torch.equal(copies.coords[7], copies.coords[0])
    assert len({str(place.tolist()) for place in places}) == NUM_SYMMETRIES
    expected = torch.cdist(places[0], places[0])
    for place in places:
        torch.testing.assert_close(torch.cdist(place, place), expected)
        assert place.min() >= 0
        assert place.max() <= 1
    assert (copies.features[:, :, 2] == copies.features[[0] * 8 + [8] * 8, :, 2]).all()


@pytest.mark.parametrize("problem", ["tsp", "cvrp", "op"])
def test_the_best_of_eight_orientations_is_taken(problem: Problem):
    network, listed = untrained(problem), drawn(problem, 8, count=4)
    solutions = solve(network, listed, Decoding(symmetries=True))
    costs = _costs(listed, solutions)
    best = []
    for instance in listed:
        turned = [_turned(instance, number) for number in range(8)]
        found = [solution_of(problem, _greedy(network, each)) for each in turned]
        best.append(max(SIGNS[problem] * cost_of(instance, each) for each in found))
    assert [SIGNS[problem] * cost for cost in costs] == pytest.approx(best)
    assert costs != _costs(listed, solve(network, listed, Decoding()))


def _turned(instance: Any, number: int) -> Any:
    coords = instance.coords
    for _ in range(number % 4):
        coords = np.stack([coords[:, 1], 1 - coords[:, 0]], axis=1)
    return dataclasses.replace(instance, coords=coords if number < 4 else coords[:, ::-1].copy())


@pytest.mark.parametrize("problem", ["tsp", "cvrp", "op"])
@pytest.mark.parametrize("decoding", [Decoding(), Decoding(symmetries=True), Decoding(beam=3)])
def test_neither_scale_nor_place_of_scaled_instances_matters(problem: Problem, decoding: Decoding):
    network, listed = untrained(problem), drawn(problem, 8, count=3)
    scaled = dataclasses.replace(decoding, scaled=True)
    moved = [_moved(instance) for instance in listed]
    unit = 64 if problem == "op" else 4096
    assert _costs(moved, solve(network, moved, scaled)) == pytest.approx(
        [unit * cost for cost in _costs(listed, solve(network, listed, scaled))]
    )


def _costs(listed: list[Any], solutions: list[Any]) -> list[float]:
    return [cost_of(each, solution) for each, solution in zip(listed, solutions, strict=True)]


def _moved(instance: Any) -> Instance:
    coords = instance.coords * 4096 - 3e4
    if isinstance(instance, OP):
        return OP(coords, instance.prizes * 64, instance.max_length * 4096)
    if isinstance(instance, CVRP):
        return CVRP(coords, instance.demands, instance.capacity)
    return TSP(coords)


def test_two_and_three_nodes_are_solved():
    for size in (2, 3):
        tours = solve(untrained("tsp"), drawn("tsp", size), Decoding(beam=4))
        assert sorted(tours[0]) == list(range(size))


def test_nothing_to_choose_is_a_solution():
    coords = np.array([[0.5, 0.5], [0.9, 0.5]])
    nowhere = OP(coords, np.array([0.0, 1]), 0.1)
    somewhere = OP(coords, np.array([0.0, 1]), 0.9)
    for decoding in (Decoding(), Decoding(beam=3), Decoding(symmetries=True)):
        assert solve(untrained("op"), [nowhere, somewhere], decoding) == [[], [1]]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_all_tensors_are_made_where_the_network_is(problem: Problem):
    network, listed = untrained(problem), drawn(problem, 7, count=2)
    has_places = problem in ("tsp", "cvrp", "op")
    decoding = Decoding(3, 4, symmetries=has_places)
    expected = solve(network, listed, decoding)
    with torch.device("meta"):  # the default, where no tensor can be used with those of a network
        assert solve(network, listed, decoding) == expected


def test_no_gradients_are_kept():
    paths = search(untrained("tsp"), start(instances_of(drawn("tsp", 5))), 2, 0)
    assert paths.returns.is_inference()


def test_weights_that_are_not_numbers_are_refused():
    network = untrained("tsp")
    torch.nn.init.constant_(network.scores.bias, torch.nan)
    with pytest.raises(ValueError, match="not finite: train it again"):
        solve(network, drawn("tsp", 5), Decoding())


def test_a_network_solves_its_own_problem():
    with pytest.raises(ValueError, match="this network solves tsp; got instances of cvrp"):
        solve(untrained("tsp"), drawn("cvrp", 5), Decoding())


def test_what_a_problem_has_not_is_refused():
    with pytest.raises(ValueError, match="atsp has no places to mirror"):
        solve(untrained("atsp"), drawn("atsp", 5), Decoding(symmetries=True))


@pytest.mark.parametrize("wrong", [{"beam": 0}, {"neighbours": 2}])
def test_a_decoding_that_cannot_be_is_refused(wrong: dict[str, int]):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} .*or more"):
        Decoding(**wrong)  # type: ignore[arg-type]  # numbers, all of them
