"""Pictures of a grid."""

from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8

from envs.core import Frame
from envs.render import resize

DEAD: Final = (24, 27, 34)
ALIVE: Final = (226, 229, 236)
NEWBORN: Final = (132, 205, 140)
DIED: Final = (58, 44, 52)
TARGET: Final = (62, 78, 122)
AGENT: Final = (244, 150, 70)
GAP: Final = 6  # pixels of a cell from which on lines are drawn between cells


def draw(colours: UInt8[np.ndarray, "rows columns 3"], size: tuple[int, int]) -> Frame:
    """One square per cell, `size` = (width, height) in pixels; large squares have a dark edge."""
    rows, columns, _ = colours.shape
    frame = resize(colours, *size)
    for axis, (pixels, cells) in enumerate(((size[1], rows), (size[0], columns))):
        if pixels >= GAP * cells:
            owner = (2 * np.arange(pixels) + 1) * cells // (2 * pixels)
            edges = np.flatnonzero(np.diff(owner, prepend=-1))
            frame[(slice(None),) * axis + (edges,)] = DEAD
    return frame


def colours_of(
    cells: Bool[np.ndarray, "rows columns"],
    previous: Bool[np.ndarray, "rows columns"],
    target: Bool[np.ndarray, "rows columns"],
    agent: tuple[int, int] | None,
) -> UInt8[np.ndarray, "rows columns 3"]:
    """A colour for every cell; the newborn, the newly dead and the target differ."""
    colours = np.empty((*cells.shape, 3), np.uint8)
    colours[:] = DEAD
    colours[previous & ~cells] = DIED
    colours[target & ~cells] = TARGET
    colours[cells] = ALIVE
    colours[cells & ~previous] = NEWBORN
    if agent is not None:
        colours[agent] = AGENT
    return colours
