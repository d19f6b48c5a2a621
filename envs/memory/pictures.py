"""Pictures of boards."""

from typing import Final, NamedTuple

from envs.canvas import (
    ACCENT,
    BACKGROUND,
    DIM,
    NOTICE,
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
from envs.memory.table import BACK, FACES, WRONG, draw_back, draw_face

WATER: Final = (44, 74, 110)
MISS: Final = (33, 52, 76)
HIT: Final = WRONG
UNOPENED: Final = (70, 77, 94)
OPENED: Final = SURFACE
MINE: Final = WRONG
ARM: Final = (58, 64, 80)
WIN: Final = ACCENT
LOSS: Final = WRONG
MARGIN: Final = 0.05  # around a board, of the smaller side of the picture
GAP: Final = 0.06  # between squares, of their width


class Square(NamedTuple):
    """One square of a board: a coloured box with a mark, or a card."""

    fill: Colour
    mark: str = ""
    card: tuple[str, int] | None = None  # as `draw_face` takes it
    is_card_back: bool = False


class Board(NamedTuple):
    """Squares in rows."""

    squares: tuple[Square, ...]
    columns: int
    words: str  # for the line at the foot
    level: float  # of the bar above them, 0..1
    aspect: float = 1.0  # height of a square, of its width
    last: int = -1  # the square that gets a bright edge


def turned_card() -> Square:
    """A hidden card."""
    return Square(BACK, is_card_back=True)


def open_card(cards: str, kind: int, is_found: bool) -> Square:
    """An open card; a brighter ground tells that it stays open."""
    fill = mixed(BACKGROUND, ACCENT, 0.7) if is_found else BACKGROUND
    mark = FACES[cards][kind]
    return Square(fill, mark[0] if cards == "colours" else mark, (cards, kind))


def draw_board(board: Board, size: tuple[int, int]) -> Frame:
    """Draw a board, `size` = (width, height) in pixels."""
    canvas = Canvas(size)
    (left, top), (wide, high) = _places(board, size)
    for place, square in enumerate(board.squares):
        row, column = divmod(place, board.columns)
        gap = GAP * wide
        corner = left + column * wide + gap / 2, top + row * high + gap / 2
        inside = wide - gap, high - gap
        edge = NOTICE if place == board.last else None
        if square.is_card_back:
            draw_back(canvas, corner, inside)
        elif square.card is not None:
            canvas.box((corner[0] - gap, corner[1] - gap), (wide + gap, high + gap), square.fill)
            draw_face(canvas, corner, inside, *square.card)
        else:
            canvas.box(corner, inside, square.fill, edge, max(1.0, gap / 2), wide / 10)
            middle = corner[0] + inside[0] / 2, corner[1] + inside[1] / 2
            colour = DIM if square.mark in {"o", "."} else TEXT
            canvas.text(middle, square.mark, 0.5 * wide, colour, "mm")
    caption(canvas, board.words, board.level)
    return canvas.frame()


def square_at(board: Board, spot: Spot, size: tuple[int, int]) -> int | None:
    """The number of the square at a spot; None beside the board.

    Args:
        board: That is shown.
        spot: (x, y) as shares of the picture.
        size: Pixels (width, height).
    """
    (left, top), (wide, high) = _places(board, size)
    column, row = (spot[0] * size[0] - left) // wide, (spot[1] * size[1] - top) // high
    square = int(row) * board.columns + int(column)
    is_on_board = 0 <= column < board.columns and 0 <= square < len(board.squares)
    return square if is_on_board else None


def _places(board: Board, size: tuple[int, int]) -> tuple[Spot, Spot]:
    """Upper left corner of the first square, and (width, height) of every one, in pixels."""
    margin = MARGIN * min(size)
    rows = -(-len(board.squares) // board.columns)
    room = size[0] - 2 * margin, size[1] - strip_height(size) - 2 * margin
    wide = min(room[0] / board.columns, room[1] / rows / board.aspect)
    high = wide * board.aspect
    left = (size[0] - wide * board.columns) / 2
    return (left, margin + (room[1] - high * rows) / 2), (wide, high)
