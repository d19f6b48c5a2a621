"""The results of a study as tables for the terminal."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from evaluation.lives.models import FILES, INDUCTIVE, POE, title_of
from evaluation.lives.summary import EQUAL, Verdicts, verdict
from evaluation.record import Reference, Row
from evaluation.table import TITLES, cell

SHOWN: Final = ("rank_at_1", "mrr", "raw_edit", "normalized_edit", "iou")
_SIGNS: Final = {"better": ">", "equal": "=", "worse": "<"}


def lives_text(row: Row) -> str:
    """How many lives, how long, with how many laws."""
    spans = []
    for name in ("transitions", "laws"):
        values = [part.metrics[name] for part in row.by]
        least, most = min(values), max(values)
        span = f"{least:.0f}" if least == most else f"{least:.0f} to {most:.0f}"
        spans.append(f"{span} {name}")
    return f"{row.n} {'life' if row.n == 1 else 'lives'} of {' and '.join(spans)}"


def models_table(cell_name: str, rows: Sequence[Row], references: Sequence[Reference]) -> Group:
    """One line per model, and published figures dimmed below.

    Args:
        cell_name: which protocol and observables.
        rows: named `<protocol>/<observables>/<model>`.
        references: published figures that may stand beside these.
    """
    table = _table("model", "n", *(TITLES[metric] for metric in SHOWN))
    for row in rows:
        model = row.name.rpartition("/")[2]
        values = [cell(name, row.metrics[name], row.std.get(name)) for name in SHOWN]
        table.add_row(title_of(model), str(row.n) if model in FILES else "", *values)
    table.add_section()
    for reference in references:
        values = [cell(name, reference.metrics.get(name), None) for name in SHOWN]
        table.add_row(reference.name, "", *values, style="dim")
    caption = "mean ± standard deviation between lives; n: lives, none where a model needs none"
    return _titled(cell_name, table, f"{caption}; dim: published" if references else caption)


def mechanics_table(rows: Sequence[Row]) -> Group:
    """One line per mechanic, one column per way to judge: the two MRR with >, = or < between.

    Args:
        rows: of `evaluation.lives.summary.compared`, named `mechanics/<protocol>/<observables>`.
    """
    table = _table("mechanic", *(row.name.partition("/")[2] for row in rows))
    for parts in zip(*(row.by for row in rows), strict=True):
        table.add_row(parts[0].name, *map(_compared, parts))
    table.add_section()
    table.add_row("/".join(Verdicts), *map(_counts, rows))
    title = f"{title_of(INDUCTIVE)} against {title_of(POE)}, the same laws"
    return _titled(
        title, table, f"MRR, means over lives; equal where they differ by less than {EQUAL}"
    )


def curve_table(row: Row) -> Group:
    """One line per number of transitions."""
    table = _table("transitions", "n", TITLES["mrr"])
    for part in row.by:
        table.add_row(part.name, str(part.n), cell("mrr", part.metrics["mrr"], part.std.get("mrr")))
    title = f"{title_of(INDUCTIVE)} after so many transitions, {row.name.partition('/')[2]}"
    return _titled(
        title, table, "mean ± standard deviation between lives; n: lives that were so long"
    )


def _compared(row: Row) -> str:
    return f"{row.metrics['mrr']:.3f} {_SIGNS[verdict(row)]} {row.metrics['other_mrr']:.3f}"


def _counts(row: Row) -> str:
    return " / ".join(f"{row.metrics[word]:.0f}" for word in Verdicts)


def _titled(title: str, table: Table, caption: str) -> Group:
    return Group(Text(title, style="bold"), table, Text(f"{caption}\n", style="dim"))


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0), pad_edge=False, show_edge=False)
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", min_width=max(map(len, title.split())))
    return table
