"""The scenarios show what they are about, and are what was published."""

import json

import pytest

from envs.crafter_oo.engine import transition
from envs.crafter_oo.state import RIGHT, PlantState, check_invariants
from envs.crafter_oo.tables import Action, Material
from evaluation.arenas import arena_named
from evaluation.arenas.crafter_oo.scenarios import ALL, COMPAT23, TARGET, record, text_of
from evaluation.metrics import num_leaves


@pytest.mark.parametrize("label", ALL)
def test_a_scenario_reaches_its_goal(label: str) -> None:
    transitions = record(label).transitions
    states = [transitions[0].state, *(one.next_state for one in transitions)]
    assert ALL[label].goal(states)
    assert len(transitions) <= ALL[label].max_steps


@pytest.mark.parametrize("label", ALL)
def test_a_scenario_starts_and_stays_legal(label: str) -> None:
    for state in (ALL[label].initial(), *(one.next_state for one in record(label).transitions)):
        if state.player.health == state.player.inventory.health:
            check_invariants(state)


@pytest.mark.parametrize("label", ALL)
def test_the_recorded_transitions_are_a_chain_of_true_steps(label: str) -> None:
    transitions = record(label).transitions
    for step, one in enumerate(transitions):
        assert text_of(transition(one.state, one.action)[0]) == one.after
        assert one.state.step_count == step
        if step:
            assert one.before == transitions[step - 1].after


def test_there_are_thirty_eight_scenarios_and_player_death() -> None:
    assert len(ALL) == 39
    assert sum(label.endswith("/ok") for label in ALL) == 15
    assert sum(label.endswith("/fail") for label in ALL) == 15


def test_the_published_set_keeps_the_failing_variant_of_each_pair() -> None:
    assert len(COMPAT23) == 23
    assert all(
        scenario in (ALL.get(label), ALL.get(f"{label}/fail"))
        for label, scenario in COMPAT23.items()
    )
    assert COMPAT23["collect_coal"] is ALL["collect_coal/fail"]
    assert "player_death" not in COMPAT23


def test_the_number_of_steps_of_each_published_scenario() -> None:
    steps = {label: len(record(label).transitions) for label in COMPAT23}
    longer = {label: count for label, count in steps.items() if count > 1}
    assert longer == {
        "eat_cow": 8,
        "wake_up": 12,
        "zombie_defeat": 3,
        "defeat_skeleton": 5,
        "cow_movement": 30,
        "random_movement": 10,
    }


@pytest.mark.parametrize("label", [label for label in ALL if label != "random_movement"])
def test_the_arena_is_grass_with_the_player_in_its_place(label: str) -> None:
    state = ALL[label].initial()
    assert (state.size, state.view, state.step_count) == ((9, 9), (9, 9), 0)
    assert (state.player.position, state.player.facing) == ((5, 5), RIGHT)
    others = {(x, y) for x in range(9) for y in range(9) if state.materials[x, y] != Material.GRASS}
    assert others <= {TARGET, (4, 5)}
    assert len(state.objects) == 1 + (ALL[label].entity is not None)


def test_a_failing_variant_gains_nothing() -> None:
    for label in (label for label in ALL if label.endswith("/fail")):
        (one,) = record(label).transitions
        before, after = one.state.player, one.next_state.player
        assert before.inventory.values()[4:] == after.inventory.values()[4:], label
        assert before.achievements == after.achievements, label
        assert one.state.materials == one.next_state.materials, label


def test_eating_a_ripe_plant_feeds_and_starts_it_anew() -> None:
    (one,) = record("eat_plant/ok").transitions
    plant = next(one.next_state.of_type(PlantState))
    assert (one.next_state.player.inventory.food, plant.grown) == (4, 1)


def test_sleep_recovers_energy_and_ends_in_step_twelve() -> None:
    transitions = record("wake_up").transitions
    asleep = [one.next_state.player.sleeping for one in transitions]
    assert asleep == [True] * 11 + [False]
    assert transitions[9].next_state.player.fatigue == -10
    assert transitions[10].next_state.player.inventory.energy == 9
    assert transitions[11].next_state.player.achievements.wake_up == 1


def test_random_movement_acts_in_the_generated_world() -> None:
    state = ALL["random_movement"].initial()
    assert state.player.position == (4, 4)
    assert {one.action for one in record("random_movement").transitions} == {
        Action.MOVE_LEFT,
        Action.MOVE_RIGHT,
        Action.MOVE_UP,
        Action.MOVE_DOWN,
    }


def test_a_state_has_about_a_hundred_and_fifty_leaves() -> None:
    """The published ratios of raw to normalised edit distance imply about 150."""
    assert num_leaves(json.loads(record("collect_coal").transitions[0].after)) == 149


def test_whole_and_half_counters_compare_as_numbers() -> None:
    state = ALL["wake_up"].initial()
    edited = state.copy()
    edited.player.hunger = 0
    assert text_of(edited) == text_of(state)


def test_a_list_of_scenarios_names_variants_or_pairs() -> None:
    select = arena_named("crafter_oo").select
    assert select("wake_up, collect_coal/ok") == ("wake_up", "collect_coal/ok")
    assert select("collect_coal") == ("collect_coal/ok", "collect_coal/fail")
    assert select("compat23") == tuple(COMPAT23)
    assert select("all") == tuple(ALL)


def test_an_unknown_scenario_is_refused_with_the_list_of_all() -> None:
    with pytest.raises(ValueError, match=r"unknown scenario 'eat_cows'.*eat_cow, "):
        arena_named("crafter_oo").select("wake_up,eat_cows")
