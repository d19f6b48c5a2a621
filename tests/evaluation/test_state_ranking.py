"""The command line: results, exit statuses, messages."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evaluation.arenas import ARENAS, arena_named
from evaluation.arenas.crafter_oo.scenarios import ALL, COMPAT23
from evaluation.metrics import METRICS
from evaluation.state_ranking import main

MINE = """
import math
from collections import Counter
from worldmodels.interface import WorldModel

class Mine(WorldModel):
    seen = 0
    def sample(self, key, state, action):
        return state.copy()
    def log_prob(self, state, action, next_state):
        self.seen += 1
        return -float(next_state.player.inventory.wood)
    def notes(self):
        return {"laws_skipped": float(self.seen)}

class Nan(Mine):
    def log_prob(self, state, action, next_state):
        return math.nan

def broken():
    raise RuntimeError("no weights\\nhere")

number = 3
def no_model():
    return {}
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a module of the user's in the current directory."""
    name = f"mine_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return name


def _run(out: Path, *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--out", str(out), "--quiet"]) == 0
    data: dict[str, Any] = json.loads((out / "state_ranking.json").read_text())
    return data


def test_strict_runs_on_all_scenarios_and_compat_on_the_published(tmp_path: Path) -> None:
    strict = _run(tmp_path, "--model", "null", "--trials", "1")
    assert [part["name"] for part in strict["rows"][0]["by"]] == list(ALL)
    compat = _run(tmp_path, "--model", "null", "--trials", "1", "--protocol", "compat")
    assert [part["name"] for part in compat["rows"][0]["by"]] == list(COMPAT23)
    assert compat["config"]["scenario_set"] == "compat23"


def test_a_record_has_the_agreed_metrics_and_configuration(tmp_path: Path) -> None:
    data = _run(tmp_path, "--model", "oracle", "null", "--scenarios", "eat_cow", "--seed", "3")
    assert data["benchmark"] == "state_ranking"
    assert data["seed"] == 3
    assert data["config"]["model"] == ["oracle", "null"]
    assert [row["name"] for row in data["rows"]] == ["oracle", "null"]
    for row in data["rows"]:
        assert set(METRICS) <= set(row["metrics"])
        assert set(row["stderr"]) == set(row["std"]) == set(METRICS)
        assert row["n"] == 5
    assert [r["name"] for r in data["reference"]][-1] == "OneLife"


def test_models_are_given_together_or_one_by_one_and_judged_once(tmp_path: Path) -> None:
    arguments = ["--model", "null", "random", "--model", "null", "--trials", "1"]
    data = _run(tmp_path, *arguments, "--scenarios", "eat_plant")
    assert [row["name"] for row in data["rows"]] == ["null", "random"]


def test_the_seed_decides_the_result(tmp_path: Path) -> None:
    arguments = ["--model", "random_crafter", "--scenarios", "eat_cow", "--trials", "1"]
    rows = [_run(tmp_path, *arguments, "--seed", seed)["rows"] for seed in ("1", "1", "2")]
    assert rows[0] == rows[1] != rows[2]


def test_a_model_does_not_change_the_result_of_another(tmp_path: Path) -> None:
    arguments = ["--scenarios", "eat_cow", "--protocol", "compat", "--trials", "2"]
    alone = _run(tmp_path, "--model", "random", *arguments)["rows"][0]
    beside = _run(tmp_path, "--model", "random_crafter", "random", *arguments)["rows"][1]
    assert alone == beside


def test_a_model_of_ones_own_is_judged_and_its_counts_are_shown(
    tmp_path: Path, mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", f"{mine}:Mine", "null", "--scenarios", "collect_wood"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    row = json.loads((tmp_path / "state_ranking.json").read_text())["rows"][0]
    assert row["name"] == f"{mine}:Mine"
    assert row["metrics"]["laws_skipped"] == sum(
        part["metrics"]["candidates"] * 5 for part in row["by"]
    )
    assert f"{mine}:Mine: laws skipped" in capsys.readouterr().out


def test_the_terminal_says_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", "null", "--scenarios", "eat_cow", "--out", str(tmp_path)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "protocol strict, scenarios eat_cow (1, 8 transitions), observables full" in out
    assert "Published rows compare only with --protocol compat" in out
    assert "OneLife" in out


def test_quiet_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _run(tmp_path, "--model", "null", "--scenarios", "eat_cow", "--report")
    assert capfd.readouterr() == ("", "")


def test_verbose_lists_every_scenario_within_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", "null", "--trials", "2", "--verbose", "--out", str(tmp_path)]
    assert main(arguments) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert set(ALL) <= {line[0] for line in lines if line}
    values = [line[1:] for line in lines if line and line[0] in ALL]
    assert all(len(numbers) == 8 for numbers in values)
    whole = r"\d+\.\d{1,3}"
    assert all(re.fullmatch(whole, number) for numbers in values for number in numbers)
    assert not any(word.endswith("…") for line in lines for word in line), "cut off at 80 columns"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nul"], "unknown model 'nul'; expected one of oracle, kernel, onelife"),
        (["--model", "absent.module:make"], "ModuleNotFoundError: No module named 'absent'"),
        (["--model", "json:absent"], "AttributeError"),
        (["--model", "{mine}:number"], "TypeError"),
        (["--model", "{mine}:no_model"], "is a dict; its factory must return a worldmodels"),
        (["--model", "{mine}:broken"], "could not be made: RuntimeError: no weights here"),
        (["--scenarios", "eat_cows"], "unknown scenario 'eat_cows'"),
        (["--trials", "0"], "--trials must be at least 1, got 0"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--jobs", "0"], "--jobs must be at least 1, got 0"),
        (["--out", "{mine}.py"], "--out must be a folder"),
    ],
)
def test_bad_usage_is_one_line_and_status_two(
    arguments: list[str], message: str, mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.format(mine=mine) for argument in arguments]
    models = [] if "--model" in given else ["--model", "null"]
    assert main([*models, *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_an_unknown_protocol_has_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--protocol", "lenient"])
    assert stop.value.code == 2
    words = set(re.findall(r"[a-z]+", capsys.readouterr().err))
    assert {"lenient", "compat", "strict"} <= words


@pytest.mark.parametrize("runner", ["serial", "process"])
def test_a_model_that_answers_nan_has_status_one_and_writes_nothing(
    runner: str, tmp_path: Path, mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--model", f"{mine}:Nan", "--scenarios", "eat_cow", "--out", str(out)]
    assert main([*arguments, "--runner", runner, "--jobs", "1", "--quiet"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"model '{mine}:Nan', scenario eat_cow, step 0" in line
    assert line.endswith("is nan")
    assert list(out.iterdir()) == []


def test_help_is_complete_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from evaluation.state_ranking import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'jax', 'pyro', 'pygame', 'matplotlib'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, modules = done.stdout.splitlines()
    assert modules == "[]"
    for option in ("model", "protocol", "observables", "scenarios", "trials", "seed", "out"):
        assert any(f"--{option}" in line for line in text)
    for option in ("verbose", "report", "runner", "jobs", "quiet", "world"):
        assert any(f"--{option}" in line for line in text)
    models = [name for world in ARENAS for name in arena_named(world).models]
    assert all(any(name in line for line in text) for name in [*ARENAS, *models])
