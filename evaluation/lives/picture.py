"""How good the laws are after so many transitions, drawn."""

import io
from pathlib import Path

from envs.files import write_bytes
from evaluation.record import Row


def draw_curve(path: Path, title: str, curve: Row, kernel: float) -> None:
    """Draw the MRR with its standard deviation between lives, as a PNG.

    Args:
        path: the file.
        title: above the picture.
        curve: of `evaluation.lives.summary.curve_row`.
        kernel: MRR of the true kernel, a line that no model can be expected to cross.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    transitions = [int(part.name) for part in curve.by]
    means = [part.metrics["mrr"] for part in curve.by]
    spread = [part.std.get("mrr", 0.0) for part in curve.by]
    label = "OneLife inductive, ± sd between lives"
    axes.errorbar(transitions, means, yerr=spread, marker="o", capsize=4, label=label)
    axes.axhline(kernel, linestyle="--", color="tab:gray", label="true kernel")
    axes.set_xscale("log")
    axes.set_xticks(transitions, [f"{number}" for number in transitions])
    axes.minorticks_off()
    axes.set(title=title, xlabel="transitions of one life", ylabel="MRR")
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
    png = io.BytesIO()
    figure.savefig(png, dpi=150)
    write_bytes(path, png.getvalue())
