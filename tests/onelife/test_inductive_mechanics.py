"""Laws induced from one life in two tiny worlds whose every rule is known."""

import copy
import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.scenes import UNIT_VECTORS, Cell, Scene, Thing
from worldmodels.onelife.synthesis.conditions import Test
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book, Change
from worldmodels.onelife.synthesis.slots import Slot, views
from worldmodels.onelife.synthesis.templates import GONE, STAY, Cycle, Template
from worldmodels.onelife.synthesis.terms import AGENT

MATERIALS = {
    ".": "grass",
    "_": "path",
    "R": "rock",
    "T": "tree",
    "B": "bench",
    "S": "spring",
    "F": "flower",
}
MOVES = {"west": (-1, 0), "east": (1, 0), "north": (0, -1), "south": (0, 1)}
WALKABLE = "._"
REGION = 3


@dataclasses.dataclass
class Beast:
    """Something that is not the agent."""

    id: int
    kind: str
    position: Cell
    since: int = 0  # the step in which it appeared


@dataclasses.dataclass
class Plot:
    """A state of a toy world; one text a row, one letter a cell."""

    rows: list[str]
    counts: dict[str, Any]
    beasts: list[Beast] = dataclasses.field(default_factory=list)
    position: Cell = (0, 0)
    facing: Cell = (0, 1)
    light: float = 1.0
    time: int = 0
    seed: int = 0
    next_id: int = 100

    def at(self, cell: Cell) -> str | None:
        """The letter of a cell; None outside."""
        x, y = cell
        return self.rows[y][x] if 0 <= x < len(self.rows[0]) and 0 <= y < len(self.rows) else None

    def ahead(self) -> Cell:
        """The faced cell."""
        return self.position[0] + self.facing[0], self.position[1] + self.facing[1]

    def put(self, cell: Cell, letter: str) -> None:
        """Change a cell."""
        x, y = cell
        self.rows[y] = self.rows[y][:x] + letter + self.rows[y][x + 1 :]

    def is_free(self, cell: Cell) -> bool:
        """Whether somebody may step on a cell."""
        taken = {self.position, *(beast.position for beast in self.beasts)}
        return (self.at(cell) or "#") in WALKABLE and cell not in taken

    def appear(self, kind: str, cell: Cell) -> None:
        """A new beast."""
        self.beasts.append(Beast(self.next_id, kind, cell, self.time))
        self.next_id += 1


Rule = Callable[[Plot, str, random.Random], None]


class PlotObservables(Observables[Plot]):
    """Everything in a plot."""

    @override
    def compare(self, state: Plot, next_state: Plot) -> tuple[dict[str, Value], dict[str, Value]]:
        before, after = _values(state), _values(next_state)
        known = {beast.id: beast for beast in state.beasts}
        for beast in next_state.beasts:
            x, y = beast.position
            if beast.id in known:
                name = f"object.{beast.id}.position"
                before[name], after[name] = known.pop(beast.id).position, beast.position
            elif beast.kind == "sprout":
                after[f"new.sprout.{x}.{y}"] = True
            else:
                corner = f"{x // REGION * REGION}.{y // REGION * REGION}"
                after[f"spawn.{beast.kind}.{corner}"] = beast.position
        for gone in known.values():
            name = f"object.{gone.id}.position"
            before[name], after[name] = gone.position, ABSENT
        return before, after

    @override
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return None

    @override
    def write(self, state: Plot, values: Mapping[str, Value]) -> Plot:
        raise NotImplementedError("nothing is sampled here")


def _values(plot: Plot) -> dict[str, Value]:
    return {
        "time": plot.time,
        "light": plot.light,
        "me.position": plot.position,
        "me.facing": plot.facing,
        **{f"me.{name}": value for name, value in plot.counts.items()},
        **{
            f"material.{x}.{y}": MATERIALS[letter]
            for y, row in enumerate(plot.rows)
            for x, letter in enumerate(row)
        },
    }


