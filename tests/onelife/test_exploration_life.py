"""What the curious explorer finds out in worlds that are small enough to be known."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest
from onelife.toy_explorables import (
    STEPS,
    Field,
    ToyWorld,
    build_bench,
    carve,
    twist,
    wall_up,
)

from worldmodels.onelife.exploration.explorer import Explorer
from worldmodels.onelife.exploration.life import Life, live, statistics_of
from worldmodels.onelife.scenes import Scene, Thing

MEADOW = (
    "##########",
    "#........#",
    "#.b..b...#",
    "#....b.b.#",
    "#.w....b.#",
    "#..b.....#",
    "#....b.b.#",
    "#........#",
    "##########",
)


THIRSTY = {"life": 9, "water": 3, "twig": 0, "rope": 0, "brick": 0}


@functools.cache
def rope_life() -> Life[Field]:
    """In a world where a twig becomes a rope."""
    return live(ToyWorld(Field(MEADOW), {"twist": twist}), 0, 70)


@functools.cache
def bench_life() -> Life[Field]:
    """In a world where that takes a bench."""
    return live(ToyWorld(Field(MEADOW), {"carve": carve, "bench": build_bench}), 1, 80)


def deeds(life: Life[Field], action: str) -> list[tuple[Field, Field]]:
    """States before and after an action."""
    befores = (life.first, *life.states)
    return [
        (before, after)
        for before, taken, after in zip(befores, life.actions, life.states, strict=False)
        if taken == action
    ]


def worked(life: Life[Field], action: str, item: str) -> int:
    """How often an action gave an item."""
    pairs = deeds(life, action)
    return sum(after.counts[item] > before.counts[item] for before, after in pairs)


def test_it_finds_a_recipe_whose_ingredient_must_be_found_first() -> None:
    life = rope_life()
    assert worked(life, "twist", "rope") > 0


def test_it_finds_a_recipe_that_needs_a_station_it_must_build() -> None:
    life = bench_life()
    assert worked(life, "carve", "rope") > 0


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_a_recipe_that_works_only_near_a_landmark(seed: int) -> None:
    corner = Field(MEADOW).put((8, 7), "t")
    life = live(ToyWorld(corner, {"carve": carve}), seed, 120)
    assert worked(life, "carve", "rope") > 0


def test_it_does_again_what_worked() -> None:
    life = rope_life()
    assert worked(life, "twist", "rope") >= 3


def test_it_tries_a_recipe_without_its_ingredient() -> None:
    life = rope_life()
    assert any(before.counts["twig"] == 0 for before, _ in deeds(life, "twist"))


def test_it_tries_a_recipe_with_too_little() -> None:
    life = bench_life()
    assert any(before.counts["twig"] == 1 for before, _ in deeds(life, "bench"))


def test_it_learns_what_restores_a_need_and_lives() -> None:
    life = live(ToyWorld(Field(MEADOW, counts=THIRSTY)), 0, 140)
    assert len(life.actions) == 140


def test_without_what_restores_a_need_it_would_not_have_lived() -> None:
    dry = tuple(row.replace("w", ".") for row in MEADOW)
    assert len(live(ToyWorld(Field(dry, counts=THIRSTY)), 0, 140).actions) < 140


@pytest.mark.parametrize("seed", range(2))
def test_it_does_not_step_on_what_is_rare_before_the_last_steps(seed: int) -> None:
    # Bushes and wells are solid here, so that only the abyss cannot be told from harmless ground.
    pit = tuple(row.replace("....b.b.#", "....x.b.#") for row in MEADOW)
    life = live(ToyWorld(Field(pit)), seed, 80)
    assert len(life.actions) > 40


def test_in_the_last_steps_it_finds_out_what_rare_ground_does() -> None:
    pit = tuple(row.replace("....b.b.#", "....x.b.#") for row in MEADOW)
    life = live(ToyWorld(Field(pit)), 0, 80)
    assert life.states[-1].counts["life"] == 0


@pytest.mark.parametrize("explorer", ["curious", "random"])
def test_the_same_seed_gives_the_same_life(explorer: str) -> None:
    world = ToyWorld(Field(MEADOW), {"twist": twist})
    one, other = (live(world, 3, 50, explorer) for _ in range(2))
    assert one == other
    assert live(world, 4, 50, explorer).actions != one.actions


class Renamed:
    """Another world with all its names changed, and shown in the same order."""

    name = "renamed"
    observables: Any = None

    def __init__(self, world: ToyWorld) -> None:
        self.world = world
        self.actions = tuple(map(_code, world.actions))
        self.names = dict(zip(self.actions, world.actions, strict=True))

    def action_name(self, action: Any) -> str:
        return str(action)

    def initial(self, seed: int) -> Field:
        return self.world.initial(seed)

    def is_over(self, state: Field) -> bool:
        return self.world.is_over(state)

    def step(self, state: Field, action: str) -> Field:
        return self.world.step(state, self.names[action])

    def scene(self, state: Field) -> Scene:
        scene = self.world.scene(state)
        return dataclasses.replace(
            scene,
            agent=_renamed(scene.agent),
            things=tuple(map(_renamed, scene.things)),
            globals={_code(name): value for name, value in scene.globals.items()},
            materials=tuple(map(_code, scene.materials)),
        )

    def to_dict(self, state: Field) -> dict[str, Any]:
        raise NotImplementedError

    def from_dict(self, data: Any) -> Field:
        raise NotImplementedError


def _code(name: str) -> str:
    """A name in another alphabetical order, with as many words."""
    return "".join(
        chr(ord("a") + ord("z") - ord(letter)) if letter.isalpha() else letter for letter in name
    )


def _renamed(thing: Thing) -> Thing:
    attributes = {_code(name): value for name, value in thing.attributes.items()}
    return Thing(thing.id, _code(thing.kind), thing.position, attributes, thing.records)


@pytest.mark.parametrize("seed", range(2))
def test_a_world_with_other_names_is_explored_in_the_same_way(seed: int) -> None:
    deeds_of = {"carve": carve, "bench": build_bench, "wall": wall_up}
    world = ToyWorld(Field(MEADOW, hunter=(8, 7)), deeds_of)
    renamed = Renamed(world)
    original = live(world, seed, 70)
    assert [renamed.names[action] for action in live(renamed, seed, 70).actions] == list(
        original.actions
    )


def test_an_unknown_explorer_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"unknown explorer 'bold'; expected one of curious"):
        live(ToyWorld(Field(MEADOW)), 0, 10, "bold")


def test_a_life_without_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        live(ToyWorld(Field(MEADOW)), 0, 0)


def test_progress_is_reported_at_every_step() -> None:
    seen: list[int] = []
    live(ToyWorld(Field(MEADOW)), 0, 5, on_step=seen.append)
    assert seen == [1, 2, 3, 4, 5]


def test_statistics_of_the_first_steps_are_those_of_a_shorter_life() -> None:
    world = ToyWorld(Field(MEADOW))
    life = live(world, 0, 60)
    short = Life(life.first, life.actions[:20], life.states[:20])
    assert statistics_of(world, life, 20) == statistics_of(world, short)
    assert statistics_of(world, life).keys > statistics_of(world, short).keys


def test_repeating_one_action_in_one_place_is_one_key() -> None:
    world = ToyWorld(Field(MEADOW))
    still = world.first
    life = Life(still, ("rest",) * 3, (still,) * 3)
    assert statistics_of(world, life).keys == 1


def test_directions_are_learned_from_what_actions_do() -> None:
    world = ToyWorld(Field(MEADOW, position=(4, 4)))
    scene = world.scene(world.first)
    explorer = Explorer(world.actions, scene, 0, 100)
    state = world.first
    for _ in range(30):
        action = explorer.act(world.scene(state))
        after = world.step(state, action)
        explorer.see(world.scene(state), action, world.scene(after))
        state = after
    assert explorer.practice.directions == STEPS
    assert np.all([step in STEPS.values() for step in explorer.practice.directions.values()])


def test_walking_against_a_wall_does_not_unlearn_a_direction() -> None:
    world = ToyWorld(Field(MEADOW))
    explorer = Explorer(world.actions, world.scene(world.first), 0, 100)
    state = world.first
    for action in ("east", "west", *["west"] * 9):
        after = world.step(state, action)
        explorer.see(world.scene(state), action, world.scene(after))
        state = after
    assert explorer.practice.directions["west"] == (-1, 0)
