"""What induction takes for granted where a life leaves it open, in worlds made for that."""

import dataclasses
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from jaxtyping import Bool
from onelife.test_inductive_worlds import WORKSHOP, Plot, PlotWorld, unchecked

from envs.crafter_oo.engine import initial_state
from envs.crafter_oo.state import PlantState, Position
from worldmodels.onelife.crafter.observables import FullObservables
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.synthesis import vocabulary
from worldmodels.onelife.synthesis.assembly import _versions
from worldmodels.onelife.synthesis.conditions import Condition, Test
from worldmodels.onelife.synthesis.events import Event, by_analogy, is_due_to
from worldmodels.onelife.synthesis.experience import Experience, Table
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.proposals import proposals
from worldmodels.onelife.synthesis.rules import mask_of, rank_in
from worldmodels.onelife.synthesis.slots import Slot, views
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge

MEADOW = ["....", "....", "....", "...."]
SINGLE = Test(("soon", "asleep"), "==", True)


def nap(plot: Plot, action: str, draws: random.Random) -> None:
    """One sleeps in the steps in which one lies down; only then tiredness falls."""
    plot.counts["asleep"] = action == "nap" and plot.counts["water"] >= 1
    plot.counts["tired"] += -0.5 if plot.counts["asleep"] else 1.0


def need(plot: Plot, action: str, draws: random.Random) -> None:
    """Water is often gone, food never is in a short life; without either nothing heals."""
    counts = plot.counts
    counts["water"] = 4 if action == "drink" else max(counts["water"] - (plot.time % 5 == 0), 0)
    counts["food"] = 4 if action == "eat" else counts["food"] - (plot.time % 40 == 0)
    counts["heal"] += 1.0 if counts["food"] >= 1 and counts["water"] >= 1 else -1.0


def dream(plot: Plot, action: str, draws: random.Random) -> None:
    """A sleep takes four steps; at its end there was a dream."""
    counts = plot.counts
    if counts["asleep"]:
        counts["left"] -= 1
        if counts["left"] == 0:
            counts["asleep"] = False
            counts["dreams"] += 1
    elif action == "nap":
        counts["asleep"], counts["left"] = True, 4


def carve(plot: Plot, action: str, draws: random.Random) -> None:
    """Beside the bench, one carves."""
    if action == "carve" and max(plot.position) <= 1:
        plot.counts["carved"] += 1


NEEDS = PlotWorld(
    Plot(MEADOW, {"asleep": False, "tired": 0.5, "food": 4, "water": 4, "heal": 0.5}),
    ["nap"] * 2 + ["drink", "eat"],
    [need, nap],
)
DREAMS = PlotWorld(
    Plot(MEADOW, {"asleep": False, "left": 0, "dreams": 0}), ["nap", "wait"], [dream]
)
SHELF = PlotWorld(
    Plot(["BT....", "......", "......"], {"carved": 0}, position=(1, 1)),
    ["carve"] * 5 + ["wait"],
    [carve],
)


def conditions_of(book: Book[Plot], name: str) -> list[Condition]:
    """Under which something is said about an attribute of the agent."""
    slot = Slot(AGENT, "attribute", (name,))
    return [law.condition for law in book.laws if any(c.slot == slot for c in law.changes)]


def learned(world: PlotWorld, life: Sequence[Transition[Plot, str]]) -> Book[Plot]:
    with unchecked():
        return induce(world, life)


@pytest.fixture(scope="module")
def needs() -> Book[Plot]:
    return learned(NEEDS, NEEDS.life(3, 150))


def test_a_counter_may_depend_on_what_a_flag_will_be(needs: Book[Plot]) -> None:
    assert (SINGLE,) in conditions_of(needs, "tired")


@pytest.mark.parametrize(("action", "water"), [("nap", 3), ("nap", 0), ("drink", 3)])
def test_what_a_flag_will_be_is_foretold_by_its_laws(
    needs: Book[Plot], action: str, water: int
) -> None:
    counts = {**NEEDS.first.counts, "water": water, "tired": 7.5}
    state = dataclasses.replace(NEEDS.first, counts=counts, time=1000)
    [view] = views(AGENT, needs.scene(state), action, needs.known)
    chances = needs.chances(Slot(AGENT, "attribute", ("tired",)), view)
    assert (
        max(chances, key=lambda value: chances[value])
        == (NEEDS.step(state, action).counts["tired"])
    )


