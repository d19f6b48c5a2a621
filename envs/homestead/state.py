"""The state of a farm. Positions are (x, y), x to the east, y to the south, grids `[x, y]`."""

import copy
import dataclasses
from collections.abc import Hashable, Iterator
from typing import Any, ClassVar, Final, TypeVar

import numpy as np
from jaxtyping import UInt8

from envs.homestead.tables import FULL, ITEMS, OPEN_GROUND, SOUTH, Material

Cell = tuple[int, int]

DAY: Final = 60  # steps
DARK_BELOW: Final = 0.4
REGION: Final = (7, 7)  # cells; creatures appear and vanish region by region
FARMER_ID: Final = 0


def light_at(hour: int) -> float:
    """Brightness in [0, 1]: 1 at the hours 0, 60, ..., 0 half a day later, linear between."""
    return abs(hour % DAY - DAY // 2) / (DAY // 2)


def moved(cell: Cell, direction: Cell) -> Cell:
    """The next cell in a direction."""
    return cell[0] + direction[0], cell[1] + direction[1]


def distance(first: Cell, second: Cell) -> int:
    """Manhattan distance."""
    return abs(first[0] - second[0]) + abs(first[1] - second[1])


@dataclasses.dataclass
class Farmer:
    """The one who acts. Needs are whole numbers in 0..12, and so is what the basket holds."""

    position: Cell
    gaze: Cell = SOUTH  # a unit vector
    vigour: int = FULL  # at 0 the life ends
    fed: int = FULL
    watered: int = FULL
    rested: int = FULL
    resting: bool = False
    appetite: float = 0.0  # these five count towards the next change of a need
    dryness: float = 0.0
    weariness: float = 0.0
    strain: float = 0.0
    mending: float = 0.0
    basket: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(ITEMS, 0))


@dataclasses.dataclass
class Thing:
    """Anything but the farmer that stands on a cell; a cell holds one at most."""

    kind: ClassVar[str]
    id: int
    position: Cell


@dataclasses.dataclass
class Hen(Thing):
    """Wanders, and lays when asked."""

    kind = "hen"
    brood: int = 0  # steps until it may lay again


@dataclasses.dataclass
class Fox(Thing):
    """Stalks the farmer."""

    kind = "fox"
    nerve: int = 3  # at 0 it flees for good
    patience: int = 0  # steps until it may bite again


@dataclasses.dataclass
class Sprout(Thing):
    """Grain that grows."""

    kind = "sprout"
    height: int = 0


@dataclasses.dataclass
class Pebble(Thing):
    """A thrown stone."""

    kind = "pebble"
    heading: Cell = SOUTH  # a unit vector


ThingT = TypeVar("ThingT", bound=Thing)

KINDS: Final[dict[str, type[Thing]]] = {kind.kind: kind for kind in (Hen, Fox, Sprout, Pebble)}

OWN_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(field.name for field in dataclasses.fields(kind))[2:]
    for name, kind in KINDS.items()
}
"""What a kind has beside an id and a position."""


@dataclasses.dataclass(eq=False)
class FarmState:
    """Everything there is; a transition is a function of it and of the action.

    Things are in ascending order of their ids.
    """

    cells: UInt8[np.ndarray, "width height"]  # ids of materials
    farmer: Farmer
    things: list[Thing] = dataclasses.field(default_factory=list)
    hour: int = 0  # steps since the first state
    raining: bool = False
    next_id: int = FARMER_ID + 1
    key: int = 0  # with `hour`, the random state

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FarmState):
            return NotImplemented
        return self.key == other.key and self.fingerprint() == other.fingerprint()

    __hash__ = None  # type: ignore[assignment]  # states can change

    def fingerprint(self) -> Hashable:
        """Equal for states that are equal up to their key."""
        me = self.farmer
        counts = tuple(sorted(me.basket.items()))
        own = tuple(value for name, value in vars(me).items() if name != "basket")
        things = tuple((thing.kind, *vars(thing).values()) for thing in self.things)
        globals_ = (self.hour, self.raining, self.next_id)
        return self.cells.shape, self.cells.tobytes(), own, counts, things, globals_

    def copy(self) -> "FarmState":
        """A state that shares nothing with this one."""
        farmer = copy.copy(self.farmer)
        farmer.basket = dict(farmer.basket)
        things = [copy.copy(thing) for thing in self.things]
        return dataclasses.replace(self, cells=self.cells.copy(), farmer=farmer, things=things)

    @property
    def size(self) -> Cell:
        """Width and height."""
        width, height = self.cells.shape
        return width, height

    @property
    def light(self) -> float:
        """See `light_at`."""
        return light_at(self.hour)

    @property
    def is_dark(self) -> bool:
        """Whether foxes come out."""
        return self.light < DARK_BELOW

    @property
    def is_over(self) -> bool:
        """Whether the farmer's life has ended."""
        return self.farmer.vigour <= 0

    def contains(self, cell: Cell) -> bool:
        """Whether a cell is on the grid."""
        (x, y), (width, height) = cell, self.size
        return 0 <= x < width and 0 <= y < height

    def material(self, cell: Cell) -> Material | None:
        """What a cell is made of; None outside."""
        return Material(self.cells[cell]) if self.contains(cell) else None

    def thing_at(self, cell: Cell) -> Thing | None:
        """What stands on a cell, the farmer aside."""
        return next((thing for thing in self.things if thing.position == cell), None)

    def find(self, thing_id: int) -> Thing | None:
        """The thing with an id; None if it is gone."""
        return next((thing for thing in self.things if thing.id == thing_id), None)

    def of_kind(self, kind: type[ThingT]) -> Iterator[ThingT]:
        """All things of a kind."""
        return (thing for thing in self.things if isinstance(thing, kind))

    def is_taken(self, cell: Cell) -> bool:
        """Whether somebody or something stands on a cell."""
        return cell == self.farmer.position or self.thing_at(cell) is not None

    def is_free(self, cell: Cell) -> bool:
        """Whether one can walk onto a cell, or build there."""
        return self.material(cell) in OPEN_GROUND and not self.is_taken(cell)

    def free_meadows(self, corner: Cell, size: Cell, far: int) -> list[Cell]:
        """Cells of a rectangle where a creature can appear, at least `far` from the farmer."""
        (left, top), (width, height) = corner, size
        taken = {thing.position for thing in self.things}
        window = self.cells[left : left + width, top : top + height]
        found = zip(*(window == Material.MEADOW).nonzero(), strict=True)
        cells = [(left + int(x), top + int(y)) for x, y in found]
        me = self.farmer.position
        return [cell for cell in cells if cell not in taken and distance(cell, me) >= far]

    def is_near(self, cell: Cell, material: Material, reach: int) -> bool:
        """Whether a material lies within a distance of a cell."""
        found = zip(*(self.cells == material).nonzero(), strict=True)
        return any(distance(cell, (int(x), int(y))) <= reach for x, y in found)

    def add(self, kind: type[Thing], position: Cell, **fields: Any) -> Thing:
        """Put a new thing on a cell."""
        thing = kind(self.next_id, position, **fields)
        self.things.append(thing)
        self.next_id += 1
        return thing

    def regions(self) -> list[Cell]:
        """The corner of least coordinates of each region."""
        width, height = self.size
        return [(x, y) for x in range(0, width, REGION[0]) for y in range(0, height, REGION[1])]


def region_of(cell: Cell) -> Cell:
    """The corner of least coordinates of the region of a cell."""
    return cell[0] // REGION[0] * REGION[0], cell[1] // REGION[1] * REGION[1]
