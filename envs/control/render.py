"""Pictures of bodies: what moves, what holds it, and where it should be."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import jax.numpy as jnp
import numpy as np

from envs.canvas import (
    ACCENT,
    LINE,
    NOTICE,
    SURFACE,
    Canvas,
    Colour,
    Spot,
    caption,
    mixed,
    strip_height,
)
from envs.classic_pictures import draw_pendulum
from envs.control.bodies import ball_in_cup, cartpole, mountain_car, point_mass, reacher
from envs.control.mjx import finger
from envs.control.task import Body, Scale
from envs.core import Frame

ARM: Final = (222, 196, 150)
JOINT: Final = (250, 236, 210)
MASS: Final = (110, 170, 236)
RAIL: Final = (84, 91, 108)
GOAL: Final = mixed(ACCENT, SURFACE, 0.55)

Numbers = tuple[float, ...]
Scene = Callable[["Stage", Numbers, float, float], None]


class Stage:
    """A canvas measured in m, y upwards, above the strip at its foot."""

    def __init__(self, canvas: Canvas, width: float, height: float, centre: Spot) -> None:
        """Show at least `width` x `height` m about a centre (x, y)."""
        room = canvas.size[1] - strip_height(canvas.size)
        self._canvas = canvas
        self._unit = min(canvas.size[0] / width, room / height)  # pixels in 1 m
        self._middle = canvas.size[0] / 2, room / 2
        self._centre = centre

    def line(self, spots: list[Spot], colour: Colour, width: float) -> None:
        """Draw lines with round ends, `width` m wide."""
        pixels = [self._placed(spot) for spot in spots]
        wide = max(1.5, width * self._unit)
        self._canvas.line(pixels, colour, wide)
        for spot in (pixels[0], pixels[-1]):
            self._canvas.disc(spot, wide / 2, colour)

    def disc(self, spot: Spot, radius: float, colour: Colour, edge: Colour | None = None) -> None:
        """Draw a disc of a radius in m."""
        pixels = max(1.5, radius * self._unit)
        self._canvas.disc(self._placed(spot), pixels, colour, edge, max(1.0, pixels / 8))

    def box(self, centre: Spot, size: Spot, colour: Colour, edge: Colour | None = None) -> None:
        """Draw a box with rounded corners."""
        x, y = self._placed((centre[0] - size[0] / 2, centre[1] + size[1] / 2))
        wide, high = size[0] * self._unit, size[1] * self._unit
        self._canvas.box((x, y), (wide, high), colour, edge, 1.5, min(wide / 6, high / 6, 6.0))

    def _placed(self, spot: Spot) -> Spot:
        return (
            self._middle[0] + (spot[0] - self._centre[0]) * self._unit,
            self._middle[1] - (spot[1] - self._centre[1]) * self._unit,
        )


def draw_body(
    family: str,
    body: Body,
    scale: Scale,
    words: str,
    left: float,
    size: tuple[int, int],
    target: float = 0.0,
) -> Frame:
    """Draw a body.

    Args:
        family: Of bodies that are drawn alike.
        body: Of one world, not of a batch.
        scale: Of the body.
        words: For the line at the foot.
        left: Share of the time that is left, in 0..1.
        size: Pixels (width, height).
        target: m, radius of the target of a reacher.
    """
    numbers = np.nan_to_num(np.asarray([float(number) for number in body]))
    if family == "classic_pendulum":
        return draw_pendulum(float(numbers[0]), words, left, size)
    canvas = Canvas(size)
    width, height, centre, scene = _SCENES[family]
    reach = max(1.0, float(scale.length)) if family not in _FIXED else 1.0
    stage = Stage(canvas, width * reach, height * reach, centre)
    scene(stage, tuple(numbers.tolist()), float(scale.length), target)
    caption(canvas, words, left)
    return canvas.frame()


def _from(spot: Spot, angle: float, length: float) -> Spot:
    """The end of a rod that leans by an angle from upright, towards +x."""
    return spot[0] + length * math.sin(angle), spot[1] + length * math.cos(angle)


def _draw_pendulum(stage: Stage, body: Numbers, length: float, target: float) -> None:
    length = 0.5 * length
    tip = _from((0.0, 0.0), body[0], length)
    stage.disc((0.0, length), 0.09, GOAL)
    stage.line([(0.0, 0.0), tip], ARM, 0.035)
    stage.disc((0.0, 0.0), 0.03, RAIL, JOINT)
    stage.disc(tip, 0.06, MASS)


def _draw_cartpole(stage: Stage, body: Numbers, length: float, target: float) -> None:
    place, angle, *_ = body
    stage.box((0.0, 0.0), (2 * cartpole.NEAR, 0.10), GOAL)
    stage.line([(-cartpole.RAIL - 0.15, 0.0), (cartpole.RAIL + 0.15, 0.0)], RAIL, 0.03)
    for end in (-1, 1):
        spot = end * (cartpole.RAIL + 0.15)
        stage.line([(spot, -0.1), (spot, 0.1)], RAIL, 0.04)
    stage.box((place, 0.0), (0.36, 0.2), MASS)
    stage.line([(place, 0.0), _from((place, 0.0), angle, length)], ARM, 0.07)
    stage.disc((place, 0.0), 0.035, JOINT)


def _draw_acrobot(stage: Stage, body: Numbers, length: float, target: float) -> None:
    upper, lower, *_ = body
    elbow = _from((0.0, 2.0), upper, length)
    tip = _from(elbow, upper + lower, length)
    stage.disc((0.0, 2.0 + 2 * length), 0.2, GOAL)
    stage.line([(0.0, 2.0), elbow], ARM, 0.11)
    stage.line([elbow, tip], mixed(ARM, MASS, 0.5), 0.09)
    stage.disc((0.0, 2.0), 0.08, RAIL, JOINT)
    stage.disc(elbow, 0.07, JOINT)
    stage.disc(tip, 0.06, MASS)


def _draw_point_mass(stage: Stage, body: Numbers, length: float, target: float) -> None:
    room = 2 * (point_mass.WALL + 0.01)
    stage.box((0.0, 0.0), (room, room), SURFACE, LINE)
    stage.disc((0.0, 0.0), 2 * point_mass.TARGET, mixed(GOAL, SURFACE, 0.6))
    stage.disc((0.0, 0.0), point_mass.TARGET, GOAL)
    x, y, *_ = body
    motors = body[4:] or point_mass.IDENTITY
    for along_x, along_y in (motors[:2], motors[2:]):
        stage.line([(x, y), (x + 0.05 * along_x, y + 0.05 * along_y)], ARM, 0.004)
    stage.disc((x, y), 0.012, MASS)


def _draw_reacher(stage: Stage, body: Numbers, length: float, target: float) -> None:
    arm, wrist, _, _, x, y = body
    link = reacher.LINK * length
    elbow = link * math.cos(arm), link * math.sin(arm)
    tip = elbow[0] + link * math.cos(arm + wrist), elbow[1] + link * math.sin(arm + wrist)
    stage.disc((x, y), target, GOAL)
    stage.line([(0.0, 0.0), elbow], ARM, 0.022)
    stage.line([elbow, tip], mixed(ARM, MASS, 0.5), 0.018)
    stage.disc((0.0, 0.0), 0.014, RAIL, JOINT)
    stage.disc(elbow, 0.011, JOINT)
    stage.disc(tip, reacher.FINGER, MASS)


def _draw_mountain_car(stage: Stage, body: Numbers, length: float, target: float) -> None:
    def ground(x: float) -> Spot:
        return x, 0.45 * math.sin(3 * x) + 0.55

    places = np.linspace(mountain_car.LEFT - 0.05, mountain_car.RIGHT + 0.05, 120).tolist()
    stage.line([ground(x) for x in places], RAIL, 0.012)
    x, y = ground(mountain_car.GOAL)
    stage.line([(x, y), (x, y + 0.2)], JOINT, 0.01)
    stage.box((x + 0.055, y + 0.17), (0.1, 0.06), ACCENT)
    place = body[0]
    lean = math.atan(1.35 * math.cos(3 * place))  # of the slope
    along, up = (math.cos(lean), math.sin(lean)), (-math.sin(lean), math.cos(lean))

    def spot(forward: float, above: float) -> Spot:
        x, y = ground(place)
        return (
            x + forward * along[0] + above * up[0],
            y + forward * along[1] + above * up[1],
        )

    stage.line([spot(-0.055, 0.055), spot(0.055, 0.055)], MASS, 0.05)
    stage.line([spot(-0.02, 0.085), spot(0.025, 0.085)], MASS, 0.035)
    for wheel in (-0.045, 0.045):
        stage.disc(spot(wheel, 0.025), 0.024, LINE, JOINT)


def _draw_ball_in_cup(stage: Stage, body: Numbers, length: float, target: float) -> None:
    lift = 0.18  # m, of the slack cup above the middle of the picture

    def from_cup(spot: Spot) -> Spot:
        return body[0] + length * spot[0], body[1] + length * (spot[1] + lift)

    ball = body[2], body[3] + length * (lift - ball_in_cup.DROP)
    ground = length * (lift - ball_in_cup.HEIGHT) - 0.01
    side = length * ball_in_cup.TARGET_SIDE
    knot = from_cup(ball_in_cup.KNOT)
    stage.line([(-length, ground), (length, ground)], RAIL, 0.02)
    stage.box(from_cup(ball_in_cup.TARGET), (side, side), GOAL)
    stage.line(hung(knot, ball, length * ball_in_cup.STRING), JOINT, 0.004)
    bars = [from_cup(spot) for spot in ball_in_cup.CORNERS]
    stage.line(bars, ARM, 2 * length * ball_in_cup.WALL)
    for joint in bars:
        stage.disc(joint, length * ball_in_cup.WALL, ARM)
    stage.disc(ball, length * ball_in_cup.BALL, MASS)


def _draw_finger(stage: Stage, body: Numbers, length: float, target: float) -> None:
    proximal, distal, hinge = map(jnp.float32, body[:3])
    (shoulder, knuckle), tip = map(_placed, finger.finger_bars(proximal, distal))
    elbow = _from(shoulder, math.pi - body[0] - math.pi / 2, finger.ELBOW)
    for bar in finger.body_bars(hinge):
        stage.line(_placed(bar), mixed(ARM, MASS, 0.5), 2 * finger.CAP)
    pointer = _from((0.0, 0.0), -body[2], finger.REACH)
    if target:
        stage.disc((body[8], body[9]), target, GOAL)
    stage.line([(0.0, 0.0), pointer], JOINT, 0.008)
    stage.disc((0.0, 0.0), 0.02, RAIL, JOINT)
    stage.line([shoulder, knuckle], ARM, 2 * finger.BAR)
    stage.line([elbow, tip[1]], ARM, 1.6 * finger.BAR)
    stage.line(tip, NOTICE if max(body[6:8]) > 0 else MASS, 2 * finger.BAR)
    for joint in (shoulder, elbow):
        stage.disc(joint, 0.015, RAIL, JOINT)


def _placed(spots: Iterable[tuple[Any, Any]]) -> list[Spot]:
    return [(float(x), float(z)) for x, z in spots]


def hung(start: Spot, end: Spot, length: float) -> list[Spot]:
    """Spots along a string that hangs between two spots; straight where it is taut.

    A parabola, as deep as makes it about as long as the string.
    """
    span = math.hypot(end[0] - start[0], end[1] - start[1])
    deep = math.sqrt(max(0.0, length**2 - span**2) * 3 / 16)
    shares = np.linspace(0.0, 1.0, 25).tolist()
    return [
        (
            start[0] + share * (end[0] - start[0]),
            start[1] + share * (end[1] - start[1]) - 4 * deep * share * (1 - share),
        )
        for share in shares
    ]


_SCENES: Final[dict[str, tuple[float, float, Spot, Scene]]] = {
    "pendulum": (1.5, 1.4, (0.0, 0.0), _draw_pendulum),
    "cartpole": (4.2, 2.6, (0.0, 0.0), _draw_cartpole),
    "acrobot": (4.8, 4.8, (0.0, 2.0), _draw_acrobot),
    "point_mass": (0.66, 0.66, (0.0, 0.0), _draw_point_mass),
    "reacher": (0.56, 0.56, (0.0, 0.0), _draw_reacher),
    "ball_in_cup": (1.0, 0.92, (0.0, 0.0), _draw_ball_in_cup),
    "finger": (1.06, 0.86, (-0.27, 0.0), _draw_finger),
    "mountain_car": (1.96, 1.5, (-0.3, 0.55), _draw_mountain_car),
}
"""Family -> width and height in m that are shown, their centre, and how to draw it."""

_FIXED: Final = ("point_mass", "mountain_car")  # no length of the body decides what is shown
