"""A life, laid out as tables: one row for every view of a scope, one column for every term."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.scenes import Scene
from worldmodels.onelife.synthesis.slots import REGION, Slot, views
from worldmodels.onelife.synthesis.terms import (
    AGENT,
    SIGHT,
    Knowledge,
    Term,
    View,
    has_risen,
    is_direction,
    value_of,
)
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

_FAR_SHARE: Final = 16  # of the things out of sight, one in so many is looked at
_VOLATILE: Final = frozenset(
    {"turns", "cell", "nearest", "ready", "pointed", "risen", "distance", "reach", "phase"}
)


class Missing:
    """The type of `MISSING`."""


MISSING: Final = Missing()
"""A thing is gone, and with it the attributes it had."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One transition, as it is seen."""

    scene: Scene
    action: str
    before: Mapping[str, Value]
    after: Mapping[str, Value]

    def outcome(self, slot: Slot, view: View) -> Value | Missing:
        """What became of a slot; MISSING where that is not to be known."""
        name = slot.observable(view)
        if name is None:
            return MISSING
        if slot.what in ("position", "presence"):
            value = self.after.get(name, ABSENT)
            if slot.what == "presence":
                return ABSENT if value is ABSENT else True
            return MISSING if value is ABSENT else value
        if name in self.after:
            return self.after[name]
        if slot.what in ("attribute", "global"):
            return MISSING
        return ABSENT if slot.what != "material" else slot.current(view)


class Table:
    """The rows of one scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.views: list[View] = []
        self.steps: list[Step] = []
        self._columns: dict[Term, list[Value]] = {}
        self._outcomes: dict[Slot, list[tuple[Value, Value | Missing]]] = {}

    def column(self, term: Term) -> list[Value]:
        """The values of a term, row by row."""
        values = self._columns.setdefault(term, [])
        rest = range(len(values), len(self.views))
        if term[0] == "risen":  # in hindsight
            kind, name = map(str, term[1:])
            values += [has_risen(self.views[i], kind, name, self.steps[i].after) for i in rest]
        elif term[0] == "soon":  # in hindsight
            names = [f"{self.views[row].thing.kind}.{term[1]}" for row in rest]
            values += [self.steps[row].after.get(n) for row, n in zip(rest, names, strict=True)]
        else:
            values += [value_of(term, self.views[row]) for row in rest]
        return values

    def outcomes(self, slot: Slot) -> list[tuple[Value, Value | Missing]]:
        """Value before and after, row by row."""
        found = self._outcomes.setdefault(slot, [])
        for view, step in zip(self.views[len(found) :], self.steps[len(found) :], strict=True):
            outcome = step.outcome(slot, view)
            found.append((None if outcome is MISSING else slot.current(view), outcome))
        return found

    def forget(self) -> None:
        """Drop the columns that depend on what is known."""
        self._columns = {t: v for t, v in self._columns.items() if t[0] not in _VOLATILE}


class Experience(Generic[StateT]):
    """Everything seen so far."""

    def __init__(self, world: World[StateT], known: Knowledge) -> None:
        self.world = world
        self.known = known
        self.steps: list[Step] = []
        self.tables: dict[str, Table] = {AGENT: Table(AGENT)}
        self.attributes: dict[str, dict[str, Value]] = {}  # kind -> attribute -> a value
        self.records: frozenset[str] = frozenset()
        self.appeared: list[tuple[int, str, Value]] = []  # step, observable, value

    def add(self, state: StateT, action: str, next_state: StateT) -> Step:
        """Take in one transition."""
        scene = self.world.scene(state)
        step = Step(scene, action, *self.world.observables.compare(state, next_state))
        self._learn_vocabulary(scene)
        for name, value in step.after.items():
            if name.startswith(("new.", "spawn.")):
                self.appeared.append((len(self.steps), name, value))
        self.steps.append(step)
        for scope in (AGENT, *scene.by_kind):
            table = self.tables.setdefault(scope, Table(scope))
            for view in views(scope, scene, action, self.known):
                if scope == AGENT or self._is_of_interest(view):
                    table.views.append(view)
                    table.steps.append(step)
        return step

    def regions(self, times: Iterable[int]) -> Table:
        """A row for every region at some steps."""
        table = Table(REGION)
        for time in times:
            step = self.steps[time]
            for view in views(REGION, step.scene, step.action, self.known):
                table.views.append(view)
                table.steps.append(step)
        return table

    def forget(self) -> None:
        """Drop what depends on what is known, since that has changed."""
        for table in self.tables.values():
            table.forget()
        for step in self.steps:
            memory = step.scene.memory
            for key in [key for key in memory if isinstance(key, tuple)]:
                del memory[key]

    @property
    def restless(self) -> set[str]:
        """Attributes of the agent that have a life of their own, to judge by where they start.

        Numbers that do not start at zero, or are not whole, rise and fall by themselves; texts
        tell what has just been.
        """
        first = self.steps[0].scene.agent.attributes
        return {
            name
            for name, value in first.items()
            if isinstance(value, str | float) or (type(value) is int and value != 0)
        }

    @property
    def made(self) -> set[str]:
        """Materials that were not there at first."""
        first, last = self.steps[0].scene, self.steps[-1].scene
        there = {first.materials[i] for i in np.unique(first.cells).tolist()}
        return {last.materials[i] for i in np.unique(last.cells).tolist()} - there

    def sudden(self, kind: str) -> list[str]:
        """Whole numbers of a kind that rise by more than one at a time."""
        found = []
        table = self.tables[kind]
        for name, value in self.attributes[kind].items():
            if type(value) is not int:
                continue
            pairs = table.outcomes(Slot(kind, "attribute", (name,)))
            if any(type(new) is int and type(old) is int and new > old + 1 for old, new in pairs):
                found.append(name)
        return found

    def _learn_vocabulary(self, scene: Scene) -> None:
        self.known.agent_kind = scene.agent.kind
        self.records = scene.agent.records
        for thing in (scene.agent, *scene.things):
            known = self.attributes.setdefault(thing.kind, {})
            if len(known) < len(thing.attributes):
                known.update(thing.attributes)
            material = scene.material(thing.position)
            grounds = self.known.grounds.setdefault(thing.kind, set())
            if material is not None:
                grounds.add(material)

    def _is_of_interest(self, view: View) -> bool:
        (x, y), (i, j) = view.thing.position, view.scene.agent.position
        is_near = abs(x - i) + abs(y - j) <= SIGHT
        return is_near or (len(self.steps) + view.thing.id) % _FAR_SHARE == 0


def direction_attributes(attributes: Mapping[str, Any]) -> list[str]:
    """Names of the attributes that are directions."""
    return [name for name, value in attributes.items() if is_direction(value)]
