"""A state while it is being stepped: who stands where, and how things move."""

import bisect
from collections.abc import Set as AbstractSet
from typing import Final

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.state import (
    DIRECTIONS,
    ChunkState,
    ObjectState,
    PlayerState,
    Position,
    WorldState,
    chunk_key_of,
)
from envs.crafter_oo.tables import WALKABLE, Material

OUTSIDE: Final = Material.NONE  # what lies beyond the border


class World:
    """Wraps a state that may be changed, and keeps its occupancy up to date.

    This is the inner loop of the engine: cells are addressed by `x * height + y`, as in the
    memory of the material grid.
    """

    __slots__ = (
        "_by_id",
        "cells",
        "fix_edge_nearby",
        "height",
        "occupied",
        "player",
        "state",
        "width",
    )

    def __init__(self, state: WorldState, *, fix_edge_nearby: bool = False) -> None:
        self.state = state
        self.player: PlayerState = state.player
        self.cells = state.materials.cells
        self.width, height = state.size
        self.height = height
        self.occupied: dict[int, ObjectState] = {
            e.position[0] * height + e.position[1]: e for e in state.objects
        }
        self.fix_edge_nearby = fix_edge_nearby
        self._by_id: dict[int, ObjectState] | None = None  # made when it is first needed

    def find(self, entity_id: int) -> ObjectState:
        """The object with an id, on the map or removed in this step."""
        if self._by_id is None:
            self._by_id = {e.entity_id: e for e in self.state.objects}
        return self._by_id[entity_id]

    def material(self, cell: tuple[int, int]) -> int:
        """Material id of a cell; 0 outside the area."""
        x, y = cell
        if 0 <= x < self.width and 0 <= y < self.height:
            return self.cells[x * self.height + y]
        return OUTSIDE

    def object_at(self, cell: tuple[int, int]) -> ObjectState | None:
        """Who stands on a cell; None outside the area."""
        x, y = cell
        if 0 <= x < self.width and 0 <= y < self.height:
            return self.occupied.get(x * self.height + y)
        return None

    def is_free(self, cell: tuple[int, int], walkable: AbstractSet[int] = WALKABLE) -> bool:
        """Whether something that walks on `walkable` could step onto a cell."""
        return self.material(cell) in walkable and self.object_at(cell) is None

    def move(
        self, entity: ObjectState, step: tuple[int, int], walkable: AbstractSet[int] = WALKABLE
    ) -> bool:
        """Move one step if the cell is free, and say whether it was.

        A removed object stays off the map, but is told all the same.
        """
        old_x, old_y = entity.position
        x, y = old_x + step[0], old_y + step[1]
        height = self.height
        if not (0 <= x < self.width and 0 <= y < height):
            return False
        index = x * height + y
        if index in self.occupied or self.cells[index] not in walkable:
            return False
        if not entity.removed:
            del self.occupied[old_x * height + old_y]
            self.occupied[index] = entity
            entity.position = Position(x, y)
            wide, high = self.state.chunk_size
            if x // wide != old_x // wide or y // high != old_y // high:
                self._chunk_at(old_x, old_y).objects.remove(entity.entity_id)
                self._enter(entity)
        return True

    def move_randomly(self, entity: ObjectState, draws: Draws, slot: int) -> None:
        """Try a step in one of the four directions."""
        self.move(entity, DIRECTIONS[draws.integer(entity.entity_id, slot, 4)])

    def add(self, entity: ObjectState) -> None:
        """Put a new object on the map; its id must be `entity_id_counter_state`."""
        state = self.state
        assert entity.entity_id == state.entity_id_counter_state, "ids are given in order"
        state.entity_id_counter_state += 1
        state.objects.append(entity)
        self.occupied[entity.position.x * self.height + entity.position.y] = entity
        if self._by_id is not None:
            self._by_id[entity.entity_id] = entity
        self._enter(entity)

    def remove(self, entity: ObjectState) -> None:
        """Take an object off the map; doing it twice is harmless."""
        if entity.removed:
            return
        entity.removed = True
        objects = self.state.objects
        del objects[next(i for i, other in enumerate(objects) if other is entity)]
        x, y = entity.position
        del self.occupied[x * self.height + y]
        self._chunk_at(x, y).objects.remove(entity.entity_id)

    def damage(self, entity: ObjectState, amount: int) -> None:
        """Lower the health of an object, not below 0."""
        entity.health = max(0, entity.health - amount)

    def materials_nearby(self, cell: Position) -> set[int]:
        """Material ids in the 3x3 block around a cell.

        Crafter cuts the block with a slice from x - 1 to x + 2, which is empty at x = 0 (and
        likewise for y): there nothing is nearby, unless `fix_edge_nearby` is set.
        """
        x, y = cell
        if (x == 0 or y == 0) and not self.fix_edge_nearby:
            return set()
        height = self.height
        found: set[int] = set()
        for column in range(max(0, x - 1), min(self.width, x + 2)):
            start = column * height
            found.update(self.cells[start + max(0, y - 1) : start + min(height, y + 2)])
        return found

    def _enter(self, entity: ObjectState) -> None:
        bisect.insort(self._chunk_at(*entity.position).objects, entity.entity_id)

    def _chunk_at(self, x: int, y: int) -> ChunkState:
        state = self.state
        key = chunk_key_of(x, y, state.size, state.chunk_size)
        for chunk in state.chunks:
            if chunk.chunk_key == key:
                return chunk
        chunk = ChunkState(key, [])
        state.chunks.append(chunk)
        return chunk
