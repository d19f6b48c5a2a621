"""Three worlds small enough that what a fit should find is known.

Two switchboards and a player on a line. The random generator is part of a state but not of its
identity, so a state determines its successor.
"""

import dataclasses
import enum
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from typing_extensions import override

from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import FunctionLaw, Transition
from worldmodels.onelife.observables import Observables

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT", bound=enum.Enum)


class Fields(Observables[Any]):
    """Some fields of a dataclass, each with its domain."""

    def __init__(self, **domains: tuple[Value, ...] | None) -> None:
        self.domains = domains

    @override
    def compare(self, state: Any, next_state: Any) -> tuple[dict[str, Value], dict[str, Value]]:
        return (
            {name: getattr(state, name) for name in self.domains},
            {name: getattr(next_state, name) for name in self.domains},
        )

    @override
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return self.domains[observable]

    @override
    def write(self, state: Any, values: Mapping[str, Value]) -> Any:
        return dataclasses.replace(state, **values)


def random_walk(
    state: StateT,
    step: Callable[[StateT, ActionT], StateT],
    actions: type[ActionT],
    length: int,
    seed: int = 42,
) -> list[Transition[StateT, ActionT]]:
    """What uniformly random actions do."""
    choose = random.Random(seed)
    transitions = []
    for _ in range(length):
        action = choose.choice(list(actions))
        transitions.append(Transition(state, action, step(state, action)))
        state = transitions[-1].next_state
    return transitions


def first_three_quarters(transitions: list[Any]) -> list[Any]:
    """The training part of a walk."""
    return transitions[: int(0.75 * len(transitions))]


class Toggle(enum.Enum):
    """Actions of the deterministic switchboard."""

    A = "toggle_a"
    B = "toggle_b"


@dataclasses.dataclass(frozen=True)
class Switches:
    """State of the deterministic switchboard."""

    a: int = 0
    b: int = 1


def toggle(state: Switches, action: Toggle) -> Switches:
    """Flip the switch the action names."""
    if action is Toggle.A:
        return Switches(1 - state.a, state.b)
    return Switches(state.a, 1 - state.b)


def flips(value: int) -> Distribution:
    """The other of 0 and 1."""
    return Distribution.point(1 - value)


def coin(value: int) -> Distribution:
    """Either of 0 and 1."""
    del value
    return Distribution.uniform([0, 1])


def switch_law(
    name: str, action: enum.Enum, field: str, says: Callable[[Any], Distribution]
) -> FunctionLaw[Any, Any]:
    """On one action, say something about one field, given its value."""
    return FunctionLaw(
        name,
        lambda state, taken: taken is action,
        lambda state, taken: {field: says(getattr(state, field))},
    )


SWITCHES = Fields(a=(0, 1), b=(0, 1))
SWITCH_LAWS = [  # the first two are true
    switch_law("a flips", Toggle.A, "a", flips),
    switch_law("b flips", Toggle.B, "b", flips),
    switch_law("a stays", Toggle.A, "a", Distribution.point),
    switch_law("b stays", Toggle.B, "b", Distribution.point),
    switch_law("toggle_a flips b", Toggle.A, "b", flips),
    switch_law("toggle_b flips a", Toggle.B, "a", flips),
]


class Press(enum.Enum):
    """Actions of the mixed switchboard."""

    FIXED = "toggle_deterministic_switch"
    CHANCE = "toggle_stochastic_switch"
    STUCK = "toggle_static_switch"


@dataclasses.dataclass(frozen=True)
class Panel:
    """State of the mixed switchboard."""

    deterministic: int = 0
    stochastic: int = 0
    static: int = 0
    draws: Any = dataclasses.field(
        default_factory=lambda: random.Random(42).getstate(), compare=False, repr=False
    )


def press(state: Panel, action: Press) -> Panel:
    """Flip the first switch, redraw the second, leave the third."""
    if action is Press.FIXED:
        return dataclasses.replace(state, deterministic=1 - state.deterministic)
    if action is Press.STUCK:
        return state
    source = random.Random()
    source.setstate(state.draws)
    value = int(source.random() < 0.5)
    return dataclasses.replace(state, stochastic=value, draws=source.getstate())


PANEL = Fields(deterministic=(0, 1), stochastic=(0, 1), static=(0, 1))
PANEL_LAWS = [  # the first three are true
    switch_law("deterministic flips", Press.FIXED, "deterministic", flips),
    switch_law("stochastic is a coin", Press.CHANCE, "stochastic", coin),
    switch_law("static stays", Press.STUCK, "static", Distribution.point),
    switch_law("deterministic stays", Press.FIXED, "deterministic", Distribution.point),
    switch_law("deterministic is a coin", Press.FIXED, "deterministic", coin),
    switch_law("stochastic stays", Press.CHANCE, "stochastic", Distribution.point),
    switch_law("stochastic flips", Press.CHANCE, "stochastic", flips),
    switch_law("static flips", Press.STUCK, "static", flips),
    switch_law("static is a coin", Press.STUCK, "static", coin),
]


