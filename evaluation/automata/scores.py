"""From grids to numbers: every cell that is counted is a cell of a grid, never padding."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from evaluation.automata.models import Grids, Simulator
from evaluation.record import Row
from worldmodels.lifegpt.data import neighbourhoods, successors, trajectories

Lives = Bool[np.ndarray, "grids times rows columns"]
Wrong = Int[np.ndarray, " grids"]  # cells
Samples = Float[np.ndarray, " grids"] | Bool[np.ndarray, " grids"]


class Rollouts(NamedTuple):
    """What a model made of grids from its own answers, and what became of them in truth."""

    said: Lives
    truth: Lives

    @property
    def errors(self) -> Float[np.ndarray, "grids steps"]:
        """Share of the cells that differ from the truth, after each step."""
        return np.asarray((self.said != self.truth)[:, 1:].mean(axis=(2, 3)))

    @property
    def right_steps(self) -> Int[np.ndarray, " grids"]:
        """How many steps of each grid are right before the first wrong one."""
        is_wrong = self.errors > 0
        first = np.where(is_wrong.any(axis=1), is_wrong.argmax(axis=1), is_wrong.shape[1])
        return np.asarray(first)

    @property
    def slips(self) -> Float[np.ndarray, "grids steps"]:
        """Share of the cells that are wrong as the successor of the model's own grid before."""
        grids, times, rows, columns = self.said.shape
        before = self.said[:, :-1].reshape(-1, rows, columns)
        after = successors(before).reshape(grids, times - 1, rows, columns)
        return np.asarray((self.said[:, 1:] != after).mean(axis=(2, 3)))


def wrong_cells(model: Simulator, grids: Grids) -> Wrong:
    """How many cells of each grid a model foretells wrongly, one generation ahead."""
    counted: Wrong = (model.next_grids(grids) != successors(grids)).sum(axis=(1, 2))
    return counted


def roll_out(model: Simulator, grids: Grids, num_steps: int) -> Rollouts:
    """Let a model live on from its own answers."""
    said = [grids]
    for _ in range(num_steps):
        said.append(model.next_grids(said[-1]))
    return Rollouts(np.stack(said, axis=1), trajectories(grids, num_steps + 1))


def right_neighbourhoods(model: Simulator, side: int) -> Bool[np.ndarray, " 512"]:
    """Which of the 512 squares of 3x3 cells get the right cell in their middle.

    A model that gets all of them right, wherever they are, has the rule.
    """
    grids = neighbourhoods(side)
    middle = side // 2
    right: Bool[np.ndarray, " 512"] = (
        model.next_grids(grids)[:, middle, middle] == successors(grids)[:, middle, middle]
    )
    return right


def one_step_row(name: str, wrong: Wrong, num_cells: int, by: Sequence[Row] = ()) -> Row:
    """One generation of several grids.

    Args:
        name: of the row.
        wrong: cells, of each grid.
        num_cells: of a grid.
        by: parts.
    """
    errors = wrong / num_cells
    samples = {"cell_accuracy": 1 - errors, "exact_grid_rate": wrong == 0, "cell_error": errors}
    return sampled_row(name, samples, by)


def rollout_row(name: str, rollouts: Rollouts) -> Row:
    """Several grids, many steps; the parts are the steps.

    | metric | over grids |
    |---|---|
    | `steps_to_first_error` | median of the steps that are right before the first wrong one; all \
steps where none is wrong |
    | `never_wrong_rate` | share of grids without a wrong step |
    | `final_cell_accuracy` | cells after the last step, compared with the true grid |
    | `step_cell_error`, `step_exact_rate` | single steps, each compared with what the rule makes \
of the model's own grid before |
    """
    errors, slips, right = rollouts.errors, rollouts.slips, rollouts.right_steps
    steps = [
        sampled_row(
            f"step {step + 1}",
            {"cell_error": errors[:, step], "exact_grid_rate": errors[:, step] == 0},
        )
        for step in range(errors.shape[1])
    ]
    row = sampled_row(
        name,
        {
            "never_wrong_rate": right == errors.shape[1],
            "final_cell_accuracy": 1 - errors[:, -1],
            "step_cell_error": slips.mean(axis=1),
            "step_exact_rate": (slips == 0).mean(axis=1),
        },
        steps,
    )
    median = {"steps_to_first_error": float(np.median(right))}
    return Row(name, {**median, **row.metrics}, row.stderr, row.n, row.std, row.by)


def neighbourhood_row(name: str, right: Bool[np.ndarray, " 512"]) -> Row:
    """All 512 squares, and those of each count of live neighbours."""
    bits = np.arange(512)[:, None] >> np.arange(9) & 1
    is_alive, neighbours = bits[:, 4] == 1, bits.sum(axis=1) - bits[:, 4]
    parts = []
    for alive, word in ((False, "dead"), (True, "alive")):
        for count in range(9):
            chosen = right[(is_alive == alive) & (neighbours == count)]
            metrics = {"right": float(chosen.sum())}
            parts.append(Row(f"{word}, {count} neighbours", metrics, {}, len(chosen)))
    return Row(name, {"right": float(right.sum())}, {}, len(right), by=tuple(parts))


def sampled_row(name: str, samples: Mapping[str, Samples], by: Sequence[Row] = ()) -> Row:
    """Means and standard errors over grids."""
    values = {metric: np.asarray(sample, np.float64) for metric, sample in samples.items()}
    n = len(next(iter(values.values())))
    metrics = {metric: float(sample.mean()) for metric, sample in values.items()}
    stderr = {}
    if n > 1:
        stderr = {m: float(sample.std(ddof=1)) / math.sqrt(n) for m, sample in values.items()}
    return Row(name, metrics, stderr, n, by=tuple(by))
