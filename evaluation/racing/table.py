"""Standings of the race of array steppers, as tables for the terminal."""

from collections.abc import Iterable, Mapping

from rich import box
from rich.table import Table

from evaluation.racing.arrays import Standing


def speed_table(title: str, standings: Iterable[Standing]) -> Table:
    """One line per heat, contender and setting; the setting that counts has the ratio."""
    table = _table(title, "/s", "/CPU s", "x peer", "wanted")
    for standing in standings:
        for setting, metrics in standing.settings.items():
            is_best = setting == standing.fastest()
            ratio = standing.ratio if is_best else None
            table.add_row(
                *_who(standing, setting),
                f"{metrics['per_second']:,.0f}",
                f"{metrics['per_cpu_second']:,.0f}",
                "" if ratio is None else f"{ratio:.2f}",
                "; ".join(standing.verdicts()) if is_best else "",
                style="" if is_best else "dim",
            )
    return table


def size_table(title: str, standings: Iterable[Standing]) -> Table:
    """The same heats: how long compilation took, and what a world and the process need."""
    table = _table(title, "compile s", "CPU s", "KiB/world", "peak +MiB", "objects")
    for standing in standings:
        for setting, metrics in standing.settings.items():
            table.add_row(
                *_who(standing, setting),
                _cell(metrics, "compile_seconds", 1),
                _cell(metrics, "compile_cpu_seconds", 1),
                _cell(metrics, "bytes_per_world", 1, 1024),
                _cell(metrics, "peak_bytes_growth", 0, 1024**2),
                _cell(metrics, "objects_per_world", 1),
                style="" if setting == standing.fastest() else "dim",
            )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.show_edge = False
    table.add_column("batch", justify="right")
    table.add_column("program", no_wrap=True)
    table.add_column("setting", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _who(standing: Standing, setting: str) -> tuple[str, str, str]:
    return str(standing.batch), standing.contender.name, setting


def _cell(metrics: Mapping[str, float], name: str, decimals: int, unit: int = 1) -> str:
    return f"{metrics[name] / unit:,.{decimals}f}" if name in metrics else ""
