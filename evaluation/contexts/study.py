"""Agents on every axis, as rows of results."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float

from envs.control.meta_params import MetaCartPoleParams, MetaControlParams
from envs.control.tasks import TASK_IDS
from evaluation.contexts.axes import TRAINED, Axis, axes_of
from evaluation.contexts.lives import Lives, play
from evaluation.record import Row
from worldmodels.incontext.checkpoint import read_manifest
from worldmodels.incontext.curve import largest_mean
from worldmodels.incontext.player import load_agent
from worldmodels.incontext.problem import Problem, find_problem
from worldmodels.training.run_folder import last_checkpoint

RANDOM: Final = "random actions"
LONGER: Final = 2  # lives, than in training


class Runs(NamedTuple):
    """Agents that were trained alike, one for each seed."""

    name: str
    checkpoints: tuple[Path, ...]
    run: dict[str, Any]  # the configuration of the first
    mmer: tuple[float, ...]  # of each: the largest mean return of an update, where it is known

    @property
    def keywords(self) -> dict[str, Any]:
        """Of the world."""
        return dict(self.run.get("params", {}))


class Found(NamedTuple):
    """One kind of agent on one axis."""

    agent: str
    env: str
    axis: str
    row: Row
    curve: Float[np.ndarray, "seeds episodes"]  # mean return of each inner episode
    num_trained: int  # inner episodes of a life in training


def find_runs(folder: Path) -> Runs:
    """The agents of `python -m worldmodels.incontext train --out FOLDER`, or of one seed of it.

    Raises:
        ValueError: there is none, or a checkpoint is broken.
        OSError: it cannot be read.
    """
    folders = sorted(folder.glob("seed-*")) or [folder]
    found = [(each, last_checkpoint(each)) for each in folders]
    checkpoints = tuple(path for _, path in found if path is not None)
    if not checkpoints:
        raise ValueError(
            f"{folder} has no checkpoint: give the --out of python -m worldmodels.incontext train"
        )
    run = read_manifest(checkpoints[0])["config"]
    best = [_mmer(each) for each, path in found if path is not None]
    known = tuple(value for value in best if value is not None)
    return Runs(folder.name, checkpoints, run, known)


def _mmer(folder: Path) -> float | None:
    path = folder / "metrics.jsonl"
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return largest_mean([json.loads(line) for line in lines])


def study(
    runs: Runs,
    num_lives: int,
    num_episodes: int | None,
    seed: int,
    on_begin: Callable[[str], None],
) -> list[Found]:
    """Let agents, and random actions, live on every axis of their world.

    Args:
        runs: The agents.
        num_lives: Worlds of each.
        num_episodes: Inner episodes of a life; None: twice as many as in training.
        seed: Of the first world.
        on_begin: Called with what is measured next.

    Raises:
        ValueError: a checkpoint does not fit its world.
    """
    found, floor = [], []
    for axis in axes_of(runs.run["env"], runs.keywords):
        on_begin(f"{runs.name}, {axis.name}")
        problem, num_trained, total = _problem(runs, axis, num_episodes)
        live = play(problem, num_lives, total)
        random = live(None, seed)
        lives = [live(load_agent(path, problem)[0], seed) for path in runs.checkpoints]
        best = runs.mmer if axis.name == TRAINED else ()
        row = _row(f"{runs.name}, {axis.name}", lives, random, num_trained, problem, best)
        curve = np.stack([np.nanmean(each.returns, axis=0) for each in lives])
        found.append(Found(runs.name, runs.run["env"], axis.name, row, curve, num_trained))
        if axis.name == TRAINED:
            row = _row(f"{RANDOM}, {axis.name}", [random], random, num_trained, problem, ())
            mean = np.nanmean(random.returns, axis=0)[None]
            floor.append(Found(RANDOM, runs.run["env"], axis.name, row, mean, num_trained))
    return found + floor


def num_pieces(runs: Sequence[Runs]) -> int:
    """How often `study` calls `on_begin`."""
    return sum(len(axes_of(each.run["env"], each.keywords)) for each in runs)


def _problem(runs: Runs, axis: Axis, num_episodes: int | None) -> tuple[Problem, int, int]:
    """The world of an axis, inner episodes of a life in training, and now."""
    run, sees = runs.run, runs.run.get("sees_action", False)
    keywords = {**runs.keywords, **axis.keywords}
    usual = find_problem(run["env"], run["obs"], keywords, sees)
    fields = {field.name for field in dataclasses.fields(usual.params)}
    if "num_episodes" not in fields:
        return usual, 1, 1
    num_trained = usual.params.num_episodes
    total = LONGER * num_trained if num_episodes is None else num_episodes
    longer = {**keywords, "num_episodes": total}
    return find_problem(run["env"], run["obs"], longer, sees), num_trained, total


def _row(
    name: str,
    lives: Sequence[Lives],
    random: Lives,
    num_trained: int,
    problem: Problem,
    best: Sequence[float],
) -> Row:
    """Means over seeds; standard errors over seeds, over lives where there is one."""
    samples = _samples(lives, random, num_trained, problem)
    if best:
        samples["mmer"] = np.array(best)
    metrics, stderr = _estimates(samples)
    returns = [each.returns for each in lives]
    parts = []
    for number in range(returns[0].shape[1]):
        of_part = [np.array([np.nanmean(each[:, number])]) for each in returns]
        value, spread = _estimates({"return": np.concatenate(of_part)})
        parts.append(Row(f"episode {number}", value, spread, len(lives)))
    for task in np.unique(random.task[random.task >= 0]):
        of_task = [Lives(each.returns[each.task == task], each.task) for each in lives]
        unlearned = Lives(random.returns[random.task == task], random.task)
        value, spread = _estimates(_samples(of_task, unlearned, num_trained, problem))
        parts.append(Row(list(TASK_IDS)[task], value, spread, len(of_task[0].returns)))
    num = len(lives) if len(lives) > 1 else len(lives[0].returns)
    return Row(name, metrics, stderr, num, by=tuple(parts))


def _samples(
    lives: Sequence[Lives], random: Lives, num_trained: int, problem: Problem
) -> dict[str, Float[np.ndarray, " samples"]]:
    """Of each seed, or of each life where there is one seed."""
    last = min(num_trained, lives[0].returns.shape[1]) - 1
    columns: Mapping[str, Callable[[Any], Any]] = {
        "return": lambda returns: np.nanmean(returns[:, : last + 1], axis=1),
        "return_first": lambda returns: returns[:, 0],
        "return_last": lambda returns: returns[:, last],
        "return_end": lambda returns: returns[:, -1],
    }
    if last == 0:
        columns = {"return": columns["return"]}
    of_lives = {name: [column(each.returns) for each in lives] for name, column in columns.items()}
    if last > 0:
        pairs = zip(of_lives["return_last"], of_lives["return_first"], strict=True)
        of_lives["gain"] = [end - first for end, first in pairs]
    largest, floor = largest_return(problem), float(np.nanmean(random.returns))
    if largest is not None and largest > floor:
        share = [(each - floor) / (largest - floor) for each in of_lives["return"]]
        of_lives["normalized_return"] = share
    if len(lives) == 1:
        return {name: values[0] for name, values in of_lives.items()}
    return {
        name: np.array([np.nanmean(each) for each in values]) for name, values in of_lives.items()
    }


def largest_return(problem: Problem) -> float | None:
    """The most that an inner episode can pay; None where it is not known.

    Steps of `MetaControl` pay 1 at most, and so do inner episodes of `MetaCartPole`.
    """
    params = problem.params
    if isinstance(params, MetaCartPoleParams):
        return 1.0
    if isinstance(params, MetaControlParams):
        steps = [task.max_steps for task in params.tasks]
        return float(np.mean(steps) if params.max_steps is None else params.max_steps)
    return None


def _estimates(
    samples: Mapping[str, Float[np.ndarray, " samples"]],
) -> tuple[dict[str, float], dict[str, float]]:
    metrics, stderr = {}, {}
    for name, values in samples.items():
        known = values[~np.isnan(values)]
        if len(known):
            metrics[name] = float(known.mean())
        if len(known) > 1:
            stderr[name] = float(known.std(ddof=1) / len(known) ** 0.5)
    return metrics, stderr
