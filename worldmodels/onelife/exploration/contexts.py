"""How a scene is cut into what matters for the outcome of an action."""

import dataclasses
from collections.abc import Collection, KeysView
from functools import cached_property
from typing import Final, TypeGuard

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.scenes import Cell, Scene, Thing
from worldmodels.onelife.synthesis.terms import is_direction

AMOUNTS: Final = (1, 2, 4, 6)
"""How much of an item is told apart: fewer tries than at every number."""

Target = tuple[str, str]  # ("material" or "kind", name), or ("outside", "")


@dataclasses.dataclass(frozen=True)
class Context:
    """What an action was tried on, and what was at hand."""

    target: Target
    ripeness: tuple[int, ...]  # whole numbers of the target, if it is a thing
    stock: tuple[tuple[str, int], ...]  # items held, rounded down to `AMOUNTS`
    want: frozenset[str]  # needs that are not at their highest
    near: frozenset[str]  # stations around the agent
    flags: frozenset[str]  # that are up

    def covers(self, other: "Context") -> bool:
        """Whether it has all that the other has: items, stations, wants, and the same flags."""
        stock = dict(self.stock)
        return (
            self.flags == other.flags
            and other.near <= self.near
            and other.want <= self.want
            and all(stock.get(item, 0) >= count for item, count in other.stock)
        )

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Items of which there is at least one."""
        return frozenset(item for item, _ in self.stock)


def context_at(
    scene: Scene, place: tuple[Cell, Cell], target: Target, body: "Wants", stations: Collection[str]
) -> Context:
    """The context of an action at a place: a position, and the direction faced."""
    stock, flags = [], []
    ignored = scene.agent.records | body.needs
    for name, value in scene.agent.attributes.items():
        if isinstance(value, bool):
            flags += [name] * value
        elif is_count(value) and value > 0 and name not in ignored:
            stock.append((name, max(amount for amount in AMOUNTS if amount <= value)))
    position, (dx, dy) = place
    thing = scene.by_cell.get((position[0] + dx, position[1] + dy))
    ripeness = counts_of(thing) if thing is not None and thing is not scene.agent else ()
    return Context(
        target,
        ripeness,
        tuple(stock),
        body.wanting(scene),
        stations_around(scene, position, stations),
        frozenset(flags),
    )


class Wants:
    """Whole numbers of the agent that are there from the start: its needs."""

    def __init__(self, first: Scene) -> None:
        agent = first.agent
        self.highest = {
            name: value
            for name, value in agent.attributes.items()
            if is_count(value) and value > 0 and name not in agent.records
        }

    @property
    def needs(self) -> KeysView[str]:
        """Their names."""
        return self.highest.keys()

    def level(self, scene: Scene, need: str) -> int:
        """How much of a need is met."""
        value = scene.agent.attributes[need]
        return value if is_count(value) else 0

    def wanting(self, scene: Scene) -> frozenset[str]:
        """Needs that are not at their highest."""
        return frozenset(n for n, top in self.highest.items() if self.level(scene, n) < top)


def stations_around(scene: Scene, position: Cell, stations: Collection[str]) -> frozenset[str]:
    """Stations on the eight cells around a position."""
    if not stations:
        return frozenset()
    x, y = position
    around = [scene.material((x + dx, y + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return frozenset(name for name in around if name is not None and name in stations)


def held_by(scene: Scene) -> dict[str, int]:
    """The agent's whole numbers."""
    return {name: value for name, value in scene.agent.attributes.items() if is_count(value)}


def facing_of(agent: Thing) -> Cell:
    """The first direction among the attributes of the agent."""
    for value in agent.attributes.values():
        if _is_direction(value):
            return value
    return 0, 1


def is_count(value: Value) -> TypeGuard[int]:
    """Whether a value is a whole number; truth values are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_direction(value: Value) -> TypeGuard[Cell]:
    return is_direction(value)


def counts_of(thing: Thing) -> tuple[int, ...]:
    """The whole numbers among the attributes of a thing."""
    return tuple(value for value in thing.attributes.values() if is_count(value))


def fallen(thing: Thing, now: Thing) -> list[str]:
    """Whole numbers of a thing that are less now."""
    return [
        name
        for name, value in thing.attributes.items()
        if is_count(value) and is_count(new := now.attributes[name]) and new < value
    ]
