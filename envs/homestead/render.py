"""Pictures of a farm, painted with discs and bars; no image files."""

from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8

from envs.homestead.observe import THING_IDS, thing_layer
from envs.homestead.rules.farmer import RIPE
from envs.homestead.state import FarmState, Sprout
from envs.homestead.tables import FULL, NEEDS, Material
from envs.render import Picture, join_tiles, resize

TILE: Final = 16  # pixels
Colour = tuple[int, int, int]
Mask = Bool[np.ndarray, "rows columns"]

GROUND: Final[dict[Material, Colour]] = {
    Material.MEADOW: (124, 178, 88),
    Material.SOIL: (134, 96, 62),
    Material.POND: (70, 130, 196),
    Material.REEDS: (92, 148, 150),
    Material.GROVE: (104, 158, 74),
    Material.ROCK: (124, 178, 88),
    Material.CLAY_PIT: (176, 110, 76),
    Material.BARN: (160, 52, 44),
    Material.KILN: (150, 146, 140),
    Material.HOT_KILN: (150, 146, 140),
    Material.FENCE: (124, 178, 88),
    Material.WELL: (124, 178, 88),
}
NEED_COLOURS: Final[dict[str, Colour]] = {
    "vigour": (208, 60, 60),
    "fed": (214, 160, 60),
    "watered": (70, 130, 210),
    "rested": (150, 110, 190),
}
RAIN: Final = (170, 196, 226)
DARKEST: Final = 0.35
_ROWS, _COLUMNS = np.mgrid[:TILE, :TILE] + 0.5


def render(state: FarmState, size: tuple[int, int]) -> Picture:
    """Draw the farm in the light of the hour, and below it a bar for each need.

    Args:
        state: The farm to show; the picture is a function of it alone.
        size: Width and height in pixels.
    """
    cells = np.stack([_material_tile(material) for material in Material])[state.cells.T]
    layer = thing_layer(state).T
    for row, column in zip(*layer.nonzero(), strict=True):
        _paint_thing(cells[row, column], int(layer[row, column]))
    _paint_details(state, cells)
    picture = join_tiles(cells)
    if state.raining:
        picture[_streaks(picture.shape[0], picture.shape[1], state.hour)] = RAIN
    lit = (picture * (DARKEST + (1 - DARKEST) * state.light)).astype(np.uint8)
    return resize(np.concatenate([lit, _bars(state, lit.shape[1])]), *size)


def _disc(row: int, column: int, radius: float) -> Mask:
    mask: Mask = (_ROWS - row) ** 2 + (_COLUMNS - column) ** 2 <= radius**2
    return mask


def _box(top: int, left: int, height: int, width: int) -> Mask:
    rows = (top < _ROWS) & (top + height > _ROWS)
    mask: Mask = rows & (left < _COLUMNS) & (left + width > _COLUMNS)
    return mask


@lru_cache(maxsize=len(Material))
def _material_tile(material: Material) -> UInt8[np.ndarray, "tile tile 3"]:
    tile = np.full((TILE, TILE, 3), GROUND[material], np.uint8)
    match material:
        case Material.SOIL:
            tile[2::4] = (112, 78, 50)
        case Material.POND:
            tile[_box(5, 3, 1, 5) | _box(10, 8, 1, 5)] = (150, 190, 226)
        case Material.REEDS:
            for left in (2, 6, 10, 13):
                tile[_box(3, left, 12, 1)] = (60, 100, 50)
        case Material.GROVE:
            tile[_box(10, 7, 5, 2)] = (96, 66, 42)
            tile[_disc(6, 8, 5.5)] = (44, 106, 52)
        case Material.ROCK:
            tile[_disc(9, 8, 6.0)] = (138, 138, 142)
            tile[_disc(7, 6, 2.0)] = (176, 176, 180)
        case Material.CLAY_PIT:
            tile[_disc(8, 8, 5.0)] = (140, 80, 54)
        case Material.BARN:
            tile[_box(7, 5, 9, 6)] = (92, 30, 26)
            tile[_box(1, 0, 2, 16)] = (222, 210, 190)
        case Material.KILN:
            tile[_disc(10, 8, 4.0)] = (50, 46, 44)
        case Material.HOT_KILN:
            tile[_disc(10, 8, 4.0)] = (250, 150, 40)
        case Material.FENCE:
            tile[_box(5, 0, 2, 16) | _box(10, 0, 2, 16)] = (150, 112, 70)
            tile[_box(3, 3, 12, 2) | _box(3, 11, 12, 2)] = (118, 84, 50)
        case Material.WELL:
            tile[_disc(8, 8, 6.0)] = (130, 130, 134)
            tile[_disc(8, 8, 4.0)] = (50, 92, 150)
    tile.flags.writeable = False
    return tile


def _paint_thing(tile: UInt8[np.ndarray, "tile tile 3"], number: int) -> None:
    if number == 1:
        tile[_box(7, 5, 8, 6)] = (56, 82, 150)
        tile[_disc(5, 8, 3.0)] = (236, 198, 160)
        tile[_box(1, 4, 2, 8)] = (226, 200, 110)
    elif number == THING_IDS["hen"]:
        tile[_disc(10, 7, 4.0)] = (246, 242, 232)
        tile[_disc(6, 11, 2.2)] = (246, 242, 232)
        tile[_box(2, 10, 2, 2)] = (210, 50, 40)
    elif number == THING_IDS["fox"]:
        tile[_disc(9, 8, 4.5)] = (214, 106, 36)
        tile[_box(2, 4, 4, 2) | _box(2, 10, 4, 2)] = (214, 106, 36)
        tile[_disc(11, 8, 1.8)] = (250, 240, 230)
    elif number == THING_IDS["pebble"]:
        tile[_disc(8, 8, 2.0)] = (90, 90, 96)


def _paint_details(state: FarmState, cells: UInt8[np.ndarray, "rows columns tile tile 3"]) -> None:
    """How tall sprouts are, and where the farmer looks."""
    for sprout in state.of_kind(Sprout):
        x, y = sprout.position
        tall = 3 + 10 * min(sprout.height, RIPE) // RIPE
        colour = (232, 196, 70) if sprout.height >= RIPE else (70, 160, 60)
        cells[y, x][_box(15 - tall, 4, tall, 2) | _box(15 - tall, 10, tall, 2)] = colour
    (x, y), (right, down) = state.farmer.position, state.farmer.gaze
    eye = _disc(8 + 6 * down, 8 + 6 * right, 1.6)
    cells[y, x][eye] = (90, 90, 96) if state.farmer.resting else (255, 255, 255)


def _streaks(height: int, width: int, hour: int) -> Mask:
    rows, columns = np.mgrid[:height, :width]
    mask: Mask = ((columns * 2 + rows + hour * 5) % 23 == 0) & (rows // 4 % 2 == 0)
    return mask


def _bars(state: FarmState, width: int) -> Picture:
    strip = np.full((TILE, width, 3), 24, np.uint8)
    share = width // len(NEEDS)
    for index, need in enumerate(NEEDS):
        length = (share - 4) * getattr(state.farmer, need) // FULL
        left = index * share + 2
        strip[4:-4, left : left + length] = NEED_COLOURS[need]
    return strip
