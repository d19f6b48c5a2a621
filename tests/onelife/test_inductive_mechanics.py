"""Laws induced from one life in three tiny worlds are the rules of these worlds."""

import dataclasses

import numpy as np
import pytest
from onelife.test_inductive_worlds import (
    BODY,
    MOVES,
    PASTURE,
    WORKSHOP,
    Beast,
    Plot,
    PlotWorld,
    unchecked,
    values_of,
)

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.synthesis.conditions import Test
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book, Change
from worldmodels.onelife.synthesis.slots import Slot, views
from worldmodels.onelife.synthesis.templates import GONE, STAY, Cycle, Template
from worldmodels.onelife.synthesis.terms import AGENT

FRESH = 99  # seed of a life that nothing was learned from


@dataclasses.dataclass(frozen=True)
class Lived:
    """A life and what was learned from it."""

    world: PlotWorld
    life: list[Transition[Plot, str]]
    book: Book[Plot]


def lived(world: PlotWorld, seed: int, length: int) -> Lived:
    life = world.life(seed, length)
    with unchecked():
        return Lived(world, life, induce(world, life))


@pytest.fixture(scope="module")
def body() -> Lived:
    return lived(BODY, 4, 240)


@pytest.fixture(scope="module")
def workshop() -> Lived:
    return lived(WORKSHOP, 1, 200)


@pytest.fixture(scope="module")
def pasture() -> Lived:
    return lived(PASTURE, 4, 200)


def about(lived: Lived, slot: Slot) -> dict[frozenset[Test], Change]:
    """What is said about a slot, by condition."""
    found = [
        (frozenset(law.condition), change)
        for law in lived.book.laws
        for change in law.changes
        if change.slot == slot
    ]
    assert len(dict(found)) == len(found), "one condition, one law"
    return dict(found)


def own(name: str) -> Slot:
    return Slot(AGENT, "attribute", (name,))


def chances(change: Change) -> dict[Template, float]:
    """By template, bounds aside."""
    return {dataclasses.replace(o.template, low=None, high=None): o.chance for o in change.outcomes}


def surely(change: Change) -> Template:
    """The one template that nearly always applies."""
    found = chances(change)
    template = max(found, key=lambda key: found[key])
    assert found[template] > 0.95
    return template


def on(action: str) -> Test:
    return Test(("action",), "==", action)


def facing(what: str, value: Value) -> Test:
    return Test(("cell", "facing", what), "==", value)


def at_least(name: str, amount: float) -> Test:
    return Test(("own", name), ">=", amount)


def test_a_number_that_grows_by_one_is_found_to_be_the_clock(body: Lived) -> None:
    assert body.book.known.clock == "time"
    [(condition, change)] = about(body, Slot(AGENT, "global", ("time",))).items()
    assert condition == frozenset()
    assert surely(change) == Template("add", 1)


def test_a_cycle_by_the_clock_goes_on_beyond_the_life(body: Lived) -> None:
    [(condition, change)] = about(body, Slot(AGENT, "global", ("light",))).items()
    assert condition == frozenset()
    cycle = surely(change).argument
    assert isinstance(cycle, Cycle)
    assert cycle.period == 20
    beyond = range(200, 400)
    assert [cycle.at(tick) for tick in beyond] == [abs(tick % 20 - 10) / 10 for tick in beyond]


@pytest.mark.parametrize("name", ["body", "workshop", "pasture"])
def test_moves_turn_and_step_where_nothing_stands(
    name: str, request: pytest.FixtureRequest
) -> None:
    found = request.getfixturevalue(name)
    assert found.book.known.directions == MOVES
    [turn] = about(found, own("facing")).values()
    [step] = about(found, Slot(AGENT, "position")).values()
    assert surely(turn) == Template("direction", "ahead")
    assert surely(step) == Template("step", "ahead")
    assert turn.unless == ((Test(("turns",), "==", False),),)


def test_what_cannot_be_entered_is_not_among_the_grounds(workshop: Lived) -> None:
    assert workshop.book.known.grounds["me"] == {"grass", "path"}


