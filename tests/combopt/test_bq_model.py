"""The network: its sizes, and what its scores depend on."""

import dataclasses

import numpy as np
import pytest
import torch
from bq_cases import drawn, untrained
from jaxtyping import TypeCheckError

from combopt.bq.config import PRESETS, BQConfig
from combopt.bq.model import NUM_FEATURES, BQNetwork, Inputs, inputs_of, new_network
from combopt.bq.reduction import NUM_WAYS, Reduction, instances_of, start
from combopt.solvers import PROBLEMS, Problem
from envs.routing.instances import ATSP


def _begun(problem: Problem, count: int = 2) -> Reduction:
    """A few nodes, after one step: origin and destination are two places."""
    begun = start(instances_of(drawn(problem, 6, count)))
    return begun.step(begun.legal.int().argmax(dim=1))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("preset", ["paper", "laptop"])
def test_the_number_of_weights_follows_the_published_formula(problem: Problem, preset: str):
    config = dataclasses.replace(PRESETS[preset], problem=problem)
    d, ff, ways = config.dim, config.ff, NUM_WAYS[problem]
    layer = 4 * d**2 + 2 * d + 2 * d * ff + ff + d + 2  # as published: bq-nco.md 2
    layer += 2 * d  # biases of queries and outputs, which the published layout has not
    if problem == "atsp":
        layer += 2 * 16 + 16 + 16 * config.heads + config.heads
    rows = (NUM_FEATURES[problem] + 1) * d + (0 if problem == "knapsack" else 2 * d)
    expected = rows + config.layers * layer + (d + 1) * ways
    assert _num_weights(new_network(config)) == expected


@pytest.mark.parametrize(
    ("problem", "published"),
    [("tsp", 3_107_539), ("cvrp", 3_108_116), ("op", 3_107_923), ("knapsack", 3_107_347)],
)
def test_the_paper_preset_has_the_published_size_but_for_biases(problem: Problem, published: int):
    network = new_network(dataclasses.replace(PRESETS["paper"], problem=problem))
    assert _num_weights(network) == published + 9 * 2 * 192


def _num_weights(network: BQNetwork) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("problem", PROBLEMS)
def test_scores_follow_their_rows_when_these_are_shuffled(problem: Problem):
    network, state, ways = untrained(problem), _begun(problem), NUM_WAYS[problem]
    ends = 0 if problem == "knapsack" else 1
    inner = torch.randperm(
        state.num_rows - 2 * ends, generator=torch.Generator().manual_seed(0)
    ).roll(1)
    rows = torch.cat([torch.arange(ends), inner + ends, torch.arange(ends) + state.num_rows - 1])
    assert rows.tolist() != sorted(rows.tolist())
    shuffled = state.with_rows(rows.repeat(2, 1))
    before = network(inputs_of(state)).view(2, -1, ways)
    after = network(inputs_of(shuffled)).view(2, -1, ways)
    torch.testing.assert_close(after, before[:, rows], rtol=0, atol=1e-9)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_scores_are_finite_where_it_is_legal_and_minus_infinity_elsewhere(problem: Problem):
    state = _begun(problem)
    scores = untrained(problem)(inputs_of(state))
    assert torch.equal(torch.isfinite(scores), state.legal)
    assert torch.equal(scores == -torch.inf, ~state.legal)
    if problem != "knapsack":
        ends = scores.view(2, -1, NUM_WAYS[problem])[:, [0, -1]]
        assert (ends == -torch.inf).all()


