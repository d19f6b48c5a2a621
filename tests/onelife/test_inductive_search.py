"""The search for rules: what was planted is found, and nothing is found in noise."""

import numpy as np
import pytest
from jaxtyping import Bool

from worldmodels.onelife.synthesis.search import (
    FINAL_ROUNDS,
    Found,
    Limits,
    Problem,
    find_rules,
    log_likelihood,
    winners,
)

NUM_TESTS = 12
COST = 3.0  # nats, of every test

Bits = Bool[np.ndarray, "tests rows"]


def bits(num_rows: int, seed: int = 0) -> Bits:
    """Fair coins: one row a test, one column a row of the problem."""
    return np.random.default_rng(seed).random((NUM_TESTS, num_rows)) < 0.5


def problem(
    columns: Bits,
    explains: Bool[np.ndarray, "rows templates"],
    weights: np.ndarray | None = None,
    costs: np.ndarray | None = None,
) -> Problem:
    return Problem(
        columns.astype(np.float32),
        np.full(len(columns), COST, np.float32) if costs is None else costs,
        explains,
        np.ones(columns.shape[1], np.float32) if weights is None else weights,
    )


def changes(happened: Bool[np.ndarray, " rows"]) -> Bool[np.ndarray, "rows templates"]:
    """Two templates: nothing happens, something does."""
    return np.stack([~happened, happened], axis=1)


def conditions(rules: list[Found]) -> list[tuple[int, ...]]:
    return [rule.tests for rule in rules]


@pytest.mark.parametrize("planted", [(0, 5), (3, 11), (7, 8), (2, 4, 9)])
def test_a_planted_conjunction_is_found(planted: tuple[int, ...]) -> None:
    columns = bits(200)
    happened = np.logical_and.reduce(columns[list(planted)])
    assert conditions(find_rules(problem(columns, changes(happened)))) == [(), planted]


def test_a_planted_chance_is_found_with_its_conjunction() -> None:
    columns = bits(400)
    where = np.logical_and.reduce(columns[[1, 6]])
    happened = where & (np.random.default_rng(1).random(400) < 0.3)
    default, rule = find_rules(problem(columns, changes(happened)))
    assert rule.tests == (1, 6)
    assert rule.num_rows == where.sum()
    assert rule.theta[1] == pytest.approx(happened.sum() / where.sum(), abs=0.01)
    assert default.theta[1] < 0.01


def test_noise_hardly_ever_gives_a_rule() -> None:
    false = []
    for seed in range(40):
        happened = np.random.default_rng(1000 + seed).random(150) < 0.3
        false.append(len(find_rules(problem(bits(150, seed), changes(happened)))) > 1)
    assert np.mean(false) <= 0.05


def test_tests_that_cost_nothing_fit_the_noise() -> None:
    """So it is their price that keeps rules from being invented."""
    false = []
    for seed in range(8):
        happened = np.random.default_rng(1000 + seed).random(150) < 0.3
        free = np.full(NUM_TESTS, -4.0, np.float32)
        given = problem(bits(150, seed), changes(happened), costs=free)
        false.append(len(find_rules(given, Limits(max_tests=1, max_rules=1))) > 1)
    assert np.mean(false) > 0.5


def test_of_equals_the_cheaper_test_is_taken() -> None:
    columns = bits(100)
    columns[9] = columns[2]
    costs = np.full(NUM_TESTS, COST, np.float32)
    costs[2] += 0.5
    found = find_rules(problem(columns, changes(columns[2]), costs=costs))
    assert conditions(found) == [(), (9,)]


def test_the_last_rule_that_holds_decides() -> None:
    masks = [
        np.array([True, True, True, True]),
        np.array([False, True, True, False]),
        np.array([False, False, True, True]),
    ]
    assert winners(masks).tolist() == [0, 1, 2, 2]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_exception_to_an_exception_is_found(seed: int) -> None:
    columns = bits(300, seed)
    happened = columns[0] & ~(columns[1] & columns[2])
    found = find_rules(problem(columns, changes(happened)))
    masks = [np.logical_and.reduce(columns[list(rule.tests)]) for rule in found]
    likely = np.array([rule.theta[1] > 0.5 for rule in found])
    assert (likely[winners(masks)] == happened).all()
    assert len(found) == 3


