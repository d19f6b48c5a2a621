"""What conditions can speak about: values read off a scene, an action and one thing in it.

A term is a head with arguments, such as `("target", "facing", "material")`. Nothing here knows a
world: directions are attributes whose values are unit vectors, and what actions and materials
mean is in `Knowledge`, which is learned.

| head | arguments | value |
|---|---|---|
| `action` | | name of the action |
| `turns` | | whether the action turns the agent |
| `own` | attribute | of the thing itself |
| `agent` | attribute | of the agent |
| `soon` | attribute | of the agent, a truth value or whole number, after the step |
| `global` | name | of the scene |
| `phase` | period | the clock modulo the period, after the step |
| `cell` | offset, `material` / `kind` / `free` / attribute | of the cell at an offset |
| `near` | material | cells (as a king walks) to the nearest such cell, at most `REACH` |
| `nearest` | kind, `distance` / attribute | of the nearest thing of a kind, seen from the agent |
| `ready` | kind, attribute | distance to the nearest thing of a kind whose attribute is 0 |
| `pointed` | kind | whether a thing of the kind heads for the agent's cell |
| `beside` | kind | whether such a thing is one step away |
| `risen` | kind, attribute | whether it will rise, of a thing `WITHIN` steps of the agent |
| `distance`, `reach` | | steps, or king's moves, to where the agent will stand |
| `faced` | attribute | whether the agent looks at the thing |
| `crowd` | | things of its kind in its region |
| `count` | kind | things of a kind in the region |
| `ground` | material | cells of a material in the region |
"""

import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.scenes import UNIT_VECTORS, Cell, Scene, Thing

REACH: Final = 4  # nearby materials are looked for this far, and reported as this if further
WITHIN: Final = 2  # steps from where the agent will stand, within which things act on it
SIGHT: Final = 20  # distances to things are cut off here
_NOTABLE: Final = 0.02  # chance of a rise from which it is spoken of
AGENT: Final = "agent"  # scope of laws about the agent

Term = tuple[str | int, ...]

FROM_WHERE_IT_WILL_STAND: Final = frozenset({"nearest", "ready", "pointed", "risen"})
"""Heads that look at things from the cell where the agent will stand."""


@dataclasses.dataclass
class Knowledge:
    """What has been learned about a world and what terms need.

    Attributes:
        agent_kind: What the agent is called.
        clock: The global that counts steps, if one does.
        directions: Where an action turns the agent.
        grounds: Materials on which things of a kind, the agent's included, have been seen.
        next_cell: Where the agent will stand, given a scene and an action.
        next_value: What an attribute of the agent, by name, will most likely be.
        chance_of_rise: How likely an attribute of a thing, by name, is to rise.
        given: What observables will be, if that is known.
    """

    agent_kind: str = ""
    clock: str | None = None
    directions: dict[str, Cell] = dataclasses.field(default_factory=dict)
    grounds: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    next_cell: Callable[[Scene, str], Cell] = lambda scene, action: scene.agent.position
    next_value: Callable[[Scene, str, str], Value] = lambda scene, action, name: (
        scene.agent.attributes.get(name)
    )
    chance_of_rise: Callable[[Scene, str, Thing, str], float] = lambda *_: 0.0
    given: Mapping[str, Value] | None = None


class View:
    """One thing in one scene, under one action of the agent; or a region, without a thing."""

    __slots__ = ("action", "known", "region", "scene", "thing")

    def __init__(
        self,
        scene: Scene,
        action: str,
        thing: Thing,
        known: Knowledge,
        region: Cell | None = None,
    ) -> None:
        self.scene = scene
        self.action = action
        self.thing = thing
        self.known = known
        self.region = region

    def agent_cell(self) -> Cell:
        """Where the agent will stand."""
        memory = self.scene.memory
        key = ("agent cell", self.action)
        if key not in memory:
            memory[key] = self.known.next_cell(self.scene, self.action)
        cell: Cell = memory[key]
        return cell

    def offset(self, name: str) -> Cell | None:
        """A direction by name; None where there is none.

        `here`, `ahead` (where the action turns the agent), `toward`, `toward short`, `away`,
        `away short` (from the agent, along the longer or shorter axis), `west`, `east`, `north`,
        `south`, or an attribute of the thing that is a direction.
        """
        if name in _COMPASS:
            return _COMPASS[name]
        if name == "ahead":
            return self.known.directions.get(self.action)
        if name in _RELATIVE:
            sign, is_long = _RELATIVE[name]
            (x, y), (i, j) = self.thing.position, self.agent_cell()
            dx, dy = i - x, j - y
            if (abs(dx) > abs(dy)) == is_long:
                step = ((dx > 0) - (dx < 0), 0)
            else:
                step = (0, (dy > 0) - (dy < 0))
            return (sign * step[0], sign * step[1]) if step != (0, 0) else None
        value = self.thing.attributes.get(name)
        return value if is_direction(value) else None  # type: ignore[return-value]  # checked

    def cell(self, name: str) -> Cell | None:
        """The cell at an offset; it may lie outside."""
        step = self.offset(name)
        if step is None:
            return None
        x, y = self.thing.position
        return x + step[0], y + step[1]

    def is_free(self, cell: Cell) -> bool:
        """Whether the thing could step onto a cell, as far as is known."""
        scene = self.scene
        if scene.material(cell) not in self.known.grounds.get(self.thing.kind, ()):
            return False
        if self.thing is scene.agent:
            return cell not in scene.by_cell
        if cell == self.agent_cell():
            return False
        other = scene.by_cell.get(cell)
        return other is None or other is scene.agent


