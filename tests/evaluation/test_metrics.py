"""Ranks and distances, against brute force and values worked out by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import (
    Fidelity,
    Ranking,
    canonical_text,
    expected_ranking,
    fidelity,
    num_leaves,
    patch,
    shuffled_ranking,
)

few_values = st.sampled_from([-math.inf, -5.0, -1.0, 0.0])
score_lists = st.lists(few_values, min_size=2, max_size=6)


@given(score_lists, st.data())
def test_expected_ranking_is_the_mean_over_all_tie_breaks(
    log_probs: list[float], data: st.DataObject
) -> None:
    truth = data.draw(st.integers(0, len(log_probs) - 1))
    is_true = [index == truth for index in range(len(log_probs))]
    every = [
        shuffled_ranking(log_probs, is_true, order)
        for order in itertools.permutations(range(len(log_probs)))
    ]
    assert expected_ranking(log_probs, truth) == pytest.approx(np.mean(every, axis=0))


@pytest.mark.parametrize(("ties", "mrr"), [(1, 1.0), (2, 0.75), (3, 0.611), (4, 0.521), (5, 0.457)])
def test_a_tie_at_the_top_is_worth_its_harmonic_mean(ties: int, mrr: float) -> None:
    ranking = expected_ranking([0.0] * ties + [-1.0] * 3, truth=0)
    assert ranking.reciprocal_rank == pytest.approx(mrr, abs=5e-4)
    assert ranking.rank_at_1 == pytest.approx(1 / ties)


def test_a_candidate_alone_has_full_recall() -> None:
    assert expected_ranking([-3.0], truth=0) == Ranking(1.0, 1.0, 1.0)


def test_the_best_of_several_candidates_equal_to_the_truth_counts() -> None:
    ranking = shuffled_ranking([-2.0, 0.0, -1.0], [True, False, True], order=[0, 1, 2])
    assert ranking == Ranking(0.0, 0.5, 0.5)


def test_of_tied_candidates_the_first_in_the_shuffle_wins() -> None:
    is_true = [True, False, False]
    assert shuffled_ranking([0.0, 0.0, -1.0], is_true, [1, 0, 2]).reciprocal_rank == 0.5
    assert shuffled_ranking([0.0, 0.0, -1.0], is_true, [0, 1, 2]).reciprocal_rank == 1.0


def test_differences_below_rounding_error_are_ties() -> None:
    assert expected_ranking([-1.0, -1.0 + 1e-8], truth=0).rank_at_1 == 0.5
    assert expected_ranking([-1.0, -1.0 + 1e-5], truth=0).rank_at_1 == 0.0


def test_equal_states_have_no_distance_and_full_overlap() -> None:
    text = canonical_text({"a": 1, "b": [1, 2]})
    assert fidelity(text, text, text) == Fidelity(0.0, 0.0, 1.0)


def test_fidelity_counts_operations_leaves_and_common_changes() -> None:
    before = canonical_text({"wood": 0, "step": 0, "west": "grass", "east": "tree"})
    after = canonical_text({"wood": 1, "step": 1, "west": "grass", "east": "path"})
    predicted = canonical_text({"wood": 1, "step": 0, "west": "sand", "east": "path"})
    found = fidelity(before, predicted, after)
    assert found.raw_edit == 2.0  # step and west are wrong
    assert found.normalized_edit == pytest.approx(2 / 4)
    assert found.iou == pytest.approx(2 / 4)  # wood and east agree; step and west do not


def test_a_wrong_value_at_the_right_place_is_no_common_change() -> None:
    states = [canonical_text({"wood": wood}) for wood in (0, 2, 1)]
    assert fidelity(*states).iou == 0.0


def test_a_patch_names_operation_path_and_value() -> None:
    (operation,) = patch('{"a":{"b":1}}', '{"a":{"b":[2]}}')
    assert operation == ("replace", "/a/b", "[2]", "")


def test_empty_containers_count_as_one_leaf() -> None:
    assert num_leaves({"a": [], "b": {}, "c": [1, [2, None]], "d": "x"}) == 6
