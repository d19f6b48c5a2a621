"""Data sets in the published CSV format: a trajectory a row, a state a field, a cell a character.

The header is `State 1,State 2,...`, or `GridSize,State 1,State 2` for grids of several sizes, whose
states are padded with `p`. Source: lifegpt.md 1.2, 1.10 and 1.11.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int

from envs.files import write_text
from worldmodels.lifegpt.tokenizer import ALIVE, DEAD, PADDING, States

Table = Int[np.ndarray, "rows states cells"]

_CHARACTERS: Final = "01p"  # of DEAD, ALIVE and PADDING
_SIZE: Final = "GridSize"


def write_table(path: Path, table: Table, sides: Sequence[int] | None = None) -> None:
    """Write states; with `sides`, one a row, the file says them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [f"State {number + 1}" for number in range(table.shape[1])]
    writer.writerow(header if sides is None else [_SIZE, *header])
    for index, row in enumerate(table):
        fields = ["".join(_CHARACTERS[cell] for cell in state) for state in row.tolist()]
        writer.writerow(fields if sides is None else [sides[index], *fields])
    write_text(path, text.getvalue())


def read_table(path: Path) -> Table:
    """Read states.

    Raises:
        ValueError: names the line and what is wrong with it.
    """
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text file of the published format: {error}") from error
    if text and not text.endswith("\n"):
        line = text.count("\n") + 1
        raise ValueError(f"{path}, line {line}: the file ends within the line; get it again")
    reader = csv.reader(io.StringIO(text), strict=True)
    rows = []
    try:
        header = next(reader, [])
        has_sizes = header[:1] == [_SIZE]
        names = header[has_sizes:]
        if not names or names != [f"State {number + 1}" for number in range(len(names))]:
            raise ValueError(
                f"{path}, line 1: expected the header 'State 1,State 2,...', perhaps after "
                f"'{_SIZE},', got {','.join(header)[:60]!r}"
            )
        for fields in reader:
            where = f"{path}, line {reader.line_num}"
            rows.append(_read_row(where, fields, len(header), has_sizes))
            if rows[-1].shape != rows[0].shape:
                raise ValueError(
                    f"{where}: states of {rows[-1].shape[1]} cells, those before have "
                    f"{rows[0].shape[1]}"
                )
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}") from error
    if not rows:
        raise ValueError(f"{path} has no line of states")
    return np.stack(rows)


def read_pairs(path: Path) -> tuple[States, States]:
    """The first two states of every row.

    Raises:
        ValueError: as `read_table`, or there is only one state a row.
    """
    table = read_table(path)
    if table.shape[1] < 2:
        raise ValueError(f"{path} has one state a row; a model learns from two, one after another")
    return table[:, 0], table[:, 1]


def _read_row(
    where: str, fields: list[str], num_fields: int, has_size: bool
) -> Int[np.ndarray, "states cells"]:
    if len(fields) != num_fields:
        raise ValueError(f"{where}: expected {num_fields} fields, got {len(fields)}")
    side = None
    if has_size:
        if not fields[0].isdigit():
            raise ValueError(f"{where}: expected a grid size, got {fields[0][:20]!r}")
        side = int(fields[0])
    states = list(_read_states(where, fields[has_size:], side))
    if len({len(state) for state in states}) != 1:
        raise ValueError(f"{where}: states of different lengths; was the line cut?")
    return np.stack(states)


def _read_states(
    where: str, fields: list[str], side: int | None
) -> Iterator[Int[np.ndarray, " cells"]]:
    values = np.full(128, -1)
    values[[ord(mark) for mark in _CHARACTERS]] = (DEAD, ALIVE, PADDING)
    for number, field in enumerate(fields, 1):
        state = values[np.frombuffer(field.encode("ascii"), np.uint8)]
        odd = np.flatnonzero(state < 0)
        if len(odd):
            raise ValueError(
                f"{where}, state {number}: a cell is 0, 1 or p, got {field[odd[0]]!r} at {odd[0]}"
            )
        cells = int((state != PADDING).sum())
        wanted = side * side if side is not None else round(cells**0.5) ** 2
        if cells != wanted or cells == 0 or (state[:cells] == PADDING).any():
            raise ValueError(
                f"{where}, state {number}: expected a square grid"
                + (f" of {side}x{side}" if side is not None else "")
                + f", then perhaps p; got {cells} cells among {len(state)} characters"
            )
        yield state
