"""`python -m combopt label`."""

import subprocess
import sys
from pathlib import Path

import pytest

import combopt.label
from combopt import __main__
from combopt.datasets import read_set
from combopt.label import label, new_request
from combopt.solvers import PROBLEMS, Problem


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combopt.label, "PART", 3)


def request_of(problem: Problem = "tsp", count: int = 8, seed: int = 0) -> combopt.label.Request:
    solver = "dynamic-programming" if problem == "knapsack" else "local-search"
    return new_request(problem, 6, count, seed, solver=solver, iterations=5)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_sets_of_every_problem_are_made_and_read_back(problem: Problem, tmp_path: Path):
    done: list[int] = []
    manifest = label(request_of(problem), tmp_path / "set", on_done=done.append)
    labels = read_set(tmp_path / "set")
    assert labels.manifest == manifest
    assert (len(labels), sum(done)) == (8, 8)
    assert manifest.mean_cost == pytest.approx(labels.arrays["costs"].mean())
    assert len(set(labels.arrays["costs"].tolist())) == 8  # no instance comes twice
    assert set(contents(tmp_path / "set")) == {
        "labels.safetensors", "manifest.json", "request.json"
    }  # fmt: skip


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    label(request_of(), tmp_path / "whole")
    original, solved = combopt.label.label_part, []

    def killed(request: combopt.label.Request, folder: Path, part: int) -> int:
        if part == 1 and solved == [0]:
            solved.append(-1)
            raise KeyboardInterrupt
        solved.append(part)
        return original(request, folder, part)

    monkeypatch.setattr(combopt.label, "label_part", killed)
    with pytest.raises(KeyboardInterrupt):
        label(request_of(), tmp_path / "halves")
    done: list[int] = []
    label(request_of(), tmp_path / "halves", on_done=done.append)
    assert solved == [0, -1, 1, 2]  # what was done is not done again
    assert done == [3, 3, 2]
    assert contents(tmp_path / "halves") == contents(tmp_path / "whole")


def test_a_complete_set_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = label(request_of(), tmp_path)
    before = contents(tmp_path)
    monkeypatch.setattr(combopt.label, "label_part", None)
    assert label(request_of(), tmp_path) == first
    assert contents(tmp_path) == before


def test_another_seed_gives_other_instances(tmp_path: Path):
    for seed in (0, 1):
        label(request_of(seed=seed), tmp_path / str(seed))
    first, second = (read_set(tmp_path / str(seed)).arrays["costs"] for seed in (0, 1))
    assert not set(first.tolist()) & set(second.tolist())


def test_a_folder_of_another_request_or_with_other_files_is_refused(tmp_path: Path):
    label(request_of(), tmp_path / "set")
    with pytest.raises(ValueError, match=r"made with count=8 \(now 9\): choose another --out"):
        label(request_of(count=9), tmp_path / "set")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    with pytest.raises(ValueError, match="holds other files; choose another --out"):
        label(request_of(), tmp_path / "letters")


def test_a_broken_part_is_named(tmp_path: Path):
    label(request_of(count=3), tmp_path / "set")
    (tmp_path / "set" / "manifest.json").unlink()
    path = tmp_path / "set" / "parts" / "part-000000.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"part-000000\.safetensors is no safetensors file"):
        label(request_of(count=3), tmp_path / "set")


def test_the_command_gives_the_same_bytes_with_one_worker_and_with_two(tmp_path: Path):
    options = ["label", "--problem", "tsp", "--size", "5", "--count", "250", "--quiet"]
    options += ["--solver", "local-search", "--iterations", "1"]
    for workers in ("1", "2"):
        command = [sys.executable, "-m", "combopt", *options, "--workers", workers]
        subprocess.run([*command, "--out", tmp_path / workers], check=True)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert len(read_set(tmp_path / "1")) == 250


def test_the_command_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = str(tmp_path / "set")
    options = ["label", "--problem", "knapsack", "--size", "6", "--count", "4", "--workers", "1"]
    assert __main__.main([*options, "--out", out]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{out}: 4 of knapsack, size 6, by ")
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--count", "0"], "count is 1 or more"),
        (["--seed", "-1"], "seed 0 or more"),
        (["--size", "1"], "size is 2 or more"),
        (["--solver", "ortools"], "solvers of tsp are elkai, local-search"),
        (["--iterations", "0"], "a budget has 1 iteration or more"),
        (["--workers", "0"], "workers are 1 or more"),
        (["--distribution", "foggy"], "distribution"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    command = ["label", "--problem", "tsp", "--size", "5", "--out", str(tmp_path / "set"), *options]
    try:
        status = __main__.main(command)
    except SystemExit as error:
        pytest.fail(f"the command line was not understood: {error}")
    assert status == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_distributions_of_knapsacks_are_uniform():
    with pytest.raises(ValueError, match="knapsacks are 'uniform'; got 'cluster'"):
        new_request("knapsack", 5, 1, distribution="cluster")


def test_a_folder_that_cannot_be_made_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("")
    out = str(tmp_path / "file" / "set")
    assert __main__.main(["label", "--problem", "tsp", "--size", "5", "--out", out]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_interruption_is_status_1_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(combopt.label, "label_part", interrupted)
    options = ["label", "--problem", "tsp", "--size", "5", "--workers", "1"]
    assert __main__.main([*options, "--out", str(tmp_path / "set")]) == 1
    assert "the same command goes on" in capsys.readouterr().err
