"""The lie of the land, and the ways through it to every cell that can be faced."""

import heapq
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from worldmodels.onelife.scenes import UNIT_VECTORS, Cell, Scene

_MOST: Final = 8000  # places looked at

Place = tuple[Cell, Cell]  # where the agent stands, and the direction it faces

UNKNOWN, SHUT, OPEN = range(3)
"""A cell that is not walked against, one that is only turned to, one that is walked on."""


class Terrain:
    """What the cells of one scene are to a walker.

    Args:
        scene: The map.
        open_materials: What can be walked on.
        shut_materials: What can safely be walked against.
        barriers: What nothing is believed to walk through.
        clearings: Material -> the action that makes it open.
        moves: Direction -> the action that turns there, and steps if the cell is open.
    """

    def __init__(
        self,
        scene: Scene,
        open_materials: Collection[str],
        shut_materials: Collection[str],
        barriers: Collection[str],
        clearings: Mapping[str, str],
        moves: Mapping[Cell, str],
    ) -> None:
        self.scene = scene
        self.moves = moves
        self.clearings = clearings
        codes = [
            OPEN if name in open_materials else SHUT if name in shut_materials else UNKNOWN
            for name in scene.materials
        ]
        self._grid = np.array(codes)[scene.cells].tolist()
        is_barrier = [name in barriers for name in scene.materials]
        self._barriers = np.array(is_barrier)[scene.cells].tolist()
        self._width, self._height = scene.size

    def code(self, cell: Cell) -> int:
        """What a cell is to a walker; a thing shuts the cell it stands on."""
        x, y = cell
        if not (0 <= x < self._width and 0 <= y < self._height) or cell in self.scene.by_cell:
            return SHUT
        return int(self._grid[x][y])

    def is_ground(self, cell: Cell) -> bool:
        """Whether a cell could be walked on if nothing stood there."""
        x, y = cell
        return 0 <= x < self._width and 0 <= y < self._height and self._grid[x][y] == OPEN

    def is_passable(self, cell: Cell) -> bool:
        """Whether something might come through a cell."""
        x, y = cell
        return 0 <= x < self._width and 0 <= y < self._height and not self._barriers[x][y]

    def clearing(self, cell: Cell) -> str | None:
        """The action that makes a cell open."""
        if cell in self.scene.by_cell:
            return None
        return self.clearings.get(self.scene.material(cell) or "")

    def room(self, start: Cell, most: int) -> set[Cell] | None:
        """The cells that can be walked to; None if they are more than `most`."""
        inside, edge = {start}, [start]
        while edge:
            x, y = edge.pop()
            for dx, dy in UNIT_VECTORS:
                cell = (x + dx, y + dy)
                if cell not in inside and self.is_passable(cell):
                    inside.add(cell)
                    edge.append(cell)
                    if len(inside) > most:
                        return None
        return inside


class Way(NamedTuple):
    """A place and what it costs to get there."""

    place: Place
    steps: int
    came: dict[Place, tuple[Place, tuple[str, ...]]]  # from where, and by which actions

    @property
    def actions(self) -> list[str]:
        """What to do to get there."""
        found: list[str] = []
        place = self.place
        while place in self.came:
            place, using = self.came[place]
            found = [*using, *found]
        return found


def ways(
    terrain: Terrain,
    start: Place,
    avoid: Mapping[Cell, int],
    reach: int,
    room: Collection[Cell] | None = None,
) -> Iterator[Way]:
    """Places in the order of their cost, the nearest first.

    Args:
        terrain: The map.
        start: Where the agent is.
        avoid: Extra cost of entering a cell.
        reach: Cost beyond which nothing is looked at.
        room: A closed room that is not to be left or broken open.
    """
    best: dict[Place, int] = {start: 0}
    came: dict[Place, tuple[Place, tuple[str, ...]]] = {}
    queue: list[tuple[int, int, Place]] = [(0, 0, start)]
    done: set[Place] = set()
    count = 0
    while queue and len(done) < _MOST:
        cost, _, place = heapq.heappop(queue)
        if place in done:
            continue
        done.add(place)
        yield Way(place, cost, came)
        position, facing = place
        for step, action in terrain.moves.items():
            ahead = (position[0] + step[0], position[1] + step[1])
            code = terrain.code(ahead)
            options: list[tuple[int, Place, tuple[str, ...]]] = []
            if code == OPEN:
                options.append((1 + avoid.get(ahead, 0), (ahead, step), (action,)))
            else:
                if code == SHUT:
                    options.append((1, (position, step), (action,)))
                clearing = terrain.clearing(ahead) if step == facing else None
                if clearing is not None and (room is None or is_sealed(terrain, ahead, room)):
                    options.append((2 + avoid.get(ahead, 0), (ahead, step), (clearing, action)))
            for extra, target, using in options:
                total = cost + extra
                if total <= reach and total < best.get(target, reach + 1):
                    best[target] = total
                    came[target] = place, using
                    count += 1
                    heapq.heappush(queue, (total, count, target))


def is_sealed(terrain: Terrain, cell: Cell, room: Collection[Cell]) -> bool:
    """Whether opening a cell would not open a room to the outside."""
    x, y = cell
    return all(
        (x + dx, y + dy) in room or not terrain.is_passable((x + dx, y + dy))
        for dx, dy in UNIT_VECTORS
    )
