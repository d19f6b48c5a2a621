"""States: JSON and back, copies, equality, and draws."""

import json
from typing import Any

import numpy as np
import pytest
from farms import farm
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.homestead.draws import KeyedDraws, derive_key
from envs.homestead.engine import initial_state, transition
from envs.homestead.serialise import dumps, from_dict, loads, to_dict
from envs.homestead.state import Fox, Hen
from envs.homestead.tables import DIRECTIONS, FULL, ITEMS, NEEDS, Action, Material

counts = st.integers(0, FULL)
numbers = st.floats(-1e6, 1e6)
naturals = st.integers(0, 2**40)
directions = st.sampled_from([list(step) for step in DIRECTIONS])
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "hen": {"brood": naturals},
    "fox": {"nerve": naturals, "patience": naturals},
    "sprout": {"height": naturals},
    "pebble": {"heading": directions},
}


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """States as JSON; plain data, for states check their types with random numbers."""
    width, height = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cells = [[x, y] for x in range(width) for y in range(height)]
    places = draw(st.permutations(cells))[: draw(st.integers(1, len(cells)))]
    ids = draw(st.lists(st.integers(1, 99), min_size=25, max_size=25, unique=True))
    kinds = draw(st.lists(st.sampled_from(list(FIELDS)), min_size=25, max_size=25))
    things = [
        {
            "kind": kind,
            "id": number,
            "position": place,
            **{name: draw(values) for name, values in FIELDS[kind].items()},
        }
        for kind, number, place in zip(kinds, sorted(ids), places[1:], strict=False)
    ]
    needs = {name: draw(counts) for name in NEEDS}
    counters = ("appetite", "dryness", "weariness", "strain", "mending")
    names = st.sampled_from([material.slug for material in Material])
    column = st.lists(names, min_size=height, max_size=height)
    return {
        "cells": draw(st.lists(column, min_size=width, max_size=width)),
        "farmer": {
            "position": places[0],
            "gaze": draw(directions),
            **needs,
            "resting": draw(st.booleans()),
            **{name: draw(numbers) for name in counters},
            "basket": {item: draw(counts) for item in ITEMS},
        },
        "things": things,
        "hour": draw(naturals),
        "raining": draw(st.booleans()),
        "next_id": 100 + draw(st.integers(0, 3)),
        "key": draw(st.integers(0, 2**64 - 1)),
    }


@settings(max_examples=40)
@given(documents())
def test_json_and_back_is_the_same(document: dict[str, Any]):
    state = from_dict(document)
    assert to_dict(state) == document
    again = loads(dumps(state))
    assert again == state
    assert type(again.farmer.appetite) is float


@settings(max_examples=40)
@given(documents(), st.sampled_from(Action))
def test_a_transition_is_a_function_and_leaves_its_state_alone(
    document: dict[str, Any], action: Action
):
    state = from_dict(document)
    first, second = transition(state, action), transition(state, action)
    assert first == second
    assert to_dict(state) == document


@settings(max_examples=40)
@given(documents(), st.integers(0, 2**63 - 1))
def test_a_state_is_equal_to_no_edited_copy(document: dict[str, Any], key: int):
    state = from_dict(document)
    edits = [
        lambda s: s.farmer.basket.update(egg=FULL + 1),
        lambda s: setattr(s.farmer, "strain", s.farmer.strain + 1e7),
        lambda s: setattr(s, "hour", s.hour + 1),
        lambda s: setattr(s, "raining", not s.raining),
        lambda s: setattr(s, "next_id", s.next_id + 1),
        lambda s: s.cells.__setitem__((0, 0), (s.cells[0, 0] + 1) % len(Material)),
        lambda s: s.things.append(Hen(s.next_id, (0, 0))),
    ]
    for edit in edits:
        other = state.copy()
        edit(other)
        assert other != state
        assert other.fingerprint() != state.fingerprint()
    other = state.copy()
    other.key = (state.key + 1 + key) % 2**64
    assert (other == state) == (other.key == state.key)
    assert other.fingerprint() == state.fingerprint()


def test_a_copy_shares_nothing():
    state = initial_state(0)
    before = dumps(state)
    other = state.copy()
    other.cells[:] = 0
    other.farmer.basket["egg"] = 3
    other.farmer.position = (0, 0)
    other.things[0].position = (0, 0)
    other.things.pop()
    assert dumps(state) == before


