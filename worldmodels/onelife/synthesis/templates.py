"""Effects: what the next value of something is, said in general."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.scenes import Cell
from worldmodels.onelife.synthesis.terms import View

Form = Literal[
    "stay",
    "set",
    "add",
    "take",
    "copy",
    "mirror",
    "step",
    "direction",
    "action",
    "cycle",
    "scatter",
]


class Skip:
    """The type of `SKIP`."""


SKIP: Final = Skip()
"""A template has nothing to say here."""


@dataclasses.dataclass(frozen=True)
class Cycle:
    """Values by the clock: one per tick from `first` on, and again after `period`, if there is one.

    The values a life has seen are kept as they were, since equal phases need not give numbers that
    are equal to the last bit.
    """

    first: int
    values: tuple[Value, ...]
    period: int | None

    def at(self, tick: int) -> Value | Skip:
        """The value at a tick of the clock."""
        if self.first <= tick < self.first + len(self.values):
            return self.values[tick - self.first]
        if self.period is None:
            return SKIP
        return self.values[(tick - self.first) % self.period]


@dataclasses.dataclass(frozen=True)
class Template:
    """One way in which a value changes.

    | form | argument | next value |
    |---|---|---|
    | `stay` | | as it is |
    | `set` | value | the value; `ABSENT` removes a thing |
    | `add` | number | larger by it, within `low` and `high` |
    | `take` | number | smaller by it, if there is so much |
    | `copy` | attribute | what another attribute of the same thing was |
    | `mirror` | attribute | what another attribute of the same thing will be |
    | `step` | offset | of a position: the cell there if it is free, else as it is |
    | `direction` | offset | the direction itself |
    | `action` | | the name of the action |
    | `scatter` | material | any cell of the material in the region, `low` steps or more away |
    | `cycle` | `Cycle` | what the clock says |
    """

    form: Form
    argument: Value = None
    low: int | float | None = None
    high: int | float | None = None

    def value(self, view: View, current: Value) -> Value | Skip:
        """The next value; `mirror` and `scatter` have no single one, and are skipped."""
        match self.form:
            case "stay":
                return current
            case "set":
                return self.argument
            case "add":
                return self._sum(current)
            case "take":
                return self._rest(current)
            case "copy":
                return view.thing.attributes.get(str(self.argument), SKIP)
            case "step":
                cell = view.cell(str(self.argument))
                if cell is None:
                    return SKIP
                return cell if view.is_free(cell) else view.thing.position
            case "direction":
                step = view.offset(str(self.argument))
                return SKIP if step is None else step
            case "action":
                return view.action
            case "cycle":
                return self._tick(view)
        return SKIP

    def _sum(self, current: Any) -> Value | Skip:
        if not isinstance(current, int | float) or isinstance(current, bool):
            return SKIP
        total = current + self.argument  # type: ignore[operator]  # a number
        if self.high is not None and total > self.high:
            return type(current)(max(self.high, current))
        if self.low is not None and total < self.low:
            return type(current)(min(self.low, current))
        return total

    def _rest(self, current: Any) -> Value | Skip:
        if type(current) is not int or current < self.argument:  # type: ignore[operator]  # a number
            return SKIP
        rest: int = current - self.argument  # type: ignore[operator]  # a number
        return rest

    def _tick(self, view: View) -> Value | Skip:
        clock = view.known.clock
        if clock is None or not isinstance(self.argument, Cycle):
            return SKIP
        now = view.scene.globals[clock]
        assert isinstance(now, int), "a clock counts"
        return self.argument.at(now + 1)

    def cells(self, view: View) -> list[Cell]:
        """Of `scatter`: the cells on which something may appear."""
        assert view.region is not None, "things are scattered over regions"
        scene, (x, y) = view.scene, view.region
        width, height = scene.region_size
        block = scene.cells[x : x + width, y : y + height]
        wanted = scene.materials.index(str(self.argument))
        i, j = view.agent_cell()
        return [
            cell
            for dx, dy in np.argwhere(block == wanted).tolist()
            if (cell := (x + dx, y + dy)) not in scene.by_cell
            and abs(cell[0] - i) + abs(cell[1] - j) >= (self.low or 0)
        ]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        argument: Any = self.argument
        if isinstance(argument, Cycle):
            argument = dataclasses.asdict(argument)
        elif argument is ABSENT:
            argument = {"absent": True}
        data = {"form": self.form, "argument": argument, "low": self.low, "high": self.high}
        return {key: value for key, value in data.items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Template":
        """The inverse of `to_json`.

        Raises:
            ValueError: there is no such form.
        """
        form, argument = data["form"], data.get("argument")
        if form not in get_args(Form):
            raise ValueError(f"expected a form, one of {', '.join(get_args(Form))}, got {form!r}")
        if isinstance(argument, dict):
            if "absent" in argument:
                argument = ABSENT
            else:
                values = tuple(value_from_json(value) for value in argument["values"])
                argument = Cycle(int(argument["first"]), values, argument["period"])
        return cls(form, value_from_json(argument), data.get("low"), data.get("high"))


STAY: Final = Template("stay")
GONE: Final = Template("set", ABSENT)


def value_from_json(value: Any) -> Any:
    """JSON has lists where laws have tuples."""
    return tuple(value) if isinstance(value, list) else value
