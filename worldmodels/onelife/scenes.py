"""A state of any world, seen as things with attributes on a grid of materials.

This is all that the inductive synthesiser and the explorer ever see: they know no world.
"""

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8

from worldmodels.onelife.distributions import Value

Cell = tuple[int, int]

LANDMARK: Final = 2  # cells, of which there are at most so many is a landmark
UNIT_VECTORS: Final[tuple[Cell, ...]] = ((-1, 0), (1, 0), (0, -1), (0, 1))


@dataclasses.dataclass(frozen=True, slots=True)
class Thing:
    """The agent or any other object.

    An attribute is a number, a truth value, a text, or a direction (a unit vector).
    """

    id: int  # the same in every state of a life
    kind: str
    position: Cell
    attributes: Mapping[str, Value]
    records: frozenset[str] = frozenset()
    """Attributes that only tell what has happened: they are predicted, and cause nothing."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """One state. A cell is (x, y), inside if 0 <= x < width and 0 <= y < height."""

    agent: Thing
    things: tuple[Thing, ...]  # all others
    globals: Mapping[str, Value]  # what belongs to no thing, such as a clock
    cells: UInt8[np.ndarray, "width height"]  # index into `materials`
    materials: tuple[str, ...]
    region_size: Cell  # things that appear by themselves are counted per region

    @property
    def size(self) -> Cell:
        """Width and height."""
        width, height = self.cells.shape
        return width, height

    def material(self, cell: Cell) -> str | None:
        """What a cell is made of; None outside."""
        x, y = cell
        width, height = self.cells.shape
        if 0 <= x < width and 0 <= y < height:
            name: str = self.materials[self.cells[x, y]]
            return name
        return None

    def counts(self) -> dict[str, int]:
        """How many cells there are of each material."""
        numbers = np.bincount(self.cells.reshape(-1), minlength=len(self.materials)).tolist()
        return dict(zip(self.materials, numbers, strict=True))

    def landmarks(self, most: int = LANDMARK) -> frozenset[str]:
        """Materials of which there are some cells, but at most so many."""
        return frozenset(name for name, number in self.counts().items() if 0 < number <= most)

    def thing(self, cell: Cell) -> Thing | None:
        """What stands on a cell, the agent included."""
        return self.by_cell.get(cell)

    def region(self, cell: Cell) -> Cell:
        """The corner of least coordinates of the region of a cell."""
        width, height = self.region_size
        return cell[0] // width * width, cell[1] // height * height

    @cached_property
    def by_cell(self) -> dict[Cell, Thing]:
        """Things by where they stand."""
        found = {thing.position: thing for thing in self.things}
        found[self.agent.position] = self.agent
        return found

    @cached_property
    def by_id(self) -> dict[int, Thing]:
        """Things by id, without the agent."""
        return {thing.id: thing for thing in self.things}

    @cached_property
    def by_kind(self) -> dict[str, list[Thing]]:
        """Things by kind, without the agent."""
        found: dict[str, list[Thing]] = {}
        for thing in self.things:
            found.setdefault(thing.kind, []).append(thing)
        return found

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """Values of terms that were worked out for this scene and an action before."""
        return {}
