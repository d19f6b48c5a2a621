"""The first farm of a life."""

from itertools import count
from typing import Final

import numpy as np

from envs.homestead.draws import Draws, KeyedDraws
from envs.homestead.state import Cell, Farmer, FarmState, Hen, moved
from envs.homestead.tables import DIRECTIONS, OPEN_GROUND, Material

SMALLEST: Final = 12  # cells
PATCHES: Final = (
    (Material.POND, 2, 6),
    (Material.REEDS, 2, 3),
    (Material.GROVE, 3, 4),
    (Material.ROCK, 3, 3),
    (Material.CLAY_PIT, 2, 3),
    (Material.SOIL, 2, 4),
    (Material.KILN, 1, 1),
)
"""Material, number of patches, steps of the random walk that makes a patch."""
NUM_HENS: Final = 3
START_DISTANCE: Final = 3  # least distance of patches' first cells and hens from the farmer


def generate(key: int, size: Cell) -> FarmState:
    """A farm in whose middle the farmer stands, where every material can be walked to.

    Raises:
        ValueError: the size is too small.
    """
    if min(size) < SMALLEST:
        raise ValueError(f"a farm has at least {SMALLEST} x {SMALLEST} cells, got size {size}")
    for attempt in count():
        state = _draw(KeyedDraws(key, attempt), size)
        if _is_usable(state):
            return state
    raise AssertionError("unreachable: the loop has no end")


def _draw(draws: Draws, size: Cell) -> FarmState:
    middle = size[0] // 2, size[1] // 2
    state = FarmState(np.full(size, Material.MEADOW, np.uint8), Farmer(middle))
    for x in (middle[0], middle[0] + 1):
        state.cells[x, middle[1] - 2] = Material.BARN
    for material, num_patches, length in PATCHES:
        for _ in range(num_patches):
            _lay_patch(state, material, length, draws)
    for _ in range(NUM_HENS):
        state.add(Hen, _meadow_cell(state, draws))
    return state


def _lay_patch(state: FarmState, material: Material, length: int, draws: Draws) -> None:
    cell = _meadow_cell(state, draws)
    for _ in range(length):
        if state.material(cell) == Material.MEADOW and cell != state.farmer.position:
            state.cells[cell] = material
        cell = moved(cell, DIRECTIONS[draws.integer(len(DIRECTIONS))])


def _meadow_cell(state: FarmState, draws: Draws) -> Cell:
    cells = state.free_meadows((0, 0), state.size, START_DISTANCE)
    return cells[draws.integer(len(cells))]


def _is_usable(state: FarmState) -> bool:
    """Whether the farmer can walk to a cell beside each material."""
    seen, found, pending = {state.farmer.position}, set(), [state.farmer.position]
    while pending:
        cell = pending.pop()
        for step in DIRECTIONS:
            beside = moved(cell, step)
            material = state.material(beside)
            found.add(material)
            if material in OPEN_GROUND and beside not in seen:
                seen.add(beside)
                pending.append(beside)
    return all(material in found for material, _, _ in PATCHES)
