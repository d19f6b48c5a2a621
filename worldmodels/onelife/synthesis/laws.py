"""Laws as data: a condition and what then changes, in a scope."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import Effect
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.scenes import Cell, Scene, Thing
from worldmodels.onelife.synthesis.conditions import Condition, holds
from worldmodels.onelife.synthesis.slots import Slot, views
from worldmodels.onelife.synthesis.templates import SKIP, STAY, Template
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge, View, chance_of_risen
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

Chances = dict[Value, float]

_LEAST_CHANCE: Final = 1e-7  # named values below it are left to noise


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One way in which a change comes out."""

    template: Template
    chance: float  # 0..1
    count: float = 0.0  # occasions on which it came out so, as far as can be told


@dataclasses.dataclass(frozen=True)
class Change:
    """What a law says about one slot, unless one of some other conditions holds."""

    slot: Slot
    outcomes: tuple[Outcome, ...]
    unless: tuple[Condition, ...] = ()


@dataclasses.dataclass(frozen=True)
class DataLaw:
    """If the condition holds for a view of the scope, then the changes."""

    name: str
    scope: str
    condition: Condition
    changes: tuple[Change, ...]
    num_rows: int = 0  # occasions in the life it was learned from


class Book(Generic[StateT]):
    """Data laws that belong together, and what they need in order to be understood.

    States must not be changed in place while a book is in use: the last scene is kept.
    """

    def __init__(self, world: World[StateT], laws: Sequence[DataLaw], known: Knowledge) -> None:
        self.world = world
        self.laws = tuple(laws)
        self.known = known
        self._last: tuple[StateT, Scene] | None = None
        self._by_slot: dict[Slot, list[tuple[DataLaw, Change]]] = {}
        for law in laws:
            for change in law.changes:
                self._by_slot.setdefault(change.slot, []).append((law, change))
        known.next_cell = self.next_cell
        known.next_value = self.next_value
        known.chance_of_rise = self.chance_of_rise

    def scene(self, state: StateT) -> Scene:
        """How the world sees a state."""
        if self._last is None or self._last[0] is not state:
            self._last = (state, self.world.scene(state))
        return self._last[1]

    def next_cell(self, scene: Scene, action: str) -> Cell:
        """Where the agent will most likely stand."""
        view = View(scene, action, scene.agent, self.known)
        chances = self.chances(Slot(AGENT, "position"), view)
        if not chances:
            return scene.agent.position
        cell = max(chances, key=lambda value: chances[value])
        assert isinstance(cell, tuple), "a position"
        return cell

    def next_value(self, scene: Scene, action: str, name: str) -> Value:
        """What an attribute of the agent will most likely be."""
        view = View(scene, action, scene.agent, self.known)
        chances = self.chances(Slot(AGENT, "attribute", (name,)), view)
        if not chances:
            return scene.agent.attributes.get(name)
        return max(chances, key=lambda value: chances[value])

    def chance_of_rise(self, scene: Scene, action: str, thing: Thing, name: str) -> float:
        """How likely an attribute of a thing is to rise."""
        chances = self.chances(
            Slot(thing.kind, "attribute", (name,)), View(scene, action, thing, self.known)
        )
        old: Any = thing.attributes.get(name)
        return math.fsum(
            chance for new, chance in chances.items() if type(new) is int and new > old
        )

    @contextlib.contextmanager
    def given(self, after: Mapping[str, Value]) -> Iterator[None]:
        """Inside, what becomes of things is known."""
        self.known.given = after
        try:
            yield
        finally:
            self.known.given = None

    def scene_laws(self) -> "list[SceneLaw[StateT]]":
        """The laws as laws about states."""
        return [
            DependentSceneLaw(law, self) if _is_dependent(law) else SceneLaw(law, self)
            for law in self.laws
        ]

    def chances(self, slot: Slot, view: View) -> Chances:
        """What the first law that speaks says about a slot; nothing where none does."""
        for law, change in self._by_slot.get(slot, ()):
            if speaks(law.condition, change, view):
                return weighed(law.condition, change, chances_of(change, view, self), view)
        return {}


def speaks(condition: Condition, change: Change, view: View) -> bool:
    """Whether a law says something about one of its slots."""
    return holds(condition, view) and not any(holds(other, view) for other in change.unless)


def weighed(condition: Condition, change: Change, chances: Chances, view: View) -> Chances:
    """Chances under a condition that may hold: as things are, as far as it does not."""
    holds_by = math.prod(
        chance_of_risen(view, *map(str, test.term[1:]))
        for test in condition
        if test.term[0] == "risen" and test.value is True
    )
    if holds_by >= 1.0 or not chances:
        return chances
    found = {value: chance * holds_by for value, chance in chances.items()}
    current = change.slot.current(view)
    found[current] = found.get(current, 0.0) + 1.0 - holds_by
    return found


