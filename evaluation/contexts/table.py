"""The results as tables for the terminal, published figures dimmed below ours."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich import box
from rich.markup import escape
from rich.table import Table

from evaluation.contexts.scaling import Cost
from evaluation.contexts.study import Found
from evaluation.record import Reference, Row

LARGE: Final = 100  # numbers beyond are shown whole
COLUMNS: Final = {
    "return": "return",
    "normalized_return": "share",
    "return_first": "first",
    "return_last": "last",
    "gain": "gain",
    "mmer": "MMER",
}
"""Metric -> heading."""


def results_table(found: Sequence[Found], references: Iterable[Reference]) -> Table:
    """A line for every kind of agent on every axis."""
    table = Table(
        title="returns of inner episodes",
        title_justify="left",
        title_style="bold",
        caption="± standard error over seeds, over lives where there is one seed\n"
        "share: 0 is random actions, 1 the largest possible; first, last: inner episodes\n"
        "of training; gain: last - first; MMER: largest mean return of an\n"
        "update. dim: published",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1),
        pad_edge=False,
    )
    known = [name for name in COLUMNS if any(name in each.row.metrics for each in found)]
    table.add_column("agent, its lives", overflow="fold", min_width=23)
    for name in known:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True)
    before = ""
    for each in found:
        if each.agent != before:
            table.add_section()
            table.add_row(escape(each.agent), style="bold")
        before = each.agent
        cells = [_cell(each.row, name) for name in known]
        table.add_row(f"  {escape(each.axis)}", *cells)
    table.add_section()
    for reference in references:
        cells = [f"{reference.metrics[n]:.3g}" if n in reference.metrics else "" for n in known]
        if any(cells):
            table.add_row(reference.name, *cells, style="dim")
    return table


def scaling_tables(costs: Sequence[Cost]) -> list[Table]:
    """Time and memory: a line for every kind of memory, a column for every length."""
    return [
        _scaling_table("a gradient along one sequence: CPU ms", costs, _milliseconds),
        _scaling_table("MiB while it is computed", costs, _mebibytes),
    ]


def _milliseconds(cost: Cost) -> float:
    return 1000 * cost.cpu_seconds


def _mebibytes(cost: Cost) -> float:
    return cost.mebibytes


def _scaling_table(title: str, costs: Sequence[Cost], value: Callable[[Cost], float]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.show_edge = False
    lengths = sorted({each.length for each in costs})
    for name in ("memory", "weights", *map(str, lengths)):
        table.add_column(name, justify="left" if name == "memory" else "right", no_wrap=True)
    for name, alike in itertools.groupby(costs, lambda each: each.memory):
        known = {each.length: each for each in alike}
        cells = [f"{value(known[one]):.1f}" if one in known else "-" for one in lengths]
        table.add_row(name, f"{next(iter(known.values())).num_weights:,}", *cells)
    return table


def _cell(row: Row, name: str) -> str:
    if name not in row.metrics:
        return ""
    spread = row.stderr.get(name) if name == "return" else None
    return _short(row.metrics[name]) + ("" if spread is None else f" ±{_short(spread)}")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= LARGE else f"{value:.3f}"