def test_flags_depend_on_the_present_only(needs: Book[Plot]) -> None:
    said = [test for condition in conditions_of(needs, "asleep") for test in condition]
    assert said
    assert not any(test.term[0] == "soon" for test in said)


def test_ranks_leave_no_attribute_to_depend_on_itself() -> None:
    assert [vocabulary.rank_of(value) for value in (True, 1, 1.0)] == [0, 1, 2]
    assert [vocabulary.rank_of(value) for value in ((0, 1), "up", None)] == [0, 0, 0]


@pytest.mark.parametrize("name", ["water", "food"])
def test_what_one_need_does_at_its_end_others_do_too(needs: Book[Plot], name: str) -> None:
    assert (Test(("soon", name), "<=", 0),) in conditions_of(needs, "heal")


def test_needs_that_were_seen_as_low_are_not_likened() -> None:
    life = NEEDS.life(3, 150)
    spared = [
        Transition(_starved(step.state), step.action, _starved(step.next_state))
        for step in life[-30:]
    ]
    book = learned(NEEDS, [*life[:-30], *spared])
    assert (Test(("soon", "food"), "<=", 0),) not in conditions_of(book, "heal")


def _starved(plot: Plot) -> Plot:
    return dataclasses.replace(plot, counts={**plot.counts, "food": 0})


def test_what_is_always_done_asleep_is_not_to_blame() -> None:
    table = _table_of(DREAMS, _life_of(DREAMS, 200, _waits_asleep))
    happened = np.array([old != new for old, new in table.outcomes(own("dreams"))])
    assert happened.sum() > 3
    assert not is_due_to(_on(table, "wait"), happened, table)


def test_what_is_done_awake_is_to_blame() -> None:
    table = _table_of(DREAMS, _life_of(DREAMS, 200, _waits_asleep))
    happened = np.array([old < new for old, new in table.outcomes(own("left"))])  # type: ignore[operator]  # numbers
    assert happened.sum() > 3
    assert is_due_to(_on(table, "nap"), happened, table)


def own(name: str) -> Slot:
    return Slot(AGENT, "attribute", (name,))


def _table_of(world: PlotWorld, life: Sequence[Transition[Plot, str]]) -> Table:
    experience = Experience(world, Knowledge())
    for step in life:
        experience.add(step.state, step.action, step.next_state)
    return experience.tables[AGENT]


def _on(table: Table, action: str) -> Bool[np.ndarray, " rows"]:
    return np.array([view.action == action for view in table.views])


def _life_of(
    world: PlotWorld, length: int, choose: Callable[[Plot, str], str]
) -> list[Transition[Plot, str]]:
    """Random actions, as far as `choose` leaves them as they are."""
    draws, state, steps = random.Random(0), world.initial(0), []
    for _ in range(length):
        action = choose(state, draws.choice(world.actions))
        steps.append(Transition(state, action, world.step(state, action)))
        state = steps[-1].next_state
    return steps


def _waits_asleep(plot: Plot, action: str) -> str:
    return "wait" if plot.counts["asleep"] else action


def _carves_at_the_ends(plot: Plot, action: str) -> str:
    return "wait" if action == "carve" and 2 <= plot.position[0] <= 3 else action


def test_of_two_places_that_a_life_cannot_tell_apart_both_are_kept() -> None:
    book = learned(SHELF, _life_of(SHELF, 200, _carves_at_the_ends))
    near = {test.term for c in conditions_of(book, "carved") for test in c if test.op == "<="}
    assert {("near", "bench"), ("near", "tree")} <= near


@pytest.fixture(scope="module")
def workshop() -> Experience[Plot]:
    experience = Experience(WORKSHOP, Knowledge())
    for step in WORKSHOP.life(1, 120):
        experience.add(step.state, step.action, step.next_state)
    return experience


def test_a_material_that_was_not_there_at_first_is_a_likely_place(
    workshop: Experience[Plot],
) -> None:
    assert workshop.made == {"path"}
    cost = vocabulary.prejudice(workshop, AGENT)
    assert cost(("near", "path")) < 0 < cost(("near", "rock"))


@pytest.mark.parametrize(
    ("term", "absent", "present"),
    [(("near", "tree"), (">=", 2), ("<=", 1)), (("own", "wood"), ("<=", 0), (">=", 1))],
)
def test_what_is_not_there_is_an_unlikely_cause(
    workshop: Experience[Plot],
    term: tuple[str, str],
    absent: tuple[str, int],
    present: tuple[str, int],
) -> None:
    tests = vocabulary.tests_of(workshop.tables[AGENT], [term], lambda _: 0.0)
    costs: dict[tuple[str, object], float]
    costs = {(c[0].op, c[0].value): cost for c, cost in zip(tests.tests, tests.costs, strict=True)}
    assert costs[absent] > costs[present] + 1


