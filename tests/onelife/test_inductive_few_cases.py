"""What is learned from few cases: blows, tools that were always at hand, amounts that run out."""

import dataclasses
import functools
import random

import numpy as np
import pytest
from onelife.test_inductive_worlds import MOVES, WORKSHOP, Plot, PlotWorld, Rule, unchecked, walk

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.serialise import dumps
from envs.crafter_oo.state import ArrowState, Position, WorldState, ZombieState
from envs.crafter_oo.tables import Action, Material
from evaluation.plans.arena import draw_arena
from worldmodels.onelife.crafter.observables import FullObservables
from worldmodels.onelife.crafter.world import CrafterWorld
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.scenes import Scene, Thing
from worldmodels.onelife.synthesis.conditions import Test
from worldmodels.onelife.synthesis.events import (
    Event,
    _wakefulness,
    blame_actions,
    by_analogy,
)
from worldmodels.onelife.synthesis.experience import Experience, Table
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book, Change, Outcome, weighed
from worldmodels.onelife.synthesis.proposals import explains
from worldmodels.onelife.synthesis.rules import mask_of, rule_list
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import SKIP, STAY, Template
from worldmodels.onelife.synthesis.terms import AGENT, WITHIN, Knowledge, View, value_of
from worldmodels.onelife.synthesis.text import law_text

FIELD = (".......", ".......", ".@....Z", ".......", ".......")
STEPS = (Action.MOVE_LEFT, Action.MOVE_RIGHT, Action.MOVE_UP, Action.MOVE_DOWN)
LIFE = Slot(AGENT, "attribute", ("life",))
BITES = (Test(("risen", "snake", "venom"), "==", True),)


def view_of(snake: tuple[int, int], chance: float) -> View:
    """Of an agent at (2, 2) and a snake whose venom rises by some chance."""
    agent = Thing(0, "agent", (2, 2), {"life": 9})
    things = (Thing(1, "snake", snake, {"venom": 0}),)
    scene = Scene(agent, things, {}, np.zeros((9, 9), np.uint8), ("lawn",), (9, 9))
    known = Knowledge("agent", chance_of_rise=lambda *_: chance)
    return View(scene, "wait", agent, known)


@pytest.mark.parametrize(
    ("snake", "chance", "expected"),
    [((2, 3), 0.7, True), ((2, 3), 0.001, False), ((2, 2 + WITHIN + 1), 0.7, False)],
)
def test_what_rises_is_seen_near_the_agent_if_it_is_not_unlikely(
    snake: tuple[int, int], chance: float, *, expected: bool
) -> None:
    assert value_of(BITES[0].term, view_of(snake, chance)) is expected


@pytest.mark.parametrize("chance", [0.25, 1.0])
def test_a_law_is_as_likely_as_what_it_rests_on(chance: float) -> None:
    change = Change(LIFE, (Outcome(Template("add", -2), 1.0),))
    said = weighed(BITES, change, {7: 1.0}, view_of((2, 3), chance))
    assert said == pytest.approx({7: chance, 9: 1 - chance} if chance < 1 else {7: 1.0})


def test_an_amount_is_taken_only_where_there_is_so_much() -> None:
    take = Template("take", 2)
    view = view_of((2, 3), 0.0)
    assert take.value(view, 2) == 0
    assert take.value(view, 1) is SKIP
    assert take.value(view, None) is SKIP
    assert Template.from_json(take.to_json()) == take


@functools.cache
def fights() -> Book[WorldState]:
    """Laws of some fights: a player with or without a sword waits, walks, and strikes."""
    world, steps = CrafterWorld(), []
    for seed in range(14):
        items = {"wood_sword": seed % 2, "food": 9}
        state = draw_arena(FIELD, Material.GRASS, step=250, items=items)
        state.draws = KeyedDraws(seed)
        choose = random.Random(seed)
        for _ in range(30):
            action = choose.choice((Action.DO, Action.DO, Action.NOOP, *STEPS))
            after, _ = transition(state, action)
            steps.append(Transition(state, action.slug, after))
            state = after
            if state.player.health <= 2:
                break
    with unchecked():
        return induce(world, steps)


def test_a_blow_is_learned_from_what_it_leaves_on_the_one_who_strikes() -> None:
    laws = [law for law in fights().laws if law.scope == AGENT]
    blows = [
        law
        for law in laws
        if any(test.term == ("risen", "zombie", "cooldown") for test in law.condition)
        and any(change.slot.detail == ("health",) for change in law.changes)
    ]
    assert blows
    assert "any('zombie', within=2).cooldown_rises" in law_text(blows[0], "player")


