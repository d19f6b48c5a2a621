"""Generations on arrays of cells: the readable stepper, and the one of large neighbourhoods."""

from functools import reduce
from operator import or_

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32, UInt8

from envs.life import packed
from envs.life.rules import AnyRule, Boundary, Rule, WideRule

Cells = Bool[Array, "rows columns"]


def generation(cells: Cells, rule: AnyRule, boundary: Boundary) -> Cells:
    """One generation of any rule."""
    if isinstance(rule, WideRule):
        return wide_generation(cells, rule, boundary)
    return roll_generation(cells, rule, boundary)


def generations(cells: Cells, rule: AnyRule, boundary: Boundary, count: int) -> Cells:
    """`count` generations of one grid, on packed bits where the rule allows."""
    if isinstance(rule, WideRule):
        last: Cells = jax.lax.fori_loop(
            0, count, lambda _, now: wide_generation(now, rule, boundary), cells
        )
        return last
    words = packed.generations(packed.pack(cells[None]), cells.shape[1], rule, boundary, count)
    return packed.unpack(words, cells.shape[1])[0]


def roll_generation(cells: Cells, rule: Rule, boundary: Boundary) -> Cells:
    """One generation of a rule of 8 neighbours, by shifting the whole grid eight times."""
    neighbours = count_neighbours(cells, boundary)
    return (~cells & _is_one_of(neighbours, rule.born)) | (
        cells & _is_one_of(neighbours, rule.survive)
    )


def count_neighbours(cells: Cells, boundary: Boundary) -> UInt8[Array, "rows columns"]:
    """How many of the 8 neighbours are alive; on a grid narrower than 3, some count twice."""
    around = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    ones = cells.astype(jnp.uint8)
    return sum(
        (shifted(ones, down, right, boundary) for down, right in around), jnp.zeros_like(ones)
    )


def shifted(
    grid: UInt8[Array, "rows columns"], down: int, right: int, boundary: Boundary
) -> UInt8[Array, "rows columns"]:
    """The grid moved by at most one cell each way, over whatever lies beyond its edges."""
    if boundary == "dead":
        rows, columns = grid.shape
        return jnp.pad(grid, 1)[1 - down : 1 - down + rows, 1 - right : 1 - right + columns]
    if boundary == "klein" and down:
        edge = -1 if down > 0 else 0  # the row that goes over the edge comes back mirrored
        grid = grid.at[edge].set(grid[edge, ::-1])
    return jnp.roll(grid, (down, right), axis=(0, 1))


def _is_one_of(
    neighbours: UInt8[Array, "rows columns"], counts: tuple[int, ...]
) -> Bool[Array, "rows columns"]:
    return reduce(or_, (neighbours == n for n in counts), jnp.zeros_like(neighbours, jnp.bool_))


def wide_generation(cells: Cells, rule: WideRule, boundary: Boundary) -> Cells:
    """One generation of Larger than Life."""
    counts = count_around(cells, rule, boundary)
    if not rule.counts_centre:
        counts = counts - cells.astype(jnp.int32)
    born = (rule.born[0] <= counts) & (counts <= rule.born[1])
    survives = (rule.survive[0] <= counts) & (counts <= rule.survive[1])
    return jnp.where(cells, survives, born)


def count_around(cells: Cells, rule: WideRule, boundary: Boundary) -> Int32[Array, "rows columns"]:
    """Live cells in the neighbourhood, its centre among them, by differences of running sums."""
    reach, (rows, columns) = rule.reach, cells.shape
    wide = extended(cells, reach, boundary).astype(jnp.int32)
    if rule.neighbourhood == "M":
        return _windows(_windows(wide, 2 * reach + 1).T, 2 * reach + 1).T
    total = jnp.zeros((rows, columns), jnp.int32)
    for row, half in enumerate(rule.half_widths()):
        part = wide[row : row + rows, reach - half : reach + columns + half]
        total = total + _windows(part, 2 * half + 1)
    return total


def _windows(grid: Int32[Array, "rows columns"], size: int) -> Int32[Array, "rows places"]:
    """Sums of `size` cells side by side, at every place where there are so many."""
    sums = jnp.pad(jnp.cumsum(grid, axis=1), ((0, 0), (1, 0)))
    return sums[:, size:] - sums[:, :-size]


def extended(cells: Cells, reach: int, boundary: Boundary) -> Bool[Array, "more_rows more_columns"]:
    """The grid with `reach` more rows and columns on every side, as the boundary has them."""
    if boundary == "dead":
        return jnp.pad(cells, reach)
    rows, columns = cells.shape
    row = jnp.arange(-reach, rows + reach)[:, None]
    column = jnp.arange(-reach, columns + reach)[None, :]
    if boundary == "klein":
        is_mirrored = (row // rows) % 2 == 1
        column = jnp.where(is_mirrored, columns - 1 - column, column)
    return cells[row % rows, column % columns]
