"""Pictures of a sack: above what is packed, below what is left outside."""

from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Float64

from envs.canvas import (
    BACKGROUND,
    DIM,
    LINE,
    SURFACE,
    TEXT,
    Canvas,
    Colour,
    Spot,
    caption,
    mixed,
    strip_height,
)
from envs.core import Frame
from envs.knapsack.state import KnapsackState

RAMP: Final = (
    (68, 58, 120),
    (58, 94, 150),
    (46, 134, 150),
    (72, 172, 130),
    (160, 200, 90),
    (250, 222, 92),
)
"""Colours of value for weight, from the least to the greatest of all items."""
FADE: Final = 0.72  # of what does not fit any more, towards the background
MARGIN: Final = 0.05  # of the smaller side
SACK: Final = 0.20  # height of the sack, of the picture
SACK_TOP: Final = 0.10
SHELF_TOP: Final = 0.42  # where the items outside begin
LARGEST_ITEM: Final = 0.075  # height of an item outside, of the picture
LEGEND: Final = 0.09  # height below them for what the colours mean
THINNEST: Final = 3.0  # pixels of a packed item that has an edge
GAP: Final = 0.16  # between items outside, of their height


class Place(NamedTuple):
    """A box in pixels."""

    left: float
    top: float
    width: float
    height: float


def draw_sack(state: KnapsackState, words: str, size: tuple[int, int]) -> Frame:
    """Draw a state.

    Args:
        state: Of one world, not of a batch.
        words: For the line at the foot.
        size: Pixels (width, height).
    """
    canvas = Canvas(size)
    colours = _colours(state)
    sack = _sack(size)
    label = 0.035 * size[1]
    canvas.text((sack.left, sack.top - label), "packed", label, DIM, "lm")
    canvas.text((sack.left, SHELF_TOP * size[1] - label), "left outside", label, DIM, "lm")
    rim = 0.012 * min(size)
    canvas.box(
        (sack.left - rim, sack.top - rim),
        (sack.width + 2 * rim, sack.height + 2 * rim),
        SURFACE, LINE, max(1.0, rim / 3), rim,
    )  # fmt: skip
    weights, left = np.asarray(state.items.weights), int(state.capacity_left)
    for item, place in _packed_places(state, size).items():
        edge = BACKGROUND if place.width > THINNEST else None
        canvas.box(place[:2], place[2:], colours[item], edge, 0.8, rim / 2)
    for item, place in _outside_places(state, size).items():
        fits = weights[item] <= left
        colour = colours[item] if fits else mixed(colours[item], BACKGROUND, FADE)
        canvas.box(place[:2], place[2:], colour, rounding=place.height / 6)
    _draw_legend(canvas, size, label)
    capacity = max(int(state.items.capacity), 1)
    caption(canvas, words, left / capacity)
    return canvas.frame()


def item_at(state: KnapsackState, spot: Spot, size: tuple[int, int]) -> int | None:
    """The item left outside at a spot of the picture; None if there is none.

    Args:
        state: That is shown.
        spot: (x, y) as shares of the picture.
        size: Pixels (width, height).
    """
    x, y = spot[0] * size[0], spot[1] * size[1]
    for item, place in _outside_places(state, size).items():
        if 0 <= x - place.left < place.width and 0 <= y - place.top < place.height:
            return item
    return None


def _sack(size: tuple[int, int]) -> Place:
    margin = MARGIN * min(size)
    return Place(margin, SACK_TOP * size[1], size[0] - 2 * margin, SACK * size[1])


def _packed_places(state: KnapsackState, size: tuple[int, int]) -> dict[int, Place]:
    """Packed items side by side, as wide as their share of the capacity; the best come first."""
    sack = _sack(size)
    unit = sack.width / max(int(state.items.capacity), 1)
    places, left = {}, sack.left
    for item in _best_first(state, np.asarray(state.packed)):
        width = unit * int(state.items.weights[item])
        places[item] = Place(left, sack.top, width, sack.height)
        left += width
    return places


def _outside_places(state: KnapsackState, size: tuple[int, int]) -> dict[int, Place]:
    """The other items in rows, as wide as they would be in the sack.

    Places do not depend on what is packed, so items stay where they are.
    """
    sack = _sack(size)
    room = (1 - SHELF_TOP - LEGEND) * size[1] - strip_height(size)
    unit = sack.width / max(int(state.items.capacity), 1)
    widths = np.clip(unit * np.asarray(state.items.weights), 2.0, sack.width)
    height = LARGEST_ITEM * size[1]
    while (rows := _rows(widths, sack, height))[-1].top + height > room and height > 1:
        height *= 0.9
    top = SHELF_TOP * size[1]
    packed = np.asarray(state.packed)
    return {
        item: row._replace(top=top + row.top) for item, row in enumerate(rows) if not packed[item]
    }


def _rows(widths: Float64[np.ndarray, " items"], sack: Place, height: float) -> list[Place]:
    """Boxes of all items in rows of this height and as wide as the sack, the first row at 0."""
    gap = GAP * height
    places, left, top = [], 0.0, 0.0
    for width in widths.tolist():
        if left and left + width > sack.width:
            left, top = 0.0, top + height + gap
        places.append(Place(sack.left + left, top, width, height))
        left += width + gap
    return places


def _best_first(state: KnapsackState, chosen: np.ndarray) -> list[int]:
    """The chosen items by value for weight."""
    items = np.flatnonzero(chosen)
    worth = (np.asarray(state.items.values) / np.asarray(state.items.weights))[items]
    found: list[int] = items[np.argsort(-worth, kind="stable")].tolist()
    return found


def _colours(state: KnapsackState) -> list[Colour]:
    """Of each item, by the rank of its value for weight."""
    order = _best_first(state, np.ones(len(state.packed), np.bool_))
    ranks = np.empty(len(order))
    ranks[order] = np.linspace(1, 0, len(order))
    return [_ramp(float(rank)) for rank in ranks]


def _ramp(share: float) -> Colour:
    place = share * (len(RAMP) - 1)
    step = min(int(place), len(RAMP) - 2)
    return mixed(RAMP[step], RAMP[step + 1], place - step)


def _draw_legend(canvas: Canvas, size: tuple[int, int], label: float) -> None:
    """What the colours mean."""
    sack = _sack(size)
    words, width, steps = "value for weight", 0.2 * size[0], 24
    middle = size[1] - strip_height(size) - 0.045 * size[1]
    left = sack.left + sack.width - width
    for step in range(steps):
        corner = left + step * width / steps, middle - label / 4
        canvas.box(corner, (width / steps + 0.5, label / 2), _ramp(step / (steps - 1)))
    canvas.text((left - label / 2, middle), words, label * 0.9, TEXT, "rm")
