"""Three worlds small enough that what a fit should find is known.

Two switchboards and a player on a line. The random generator is part of a state but not of its
identity, so a state determines its successor.
"""

import dataclasses
import enum
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import FunctionLaw, Transition
from worldmodels.onelife.observables import Observables

StateT = TypeVar("StateT")


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
