"""What a law says about one observable, and how several such opinions are multiplied."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worldmodels.onelife.distributions import Distribution, Value, clamped, logsumexp
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.products import cast_votes, multiply

NOISE = -10.0


@pytest.mark.parametrize(
    ("weight", "num_others", "expected"),
    [
        (0.1, 100, 0.027),
        (0.25, 100, 0.109),
        (0.5, 100, 0.597),
        (0.75, 100, 0.948),
        (1.0, 100, 0.9955),
        (0.5, 49, 0.752),
        (0.1, 1, 0.731),
        (0.75, 1, 0.9994),
    ],
)
def test_a_named_value_has_the_published_chance_against_the_noise(
    weight: float, num_others: int, expected: float
) -> None:
    domain = tuple(range(num_others + 1))
    product = multiply(cast_votes([(0, Distribution.point(0))], domain, 0, NOISE), [weight])
    assert math.exp(product.log_prob(0)) == pytest.approx(expected, abs=6e-4)


@given(
    weights=st.lists(st.floats(0.0, 10.0), min_size=3, max_size=3),
    supports=st.lists(
        st.lists(st.integers(-2, 9), min_size=1, max_size=5, unique=True), min_size=3, max_size=3
    ),
    scores=st.lists(st.floats(-60.0, 0.0), min_size=5, max_size=5),
)
def test_a_product_equals_the_sum_of_expanded_scores_normalised(
    weights: list[float], supports: list[list[int]], scores: list[float]
) -> None:
    domain = tuple(range(8))
    said = [Distribution(tuple(s), tuple(scores[: len(s)])) for s in supports]
    product = multiply(cast_votes(list(enumerate(said)), domain, 0, NOISE), weights)
    rows = [distribution.expand(domain, NOISE).logscores for distribution in said]
    totals = [
        sum(w * x for w, x in zip(weights, column, strict=True))
        for column in zip(*rows, strict=True)
    ]
    for value in domain:
        assert product.log_prob(value) == pytest.approx(totals[value] - logsumexp(totals), abs=1e-9)


def test_a_value_outside_a_closed_domain_is_impossible_even_if_a_law_names_it() -> None:
    ballot = cast_votes([(0, Distribution.uniform([3, 12]))], (0, 1, 2, 3), 0, NOISE)
    assert multiply(ballot, [1.0]).log_prob(12) == -math.inf


def test_a_law_that_names_only_values_outside_the_domain_votes_uniformly() -> None:
    product = multiply(cast_votes([(0, Distribution.point(12))], (0, 1), 0, NOISE), [1.0])
    assert product.log_prob(0) == pytest.approx(math.log(0.5))


def test_an_open_domain_has_the_current_value_and_one_slot_for_everything_else() -> None:
    product = multiply(cast_votes([(0, Distribution.point("new"))], None, "old", NOISE), [1.0])
    total = 1.0 + 2.0 * math.exp(-10.0)
    assert product.log_prob("new") == pytest.approx(-math.log(total))
    assert product.log_prob("old") == pytest.approx(-10.0 - math.log(total))
    assert product.log_prob("elsewhere") == pytest.approx(-10.0 - math.log(total))


@given(uniform=st.floats(0.0, 1.0, exclude_max=True), weight=st.floats(0.0, 10.0))
def test_an_open_domain_yields_only_named_values_and_the_current_one(
    uniform: float, weight: float
) -> None:
    product = multiply(cast_votes([(0, Distribution.point("new"))], None, ABSENT, NOISE), [weight])
    assert product.sample(uniform) in ("new", ABSENT)


def test_listed_values_of_an_open_domain_share_the_chance_of_everything_else() -> None:
    product = multiply(cast_votes([(0, Distribution.point("new"))], None, "old", -1.0), [1.0])
    draws = [product.sample((i + 0.5) / 10_000) for i in range(10_000)]
    expected = 1.0 / (1.0 + math.exp(-1.0))  # not 1 / (1 + 2 exp(-1))
    assert draws.count("new") / 10_000 == pytest.approx(expected, abs=2e-4)


def test_samples_of_a_closed_domain_follow_its_probabilities() -> None:
    domain = tuple(range(5))
    voices = [(0, Distribution.of({3: 0.75, 1: 0.25})), (1, Distribution.uniform([1, 2]))]
    product = multiply(cast_votes(voices, domain, 0, -2.0), [0.7, 0.4])
    draws = [product.sample((i + 0.5) / 20_000) for i in range(20_000)]
    for value in domain:
        chance = math.exp(product.log_prob(value))
        assert draws.count(value) / 20_000 == pytest.approx(chance, abs=2e-4)


def test_the_last_sliver_of_the_unit_interval_still_gives_a_value_of_the_domain() -> None:
    product = multiply(cast_votes([(0, Distribution.point(1))], (0, 1), 0, NOISE), [10.0])
    assert product.sample(math.nextafter(1.0, 0.0)) in (0, 1)
    assert Distribution.uniform([0, 1, 2]).sample(math.nextafter(1.0, 0.0)) == 2


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -80.0])
def test_a_score_that_is_not_finite_or_too_low_becomes_the_floor(score: float) -> None:
    assert clamped(score) == -50.0
    assert Distribution((0, 1), (0.0, score)).expand((0, 1, 2)).logscores == (0.0, -50.0, -10.0)


def test_expanding_drops_values_outside_the_domain() -> None:
    expanded = Distribution((1, 9), (-1.0, 0.0)).expand((0, 1))
    assert expanded == Distribution((0, 1), (-10.0, -1.0))


def test_log_probs_are_normalised_and_strangers_are_impossible() -> None:
    distribution = Distribution((0, 1), (0.0, math.log(3.0)))
    assert distribution.log_prob(1) == pytest.approx(math.log(0.75))
    assert distribution.log_prob(7) == -math.inf


def test_probabilities_become_scores_and_zero_becomes_the_floor() -> None:
    assert Distribution.of({0: 1.0, 1: 0.0}).logscores == (0.0, -50.0)


@pytest.mark.parametrize("probabilities", [{0: 0.5}, {0: 1.5, 1: -0.5}, {0: math.nan}, {}])
def test_probabilities_that_are_none_are_refused(probabilities: dict[Value, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Distribution.of(probabilities)


def test_a_support_is_not_empty_and_repeats_nothing() -> None:
    with pytest.raises(ValueError, match="names each of its values once"):
        Distribution(())
    with pytest.raises(ValueError, match="names each of its values once"):
        Distribution((1, True))
    with pytest.raises(ValueError, match="2 values, 1 log-scores"):
        Distribution((1, 2), (0.0,))
