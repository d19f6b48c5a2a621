"""Small situations, one for each mechanic, and what truly comes of them."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from envs.homestead.engine import transition
from envs.homestead.state import (
    Cell,
    Farmer,
    FarmState,
    Fox,
    Hen,
    Pebble,
    Sprout,
    Thing,
    moved,
)
from envs.homestead.tables import DIRECTIONS, EAST, Action, Material

SIZE: Final = (9, 9)
FARMER_CELL: Final = (4, 4)
TARGET: Final = (5, 4)  # the cell the farmer looks at
BESIDE: Final = (4, 3)

Goal = Callable[[Sequence[FarmState]], bool]
"""Whether the states so far, the first included, show what the scenario is about."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A small farm, the actions taken on it, and what should come of them."""

    actions: tuple[Action, ...]
    goal: Goal
    target: Material = Material.MEADOW  # what the farmer looks at
    ground: Material = Material.MEADOW
    tiles: Mapping[Cell, Material] = dataclasses.field(default_factory=dict)
    basket: Mapping[str, int] = dataclasses.field(default_factory=dict)
    farmer: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    things: tuple[tuple[type[Thing], Cell, Mapping[str, Any]], ...] = ()
    hour: int = 0
    raining: bool = False
    key: int = 0
    stops_at_goal: bool = True

    def initial(self) -> FarmState:
        """The first state: the farmer in the middle of 9 x 9 cells, looking east."""
        cells = np.full(SIZE, self.ground, np.uint8)
        for cell, material in {TARGET: self.target, **self.tiles}.items():
            cells[cell] = material
        state = FarmState(
            cells,
            Farmer(FARMER_CELL, EAST, **self.farmer),
            hour=self.hour,
            raining=self.raining,
            key=self.key,
        )
        state.farmer.basket.update(self.basket)
        for kind, cell, fields in self.things:
            state.add(kind, cell, **fields)
        return state


class Recording(NamedTuple):
    """What happened: one state more than actions; the states are shared, so work on copies."""

    states: tuple[FarmState, ...]
    actions: tuple[Action, ...]


@functools.cache
def record(label: str) -> Recording:
    """Act out one scenario.

    Raises:
        ValueError: there is no such scenario.
    """
    if label not in ALL:
        raise ValueError(f"unknown scenario {label!r}; expected one of {', '.join(ALL)}")
    scenario = ALL[label]
    states = [scenario.initial()]
    for action in scenario.actions:
        states.append(transition(states[-1], action))
        if scenario.stops_at_goal and scenario.goal(states):
            break
    return Recording(tuple(states), scenario.actions[: len(states) - 1])


def _has(item: str, count: int) -> Goal:
    return lambda states: states[-1].farmer.basket[item] == count


def _farmer_is(field: str, value: Any) -> Goal:
    return lambda states: getattr(states[-1].farmer, field) == value


def _is(cell: Cell, material: Material) -> Goal:
    return lambda states: states[-1].material(cell) == material


def _stands(kind: type[Thing], cell: Cell) -> Goal:
    return lambda states: isinstance(states[-1].thing_at(cell), kind)


def _none(kind: type[Thing]) -> Goal:
    return lambda states: not any(states[-1].of_kind(kind))


def _first(kind: type[Thing], field: str, value: Any) -> Goal:
    return lambda states: getattr(next(states[-1].of_kind(kind)), field) == value


def _first_moved(kind: type[Thing]) -> Goal:
    return lambda states: len({next(s.of_kind(kind)).position for s in states}) > 1


def _both(first: Goal, second: Goal) -> Goal:
    return lambda states: first(states) and second(states)


def _came_closer(states: Sequence[FarmState]) -> bool:
    first, last = (next(state.of_kind(Fox)).position for state in (states[0], states[-1]))
    return last[0] < first[0] and last[1] == first[1]


def _rested_and_woke(states: Sequence[FarmState]) -> bool:
    return states[1].farmer.resting and not states[-1].farmer.resting


def _pair(name: str, ok: Scenario, goal: Goal, **changes: Any) -> dict[str, Scenario]:
    """Both variants: as given, and with some fields changed, for which the goal is another."""
    fail = dataclasses.replace(ok, goal=goal, **changes)
    return {f"{name}/ok": ok, f"{name}/fail": fail}


_U: Final = (Action.USE,)
_BLOCKED_IN: Final = {
    cell: Material.ROCK
    for step in DIRECTIONS
    for cell in (moved(FARMER_CELL, step), moved(TARGET, step))
    if cell not in (FARMER_CELL, TARGET)
}
"""Rocks around the farmer and the target, so that what is there stays."""
_NIGHT: Final = 23  # the step that starts then ends in the dark, and creatures come and go
_DAY: Final = 7  # likewise by day

