"""What agents and people see of a farm."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from farms import AHEAD, farm

import envs  # noqa: F401  # registers the ids
from envs.homestead.env import Homestead
from envs.homestead.observe import observe
from envs.homestead.params import HomesteadParams
from envs.homestead.render import render
from envs.homestead.state import FarmState, Fox, Hen, Pebble, Sprout
from envs.homestead.tables import ITEMS, KEYS, Action, Material
from envs.homestead.text import describe
from envs.play import CONTROLS


def test_an_observation_shows_cells_things_needs_and_weather():
    state = farm(Material.POND, hour=15, egg=2, fed=4)
    state.raining = True
    for kind, cell, fields in (
        (Hen, (0, 0), {}),
        (Fox, (1, 0), {}),
        (Sprout, (2, 0), {"height": 300}),
        (Pebble, (3, 0), {}),
    ):
        state.add(kind, cell, **fields)
    obs = observe(state)
    assert obs["cells"][AHEAD] == Material.POND
    assert [obs["things"][cell] for cell in ((4, 4), (0, 0), (1, 0), (2, 0), (3, 0), (8, 8))] == [
        1,
        2,
        3,
        4,
        5,
        0,
    ]
    assert obs["heights"][2, 0] == 255
    assert obs["basket"].tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 0]
    assert len(ITEMS) == 9
    assert obs["needs"].tolist() == [12, 4, 12, 12]
    assert [obs[name].tolist() for name in ("gaze", "light", "raining", "resting")] == [
        [1, 0],
        [0.5],
        [1],
        [0],
    ]


def test_reward_is_produce_and_a_tenth_of_vigour():
    core, params = Homestead(), HomesteadParams()

    def reward(before: FarmState, later: FarmState) -> float:
        return core.reward(before, 0, later, params)

    assert reward(farm(), farm(egg=1, grain=3, brick=1, wood=5)) == 5
    assert reward(farm(egg=1), farm(vigour=10)) == pytest.approx(-0.2)


def test_an_episode_is_truncated_at_its_length_and_terminates_with_a_life():
    env: Any = gymnasium.make("Homestead-v0", length=3)
    env.reset(seed=0)
    assert [env.step(0)[2:4] for _ in range(3)] == [(False, False)] * 2 + [(False, True)]
    core, params = Homestead(), HomesteadParams()
    assert core.terminated(farm(vigour=0), params)
    assert not core.truncated(farm(hour=10**6), HomesteadParams(length=None))


def test_sizes_that_make_no_farm_are_refused():
    with pytest.raises(ValueError, match=r"size is a pair .* 12 or more; got \(9, 14\)"):
        HomesteadParams(size=(9, 14))


def test_a_length_of_nothing_is_refused():
    with pytest.raises(ValueError, match="length is 1 or more, or None for no limit; got 0"):
        HomesteadParams(length=0)


def differ(first: FarmState, second: FarmState) -> bool:
    return not np.array_equal(render(first, (144, 160)), render(second, (144, 160)))


def test_a_picture_shows_every_material_and_thing_and_state_of_the_farmer():
    plain = farm()
    assert not differ(plain, farm())
    pictures = {render(farm(material), (144, 160)).tobytes() for material in Material}
    assert len(pictures) == len(Material)
    for kind in (Hen, Fox, Sprout, Pebble):
        other = farm()
        other.add(kind, (1, 1))
        assert differ(plain, other)
    for other in (farm(gaze=(0, 1)), farm(resting=True), farm(vigour=3), farm(hour=20)):
        assert differ(plain, other)
    wet = farm()
    wet.raining = True
    assert differ(plain, wet)
    ripe, young = farm(), farm()
    ripe.add(Sprout, (1, 1), height=24)
    young.add(Sprout, (1, 1), height=23)
    assert differ(ripe, young)


def test_a_picture_is_north_up_and_darkens():
    state = farm()
    state.cells[0, 8] = Material.POND
    picture = render(state, (144, 160))
    red, _, blue = picture[8 * 16 + 2, 2]
    assert blue > red, "the south-western cell is lower left"
    night = render(farm(hour=30), (144, 160))
    assert night[:144].mean() < 0.5 * picture[:144].mean()


def test_text_shows_the_map_and_what_the_farmer_has():
    state = farm(Material.GROVE, egg=2)
    state.add(Fox, (0, 8))
    lines = describe(state).splitlines()
    assert lines[4] == "....@T..."
    assert lines[8] == "F........"
    assert lines[9] == (
        "hour 0, light 1.00, dry; vigour 12, fed 12, watered 12, rested 12; 2 egg in the basket"
    )


def test_every_action_but_waiting_has_a_key_that_the_viewer_leaves_alone():
    assert set(KEYS.values()) == set(Action) - {Action.WAIT}
    assert not set(KEYS) & {key for keys in CONTROLS.values() for key in keys}
