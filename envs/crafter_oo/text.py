"""A world in words: letter maps, a short description, and a full report of the state.

The short description follows the layout of the BALROG benchmark's Crafter wrapper (arXiv
2411.13543), the report that of the exploring agent of arXiv 2510.12088.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from jaxtyping import Int, UInt8

from envs.crafter_oo.render import local_materials, local_objects
from envs.crafter_oo.state import MaterialGrid, ObjectState, Position, WorldState
from envs.crafter_oo.tables import (
    FIRST_OBJECT_ID,
    ITEMS,
    MATERIAL_NAMES,
    MAX_ITEM,
    OBJECT_KINDS,
    VITALS,
    Material,
)

MATERIAL_LETTERS: Final = " ~.#=:TLCID+F"
"""One letter per material id; a blank where there is none."""

OBJECT_LETTERS: Final[dict[str, str]] = {
    "player": "@",
    "cow": "c",
    "zombie": "Z",
    "skeleton": "S",
    "arrow": "^",
    "plant": "p",
    "fence": "|",
}

REPORTED_MATERIALS: Final = (
    "tree",
    "stone",
    "coal",
    "iron",
    "diamond",
    "water",
    "grass",
    "table",
    "furnace",
)
REPORTED_OBJECTS: Final = ("plant", "cow", "zombie", "skeleton", "arrow", "fence")

_NAMES: Final = (*MATERIAL_NAMES, *OBJECT_KINDS)  # by id in the semantic map


def map_text(materials: MaterialGrid) -> str:
    """Write the materials of the whole area, one line per y, one letter per x."""
    return _letters(materials.array)


def ascii_map(state: WorldState, reach: tuple[int, int] | None = None) -> str:
    """Draw materials and, over them, objects, one line per y, one letter per x.

    Args:
        state: The world to show.
        reach: How many cells to show on each side of the player, (x, y), blank outside the area;
            None shows the whole area.
    """
    return _draw(state, state.objects, reach)


def describe(state: WorldState) -> str:
    """Say briefly what the player sees, faces and has; nothing beyond its view."""
    player = state.player
    paragraphs = []
    if player.inventory.health <= 0:
        paragraphs.append("You are dead.")
    elif player.sleeping:
        paragraphs.append("You are sleeping.")
    seen = [
        f"- {name} {_steps(abs(dx) + abs(dy), 'to your')} {_compass(dx, dy)}"
        for name, (dx, dy) in _nearest_in_view(state)
    ]
    paragraphs.append("\n".join(["You see:", *seen]))
    faced = faced_name(state)
    paragraphs.append(f"You face {faced} at your front." if faced else "You face nothing.")
    counts = dict(zip(ITEMS, player.inventory.values(), strict=True))
    vitals = [f"- {item}: {counts[item]}/{MAX_ITEM}" for item in VITALS]
    paragraphs.append("\n".join(["Your status:", *vitals]))
    carried = [f"- {item}: {n}" for item, n in counts.items() if item not in VITALS and n > 0]
    if carried:
        paragraphs.append("\n".join(["Your inventory:", *carried]))
    else:
        paragraphs.append("You have nothing in your inventory.")
    return "\n\n".join(paragraphs)


def observation_text(state: WorldState) -> str:
    """Report everything that an exploring agent may know, the internal counters included.

    The local view is a square with `max(view)` cells on each side of the player; it and the list
    below it cover what is at most that Manhattan distance away (materials are drawn to the
    square's corners). The distant view lists the nearest of each kind beyond, in the whole area.
    """
    player, reach = state.player, max(state.view)
    counts = dict(zip(ITEMS, player.inventory.values(), strict=True))
    near = [entity for entity in state.objects if entity.distance(player.position) <= reach]
    status = [f"- {item}: {counts[item]}/{MAX_ITEM}" for item in VITALS]
    status += [
        f"- position: {tuple(player.position)}",
        f"- facing: {_compass(*player.facing)}",
        f"- sleeping: {'yes' if player.sleeping else 'no'}",
        f"- thirst: {player.thirst:.2f}",
        f"- hunger: {player.hunger:.2f}",
        f"- fatigue: {player.fatigue:.2f}",
        f"- recovery: {player.recover:.2f}",
    ]
    inventory = [f"- {item}: {n}" for item, n in counts.items() if item not in VITALS]
    target = player.position + player.facing
    faced = faced_name(state)
    facing = f"Target: {faced} at {tuple(target)}" if faced else "Target: nothing"
    return "\n\n".join(
        (
            "\n".join(["Status:", *status]),
            "\n".join(["Inventory:", *inventory]),
            facing,
            f"Local view (up to {reach} steps):\n{_draw(state, near, (reach, reach))}",
            "\n".join(["Nearest in the local view:", *_report(state, 0, reach)]),
            "\n".join(["Nearest in the distant view:", *_report(state, reach + 1, None)]),
        )
    )


def faced_name(state: WorldState) -> str | None:
    """Name of the object in front of the player, else of the material; None outside the area."""
    material, entity = state.get_target_tile()
    return entity.name if entity else material


def _letters(ids: UInt8[np.ndarray, "x y"]) -> str:
    letters = np.frombuffer(MATERIAL_LETTERS.encode(), dtype=np.uint8)[ids.T]
    return "\n".join(row.tobytes().decode() for row in letters)


def _nearest_in_view(state: WorldState) -> Iterator[tuple[str, tuple[int, int]]]:
    """For each kind in view, by id: its name and the offset of its nearest instance."""
    ids = local_materials(state)
    for entity, x, y in local_objects(state):
        ids[x, y] = FIRST_OBJECT_ID + OBJECT_KINDS.index(entity.name)
    center = ids.shape[0] // 2, ids.shape[1] // 2
    ids[center] = Material.NONE  # the player does not see itself
    for kind in np.unique(ids):
        if kind != Material.NONE:
            cells = np.argwhere(ids == kind) - center
            yield _NAMES[kind] or "", _nearest(cells.tolist())


def _nearest(offsets: Iterable[Sequence[int]]) -> tuple[int, int]:
    """The offset of least Manhattan length; on a tie the northern, then the western one."""
    _, dy, dx = min((abs(dx) + abs(dy), dy, dx) for dx, dy in offsets)
    return dx, dy


def _compass(dx: int, dy: int) -> str:
    """North or south first, then west or east: `"north-west"`."""
    vertical = ["north" if dy < 0 else "south"] if dy else []
    horizontal = ["west" if dx < 0 else "east"] if dx else []
    return "-".join(vertical + horizontal)


def _draw(state: WorldState, objects: Iterable[ObjectState], reach: tuple[int, int] | None) -> str:
    rows = [list(row) for row in map_text(state.materials).split("\n")]
    for entity in objects:
        if state.contains(entity.position):
            rows[entity.position.y][entity.position.x] = OBJECT_LETTERS[entity.name]
    if reach is None:
        return "\n".join(map("".join, rows))
    x, y = state.player.position
    return "\n".join(
        "".join(
            rows[row][column] if state.contains((column, row)) else " "
            for column in range(x - reach[0], x + reach[0] + 1)
        )
        for row in range(y - reach[1], y + reach[1] + 1)
    )


def _report(state: WorldState, least: int, most: int | None) -> Iterator[str]:
    """A line per kind: where its nearest instance is whose distance lies in least..most."""
    center = state.player.position
    ids = state.materials.array
    for name in REPORTED_MATERIALS:
        yield _line(name, np.argwhere(ids == Material[name.upper()]), center, least, most)
    for name in REPORTED_OBJECTS:
        cells = [e.position for e in state.objects if e.name == name]
        yield _line(name, np.array(cells, dtype=np.int64).reshape(-1, 2), center, least, most)


def _line(
    name: str, cells: Int[np.ndarray, "count 2"], center: Position, least: int, most: int | None
) -> str:
    offsets = cells - np.array(center)
    steps = np.abs(offsets).sum(axis=1)
    is_asked = steps >= least if most is None else (steps >= least) & (steps <= most)
    if not is_asked.any():
        return f"- {name}: not present"
    dx, dy = _nearest(offsets[is_asked & (steps == steps[is_asked].min())].tolist())
    legs = ((dy, _compass(0, dy)), (dx, _compass(dx, 0)))
    ways = [_steps(length, way) for length, way in legs if length]
    place = (center.x + dx, center.y + dy)
    return f"- {name}: distance {abs(dx) + abs(dy)}, {', '.join(ways) or 'here'}, at {place}"


def _steps(count: int, way: str) -> str:
    return f"{abs(count)} step{'s' * (abs(count) != 1)} {way}"
