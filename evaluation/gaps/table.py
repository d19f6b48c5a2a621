"""The results as tables for the terminal, published figures dimmed below ours."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.markup import escape
from rich.table import Table

from combopt.attempts import MEASURES
from evaluation.gaps.study import Measured
from evaluation.record import Reference, Row

SMALL: Final = 0.1  # seconds; fewer have more decimals


def problem_table(measured: Sequence[Measured], references: Iterable[Reference]) -> Table:
    """A line for each policy on each set of one problem."""
    published = list(references)
    problem = measured[0].instances.problem
    table = Table(
        title=problem,
        title_justify="left",
        title_style="bold",
        caption="gap: to the optima, or to the solver (*)\n± standard error; CPU s: one "
        "instance, one thread\ndim: published",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("set", overflow="fold")
    table.add_column("n", justify="right")
    table.add_column("policy", no_wrap=True)
    for title in (MEASURES[problem], "gap %", "CPU s"):
        table.add_column(title, justify="right", no_wrap=True)
    for each in measured:
        table.add_section()
        for number, (row, title) in enumerate(zip(each.rows, each.titles, strict=True)):
            first = [escape(each.instances.name), str(row.n)] if not number else ["", ""]
            mark = "*" if title == each.titles[-1] and not each.is_known else ""
            table.add_row(*first, f"{title}{mark}", *_cells(row))
        for reference in published:
            value = reference.by.get(each.instances.part, {}).get("gap_percent")
            if value is not None:
                table.add_row("", "", reference.name, "", f"{value:.3g}", "", style="dim")
    return table


def _cells(row: Row) -> list[str]:
    gap, spread = row.metrics["gap_percent"], row.stderr.get("gap_percent")
    seconds = row.metrics["cpu_seconds_per_instance"]
    return [
        f"{row.metrics['cost']:.6g}",
        f"{gap:.2f}" + ("" if spread is None else f" ±{spread:.2f}"),
        f"{seconds:.4f}" if seconds < SMALL else f"{seconds:.2f}",
    ]


def sources_of(measured: Iterable[Measured], references: Iterable[Reference]) -> list[str]:
    """Where the published figures that are shown come from, and their conditions."""
    parts = {each.instances.part for each in measured}
    return [
        f"{reference.name}: {reference.source}; {reference.conditions}"
        for reference in references
        if parts & set(reference.by)
    ]
