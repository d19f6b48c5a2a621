"""A way to shut oneself in: search over digging, walking and placing, as they were learned."""

from collections import deque
from collections.abc import Collection
from typing import Final, NamedTuple

from worldmodels.onelife.exploration.routes import SHUT, Place, Terrain, Way
from worldmodels.onelife.scenes import UNIT_VECTORS, Cell

_MOST_STATES: Final = 4000
_ROOM: Final = 3  # cells that may be left inside


class Wall(NamedTuple):
    """An action that shuts the open cell in front."""

    action: str
    grounds: Collection[str]  # materials it can be done to
    number: int  # how often it can be done


class _State(NamedTuple):
    position: Cell
    facing: Cell
    opened: frozenset[Cell]
    shut: frozenset[Cell]


def shelter(terrain: Terrain, place: Place, wall: Wall) -> list[str] | None:
    """The shortest sequence of actions after which nothing can come near; None if none is found."""
    start = _State(*place, frozenset(), frozenset())
    queue: deque[tuple[_State, tuple[str, ...]]] = deque([(start, ())])
    seen = {start}
    while queue and len(seen) < _MOST_STATES:
        state, actions = queue.popleft()
        if _is_shut_in(terrain, state):
            return list(actions)
        for action, following in _options(terrain, state, wall):
            if following not in seen:
                seen.add(following)
                queue.append((following, (*actions, action)))
    return None


def burrow(terrain: Terrain, way: Way) -> list[str] | None:
    """How to get to a place in front of ground that two cells can be dug into; None if it is not.

    Digging, stepping in and placing behind are left to `shelter` once the agent is there.
    """
    (x, y), (dx, dy) = way.place
    tunnel = [(x + dx, y + dy), (x + 2 * dx, y + 2 * dy)]
    walls = [(i + side * dy, j + side * dx) for i, j in tunnel for side in (-1, 1)]
    walls.append((x + 3 * dx, y + 3 * dy))
    actions = [terrain.clearing(cell) for cell in tunnel]
    if (
        any(terrain.is_passable(cell) for cell in walls)
        or None in actions
        or (dx, dy) not in terrain.moves
    ):
        return None
    first = actions[0]
    assert first is not None, "checked above"
    return [*way.actions, first, terrain.moves[dx, dy]]


def _options(terrain: Terrain, state: _State, wall: Wall) -> list[tuple[str, _State]]:
    x, y = state.position
    ahead = (x + state.facing[0], y + state.facing[1])
    found = []
    opened, shut = state.opened, state.shut
    if not _is_open(terrain, state, ahead) and ahead not in shut:
        dig = terrain.clearing(ahead)
        if dig is not None:
            found.append((dig, state._replace(opened=opened | {ahead})))
    elif len(shut) < wall.number + len(opened) and _is_open(terrain, state, ahead):
        is_ground = ahead in opened or terrain.scene.material(ahead) in wall.grounds
        if is_ground and ahead not in terrain.scene.by_cell:
            shut_now = state._replace(shut=shut | {ahead}, opened=opened - {ahead})
            found.append((wall.action, shut_now))
    for step, action in terrain.moves.items():
        goal = (x + step[0], y + step[1])
        if _is_open(terrain, state, goal):
            if goal not in terrain.scene.by_cell or goal == terrain.scene.agent.position:
                found.append((action, state._replace(position=goal, facing=step)))
        elif step != state.facing and (goal in shut or terrain.code(goal) == SHUT):
            found.append((action, state._replace(facing=step)))
    return found


def _is_open(terrain: Terrain, state: _State, cell: Cell) -> bool:
    if cell in state.opened:
        return True
    return cell not in state.shut and terrain.is_ground(cell)


def _is_shut_in(terrain: Terrain, state: _State) -> bool:
    inside = {state.position}
    edge = [state.position]
    while edge:
        x, y = edge.pop()
        for dx, dy in UNIT_VECTORS:
            cell = (x + dx, y + dy)
            if cell not in inside and _is_gap(terrain, state, cell):
                if cell in terrain.scene.by_cell and cell != terrain.scene.agent.position:
                    return False  # whoever stands there would be inside
                inside.add(cell)
                edge.append(cell)
                if len(inside) > _ROOM:
                    return False
    return True


def _is_gap(terrain: Terrain, state: _State, cell: Cell) -> bool:
    if cell in state.opened:
        return True
    return cell not in state.shut and terrain.is_passable(cell)
