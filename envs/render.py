"""Drawing worlds on arrays. Nothing here opens a window.

Pictures are indexed [row, column, channel]; colours are uint8.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

Picture = UInt8[np.ndarray, "height width 3"]
Sprite = UInt8[np.ndarray, "height width 4"]  # with opacity: 0 clear, 255 solid


@lru_cache(maxsize=256)
def load_sprite(path: Path) -> Sprite:
    """Read an image file as RGBA; the array is shared and read-only."""
    from PIL import Image  # only those who draw pay for the import

    with Image.open(path) as image:
        pixels = np.array(image.convert("RGBA"))
    pixels.flags.writeable = False
    return pixels


def resize(
    picture: UInt8[np.ndarray, "height width channels"], width: int, height: int
) -> UInt8[np.ndarray, "new_height new_width channels"]:
    """Scale to a size in pixels (>= 1) by nearest neighbour."""
    rows = (2 * np.arange(height) + 1) * picture.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * picture.shape[1] // (2 * width)
    scaled: UInt8[np.ndarray, "new_height new_width channels"] = picture[rows[:, None], columns]
    return scaled


def blend(canvas: UInt8[np.ndarray, "rows columns 3"], sprite: Sprite, row: int, col: int) -> None:
    """Paint a sprite onto the canvas in place, its upper left corner at (row, col).

    What lies beyond the canvas is cut off; `row` and `col` are >= 0.
    """
    target = canvas[row : row + sprite.shape[0], col : col + sprite.shape[1]]
    source = sprite[: target.shape[0], : target.shape[1]].astype(np.uint16)
    opacity = source[..., 3:]
    target[:] = (source[..., :3] * opacity + target * (255 - opacity) + 127) // 255


def join_tiles(cells: UInt8[np.ndarray, "rows columns tile_height tile_width 3"]) -> Picture:
    """Lay out one tile per cell of a grid, row by row, as one picture.

    With `tiles` of shape (kinds, tile_height, tile_width, 3), `join_tiles(tiles[ids])` draws a
    grid of kinds.
    """
    rows, columns, height, width, channels = cells.shape
    picture: Picture = cells.swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    return picture
