"""The command line."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from worldmodels.lifegpt import __main__
from worldmodels.lifegpt.benchmark import NAMES
from worldmodels.lifegpt.csv_files import read_table
from worldmodels.lifegpt.data import trajectories

TRAIN = [
    "train",
    *("--preset", "agnostic-8", "--sides", "5", "--dim", "8", "--depth", "1"),
    *("--steps", "2", "--every", "1", "--batch-size", "4", "--eval-grids", "4", "--minutes", "0"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command") / "run"
    assert __main__.main([*TRAIN, "--out", str(folder), "--quiet"]) == 0
    return folder


def test_training_prints_what_came_out_and_goes_on(run: Path, capsys: pytest.CaptureFixture[str]):
    assert __main__.main([*TRAIN, "--out", str(run)]) == 0
    printed = capsys.readouterr().out
    for text in ("after 2 steps", "broad", "half", "grids right"):
        assert text in printed
    assert __main__.main([*TRAIN, "--out", str(run), "--learning-rate", "0.5"]) == 2
    error = capsys.readouterr().err
    assert "learning_rate=0.003 (now 0.5)" in error
    assert error.count("\n") == 1


def test_a_test_writes_its_scores(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "scores.json"
    assert __main__.main(["test", str(run), "--grids", "4", "--out", str(path)]) == 0
    assert "of 512 neighbourhoods are right" in capsys.readouterr().out
    report = json.loads(path.read_text())
    assert set(report["scores"]) == {"broad", "half"}
    assert 0 <= report["right_neighbourhoods"] <= 512
    assert report["scores"]["broad"]["broken_rate"] == 0
    again = tmp_path / "again.json"
    options = ["--method", "sequential", "--quiet", "--out", str(again)]
    assert __main__.main(["test", str(run), "--grids", "4", *options]) == 0
    scores = json.loads(again.read_text())["scores"]
    assert scores["broad"]["cell_accuracy"] == report["scores"]["broad"]["cell_accuracy"]
    assert scores["broad"]["rounds"] == 25


def test_a_model_that_knows_the_torus_is_tested_on_the_published_grids_too(tmp_path: Path):
    options = ["--sides", "5", "--dim", "4", "--heads", "1", "--depth", "1", "--steps", "1"]
    run, path = tmp_path / "run", tmp_path / "scores.json"
    assert __main__.main(["train", *options, "--out", str(run), "--quiet"]) == 0
    assert __main__.main(["test", str(run), "--grids", "2", "--out", str(path), "--quiet"]) == 0
    scores = json.loads(path.read_text())["scores"]
    assert set(scores) == {"broad", "half", *(f"published {name}" for name in NAMES)}
    assert scores["published glider"]["rounds"] == 1


def test_a_rollout_writes_its_states(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "states.csv"
    command = ["rollout", str(run), "--grids", "3", "--steps", "4", "--temperature", "1"]
    assert __main__.main([*command, "--out", str(path)]) == 0
    assert "4 generations on its own" in capsys.readouterr().out
    assert read_table(path).shape == (3, 5, 25)


def test_steps_that_err_are_counted_from_the_model_s_own_grids():
    said = trajectories(np.random.default_rng(0).random((1, 6, 6)) < 0.4, 5)
    said[0, 2, 3, 3] ^= True  # wrong after a right grid, and what follows is no successor of it
    assert __main__.one_step_errors(said, "B3/S23").tolist() == [[False, True, True, False]]


def test_data_are_generated_in_the_published_format(tmp_path: Path):
    path = tmp_path / "set.csv"
    options = ["--sides", "4", "--samples", "3", "--states", "3"]
    assert __main__.main(["generate", str(path), *options]) == 0
    table = read_table(path)
    grids = table.reshape(3, 3, 4, 4).astype(np.bool_)
    assert (trajectories(grids[:, 0], 3) == grids).all()
    assert not grids[0].any()
    assert grids[2, 0].all()
    many = tmp_path / "many.csv"
    options = ["--sides", "3", "2", "--samples", "2", "--states", "2"]
    assert __main__.main(["generate", str(many), *options]) == 0
    with many.open() as file:
        sizes = [row["GridSize"] for row in csv.DictReader(file)]
    assert sizes == ["3", "3", "2", "2"]
    assert read_table(many).shape == (4, 2, 9)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["test", "nowhere"], 2, "nowhere holds no checkpoint"),
        (
            ["rollout", "RUN", "--method", "parallel"],
            2,
            "cannot write answers by the method parallel",
        ),
        (["rollout", "RUN", "--side", "6", "--steps", "1"], 2, "grids of 5x5, got 6x6"),
        (["rollout", "RUN", "--steps", "0"], 2, "at least 1"),
        (["test", "RUN", "--grids", "0"], 2, "grids is at least 1"),
        (["speed", "RUN", "--batch", "0"], 2, "batch is at least 1, got 0"),
        (["speed", "nowhere"], 2, "nowhere holds no checkpoint"),
        (["test", "RUN", "--device", "abacus"], 2, "torch has no device 'abacus'"),
        (["generate", "x.csv", "--densities", "1", "0"], 2, "densities ascend"),
        (["generate", "x.csv", "--rule", "B9/S1"], 2, "a rule is like"),
        (["generate", "RUN/config.json/x.csv", "--samples", "1"], 1, "error: "),
    ],
)
def test_bad_usage_is_one_line(
    arguments: list[str],
    status: int,
    message: str,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    told = [argument.replace("RUN", str(run)) for argument in arguments]
    assert __main__.main(told) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_options_override_the_preset_they_come_with():
    command = __main__.parse(["train", "--preset", "published", "--learning-rate", "0.5"])
    assert isinstance(command, __main__.Train)
    assert command.config.model.dim == 256
    assert command.config.learning_rate == 0.5
    command = __main__.parse(["train", "--radius", "3"])
    assert isinstance(command, __main__.Train)
    assert command.config.model.sides == (16,)


@pytest.mark.parametrize("command", ["train", "test", "rollout", "speed", "generate"])
def test_help_loads_nothing_heavy(command: str):
    code = (
        "import sys; from worldmodels.lifegpt.__main__ import main\n"
        f"try: main(['{command}', '--help'])\n"
        "finally: print(sorted({'jax', 'torch', 'matplotlib'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.rstrip().endswith("[]"), done.stderr
    assert "--" in done.stdout


def test_the_package_imports_nothing_heavy():
    code = (
        "import sys, worldmodels.lifegpt, worldmodels.lifegpt.config\n"
        "print(sorted({'jax', 'torch'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
