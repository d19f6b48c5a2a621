"""Judgements of models, each kept in a file and made again when what it rests on has changed."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from envs.files import write_text
from evaluation.arena import ObservableSet, Protocol
from evaluation.arenas import arena_named
from evaluation.lives.models import FILES, make_model
from evaluation.runner import Job, outcome_of
from evaluation.summary import row_of


class Cell(NamedTuple):
    """One way to judge."""

    protocol: Protocol
    observables: ObservableSet

    @property
    def name(self) -> str:
        """Such as `strict/full`."""
        return f"{self.protocol}/{self.observables}"


@dataclasses.dataclass(frozen=True)
class Judged:
    """Means over trials: of all scenarios, and of each."""

    metrics: Mapping[str, float]
    by: Mapping[str, Mapping[str, float]]  # label of a scenario -> metrics


class Task(NamedTuple):
    """A model to be judged in one or more ways on the same observables."""

    world: str
    model: str  # one of `evaluation.lives.models.model_names`
    home: Path  # folder of life and laws; judgements go into `judged` in it
    observables: ObservableSet
    protocols: tuple[Protocol, ...]
    trials: int
    seed: int


def missing(task: Task) -> Task:
    """The same task without the judgements that are there already."""
    todo = [protocol for protocol in task.protocols if read(task, protocol) is None]
    return task._replace(protocols=tuple(todo))


def read(task: Task, protocol: Protocol) -> Judged | None:
    """A judgement from its file; None where there is none, or one of something else."""
    try:
        data = json.loads(_path(task, protocol).read_text(encoding="utf-8"))
        if data["of"] != _basis(task):
            return None
        return Judged(data["metrics"], data["by"])
    except (OSError, ValueError, KeyError, TypeError):  # as good as none: it is made again
        return None


def judge_model(task: Task) -> None:
    """Make the model once and write one file for every protocol.

    Raises:
        ModelError: the model failed.
    """
    arena, basis = arena_named(task.world), _basis(task)
    model = make_model(task.world, task.model, task.observables, task.home)
    for protocol in task.protocols:
        labels = arena.select(arena.default_set[protocol])
        row = row_of(
            task.model,
            [outcome_of(_job(task, protocol, label), arena, model) for label in labels],
        )
        by = {part.name: dict(part.metrics) for part in row.by}
        data = {"of": basis, "metrics": dict(row.metrics), "by": by}
        write_text(_path(task, protocol), json.dumps(data, indent=1, allow_nan=False) + "\n")


def _job(task: Task, protocol: Protocol, label: str) -> Job:
    return Job(task.world, task.model, label, task.observables, protocol, task.trials, task.seed)


def _path(task: Task, protocol: Protocol) -> Path:
    return task.home / "judged" / f"{task.model}-{protocol}-{task.observables}.json"


def _basis(task: Task) -> dict[str, Any]:
    """What a judgement rests on; the program itself is not part of it."""
    files = {
        name: hashlib.sha256((task.home / name).read_bytes()).hexdigest()
        for name in FILES.get(task.model, ())
    }
    return {"world": task.world, "trials": task.trials, "seed": task.seed, "files": files}
