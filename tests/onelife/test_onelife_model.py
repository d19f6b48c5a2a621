"""Scoring and sampling with weighted laws."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from onelife.toy_worlds import PANEL, SWITCH_LAWS, SWITCHES, Fields, Panel, Switches, Toggle
from typing_extensions import override

from worldmodels.onelife import (
    ABSENT,
    Distribution,
    FunctionLaw,
    Observables,
    OneLife,
    PosteriorOneLife,
    Scoring,
    Value,
)

COMPAT = Scoring(compat=True)
STAYS = -math.log1p(math.exp(-5.0))  # inertia 0.5


@dataclasses.dataclass(frozen=True)
class Count:
    x: int = 0


NUMBERS = Fields(x=tuple(range(10)))
UP = FunctionLaw[Count, str]("up", lambda s, a: a == "up", lambda s, a: says(s.x + 1))
MUTE = FunctionLaw[Any, Any]("mute", lambda s, a: True, lambda s, a: {})


def says(value: Value) -> dict[str, Distribution]:
    return {"x": Distribution.point(value)}


class Bag(Observables[dict[str, int]]):
    """States are dicts; keys come and go."""

    def __init__(self, domain: tuple[Value, ...] | None) -> None:
        self._domain = domain

    @override
    def compare(
        self, state: dict[str, int], next_state: dict[str, int]
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        return dict(state), dict(next_state)

    @override
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return self._domain

    @override
    def write(self, state: dict[str, int], values: Mapping[str, Value]) -> dict[str, int]:
        new: dict[str, Any] = {**state, **values}
        return {name: value for name, value in new.items() if value is not ABSENT}


def test_a_certain_law_of_weight_one_leaves_nothing_to_doubt() -> None:
    model = OneLife([UP, MUTE], [1.0, 1.0], NUMBERS)
    assert model.log_prob(Count(0), "up", Count(1)) == pytest.approx(0.0, abs=1e-3)
    assert model.sample(0, Count(0), "up") == Count(1)


def test_a_law_with_an_empty_effect_changes_no_score() -> None:
    with_mute, without = OneLife([UP, MUTE], [1.0, 1.0], NUMBERS), OneLife([UP], [1.0], NUMBERS)
    for after in (Count(0), Count(1), Count(9)):
        for action in ("up", "wait"):
            expected = without.log_prob(Count(0), action, after)
            assert with_mute.log_prob(Count(0), action, after) == expected


def test_what_no_law_speaks_about_stays_with_the_learned_inertia() -> None:
    model = OneLife([UP], [1.0], NUMBERS)
    assert model.log_prob(Count(3), "wait", Count(3)) == pytest.approx(STAYS)
    assert model.log_prob(Count(3), "wait", Count(4)) == pytest.approx(STAYS - 5.0)
    total = math.exp(STAYS) + math.exp(STAYS - 5.0)
    assert total == pytest.approx(1.0)


def test_compat_gives_a_flat_penalty_to_unexplained_change() -> None:
    model = OneLife([UP], [1.0], NUMBERS, COMPAT)
    assert model.log_prob(Count(3), "wait", Count(3)) == 0.0
    assert model.log_prob(Count(3), "wait", Count(4)) == -1.0


def test_without_laws_only_inertia_is_left() -> None:
    model = OneLife[Count, str]([], [], NUMBERS)
    assert model.log_prob(Count(3), "up", Count(3)) == pytest.approx(STAYS)
    assert model.sample(5, Count(3), "up") == Count(3)


def test_compat_without_laws_scores_everything_as_published() -> None:
    model = OneLife[Count, str]([], [], NUMBERS, COMPAT)
    assert model.log_probs(Count(3), "up", [Count(3), Count(4)]) == [-1000.0, -1000.0]


def test_a_value_outside_the_domain_is_impossible() -> None:
    assert OneLife([UP], [1.0], NUMBERS).log_prob(Count(9), "up", Count(10)) == -math.inf


@pytest.mark.parametrize("domain", [None, (0, 1, 2, ABSENT)])
def test_a_predicted_observable_that_vanishes_is_scored_as_absent(domain: Any) -> None:
    gone = FunctionLaw[dict[str, int], str]("gone", lambda s, a: True, lambda s, a: says(ABSENT))
    model = OneLife([gone], [1.0], Bag(domain))
    assert model.log_prob({"x": 1}, "", {}) == pytest.approx(0.0, abs=1e-3)
    assert model.log_prob({"x": 1}, "", {"x": 1}) < -9.0
    assert model.sample(0, {"x": 1}, "") == {}


def test_a_vanished_observable_is_impossible_in_a_domain_without_absence() -> None:
    stay = FunctionLaw[dict[str, int], str]("stay", lambda s, a: True, lambda s, a: says(1))
    assert OneLife([stay], [1.0], Bag((0, 1))).log_prob({"x": 1}, "", {}) == -math.inf
    compat = OneLife([stay], [1.0], Bag((0, 1)), COMPAT)
    assert compat.log_prob({"x": 1}, "", {}) == 0.0


def test_appearing_and_vanishing_are_changes_to_inertia() -> None:
    model = OneLife[dict[str, int], str]([], [], Bag(None))
    assert model.log_prob({"x": 1}, "", {"x": 1, "y": 2}) == pytest.approx(2 * STAYS - 5.0)
    assert model.log_prob({"x": 1}, "", {}) == pytest.approx(STAYS - 5.0)


def test_compat_scores_only_what_the_next_state_has() -> None:
    model = OneLife([MUTE], [1.0], Bag(None), COMPAT)
    assert model.log_prob({"x": 1}, "", {"x": 1, "y": 2}) == -1.0
    assert model.log_prob({"x": 1}, "", {}) == 0.0


def test_pruning_makes_a_law_of_no_weight_silent() -> None:
    kept = OneLife([UP], [0.0], NUMBERS, Scoring(prune=False))
    pruned = OneLife([UP], [0.0], NUMBERS)
    assert kept.log_prob(Count(0), "up", Count(0)) == pytest.approx(-math.log(10))
    assert pruned.laws == ()
    assert pruned.log_prob(Count(0), "up", Count(0)) == pytest.approx(STAYS)


def test_true_laws_sample_the_untouched_switch_unchanged() -> None:
    model = OneLife(SWITCH_LAWS[:2], [1.0, 1.0], SWITCHES)
    samples = [model.sample(key, Switches(0, 1), Toggle.A) for key in range(100)]
    assert set(samples) == {Switches(1, 1)}


def test_laws_are_asked_once_however_many_candidates_there_are() -> None:
    calls: Counter[str] = Counter()

    def when(state: Count, action: str) -> bool:
        calls["precondition"] += 1
        return True

    def then(state: Count, action: str) -> dict[str, Distribution]:
        calls["effect"] += 1
        return says(state.x)

    model = OneLife([FunctionLaw("counted", when, then)], [1.0], NUMBERS)
    model.log_probs(Count(0), "up", [Count(i) for i in range(10)])
    assert calls == {"precondition": 1, "effect": 1}
    model.sample(0, Count(0), "up")
    assert calls == {"precondition": 2, "effect": 2}


def test_equal_keys_give_equal_samples_and_other_keys_others() -> None:
    spread = FunctionLaw[Count, str](
        "spread", lambda s, a: True, lambda s, a: {"x": Distribution.uniform(range(10))}
    )
    model = OneLife([spread], [1.0], NUMBERS)
    samples = [model.sample(key, Count(), "up") for key in range(50)]
    assert samples == model.samples(range(50), Count(), "up")
    assert len(set(samples)) > 5
    assert model.sample(2**63 - 1, Count(), "up") in [Count(i) for i in range(10)]


def test_the_order_in_which_laws_are_given_changes_no_sample() -> None:
    def coin_on(field: str) -> FunctionLaw[Panel, Any]:
        return FunctionLaw(
            field, lambda s, a: True, lambda s, a: {field: Distribution.uniform([0, 1])}
        )

    laws = [coin_on("static"), coin_on("deterministic")]
    forward = OneLife(laws, [1.0, 1.0], PANEL)
    backward = OneLife(laws[::-1], [1.0, 1.0], PANEL)
    for key in range(20):
        assert forward.sample(key, Panel(), None) == backward.sample(key, Panel(), None)


def test_a_bad_law_is_reported_by_the_model_and_ends_nothing() -> None:
    broken = FunctionLaw[Count, str]("broken", lambda s, a: True, lambda s, a: says(1 // s.x))
    model = OneLife([broken, UP], [1.0, 1.0], NUMBERS)
    assert model.sample(0, Count(0), "up") == Count(1)
    assert model.skipped == {"broken": 1}
    assert "ZeroDivisionError" in model.errors["broken"]


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, math.nan], [1.0, math.inf]])
def test_weights_are_one_finite_number_per_law(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        OneLife([UP, MUTE], weights, NUMBERS)


def test_inertia_is_bounded() -> None:
    with pytest.raises(ValueError, match="inertia is in"):
        Scoring(inertia=math.nan)


def test_a_posterior_of_one_draw_is_the_model_itself() -> None:
    model, posterior = (
        OneLife(SWITCH_LAWS, [0.9, 0.8, 0.2, 0.3, 0.1, 0.4], SWITCHES),
        PosteriorOneLife(SWITCH_LAWS, [[0.9, 0.8, 0.2, 0.3, 0.1, 0.4]], SWITCHES),
    )
    candidates = [Switches(a, b) for a in (0, 1) for b in (0, 1)]
    expected = model.log_probs(Switches(), Toggle.A, candidates)
    assert posterior.log_probs(Switches(), Toggle.A, candidates) == pytest.approx(expected)


def test_a_posterior_averages_probabilities_not_their_logarithms() -> None:
    draws = [[2.0], [0.05]]
    posterior = PosteriorOneLife([UP], draws, NUMBERS)
    each = [OneLife([UP], weights, NUMBERS).log_prob(Count(), "up", Count(5)) for weights in draws]
    mean = math.log(sum(map(math.exp, each)) / 2)
    assert posterior.log_prob(Count(), "up", Count(5)) == pytest.approx(mean)


def test_posterior_samples_use_all_draws() -> None:
    posterior = PosteriorOneLife([UP], [[10.0], [0.02]], NUMBERS)
    hits = [posterior.sample(key, Count(), "up") == Count(1) for key in range(400)]
    expected = 0.5 + 0.5 / (1 + 9 * math.exp(-0.2))
    assert sum(hits) / 400 == pytest.approx(expected, abs=0.08)


def test_a_posterior_needs_a_draw() -> None:
    with pytest.raises(ValueError, match="at least one draw"):
        PosteriorOneLife([UP], [], NUMBERS)
