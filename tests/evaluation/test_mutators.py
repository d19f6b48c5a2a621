"""Each mutator changes what it says and nothing else, and never its input."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.crafter_oo.state import (
    DIRECTIONS,
    CowState,
    PlantState,
    Position,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import COLLECT, ITEMS, MAKE, PLACE, Action, Material
from evaluation.arena import Mutator
from evaluation.arenas.crafter_oo.mutators import COMPAT_MUTATORS, STRICT_MUTATORS
from evaluation.arenas.crafter_oo.policies import MOVES
from evaluation.arenas.crafter_oo.scenarios import ALL, TARGET, text_of
from evaluation.differences import differences

BY_NAME = {mutator.name: mutator for mutator in STRICT_MUTATORS}
seeds = st.integers(0, 2**32 - 1)


def _arena() -> WorldState:
    state = ALL["collect_wood"].initial()
    state.create_object(CowState, Position(2, 2))
    state.create_object(ZombieState, Position(7, 7))
    return state


def _mutate(name: str, state: WorldState, action: Action, seed: int) -> WorldState:
    edited = BY_NAME[name].edit(state, action, np.random.default_rng(seed))
    assert edited is not None, "the mutator applies to this action"
    return edited


def _changed(state: WorldState, edited: WorldState) -> set[str]:
    lines = differences(text_of(state), text_of(edited))
    return {line.split(" → ")[0].rsplit(" ", 1)[0] for line in lines}


@given(seeds, st.sampled_from(Action), st.sampled_from(STRICT_MUTATORS))
def test_the_input_of_a_mutator_is_not_touched(
    seed: int, action: Action, mutator: Mutator[WorldState, Action]
) -> None:
    state = _arena()
    text, position = text_of(state), state.copy().draws.dumps()
    mutator.edit(state, action, np.random.default_rng(seed))
    assert text_of(state) == text
    assert state.draws.dumps() == position


@given(seeds)
def test_entity_health_becomes_one_that_no_blow_explains(seed: int) -> None:
    state = _arena()
    edited = _mutate("entity_health", state, Action.NOOP, seed)
    for old, new in zip(state.objects[1:], edited.objects[1:], strict=True):
        assert new.health in set(range(11)) - {old.health - 1, old.health, old.health + 1}
    assert _changed(state, edited) == {"cow#1.health", "zombie#2.health"}


@given(seeds)
def test_entities_jump_two_to_ten_cells_in_one_of_eight_directions(seed: int) -> None:
    state = _arena()
    edited = _mutate("entity_position", state, Action.NOOP, seed)
    for old, new in zip(state.objects[1:], edited.objects[1:], strict=True):
        dx, dy = (abs(step) for step in new.position - old.position)
        assert 2 <= max(dx, dy) <= 10
        assert dx in (0, dy) or dy == 0
    assert {name.partition(".")[0] for name in _changed(state, edited)} <= {
        "cow#1",
        "zombie#2",
        "chunks",
    }


def test_player_health_moves_by_minus_three_to_two_within_zero_and_ten() -> None:
    found = set()
    for health in (0, 5, 9):
        state = _arena()
        state.player.health = health
        for seed in range(60):
            edited = _mutate("player_health", state, Action.NOOP, seed)
            found.add((health, edited.player.health))
            assert _changed(state, edited) <= {"health"}
            assert edited.player.inventory.health == state.player.inventory.health
    assert found == {
        *((0, after) for after in (0, 1, 2)),
        *((5, after) for after in (2, 3, 4, 5, 6, 7)),
        *((9, after) for after in (6, 7, 8, 9, 10)),
    }


@given(seeds)
def test_inventory_redraws_all_but_health_and_adds_diamonds(seed: int) -> None:
    state = _arena()
    state.player.inventory.diamond = 50
    edited = _mutate("inventory", state, Action.NOOP, seed)
    assert edited.player.inventory.health == state.player.inventory.health
    assert all(0 <= getattr(edited.player.inventory, item) <= 150 for item in ITEMS)
    assert edited.player.inventory.diamond >= 50
    assert _changed(state, edited) <= {f"inventory.{item}" for item in ITEMS[1:]}


@given(seeds, st.sampled_from([m for m in COLLECT]))
def test_illegal_collecting_gives_what_the_target_does_not_hold(
    seed: int, material: Material
) -> None:
    state = _arena()
    state.set_material(*TARGET, material)
    (changed,) = _changed(state, _mutate("collect_illegal", state, Action.DO, seed))
    others = {collect.item for other, collect in COLLECT.items() if other is not material}
    assert changed.removeprefix("inventory.") in others


@given(seeds, st.sampled_from([*MAKE]))
def test_illegal_crafting_gives_another_tool(seed: int, action: Action) -> None:
    state = _arena()
    (changed,) = _changed(state, _mutate("craft_illegal", state, action, seed))
    others = {make.item for other, make in MAKE.items() if other is not action}
    assert changed.removeprefix("inventory.") in others


@given(seeds)
def test_illegal_movement_takes_one_step_where_the_player_then_faces(seed: int) -> None:
    state = _arena()
    edited = _mutate("illegal_movement", state, Action.NOOP, seed)
    assert edited.player.facing in DIRECTIONS
    assert edited.player.position == state.player.position + edited.player.facing
    assert _changed(state, edited) <= {"facing.x", "facing.y", "position.x", "position.y"}


@given(seeds, st.sampled_from([*PLACE]))
def test_illegal_placing_puts_something_else_on_the_target(seed: int, action: Action) -> None:
    state = _arena()
    state.create_object(CowState, TARGET)
    edited = _mutate("place_illegal", state, action, seed)
    material, entity = edited.get_tile(TARGET)
    others = {place.creates for other, place in PLACE.items() if other is not action}
    if isinstance(entity, PlantState):
        assert None in others
        assert not any(e.position == TARGET for e in edited.of_type(CowState))
    else:
        assert material in {creates.slug for creates in others if creates is not None}


@pytest.mark.parametrize(
    ("applies", "name"),
    [
        (lambda action: action is Action.DO, "collect_illegal"),
        (lambda action: action in MAKE, "craft_illegal"),
        (lambda action: action not in MOVES, "illegal_movement"),
        (lambda action: action in PLACE, "place_illegal"),
    ],
)
def test_conditional_mutators_apply_to_their_actions_only(
    applies: Callable[[Action], bool], name: str
) -> None:
    state = _arena()
    for action in Action:
        edited = BY_NAME[name].edit(state, action, np.random.default_rng(0))
        assert (edited is not None) == applies(action)


def test_nothing_is_placed_off_the_map() -> None:
    state = _arena()
    state.relocate(state.player, Position(8, 8))
    random = np.random.default_rng(0)
    assert BY_NAME["place_illegal"].edit(state, Action.PLACE_STONE, random) is None


def test_the_published_list_has_seven_mutators_and_ours_one_more() -> None:
    assert [mutator.name for mutator in COMPAT_MUTATORS] == [
        "entity_health",
        "entity_position",
        "player_health",
        "inventory",
        "collect_illegal",
        "craft_illegal",
        "illegal_movement",
    ]
    assert STRICT_MUTATORS[:-1] == COMPAT_MUTATORS
    assert STRICT_MUTATORS[-1].name == "place_illegal"