@pytest.mark.parametrize("problem", [each for each in PROBLEMS if each != "knapsack"])
def test_it_matters_which_end_is_the_origin(problem: Problem):
    network, inputs = untrained(problem), inputs_of(_begun(problem))
    order = torch.tensor([inputs.rows.shape[1] - 1, *range(1, inputs.rows.shape[1] - 1), 0])
    edges = None if inputs.edges is None else inputs.edges[:, order][:, :, order]
    turned = network(Inputs(inputs.rows[:, order], edges, inputs.legal))
    assert not torch.allclose(turned[inputs.legal], network(inputs)[inputs.legal])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_row_has_a_say_in_every_score(problem: Problem):
    network, inputs = untrained(problem), inputs_of(_begun(problem))
    rows = inputs.rows.clone().requires_grad_()
    action = int(inputs.legal[0].nonzero()[0])
    network(inputs._replace(rows=rows))[0, action].backward()
    assert rows.grad is not None
    assert rows.grad[0].abs().sum(dim=-1).min() > 0
    assert not rows.grad[1].any()  # instances of a batch have nothing to do with each other


def test_layers_add_nothing_before_training_and_learn_all_the_same():
    network, inputs = new_network(BQConfig("atsp", 16, 2, 2, 32)), inputs_of(_begun("atsp"))
    legal = inputs.legal
    scores = network(inputs)
    x = network.embedding(inputs.rows.float())
    torch.testing.assert_close(scores[legal], network.scores(x)[..., 0][legal])
    scores[legal].square().sum().backward()
    for layer in network.layers:
        assert layer.attention_share.grad.abs() > 0
        assert layer.feedforward_share.grad.abs() > 0


def test_the_direction_of_distances_matters():
    network, (instance,) = untrained("atsp"), drawn("atsp", 6)
    there = network(inputs_of(start(instances_of([instance]))))
    back = network(inputs_of(start(instances_of([ATSP(instance.matrix.T.copy())]))))
    assert not torch.allclose(there[:, 1:-1], back[:, 1:-1])


def test_edges_alone_change_scores():
    network, inputs = untrained("atsp"), inputs_of(_begun("atsp"))
    assert inputs.edges is not None
    turned = network(inputs._replace(edges=inputs.edges.flip(-1)))
    assert not torch.allclose(turned[inputs.legal], network(inputs)[inputs.legal])


def test_the_scale_of_directed_distances_does_not_matter():
    network, (instance,) = untrained("atsp"), drawn("atsp", 6)
    scores = [
        network(inputs_of(start(instances_of([ATSP(scale * instance.matrix)]))))
        for scale in (1.0, 1e6)
    ]
    torch.testing.assert_close(scores[0], scores[1])


def test_rows_of_directed_distances_are_what_the_readme_says():
    matrix = np.array([[0.0, 1, 2], [3, 0, 4], [5, 6, 0]])
    state = start(instances_of([ATSP(matrix)])).step(torch.tensor([1]))  # rows 1, 2, 0
    inputs = inputs_of(state)
    unit = matrix.mean()
    ends = [4, 6, 5, 2]  # origin to it and back, it to destination and back
    out, into = [5, 11 / 3, 6], [2, 2, 4]  # least, mean, largest
    assert (inputs.rows[0, 1] * unit).tolist() == pytest.approx(ends + out + into)
    assert inputs.edges is not None
    assert (inputs.edges[0, 0, 1] * unit).tolist() == pytest.approx([4, 6])


def test_distances_of_zero_are_read():
    state = start(instances_of([ATSP(np.zeros((3, 3)))]))
    assert torch.isfinite(untrained("atsp")(inputs_of(state))[state.legal]).all()


def test_a_seed_stands_for_its_weights():
    first, again, other = (new_network(BQConfig("op", 16, 1, 2, 16), s) for s in (3, 3, 4))
    assert torch.equal(first.embedding.weight, again.embedding.weight)
    assert not torch.equal(first.embedding.weight, other.embedding.weight)


def test_a_configuration_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="dim is a multiple of heads, got 10 and 4"):
        BQConfig(dim=10, heads=4)
    with pytest.raises(ValueError, match="layers is at least 1, got 0"):
        BQConfig(layers=0)
    with pytest.raises((ValueError, TypeCheckError), match="problem"):
        BQConfig("sat")  # type: ignore[arg-type]  # wrong on purpose
