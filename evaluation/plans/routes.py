"""How to get next to something: shortest ways over free cells."""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Final

from envs.crafter_oo.scripted import MOVES
from envs.crafter_oo.state import DIRECTIONS, Position, WorldState
from envs.crafter_oo.tables import WALKABLE, Action

_IS_WALKABLE: Final = bytes(material in WALKABLE for material in range(256))


def is_free(state: WorldState, cell: Position) -> bool:
    """Whether the player can step onto a cell and live."""
    return (
        state.contains(cell)
        and state.materials[cell] in WALKABLE
        and all(entity.position != cell for entity in state.objects)
    )


def use(
    state: WorldState, targets: Collection[Position], action: Action = Action.DO
) -> Action | None:
    """The next action on the shortest way to face one of the cells, then `action`.

    The cells are such that nobody can step onto them. None if there is no way.
    """
    here = state.player.position
    if here + state.player.facing in targets:
        return action
    for step in DIRECTIONS:
        if here + step in targets:
            return MOVES[step]  # turns only: something is in the way
    return walk(state, {cell + step for cell in targets for step in DIRECTIONS})


def walk(state: WorldState, goals: Collection[Position]) -> Action | None:
    """The first move of a shortest way to one of the cells; None if there is none, or there."""
    height = state.materials.height
    is_open = bytearray(state.materials.cells.translate(_IS_WALKABLE))
    for entity in state.objects:
        is_open[entity.position.x * height + entity.position.y] = 0
    wanted = {x * height + y for x, y in goals if state.contains((x, y))}
    x, y = state.player.position
    start = x * height + y
    first: dict[int, Position] = {}  # cell -> first step on the way to it
    frontier = deque([start])
    while frontier:
        cell = frontier.popleft()
        if cell in wanted:
            return MOVES[first[cell]] if cell != start else None
        row = cell % height
        for step in DIRECTIONS:
            ahead = cell + step.x * height + step.y
            if not (0 <= row + step.y < height and 0 <= ahead < len(is_open)):
                continue
            if is_open[ahead]:
                is_open[ahead] = 0
                first[ahead] = first.get(cell, step)
                frontier.append(ahead)
    return None


def around(cells: Iterable[Position]) -> set[Position]:
    """The 3x3 blocks around cells, where a player can use what stands there.

    In the left column and the top row of the area nothing can be used, as in Crafter.
    """
    reach = (-1, 0, 1)
    block = {Position(x + dx, y + dy) for x, y in cells for dx in reach for dy in reach}
    return {cell for cell in block if min(cell) > 0}
