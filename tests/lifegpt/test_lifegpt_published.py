"""The published run: its first steps by the command, through a kill."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from worldmodels.lifegpt.checkpoint import load_model
from worldmodels.training.run_folder import last_checkpoint

COMMAND = [
    *(sys.executable, "-m", "worldmodels.lifegpt", "train", "--preset", "published", "--quiet"),
    *("--steps", "50", "--every", "25", "--eval-grids", "1", "--threads", "1", "--device", "cpu"),
    *("--batch-size", "1", "--accumulate", "1"),  # of 5 and 5, for the time it takes
]


@pytest.mark.reproduction  # for the time it takes
def test_the_published_run_goes_on_where_it_was_killed(tmp_path: Path):
    command = [*COMMAND, "--out", str(tmp_path)]
    first = subprocess.Popen(command)
    while not last_checkpoint(tmp_path):
        assert first.poll() is None, "ended before its first checkpoint"
        time.sleep(0.5)
    first.kill()
    first.wait()
    killed = last_checkpoint(tmp_path)
    assert killed is not None
    assert killed.name == "checkpoint-00000025"
    before = (tmp_path / "metrics.jsonl").read_text()
    subprocess.run(command, check=True)
    after = (tmp_path / "metrics.jsonl").read_text()
    assert after.startswith(before)
    middle, last = map(json.loads, after.splitlines())
    assert (middle["step"], last["step"]) == (25, 50)
    assert 5.6 > middle["loss"] > last["loss"] > 0.34
    model, config = load_model(tmp_path)
    assert sum(weight.numel() for weight in model.parameters()) == 12_735_744
    assert (config.forgetting, config.learning_rate, config.num_samples) == (0.15, 1e-4, 10_000)
