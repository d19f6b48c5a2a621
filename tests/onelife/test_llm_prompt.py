"""What is asked about, what the question contains, and how answers are read."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from onelife.llm_server import law_block

from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.state import ArrowState, CowState, PlantState, Position, WorldState
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.sandbox.crafter import CRAFTER
from worldmodels.onelife.scenes import Scene, Thing
from worldmodels.onelife.synthesis.llm.aspects import Aspect, Change, first_aspects
from worldmodels.onelife.synthesis.llm.prompt import Proposal, question, read_laws
from worldmodels.onelife.synthesis.llm.scene_text import agent_text, map_text, nearest
from worldmodels.onelife.worlds import World, world_named

Life = list[Transition[WorldState, str]]
WORLD: World[WorldState] = world_named("crafter_oo")


def meadow(size: int = 9) -> WorldState:
    """Grass with a player in the middle that faces a tree below it."""
    state = initial_state((size, size), seed=1)
    state.objects = [state.player]
    for x in range(size):
        for y in range(size):
            state.set_material(x, y, "grass")
    state.set_facing_material("tree")
    return state


def step(state: WorldState, action: str) -> Transition[WorldState, str]:
    return Transition(state, action, transition(state, action)[0])


def edited(state: WorldState, **inventory: int) -> WorldState:
    after = state.copy()
    for name, count in inventory.items():
        setattr(after.player.inventory, name, count)
    return after


def by_kind(aspects: list[Aspect]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for aspect in aspects:
        found.setdefault(aspect.kind, []).append(aspect.index)
    return found


def test_every_kind_of_change_is_asked_about_as_often_as_wanted_and_earliest_first():
    states = [edited(meadow(), wood=n) for n in (0, 1, 2, 1, 2, 3)]
    life = [Transition(a, "noop", b) for a, b in itertools.pairwise(states)]
    assert by_kind(first_aspects(life, WORLD, 2)) == {
        "player.inventory.wood.up": [0, 1],
        "player.inventory.wood.down": [2],
    }
    assert by_kind(first_aspects(life, WORLD, 1)) == {
        "player.inventory.wood.up": [0],
        "player.inventory.wood.down": [2],
    }


def test_kinds_leave_out_what_tells_one_case_from_the_next():
    before, after = meadow(), meadow()
    for state in (before, after):
        for x in (1, 7):
            state.create_object(CowState, Position(x, 1), health=3)
        state.create_object(CowState, Position(5, 1), health=3)
    after.relocate(after.objects[1], Position(1, 2))
    after.relocate(after.objects[2], Position(7, 2))
    after.objects[3].health = 1
    after.create_object(ArrowState, Position(2, 2))
    after.create_object(PlantState, Position(3, 3))
    after.set_material(4, 5, "grass")
    aspects = first_aspects([Transition(before, "noop", after)], WORLD)
    assert {aspect.kind: len(aspect.changes) for aspect in aspects} == {
        "object.cow.position": 2,
        "object.cow.health.down": 1,
        "new.arrow": 1,
        "new.plant": 1,
        "material.tree.grass": 1,
    }
    gone = first_aspects([Transition(before, "noop", meadow())], WORLD)
    assert [aspect.kind for aspect in gone] == ["object.cow.gone"]
    assert [change.after for change in gone[0].changes] == [ABSENT] * 3
    appeared = first_aspects([Transition(meadow(), "noop", before)], WORLD)
    assert [aspect.kind for aspect in appeared] == ["spawn.cow"]


def test_rewards_are_no_aspects():
    kinds = by_kind(first_aspects([step(meadow(), "do")], WORLD))
    assert not [kind for kind in kinds if "reward" in kind]
    assert "player.inventory.wood.up" in kinds
    with pytest.raises(ValueError, match="num_examples"):
        first_aspects([], WORLD, 0)


def test_the_first_transitions_of_a_life_are_enough_to_ask_about_what_happens_always():
    state, life = meadow(), []
    for _ in range(6):
        life.append(step(state, "noop"))
        state = life[-1].next_state
    assert by_kind(first_aspects(life, WORLD))["step_count.up"] == [0, 1]


def asked(state: WorldState, action: str = "do", kind: str = "player.inventory.wood.up") -> str:
    life = [step(state, action)]
    (aspect,) = [a for a in first_aspects(life, WORLD) if a.kind == kind]
    system, user = question(life[0], aspect, WORLD, CRAFTER)
    assert (system["role"], user["role"]) == ("system", "user")
    return f"{system['content']}\n{user['content']}"


def test_a_question_says_all_that_a_law_needs():
    state = meadow()
    state.create_object(CowState, Position(1, 1), health=3)
    text = asked(state)
    for part in (
        "<key_changes>",
        "<law_in_words>",
        "<law_code>",
        "Distribution.point",
        "ABSENT",
        "Rejected are import, try, raise, match, with",
        "walrus",
        "underscores",
        "state.player.inventory has health: number",
        "state.objects[i] of a cow has name: text",
        "state has .get_target_tile()",
        "state has .get_tile(position): Material name and object on a cell",
        "a position (x, y), which can be added and subtracted has .distance(other)",
        "player.<attribute>: health, facing",
        "object.<id>.<attribute> of a cow: health",
        "spawn.<kind>.<x>.<y>",
        "gggg@gggg\n     ggggtgggg",
        '"do"',
        "material.4.5: 'tree' -> 'grass'",
        "player.inventory.wood.up\n\nplayer.inventory.wood: 0 -> 1",
    ):
        assert part in text, part


def test_a_question_has_nothing_that_is_random_or_that_laws_cannot_read():
    text = asked(meadow())
    for part in ("random", "reward", "legend", "chunks", "entity_id_counter", "_fields", "ccccccc"):
        assert part not in text, part


def test_what_the_codec_does_not_name_is_not_offered():
    life = [step(meadow(), "do")]
    codec = dataclasses.replace(CRAFTER, names=CRAFTER.names - {"view", "get_tile"})
    text = question(life[0], first_aspects(life, WORLD)[0], WORLD, codec)[1]["content"]
    assert "chunk_size: tuple of number, daylight" in text
    assert '"view"' not in text
    assert ".get_tile(" not in text
    assert ".get_target_tile(" in text


def test_a_question_is_short_even_in_a_whole_world():
    state = initial_state(seed=3)
    state.set_facing_material("tree")
    assert len(asked(state)) < 40_000


def test_long_lists_of_changes_are_cut():
    life = [step(meadow(), "do")]
    changes = tuple(Change(f"object.{i}.health", 2, 1) for i in range(100))
    text = question(life[0], Aspect(0, "object.cow.health.down", changes), WORLD, CRAFTER)[1]
    assert "object.39.health: 2 -> 1\nand 60 more" in text["content"]


GOOD = "def precondition(state, action):\n    return True\n"


def test_laws_are_read_from_their_blocks():
    answer = law_block(GOOD, "first", "a, b") + law_block("x = 1", "second", "c")
    assert read_laws(answer) == [
        Proposal("a, b", "first", GOOD.strip()),
        Proposal("c", "second", "x = 1"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "Sure! Here you are:\n\n" + law_block(GOOD) + "\nI hope this helps. <b>!",
        law_block(f"```python\n{GOOD}```"),
        law_block(f"Look:\n```\n{GOOD}\n```\nNice."),
        law_block(GOOD.replace("def", "    def").replace("    return", "        return")),
        "<think>" + law_block("bad") + "</think>" + law_block(GOOD),
        law_block(GOOD).replace("\n", "\r\n"),
        law_block(GOOD).replace("\n<law", "\n\nand\n\n<law"),
        law_block(GOOD) + law_block(GOOD).removesuffix("</law_code>\n"),
        law_block(GOOD) + law_block("").replace("\n", ""),
        law_block(GOOD, "", "no words") + law_block(GOOD),
        "<key_changes>" + law_block(GOOD),
        "<law_code>lost</law_code>" + law_block(GOOD),
    ],
)
def test_junk_around_and_between_is_passed_over(answer: str):
    (law,) = read_laws(answer)
    assert law.source.replace("\r", "") == GOOD.strip()
    assert law.words == "a law"


@pytest.mark.parametrize(
    "answer", ["", "I do not know.", "```python\nx\n```", law_block(""), "<law_code>x</law_code>"]
)
def test_an_answer_without_a_law_is_of_no_use(answer: str):
    with pytest.raises(ValueError, match="expected blocks <key_changes>"):
        read_laws(answer)


def scene(**changes: Any) -> Scene:
    cells = np.zeros((5, 4), np.uint8)
    cells[3, 1] = 1
    cells[0, 0] = 2
    fields: dict[str, Any] = {
        "agent": Thing(0, "robot", (1, 1), {"charge": 0.5, "gaze": (1, 0), "bag.ore": 2}),
        "things": (Thing(4, "rover", (3, 3), {}), Thing(5, "rock", (1, 2), {})),
        "globals": {"clock": 3},
        "cells": cells,
        "materials": ("soil", "sand", "stone"),
        "region_size": (5, 5),
    }
    return Scene(**{**fields, **changes})


def test_a_map_shows_materials_and_things_of_any_world_around_the_agent():
    lines = map_text(scene(), 2).splitlines()
    assert lines[:-1] == [" tsss", " s@sa", " sRss", " sssO"]
    assert lines[-1] == (
        "(@ robot, R rock, O rover, a sand, s soil, t stone; x grows to the right, y grows "
        "downward)"
    )


def test_the_nearest_of_each_is_found_with_way_and_distance():
    assert nearest(scene(), 3) == [
        "soil: 1 away, 1 left",
        "rock: 1 away, 1 down",
        "stone: 2 away, 1 left and 1 up",
        "sand: 2 away, 2 right",
    ]
    assert "rover: 4 away, 2 right and 2 down" in nearest(scene(), 4)


def test_the_agent_is_described_with_what_is_before_it():
    empty = Thing(0, "robot", (4, 1), {"gaze": (1, 0), "on": True, "bag.ore": 0, "bag.ice": 0})
    assert agent_text(scene()) == [
        "position: (1, 1)",
        "charge: 0.50",
        "gaze: right; there is soil at (2, 1)",
        "bag: ore 2",
    ]
    assert agent_text(scene(agent=empty)) == [
        "position: (4, 1)",
        "gaze: right; there is the end of the world",
        "on: yes",
        "bag: nothing",
    ]
    facing_rock = Thing(0, "robot", (1, 1), {"gaze": (0, 1)})
    assert "gaze: down; there is rock on soil at (1, 2)" in agent_text(scene(agent=facing_rock))
