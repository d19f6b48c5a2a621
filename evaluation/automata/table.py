"""The results as tables for the terminal; models that are told the torus stand apart."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from rich import box
from rich.markup import escape
from rich.table import Table

from evaluation.automata.grids import DENSITIES
from evaluation.automata.models import Topology
from evaluation.automata.study import ROLLOUTS, SQUARES, Measured, Sized
from evaluation.record import Reference, Row

TOLD: Final[dict[Topology, str]] = {"torus": "told the torus", "nothing": "told nothing of it"}
NAME_WIDTH: Final = 20  # of a column; longer names take several lines
ROUNDING: Final = 1e-12  # no share of cells is as small, unless by rounding
ONE_STEP: Final = ("cells\nright", "cells\nwrong", "grids\nright")
ROLLED: Final = ("right\nsteps", "never\nwrong")
PUBLISHED_STEPS: Final = 9  # of the published short rollouts
NUM_RANDOM: Final = len(DENSITIES)  # parts of a row that are densities; patterns follow


def side_table(side: int, measured: Sequence[Measured], num_steps: int) -> Table:
    """One line per model on grids of one size."""
    table = _table(
        f"{side}x{side}",
        f"cells, grids: one step of {measured[0].row.n} random grids of densities 0 to 1; "
        "± standard error\n"
        f"right steps: median before the first wrong cell; {len(measured[0].rollouts.said)} "
        f"random grids, {num_steps} steps\n"
        "patterns: share right after one step; 512: 3x3 squares with a right middle\n"
        "told the torus: which cells are neighbours, over the edges of the grid too",
        (*ONE_STEP, *ROLLED, "patterns", "512"),
    )
    for told, group in _groups(measured):
        table.add_section()
        table.add_row(f"[italic]{TOLD[told]}")
        for one in group:
            metrics, squares = one.row.metrics, part_of(one.row, SQUARES)
            table.add_row(
                _name(one.model.name),
                f"{metrics['cell_accuracy']:.5f}",
                _error(one.row),
                f"{metrics['exact_grid_rate']:.3f} ±{one.row.stderr['exact_grid_rate']:.3f}",
                _steps(metrics["steps_to_first_error"], num_steps),
                f"{metrics['never_wrong_rate']:.3f}",
                f"{np.mean([part.metrics['exact_grid_rate'] for part in shapes_of(one.row)]):.3f}",
                "" if squares is None else f"{squares.metrics['right']:.0f}",
            )
    return table


def parts_table(side: int, measured: Sequence[Measured]) -> Table:
    """One line per density and pattern, the share of grids right after one step."""
    names = [one.model.name for one in measured]
    table = _table(f"{side}x{side}", "share of grids right after one step", names)
    lines = zip(*([*one.row.by[:NUM_RANDOM], *shapes_of(one.row)] for one in measured), strict=True)
    for number, parts in enumerate(lines):
        if number == NUM_RANDOM:
            table.add_section()
        table.add_row(parts[0].name, *(f"{part.metrics['exact_grid_rate']:.3f}" for part in parts))
    return table


def sizes_table(sized: Sequence[Sized], sizes: Sequence[int]) -> Table:
    """One line per model, one column per size."""
    table = _table(
        "other sizes",
        f"share of cells right after one step; {_num_grids(sized)} random grids of each size\n"
        "*: the model was trained on this size; -: it cannot be asked",
        [f"{side}x{side}" for side in sizes],
    )
    for told, group in _groups(sized):
        table.add_section()
        table.add_row(f"[italic]{TOLD[told]}")
        for one in group:
            found = {part.name: part.metrics["cell_accuracy"] for part in one.row.by}
            cells = []
            for side in sizes:
                value = found.get(f"{side}x{side}")
                mark = "*" if side in one.model.sides else ""
                cells.append("-" if value is None else f"{value:.5f}{mark}")
            table.add_row(_name(one.model.name), *cells)
    return table


def _num_grids(sized: Sequence[Sized]) -> int:
    """Of each size."""
    return next((part.n for one in sized for part in one.row.by), 0)


def published_table(
    measured: Sequence[Measured], references: Sequence[Reference], num_steps: int
) -> Table:
    """One line per model that takes 32x32, and what was published for the same grids."""
    table = _table(
        "published test grids",
        "cells: one step of ten grids of 32x32; ± standard error\n"
        "dim: LifeGPT as it was published: told nothing of the torus,\n"
        "12.7 million weights, 50 epochs, temperature 0, rollouts of 249\n"
        f"steps; those here have {num_steps}. "
        "Known for 32x32 alone: these figures\nstand beside no other size.",
        (*ONE_STEP[:2], f"right after\n{PUBLISHED_STEPS} steps", *ROLLED),
    )
    for told, group in _groups(measured):
        table.add_section()
        table.add_row(f"[italic]{TOLD[told]}")
        for one in group:
            metrics = one.row.metrics
            table.add_row(
                _name(one.model.name),
                f"{metrics['cell_accuracy']:.5f}",
                _error(one.row),
                _after(part_of(one.row, ROLLOUTS), PUBLISHED_STEPS),
                _steps(metrics["steps_to_first_error"], num_steps),
                f"{metrics['never_wrong_rate']:.1f}",
            )
    table.add_section()
    table.add_row("[italic]published", style="dim")
    table.add_row(_name("LifeGPT"), *_published(references), style="dim")
    return table


def _published(references: Sequence[Reference]) -> list[str]:
    known = {reference.name: reference.metrics for reference in references}
    accuracy = known["LifeGPT, one step, temperature 0"]["cell_accuracy"]
    later = known["LifeGPT, 9 steps, epoch 50, temperature 0"]["final_cell_accuracy"]
    long = known["LifeGPT, 249 steps"]
    return [
        f"{accuracy:.5f}",
        _small(1 - accuracy),
        f"{later:.5f}",
        f"all {long['steps_to_first_error']:.0f}",
        f"{long['never_wrong_rate']:.1f}",
    ]


def notes_of(sized: Iterable[Sized]) -> list[str]:
    """A sentence for each model that does not take all sizes."""
    notes = []
    for one in sized:
        if one.refusals:
            sides = ", ".join(f"{side}x{side}" for side in one.refusals)
            reason = next(iter(one.refusals.values()))
            notes.append(f"{one.model.name} cannot be asked about {sides}: {reason}")
    return notes


def part_of(row: Row, name: str) -> Row | None:
    """The part of this name."""
    return next((part for part in row.by if part.name == name), None)


def shapes_of(row: Row) -> list[Row]:
    """The parts that are patterns."""
    return [part for part in row.by[NUM_RANDOM:] if part.name not in (ROLLOUTS, SQUARES)]


def _groups(
    found: Sequence[Measured] | Sequence[Sized],
) -> list[tuple[Topology, list[Measured | Sized]]]:
    groups = [(told, [one for one in found if one.model.told == told]) for told in TOLD]
    return [(told, group) for told, group in groups if group]


def _name(name: str) -> str:
    return f"  {escape(name)}"


def _error(row: Row) -> str:
    return f"{_small(row.metrics['cell_error'])} ±{_small(row.stderr['cell_error'], 0)}"


def _small(value: float, decimals: int = 1) -> str:
    """Digits and a power of ten, as `1.9e-3`."""
    if value < ROUNDING:
        return "0"
    digits, _, power = f"{value:.{decimals}e}".partition("e")
    return f"{digits}e{int(power)}"


def _steps(value: float, num_steps: int) -> str:
    return f"all {num_steps}" if value == num_steps else f"{value:g}"


def _after(rollouts: Row | None, steps: int) -> str:
    """Cells right after so many steps; nothing where rollouts are shorter."""
    assert rollouts is not None
    if len(rollouts.by) < steps:
        return ""
    return f"{1 - rollouts.by[steps - 1].metrics['cell_error']:.5f}"


def _table(first: str, caption: str, titles: Sequence[str]) -> Table:
    table = Table(
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(first, min_width=NAME_WIDTH, overflow="fold")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    return table
