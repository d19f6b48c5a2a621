"""Results as tables for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich import box
from rich.table import Table

from evaluation.metrics import METRICS
from evaluation.record import Reference, Row

TITLES: Final = {
    "rank_at_1": "Rank @1",
    "mrr": "MRR",
    "normalized_recall": "recall",
    "raw_edit": "raw edit",
    "normalized_edit": "per leaf",
    "iou": "IoU",
}
_DECIMALS: Final = {"raw_edit": 2}
_PUBLISHED_AS: Final = {"onelife": "OneLife", "poe": "PoE-World"}


def overall_table(rows: Iterable[Row], references: Iterable[Reference]) -> Table:
    """One line per model, mean and standard error; published figures dimmed below."""
    caption = "mean over scenarios, ± its standard error over trials"
    published = list(references)
    table = _table("model", f"{caption}; dim: published" if published else caption)
    for row in rows:
        table.add_row(row.name, *cells(row.metrics, row.stderr))
    table.add_section()
    for reference in published:
        table.add_row(reference.name, *cells(reference.metrics, {}), style="dim")
    return table


def scenario_table(row: Row, references: Iterable[Reference], compat: bool) -> Table:
    """One line per scenario: means over trials, the MRR's standard deviation, the candidates.

    Args:
        row: of one model.
        references: published figures.
        compat: whether the published value of the scenario may stand beside ours.
    """
    published = [r for r in references if compat and r.name == _PUBLISHED_AS.get(row.name)]
    table = _table(row.name, "means over trials; sd: of the MRR; n: candidates")
    for title in ("sd", "n", *(["published MRR"] if published else [])):
        table.add_column(title, justify="right")
    for part in row.by:
        spread = part.std.get("mrr")
        others = [reference.by.get(part.name, {}).get("mrr") for reference in published]
        table.add_row(
            part.name,
            *cells(part.metrics, {}),
            "" if spread is None else f"{spread:.2f}",
            f"{part.metrics['candidates']:.1f}",
            *("" if value is None else f"{value:.3f}" for value in others),
        )
    return table


def cells(metrics: Mapping[str, float], spread: Mapping[str, float]) -> list[str]:
    """The cells of one line, in the order of `METRICS`; empty where a value is not known."""
    return [cell(name, metrics.get(name), spread.get(name)) for name in METRICS]


def cell(name: str, value: float | None, spread: float | None) -> str:
    """A value and its spread, as `0.479 ±0.012`."""
    if value is None:
        return ""
    decimals = _DECIMALS.get(name, 3)
    around = "" if spread is None else f" ±{spread:.{decimals}f}"
    return f"{value:.{decimals}f}{around}"


def notes_of(rows: Sequence[Row]) -> list[str]:
    """A sentence for each count that a model kept, such as laws that failed."""
    return [
        f"{row.name}: {note.replace('_', ' ')} {count:.0f}"
        for row in rows
        for note, count in row.metrics.items()
        if note not in METRICS and note != "candidates" and count
    ]


def _table(first: str, caption: str) -> Table:
    table = Table(
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, no_wrap=True)
    for metric in METRICS:
        longest = max(map(len, TITLES[metric].split()))
        table.add_column(TITLES[metric], justify="right", min_width=longest)
    return table