def test_a_condition_can_be_said_again_after_an_exception_was_found() -> None:
    """Three effects: one by default, one at a threshold, one by a flag, the threshold first."""
    random = np.random.default_rng(2)
    for seed in range(8):
        columns = bits(200, seed)
        columns[0] = random.random(200) < 0.125  # the threshold
        columns[1] = random.random(200) < 0.17  # the flag
        effect = np.where(columns[0], 1, np.where(columns[1], 2, 0))
        found = find_rules(problem(columns, effect[:, None] == np.arange(3)))
        masks = [np.logical_and.reduce(columns[list(rule.tests)]) for rule in found]
        said = np.array([rule.theta[:3].argmax() for rule in found])[winners(masks)]
        assert (said == effect).all(), f"seed {seed}: {conditions(found)}"
        assert len(set(conditions(found))) == len(found)


def test_rows_that_two_templates_explain_are_left_to_the_one_that_is_seen_elsewhere() -> None:
    """Where a wall is ahead, stepping and staying look the same: the steps elsewhere tell."""
    columns = bits(120)
    ambiguous = np.arange(120) % 3 > 0  # two of three rows
    stepped = np.random.default_rng(3).random(120) < 0.7
    explains = np.stack([ambiguous | ~stepped, ambiguous | stepped], axis=1)
    [rule] = find_rules(problem(columns, explains), Limits(max_rules=0))
    counts = problem(columns, explains).one_hot.sum(axis=1)
    theta = problem(columns, explains).distribution(counts[None], FINAL_ROUNDS)[0][0]
    assert theta[1] == pytest.approx(stepped[~ambiguous].mean(), abs=0.02)
    assert rule.theta[2] < 0.01, "something explains every row"


def test_where_only_ambiguous_rows_are_known_the_first_template_is_believed() -> None:
    given = problem(bits(50), np.ones((50, 2), bool))
    theta = given.distribution(given.one_hot.sum(axis=1)[None], FINAL_ROUNDS)[0][0]
    assert theta[0] > 0.95


def test_rows_that_nothing_explains_are_an_outcome_of_their_own() -> None:
    explains = np.zeros((100, 2), bool)
    explains[:75, 0] = True
    given = problem(bits(100), explains)
    theta = given.distribution(given.one_hot.sum(axis=1)[None], FINAL_ROUNDS)[0][0]
    assert theta[-1] == pytest.approx(0.25, abs=0.01)
    assert theta.sum() == pytest.approx(1.0, abs=1e-5)


def test_rows_of_weight_zero_change_nothing() -> None:
    columns = bits(200)
    happened = np.logical_and.reduce(columns[[4, 7]])
    weights = np.ones(200, np.float32)
    weights[150:] = 0.0
    happened[150:] = ~happened[150:]
    whole = find_rules(problem(columns, changes(happened), weights))
    part = find_rules(problem(columns[:, :150], changes(happened[:150])))
    assert conditions(whole) == conditions(part) == [(), (4, 7)]
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_allclose(one.theta, other.theta, atol=1e-6)
        assert one.num_rows == other.num_rows


def test_twice_the_weight_is_twice_the_evidence() -> None:
    columns = bits(60)
    happened = columns[3]
    once = problem(columns, changes(happened))
    twice = problem(columns, changes(happened), np.full(60, 2.0, np.float32))
    masks = [np.ones(60, bool)]
    assert log_likelihood(twice, masks) == pytest.approx(2 * log_likelihood(once, masks), rel=0.01)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(max_tests=1), 1),
        (Limits(max_rules=0), 0),
        (Limits(least_gain=1e6), 0),
    ],
)
def test_limits_stop_the_search(limits: Limits, expected: int) -> None:
    columns = bits(200)
    found = find_rules(problem(columns, changes(np.logical_and.reduce(columns[[0, 5]]))), limits)
    assert max(len(rule.tests) for rule in found) <= expected


def test_known_causes_are_tried_before_anything_else() -> None:
    columns = bits(100)
    columns[11] = np.logical_and.reduce(
        columns[[0, 5]]
    )  # a known cause, and dearer than the two together
    costs = np.full(NUM_TESTS, 1.0, np.float32)
    costs[11] = 6.0
    given = problem(columns, changes(columns[11]), costs=costs)
    assert conditions(find_rules(given)) == [(), (0, 5)]
    assert conditions(find_rules(given, first=[11])) == [(), (11,)]
