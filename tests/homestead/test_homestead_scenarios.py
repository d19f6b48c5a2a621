"""Scenarios show what they are about."""

import pytest

from envs.homestead.scenarios import ALL, SIZE, record


@pytest.mark.parametrize("label", ALL)
def test_a_scenario_reaches_its_goal_within_twelve_steps(label: str):
    states, actions = record(label)
    scenario = ALL[label]
    assert scenario.goal(states)
    assert len(states) == len(actions) + 1
    assert 1 <= len(actions) <= len(scenario.actions) <= 12
    assert states[0] == scenario.initial()
    assert states[0].size == SIZE


def test_variants_of_a_pair_differ_in_the_end():
    names = [label.removesuffix("/ok") for label in ALL if label.endswith("/ok")]
    assert len(names) > 10
    for name in names:
        first, second = record(f"{name}/ok"), record(f"{name}/fail")
        assert first.states[-1] != second.states[-1]
        assert not ALL[f"{name}/ok"].goal(second.states)


def test_an_unknown_scenario_is_refused():
    with pytest.raises(ValueError, match="unknown scenario 'swim'; expected one of walk/ok, "):
        record("swim")
