"""The command line, its report and its picture."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from incontext.probes import Probe, ProbeParams
from PIL import Image

from worldmodels.incontext import __main__, curve, problem
from worldmodels.incontext.baseline import Baseline, Estimate
from worldmodels.incontext.curve import draw, last_mean, measures, smooth

OPTIONS = {
    "num-envs": 8,
    "rollout-steps": 16,
    "epochs": 1,
    "num-minibatches": 2,
    "width": 8,
    "num-layers": 1,
    "steps": 1280,
    "seeds": 2,
    "episodes": 16,
}
SMALL = [word for name, value in OPTIONS.items() for word in (f"--{name}", str(value))]


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever id is asked for, it is the probe."""

    def find(env: str, obs: str, keywords: Any, sees_action: bool) -> Any:
        del env, obs
        return problem.make_problem(Probe(), ProbeParams(length=4, **keywords), sees_action)

    monkeypatch.setattr(problem, "find_problem", find)
    monkeypatch.setattr(problem, "find_obs", lambda env: "-")


@pytest.mark.usefixtures("probe")
def test_a_command_trains_every_seed_and_reports_beside_random_actions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    command = ["train", "--env", "Probe", *SMALL, "--out", str(tmp_path)]
    assert __main__.main(command) == 0
    printed = capsys.readouterr().out
    for text in ("seed 0", "seed 1", "mean of the seeds", "random actions", "achievements", "±"):
        assert text in printed
    report = json.loads((tmp_path / "train.json").read_text())
    assert report["config"]["seeds"] == [0, 1]
    assert report["results"]["length"]["agents"] == {"mean": 4, "stderr": 0, "n": 2}
    assert report["results"]["return"]["random"]["n"] == 16
    assert report["mmer"]["agents"]["n"] == 2
    means = (tmp_path / "seed-0" / "metrics.jsonl").read_text().splitlines()
    assert report["mmer"]["by_seed"]["seed 0"] == max(json.loads(line)["return"] for line in means)
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.size == (1050, 630)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "curve.png",
        "seed-0",
        "seed-1",
        "train.json",
    ]
    assert __main__.main([*command, "--learning-rate", "0.5"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "learning_rate=0.0005 (now 0.5)" in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("probe")
def test_a_command_trains_all_seeds_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["train", "--env", "Probe", *SMALL, "--out", str(tmp_path), "--quiet"]
    assert __main__.main([*command, "--together"]) == 0
    wanted = json.loads((tmp_path / "train.json").read_text())["results"]
    assert wanted["length"]["agents"] == {"mean": 4, "stderr": 0, "n": 2}
    assert len((tmp_path / "seed-1" / "metrics.jsonl").read_text().splitlines()) == 10
    assert __main__.main([*command, "--seeds", "3"]) == 0  # what is there is only read
    assert json.loads((tmp_path / "train.json").read_text())["config"]["seeds"] == [0, 1, 2]
    with pytest.raises(SystemExit, match="2"):
        __main__.main([*command, "--together", "--devices", "2"])
    assert "devices is 1 with --together, got 2" in capsys.readouterr().err


@pytest.mark.usefixtures("probe")
def test_the_curve_is_drawn_while_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lengths: list[list[int]] = []

    def count(path: Path, title: str, runs: Any, baseline: Any) -> None:
        lengths.append([len(records) for records in runs.values()])
        draw(path, title, runs, baseline)

    monkeypatch.setattr(__main__, "REDRAWN", -1.0)
    monkeypatch.setattr(curve, "draw", count)
    command = ["train", "--env", "Probe", *SMALL, "--out", str(tmp_path), "--quiet"]
    assert __main__.main(command) == 0
    first = [[number] for number in range(1, 11)]
    assert lengths == first + [[10, number] for number in range(1, 11)] + [[10, 10]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--devices", "99"], "the devices that jax sees here, got 99"),
        (["--devices", "-1"], "the devices that jax sees here, got -1"),
        (["--env", "Nowhere-v0"], "no world is called 'Nowhere-v0'"),
        (["--obs", "entities"], "expected observations in a Box"),
        (["--steps", "10"], "steps is at least"),
        (["--params", "{"], "params should be a JSON object, got '{'"),
        (["--env", "ToroidalLife-v0", "--params", '{"hight": 9}'], "has no keyword hight"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert __main__.main(["train", *arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("probe")
def test_a_folder_that_cannot_be_made_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("")
    assert __main__.main(["train", *SMALL, "--out", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_options_override_the_preset_they_come_with():
    command = __main__.parse(["train", "--preset", "paper", "--learning-rate", "0.5"])
    assert (command.ppo.num_envs, command.ppo.width) == (1024, 512)
    assert command.ppo.learning_rate == 0.5
    assert __main__.parse(["--width", "7"]).ppo.width == 7
    recurrent = __main__.parse(["--memory", "gru"])
    assert (recurrent.preset, recurrent.ppo.memory) == ("laptop-memory", "gru")
    assert __main__.parse(["--preset", "popgym", "--memory", "none"]).ppo.rollout_steps == 1024


def test_help_answers_at_once_and_without_jax():
    code = (
        "import sys; from worldmodels.incontext.__main__ import main\n"
        "try: main(['train', '--help'])\n"
        "finally: print(sorted({'jax', 'torch', 'matplotlib'} & {*sys.modules}))"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.rstrip().endswith("[]")
    assert "--entropy-weight" in done.stdout
    assert time.perf_counter() - start < 2


def test_means_are_over_episodes_and_updates_without_any_are_left_out():
    records: list[dict[str, float | None]] = [
        {"steps": 10.0 * i, "num_episodes": float(i % 3), "return": float(i) if i % 3 else None}
        for i in range(1, 201)
    ]
    assert measures(records) == ["return"]
    late = [i for i in range(181, 201) if i % 3]
    expected = sum(i * (i % 3) for i in late) / sum(i % 3 for i in late)
    assert last_mean(records, "return") == pytest.approx(expected)
    assert last_mean(records[:3], "return") is None  # the third alone, in which nothing ended
    steps, values = smooth(records, "return")
    assert len(steps) == 100
    assert (steps[0], steps[-1]) == (20, 2000)
    assert values[0] == pytest.approx((1 * 1 + 2 * 2) / 3)


def test_a_curve_of_one_seed_without_episodes_is_drawn(tmp_path: Path):
    records: list[dict[str, float | None]] = [
        {"steps": 10.0, "num_episodes": 0.0, "return": None, "length": None}
    ]
    nothing = Estimate(0.0, None, 1)
    draw(tmp_path / "x.png", "x", {"seed 0": records}, Baseline(nothing, nothing, None))
    assert (tmp_path / "x.png").stat().st_size > 1000