class PlotWorld:
    """A plot and its rules, applied in order; see `worldmodels.onelife.worlds.World`."""

    name = "plot"

    def __init__(self, first: Plot, actions: Sequence[str], rules: Sequence[Rule]) -> None:
        self.first = first
        self.actions = (*MOVES, *actions)
        self.rules = (walk, *rules)
        self.observables = PlotObservables()

    def action_name(self, action: Any) -> str:
        """Actions are names."""
        return str(action)

    def initial(self, seed: int) -> Plot:
        """The same plot with other draws."""
        return dataclasses.replace(copy.deepcopy(self.first), seed=seed)

    def step(self, state: Plot, action: str) -> Plot:
        """Every rule in its turn."""
        after = copy.deepcopy(state)
        after.time += 1
        draws = random.Random(f"{after.seed}, {after.time}")
        for rule in self.rules:
            rule(after, action, draws)
        return after

    def is_over(self, state: Plot) -> bool:
        """Never."""
        return False

    def scene(self, state: Plot) -> Scene:
        """How a plot is seen."""
        letters = "".join(MATERIALS)
        cells = np.array([[letters.index(letter) for letter in row] for row in state.rows])
        return Scene(
            Thing(0, "me", state.position, {"facing": state.facing, **state.counts}),
            tuple([Thing(beast.id, beast.kind, beast.position, {}) for beast in state.beasts]),
            {"time": state.time, "light": state.light},
            cells.T.astype(np.uint8),
            tuple(MATERIALS.values()),
            (REGION, REGION),
        )

    def to_dict(self, state: Plot) -> dict[str, Any]:
        """Not needed here."""
        raise NotImplementedError

    def from_dict(self, data: Mapping[str, Any]) -> Plot:
        """Not needed here."""
        raise NotImplementedError

    def life(self, seed: int, length: int) -> list[Transition[Plot, str]]:
        """Random actions, more than half of them moves."""
        choose = random.Random(seed)
        state, steps = self.initial(seed), []
        for _ in range(length):
            action = choose.choice(tuple(MOVES) if choose.random() < 0.55 else self.actions)
            steps.append(Transition(state, action, self.step(state, action)))
            state = steps[-1].next_state
        return steps


def walk(plot: Plot, action: str, draws: random.Random) -> None:
    """Turn, and step if the cell is free."""
    if action in MOVES:
        plot.facing = MOVES[action]
        if plot.is_free(plot.ahead()):
            plot.position = plot.ahead()


def shine(plot: Plot, action: str, draws: random.Random) -> None:
    """Light falls and rises again in 20 steps."""
    plot.light = abs(plot.time % 20 - 10) / 10


def starve(plot: Plot, action: str, draws: random.Random) -> None:
    """Hunger grows, half as fast at rest; from 6 on it starts again and takes a bite of food."""
    counts = plot.counts
    if counts["hunger"] >= 6:
        counts["hunger"] = 0.0
        counts["food"] -= 1
    else:
        counts["hunger"] += 0.5 if counts["resting"] else 1.0
    counts["resting"] = action == "rest"


def take(plot: Plot, action: str, draws: random.Random) -> None:
    """Wood from trees, stone from rocks with a pick, food from springs, seeds with luck."""
    if action != "take":
        return
    counts = plot.counts
    match plot.at(plot.ahead()):
        case "T":
            counts["wood"] += 1
        case "R" if counts["pick"] >= 1:
            counts["stone"] += 1
            plot.put(plot.ahead(), "_")
        case "S":
            counts["food"] = min(counts["food"] + 2, 30)
        case "F" if draws.random() < 0.3:
            counts["seed"] += 1


