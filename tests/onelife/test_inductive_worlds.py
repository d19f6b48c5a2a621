"""Three tiny worlds whose every rule is known, for the tests of induction; and their own tests."""

import contextlib
import copy
import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jaxtyping
import numpy as np
from typing_extensions import override

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.scenes import UNIT_VECTORS, Cell, Scene, Thing

MATERIALS = {
    ".": "grass",
    "_": "path",
    "R": "rock",
    "T": "tree",
    "B": "bench",
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
        before, after = values_of(state), values_of(next_state)
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


def values_of(plot: Plot) -> dict[str, Value]:
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
    """Wood from trees, stone from rocks with a pick, seeds with luck."""
    if action != "take":
        return
    counts = plot.counts
    match plot.at(plot.ahead()):
        case "T":
            counts["wood"] += 1
        case "R" if counts["pick"] >= 1:
            counts["stone"] += 1
            plot.put(plot.ahead(), "_")
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
        {"resting": False, "hunger": 0.0, "food": 5, "seed": 0},
    ),
    ["rest"] * 4 + ["take"] * 6,
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


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Without the checks of types at run time, which make learning several times slower."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


def test_a_step_leaves_the_state_as_it_was_and_is_repeatable() -> None:
    for world in (BODY, WORKSHOP, PASTURE):
        for step in world.life(seed=1, length=30):
            before = copy.deepcopy(step.state)
            assert world.step(step.state, step.action) == step.next_state
            assert step.state == before
