"""What is learned of hens, pebbles and the barn from short lives in Homestead."""

import random

import numpy as np
import pytest
from onelife.test_inductive_worlds import unchecked

from envs.homestead.engine import transition
from envs.homestead.rules.farmer import BROOD, LAY_CHANCE
from envs.homestead.state import Farmer, FarmState, Hen
from envs.homestead.tables import DIRECTIONS, EAST, Action, Material
from worldmodels.onelife.homestead.world import HomesteadWorld
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.synthesis import vocabulary
from worldmodels.onelife.synthesis.experience import Experience
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge, View

WORLD = HomesteadWorld()
SIZE = (9, 9)
MIDDLE = (4, 4)


def farm(seed: int, *, hens: int = 0, stones: int = 0) -> FarmState:
    """A meadow with a farmer in its middle and some hens beside."""
    cells = np.full(SIZE, Material.MEADOW, np.uint8)
    state = FarmState(cells, Farmer(MIDDLE, EAST), hour=6, raining=False, key=seed)
    state.farmer.basket["stone"] = stones
    for step in DIRECTIONS[:hens]:
        state.add(Hen, (MIDDLE[0] + step[0], MIDDLE[1] + step[1]))
    return state


def learned(states: list[FarmState], actions: tuple[Action, ...], steps: int) -> Book[FarmState]:
    """From lives that start in these states, acting at random."""
    transitions = []
    for number, first in enumerate(states):
        choose, state = random.Random(number), first
        for _ in range(steps):
            action = choose.choice(actions)
            after = transition(state, action)
            transitions.append(Transition(state, action.slug, after))
            state = after
    with unchecked():
        return induce(WORLD, transitions)


def test_an_egg_comes_of_asking_the_hen_that_is_faced() -> None:
    """Neither facing hens nor using something says much; both together do."""
    actions = (Action.USE, Action.USE, Action.GO_EAST, Action.GO_NORTH, Action.WAIT)
    book = learned([farm(seed, hens=4) for seed in range(10)], actions, 40)
    scene = WORLD.scene(farm(0, hens=4))
    chances = {
        (hen.position, action): book.chances(
            Slot("hen", "attribute", ("brood",)), View(scene, action, hen, book.known)
        ).get(BROOD - 1, 0.0)
        for hen in scene.by_kind["hen"]
        for action in ("use", "wait")
    }
    faced = (5, 4)
    assert chances.pop((faced, "use")) == pytest.approx(LAY_CHANCE, abs=0.15)
    assert max(chances.values()) < 0.02


def test_what_is_thrown_flies_where_the_thrower_looks() -> None:
    """Learned to the east and north, true to the west."""
    actions = (Action.THROW, Action.GO_EAST, Action.GO_NORTH)
    book = learned([farm(seed, stones=9) for seed in range(6)], actions, 25)
    state = farm(0, stones=3)
    state.farmer.gaze = (-1, 0)
    scene = WORLD.scene(state)
    slots = [change.slot for law in book.laws for change in law.changes]
    slot = next(slot for slot in slots if slot.what == "new")
    chances = book.chances(slot, View(scene, "throw", scene.agent, book.known))
    assert chances[-1, 0] > 0.9


def test_what_there_is_little_of_is_a_likely_place() -> None:
    experience = Experience(WORLD, Knowledge())
    state = WORLD.initial(0)
    experience.add(state, "wait", WORLD.step(state, "wait"))
    assert WORLD.scene(state).landmarks() >= {"barn", "kiln"}
    cost = vocabulary.prejudice(experience, AGENT)
    assert cost(("near", "barn")) < 0 < cost(("near", "grove"))


def test_facing_and_action_together_are_one_test() -> None:
    experience = Experience(WORLD, Knowledge())
    for action in ("use", "wait", "go_west", "use", "eat"):
        state = farm(0, hens=4)
        experience.add(state, action, WORLD.step(state, action))
    tests = vocabulary.tests_of(
        experience.tables["hen"], [("action",), ("faced", "gaze")], lambda _: 0.0
    )
    blows = [tests.costs[i] for i, test in enumerate(tests.tests) if len(test) == 2]
    halves = [tests.costs[i] for i, test in enumerate(tests.tests) if len(test) == 1]
    assert len(blows) == len({"use", "wait", "go_west", "eat"})
    assert min(blows) > 2 * min(halves) > 0