class Move(enum.Enum):
    """Actions on the line."""

    LEFT = "move_left"
    RIGHT = "move_right"
    STAY = "stay"


WIDTH = 12
SWITCH_POINT = 6  # from here on directions are inverted
SLIP = 0.1
FLICKER = 0.2


@dataclasses.dataclass(frozen=True)
class Line:
    """State of the line: a player and two lights."""

    position: int = 3
    light_0: int = 0
    light_1: int = 0
    draws: Any = dataclasses.field(
        default_factory=lambda: random.Random(42).getstate(), compare=False, repr=False
    )


def walk(state: Line, action: Move) -> Line:
    """Move with slips and an inverted zone, then each light flickers."""
    source = source_of(state)
    position = state.position
    if action is not Move.STAY:
        slips = source.random() < SLIP
        position = moved(position, action, inverted=(position >= SWITCH_POINT) != slips)
    light_0 = state.light_0 ^ (source.random() < FLICKER)
    light_1 = state.light_1 ^ (source.random() < FLICKER)
    return Line(position, light_0, light_1, source.getstate())


def moved(position: int, action: Move, *, inverted: bool) -> int:
    """The clamped position after a move."""
    step = {Move.LEFT: -1, Move.RIGHT: 1, Move.STAY: 0}[action]
    return min(max(position + (-step if inverted else step), 0), WIDTH - 1)


def source_of(state: Line) -> random.Random:
    """A copy of the generator of a state."""
    source = random.Random()
    source.setstate(state.draws)
    return source


LineLaw = FunctionLaw[Line, Move]


def always(name: str, says: Callable[[Line, Move], Mapping[str, Distribution]]) -> LineLaw:
    """A law about every action."""
    return FunctionLaw(name, lambda state, action: True, says)


def on_moves(name: str, says: Callable[[Line, Move], Mapping[str, Distribution]]) -> LineLaw:
    """A law that is silent where the player stays."""
    return FunctionLaw(name, lambda state, action: action is not Move.STAY, says)


def moves(*, inverts: bool, slips: bool) -> Callable[[Line, Move], Mapping[str, Distribution]]:
    """Movement that reads the coming slip from the generator, or knows less than that."""

    def says(state: Line, action: Move) -> Mapping[str, Distribution]:
        zone = inverts and state.position >= SWITCH_POINT
        slip = slips and source_of(state).random() < SLIP
        return {
            "position": Distribution.point(moved(state.position, action, inverted=zone != slip))
        }

    return says


def flicker(state: Line, action: Move) -> Mapping[str, Distribution]:
    """Right when nothing moves; else off by one draw, which the movement took."""
    del action
    source = source_of(state)
    return {
        "light_0": Distribution.point(state.light_0 ^ (source.random() < FLICKER)),
        "light_1": Distribution.point(state.light_1 ^ (source.random() < FLICKER)),
    }


def toggles(state: Line, action: Move) -> Mapping[str, Distribution]:
    """Wrong: both lights change at every step."""
    del action
    return {"light_0": flips(state.light_0), "light_1": flips(state.light_1)}


def soft_moves(state: Line, action: Move) -> Mapping[str, Distribution]:
    """The true chances of every position, without reading the generator."""
    zone = state.position >= SWITCH_POINT
    right = moved(state.position, action, inverted=zone)
    wrong = moved(state.position, action, inverted=not zone)
    if right == wrong:
        return {"position": Distribution.point(right)}
    return {"position": Distribution.of({right: 1.0 - SLIP, wrong: SLIP})}


def soft_lights(state: Line, action: Move) -> Mapping[str, Distribution]:
    """The true chances of both lights."""
    del action
    return {
        "light_0": Distribution.of({state.light_0: 1.0 - FLICKER, 1 - state.light_0: FLICKER}),
        "light_1": Distribution.of({state.light_1: 1.0 - FLICKER, 1 - state.light_1: FLICKER}),
    }


LINE = Fields(position=tuple(range(WIDTH)), light_0=(0, 1), light_1=(0, 1))
LINE_EXPERTS = [  # the first two are called correct
    on_moves("movement", moves(inverts=True, slips=True)),
    always("lights flicker", flicker),
    on_moves("movement ignores the zone", moves(inverts=False, slips=True)),
    on_moves("movement ignores slips", moves(inverts=True, slips=False)),
    always("lights toggle", toggles),
]
SOFT_LAWS = [always("soft movement", soft_moves), always("soft lights", soft_lights)]
