"""Patterns as text: RLE, plaintext and Life 1.06, in and out."""

import dataclasses
import itertools
import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from jaxtyping import Bool

from envs.life.rules import BoundedRule, parse_bounded_rule

Grid = Bool[np.ndarray, "rows columns"]

LARGEST: Final = 2**26  # cells; a larger header is taken for an error, not for an order
LINE: Final = 70  # characters of a line of RLE
_HEADER: Final = re.compile(
    r"x\s*=\s*(\d+)\s*,\s*y\s*=\s*(\d+)\s*(?:,\s*rule\s*=\s*(\S.*?))?\s*", re.IGNORECASE
)
_ITEM: Final = re.compile(r"(\d*)([A-Za-z.$!])")


@dataclasses.dataclass(frozen=True, eq=False)
class Pattern:
    """Cells, and what a file says about them."""

    cells: Grid
    rule: BoundedRule | None = None
    name: str = ""
    corner: tuple[int, int] = (0, 0)  # (row, column) of the upper left cell


def parse_rle(text: str, *, strict: bool = True) -> Pattern:
    """Read run-length encoded cells.

    Source: lifegpt.md 3.4, after the description of the format on LifeWiki.

    Args:
        text: Comments, a header like `x = 3, y = 3`, items like `2bo$`, and an exclamation mark;
            what comes after that is ignored.
        strict: False: the header may be missing, the size is then that of the cells; and every
            letter but b is a live cell.

    Raises:
        ValueError: names the line and what is wrong with it.
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip()[:1] not in ("", "#")), None)
    if start is None:
        raise ValueError("RLE needs a header 'x = 3, y = 3' and cells; got no such line")
    name, corner, rule = _read_comments(lines[:start])
    header = _HEADER.fullmatch(lines[start].strip())
    if header is None and (strict or "=" in lines[start]):
        raise ValueError(
            f"line {start + 1}: RLE needs a header like 'x = 3, y = 3, rule = B3/S23'; "
            f"got {lines[start].strip()[:60]!r}"
        )
    size: tuple[int, int] | None = None
    if header is not None:
        size = int(header[2]), int(header[1])
        _check_size(size, f"line {start + 1}")
        rule = header[3] or rule
        start += 1
    runs = list(_runs(lines, start, size, strict))
    if size is None:
        size = max((row + 1 for row, *_ in runs), default=0), max((e for *_, e in runs), default=0)
        _check_size(size, "RLE")
    cells = np.zeros(size, np.bool_)
    for row, begin, end in runs:
        cells[row, begin:end] = True
    return Pattern(cells, parse_bounded_rule(rule) if rule else None, name, corner)


def _read_comments(lines: list[str]) -> tuple[str, tuple[int, int], str]:
    name, corner, rule = "", (0, 0), ""
    for number, line in enumerate(lines, 1):
        kind, value = line.strip()[:2], line.strip()[2:].strip()
        if kind == "#N":
            name = value
        elif kind == "#r":
            rule = value
        elif kind in ("#P", "#R"):
            found = re.fullmatch(r"(-?\d+)\s+(-?\d+)", value)
            if not found:
                raise ValueError(f"line {number}: {kind} needs two numbers, x and y; got {value!r}")
            corner = int(found[2]), int(found[1])
    return name, corner, rule


def _check_size(size: tuple[int, int], where: str) -> None:
    if size[0] * size[1] > LARGEST:
        raise ValueError(
            f"{where}: a pattern has at most {LARGEST} cells; got {size[0]} rows of {size[1]}"
        )


def _runs(
    lines: list[str], start: int, size: tuple[int, int] | None, strict: bool
) -> Iterator[tuple[int, int, int]]:
    """Runs of live cells, as (row, first column, column after the last)."""
    height, width = size or (LARGEST, LARGEST)
    row = column = 0
    for number, line in enumerate(lines[start:], start + 1):
        place = 0
        while place < len(line):
            if line[place].isspace():
                place += 1
                continue
            item = _ITEM.match(line, place)
            if item is None or (strict and item[2] not in "boA.$!"):
                raise ValueError(
                    f"line {number}, column {place + 1}: an item of RLE is a count, which may be "
                    f"missing, then b, o, $ or !, with no space between; got {line[place:][:12]!r}"
                )
            place = item.end()
            count, tag = int(item[1][:12] or 1), item[2]
            if count < 1 or (tag == "!" and item[1]):
                raise ValueError(f"line {number}: {item[0]!r} makes no sense; counts are 1 or more")
            if tag == "!":
                return
            if tag == "$":
                row, column = row + count, 0
            else:
                begin, column = column, column + count
                if tag not in "b.":
                    yield row, begin, column
            if column > width:
                raise ValueError(
                    f"line {number}: row {row} has {column} cells, x allows {width} of them"
                )
            if row > height or (row == height and column):
                raise ValueError(f"line {number}: there are more than the {height} rows of y")
    raise ValueError("the cells of RLE end with an exclamation mark; there is none")


def write_rle(cells: Grid, rule: str = "B3/S23") -> str:
    """The cells as RLE; `parse_rle` gives them back."""
    items = ""
    empty = 0  # ends of rows not yet written
    lines = [f"x = {cells.shape[1]}, y = {cells.shape[0]}, rule = {rule}"]

    def add(item: str) -> None:
        nonlocal items
        if len(items) + len(item) > LINE:
            lines.append(items)
            items = ""
        items += item

    for row in cells:
        live = np.flatnonzero(row)
        if live.size:
            if empty:
                add(_item(empty, "$"))
            empty = 0
            edges = np.flatnonzero(np.diff(row[: live[-1] + 1])) + 1
            bounds = [0, *edges.tolist(), int(live[-1]) + 1]
            for begin, end in itertools.pairwise(bounds):
                add(_item(end - begin, "o" if row[begin] else "b"))
        empty += 1
    add("!")
    return "\n".join([*lines, items, ""])


def _item(count: int, tag: str) -> str:
    return tag if count == 1 else f"{count}{tag}"


def parse_plaintext(text: str) -> Pattern:
    """Read a `.cells` file: lines of `!` are comments, `.` is dead, `O` alive.

    Raises:
        ValueError: names the line with another character.
    """
    name, rows = "", []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("!"):
            if line.startswith("!Name:"):
                name = line.removeprefix("!Name:").strip()
            continue
        row = line.rstrip()
        if set(row) - {".", "O"}:
            raise ValueError(f"line {number}: plaintext has '.' and 'O'; got {row[:60]!r}")
        rows.append(row)
    cells = np.zeros((len(rows), max(map(len, rows), default=0)), np.bool_)
    for index, row in enumerate(rows):
        cells[index, : len(row)] = [mark == "O" for mark in row]
    return Pattern(cells, name=name)


def write_plaintext(cells: Grid) -> str:
    """The cells as lines of `.` and `O`; a grid without cells has no size in this format."""
    return "".join("".join("O" if cell else "." for cell in row) + "\n" for row in cells)


def parse_life106(text: str) -> Pattern:
    """Read `#Life 1.06` and a line `x y` for each live cell; the cells are cut to what is alive.

    Raises:
        ValueError: names the line that is neither.
    """
    first, *rest = text.splitlines() or [""]
    if first.strip() != "#Life 1.06":
        raise ValueError(f"line 1: Life 1.06 begins with '#Life 1.06'; got {first[:60]!r}")
    places = []
    for number, line in enumerate(rest, 2):
        found = re.fullmatch(r"\s*(-?\d{1,9})\s+(-?\d{1,9})\s*", line)
        if found:
            places.append((int(found[2]), int(found[1])))
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"line {number}: a cell is two whole numbers, x y; got {line[:60]!r}")
    if not places:
        return Pattern(np.zeros((0, 0), np.bool_))
    spots = np.array(places)
    corner = spots.min(axis=0)
    rows, columns = (spots.max(axis=0) - corner + 1).tolist()
    _check_size((rows, columns), "Life 1.06")
    cells = np.zeros((rows, columns), np.bool_)
    cells[tuple((spots - corner).T)] = True
    return Pattern(cells, corner=(int(corner[0]), int(corner[1])))


def write_life106(cells: Grid, corner: tuple[int, int] = (0, 0)) -> str:
    """The live cells by their coordinates; `corner` is (row, column) of the first cell."""
    rows, columns = np.nonzero(cells)
    lines = [
        f"{column + corner[1]} {row + corner[0]}" for row, column in zip(rows, columns, strict=True)
    ]
    return "\n".join(["#Life 1.06", *lines, ""])
