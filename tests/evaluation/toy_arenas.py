"""Two tiny worlds: one whose states are arrays, and one of things on a grid."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from typing_extensions import override

from evaluation.arena import Arena, Mutator, Picture, recording_of
from evaluation.arenas.object_world import object_arena
from evaluation.baselines import null, oracle
from evaluation.metrics import canonical_text
from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.scenes import Scene, Thing

Cell = tuple[int, int]
MATERIALS = ("grass", "water", "rock")


def next_row(cells: np.ndarray, action: int) -> np.ndarray:
    """Rule 90 on a ring, after one cell was flipped."""
    touched = cells.copy()
    touched[action] ^= 1
    return np.bitwise_xor(np.roll(touched, 1), np.roll(touched, -1))


def _flip(cells: np.ndarray, action: int, random: np.random.Generator) -> np.ndarray:
    edited = cells.copy()
    edited[random.integers(len(cells))] ^= 1
    return edited


def automaton_arena() -> Arena[np.ndarray, int]:
    """A one-dimensional cellular automaton."""

    def text_of(cells: np.ndarray) -> str:
        return canonical_text(cells.tolist())

    def record(label: str) -> Any:
        states = [np.array([0, 0, 0, 1, 0, 0, 0, 0], np.uint8)]
        for _ in range(3):
            states.append(next_row(states[-1], int(label)))
        return recording_of(label, states, [int(label)] * 3, text_of)

    return Arena(
        name="automaton",
        title="an automaton",
        note="Cells are compared.",
        state_type=np.ndarray,
        copy=np.copy,
        text_of=text_of,
        action_name=str,
        draw=lambda cells: np.repeat(cells[None, :, None] * np.uint8(255), 3, axis=2),
        record=record,
        scenario_sets={"all": ("0", "5")},
        default_set={"strict": "all"},
        mutators={"strict": (Mutator("flip", _flip), Mutator("never", lambda *given: None))},
        models={
            "rule": lambda observables: oracle(next_row, text_of),
            "null": lambda observables: null(np.copy, text_of),
        },
    )


@dataclasses.dataclass(frozen=True)
class Sheep:
    """A thing; `wool` is a number and `asleep` is none."""

    id: int
    position: Cell
    wool: int = 3
    asleep: bool = False


@dataclasses.dataclass(frozen=True)
class Pasture:
    """A shepherd and sheep on 6 by 5 cells."""

    position: Cell = (2, 2)
    gaze: Cell = (1, 0)
    health: int = 9
    tired: float = 0.5
    bag: tuple[int, int] = (1, 0)  # apples, nuts
    sheep: tuple[Sheep, ...] = (Sheep(1, (0, 0)), Sheep(7, (5, 4), wool=1))
    rocks: frozenset[Cell] = frozenset({(3, 2)})

    def copy(self) -> "Pasture":
        """Itself: it cannot change."""
        return self


class PastureObservables(Observables[Pasture]):
    """What the mutators write, and no more."""

    @override
    def compare(
        self, state: Pasture, next_state: Pasture
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        return {"shepherd.health": state.health}, {"shepherd.health": next_state.health}

    @override
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return None

    @override
    def write(self, state: Pasture, values: Mapping[str, Any]) -> Pasture:
        for name, value in values.items():
            match name.split("."):
                case ["shepherd", "bag", item]:
                    bag = {"apples": state.bag[0], "nuts": state.bag[1], item: value}
                    state = dataclasses.replace(state, bag=(bag["apples"], bag["nuts"]))
                case ["shepherd", field]:
                    state = dataclasses.replace(state, **{field: value})
                case ["object", number, field]:
                    flock = tuple(
                        dataclasses.replace(one, **{field: value}) if one.id == int(number) else one
                        for one in state.sheep
                    )
                    state = dataclasses.replace(state, sheep=flock)
                case ["material", x, y]:
                    cell = frozenset({(int(x), int(y))})
                    rocks = state.rocks | cell if value == "rock" else state.rocks - cell
                    state = dataclasses.replace(state, rocks=rocks)
                case _:
                    raise AssertionError(f"no such observable: {name}")
        return state


class PastureWorld:
    """See `worldmodels.onelife.worlds.World`."""

    name = "pasture"
    actions = ("wait", "shear")

    def __init__(self) -> None:
        self.observables = PastureObservables()

    def action_name(self, action: str) -> str:
        return action

    def initial(self, seed: int) -> Pasture:
        """The same in every life."""
        del seed
        return Pasture()

    def step(self, state: Pasture, action: str) -> Pasture:
        """Waiting is tiring; shearing gives nuts."""
        bag = (state.bag[0], state.bag[1] + (action == "shear"))
        return dataclasses.replace(state, tired=state.tired + 1, bag=bag)

    def is_over(self, state: Pasture) -> bool:
        """Never."""
        return state.health <= 0

    def scene(self, state: Pasture) -> Scene:
        """All of it."""
        cells = np.zeros((6, 5), np.uint8)
        for cell in state.rocks:
            cells[cell] = MATERIALS.index("rock")
        attributes: dict[str, Value] = {
            "gaze": state.gaze,
            "health": state.health,
            "tired": state.tired,
            "bag.apples": state.bag[0],
            "bag.nuts": state.bag[1],
        }
        things = tuple(
            Thing(one.id, "sheep", one.position, {"wool": one.wool, "asleep": one.asleep})
            for one in state.sheep
        )
        agent = Thing(0, "shepherd", state.position, attributes)
        return Scene(agent, things, {}, cells, MATERIALS, (3, 3))

    def to_dict(self, state: Pasture) -> dict[str, Any]:
        """Every field."""
        return dataclasses.asdict(state) | {"rocks": sorted(state.rocks)}

    def from_dict(self, data: Mapping[str, Any]) -> Pasture:
        """Not needed here."""
        raise NotImplementedError


def pasture_arena() -> Arena[Pasture, str]:
    """The shepherd waits, or shears."""
    world = PastureWorld()

    def play(label: str) -> tuple[list[Pasture], list[str]]:
        return [Pasture(), world.step(Pasture(), label)], [label]

    def draw(state: Pasture) -> Picture:
        del state
        return np.zeros((8, 8, 3), np.uint8)

    return object_arena(
        world,
        title="Pasture",
        note="States are compared.",
        state_type=Pasture,
        copy=Pasture.copy,
        draw=draw,
        play=play,
        labels=("wait", "shear"),
        items="bag.",
        models={},
    )
