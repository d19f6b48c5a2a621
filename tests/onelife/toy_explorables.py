"""Tiny worlds for explorers, whose every rule is known: a walled field and a few deeds."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.exploration.explorer import Explorer
from worldmodels.onelife.scenes import Cell, Scene, Thing

STEPS = {"north": (0, -1), "south": (0, 1), "west": (-1, 0), "east": (1, 0)}
_HUNTING = 60  # steps before the hunter stirs
MATERIALS = ("lawn", "wall", "bush", "well", "bench", "abyss")


@dataclasses.dataclass(frozen=True)
class Field:
    """Where everything is; `hunter` is a thing that walks to the agent and bites."""

    cells: tuple[str, ...]  # one text a row, one letter a cell
    position: Cell = (1, 1)
    facing: Cell = (0, 1)
    counts: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: {"life": 9, "water": 9, "twig": 0, "rope": 0, "brick": 0}
    )
    time: int = 0
    hunter: Cell | None = None

    def at(self, cell: Cell) -> str:
        """The letter of a cell."""
        return self.cells[cell[1]][cell[0]]

    def ahead(self) -> Cell:
        """The cell in front of the agent."""
        return self.position[0] + self.facing[0], self.position[1] + self.facing[1]

    def gain(self, **changes: int) -> "Field":
        """With more or less of some counts."""
        counts = {name: n + changes.get(name, 0) for name, n in self.counts.items()}
        return dataclasses.replace(self, counts={name: min(n, 9) for name, n in counts.items()})

    def put(self, cell: Cell, letter: str) -> "Field":
        """With another material on a cell."""
        rows = list(self.cells)
        rows[cell[1]] = rows[cell[1]][: cell[0]] + letter + rows[cell[1]][cell[0] + 1 :]
        return dataclasses.replace(self, cells=tuple(rows))


class ToyWorld:
    """Moves, `take`, `rest`, and the deeds it is given.

    Letters: `.` lawn, `#` wall, `b` bush (gives a twig and goes), `w` well (gives water), `t` bench
    (made of twigs), `x` abyss (is the end). Water falls by itself.
    """

    name = "toy"
    observables: Any = None

    def __init__(
        self, first: Field, deeds: Mapping[str, Callable[[Field], Field]] | None = None
    ) -> None:
        self.first = first
        self.deeds = {"take": take, "rest": lambda field: field, **(deeds or {})}
        self.actions = (*STEPS, *self.deeds)

    def action_name(self, action: Any) -> str:
        """Actions are names."""
        return str(action)

    def initial(self, seed: int) -> Field:
        """The same field for every seed."""
        del seed
        return self.first

    def is_over(self, state: Field) -> bool:
        """Whether the agent is dead."""
        return state.counts["life"] <= 0

    def step(self, state: Field, action: str) -> Field:
        """One step."""
        after = _walk(state, STEPS[action]) if action in STEPS else self.deeds[action](state)
        after = _hunt(dataclasses.replace(after, time=state.time + 1))
        if after.time % 20 == 0:
            after = after.gain(water=-min(1, after.counts["water"]))
        if after.time % 5 == 0:
            after = after.gain(life=1 if after.counts["water"] else -1)
        return after

    def scene(self, state: Field) -> Scene:
        """How it looks."""
        letters = np.array([[".#bwtx".index(letter) for letter in row] for row in state.cells])
        attributes: dict[str, Value] = {"facing": state.facing, **state.counts}
        things = () if state.hunter is None else (Thing(7, "hunter", state.hunter, {"teeth": 3}),)
        return Scene(
            agent=Thing(0, "agent", state.position, attributes),
            things=things,
            globals={"time": state.time},
            cells=letters.T.astype(np.uint8),
            materials=MATERIALS,
            region_size=(50, 50),
        )

    def to_dict(self, state: Field) -> dict[str, Any]:
        """As JSON."""
        return dataclasses.asdict(state)

    def from_dict(self, data: Mapping[str, Any]) -> Field:
        """The inverse."""
        return Field(**data)


def take(field: Field) -> Field:
    """Take a twig from a bush, which is gone then, or drink from a well."""
    letter = field.at(field.ahead())
    if letter == "b":
        return field.gain(twig=1).put(field.ahead(), ".")
    if letter == "w":
        return field.gain(water=1)
    return field


def quarry(field: Field) -> Field:
    """Take a brick from a wall that is not the last one, or what `take` takes."""
    if field.at(field.ahead()) == "#" and _is_inside(field):
        return field.gain(brick=1).put(field.ahead(), ".")
    return take(field)


def twist(field: Field) -> Field:
    """Make a rope of a twig."""
    return field.gain(twig=-1, rope=1) if field.counts["twig"] else field


def wall_up(field: Field) -> Field:
    """Put a brick on the lawn ahead."""
    free = field.at(field.ahead()) == "." and field.ahead() != field.hunter
    return field.gain(brick=-1).put(field.ahead(), "#") if field.counts["brick"] and free else field


def build_bench(field: Field) -> Field:
    """Two twigs make a bench on the lawn ahead."""
    if field.counts["twig"] < 2 or field.at(field.ahead()) != ".":
        return field
    return field.gain(twig=-2).put(field.ahead(), "t")


def carve(field: Field) -> Field:
    """Beside a bench, a twig becomes a rope."""
    x, y = field.position
    near = [field.at((x + i, y + j)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return field.gain(twig=-1, rope=1) if "t" in near and field.counts["twig"] else field


def _is_inside(field: Field) -> bool:
    x, y = field.ahead()
    return 0 < x < len(field.cells[0]) - 1 and 0 < y < len(field.cells) - 1


def _walk(field: Field, step: Cell) -> Field:
    turned = dataclasses.replace(field, facing=step)
    letter = field.at(turned.ahead())
    if letter not in ".x" or turned.ahead() == field.hunter:
        return turned
    moved = dataclasses.replace(turned, position=turned.ahead())
    return moved.gain(life=-9) if letter == "x" else moved


def _hunt(field: Field) -> Field:
    """After a while the hunter walks to the agent, and bites every third step beside it."""
    if field.hunter is None or field.time < _HUNTING:
        return field
    (x, y), (i, j) = field.hunter, field.position
    if abs(x - i) + abs(y - j) == 1:
        return field.gain(life=-2) if field.time % 3 == 0 else field
    steps = [((i > x) - (i < x), 0), (0, (j > y) - (j < y))]
    steps.sort(key=lambda step: -abs(step[0] * (i - x)) - abs(step[1] * (j - y)))
    for dx, dy in steps:
        if (dx, dy) != (0, 0) and field.at((x + dx, y + dy)) == ".":
            return dataclasses.replace(field, hunter=(x + dx, y + dy))
    return field


def explorer_after(world: ToyWorld, *actions: str) -> tuple[Explorer, Field]:
    """An explorer that has seen these actions, and the state they led to."""
    state = world.first
    explorer = Explorer(world.actions, world.scene(state), 0, 200)
    for action in actions:
        after = world.step(state, action)
        explorer.see(world.scene(state), action, world.scene(after))
        state = after
    return explorer, state
