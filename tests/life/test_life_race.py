"""The race of Life steppers: the command, its record, and contenders that fail."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import throughput
from evaluation.racing import cells
from evaluation.racing.cells import Contender, Heat, Loop

TINY = Heat("tiny", 2, 32, {cells.ROLLS: 1e-6})


def broken(cells: Any, generations: int) -> Loop:
    """One that cannot be made."""
    raise ValueError("no such thing")


def test_contenders_compute_the_same_generations() -> None:
    grids = np.random.default_rng(0).random((2, 32, 32)) < 0.4
    by_bits, by_rolls = (make(grids, 3) for make in (cells.packed, cells.rolls))
    words, plain = by_bits.run(by_bits.state), by_rolls.run(by_rolls.state)
    bits = np.asarray(words)[:, 0].T[..., None] >> np.arange(32, dtype=np.uint32) & 1
    np.testing.assert_array_equal(bits.astype(bool), plain)
    assert 20 < by_bits.num_operations < 60


def test_the_command_writes_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    contenders = (*cells.CONTENDERS[:2], Contender("broken", broken))
    monkeypatch.setattr(cells, "CONTENDERS", contenders)
    monkeypatch.setattr(cells, "HEATS", (TINY,))
    monkeypatch.setattr(cells, "TURN_SECONDS", 0.01)
    arguments = ["--world", "life", "--rounds", "1", "--out", str(tmp_path)]
    assert throughput.main(arguments) == 0
    shown = capsys.readouterr().out
    assert "x rolls of bytes (1e-06 wanted, ok)" in shown
    assert "no such thing; skipped" in shown
    ours, rolls = json.loads((tmp_path / "throughput.json").read_text())["rows"]
    assert ours["name"] == "tiny: packed bits"
    assert ours["metrics"]["cell_updates_per_cpu_second"] > 0
    assert ours["metrics"]["bound_per_cpu_second"] > 0
    assert "bound_per_cpu_second" not in rolls["metrics"]


def test_an_option_of_another_world_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert throughput.main(["--world", "life", "--only", "arrays"]) == 2
    assert "life has one race" in capsys.readouterr().err
