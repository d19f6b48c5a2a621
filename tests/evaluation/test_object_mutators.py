"""The distractors of any world of things: each makes its own kind of error, and no other."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from toy_arenas import Pasture, PastureWorld, Sheep

from evaluation.arenas.object_mutators import object_mutators

SEEDS = range(60)
START = Pasture()
MUTATORS = {mutator.name: mutator for mutator in object_mutators(PastureWorld(), "bag.")}


def _edits(name: str, state: Pasture = START) -> list[Pasture]:
    edited = [MUTATORS[name].edit(state, "wait", np.random.default_rng(seed)) for seed in SEEDS]
    assert all(isinstance(one, Pasture) for one in edited)
    return [one for one in edited if one is not None]


def _changed(edited: Pasture, state: Pasture = START) -> set[str]:
    names = [field.name for field in dataclasses.fields(Pasture)]
    return {name for name in names if getattr(edited, name) != getattr(state, name)}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("thing_numbers", {"sheep"}),
        ("thing_positions", {"sheep"}),
        ("agent_number", {"health", "tired"}),
        ("all_items", {"bag"}),
        ("extra_item", {"bag"}),
        ("agent_position", {"position", "gaze"}),
        ("target_material", {"rocks"}),
    ],
)
def test_a_mutator_changes_only_what_it_is_about(name: str, fields: set[str]) -> None:
    changed = [_changed(edited) for edited in _edits(name)]
    assert set().union(*changed) == fields


def test_the_list_is_complete_and_in_order() -> None:
    assert list(MUTATORS) == [
        "thing_numbers",
        "thing_positions",
        "agent_number",
        "all_items",
        "extra_item",
        "agent_position",
        "target_material",
    ]


def test_numbers_of_things_jump_by_two_to_five_and_truth_values_stay() -> None:
    jumps = set()
    for edited in _edits("thing_numbers"):
        for old, new in zip(START.sheep, edited.sheep, strict=True):
            assert new.wool >= 0
            assert new == dataclasses.replace(old, wool=new.wool)
            jumps.add((old.wool, new.wool - old.wool))
    assert jumps == {(1, j) for j in (2, 3, 4, 5)} | {(3, j) for j in (-3, -2, 2, 3, 4, 5)}


def test_things_jump_to_free_cells_that_are_no_neighbours() -> None:
    cells = set()
    for edited in _edits("thing_positions"):
        positions = [one.position for one in edited.sheep]
        assert len({*positions, edited.position}) == 3
        for old, new in zip(START.sheep, edited.sheep, strict=True):
            dx, dy = new.position[0] - old.position[0], new.position[1] - old.position[1]
            assert max(abs(dx), abs(dy)) >= 2
            assert new == dataclasses.replace(old, position=new.position)
        cells.update(positions)
    assert cells <= {(x, y) for x in range(6) for y in range(5)}
    assert len(cells) > 15


def test_one_number_of_the_agent_is_wrong_by_one_to_three_and_never_below_zero() -> None:
    edits = _edits("agent_number")
    assert all(len(_changed(edited)) == 1 for edited in edits)
    assert {edited.health - 9 for edited in edits} == {-3, -2, -1, 0, 1, 2, 3}
    assert {edited.tired - 0.5 for edited in edits} == {0, 1, 2, 3}


def test_items_are_redrawn_from_zero_to_nine() -> None:
    counts = {count for edited in _edits("all_items") for count in edited.bag}
    assert counts == set(range(10))


def test_one_item_is_one_too_many() -> None:
    assert {edited.bag for edited in _edits("extra_item")} == {(2, 0), (1, 1)}


def test_the_agent_steps_where_it_looks_through_anything_but_things() -> None:
    beside = dataclasses.replace(START, sheep=(Sheep(1, (2, 1)),))
    steps = {(edited.position, edited.gaze) for edited in _edits("agent_position", beside)}
    assert steps == {((1, 2), (-1, 0)), ((3, 2), (1, 0)), ((2, 3), (0, 1))}, "(3, 2) is a rock"


def test_the_agent_does_not_leave_the_map() -> None:
    corner = dataclasses.replace(START, position=(5, 0), sheep=())
    assert {edited.position for edited in _edits("agent_position", corner)} == {(4, 0), (5, 1)}


def test_the_target_becomes_another_material() -> None:
    assert {edited.rocks for edited in _edits("target_material")} == {frozenset()}
    turned = dataclasses.replace(START, gaze=(0, 1))
    found = {edited.rocks for edited in _edits("target_material", turned)}
    assert found == {START.rocks, START.rocks | {(2, 3)}}, "water, or a rock"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("thing_numbers", dataclasses.replace(START, sheep=())),
        ("thing_positions", dataclasses.replace(START, sheep=())),
        ("target_material", dataclasses.replace(START, position=(5, 2))),
    ],
)
def test_an_error_that_cannot_be_made_is_not_made(name: str, state: Pasture) -> None:
    assert MUTATORS[name].edit(state, "wait", np.random.default_rng(0)) is None


def test_a_world_without_items_or_a_gaze_has_fewer_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = PastureWorld.scene

    def bare(self: PastureWorld, state: Pasture) -> Any:
        seen = scene(self, state)
        return dataclasses.replace(seen, agent=dataclasses.replace(seen.agent, attributes={}))

    monkeypatch.setattr(PastureWorld, "scene", bare)
    random = np.random.default_rng(0)
    made = [name for name, one in MUTATORS.items() if one.edit(START, "wait", random) is not None]
    assert made == ["thing_numbers", "thing_positions", "agent_position"]