def value_of(term: Term, view: View) -> Value:
    """Read a term off a view; None where there is nothing to read."""
    return _HEADS[term[0]](view, *term[1:])


def checked_term(parts: Sequence[Any]) -> Term:
    """A term from its parts.

    Raises:
        ValueError: there is no such head, or it takes other arguments.
    """
    head, *arguments = parts
    if head not in tuple(_HEADS):  # a tuple: what came may not be hashable
        known = ", ".join(map(str, _HEADS))
        raise ValueError(f"expected a head of a term, one of {known}, got {head!r}")
    number = len(inspect.signature(_HEADS[head]).parameters) - 1  # besides the view
    sort = int if head == "phase" else str
    if len(arguments) != number or not all(isinstance(part, sort) for part in arguments):
        raise ValueError(f"{head!r} takes {number} arguments ({sort.__name__}), got {arguments!r}")
    return (head, *arguments)


def is_direction(value: Any) -> bool:
    """Whether a value is a unit vector."""
    return isinstance(value, tuple) and value in UNIT_VECTORS


_COMPASS: Final[Mapping[str, Cell]] = {
    "here": (0, 0),
    "west": (-1, 0),
    "east": (1, 0),
    "north": (0, -1),
    "south": (0, 1),
}
_RELATIVE: Final[Mapping[str, tuple[int, bool]]] = {
    "toward": (1, True),
    "toward short": (1, False),
    "away": (-1, True),
    "away short": (-1, False),
}
STEPS: Final = (*tuple(_COMPASS)[1:], *_RELATIVE)
"""Names of offsets that lead to a neighbouring cell, whatever the world."""


def _own(view: View, attribute: str) -> Value:
    return view.thing.attributes.get(attribute)


def _agent(view: View, attribute: str) -> Value:
    return view.scene.agent.attributes.get(attribute)


def _soon(view: View, attribute: str) -> Value:
    memory = view.scene.memory
    key = ("soon", attribute, view.action)
    if key not in memory:
        memory[key] = view.known.next_value(view.scene, view.action, attribute)
    value: Value = memory[key]
    return value


def _phase(view: View, period: int) -> Value:
    assert view.known.clock is not None, "phases exist only where a clock was found"
    now = view.scene.globals[view.known.clock]
    assert isinstance(now, int), "a clock counts"
    return (now + 1) % period


def _cell(view: View, offset: str, what: str) -> Value:
    cell = view.cell(offset)
    if cell is None:
        return None
    if what == "material":
        return view.scene.material(cell)
    if what == "free":
        return view.is_free(cell)
    other = view.scene.by_cell.get(cell)
    if other is None:
        return None
    return other.kind if what == "kind" else other.attributes.get(what)


def _near(view: View, material: str) -> Value:
    memory = view.scene.memory
    if "near" not in memory:
        memory["near"] = _distances(view.scene)
    distances: dict[str, int] = memory["near"]
    return distances.get(material, REACH)


def _distances(scene: Scene) -> dict[str, int]:
    """Distance, in king's moves, to each material within reach of the agent."""
    x, y = scene.agent.position
    found: dict[str, int] = {}
    for radius in range(REACH):
        block = scene.cells[
            max(x - radius, 0) : x + radius + 1, max(y - radius, 0) : y + radius + 1
        ]
        for index in np.unique(block).tolist():
            found.setdefault(scene.materials[index], radius)
    return found


def _nearest(view: View, kind: str, what: str) -> Value:
    memory = view.scene.memory
    key = ("nearest", kind, view.action)
    if key not in memory:
        goal = view.agent_cell()
        candidates = [
            (abs(t.position[0] - goal[0]) + abs(t.position[1] - goal[1]), t.id, t)
            for t in view.scene.by_kind.get(kind, ())
        ]
        memory[key] = min(candidates)[::2] if candidates else (SIGHT, None)
    found: tuple[int, Thing | None] = memory[key]
    distance, thing = found
    if what == "distance":
        return min(distance, SIGHT)
    return None if thing is None else thing.attributes.get(what)


def _ready(view: View, kind: str, attribute: str) -> Value:
    memory = view.scene.memory
    key = ("ready", kind, attribute, view.action)
    if key not in memory:
        x, y = view.agent_cell()
        distances = [
            abs(thing.position[0] - x) + abs(thing.position[1] - y)
            for thing in view.scene.by_kind.get(kind, ())
            if thing.attributes.get(attribute) == 0
        ]
        memory[key] = min([*distances, SIGHT])
    found: int = memory[key]
    return found