def test_a_zombie_at_hand_is_likely_to_strike_a_player_who_waits() -> None:
    state = draw_arena((".....", ".@Z..", "....."), Material.GRASS, step=250, items={"health": 2})
    book = fights()
    scene = book.scene(state)
    view = View(scene, "noop", scene.agent, book.known)
    chances = book.chances(Slot(AGENT, "attribute", ("health",)), view)
    assert chances[0] > 0.6


def test_a_counter_at_zero_never_falls() -> None:
    book = fights()
    state = draw_arena((".....", ".@Z..", "....."), Material.GRASS, step=250)
    scene = book.scene(state)
    zombie = scene.by_kind["zombie"][0]
    view = View(scene, "noop", zombie, book.known)
    chances = book.chances(Slot("zombie", "attribute", ("cooldown",)), view)
    assert chances
    assert all(isinstance(value, int) and value >= 0 for value in chances)


def test_what_is_struck_is_struck_by_the_action() -> None:
    """However few the cases are: who is faced and not struck keeps its health."""
    laws = [
        law
        for law in fights().laws
        if law.scope == "zombie"
        and any(change.slot.detail == ("health",) for change in law.changes)
    ]
    struck = [law for law in laws if any(test.term[0] == "faced" for test in law.condition)]
    assert struck
    assert all(Test(("action",), "==", "do") in law.condition for law in struck)


def cleared(*, with_bare_hands: bool) -> Book[Plot]:
    """A life in which rocks were only ever struck with a pick at hand, or also without."""
    first = dataclasses.replace(WORKSHOP.first, counts={**WORKSHOP.first.counts})
    first.rows = ["TBRRRR", "......", "......"]
    first.position = (0, 1)
    world = PlotWorld(first, ["take", "carve", "wait"], WORKSHOP.rules[1:])
    bare = ["east", "east", "north", "take", "take", "take", "west", "west"]
    plan = [
        *(bare if with_bare_hands else []),
        *["north", "take", "take", "take", "carve", "east", "east", "north", "take", "wait"],
        *["east", "north", "take", "wait", "east", "north", "take", "west", "wait"],
        *["east", "east", "north", "take", "wait", "north", "take"],
    ]
    steps, state = [], world.initial(0)
    for action in plan:
        steps.append(Transition(state, action, world.step(state, action)))
        state = steps[-1].next_state
    assert state.counts["stone"] >= 3
    with unchecked():
        return induce(world, steps)


@pytest.mark.parametrize("with_bare_hands", [False, True])
@pytest.mark.parametrize("pick", [0, 1])
def test_what_gave_way_with_a_tool_only_is_not_expected_to_without(
    pick: int, *, with_bare_hands: bool
) -> None:
    book = cleared(with_bare_hands=with_bare_hands)
    state = Plot(["...", ".R.", "..."], {**WORKSHOP.first.counts, "pick": pick}, position=(1, 0))
    scene = book.world.scene(state)
    view = View(scene, "take", scene.agent, book.known)
    said = book.chances(Slot(AGENT, "attribute", ("stone",)), view)
    assert max(said, key=lambda value: said[value], default=0) == pick


def test_what_needs_no_tool_and_came_before_all_tools_is_still_taken_with_bare_hands() -> None:
    book = cleared(with_bare_hands=False)
    state = Plot(["...", ".T.", "..."], dict(WORKSHOP.first.counts), position=(1, 0))
    scene = book.world.scene(state)
    view = View(scene, "take", scene.agent, book.known)
    said = book.chances(Slot(AGENT, "attribute", ("wood",)), view)
    assert max(said, key=lambda value: said[value]) == 1


def test_directions_are_written_as_states_hold_them() -> None:
    """A sample is the truth when all its values are."""
    state = initial_state(seed=0)
    state.create_object(ArrowState, Position(1, 1), facing=Position(0, 1))
    arrow = state.objects[-1].entity_id
    turned = {"player.facing": (-1, 0), f"object.{arrow}.facing": (0, -1)}
    written = FullObservables().write(state, turned)
    expected = state.copy()
    expected.player.facing = Position(-1, 0)
    found = expected.find(arrow)
    assert isinstance(found, ArrowState)
    found.facing = Position(0, -1)
    assert dumps(written) == dumps(expected)


def _at_hand(health: int = 9) -> WorldState:
    rows = (".....", ".@Z..", ".....")
    return draw_arena(rows, Material.GRASS, step=250, items={"health": health})


def _model() -> OneLife[WorldState, str]:
    laws = fights().scene_laws()
    return OneLife(laws, [1.0] * len(laws), CrafterWorld().observables)


