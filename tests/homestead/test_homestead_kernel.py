"""The exact kernel against sampling, and against what follows from the rules."""

import math
from collections import Counter
from typing import Any

import pytest
from farms import AHEAD, farm, put

from envs.homestead import scenarios
from envs.homestead.engine import initial_state, transition
from envs.homestead.state import FarmState, Fox, Hen, Pebble, Sprout
from envs.homestead.tables import Action, Material
from worldmodels.onelife.homestead import kernel
from worldmodels.onelife.homestead.kernel import HomesteadKernel, successors

NUM_SAMPLES = 2000


def yard(hour: int = 0) -> FarmState:
    """A few creatures on little meadow."""
    state = farm(Material.CLAY_PIT, hour=hour, spade=1)
    state.cells[state.cells == Material.MEADOW] = Material.SOIL
    put(state, dict.fromkeys([(0, 0), (1, 0), (8, 8)], Material.MEADOW))
    state.add(Fox, (4, 6))
    state.add(Hen, (4, 2))
    state.add(Sprout, (6, 6), height=3)
    return state


def test_probabilities_agree_with_the_frequencies_of_samples():
    state, model = yard(hour=23), HomesteadKernel()
    chances = {s.state.fingerprint(): s.probability for s in successors(state, "use")}
    assert math.fsum(chances.values()) == pytest.approx(1)
    found = Counter(model.sample(key, state, "use").fingerprint() for key in range(NUM_SAMPLES))
    assert set(found) <= set(chances)
    for looks, chance in chances.items():
        error = math.sqrt(chance * (1 - chance) / NUM_SAMPLES)
        assert found[looks] / NUM_SAMPLES == pytest.approx(chance, abs=5 * error + 2e-3)


@pytest.mark.parametrize("label", scenarios.ALL)
def test_every_scenario_is_possible_and_all_that_may_follow_sums_to_one(label: str):
    states, actions = scenarios.record(label)
    model = HomesteadKernel()
    for state, action, next_state in zip(states, actions, states[1:], strict=False):
        assert -20 < model.log_prob(state, action, next_state) <= 1e-12
    everything = successors(states[0], actions[0])
    assert math.fsum(s.probability for s in everything) == pytest.approx(1)
    assert len({s.state.fingerprint() for s in everything}) == len(everything)


@pytest.mark.parametrize("hour", [7, 23])
def test_leaving_out_what_was_not_observed_loses_nothing(hour: int):
    state, model = yard(hour), HomesteadKernel()
    everything = successors(state, "use")
    for successor in sorted(everything, key=lambda s: s.probability)[:: len(everything) // 12 + 1]:
        log_prob = model.log_prob(state, "use", successor.state)
        assert log_prob == pytest.approx(math.log(successor.probability))


def test_sampled_states_of_a_large_farm_have_finite_scores():
    model = HomesteadKernel()
    for seed, hour in ((0, 0), (1, 20), (2, 40)):
        state = initial_state(seed)
        state.hour = hour
        for step in range(8):
            action = Action((seed + 5 * step) % len(Action))
            sample = model.sample(step, state, action)
            assert math.isfinite(model.log_prob(state, action, sample))
            state = transition(state, action)


def test_one_chance_is_the_score_of_its_outcome():
    state = farm(Material.REEDS)
    with_reed = state.copy()
    with_reed = transition(with_reed, "wait")
    with_reed.raining = False
    with_reed.farmer.basket["reed"] = 1
    model = HomesteadKernel()
    assert model.log_prob(state, "use", with_reed) == pytest.approx(math.log(0.3 * 0.98))
    with_reed.raining = True
    assert model.log_prob(state, 5, with_reed) == pytest.approx(math.log(0.3 * 0.02))


EDITS: list[Any] = [
    lambda s: setattr(s, "hour", 9),
    lambda s: setattr(s, "next_id", 9),
    lambda s: setattr(s.farmer, "position", (0, 5)),
    lambda s: setattr(s.farmer, "fed", 1),
    lambda s: s.farmer.basket.update(egg=2),
    lambda s: s.things.pop(),
    lambda s: setattr(s.things[2], "height", 9),
    lambda s: setattr(s.things[0], "position", (8, 0)),
    lambda s: s.add(Pebble, (8, 0)),
    lambda s: s.add(Fox, (8, 0)),
    lambda s: s.cells.__setitem__((3, 3), Material.WELL),
]


@pytest.mark.parametrize("edit", EDITS)
def test_what_cannot_follow_is_impossible(edit: Any):
    state, model = yard(), HomesteadKernel()
    sample = model.sample(0, state, "use")
    assert math.isfinite(model.log_prob(state, "use", sample))
    edit(sample)
    assert model.log_prob(state, "use", sample) == -math.inf


def test_the_key_of_a_state_does_not_count_and_is_kept():
    state, model = yard(), HomesteadKernel()
    sample = model.sample(3, state, "use")
    score = model.log_prob(state, "use", sample)
    assert sample.key == state.key
    sample.key = 77
    assert model.log_prob(state, "use", sample) == score
    assert model.sample(3, state, "use") == model.sample(3, state, "use")


def test_equal_outcomes_are_added_up():
    state = put(farm(), dict.fromkeys([(6, 3), (6, 5), (7, 4), AHEAD], Material.ROCK))
    state.add(Hen, (6, 4))
    stays = [s for s in successors(state, "wait") if not s.state.raining]
    assert [s.probability for s in stays] == pytest.approx([0.98])


def test_too_many_states_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kernel, "MAX_SUCCESSORS", 9)
    with pytest.raises(ValueError, match="more than 9 states may follow; give the observed one"):
        successors(yard(), "use")
