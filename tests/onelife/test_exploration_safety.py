"""What is taken to be dangerous, and when; what is taken to be open; what is tried again."""

import dataclasses
import itertools

import numpy as np
import pytest
from onelife.toy_explorables import (
    Field,
    ToyWorld,
    build_bench,
    explorer_after,
    quarry,
    wall_up,
)

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.perils import Perils
from worldmodels.onelife.scenes import Cell, Scene, Thing

LAWN = ("#" * 12, *("#" + "." * 10 + "#" for _ in range(10)), "#" * 12)
WORLD = ToyWorld(Field(LAWN, position=(5, 5)))
PERIOD = 80


def scene_with(life: int, *wolves: Cell, light: float = 1.0, kind: str = "wolf") -> Scene:
    scene = WORLD.scene(WORLD.first.gain(life=life - 9))
    things = tuple(Thing(20 + i, kind, cell, {}) for i, cell in enumerate(wolves))
    return dataclasses.replace(scene, things=things, globals={"light": light})


def light_at(time: int) -> float:
    return 0.5 + 0.5 * float(np.cos(2 * np.pi * time / PERIOD))


def perils_after(steps: int, *, are_in_the_dark: bool) -> Perils:
    """Wolves are about when it is dark, or else when it is light."""
    perils, before = Perils(), scene_with(9)
    for time in range(steps):
        light = light_at(time)
        wolves = [(7, 7), (8, 8)] if (light < 0.4) == are_in_the_dark else []
        after = scene_with(9, *wolves, light=light)
        perils.notice(before, after, time)
        before = after
    return perils


def test_a_time_is_perilous_at_which_dangers_were_about() -> None:
    assert perils_after(4 * PERIOD + PERIOD // 2, are_in_the_dark=True).is_perilous(
        {"wolf"}, soon=True
    )


def test_a_time_is_not_perilous_at_which_dangers_were_elsewhere() -> None:
    in_light = perils_after(4 * PERIOD + PERIOD // 2, are_in_the_dark=False)
    assert not in_light.is_perilous({"wolf"}, soon=True)


def test_dangers_that_are_always_about_make_no_time_perilous() -> None:
    perils, before = Perils(), scene_with(9)
    for time in range(4 * PERIOD + PERIOD // 2):
        after = scene_with(9, (7, 7), light=light_at(time))
        perils.notice(before, after, time)
        before = after
    assert not perils.is_perilous({"wolf"}, soon=True)


def test_what_is_no_danger_makes_no_time_perilous() -> None:
    assert not perils_after(4 * PERIOD + PERIOD // 2, are_in_the_dark=True).is_perilous(
        {"deer"}, soon=True
    )


def test_peril_is_seen_to_come() -> None:
    time = 4 * PERIOD + 22  # the light still is what it was on all days without wolves
    assert light_at(time) > 0.41
    perils = perils_after(time, are_in_the_dark=True)
    assert perils.is_perilous({"wolf"}, soon=True)
    assert not perils.is_perilous({"wolf"}, soon=False)


def body_after(*scenes: Scene) -> Body:
    body = Body(scenes[0])
    for time, (scene, after) in enumerate(itertools.pairwise(scenes)):
        body.notice(scene, "rest", after, (5, 6), time, is_walk=False)
    return body


def test_one_heavy_blow_makes_a_kind_a_danger_for_long() -> None:
    near = [(6, 5)]
    quiet = [scene_with(7, *near)] * 30
    assert body_after(scene_with(9, *near), *quiet).is_danger("wolf")
    assert not body_after(scene_with(9, *near), *quiet * 4).is_danger("wolf")


@pytest.mark.parametrize(("steps", "is_missile"), [(2, True), (40, False)])
def test_a_missile_is_what_soon_vanishes(steps: int, is_missile: bool) -> None:
    seen = [scene_with(9, (8, 8))] * steps
    body = body_after(*[scene for _ in range(3) for scene in (*seen, scene_with(9))])
    assert ("wolf" in body.missiles) == is_missile


@pytest.mark.parametrize(("water", "urgency"), [(9, 0.0), (8, 0.3), (7, 2.5), (4, 4.0), (2, 7.0)])
def test_a_need_is_more_urgent_the_lower_it_is(water: int, urgency: float) -> None:
    body = Body(WORLD.scene(WORLD.first))
    body.falls["water"] |= {"rest", "take"}
    scene = WORLD.scene(WORLD.first.gain(water=water - 9))
    assert body.urgency(scene, "water") == urgency


def test_what_is_left_where_something_was_taken_is_thought_to_be_open() -> None:
    world = ToyWorld(Field(LAWN, position=(1, 1)), {"take": quarry})
    explorer, state = explorer_after(world, "east", "south", "west")
    explorer.ground.entered.clear()  # as if the lawn were new
    inner = dataclasses.replace(state.put((2, 2), "#"), position=(1, 2), facing=(1, 0))
    explorer.see(world.scene(inner), "take", world.scene(world.step(inner, "take")))
    terrain = explorer.ground.terrain(world.scene(inner), explorer.practice, {})
    assert terrain.clearings == {"wall": "take"}


def test_the_wall_that_can_be_taken_back_is_preferred() -> None:
    deeds = {"take": quarry, "wall": wall_up, "bench": build_bench}
    world = ToyWorld(Field(LAWN, position=(5, 5)).put((5, 6), "#"), deeds)
    explorer, state = explorer_after(world, "take", "wall")
    rich = dataclasses.replace(state.gain(twig=9), facing=(1, 0))
    state = world.step(rich, "bench")
    explorer.see(world.scene(rich), "bench", world.scene(state))
    assert state.counts["twig"] // 2 > state.counts["brick"]
    wall = explorer.safety.wall(world.scene(state))
    assert wall is not None
    assert wall.action == "wall"


def test_after_harm_a_refuge_that_is_near_is_wanted_for_a_while() -> None:
    explorer, state = explorer_after(WORLD, "east")
    hale, hurt = WORLD.scene(state), WORLD.scene(state.gain(life=-4))
    explorer.body.vital.add("life")
    assert not explorer.safety.refuge_within(hurt, 1)
    explorer.body.harmed_at = 1
    assert 0 < explorer.safety.refuge_within(hurt, 10) < 20
    assert not explorer.safety.refuge_within(hale, 10)
    assert not explorer.safety.refuge_within(hurt, 60)
