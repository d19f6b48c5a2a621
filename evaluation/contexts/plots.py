"""Results as pictures: returns along a life, and costs along sequences."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from envs.files import write_bytes
from evaluation.contexts.axes import TRAINED
from evaluation.contexts.scaling import BATCH, Cost
from evaluation.contexts.study import RANDOM, Found

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Of agents, in order; told apart by people who do not see all colours."""
GREY: Final = "#888888"
SIZE: Final = (5.2, 3.4)  # inches of one panel


def draw_curves(found: Sequence[Found], folder: Path) -> Path:
    """Return of each inner episode: agents as trained, and each agent on every axis."""
    figure, canvas = _figure(2, [SIZE[0] * 2, SIZE[1]])
    left, right = figure.axes
    trained = [each for each in found if each.axis == TRAINED]
    agents = list(dict.fromkeys(each.agent for each in found))
    for each in trained:
        colour = GREY if each.agent == RANDOM else COLOURS[agents.index(each.agent)]
        _line(left, each, each.agent, colour)
    first = agents[0]
    for number, each in enumerate(one for one in found if one.agent == first):
        _line(right, each, each.axis, COLOURS[number % len(COLOURS)])
    for axes, title in ((left, TRAINED), (right, first)):
        axes.axvline(trained[0].num_trained - 0.5, color="#bbbbbb", linewidth=1, linestyle=":")
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("inner episode of a life (dotted: as long as in training)", fontsize=8)
        axes.set_ylabel("return", fontsize=8)
        axes.legend(frameon=False, fontsize=7)
    return _write(canvas, folder / "in_context-curves.png")


def draw_scaling(costs: Sequence[Cost], folder: Path) -> Path:
    """CPU seconds and memory of a gradient against the length of the sequence."""
    figure, canvas = _figure(2, [SIZE[0] * 2, SIZE[1]])
    names = list(dict.fromkeys(each.memory for each in costs))
    titles = (f"CPU seconds of a gradient, {BATCH} sequences", "MiB on the way")
    for axes, title, field in zip(figure.axes, titles, ("cpu_seconds", "mebibytes"), strict=True):
        for number, name in enumerate(names):
            own = [each for each in costs if each.memory == name]
            values = [getattr(each, field) for each in own]
            colour = COLOURS[number % len(COLOURS)]
            lengths = [each.length for each in own]
            axes.plot(lengths, values, marker="o", markersize=3, color=colour, label=name)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("steps", fontsize=8)
        axes.legend(frameon=False, fontsize=7)
    return _write(canvas, folder / "in_context-scaling.png")


def _line(axes: Any, found: Found, label: str, colour: str) -> None:
    number = np.arange(found.curve.shape[1])
    mean = found.curve.mean(axis=0)
    axes.plot(number, mean, color=colour, label=label, marker="o", markersize=2.5, linewidth=1.2)
    if len(found.curve) > 1:
        spread = found.curve.std(axis=0, ddof=1) / len(found.curve) ** 0.5
        axes.fill_between(
            number, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0
        )


def _figure(num_panels: int, size: Sequence[float]) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0], size[1]), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for axes in figure.subplots(1, num_panels):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return figure, canvas


def _write(canvas: Any, path: Path) -> Path:
    buffer = io.BytesIO()
    canvas.figure.savefig(buffer, format="png", dpi=150)
    write_bytes(path, buffer.getvalue())
    return path
