"""How a learner sees Homestead: scenes and observables."""

import itertools
import random
from typing import Any

import numpy as np
import pytest
from farms import AHEAD, after, farm, put

from envs.homestead import scenarios
from envs.homestead.engine import initial_state
from envs.homestead.state import FarmState, Fox, Hen, Pebble, Sprout
from envs.homestead.tables import Material
from worldmodels.onelife.homestead.world import HomesteadWorld
from worldmodels.onelife.observables import ABSENT

WORLD = HomesteadWorld()


def test_what_is_written_is_what_was_compared_in_random_play():
    choose = random.Random(0)
    appeared: set[str] = set()
    for seed, length in ((0, 150), (1, 150)):
        state = WORLD.initial(seed)
        for _ in range(length):
            next_state = WORLD.step(state, choose.choice(WORLD.actions))
            _, values = WORLD.observables.compare(state, next_state)
            appeared |= {name.split(".")[0] for name in values}
            assert WORLD.observables.write(state, values) == next_state
            state = next_state
    assert {"spawn", "object", "material", "farmer"} <= appeared


@pytest.mark.parametrize("label", scenarios.ALL)
def test_what_is_written_is_what_was_compared_in_scenarios(label: str):
    states, _ = scenarios.record(label)
    for state, next_state in itertools.pairwise(states):
        _, values = WORLD.observables.compare(state, next_state)
        before = state.copy()
        assert WORLD.observables.write(state, values) == next_state
        assert state == before