def test_a_counter_at_its_threshold_starts_again_and_takes_from_a_need(body: Lived) -> None:
    full = frozenset({at_least("hunger", 6.0)})
    food = about(body, own("food"))
    assert list(food) == [full]
    assert surely(food[full]) == Template("add", -1)
    law = next(law for law in body.book.laws if frozenset(law.condition) == full)
    assert {change.slot for change in law.changes} == {own("food"), own("hunger")}


def test_a_flag_changes_the_pace_of_a_counter(body: Lived) -> None:
    pace = {surely(change): condition for condition, change in about(body, own("hunger")).items()}
    slow, fast = Template("add", 0.5), Template("add", 1.0)
    assert pace[fast] == frozenset()
    assert Test(("own", "resting"), "==", True) in pace[slow]
    assert {test.term for test in pace[slow]} <= {("own", "resting"), ("own", "hunger")}
    assert len(pace) == 3


def test_a_flag_is_raised_by_one_action_and_falls_otherwise(body: Lived) -> None:
    flag = {condition: surely(c) for condition, c in about(body, own("resting")).items()}
    assert flag == {
        frozenset(): Template("set", False),
        frozenset({on("rest")}): Template("set", True),
    }


def test_a_yield_by_luck_has_its_probability(body: Lived) -> None:
    [(condition, change)] = about(body, own("seed")).items()
    assert condition == {on("take"), facing("material", "flower")}
    tries = [
        step.next_state.counts["seed"] > step.state.counts["seed"]
        for step in body.life
        if step.action == "take" and step.state.at(step.state.ahead()) == "F"
    ]
    chance = chances(change)[Template("add", 1)]
    assert chance == pytest.approx(np.mean(tries), abs=0.01)
    assert abs(chance - 0.3) < 3 * (0.3 * 0.7 / len(tries)) ** 0.5


def test_what_needs_no_tool_is_taken_without(workshop: Lived) -> None:
    wood = {surely(c): condition for condition, c in about(workshop, own("wood")).items()}
    assert wood[Template("add", 1)] == {on("take"), facing("material", "tree")}


def test_collecting_needs_its_tool_and_leaves_something_else(workshop: Lived) -> None:
    stone = {surely(c): condition for condition, c in about(workshop, own("stone")).items()}
    mined = {on("take"), facing("material", "rock"), at_least("pick", 1)}
    assert stone[Template("add", 1)] == mined
    [(condition, change)] = about(workshop, Slot(AGENT, "material", ("facing",))).items()
    assert condition == mined
    assert surely(change) == Template("set", "path")


def test_crafting_needs_what_it_takes_and_a_station(workshop: Lived) -> None:
    near = Test(("near", "bench"), "<=", 1)
    forged = frozenset({on("forge"), at_least("wood", 2), at_least("stone", 1), near})
    [law] = [law for law in workshop.book.laws if frozenset(law.condition) == forged]
    assert {change.slot: surely(change) for change in law.changes} == {
        own("wood"): Template("add", -2),
        own("stone"): Template("add", -1),
        own("blade"): Template("add", 1),
    }
    carved = frozenset({on("carve"), at_least("wood", 1), near})
    assert surely(about(workshop, own("wood"))[carved]) == Template("add", -1)
    assert surely(about(workshop, own("pick"))[carved]) == Template("add", 1)