@pytest.mark.parametrize("is_done_without", [False, True])
def test_a_tool_is_no_need_of_what_was_once_done_without(
    workshop: Experience[Plot], is_done_without: bool
) -> None:
    table = workshop.tables[AGENT]
    take, tool = Test(("action",), "==", "take"), Test(("own", "pick"), ">=", 1)
    trees, rocks = (Test(("cell", "facing", "material"), "==", name) for name in ("tree", "rock"))
    has_tool = mask_of(table, (tool,))
    assert 0 < has_tool.sum() < len(has_tool)
    digging = Event("take", (take, rocks, tool), has_tool, [])
    happened = np.ones_like(has_tool) if is_done_without else has_tool
    felling = Event("take", (take, trees), happened, [])
    assert (tool in by_analogy(table, felling, [digging, felling])) is not is_done_without


@pytest.mark.parametrize(("health", "expected"), [(1, True), (3, "odd")])
def test_a_new_plant_that_is_not_as_new_plants_are_is_another_outcome(
    health: int, expected: object
) -> None:
    state = initial_state(seed=0)
    after = state.copy()
    x, y = next(
        (x, y) for x in range(64) for y in range(64) if state.get_tile(Position(x, y))[1] is None
    )
    after.create_object(PlantState, Position(x, y), health=health)
    assert FullObservables().compare(state, after)[1][f"new.plant.{x}.{y}"] == expected


def test_odd_things_are_never_written() -> None:
    state = initial_state(seed=0)
    values = {"new.plant.3.3": "odd", "spawn.cow.0.0": "odd"}
    assert FullObservables().write(state, values).objects == state.objects


def burn(plot: Plot, action: str, draws: random.Random) -> None:
    """Wood is picked up piece by piece; a fire takes two and a torch one."""
    counts = plot.counts
    if action == "pick":
        counts["wood"] += 1
    cost = {"fire": 2, "torch": 1}.get(action)
    if cost and counts["wood"] >= cost:
        counts["wood"] -= cost


def test_an_amount_that_was_always_spent_to_the_last_was_taken_from() -> None:
    first = Plot(list(MEADOW), {"wood": 0})
    world = PlotWorld(first, ("wait", "pick", "fire", "torch"), (burn,))
    plan = ["pick", "torch", "pick", "pick", "fire", *["wait"] * 30]
    steps, state = [], world.initial(0)
    for action in plan:
        steps.append(Transition(state, action, world.step(state, action)))
        state = steps[-1].next_state
    table = _table_of(world, steps)
    found = proposals(table, own("wood"), ["wood"])
    said = {(template.form, template.argument) for template in found}
    assert said == {("stay", None), ("add", 1), ("add", -1), ("add", -2)}


def test_rival_laws_are_never_about_needs(workshop: Experience[Plot]) -> None:
    """Only with a pick, and never when tired, was anything dug: the pick is the reason."""
    test = Test(("own", "pick"), ">=", 1)
    table = workshop.tables[AGENT]
    condition = (Test(("action",), "==", "take"), test)
    mask = mask_of(table, (test,))
    tests = vocabulary.Tests(
        [(test,), (Test(("own", "wood"), ">=", 0),)], [1.0, 1.0], np.stack([mask, mask]), 2
    )
    assert _versions(condition, (), table, tests, ()) == [
        (condition[0], Test(("own", "wood"), ">=", 0))
    ]
    assert not _versions(condition, (), table, tests, {"wood"})


def test_where_the_agent_goes_is_not_told_by_what_is_seen_from_there() -> None:
    """Such terms ask the laws where it goes, so a law of theirs would ask itself."""
    conditions = [
        (Test(("own", "water"), "<=", 0),),
        *[(Test(term, "<=", 1),) for term in (("nearest", "a", "distance"), ("ready", "a", "b"))],
        (Test(("pointed", "a"), "==", True),),
        (Test(("soon", "asleep"), "==", True),),
    ]
    tests = vocabulary.Tests(conditions, [1.0] * 5, np.ones((5, 2), bool), 5)
    table = _table_of(DREAMS, _life_of(DREAMS, 5, _waits_asleep))
    assert tests.before(rank_in(table, Slot(AGENT, "position"))).tests == conditions[:1]
    assert tests.before(rank_in(table, own("asleep"))).tests == conditions[:4]
