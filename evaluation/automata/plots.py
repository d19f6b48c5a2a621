"""Results as pictures: one step against density, and rollouts against steps."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from envs.files import write_bytes
from evaluation.automata.grids import DENSITIES
from evaluation.automata.models import Simulator
from evaluation.automata.study import Measured

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Of models, in order; told apart by people who do not see all colours."""
RULE_COLOUR: Final = "#222222"
WIDTH: Final = 5.4  # inches of one size
HEIGHT: Final = 2.7  # of one panel
LONG_NAME: Final = 24  # characters; such names stand one below another

Style = dict[str, Any]
Draw = Callable[[Any, Measured, Style], None]


def draw_all(measured: Sequence[Measured], folder: Path) -> list[Path]:
    """Write the plots and return their paths."""
    num_lives, num_steps = measured[0].rollouts.errors.shape
    num_grids = measured[0].row.by[0].n
    one_step = _plot(
        measured,
        "One generation: how much is right, by how full the grid is",
        f"means over {num_grids} random grids of each density, shaded: ± standard error",
        "density of live cells",
        {"cells right": _cells_right, "grids without a wrong cell": _grids_right},
    )
    rolled = _plot(
        measured,
        f"Rollouts: {num_steps} generations, each from the model's own answer",
        f"means over {num_lives} random grids of densities 0.1 to 0.7, shaded: ± standard error",
        "generation",
        {"cells wrong": _cells_wrong, "grids still without any error": _still_right},
    )
    written = {"density": one_step, "rollouts": rolled}
    paths = [folder / f"cellular-{name}.png" for name in written]
    for path, png in zip(paths, written.values(), strict=True):
        write_bytes(path, png)
    return paths


def _plot(
    measured: Sequence[Measured],
    title: str,
    conditions: str,
    horizontal: str,
    lines: Mapping[str, Draw],
) -> bytes:
    """A column for every size, a row for every measure, a line for every model."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sides = sorted({one.side for one in measured})
    names = list(dict.fromkeys(one.model.name for one in measured))
    figure = Figure(
        figsize=(WIDTH * max(len(sides), 1.4), HEIGHT * len(lines) + 1.5), layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(lines), len(sides), squeeze=False, sharex=True, sharey="row")
    handles: dict[str, Any] = {}
    for (vertical, draw), row in zip(lines.items(), panels, strict=True):
        row[0].set_ylabel(vertical)
        for axes, side in zip(row, sides, strict=True):
            for one in measured:
                if one.side == side:
                    draw(axes, one, _style(one.model, names))
            axes.grid(alpha=0.25)
            axes.margins(x=0.01)
            axes.spines[["top", "right"]].set_visible(False)
            axes.yaxis.set_major_formatter(_percent)
            found = zip(*axes.get_legend_handles_labels(), strict=True)
            handles |= {label: handle for handle, label in found}
    for axes, side in zip(panels[0], sides, strict=True):
        axes.set_title(f"{side}x{side}")
    for axes in panels[-1]:
        axes.set_xlabel(horizontal)
    legend = figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=1 if max(map(len, names)) > LONG_NAME else min(3, len(names)),
        frameon=False,
        title=f"{conditions}\nsolid: told which cells are neighbours on the torus; dashed: told "
        "nothing of it",
        handlelength=3,
    )
    legend.get_title().set_multialignment("center")
    figure.suptitle(title, fontweight="bold")
    png = io.BytesIO()
    figure.savefig(png, dpi=150)
    return png.getvalue()


def _style(model: Simulator, names: Sequence[str]) -> Style:
    """Later lines are thinner, so that none hides another."""
    if model.name == "rule":
        look: Style = {"color": RULE_COLOUR, "alpha": 0.25, "linewidth": 6}
    else:
        index = [name for name in names if name != "rule"].index(model.name)
        look = {"color": COLOURS[index % len(COLOURS)], "linewidth": max(1.3, 3 - 0.6 * index)}
    return {**look, "label": model.name, "linestyle": "-" if model.told == "torus" else "--"}


def _cells_right(axes: Any, one: Measured, style: Style) -> None:
    _by_density(axes, one, style, "cell_accuracy")


def _grids_right(axes: Any, one: Measured, style: Style) -> None:
    _by_density(axes, one, style, "exact_grid_rate")


def _by_density(axes: Any, one: Measured, style: Style, metric: str) -> None:
    parts = one.row.by[: len(DENSITIES)]
    values = np.array([part.metrics[metric] for part in parts])
    spread = np.array([part.stderr[metric] for part in parts])
    _line(axes, DENSITIES, values, spread, style)


def _cells_wrong(axes: Any, one: Measured, style: Style) -> None:
    errors = one.rollouts.errors
    values = np.append(0, errors.mean(axis=0))
    spread = np.append(0, errors.std(axis=0, ddof=1) / np.sqrt(len(errors)))
    _line(axes, range(len(values)), values, spread, style)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _still_right(axes: Any, one: Measured, style: Style) -> None:
    steps = np.arange(one.rollouts.errors.shape[1] + 1)
    is_right = one.rollouts.right_steps[None, :] >= steps[:, None]
    spread = is_right.std(axis=1, ddof=1) / np.sqrt(is_right.shape[1])
    _line(axes, steps, is_right.mean(axis=1), spread, style)


def _line(axes: Any, at: Any, values: Any, spread: Any, style: Style) -> None:
    axes.plot(at, values, **style)
    low, high = np.clip(values - spread, 0, 1), np.clip(values + spread, 0, 1)
    axes.fill_between(at, low, high, color=style["color"], alpha=0.15, linewidth=0)


def _percent(share: float, position: int) -> str:
    del position
    return f"{100 * share:.4g} %"