def test_a_blow_and_its_harm_come_together_in_samples() -> None:
    model, state = _model(), _at_hand()
    zombie = state.objects[1].entity_id
    both = [model.sample(key, state, "noop") for key in range(40)]
    struck = [after.find(zombie).cooldown == 5 for after in both]  # type: ignore[union-attr]  # zombies
    assert any(struck)
    assert struck == [after.player.health == 7 for after in both]


def test_harm_is_scored_by_whether_there_was_a_blow() -> None:
    """Harm without a blow, and a blow without harm, are far less likely than both."""
    model, state = _model(), _at_hand()
    truth = next(
        after
        for after in (model.sample(key, state, "noop") for key in range(40))
        if after.player.health == 7
    )
    unharmed, unstruck = truth.copy(), truth.copy()
    unharmed.player.health = unharmed.player.inventory.health = 9
    found = unstruck.objects[1]
    assert isinstance(found, ZombieState)
    found.cooldown = 0
    log_probs = model.log_probs(state, "noop", [truth, unharmed, unstruck])
    assert log_probs[0] > max(log_probs[1:]) + 5


def _life_of(world: PlotWorld, plan: list[str]) -> Table:
    """What the agent saw."""
    experience, state = Experience(world, Knowledge()), world.initial(0)
    for action in plan:
        after = world.step(state, action)
        experience.add(state, action, after)
        state = after
    experience.known.directions = MOVES
    return experience.tables[AGENT]


def carve(plot: Plot, action: str, draws: random.Random) -> None:
    """Bowls and spoons take one wood each."""
    del draws
    if action in ("bowl", "spoon") and plot.counts["wood"] >= 1:
        plot.counts["wood"] -= 1


def test_what_one_has_is_spent_by_the_actions_that_spent_it() -> None:
    world = PlotWorld(Plot(["...", "..."], {"wood": 2}), ["bowl", "spoon"], [carve])
    table = _life_of(world, ["bowl", "spoon", "south", "north", "bowl"])
    slot = Slot(AGENT, "attribute", ("wood",))
    templates = [STAY, Template("add", -1)]
    has_wood = (Test(("own", "wood"), ">=", 1),)
    masks = [np.ones(5, bool), mask_of(table, has_wood)]
    explained = explains(table, slot, templates)
    for restless, expected in (((), {("bowl", "spoon")}), (("wood",), set())):
        rules = rule_list(table, slot, templates, explained, [(), has_wood], masks)
        blame_actions(rules, table, restless)
        spent = {t.value for t in rules.rules[1].condition if t.term == ("action",)}
        assert spent == expected


def doze(plot: Plot, action: str, draws: random.Random) -> None:
    """A nap takes three steps."""
    del draws
    counts = plot.counts
    if counts["asleep"]:
        counts["left"] -= 1
        counts["asleep"] = counts["left"] > 0
    elif action == "nap":
        counts["asleep"], counts["left"] = True, 3


def awake(rule: Rule) -> Rule:
    """The rule, for those who do not sleep."""

    def applied(plot: Plot, action: str, draws: random.Random) -> None:
        if not plot.counts["asleep"]:
            rule(plot, action, draws)

    return applied


@pytest.mark.parametrize("is_paralysed", [False, True])
def test_flags_explain_failures_if_nothing_can_be_done_under_them(*, is_paralysed: bool) -> None:
    first = Plot(["...", "..."], {"asleep": False, "left": 0, "wood": 2})
    world = PlotWorld(first, ["bowl", "nap"], [])
    moving = awake(walk) if is_paralysed else walk
    world.rules = (moving, awake(carve), doze)
    table = _life_of(world, ["bowl", "nap", "bowl", "east", "east", "west", "bowl"])
    given = mask_of(table, (Test(("action",), "==", "bowl"),))
    wood = np.array(table.column(("own", "wood")))
    yes = given & (np.append(wood[1:], 0) < wood)
    expected = (Test(("own", "asleep"), "==", False),) if is_paralysed else ()
    assert _wakefulness(table, given, yes) == expected


@pytest.mark.parametrize("is_remedy", [False, True])
def test_what_meets_a_need_takes_no_tool(*, is_remedy: bool) -> None:
    scene = WORKSHOP.scene(Plot(["T"], {"pick": 1}))
    table = Table(AGENT)
    table.views = [View(scene, "take", scene.agent, Knowledge())]
    take, tool = Test(("action",), "==", "take"), Test(("own", "pick"), ">=", 1)
    spots = [Test(("cell", "facing", "material"), "==", name) for name in ("rock", "well")]
    yes = np.ones(1, bool)
    digging = Event("take", (take, spots[0], tool), yes, [])
    drinking = Event("take", (take, spots[1]), yes, [], is_remedy=is_remedy)
    assert (tool in by_analogy(table, drinking, [digging, drinking])) is not is_remedy
