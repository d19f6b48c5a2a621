"""Pictures of Gymnasium's cart-pole and pendulum, whose equations are in `envs.classic`."""

from math import cos, sin
from typing import Final

from envs.canvas import ACCENT, BACKGROUND, DIM, LINE, NOTICE, Canvas, Spot, caption, strip_height
from envs.classic import CART_TRACK
from envs.core import Frame

POLE: Final = 0.32  # length as drawn, of the height of the picture
CART: Final = (0.16, 0.09)  # width and height, of the height of the picture


def draw_cart(
    position: float, angle: float, words: str, level: float, size: tuple[int, int]
) -> Frame:
    """Draw a cart-pole: position in m, angle in rad, and the line at the foot as in a board."""
    canvas = Canvas(size)
    width, height = size[0], size[1] - strip_height(size)
    ground = 0.72 * height
    unit = 0.45 * width / CART_TRACK
    for end in (-1, 1):
        x = width / 2 + end * CART_TRACK * unit
        canvas.line([(x, ground - 0.03 * height), (x, ground + 0.03 * height)], DIM, 2.0)
    canvas.line([(0.05 * width, ground), (0.95 * width, ground)], LINE, max(1.5, 0.008 * height))
    x, wide, high = width / 2 + position * unit, CART[0] * height, CART[1] * height
    wheel = 0.24 * high
    for side in (-0.3, 0.3):
        canvas.disc((x + side * wide, ground - wheel), wheel, DIM)
    floor = ground - 1.6 * wheel
    canvas.box((x - wide / 2, floor - high), (wide, high), (58, 94, 150), rounding=high / 5)
    hinge = x, floor - high
    tip = hinge[0] + POLE * height * sin(angle), hinge[1] - POLE * height * cos(angle)
    _draw_rod(canvas, hinge, tip, 0.028 * height)
    caption(canvas, words, level)
    return canvas.frame()


def draw_pendulum(angle: float, words: str, level: float, size: tuple[int, int]) -> Frame:
    """Draw a pendulum: angle in rad, to the left of upright, and the line at the foot."""
    canvas = Canvas(size)
    width, height = size[0], size[1] - strip_height(size)
    middle, reach = (width / 2, height / 2), 0.38 * min(width, height)
    canvas.disc(middle, reach * 1.08, None, LINE, max(1.0, 0.01 * reach))
    canvas.disc((middle[0], middle[1] - reach * 1.08), 0.03 * reach, ACCENT)
    tip = middle[0] - reach * sin(angle), middle[1] - reach * cos(angle)
    _draw_rod(canvas, middle, tip, 0.12 * reach)
    caption(canvas, words, level)
    return canvas.frame()


def _draw_rod(canvas: Canvas, hinge: Spot, tip: Spot, thickness: float) -> None:
    canvas.line([hinge, tip], NOTICE, thickness)
    for end in (hinge, tip):
        canvas.disc(end, thickness / 2, NOTICE)
    canvas.disc(hinge, thickness * 0.32, BACKGROUND)