def _pointed(view: View, kind: str) -> Value:
    goal = view.agent_cell()
    for thing in view.scene.by_kind.get(kind, ()):
        x, y = thing.position
        if abs(x - goal[0]) + abs(y - goal[1]) == 1:
            step = (goal[0] - x, goal[1] - y)
            if any(value == step for value in thing.attributes.values() if is_direction(value)):
                return True
    return False


def _risen(view: View, kind: str, attribute: str) -> Value:
    return chance_of_risen(view, kind, attribute) >= _NOTABLE


def chance_of_risen(view: View, kind: str, attribute: str) -> float:
    """How likely an attribute of a thing of a kind, near where the agent will stand, is to rise."""
    if view.known.given is not None:
        return float(has_risen(view, kind, attribute, view.known.given))
    memory = view.scene.memory
    key = ("risen", kind, attribute, view.action)
    if key not in memory:
        chances = [
            view.known.chance_of_rise(view.scene, view.action, thing, attribute)
            for thing in near_the_agent(view, kind)
        ]
        memory[key] = 1.0 - math.prod(1.0 - chance for chance in chances)
    chance: float = memory[key]
    return chance


def has_risen(view: View, kind: str, attribute: str, after: Mapping[str, Value]) -> bool:
    """Whether an attribute of a thing of a kind, near where the agent stands, has risen.

    Args:
        view: Before the step.
        kind: Of the thing.
        attribute: A whole number.
        after: Observables after the step, by name; what is missing has not changed.
    """
    for thing in near_the_agent(view, kind):
        old, new = thing.attributes.get(attribute), after.get(f"object.{thing.id}.{attribute}")
        if type(old) is int and type(new) is int and new > old:
            return True
    return False


def near_the_agent(view: View, kind: str) -> list[Thing]:
    """Things of a kind within `WITHIN` steps of where the agent will stand."""
    x, y = view.agent_cell()
    return [
        thing
        for thing in view.scene.by_kind.get(kind, ())
        if abs(thing.position[0] - x) + abs(thing.position[1] - y) <= WITHIN
    ]


def _beside(view: View, kind: str) -> Value:
    x, y = view.thing.position
    for dx, dy in UNIT_VECTORS:
        other = view.scene.by_cell.get((x + dx, y + dy))
        if other is not None and other.kind == kind:
            return True
    return False


def _distance(view: View) -> Value:
    (x, y), (i, j) = view.thing.position, view.agent_cell()
    return min(abs(x - i) + abs(y - j), SIGHT)


def _reach(view: View) -> Value:
    (x, y), (i, j) = view.thing.position, view.agent_cell()
    return min(max(abs(x - i), abs(y - j)), SIGHT)


def _faced(view: View, attribute: str) -> Value:
    agent = view.scene.agent
    step = agent.attributes.get(attribute)
    if not isinstance(step, tuple):
        return False
    x, y = agent.position
    return (x + step[0], y + step[1]) == view.thing.position


def _region_of(view: View) -> Cell:
    return view.region or view.scene.region(view.thing.position)


def _crowd(view: View) -> Value:
    return _census(view.scene)[1].get((_region_of(view), view.thing.kind), 0)


def _count(view: View, kind: str) -> Value:
    return _census(view.scene)[1].get((_region_of(view), kind), 0)


def _ground(view: View, material: str) -> Value:
    return _census(view.scene)[0].get((_region_of(view), material), 0)


def _census(scene: Scene) -> tuple[dict[Any, int], dict[Any, int]]:
    """Cells of each material, and things of each kind, by region."""
    if "census" not in scene.memory:
        cells: dict[Any, int] = {}
        width, height = scene.region_size
        for x in range(0, scene.size[0], width):
            for y in range(0, scene.size[1], height):
                block = scene.cells[x : x + width, y : y + height]
                numbers = np.bincount(block.ravel(), minlength=len(scene.materials)).tolist()
                for name, number in zip(scene.materials, numbers, strict=True):
                    cells[(x, y), name] = number
        things: dict[Any, int] = {}
        for thing in scene.things:
            key = (scene.region(thing.position), thing.kind)
            things[key] = things.get(key, 0) + 1
        scene.memory["census"] = cells, things
    found: tuple[dict[Any, int], dict[Any, int]] = scene.memory["census"]
    return found


_HEADS: Final[Mapping[str | int, Callable[..., Value]]] = {
    "action": lambda view: view.action,
    "turns": lambda view: view.action in view.known.directions,
    "own": _own,
    "agent": _agent,
    "soon": _soon,
    "global": lambda view, name: view.scene.globals.get(name),
    "phase": _phase,
    "cell": _cell,
    "near": _near,
    "nearest": _nearest,
    "ready": _ready,
    "pointed": _pointed,
    "beside": _beside,
    "risen": _risen,
    "distance": _distance,
    "reach": _reach,
    "faced": _faced,
    "crowd": _crowd,
    "count": _count,
    "ground": _ground,
}
