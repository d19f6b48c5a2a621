"""Constants of the world that several rules share: actions, keys, materials, items."""

import enum
from typing import Final


class Action(enum.IntEnum):
    """What the farmer can do; the value is the action index."""

    WAIT = 0
    GO_NORTH = 1
    GO_SOUTH = 2
    GO_WEST = 3
    GO_EAST = 4
    USE = 5
    EAT = 6
    REST = 7
    SOW = 8
    THROW = 9
    BUILD_FENCE = 10
    BUILD_WELL = 11
    LIGHT_KILN = 12
    BAKE = 13
    MAKE_SPADE = 14
    MAKE_MALLET = 15

    @property
    def slug(self) -> str:
        """Lower-case name (`"go_north"`)."""
        return self.name.lower()


KEYS: Final[dict[str, int]] = {
    "w": Action.GO_NORTH,
    "s": Action.GO_SOUTH,
    "a": Action.GO_WEST,
    "d": Action.GO_EAST,
    "up": Action.GO_NORTH,
    "down": Action.GO_SOUTH,
    "left": Action.GO_WEST,
    "right": Action.GO_EAST,
    "space": Action.USE,
    "e": Action.EAT,
    "tab": Action.REST,
    "p": Action.SOW,
    "t": Action.THROW,
    "f": Action.BUILD_FENCE,
    "g": Action.BUILD_WELL,
    "k": Action.LIGHT_KILN,
    "b": Action.BAKE,
    "1": Action.MAKE_SPADE,
    "2": Action.MAKE_MALLET,
}
"""Key names (as pygame spells them) to action indices."""


class Material(enum.IntEnum):
    """What a cell is made of; the value is the id in the grid (uint8)."""

    MEADOW = 0
    SOIL = 1
    POND = 2
    REEDS = 3
    GROVE = 4
    ROCK = 5
    CLAY_PIT = 6
    BARN = 7
    KILN = 8
    HOT_KILN = 9
    FENCE = 10
    WELL = 11

    @property
    def slug(self) -> str:
        """Lower-case name (`"clay_pit"`)."""
        return self.name.lower()


OPEN_GROUND: Final = frozenset({Material.MEADOW, Material.SOIL})
"""Where farmer, hens and foxes walk, and where one can build."""

ITEMS: Final = ("wood", "reed", "clay", "brick", "stone", "grain", "egg", "spade", "mallet")
NEEDS: Final = ("vigour", "fed", "watered", "rested")
FULL: Final = 12
"""The largest number of an item, and of a need."""

NORTH: Final = (0, -1)
SOUTH: Final = (0, 1)
WEST: Final = (-1, 0)
EAST: Final = (1, 0)
DIRECTIONS: Final = (NORTH, SOUTH, WEST, EAST)
