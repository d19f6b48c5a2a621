"""What training draws from solved instances: reduced ones, and the actions that are right there."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from bq_cases import best_returns, solved_set

from combopt.bq.config import BQConfig
from combopt.bq.data import Batch, Lessons
from combopt.bq.decoding import NUM_SYMMETRIES, PLACED
from combopt.bq.model import new_network
from combopt.bq.objective import cross_entropy
from combopt.bq.reduction import ENDS_ANYWHERE
from combopt.bq.train import greedy_gap
from combopt.datasets import LabelledSet
from combopt.solvers import PROBLEMS, Problem

SIZES: dict[Problem, int] = {"tsp": 6, "atsp": 6, "cvrp": 4, "op": 5, "knapsack": 8}
DRAWS = 12
TINY = BQConfig(dim=16, layers=1, heads=2, ff=16)


def batches(labels: LabelledSet, count: int = 4) -> Iterator[Batch]:
    lessons = Lessons(labels)
    for seed in range(DRAWS):
        yield lessons.draw(count, np.random.default_rng(seed))


@pytest.fixture(scope="module", params=PROBLEMS)
def solved(request: pytest.FixtureRequest) -> LabelledSet:
    return solved_set(request.param, SIZES[request.param], 6)


def test_right_actions_are_optimal(solved: LabelledSet):
    for batch in itertools.islice(batches(solved), DRAWS // 2):
        example, action = batch.right.nonzero().unbind(1)
        assert set(example.tolist()) == set(range(len(batch.right)))
        taken = batch.state.take(example)
        assert taken.legal.gather(1, action[:, None]).all()
        returns = taken.reward(action) + best_returns(taken.step(action))
        torch.testing.assert_close(returns, best_returns(batch.state)[example])


def test_all_lengths_are_drawn_and_the_whole_instance_too(solved: LabelledSet):
    rows = {batch.state.num_rows for batch in batches(solved)}
    size = solved.manifest.size
    largest = {"tsp": size + 1, "atsp": size + 1, "knapsack": size}
    assert max(rows) == largest.get(solved.manifest.problem, size + 2)
    assert len(rows) >= 3


def test_what_is_left_is_what_steps_leave(solved: LabelledSet):
    for batch in batches(solved):
        state = batch.state
        while state.left is not None and state.legal.any():
            first = state.legal.any(dim=1).nonzero()[:, 0]
            assert (state.left >= -1e-9).all()
            state = state.take(first)
            state = state.step(state.legal.int().argmax(dim=1))


@pytest.mark.parametrize("problem", ["tsp", "cvrp", "op"])
def test_both_directions_are_drawn(problem: Problem):
    """In each instance, some node is followed by two others."""
    labels = solved_set(problem, SIZES[problem], 1)
    pairs = {(int(nodes[0]), int(nodes[1])) for b in batches(labels, 32) for nodes in b.state.nodes}
    followers = [{b for a, b in pairs if a == node} for node in range(1, 5)]
    assert max(map(len, followers)) >= 2


def test_tours_of_atsp_keep_their_direction():
    for batch in batches(solved_set("atsp", 6, 3)):
        steps = batch.state.nodes.diff(dim=1) % 6
        assert (steps == 1).all()


def test_items_that_were_taken_are_drawn_at_random():
    labels = solved_set("knapsack", 8, 1)
    left = {tuple(sorted(n.tolist())) for b in batches(labels, 16) for n in b.state.nodes}
    assert len(left) > 5


def test_orientations_keep_distances_and_all_are_drawn(solved: LabelledSet):
    views = set()
    for batch in batches(solved):
        rows = batch.inputs().rows
        plain = batch._replace(views=torch.zeros_like(batch.views)).inputs().rows
        if solved.manifest.problem not in PLACED:
            torch.testing.assert_close(rows, plain, rtol=0, atol=0)
            continue
        views |= set(batch.views.tolist())
        torch.testing.assert_close(
            torch.cdist(rows[..., :2], rows[..., :2]), torch.cdist(plain[..., :2], plain[..., :2])
        )
        torch.testing.assert_close(rows[..., 2:], plain[..., 2:], rtol=0, atol=0)
        is_turned = batch.views != 0
        assert not torch.equal(rows[is_turned], plain[is_turned])
    assert views == (set(range(NUM_SYMMETRIES)) if solved.manifest.problem in PLACED else set())


def test_loss_is_least_where_the_right_actions_share_all_chances():
    right = torch.tensor([[True, True, False, False]])
    scores = torch.tensor([[9.0, 9.0, -9.0, -torch.inf]])
    assert float(cross_entropy(scores, right)) == pytest.approx(np.log(2), abs=1e-6)
    assert float(cross_entropy(scores.flip(1).clamp(min=-9.0), right)) > 18


# What is learnt


def test_gaps_of_prizes_and_of_lengths_are_positive_where_labels_are_better(solved: LabelledSet):
    problem = solved.manifest.problem
    test = Lessons(solved)
    gap = greedy_gap(new_network(BQConfig(problem, 16, 1, 2, 16)), test)
    assert gap > 0
    better = dataclasses.replace(
        solved, arrays=solved.arrays | {"costs": solved.arrays["costs"] * 2}
    )
    is_prize = problem in ENDS_ANYWHERE
    assert greedy_gap(new_network(BQConfig(problem, 16, 1, 2, 16)), Lessons(better)) == (
        pytest.approx(50 + gap / 2 if is_prize else gap / 2 - 50)
    )


# Runs