ERRORS: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("hour",), -1, r"state\.hour: expected a whole number in \[0, .*, got -1"),
    (("raining",), 1, r"state\.raining: expected true or false, got 1"),
    (("key",), 2**64, r"state\.key: expected a whole number"),
    (("next_id",), 0, r"state\.next_id: expected a whole number in \[1, "),
    (("farmer", "vigour"), 13, r"state\.farmer\.vigour: expected a whole number in \[0, 12\]"),
    (("farmer", "strain"), float("nan"), r"state\.farmer\.strain: expected a number"),
    (("farmer", "gaze"), [1, 1], r"state\.farmer\.gaze: expected one of the four unit vectors"),
    (("farmer", "gaze"), [[1], 1], r"state\.farmer\.gaze: expected one of the four unit vectors"),
    (("farmer", "position"), [9, 0], r"state\.farmer\.position: expected a cell of its own on a"),
    (("farmer", "position"), [1], r"state\.farmer\.position: expected two whole numbers"),
    (("farmer", "basket", "egg"), "2", r"state\.farmer\.basket\.egg: expected a whole number"),
    (("things", 0, "kind"), "cow", r'things\[0\]: expected an object whose "kind" is one of hen,'),
    (("things", 0, "kind"), [], r'things\[0\]: expected an object whose "kind" is one of hen,'),
    (("things", 0, "position"), [4, 4], r"things\[0\]\.position: expected a cell of its own"),
    (("things", 1, "id"), 1, r"things\[1\]\.id: expected an id above 1 and below next_id = 3"),
    (("things", 1, "id"), 3, r"things\[1\]\.id: expected an id above 1 and below next_id = 3"),
    (("things",), {}, r"state\.things: expected a list, got {}"),
    (("cells", 0, 2), "lava", r"state\.cells\[0\]\[2\]: expected one of meadow, .*got 'lava'"),
    (("cells", 3), ["soil"], r"state\.cells\[3\]: expected 9 cells, as in the first column"),
    (("cells",), [], r"state\.cells: expected a list of columns"),
]


@pytest.mark.parametrize(("path", "value", "message"), ERRORS)
def test_a_wrong_field_is_named(path: tuple[str | int, ...], value: Any, message: str):
    data = data_with_two_things()
    inner: Any = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ValueError, match=message):
        from_dict(data)


def data_with_two_things() -> dict[str, Any]:
    state = farm()
    state.add(Hen, (0, 0))
    state.add(Fox, (1, 0))
    return to_dict(state)


def test_missing_and_unknown_fields_are_named():
    data = data_with_two_things()
    del data["things"][1]["nerve"]
    with pytest.raises(ValueError, match=r"state\.things\[1\]\.nerve: this field is missing"):
        from_dict(data)
    with pytest.raises(ValueError, match=r"state\.colour: unknown field; there are cells, farmer"):
        from_dict({**data_with_two_things(), "colour": 1})
    with pytest.raises(ValueError, match="expected an object with the fields cells"):
        from_dict(json.loads("[]"))
    with pytest.raises(ValueError, match="a state is JSON text, and this is not"):
        loads("{")


def test_draws_are_functions_of_key_step_and_count_and_nothing_else():
    def numbers_of(key: int, step: int) -> list[int]:
        draws = KeyedDraws(key, step)
        return [draws.integer(1000) for _ in range(20)]

    assert numbers_of(5, 2) == numbers_of(5, 2)
    assert len({tuple(numbers_of(key, step)) for key in range(5) for step in range(5)}) == 25
    assert len(set(numbers_of(5, 2))) > 15
    with pytest.raises(ValueError, match=r"\[0, 2\*\*64\), got -1"):
        KeyedDraws(-1, 0)
    assert derive_key(1, 2) != derive_key(2, 1)


def test_draws_have_the_frequencies_asked_for():
    draws = KeyedDraws(7, 0)
    assert sum(draws.chance(0.3) for _ in range(4000)) / 4000 == pytest.approx(0.3, abs=0.03)
    found = np.bincount([draws.integer(5) for _ in range(5000)], minlength=5)
    assert found / 5000 == pytest.approx(np.full(5, 0.2), abs=0.03)
