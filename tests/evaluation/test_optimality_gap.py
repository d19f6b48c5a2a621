"""The optimality gap: sets, rows and the command, by untrained networks on tiny instances."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from combopt.bq.checkpoint import save
from combopt.bq.config import BQConfig, TrainConfig
from combopt.bq.model import new_network
from combopt.solvers import PROBLEMS, Problem
from envs.routing.files import read, write, write_all
from envs.routing.generators import generate
from envs.routing.instances import CVRP, TSP
from evaluation.gaps import study as study_module
from evaluation.gaps.sets import InstanceSet, drawn_set, file_sets
from evaluation.gaps.study import Job, Settings, run_job, study
from evaluation.gaps.table import problem_table, sources_of
from evaluation.optimality_gap import main
from evaluation.published import OPTIMALITY_GAP
from worldmodels.training.torch_runs import Manifest

SETTINGS = Settings(rounds=2, neighbours=50, solver_seconds=None, seed=0)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[Problem, Path]:
    """Folders of runs of untrained networks."""
    folders: dict[Problem, Path] = {}
    for problem in PROBLEMS:
        folder = folders[problem] = tmp_path_factory.mktemp(problem)
        model = BQConfig(problem, dim=8, layers=1, heads=2, ff=16)
        network = new_network(model)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.0)
        torch.stack([weight.sum() for weight in network.parameters()]).sum().backward()
        optimizer.step()
        config = dataclasses.replace(TrainConfig(), model=model)
        save(folder, Manifest(1, 1.0, config), network, optimizer)
    return folders


def _rows(
    sets: list[InstanceSet], runs: dict[Problem, Path], policies: tuple[Any, ...]
) -> list[study_module.Measured]:
    return study(sets, policies, runs, SETTINGS, "serial", 1, lambda job: None)


def test_the_command_measures_every_problem_beside_a_classical_solver(
    runs: dict[Problem, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = ["--sizes", "6", "--count", "2", "--rounds", "1", "--out", str(tmp_path)]
    assert main([*arguments, "--checkpoints", *map(str, runs.values())]) == 0
    record = json.loads((tmp_path / "optimality_gap.json").read_text())
    names = [row["name"] for row in record["rows"]]
    assert len(names) == 3 * len(PROBLEMS)
    assert names[:3] == ["tsp6: network, greedy", "tsp6: network + search", "tsp6: elkai"]
    for greedy, search, classical in zip(*[iter(record["rows"])] * 3, strict=True):
        assert {"gap_percent", "cost", "cpu_seconds_per_instance"} == set(greedy["metrics"])
        assert classical["metrics"]["gap_percent"] == 0
        assert search["metrics"]["gap_percent"] <= greedy["metrics"]["gap_percent"] + 1e-9
        assert greedy["n"] == 2
        assert "gap_percent" in greedy["stderr"]
    shown = capsys.readouterr().out
    assert "elkai*" in shown  # it stands for the optimum
    assert "cvrp6, capacity 20" in shown
    assert {reference["name"] for reference in record["reference"]} >= {"BQ, greedy", "POMO"}


def test_gaps_are_the_mean_over_instances_of_what_each_loses(runs: dict[Problem, Path]):
    (instance, other) = generate("tsp", 7, 2, seed=1)
    known = [dataclasses.replace(each, optimum=1.0) for each in (instance, other)]
    (measured,) = _rows([InstanceSet("two", "", "tsp", tuple(known))], runs, ("greedy",))
    assert measured.is_known
    row = measured.rows[0]
    assert row.metrics["gap_percent"] == pytest.approx(100 * (row.metrics["cost"] - 1))
    assert row.stderr["gap_percent"] == pytest.approx(100 * row.stderr["cost"])


def test_more_is_better_where_prizes_are_collected(runs: dict[Problem, Path]):
    (instance,) = generate("op", 7, 1, seed=1)
    known = dataclasses.replace(instance, optimum=100.0)
    (measured,) = _rows([InstanceSet("one", "", "op", (known,))], runs, ("greedy",))
    metrics = measured.rows[0].metrics
    assert metrics["gap_percent"] == pytest.approx(100 - metrics["cost"])
    assert measured.rows[0].stderr == {}


def test_seconds_are_those_of_the_processor_and_of_one_instance(
    runs: dict[Problem, Path], monkeypatch: pytest.MonkeyPatch
):
    ticks = iter(range(100))
    monkeypatch.setattr(study_module.time, "process_time", lambda: 8.0 * next(ticks))
    instances = drawn_set("tsp", 6, 4, 0, "uniform")
    outcome = run_job(Job(instances, "greedy", runs["tsp"], SETTINGS))
    # a batch of four takes from one tick to the next, and then each from one to the next
    assert outcome.cpu_seconds == [2.0 + 8.0] * 4
    outcome = run_job(Job(instances, "classical", None, SETTINGS))
    assert outcome.cpu_seconds == [8.0] * 4


def test_large_batches_are_cut(runs: dict[Problem, Path], monkeypatch: pytest.MonkeyPatch):
    sizes: list[int] = []
    decode = study_module.decode

    def noted(network: Any, instances: Any, decoding: Any) -> Any:
        sizes.append(len(instances))
        return decode(network, instances, decoding)

    monkeypatch.setattr(study_module, "decode", noted)
    monkeypatch.setattr(study_module, "BATCH_ROWS", 20)
    job = Job(drawn_set("tsp", 6, 7, 0, "uniform"), "greedy", runs["tsp"], SETTINGS)
    assert len(run_job(job).costs) == 7
    assert sizes == [3, 3, 1]


def test_threads_of_torch_are_left_as_they_were(runs: dict[Problem, Path]):
    torch.set_num_threads(2)
    run_job(Job(drawn_set("tsp", 5, 1, 0, "uniform"), "greedy", runs["tsp"], SETTINGS))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


def test_a_folder_is_split_by_size_and_its_files_have_lines_of_their_own(
    runs: dict[Problem, Path], tmp_path: Path
):
    folder = tmp_path / "tsplib"
    folder.mkdir()
    for name, size in (("b", 5), ("a", 6), ("large", 130)):
        coords = np.floor(generate("tsp", size, 1, seed=2)[0].coords * 1000)  # type: ignore[union-attr,operator]
        write(folder / f"{name}.tsp", TSP(coords, "EUC_2D"))
    (folder / "optimal.json").write_text('{"a": 2500, "b": 2000}')
    small, large = file_sets([folder], is_exact=False)
    assert (small.name, small.labels) == ("tsplib, below 100 nodes", ("b", "a"))
    assert (large.part, large.labels) == ("tsplib, 100 to 199 nodes", ("large",))
    (measured,) = _rows([small], runs, ("greedy",))
    greedy = measured.rows[0]
    assert [row.name for row in greedy.by] == ["b", "a"]
    assert greedy.by[0].metrics["gap_percent"] == pytest.approx(
        greedy.by[0].metrics["cost"] / 20 - 100
    )
    gaps = [row.metrics["gap_percent"] for row in greedy.by]
    assert greedy.metrics["gap_percent"] == pytest.approx(np.mean(gaps))


def test_routes_of_a_folder_are_split_by_their_letter(tmp_path: Path):
    folder = tmp_path / "cvrplib"
    folder.mkdir()
    for name in ("A-n6-k2", "B-n6-k2"):
        (instance,) = generate("cvrp", 5, 1, seed=2)
        assert isinstance(instance, CVRP)
        assert instance.coords is not None
        coords = np.floor(instance.coords * 100)
        write(folder / f"{name}.vrp", CVRP(coords, instance.demands, 20, "EUC_2D"))
    names = [each.name for each in file_sets([folder], is_exact=False)]
    assert names == ["cvrplib, set A", "cvrplib, set B"]


def test_exact_lengths_are_compared_with_rounded_optima(tmp_path: Path):
    path = tmp_path / "few.tsp"
    write(path, TSP(np.array([[0.0, 0], [1, 1], [0, 1]]), "EUC_2D"))
    (tmp_path / "optimal.json").write_text('{"few": 3}')
    (rounded,) = file_sets([path], is_exact=False)
    (exact,) = file_sets([path], is_exact=True)
    assert rounded.instances[0].cost([0, 1, 2]) == 3
    assert exact.instances[0].cost([0, 1, 2]) == pytest.approx(2 + 2**0.5)
    assert exact.instances[0].optimum == 3


def test_a_file_of_several_instances_is_a_set_of_its_own(tmp_path: Path):
    write_all(tmp_path / "few.npz", generate("cvrp", 5, 3, seed=0))
    (found,) = file_sets([tmp_path / "few.npz"], is_exact=False)
    assert (found.name, found.part) == ("cvrp5, capacity 20, few", "cvrp5, capacity 20")
    assert len(found.instances) == 3
    assert not found.labels


def test_tours_of_distances_alone_are_solved_by_the_network_of_atsp(
    runs: dict[Problem, Path], tmp_path: Path
):
    matrix = np.floor(TSP(generate("tsp", 5, 1, 0)[0].coords).distances() * 100)  # type: ignore[union-attr]
    write(tmp_path / "far.tsp", TSP(None, "EXPLICIT", matrix))
    sets = file_sets([tmp_path / "far.tsp"], is_exact=False)
    (measured,) = _rows(sets, {"atsp": runs["atsp"]}, ("greedy",))
    assert measured.titles[0] == "network, greedy"


def test_workers_give_the_same_solutions(runs: dict[Problem, Path]):
    sets = [drawn_set("tsp", 6, 2, 0, "uniform")]
    found = [
        study(sets, ("search",), runs, SETTINGS, runner, 2, lambda job: None)
        for runner in ("serial", "process")
    ]
    costs = [[row.metrics["cost"] for row in measured[0].rows] for measured in found]
    assert costs[0] == costs[1]


def test_a_problem_without_a_network_has_its_classical_solver_and_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def none(*parts: str) -> Path:
        raise FileNotFoundError(parts)

    monkeypatch.setattr("combopt.attempts.asset_path", none)
    arguments = ["--problems", "op", "--sizes", "4", "--count", "1", "--out", str(tmp_path)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out.replace("\n", " ")
    assert "no network for op is shipped: train one by python -m combopt train" in shown
    (row,) = json.loads((tmp_path / "optimality_gap.json").read_text())["rows"]
    assert row["name"].startswith("op4: ")


def test_published_figures_stand_beside_sets_of_their_kind(runs: dict[Problem, Path]):
    (measured,) = _rows([drawn_set("knapsack", 100, 1, 0, "uniform")], runs, ())
    table = problem_table([measured], OPTIMALITY_GAP)
    policies = list(table.columns[2].cells)
    assert policies[1:] == ["BQ, greedy", "GOAL, greedy", "POMO"]
    gaps = list(table.columns[4].cells)
    assert gaps[1:] == ["0.1", "0.12", "0.19"]
    (first, *_) = sources_of([measured], OPTIMALITY_GAP)
    assert first.startswith("BQ, greedy: arXiv 2301.03313")


def test_published_figures_do_not_stand_beside_other_kinds():
    clustered = drawn_set("tsp", 100, 1, 0, "cluster")
    assert (clustered.name, clustered.part) == ("tsp100, cluster", "")
    assert drawn_set("cvrp", 200, 1, 0, "uniform").part == "cvrp200, capacity 70"  # published: 80


def test_published_parts_are_sets_there_can_be(tmp_path: Path):
    parts = {part for reference in OPTIMALITY_GAP for part in reference.by}
    for problem in PROBLEMS:
        assert drawn_set(problem, 100, 1, 0, "uniform").part in parts
    path = tmp_path / "tsplib" / "x.tsp"
    path.parent.mkdir()
    write(path, TSP(np.array([[0.0, 0], [1, 1], [0, 1]]), "EUC_2D"))
    assert read(path).size == 3
    assert file_sets([path], is_exact=False)[0].part in parts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "--count must be at least 1, got 0"),
        (["--rounds", "-1"], "--rounds must be at least 0, got -1"),
        (["--solver-seconds", "0"], "--solver-seconds is more than 0, got 0"),
        (["--neighbours", "2"], "neighbours is 0 for all, or 3 or more; got 2"),
        (["nowhere"], "there is no file or folder nowhere"),
        (["EMPTY"], "has no files that end in .tsp"),
        (["--sizes", "0"], "size is 2 or more"),
        (["--problems", "atsp", "--distribution", "cluster"], "ATSP has no places"),
        (["--checkpoints", "EMPTY"], "holds no checkpoint"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = [each.replace("EMPTY", str(tmp_path)) for each in arguments]
    assert main([*given, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
