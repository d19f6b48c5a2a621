"""Runs of learners in torch as tests look at them: killed, and compared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from worldmodels.training.run_folder import last_checkpoint
from worldmodels.training.torch_runs import MODEL, TRAINING, Progress


class Killed(BaseException):
    """What a kill looks like from inside."""


def kill_at(step: int) -> Callable[[Progress], None]:
    """For `show`: kills the run after a step."""

    def show(progress: Progress) -> None:
        if progress.step == step:
            raise Killed

    return show


def numbers(folder: Path) -> list[dict[str, Any]]:
    """The log, but for what the clock says."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def contents(folder: Path) -> list[bytes]:
    """Weights and moments of the last checkpoint."""
    checkpoint = last_checkpoint(folder)
    assert checkpoint is not None
    return [(checkpoint / name).read_bytes() for name in (MODEL, TRAINING)]