@pytest.mark.parametrize("name", ["body", "workshop", "pasture"])
def test_an_unseen_life_goes_as_the_laws_say(name: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(name)
    by_chance = {"seed"} if name != "pasture" else set()
    wrong = []
    for step in found.world.life(FRESH, 200):
        scene, after = found.book.scene(step.state), values_of(step.next_state)
        [view] = views(AGENT, scene, step.action, found.book.known)
        slots = [Slot(AGENT, "global", (name,)) for name in scene.globals]
        slots += [own(name) for name in scene.agent.attributes if name not in by_chance]
        slots += [Slot(AGENT, "position"), Slot(AGENT, "material", ("facing",))]
        for slot in slots:
            observable = slot.observable(view)
            if observable is not None:
                said = found.book.chances(slot, view) or {slot.current(view): 1.0}
                likeliest = max(said, key=lambda value: said[value])
                if likeliest != after[observable]:
                    wrong.append((step.state.time, step.action, observable, likeliest))
    assert wrong == []


def test_a_creature_wanders_with_equal_chances_for_every_side(pasture: Lived) -> None:
    hen = about(pasture, Slot("hen", "position"))[frozenset()]
    found = chances(hen)
    steps = {Template("step", side) for side in MOVES}
    assert {template for template in found if found[template] > 0.01} == {STAY, *steps}
    num_rows = next(law.num_rows for law in pasture.book.laws if hen in law.changes)
    for side in MOVES:
        error = abs(found[Template("step", side)] - 0.125)
        assert error < 4 * (0.125 * 0.875 / num_rows) ** 0.5


def test_what_is_struck_is_gone(pasture: Lived) -> None:
    hen = about(pasture, Slot("hen", "presence"))
    struck = frozenset({on("strike"), Test(("faced", "facing"), "==", True)})
    assert hen.keys() == {struck}
    assert surely(hen[struck]) == GONE


def test_a_creature_comes_nearer_within_its_distance(pasture: Lived) -> None:
    [(condition, change)] = about(pasture, Slot("fox", "position")).items()
    assert condition == frozenset()
    assert change.unless == ((Test(("distance",), ">=", 4),),)
    found = chances(change)
    assert found.keys() == {STAY, Template("step", "toward")}
    came = [
        moved.position != fox.position
        for step in pasture.life
        for fox, moved in zip(step.state.beasts[:2], step.next_state.beasts[:2], strict=True)
        if could_come(pasture, step, fox)
    ]
    chance = found[Template("step", "toward")]
    assert chance == pytest.approx(np.mean(came), abs=0.02)
    assert abs(chance - 0.5) < 3 * 0.5 / len(came) ** 0.5


def could_come(lived: Lived, step: Transition[Plot, str], fox: Beast) -> bool:
    """Whether a fox near the agent has a free cell to step on: else nothing can be told."""
    scene = lived.world.scene(step.state)
    view = next(
        view
        for view in views("fox", scene, step.action, lived.book.known)
        if view.thing.id == fox.id
    )
    (x, y), (i, j) = fox.position, step.next_state.position
    cell = view.cell("toward")
    return abs(x - i) + abs(y - j) <= 3 and cell is not None and view.is_free(cell)


def test_something_appears_on_the_faced_cell_and_is_paid_for(pasture: Lived) -> None:
    sown = frozenset({on("sow"), facing("free", True), at_least("seed", 1)})
    [law] = [law for law in pasture.book.laws if frozenset(law.condition) == sown]
    assert {change.slot: surely(change) for change in law.changes} == {
        own("seed"): Template("add", -1),
        Slot(AGENT, "new", ("sprout", "facing")): Template("set", True),
    }


def test_spawns_have_a_rhythm_a_ground_and_a_least_distance(pasture: Lived) -> None:
    [(condition, change)] = about(pasture, Slot("region", "spawn", ("hen",))).items()
    assert condition == {Test(("phase", 4), "==", 0), Test(("count", "hen"), "<=", 0)}
    [spawn] = [o for o in change.outcomes if o.template.form == "scatter"]
    assert spawn.template == Template("scatter", "grass", low=2)
    num_rows = next(law.num_rows for law in pasture.book.laws if change in law.changes)
    assert abs(spawn.chance - 0.4) < 3 * (0.4 * 0.6 / num_rows) ** 0.5


def test_laws_say_nothing_of_what_never_changes(workshop: Lived, pasture: Lived) -> None:
    assert about(workshop, Slot(AGENT, "global", ("light",))) == {}
    assert about(pasture, Slot("sprout", "position")) == {}
    assert about(pasture, Slot(AGENT, "material", ("facing",))) == {}