ALL: Final[dict[str, Scenario]] = {
    "walk/ok": Scenario((Action.GO_WEST,), _farmer_is("position", (3, 4))),
    "walk/fail": Scenario(
        (Action.GO_EAST,), _farmer_is("position", FARMER_CELL), target=Material.POND
    ),
    "cut_wood": Scenario(_U, _has("wood", 1), target=Material.GROVE),
    "cut_reed": Scenario(_U * 7, _has("reed", 1), target=Material.REEDS),
    "forage": Scenario(_U * 12, _has("grain", 1), key=3),
    "till": Scenario(_U, _is(TARGET, Material.SOIL), basket={"spade": 1}),
    **_pair(
        "dig_clay",
        Scenario(_U, _has("clay", 1), target=Material.CLAY_PIT, basket={"spade": 1}),
        _has("clay", 0),
        basket={},
    ),
    "exhaust_pit": Scenario(
        _U * 7, _is(TARGET, Material.POND), target=Material.CLAY_PIT, basket={"spade": 1}
    ),
    "break_rock": Scenario(
        _U,
        _both(_has("stone", 1), _is(TARGET, Material.MEADOW)),
        target=Material.ROCK,
        basket={"mallet": 1},
    ),
    "chip_rock": Scenario(
        _U * 7,
        _both(_has("stone", 1), _is(TARGET, Material.ROCK)),
        target=Material.ROCK,
    ),
    "drink_from_pond": Scenario(
        _U, _farmer_is("watered", 5), target=Material.POND, farmer={"watered": 3}
    ),
    "drink_from_well": Scenario(
        _U, _farmer_is("watered", 7), target=Material.WELL, farmer={"watered": 3}
    ),
    "take_fence_down": Scenario(
        _U, _both(_has("wood", 1), _is(TARGET, Material.MEADOW)), target=Material.FENCE
    ),
    "burn_fingers": Scenario(_U, _farmer_is("vigour", 11), target=Material.HOT_KILN),
    **_pair(
        "ask_for_egg",
        Scenario(
            _U * 7,
            _both(_has("egg", 1), _first(Hen, "brood", 9)),
            tiles=_BLOCKED_IN,
            target=Material.SOIL,
            things=((Hen, TARGET, {}),),
        ),
        _has("egg", 0),
        actions=_U * 5,
        things=((Hen, TARGET, {"brood": 8}),),
    ),
    **_pair(
        "drive_fox_away",
        Scenario(_U * 2, _none(Fox), basket={"spade": 1}, things=((Fox, TARGET, {}),)),
        _first(Fox, "nerve", 1),
        basket={},
    ),
    **_pair(
        "harvest",
        Scenario(
            _U,
            _both(_has("grain", 3), _none(Sprout)),
            target=Material.SOIL,
            things=((Sprout, TARGET, {"height": 24}),),
        ),
        _has("grain", 0),
        things=((Sprout, TARGET, {"height": 23}),),
    ),
    "pick_pebble_up": Scenario(
        _U, _both(_has("stone", 1), _none(Pebble)), things=((Pebble, TARGET, {}),)
    ),
    "eat_egg": Scenario(
        (Action.EAT,),
        _both(_farmer_is("fed", 7), _farmer_is("vigour", 6)),
        basket={"egg": 1, "grain": 1},
        farmer={"fed": 3, "vigour": 5},
    ),
    **_pair(
        "eat_grain",
        Scenario((Action.EAT,), _farmer_is("fed", 5), basket={"grain": 1}, farmer={"fed": 3}),
        _farmer_is("fed", 3),
        basket={},
    ),
    **_pair(
        "sow",
        Scenario((Action.SOW,), _stands(Sprout, TARGET), target=Material.SOIL, basket={"grain": 1}),
        _has("grain", 1),
        target=Material.MEADOW,
    ),
    **_pair(
        "throw",
        Scenario((Action.THROW,), _stands(Pebble, TARGET), basket={"stone": 1}),
        _has("stone", 1),
        target=Material.GROVE,
    ),
    "pebble_flies": Scenario(
        (Action.THROW, *(Action.WAIT,) * 4),
        _both(_none(Pebble), lambda states: len(states) == 5),
        basket={"stone": 1},
        tiles={(6, 4): Material.POND, (8, 4): Material.FENCE},
    ),
    "pebble_hits_fox": Scenario(
        (Action.WAIT,),
        _both(_none(Pebble), _first(Fox, "nerve", 1)),
        things=((Pebble, TARGET, {"heading": EAST}), (Fox, (6, 4), {})),
    ),
    "pebble_hits_hen": Scenario(
        (Action.WAIT,),
        _both(_none(Pebble), _first(Hen, "brood", 9)),
        things=((Pebble, TARGET, {"heading": EAST}), (Hen, (6, 4), {})),
    ),
    **_pair(
        "build_fence",
        Scenario((Action.BUILD_FENCE,), _is(TARGET, Material.FENCE), basket={"wood": 1}),
        _is(TARGET, Material.MEADOW),
        basket={},
    ),
    **_pair(
        "build_well",
        Scenario((Action.BUILD_WELL,), _is(TARGET, Material.WELL), basket={"stone": 2, "brick": 1}),
        _both(_is(TARGET, Material.MEADOW), _has("brick", 1)),
        basket={"stone": 1, "brick": 1},
    ),
    **_pair(
        "light_kiln",
        Scenario(
            (Action.LIGHT_KILN,),
            _is(TARGET, Material.HOT_KILN),
            target=Material.KILN,
            basket={"wood": 1},
        ),
        _has("wood", 1),
        raining=True,
    ),
    **_pair(
        "bake",
        Scenario((Action.BAKE,), _has("brick", 1), target=Material.HOT_KILN, basket={"clay": 1}),
        _has("clay", 1),
        target=Material.KILN,
    ),
    **_pair(
        "make_spade",
        Scenario(
            (Action.MAKE_SPADE,),
            _has("spade", 1),
            tiles={(4, 2): Material.BARN},
            basket={"wood": 1, "reed": 1},
        ),
        _both(_has("spade", 0), _has("reed", 1)),
        tiles={(4, 1): Material.BARN},
    ),
    **_pair(
        "make_mallet",
        Scenario(
            (Action.MAKE_MALLET,),
            _has("mallet", 1),
            tiles={(4, 2): Material.BARN},
            basket={"wood": 1, "brick": 1},
        ),
        _both(_has("mallet", 0), _has("wood", 1)),
        basket={"wood": 1},
    ),
    "rest_and_wake": Scenario(
        (Action.REST, *(Action.GO_WEST,) * 6), _rested_and_woke, farmer={"rested": 11}
    ),
    "mend_at_barn": Scenario(
        (Action.REST, Action.WAIT),
        _farmer_is("vigour", 6),
        tiles={BESIDE: Material.BARN},
        farmer={"vigour": 5, "rested": 3, "mending": 8.0},
    ),
    "woken_by_fox": Scenario(
        (Action.WAIT,),
        _both(_farmer_is("resting", False), _farmer_is("vigour", 10)),
        farmer={"resting": True, "rested": 3},
        things=((Fox, TARGET, {}),),
    ),
    "grow_hungry": Scenario(
        (Action.WAIT,), _farmer_is("fed", 8), farmer={"fed": 9, "appetite": 10.0}
    ),
    "grow_thirsty": Scenario(
        (Action.WAIT,), _farmer_is("watered", 8), farmer={"watered": 9, "dryness": 12.0}
    ),
    "grow_tired": Scenario(
        (Action.WAIT,), _farmer_is("rested", 8), farmer={"rested": 9, "weariness": 15.0}
    ),
    "wear_away": Scenario(
        (Action.WAIT,) * 2,
        _farmer_is("vigour", 4),
        farmer={"vigour": 5, "fed": 0, "watered": 0, "strain": 5.0},
    ),
    "die": Scenario(
        (Action.WAIT,),
        _farmer_is("vigour", 0),
        farmer={"vigour": 1},
        things=((Fox, TARGET, {}),),
    ),
    "fox_stalks": Scenario((Action.WAIT,) * 3, _came_closer, things=((Fox, (8, 4), {}),)),
    "fox_bites_again": Scenario(
        (Action.WAIT,) * 6,
        _farmer_is("vigour", 10),
        things=((Fox, TARGET, {}),),
    ),
    "hen_wanders": Scenario(
        (Action.WAIT,) * 7, _first_moved(Hen), things=((Hen, (6, 6), {}),), stops_at_goal=False
    ),
    "sprout_in_rain": Scenario(
        (Action.WAIT,),
        _first(Sprout, "height", 5),
        target=Material.SOIL,
        raining=True,
        things=((Sprout, TARGET, {"height": 3}),),
    ),
    "sprout_trampled": Scenario(
        (Action.WAIT,),
        _none(Sprout),
        tiles={(7, 4): Material.ROCK, (6, 3): Material.ROCK, (6, 5): Material.ROCK},
        things=((Hen, (6, 4), {}), (Sprout, TARGET, {})),
    ),
    "rain_puts_kiln_out": Scenario(
        (Action.WAIT,), _is((2, 2), Material.KILN), tiles={(2, 2): Material.HOT_KILN}, raining=True
    ),
    "rain_stops": Scenario(
        (Action.WAIT,) * 7, lambda states: not states[-1].raining, raining=True, key=1
    ),
    "fox_comes_by_night": Scenario(
        (Action.WAIT,),
        lambda states: any(states[-1].of_kind(Fox)),
        ground=Material.SOIL,
        target=Material.SOIL,
        tiles={(0, 0): Material.MEADOW, (1, 0): Material.MEADOW, (8, 8): Material.MEADOW},
        hour=_NIGHT,
        key=4,
    ),
    "hen_comes_by_day": Scenario(
        (Action.WAIT,),
        lambda states: any(states[-1].of_kind(Hen)),
        ground=Material.SOIL,
        target=Material.SOIL,
        tiles={(0, 0): Material.MEADOW, (1, 0): Material.MEADOW, (8, 8): Material.MEADOW},
        hour=_DAY,
        key=3,
    ),
    "fox_leaves_by_day": Scenario(
        (Action.WAIT,),
        _none(Fox),
        ground=Material.SOIL,
        target=Material.SOIL,
        hour=_DAY,
        key=3,
        things=((Fox, (0, 8), {}),),
    ),
}
"""Every scenario by its label, the two variants of a pair as `name/ok` and `name/fail`."""
