"""Smooth lines, shapes and words on an array. Nothing here opens a window."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from envs.core import Frame

Colour = tuple[int, int, int]
Spot = tuple[float, float]

BACKGROUND: Final = (22, 24, 30)
SURFACE: Final = (31, 34, 42)
LINE: Final = (52, 57, 69)
TEXT: Final = (226, 229, 236)
DIM: Final = (125, 132, 148)
ACCENT: Final = (132, 205, 140)
NOTICE: Final = (244, 200, 106)

SMOOTHING: Final = 3  # pixels drawn for each pixel of the picture, each way
SMALLEST_TEXT: Final = 6  # pixels


class Canvas:
    """A picture to draw on; coordinates are (x, y) in its pixels, from the upper left corner."""

    def __init__(self, size: tuple[int, int], colour: Colour = BACKGROUND) -> None:
        """Begin an empty picture.

        Args:
            size: Pixels (width, height).
            colour: Of what nothing is drawn on.
        """
        from PIL import Image, ImageDraw  # only those who draw pay for the import

        self.size = size
        self._image = Image.new("RGB", (size[0] * SMOOTHING, size[1] * SMOOTHING), colour)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, spots: Sequence[Spot], colour: Colour, width: float) -> None:
        """Draw straight lines from spot to spot."""
        wide = max(1, round(width * SMOOTHING))
        self._draw.line([_scaled(spot) for spot in spots], colour, wide, joint="curve")

    def disc(
        self, centre: Spot, radius: float, fill: Colour | None, edge: Colour | None = None,
        width: float = 1.0,
    ) -> None:  # fmt: skip
        """Draw a disc, or with no `fill` a ring."""
        (x, y), reach = centre, radius
        corners = [_scaled((x - reach, y - reach)), _scaled((x + reach, y + reach))]
        self._draw.ellipse(corners, fill, edge, max(1, round(width * SMOOTHING)))

    def box(
        self, corner: Spot, size: Spot, fill: Colour | None, edge: Colour | None = None,
        width: float = 1.0, rounding: float = 0.0,
    ) -> None:  # fmt: skip
        """Draw a box; one without width or height is not drawn."""
        low = _scaled(corner)
        high = _scaled((corner[0] + size[0], corner[1] + size[1]))
        if high[0] - low[0] < 1 or high[1] - low[1] < 1:
            return
        inside = (high[0] - 1, high[1] - 1)
        wide = max(1, round(width * SMOOTHING))
        most = min(high[0] - low[0], high[1] - low[1]) / 2
        round_by = min(rounding * SMOOTHING, most)
        self._draw.rounded_rectangle([low, inside], round_by, fill, edge, wide)

    def text(self, spot: Spot, words: str, height: float, colour: Colour, anchor: str) -> None:
        """Write one line.

        Args:
            spot: Where the anchor lies.
            words: What to write.
            height: Of a line, in pixels.
            colour: Of the letters.
            anchor: As in Pillow: "lm" left and in the middle, "mm", "rm", ...
        """
        font = _font(round(max(height, SMALLEST_TEXT) * SMOOTHING))
        self._draw.text(_scaled(spot), words, colour, font, anchor)

    def text_width(self, words: str, height: float) -> float:
        """Width in pixels of a line that `text` would write."""
        font = _font(round(max(height, SMALLEST_TEXT) * SMOOTHING))
        return float(font.getlength(words)) / SMOOTHING

    def frame(self) -> Frame:
        """What has been drawn."""
        return np.array(self._image.reduce(SMOOTHING))


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, `share` of the way from the first to the second."""
    red, green, blue = (
        round(one + (two - one) * share) for one, two in zip(first, second, strict=True)
    )
    return red, green, blue


def caption(canvas: Canvas, words: str, level: float | None = None) -> None:
    """Write a line at the foot of a picture, on a strip of `strip_height`.

    Args:
        canvas: The picture.
        words: What to write; set smaller where it would not fit.
        level: In 0..1: how much is left of something, shown as a bar above the words.
    """
    width, height = map(float, canvas.size)
    strip = strip_height(canvas.size)
    canvas.box((0.0, height - strip), (width, strip), SURFACE)
    bar = max(2.0, strip * 0.12)
    canvas.box((0.0, height - strip), (width, bar if level is not None else 1.0), LINE)
    if level is not None:
        canvas.box((0.0, height - strip), (width * level, bar), ACCENT)
    size = strip * 0.46
    margin = strip * 0.4
    needed = canvas.text_width(words, size)
    size *= min(1.0, (width - 2 * margin) / max(needed, 1.0))
    canvas.text((margin, height - strip / 2 + bar / 2), words, size, TEXT, "lm")


def strip_height(size: tuple[int, int]) -> float:
    """Height in pixels of the strip that `caption` takes at the foot of a picture."""
    return max(14.0, 0.07 * min(size))


def _scaled(spot: Spot) -> tuple[float, float]:
    return spot[0] * SMOOTHING, spot[1] * SMOOTHING


@cache  # a picture is written in one or two sizes
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
