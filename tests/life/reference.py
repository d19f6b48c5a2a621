"""The rules once more, in numpy and as they are defined: every neighbour looked up by itself."""

from typing import Any

import numpy as np

from envs.life.rules import AnyRule, Boundary, Rule

Grid = np.ndarray[Any, np.dtype[np.bool_]]


def generation(cells: Grid, rule: AnyRule, boundary: Boundary) -> Grid:
    """One generation."""
    if isinstance(rule, Rule):
        around = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
        counts = count(cells, around, boundary)
        return np.where(cells, np.isin(counts, rule.survive), np.isin(counts, rule.born))
    span = range(-rule.reach, rule.reach + 1)
    is_near = {
        "M": lambda y, x: True,
        "N": lambda y, x: abs(y) + abs(x) <= rule.reach,
        "C": lambda y, x: y * y + x * x <= rule.reach**2 + rule.reach,
    }[rule.neighbourhood]
    around = [(y, x) for y in span for x in span if is_near(y, x)]
    counts = count(cells, around, boundary) - (0 if rule.counts_centre else cells)
    low, high = (
        np.where(cells, rule.survive[0], rule.born[0]),
        np.where(cells, rule.survive[1], rule.born[1]),
    )
    return (low <= counts) & (counts <= high)


def generations(cells: Grid, rule: AnyRule, boundary: Boundary, number: int) -> Grid:
    """So many."""
    for _ in range(number):
        cells = generation(cells, rule, boundary)
    return cells


def count(cells: Grid, around: list[tuple[int, int]], boundary: Boundary) -> Any:
    """Live cells at the given offsets (down, right) from every cell."""
    rows, columns = np.indices(cells.shape)
    return sum((look(cells, rows + y, columns + x, boundary).astype(int) for y, x in around), 0)


def look(cells: Grid, rows: Any, columns: Any, boundary: Boundary) -> Grid:
    """What is at these places, which may lie beyond the edges."""
    height, width = cells.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    if boundary == "klein":
        columns = np.where((rows // height) % 2 == 1, width - 1 - columns, columns)
    found = cells[rows % height, columns % width]
    return found & inside if boundary == "dead" else found
