"""`python -m combopt solve`: files of all problems, policies, pictures, and what goes wrong."""

import dataclasses
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bq_cases import drawn
from PIL import Image

from combopt.__main__ import main
from combopt.attempts import by_network, checkpoint_of, gap_percent, read_instances
from combopt.bq.checkpoint import save
from combopt.bq.config import BQConfig, TrainConfig
from combopt.bq.model import new_network
from combopt.picture import frame_of, png_of
from combopt.solvers import PROBLEMS, Problem, cost_of, problem_of
from envs.knapsack import files as knapsacks
from envs.routing import files as routing
from envs.routing.instances import ATSP, TSP
from worldmodels.training.torch_runs import Manifest

SUFFIXES = {"tsp": ".tsp", "atsp": ".atsp", "cvrp": ".vrp", "op": ".oplib", "knapsack": ".txt"}


def _file(folder: Path, problem: Problem, size: int = 8) -> Path:
    """A file of one instance, in whole numbers."""
    path = folder / f"small{SUFFIXES[problem]}"
    (instance,) = drawn(problem, size)
    if problem == "knapsack":
        knapsacks.write(path, instance)
        return path
    if problem == "atsp":
        instance = ATSP(np.floor(instance.matrix * 100))
    else:
        whole: Any = {"coords": np.floor(instance.coords * 100), "metric": "EUC_2D"}
        if problem == "op":
            whole |= {"prizes": np.floor(instance.prizes * 100), "max_length": 250.0}
        instance = dataclasses.replace(instance, **whole)
    routing.write(path, instance)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of runs of untrained networks, named after the problems."""
    folder = tmp_path_factory.mktemp("runs")
    for problem in PROBLEMS:
        model = BQConfig(problem, dim=8, layers=1, heads=2, ff=16)
        network = new_network(model)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.0)
        sum(weight.sum() for weight in network.parameters()).backward()  # type: ignore[union-attr]
        optimizer.step()
        (folder / problem).mkdir()
        config = dataclasses.replace(TrainConfig(), model=model)
        save(folder / problem, Manifest(1, 1.0, config), network, optimizer)
    return folder


def _run(*arguments: object) -> int:
    return main(["solve", *map(str, arguments)])


def _record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "solve.json").read_text())
    return record


@pytest.mark.parametrize("problem", PROBLEMS)
def test_both_policies_solve_a_file_of_every_problem(
    problem: Problem, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = _file(tmp_path, problem)
    options = ("--policy", "both", "--budget", "0.05", "--checkpoint", runs / problem)
    assert _run(file, *options, "--out", tmp_path) == 0
    shown = capsys.readouterr().out
    assert f"small: {problem} of " in shown
    assert "no optimum is known, so there is no gap" in shown
    record = _record(tmp_path)
    greedy, search, classical = record["attempts"]
    assert greedy["policy"] == "network, greedy"
    assert search["policy"] == "network + search"
    assert classical["policy"] not in (greedy["policy"], search["policy"])
    (instance,) = read_instances(file)
    for attempt in record["attempts"]:
        assert attempt["cost"] == pytest.approx(cost_of(instance, attempt["solution"]))
        assert attempt["gap_percent"] is None
        assert attempt["policy"] in shown
    sign = 1 if problem in ("op", "knapsack") else -1
    assert sign * search["cost"] >= sign * greedy["cost"]
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size == (1000, 1060)


def test_the_gap_to_a_known_optimum_is_shown_and_files_of_the_solution_are_written(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = _file(tmp_path, "tsp")
    (tmp_path / "optimal.json").write_text('{"small": 100}')
    options = ("--budget", "0.05", "--checkpoint", runs / "tsp", "--out", tmp_path / "new")
    assert _run(file, *options) == 0
    shown = capsys.readouterr().out
    best = min(_record(tmp_path / "new")["attempts"], key=lambda each: each["cost"])
    assert best["gap_percent"] == pytest.approx(best["cost"] - 100)
    assert "best known 100\n" in shown
    assert f"{best['gap_percent']:.2f}" in shown
    assert routing.read_tour(tmp_path / "new" / "small.tour") == best["solution"]
    order = re.search(r"tour, counted from 1: (.*)", shown)
    assert order is not None
    assert [int(number) - 1 for number in order[1].split()] == best["solution"]


def test_routes_are_written_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert _run(_file(tmp_path, "cvrp"), "--policy", "classical", "--out", tmp_path) == 0
    (attempt,) = _record(tmp_path)["attempts"]
    assert routing.read_routes(tmp_path / "small.sol") == attempt["solution"]
    first = " ".join(map(str, attempt["solution"][0]))
    assert f"route 1: {first}\n" in capsys.readouterr().out


def test_the_classical_solver_finds_the_optimum_of_a_square(tmp_path: Path):
    angles = 2 * np.pi * np.array([0, 3, 1, 5, 2, 4]) / 6
    routing.write(tmp_path / "ring.npz", TSP(np.stack([np.cos(angles), np.sin(angles)], axis=1)))
    assert _run(tmp_path / "ring.npz", "--policy", "classical", "--out", tmp_path, "--quiet") == 0
    assert _record(tmp_path)["attempts"][0]["cost"] == pytest.approx(6)


def test_a_tour_of_distances_alone_is_solved_as_an_atsp(runs: Path, tmp_path: Path):
    matrix = TSP(drawn("tsp", 6)[0].coords).distances()
    routing.write(tmp_path / "far.tsp", TSP(None, "EXPLICIT", np.floor(matrix * 100)))
    options = ("--budget", "0.05", "--checkpoint", runs / "atsp", "--out", tmp_path)
    assert _run(tmp_path / "far.tsp", *options) == 0
    assert _record(tmp_path)["problem"] == "tsp"


def test_one_of_several_instances_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    routing.write_all(tmp_path / "many.npz", drawn("tsp", 6, count=3))
    options = ("--policy", "classical", "--out", tmp_path)
    assert _run(tmp_path / "many.npz", *options) == 2
    assert "many.npz holds 3 instances: choose one of 0..2 by --index" in capsys.readouterr().err
    assert _run(tmp_path / "many.npz", *options, "--index", "3") == 2
    assert "--index is one of 0..2, got 3" in capsys.readouterr().err
    assert _run(tmp_path / "many.npz", *options, "--index", "2") == 0
    assert (tmp_path / "many-2.png").exists()
    solution = _record(tmp_path)["attempts"][0]["solution"]
    last = routing.read_all(tmp_path / "many.npz")[2]
    assert last.cost(solution) == pytest.approx(_record(tmp_path)["attempts"][0]["cost"])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_problem_follows_from_the_file(problem: Problem, tmp_path: Path):
    (instance,) = read_instances(_file(tmp_path, problem))
    assert problem_of(instance) == problem
    several = drawn(problem, 6, count=2)
    write_all = knapsacks.write_all if problem == "knapsack" else routing.write_all
    write_all(tmp_path / "several.npz", several)
    assert [problem_of(each) for each in read_instances(tmp_path / "several.npz")] == [problem] * 2


def test_lines_with_tours_are_no_knapsack(tmp_path: Path):
    (tmp_path / "two.txt").write_text("0 0 1 0 0 1 output 1 2 3 1\n")
    (instance,) = read_instances(tmp_path / "two.txt")
    assert problem_of(instance) == "tsp"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.tsp"], "there is no file missing.tsp: give one of an instance"),
        (["FILE", "--budget", "0"], "--budget is more than 0 seconds, got 0"),
        (["FILE", "--seed", "-1"], "--seed is 0 or more, got -1"),
        (["FILE", "--out", "FILE"], "--out must be a folder, and .* is a file"),
        (["FILE", "--checkpoint", "RUNS/op"], "holds a network of op, and .* is of tsp"),
        (["FILE", "--checkpoint", "RUNS"], "holds no checkpoint"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str],
    message: str,
    runs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    file = str(_file(tmp_path, "tsp"))
    given = [each.replace("FILE", file).replace("RUNS", str(runs)) for each in arguments]
    assert _run(*given) == 2
    error = capsys.readouterr().err
    assert re.match(f"error: .*{message}", error)
    assert error.count("\n") == 1


def test_a_malformed_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "bad.tsp").write_text("NAME : bad\nTYPE : TSP\nDIMENSION : x\n")
    assert _run(tmp_path / "bad.tsp", "--out", tmp_path) == 2
    assert "bad.tsp, line 3" in capsys.readouterr().err
    (tmp_path / "bad.npz").write_text("nothing")
    assert _run(tmp_path / "bad.npz", "--out", tmp_path) == 2
    assert "bad.npz" in capsys.readouterr().err


def test_a_problem_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    def none(*parts: str) -> Path:
        raise FileNotFoundError(parts)

    monkeypatch.setattr("combopt.attempts.asset_path", none)
    with pytest.raises(ValueError, match=r"no network for op is shipped: train .*--policy class"):
        checkpoint_of("op")


def test_gaps_count_what_is_lost_in_every_problem():
    assert gap_percent("tsp", 11.0, 10.0) == pytest.approx(10)
    assert gap_percent("op", 9.0, 10.0) == pytest.approx(10)
    assert gap_percent("knapsack", 10.0, None) is None
    assert gap_percent("op", 0.0, 0.0) is None


def test_search_ends_when_its_time_is_over_and_greedy_always_comes():
    network = new_network(BQConfig("tsp", dim=8, layers=1, heads=2, ff=16))
    (instance,) = drawn("tsp", 9)
    greedy, search = by_network(network, instance, 1e-6, seed=0)
    assert search.cost == greedy.cost
    assert sorted(search.solution) == list(range(9))


def test_networks_see_a_moved_instance_as_it_was():
    network = new_network(BQConfig("tsp", dim=8, layers=1, heads=2, ff=16))
    (instance,) = drawn("tsp", 9)
    moved = TSP(instance.coords * 4096 + 1e4)
    tours = [next(by_network(network, each, 1e-6, 0)).solution for each in (instance, moved)]
    assert tours[0] == tours[1]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_picture_shows_the_solution_and_the_words(problem: Problem):
    (instance,) = drawn(problem, 9)
    solutions: dict[str, list[Any]] = {
        "cvrp": [[[1, 2], [3, 4, 5, 6, 7], [8, 9]], [[2, 1, 3], [4, 5], [6, 7, 8, 9]]],
        "op": [[], [1]],
        "knapsack": [[0], [1]],
    }
    first, second = solutions.get(problem, [list(range(9)), [0, *range(8, 0, -2), *range(1, 9, 2)]])
    frames = [
        np.asarray(frame_of(instance, solution, words))
        for solution, words in ((first, "one"), (second, "one"), (first, "another"))
    ]
    assert frames[0].shape == (1060, 1000, 3)
    assert (frames[0] != frames[1]).any()
    assert (frames[0] != frames[2]).any()
    assert (frames[0][:900] == frames[2][:900]).all()  # the words are at the foot


def test_every_leg_of_a_tour_is_drawn_the_last_one_too():
    instance = TSP(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]))
    frame = np.asarray(frame_of(instance, [0, 1, 2, 3], ""))
    is_drawn = frame[:980].astype(int).sum(-1) > 150
    rows, columns = (np.flatnonzero(is_drawn.any(axis)) for axis in (1, 0))
    low, high = columns.min(), columns.max()
    middle = (rows.min() + rows.max()) // 2
    line = np.flatnonzero(is_drawn[middle])
    assert line.min() < low + 40
    assert line.max() > high - 40  # both sides of the square


def test_a_png_can_be_read_again():
    (instance,) = drawn("tsp", 5)
    picture = Image.open(io.BytesIO(png_of(instance, list(range(5)), "five")))
    assert (np.asarray(picture) == np.asarray(frame_of(instance, list(range(5)), "five"))).all()


def test_the_classical_policy_loads_no_torch(tmp_path: Path):
    file = _file(tmp_path, "tsp")
    code = (
        "import sys; from combopt.__main__ import main; "
        f"assert main(['solve', {str(file)!r}, '--policy', 'classical', '--out', "
        f"{str(tmp_path)!r}, '--quiet']) == 0; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
