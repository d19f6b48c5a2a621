"""Playing cards on a table: what can be seen of them, in words and drawn."""

from collections.abc import Callable
from math import sqrt
from typing import Final, NamedTuple

from envs.canvas import (
    ACCENT,
    BACKGROUND,
    DIM,
    LINE,
    SURFACE,
    TEXT,
    Canvas,
    Colour,
    Spot,
    caption,
    strip_height,
)
from envs.core import Frame

PAPER: Final = (240, 240, 234)
INK: Final = (40, 43, 54)
RED: Final = (205, 60, 66)
BACK: Final = (58, 94, 150)
WRONG: Final = (226, 104, 96)
FACES: Final = {
    "bits": ("0", "1"),
    "colours": ("red", "black"),
    "suits": ("hearts", "diamonds", "clubs", "spades"),
    "ranks": ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K"),
}
"""What may be told apart about a card -> the names of the kinds."""
SUIT_KEYS: Final = {str(suit + 1): suit for suit in range(len(FACES["suits"]))}
COUNT_KEYS: Final = {key: count for count, key in enumerate("0123456789abcdefghijklmnopq")}
ASPECT: Final = 1.4  # height of a card, of its width


class Card(NamedTuple):
    """A card that lies open."""

    label: str  # what is written above it
    cards: str  # what may be told apart about it, a key of FACES
    kind: int

    @property
    def name(self) -> str:
        """Of its kind."""
        return FACES[self.cards][self.kind]


class Table(NamedTuple):
    """What one who plays may see; without open cards a hidden one is drawn."""

    cards: tuple[Card, ...]
    left: int  # of `total`
    total: int
    unit: str  # of these two
    verdict: int  # on the last answer: 1 right, -1 wrong, 0 not judged
    score: int
    task: str  # what to do
    has_suit_keys: bool = False  # whether the keys that name suits are shown

    @property
    def state_of_play(self) -> str:
        """The line at the foot."""
        return f"score {self.score}   {self.left} {self.unit}"


def words_of(table: Table) -> str:
    """A table in words."""
    shown = [f"{card.label}: {card.name}".removeprefix(": ") for card in table.cards]
    judged = {1: ["right"], -1: ["wrong"], 0: []}[table.verdict]
    return "\n".join([*judged, *shown, table.task, table.state_of_play])


def draw_table(table: Table, size: tuple[int, int]) -> Frame:
    """Draw a table, `size` = (width, height) in pixels."""
    canvas = Canvas(size)
    width, height = size[0], size[1] - strip_height(size)
    line = 0.055 * min(width, height)
    canvas.text((width / 2, 0.09 * height), table.task, line, TEXT, "mm")
    count = max(len(table.cards), 1)
    wide = min(0.46 * height / ASPECT, 0.84 * width / count / 1.12)
    high, step = wide * ASPECT, wide * 1.12
    left = width / 2 - (count * step - (step - wide)) / 2
    top = 0.48 * height - high / 2
    if not table.cards:
        draw_back(canvas, (left, top), (wide, high))
    for place, card in enumerate(table.cards):
        corner = left + place * step, top
        label = corner[0] + wide / 2, top - 0.035 * height
        canvas.text(label, card.label, min(line * 0.8, 0.3 * wide), DIM, "mm")
        draw_face(canvas, corner, (wide, high), card.cards, card.kind)
    if table.verdict:
        _draw_verdict(canvas, (width / 2, 0.80 * height), line, table.verdict)
    if table.has_suit_keys:
        _draw_suit_keys(canvas, (width / 2, 0.92 * height), line)
    caption(canvas, table.state_of_play, table.left / max(table.total, 1))
    return canvas.frame()


def draw_face(canvas: Canvas, corner: Spot, size: Spot, cards: str, kind: int) -> None:
    """Draw an open card; `cards` and `kind` as in `Card`."""
    wide, high = size
    middle = corner[0] + wide / 2, corner[1] + high / 2
    colour = _ink(cards, kind)
    paper = colour if cards == "colours" else PAPER
    canvas.box(corner, size, paper, LINE, max(0.5, wide / 60), wide / 10)
    if cards == "suits":
        SUIT_SHAPES[kind](canvas, middle, wide * 0.32, colour)
    elif cards == "colours":
        inner = wide * 0.12
        spot = corner[0] + inner, corner[1] + inner
        canvas.box(spot, (wide - 2 * inner, high - 2 * inner), None, PAPER, wide / 40, wide / 14)
    else:
        canvas.text(middle, FACES[cards][kind], wide * 0.56, colour, "mm")


