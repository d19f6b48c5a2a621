"""Well-known patterns of Conway's Life, and what becomes of them.

Source: lifegpt.md 3.5; the shapes are common knowledge of the Life community, under the names that
LifeWiki gives them. Every fact is computed again by the tests.
"""

import dataclasses
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool

from envs.life.formats import Grid, parse_rle


@dataclasses.dataclass(frozen=True)
class KnownPattern:
    """A shape, and its fate on an empty plane that is large enough."""

    rle: str  # without header
    period: int | None = None  # generations until it is itself again, perhaps elsewhere
    moves: tuple[int, int] = (0, 0)  # (down, right) cells within a period
    lifespan: int | None = None  # generations until its population is that of the end
    population: int | None = None  # from then on, gliders that fly away included

    def cells(self) -> Grid:
        """The shape; read-only."""
        return _cells(self.rle)


@cache
def _cells(rle: str) -> Grid:
    cells = parse_rle(rle, strict=False).cells
    cells.flags.writeable = False
    return cells


def _still(rle: str) -> KnownPattern:
    return KnownPattern(rle, period=1)


PATTERNS: Final[dict[str, KnownPattern]] = {
    "block": _still("2o$2o!"),
    "beehive": _still("b2o$o2bo$b2o!"),
    "loaf": _still("b2o$o2bo$bobo$2bo!"),
    "boat": _still("2o$obo$bo!"),
    "tub": _still("bo$obo$bo!"),
    "pond": _still("b2o$o2bo$o2bo$b2o!"),
    "ship": _still("2o$obo$b2o!"),
    "eater 1": _still("2o$obo$2bo$2b2o!"),
    "blinker": KnownPattern("3o!", period=2),
    "toad": KnownPattern("b3o$3o!", period=2),
    "beacon": KnownPattern("2o$o$3bo$2b2o!", period=2),
    "pulsar": KnownPattern(
        "2b3o3b3o2$o4bobo4bo$o4bobo4bo$o4bobo4bo$2b3o3b3o2$2b3o3b3o$o4bobo4bo$o4bobo4bo$o4bobo4bo2$"
        "2b3o3b3o!",
        period=3,
    ),
    "pentadecathlon": KnownPattern("2bo4bo$2ob4ob2o$2bo4bo!", period=15),
    "figure eight": KnownPattern("2o$2obo$4bo$bo$2bob2o$4b2o!", period=8),
    "glider": KnownPattern("bob$2bo$3o!", period=4, moves=(1, 1)),
    "lwss": KnownPattern("bo2bo$o$o3bo$4o!", period=4, moves=(0, -2)),
    "mwss": KnownPattern("3bo$bo3bo$o$o4bo$5o!", period=4, moves=(0, -2)),
    "hwss": KnownPattern("3b2o$bo4bo$o$o5bo$6o!", period=4, moves=(0, -2)),
    "r-pentomino": KnownPattern("b2o$2o$bo!", lifespan=1103, population=116),
    "acorn": KnownPattern("bo$3bo$2o2b3o!", lifespan=5206, population=633),
    "diehard": KnownPattern("6bo$2o$bo3b3o!", lifespan=130, population=0),
    "pi-heptomino": KnownPattern("3o$obo$obo!", lifespan=173, population=55),
    "thunderbird": KnownPattern("3o2$bo$bo$bo!", lifespan=242, population=46),
    "b-heptomino": KnownPattern("ob2o$3o$bo!", lifespan=148, population=28),
    "gosper gun": KnownPattern(  # period 30, and a glider more each time
        "24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4bobo$10bo5bo7bo$"
        "11bo3bo$12b2o!"
    ),
}


def find_pattern(name: str) -> KnownPattern:
    """A pattern by its name, in any case.

    Raises:
        ValueError: there is none; the message lists the names.
    """
    pattern = PATTERNS.get(name.strip().lower())
    if pattern is None:
        raise ValueError(f"no pattern is called {name!r}; there are: {', '.join(PATTERNS)}")
    return pattern


def place(
    cells: Bool[np.ndarray, "_rows _columns"],
    height: int,
    width: int,
    corner: tuple[int, int] | None = None,
) -> Grid:
    """A grid that is empty but for a pattern.

    Args:
        cells: The pattern.
        height: Of the grid.
        width: Of the grid.
        corner: (row, column) of its upper left cell; None puts it into the middle.

    Raises:
        ValueError: it does not fit.
    """
    rows, columns = cells.shape
    top, left = corner or ((height - rows) // 2, (width - columns) // 2)
    if top < 0 or left < 0 or top + rows > height or left + columns > width:
        raise ValueError(
            f"a pattern of {rows} x {columns} cells does not fit into {height} x {width} cells"
            + (f" at {corner}" if corner else "")
            + "; make the grid larger"
        )
    grid = np.zeros((height, width), np.bool_)
    grid[top : top + rows, left : left + columns] = cells
    return grid