def changes(state: FarmState, next_state: FarmState) -> dict[str, tuple[Any, Any]]:
    before, now = WORLD.observables.compare(state, next_state)
    names = {*before, *now}
    pairs = {name: (before.get(name, ABSENT), now.get(name, ABSENT)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_a_thrown_stone_is_named_by_its_cell_and_has_a_heading():
    state = farm(stone=1)
    assert changes(state, after(state, "throw")) == {
        "hour": (0, 1),
        "light": (1.0, 29 / 30),
        "farmer.appetite": (0.0, 0.5),
        "farmer.dryness": (0.0, 0.75),
        "farmer.weariness": (0.0, 0.5),
        "farmer.basket.stone": (1, 0),
        "new.pebble.5.4": (ABSENT, (1, 0)),
    }


def test_sown_spawned_vanished_and_changed():
    state = farm(Material.SOIL, hour=7, grain=1)
    state.add(Pebble, (8, 8), heading=(1, 0))
    found = changes(state, after(state, "sow", lucky=True))
    assert found["new.sprout.5.4"] == (ABSENT, True)
    assert found["spawn.hen.0.0"] == (ABSENT, (0, 0))
    assert found["spawn.hen.7.7"] == (ABSENT, (7, 7))
    assert found["object.1.position"] == ((8, 8), ABSENT)
    assert found["raining"] == (False, True)
    wet = put(farm(), {(0, 8): Material.HOT_KILN})
    wet.raining = True
    assert changes(wet, after(wet, "wait"))["material.0.8"] == ("hot_kiln", "kiln")


def test_several_that_come_at_once_get_the_ids_of_the_true_order():
    state = farm(Material.SOIL, hour=7, grain=1)
    next_state = after(state, "sow", lucky=True)
    assert len(next_state.things) == 5
    _, values = WORLD.observables.compare(state, next_state)
    assert WORLD.observables.write(state, values) == next_state


def test_hot_kilns_are_watched_whether_they_change_or_not():
    state = put(farm(), {(0, 8): Material.HOT_KILN})
    names = WORLD.observables.compare(state, after(state, "wait"))[0]
    assert sorted(name for name in names if name.startswith("material")) == [
        "material.0.8",
        "material.3.4",
        "material.4.3",
        "material.4.5",
        "material.5.4",
    ]


def test_two_of_a_kind_in_one_region_are_seen_but_not_written():
    state = farm()
    other = state.copy()
    other.add(Fox, (0, 0))
    other.add(Fox, (1, 0))
    _, values = WORLD.observables.compare(state, other)
    assert values["spawn.fox.0.0"] == ("several", (0, 0), (1, 0))
    assert WORLD.observables.write(state, values).things == []


@pytest.mark.parametrize(
    ("kind", "fields", "name", "value"),
    [
        (Hen, {}, "spawn.hen.0.0", (1, 1)),
        (Hen, {"brood": 3}, "spawn.hen.0.0", "odd"),
        (Sprout, {}, "new.sprout.1.1", True),
        (Sprout, {"height": 4}, "new.sprout.1.1", "odd"),
        (Pebble, {"heading": (-1, 0)}, "new.pebble.1.1", (-1, 0)),
    ],
)
def test_what_appears_is_odd_unless_it_is_as_such_things_are_at_first(
    kind: Any, fields: dict[str, Any], name: str, value: Any
):
    state, other = farm(), farm()
    other.add(kind, (1, 1), **fields)
    _, values = WORLD.observables.compare(state, other)
    assert values[name] == value
    assert len(WORLD.observables.write(state, {name: value}).things) == (value != "odd")


def test_nobody_is_written_onto_somebody_else():
    state = farm()
    state.add(Hen, (1, 1))
    state.add(Hen, (2, 1))
    values = {
        "object.1.position": (2, 1),
        "object.2.position": (4, 4),
        "new.sprout.1.1": True,
        "spawn.fox.0.0": ABSENT,
    }
    written = WORLD.observables.write(state, values)
    assert written == state


def test_the_way_that_the_farmer_leaves_is_free():
    state = farm()
    state.add(Fox, AHEAD)
    values = {"farmer.position": (3, 4), "object.1.position": (4, 4)}
    written = WORLD.observables.write(state, values)
    assert (written.farmer.position, written.things[0].position) == ((3, 4), (4, 4))


def test_a_scene_shows_everything_by_the_names_of_the_observables():
    state = farm(Material.KILN, egg=2)
    state.add(Pebble, (1, 1), heading=(0, -1))
    state.add(Sprout, (2, 2), height=5)
    scene = WORLD.scene(state)
    assert scene.globals == {"hour": 0, "light": 1.0, "raining": False}
    assert scene.material(AHEAD) == "kiln"
    assert scene.material((9, 0)) is None
    assert [thing.attributes for thing in scene.things] == [{"heading": (0, -1)}, {"height": 5}]
    assert scene.agent.attributes["basket.egg"] == 2
    before, _ = WORLD.observables.compare(state, state)
    shown = {"farmer.position": scene.agent.position, **scene.globals}
    shown |= {f"farmer.{name}": value for name, value in scene.agent.attributes.items()}
    for thing in scene.things:
        shown[f"object.{thing.id}.position"] = thing.position
        shown |= {f"object.{thing.id}.{name}": value for name, value in thing.attributes.items()}
    assert shown == {name: v for name, v in before.items() if not name.startswith("material")}
    assert scene.region((8, 3)) == (7, 0)
    assert scene.materials[state.cells[AHEAD]] == "kiln"


def test_json_without_a_key_and_back():
    state = initial_state(4)
    data = WORLD.to_dict(state)
    assert "key" not in data
    again = WORLD.from_dict(data)
    assert again.key == 0
    assert again.fingerprint() == state.fingerprint()
    assert np.array_equal(again.cells, state.cells)
    with pytest.raises(ValueError, match=r"state\.hour: this field is missing"):
        WORLD.from_dict({name: value for name, value in data.items() if name != "hour"})


def test_a_life_ends_with_vigour_and_actions_are_named():
    assert WORLD.is_over(farm(vigour=0))
    assert not WORLD.is_over(farm(vigour=1))
    assert (WORLD.name, len(WORLD.actions), WORLD.actions[5]) == ("homestead", 16, "use")