def craft(plot: Plot, action: str, draws: random.Random) -> None:
    """Beside a bench: a pick of one wood, a blade of two wood and one stone."""
    counts = plot.counts
    x, y = plot.position
    around = [plot.at((x + i, y + j)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    if "B" not in around:
        return
    if action == "carve" and counts["wood"] >= 1:
        counts["wood"] -= 1
        counts["pick"] += 1
    if action == "forge" and counts["wood"] >= 2 and counts["stone"] >= 1:
        counts["wood"] -= 2
        counts["stone"] -= 1
        counts["blade"] += 1


def wander(plot: Plot, action: str, draws: random.Random) -> None:
    """Half of the time a hen steps anywhere."""
    for hen in [beast for beast in plot.beasts if beast.kind == "hen"]:
        if hen.since < plot.time and draws.random() < 0.5:
            x, y = hen.position
            dx, dy = draws.choice(UNIT_VECTORS)
            if plot.is_free((x + dx, y + dy)):
                hen.position = (x + dx, y + dy)


def hunt(plot: Plot, action: str, draws: random.Random) -> None:
    """Within three steps a fox comes nearer, half of the time."""
    for fox in [beast for beast in plot.beasts if beast.kind == "fox"]:
        (x, y), (i, j) = fox.position, plot.position
        if abs(x - i) + abs(y - j) <= 3 and draws.random() < 0.5:
            dx, dy = i - x, j - y
            if abs(dx) > abs(dy):
                cell = (x + (dx > 0) - (dx < 0), y)
            else:
                cell = (x, y + (dy > 0) - (dy < 0))
            if plot.is_free(cell):
                fox.position = cell


def strike(plot: Plot, action: str, draws: random.Random) -> None:
    """The hen that is faced is gone."""
    if action == "strike":
        plot.beasts = [b for b in plot.beasts if b.kind != "hen" or b.position != plot.ahead()]


def sow(plot: Plot, action: str, draws: random.Random) -> None:
    """A seed becomes a sprout on free grass ahead."""
    ahead = plot.ahead()
    if action == "sow" and plot.at(ahead) == "." and plot.is_free(ahead) and plot.counts["seed"]:
        plot.counts["seed"] -= 1
        plot.appear("sprout", ahead)


def hatch(plot: Plot, action: str, draws: random.Random) -> None:
    """Every fourth step a hen may come to a region that has none, on grass two steps away."""
    if plot.time % 4:
        return
    for left in range(0, 6, REGION):
        for top in range(0, 6, REGION):
            cells = [(left + i, top + j) for i in range(REGION) for j in range(REGION)]
            hens = [b for b in plot.beasts if b.kind == "hen" and b.position in cells]
            i, j = plot.position
            free = [
                (x, y)
                for x, y in cells
                if plot.at((x, y)) == "." and plot.is_free((x, y)) and abs(x - i) + abs(y - j) >= 2
            ]
            if not hens and free and draws.random() < 0.4:
                plot.appear("hen", draws.choice(free))


BODY = PlotWorld(
    Plot(
        [".F....", "...F.F", ".F....", "F..BF.", "..F...", "F...F."],
        {"resting": False, "hunger": 0.0, "food": 20, "seed": 0},
    ),
    ["rest"] * 3 + ["take"] * 4,
    [shine, starve, take],
)
WORKSHOP = PlotWorld(
    Plot(
        ["RRTFTR", "R....T", "F.BR.R", "T....F", "R.RR.T", "RTFRRR"],
        {"wood": 0, "stone": 0, "pick": 0, "blade": 0, "seed": 0},
        position=(1, 1),
    ),
    ["take"] * 6 + ["carve"] * 2 + ["forge"] * 2,
    [take, craft],
)
PASTURE = PlotWorld(
    Plot(
        ["......", ".R....", "......", "....R.", "......", "......"],
        {"seed": 6},
        [Beast(1, "fox", (5, 5)), Beast(2, "fox", (5, 0)), Beast(3, "hen", (1, 4))],
    ),
    ["strike"] * 5 + ["sow"] * 2 + ["wait"] * 2,
    [hatch, strike, sow, wander, hunt],
)
STEPS = 300
FRESH = 99  # seed of a life that nothing was learned from


@dataclasses.dataclass(frozen=True)
class Lived:
    """A life and what was learned from it."""

    world: PlotWorld
    life: list[Transition[Plot, str]]
    book: Book[Plot]


def lived(world: PlotWorld, seed: int) -> Lived:
    life = world.life(seed, STEPS)
    return Lived(world, life, induce(world, life))


@pytest.fixture(scope="module")
def body() -> Lived:
    return lived(BODY, 1)


@pytest.fixture(scope="module")
def workshop() -> Lived:
    return lived(WORKSHOP, 1)


@pytest.fixture(scope="module")
def pasture() -> Lived:
    return lived(PASTURE, 4)


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
    beyond = range(STEPS - 50, STEPS + 50)
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
        scene, after = found.book.scene(step.state), _values(step.next_state)
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
    assert found.keys() == {STAY, *(Template("step", side) for side in MOVES)}
    num_rows = next(law.num_rows for law in pasture.book.laws if hen in law.changes)
    for side in MOVES:
        error = abs(found[Template("step", side)] - 0.125)
        assert error < 4 * (0.125 * 0.875 / num_rows) ** 0.5


def test_what_is_struck_is_gone(pasture: Lived) -> None:
    hen = about(pasture, Slot("hen", "position"))
    struck = frozenset({on("strike"), Test(("faced", "facing"), "==", True)})
    assert hen.keys() == {frozenset(), struck}
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