def draw_back(canvas: Canvas, corner: Spot, size: Spot) -> None:
    """Draw a hidden card."""
    wide, high = size
    canvas.box(corner, size, BACK, LINE, max(0.5, wide / 60), wide / 10)
    middle, reach = (corner[0] + wide / 2, corner[1] + high / 2), wide * 0.22
    _draw_square(canvas, middle, reach * sqrt(2), SURFACE)
    _draw_square(canvas, middle, reach * 0.6 * sqrt(2), BACK)


def _ink(cards: str, kind: int) -> Colour:
    is_red = (cards == "colours" and kind == 0) or (cards == "suits" and kind < 2)
    return RED if is_red else INK


def _draw_verdict(canvas: Canvas, middle: Spot, line: float, verdict: int) -> None:
    words, colour = ("right", ACCENT) if verdict > 0 else ("wrong", WRONG)
    width, height = canvas.text_width(words, line) + 1.6 * line, 1.5 * line
    corner = middle[0] - width / 2, middle[1] - height / 2
    canvas.box(corner, (width, height), colour, rounding=height / 2)
    canvas.text(middle, words, line * 0.9, BACKGROUND, "mm")


def _draw_suit_keys(canvas: Canvas, middle: Spot, line: float) -> None:
    """Which key names which suit."""
    step = 3.6 * line
    for suit, key in enumerate(SUIT_KEYS):
        x = middle[0] + (suit - 1.5) * step
        canvas.text((x - 0.7 * line, middle[1]), key, line * 0.9, DIM, "mm")
        colour = RED if suit < 2 else TEXT
        SUIT_SHAPES[suit](canvas, (x + 0.4 * line, middle[1]), 0.6 * line, colour)


def _draw_heart(canvas: Canvas, middle: Spot, reach: float, colour: Colour, up: int = 1) -> None:
    """Two discs on the upper edges of a square that stands on a corner; `up` -1 turns it over."""
    x, y = middle
    _draw_square(canvas, (x, y + 0.1 * reach * up), reach, colour)
    for side in (-1, 1):
        lobe = x + side * 0.354 * reach, y - 0.254 * reach * up
        canvas.disc(lobe, reach / 2, colour)


def _draw_diamond(canvas: Canvas, middle: Spot, reach: float, colour: Colour) -> None:
    _draw_square(canvas, middle, 1.1 * reach, colour)


def _draw_club(canvas: Canvas, middle: Spot, reach: float, colour: Colour) -> None:
    x, y = middle
    for right, down in ((0.0, -0.42), (-0.44, 0.16), (0.44, 0.16), (0.0, 0.0)):
        canvas.disc((x + right * reach, y + down * reach), 0.40 * reach, colour)
    _draw_stem(canvas, middle, reach, colour)


def _draw_spade(canvas: Canvas, middle: Spot, reach: float, colour: Colour) -> None:
    _draw_heart(canvas, (middle[0], middle[1] - 0.08 * reach), reach, colour, up=-1)
    _draw_stem(canvas, middle, reach, colour)


def _draw_stem(canvas: Canvas, middle: Spot, reach: float, colour: Colour) -> None:
    x, y = middle
    canvas.box((x - 0.09 * reach, y), (0.18 * reach, 0.84 * reach), colour)
    canvas.box(
        (x - 0.3 * reach, y + 0.74 * reach), (0.6 * reach, 0.12 * reach), colour,
        rounding=0.05 * reach,
    )  # fmt: skip


def _draw_square(canvas: Canvas, middle: Spot, side: float, colour: Colour) -> None:
    """A square that stands on a corner."""
    half = side / 2 / sqrt(2)
    ends = [(middle[0] - half, middle[1] - half), (middle[0] + half, middle[1] + half)]
    canvas.line(ends, colour, side)


SUIT_SHAPES: Final[tuple[Callable[[Canvas, Spot, float, Colour], None], ...]] = (
    _draw_heart,
    _draw_diamond,
    _draw_club,
    _draw_spade,
)
