"""Learning curves: means over episodes, and their picture."""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from envs.files import write_bytes
from worldmodels.incontext.baseline import Baseline, Estimate
from worldmodels.incontext.train import Record

LAST_PART: Final = 0.1  # of training; what is reported at the end
MOST_POINTS: Final = 100  # of a curve
LABELS: Final[Mapping[str, str]] = {
    "achievements": "achievements per episode",
    "return": "return per episode",
    "length": "steps per episode",
}

Points = Float[np.ndarray, " points"]


def measures(records: Sequence[Record]) -> list[str]:
    """Names of what is known about episodes, the one to look at first."""
    return [name for name in LABELS if name in records[0]]


def random_estimate(baseline: Baseline, name: str) -> Estimate | None:
    """What random actions come to in one of `measures`."""
    known = {"return": baseline.total, "length": baseline.length}
    return baseline.achievements if name == "achievements" else known[name]


def episode_mean(records: Sequence[Record], name: str) -> float:
    """Mean over all episodes that ended in some updates; NaN if none did."""
    pairs = [(record["num_episodes"] or 0.0, record[name]) for record in records]
    total = sum(n * value for n, value in pairs if value is not None)
    count = sum(n for n, _ in pairs)
    return total / count if count else math.nan


def last_mean(records: Sequence[Record], name: str) -> float | None:
    """Mean over the episodes that ended in the last tenth of training; None if none did."""
    num_updates = max(1, round(LAST_PART * len(records)))
    mean = episode_mean(records[-num_updates:], name)
    return None if math.isnan(mean) else mean


def largest_mean(records: Sequence[Record], name: str = "return") -> float | None:
    """The largest mean of an update (MMER); None if no episode ever ended.

    Source: in-context-rl.md 3.2 and 5; the name is POPGym's.
    """
    values = [record[name] for record in records]
    return max((value for value in values if value is not None), default=None)


def smooth(records: Sequence[Record], name: str) -> tuple[Points, Points]:
    """A curve of at most `MOST_POINTS` points: steps, and the mean over the episodes up to there.

    Every point takes the episodes since the point before.
    """
    parts = np.array_split(np.arange(len(records)), min(len(records), MOST_POINTS))
    groups = [[records[i] for i in part] for part in parts]
    steps = [group[-1]["steps"] or 0.0 for group in groups]
    return np.array(steps, float), np.array([episode_mean(group, name) for group in groups])


def draw(path: Path, title: str, runs: Mapping[str, Sequence[Record]], baseline: Baseline) -> None:
    """Draw the first of `measures` against the steps, as a PNG.

    Args:
        path: The file.
        title: Above the picture.
        runs: Label of a seed -> its metrics; there is a mean of the seeds when all have as many.
        baseline: What random actions come to.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    name = measures(next(iter(runs.values())))[0]
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    curves = [smooth(records, name) for records in runs.values()]
    for label, (steps, values) in zip(runs, curves, strict=True):
        axes.plot(steps / 1e6, values, linewidth=0.8, alpha=0.6, label=label)
    is_even = len({len(records) for records in runs.values()}) == 1  # nobody is still behind
    if len(curves) > 1 and is_even:
        mean = np.mean([values for _, values in curves], axis=0)
        axes.plot(curves[0][0] / 1e6, mean, linewidth=2.5, color="black", label="mean of the seeds")
    random = random_estimate(baseline, name)
    if random is not None:
        axes.axhline(random.mean, linestyle="--", color="tab:gray", label="random actions")
    axes.set(title=title, xlabel="million steps", ylabel=LABELS[name])
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
    png = io.BytesIO()
    figure.savefig(png, dpi=150)
    write_bytes(path, png.getvalue())