def chances_of(change: Change, view: View, book: "Book[Any]") -> Chances:
    """Probabilities of next values; templates that have nothing to say are left out."""
    current = change.slot.current(view)
    chances: Chances = {}
    for outcome in change.outcomes:
        if outcome.template.form == "mirror":
            for value, chance in _mirrored(change.slot, outcome.template, view, book).items():
                chances[value] = chances.get(value, 0.0) + outcome.chance * chance
            continue
        if outcome.template.form == "scatter":
            cells = outcome.template.cells(view)
            chances.update(dict.fromkeys(cells, outcome.chance / max(len(cells), 1)))
            continue
        value = outcome.template.value(view, current)
        if value is not SKIP:
            chances[value] = chances.get(value, 0.0) + outcome.chance
    total = math.fsum(chances.values())
    if total <= 0:
        return {}
    if change.slot.what == "presence":
        return _whereabouts(chances.get(ABSENT, 0.0) / total, change.slot, view, book)
    belongs = change.slot.what in ("attribute", "position")
    gone = _chance_of_going(change.slot, view, book) if belongs else 0.0
    stays = (1.0 - gone) / total
    chances = {value: chance * stays for value, chance in chances.items()}
    if gone > 0:
        chances[ABSENT] = gone
    return chances


def _chance_of_going(slot: Slot, view: View, book: "Book[Any]") -> float:
    """How likely it is that a thing, and all it has, is gone after the step."""
    if slot.scope == AGENT:
        return 0.0
    memory = view.scene.memory
    key = ("gone", view.thing.id, view.action)
    if key not in memory:
        memory[key] = book.chances(Slot(slot.scope, "presence"), view).get(ABSENT, 0.0)
    chance: float = memory[key]
    return chance


def _whereabouts(gone: float, slot: Slot, view: View, book: "Book[Any]") -> Chances:
    """Where a thing is after the step, if it is gone by some chance."""
    view.scene.memory["gone", view.thing.id, view.action] = gone
    moves = book.chances(Slot(slot.scope, "position"), view)
    return moves or {view.thing.position: 1.0 - gone, ABSENT: gone}


def _mirrored(slot: Slot, template: Template, view: View, book: "Book[Any]") -> Chances:
    other = dataclasses.replace(slot, detail=(str(template.argument),))
    return book.chances(other, view) or {other.current(view): 1.0}


class SceneLaw(Generic[StateT]):
    """A data law as a law about the states of a world; see `worldmodels.onelife.laws.Law`."""

    def __init__(self, law: DataLaw, book: Book[StateT]) -> None:
        self.law = law
        self.book = book

    @property
    def name(self) -> str:
        """Of the data law."""
        return self.law.name

    def precondition(self, state: StateT, action: Any) -> bool:
        """Whether the condition holds for any view."""
        return next(self._views(state, action), None) is not None

    def effect(self, state: StateT, action: Any) -> Mapping[str, Distribution]:
        """What changes in every view for which the condition holds."""
        said: dict[str, Distribution] = {}
        for view in self._views(state, action):
            for change in self.law.changes:
                name = change.slot.observable(view)
                if name is None or any(holds(other, view) for other in change.unless):
                    continue
                chances = chances_of(change, view, self.book)
                chances = weighed(self.law.condition, change, chances, view)
                if chances and name not in said:
                    said[name] = _distribution(chances)
        return said

    def _views(self, state: StateT, action: Any) -> Iterator[View]:
        scene = self.book.scene(state)
        name = self.book.world.action_name(action)
        for view in views(self.law.scope, scene, name, self.book.known):
            if holds(self.law.condition, view):
                yield view


class DependentSceneLaw(SceneLaw[StateT]):
    """A law that rests on what becomes of things in the same step."""

    def effect_given(self, state: StateT, action: Any, after: Mapping[str, Value]) -> Effect | None:
        """See `worldmodels.onelife.laws.DependentLaw`."""
        with self.book.given(after):
            return self.effect(state, action) if self.precondition(state, action) else None


def _is_dependent(law: DataLaw) -> bool:
    """Whether a law asks what becomes of things, or repeats what some other law says."""
    conditions = [law.condition, *(other for change in law.changes for other in change.unless)]
    if any(test.term[0] == "risen" for condition in conditions for test in condition):
        return True
    outcomes = [outcome for change in law.changes for outcome in change.outcomes]
    return law.scope == AGENT and any(outcome.template.form == "mirror" for outcome in outcomes)


def _distribution(chances: Mapping[Value, float]) -> Distribution:
    kept = {value: chance for value, chance in chances.items() if chance >= _LEAST_CHANCE}
    return Distribution(tuple(kept), tuple(math.log(chance) for chance in kept.values()))


def changes_something(outcomes: Sequence[Outcome]) -> bool:
    """Whether anything but staying is expected."""
    return any(o.template != STAY and o.chance > _LEAST_CHANCE for o in outcomes)


__all__ = [
    "ABSENT",
    "Book",
    "Chances",
    "Change",
    "DataLaw",
    "DependentSceneLaw",
    "Outcome",
    "SceneLaw",
    "chances_of",
    "changes_something",
    "speaks",
    "weighed",
]
