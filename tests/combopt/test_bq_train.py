"""Training: networks learn, kills change nothing, and what is refused."""

import dataclasses
import datetime
import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bq_cases import optimal_tours, solved_set
from safetensors.torch import load_file, save_file
from torch import distributed
from training_runs import Killed, contents, kill_at, numbers

from combopt import __main__
from combopt.bq.checkpoint import load_network, read_manifest
from combopt.bq.config import (
    TRAIN_PRESETS,
    BQConfig,
    TrainConfig,
    from_dict,
    labels_of,
    to_dict,
    train_preset,
)
from combopt.bq.data import Lessons, split
from combopt.bq.model import new_network
from combopt.bq.train import batch_of_step, greedy_gap, learning_rate, train, update
from combopt.datasets import LabelledSet, read_set, write_set
from combopt.solvers import PROBLEMS, Problem
from worldmodels.training.run_folder import checkpoints

SIZES: dict[Problem, int] = {"tsp": 6, "atsp": 6, "cvrp": 4, "op": 5, "knapsack": 8}
TINY = BQConfig(dim=16, layers=1, heads=2, ff=16)
RUN = TrainConfig(TINY, batch_size=4, steps=7, warmup=2, every=2, held_out=2, decay=0.4)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders of solved TSPs, of 5 and of 6 nodes."""
    folders = []
    for size in (5, 6):
        folders.append(tmp_path_factory.mktemp(f"tsp{size}"))
        labels = solved_set("tsp", size, 6)
        write_set(folders[-1], labels.arrays, labels.manifest)
    return folders


@pytest.fixture(scope="module")
def whole(sets: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    train(RUN, sets, folder)
    return folder


# What is drawn


def test_ten_nodes_are_learnt_better_than_nearest_neighbour(tmp_path: Path):
    labels = optimal_tours(10, 200)
    write_set(tmp_path / "set", labels.arrays, labels.manifest)
    model = BQConfig(dim=32, layers=1, heads=4, ff=64)
    config = TrainConfig(model, (), 32, 150, learning_rate=4e-3, warmup=10, every=150, held_out=50)
    last = train(config, [tmp_path / "set"], tmp_path / "run")[-1]
    test = split(labels, 50)[1]
    assert last["loss"] < 1.0
    assert last["gap_percent_10"] == greedy_gap(load_network(tmp_path / "run"), Lessons(test))
    assert last["gap_percent_10"] < 0.75 * nearest_neighbour_gap(test)


def nearest_neighbour_gap(labels: LabelledSet) -> float:
    gaps = []
    for coords, cost in zip(labels.arrays["coords"], labels.arrays["costs"], strict=True):
        distances = np.linalg.norm(coords[:, None] - coords, axis=2)
        node, left, length = 0, set(range(1, len(coords))), 0.0
        while left:
            following = min(left, key=lambda other: distances[node, other])
            length += distances[node, following]
            node = following
            left.remove(node)
        gaps.append((length + distances[node, 0]) / cost - 1)
    return 100 * float(np.mean(gaps))


LEARNT: dict[Problem, tuple[int, float]] = {
    "atsp": (90, 0.5), "cvrp": (90, 0.25), "op": (150, 0.08), "knapsack": (90, 0.4)
}  # fmt: skip
"""Steps, and the least share of what a uniform choice among the legal actions loses that is gained
in the last of them."""


@pytest.mark.parametrize("problem", LEARNT)
def test_every_problem_is_learnt(problem: Problem):
    lessons = Lessons(solved_set(problem, SIZES[problem], 12))
    model = BQConfig(problem, dim=32, layers=1, heads=4, ff=64)
    steps, least = LEARNT[problem]
    config = TrainConfig(model, (), 32, steps, learning_rate=5e-3, warmup=10)
    network = new_network(model)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    excess, uniform = [], []
    for step in range(config.steps):
        batch = batch_of_step(config, [lessons], step)
        rate = learning_rate(config, step, step / config.steps)
        loss = float(update(network, optimizer, batch, config, rate))
        num_right, num_legal = batch.right.sum(dim=1), batch.state.legal.sum(dim=1)
        excess.append(loss - float(num_right.log().mean()))
        uniform.append(float((num_legal / num_right).log().mean()))
    assert 1 - sum(excess[-40:]) / sum(uniform[-40:]) > least


@pytest.mark.parametrize("step", [1, 4, 7])
def test_a_killed_run_goes_on_with_the_same_numbers(
    step: int, sets: list[Path], whole: Path, tmp_path: Path
):
    with pytest.raises(Killed):
        train(RUN, sets, tmp_path, show=kill_at(step))
    (tmp_path / ".checkpoint-half").mkdir()
    if checkpoints(tmp_path):  # a line was written, its checkpoint not yet
        with (tmp_path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": 99}) + "\n")
    records = train(RUN, sets, tmp_path)
    assert numbers(tmp_path) == numbers(whole)
    assert [record["step"] for record in records] == [2, 4, 6, 7]
    assert contents(tmp_path) == contents(whole)
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint-00000004", "checkpoint-00000007", "config.json", "metrics.jsonl"
    }  # fmt: skip


def test_a_run_that_ended_goes_on_as_if_it_had_been_asked_for_more(
    sets: list[Path], tmp_path: Path
):
    longer = dataclasses.replace(RUN, steps=12, every=1)
    train(longer, sets, tmp_path / "at-once")
    train(dataclasses.replace(longer, steps=6), sets, tmp_path / "longer")
    with pytest.raises(Killed):  # in a step that was taken before, at another rate
        train(longer, sets, tmp_path / "longer", show=kill_at(5))
    train(longer, sets, tmp_path / "longer")
    one, other = tmp_path / "at-once", tmp_path / "longer"
    assert numbers(one) == numbers(other)
    assert contents(one) == contents(other)
    assert [path.name for path in checkpoints(one)] == [path.name for path in checkpoints(other)]
    about = json.loads((other / "config.json").read_text())
    assert about["steps"] == read_manifest(checkpoints(other)[-1]).config.steps == 12


def test_a_run_that_went_further_is_not_made_shorter(sets: list[Path], whole: Path):
    with pytest.raises(ValueError, match="no checkpoint that a run of 3 steps comes by"):
        train(dataclasses.replace(RUN, steps=3), sets, whole)
    train(RUN, sets, whole)  # nothing was lost


def test_learning_rate_rises_stays_and_falls():
    config = dataclasses.replace(RUN, warmup=4, steps=10, decay=0.4, learning_rate=1.0)
    rates = [learning_rate(config, step, step / 10) for step in range(10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25])
    constant = dataclasses.replace(config, warmup=0, decay=0.0)
    assert learning_rate(constant, 9, 0.9) == 1.0


def test_a_run_starts_from_the_weights_of_another(sets: list[Path], whole: Path, tmp_path: Path):
    still = dataclasses.replace(RUN, start=str(whole), steps=1, learning_rate=1e-30)
    train(still, sets, tmp_path / "still")
    weights = [load_network(folder).state_dict() for folder in (whole, tmp_path / "still")]
    torch.testing.assert_close(*weights, rtol=0, atol=0)
    wider = dataclasses.replace(still, model=dataclasses.replace(TINY, ff=32))
    with pytest.raises(ValueError, match=r"holds a network of .*ff=16.*not of .*ff=32"):
        train(wider, sets, tmp_path / "wider")


def test_minutes_end_a_run(sets: list[Path], tmp_path: Path):
    config = dataclasses.replace(RUN, steps=10**9, minutes=1e-9)
    assert [record["step"] for record in train(config, sets, tmp_path)] == [1]


def test_weights_say_how_often_a_set_is_drawn(sets: list[Path]):
    lessons = [Lessons(read_set(path)) for path in sets]
    for config, share in ((RUN, 0.5), (dataclasses.replace(RUN, weights=(1.0, 9.0)), 0.9)):
        drawn = [batch_of_step(config, lessons, step).state.instances for step in range(200)]
        of_second = sum(instances is lessons[1].instances for instances in drawn)
        assert of_second / 200 == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_published_recipe_takes_some_steps(problem: Problem, tmp_path: Path):
    labels = solved_set(problem, 3, 3)
    write_set(tmp_path / "set", labels.arrays, labels.manifest)
    config = train_preset("paper", problem)
    few = dataclasses.replace(config, batch_size=2, steps=2, held_out=1)
    assert np.isfinite(train(few, [tmp_path / "set"], tmp_path / "run")[-1]["loss"])
    assert load_network(tmp_path / "run").config == config.model


@pytest.mark.reproduction
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_published_recipe_takes_a_hundred_steps(problem: Problem, tmp_path: Path):
    labels = solved_set(problem, SIZES[problem], 12)
    write_set(tmp_path / "set", labels.arrays, labels.manifest)
    config = train_preset("paper", problem)
    config = dataclasses.replace(config, batch_size=16, steps=100, every=20, held_out=2)
    with pytest.raises(Killed):
        train(config, [tmp_path / "set"], tmp_path / "run", show=kill_at(50))
    records = train(config, [tmp_path / "set"], tmp_path / "run")
    assert records[-1]["step"] == 100
    assert records[-1]["loss"] < records[0]["loss"]


@pytest.mark.parametrize("preset", TRAIN_PRESETS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_presets_survive_json(preset: str, problem: Problem):
    config = train_preset(preset, problem)
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    assert labels_of(preset, problem)


def _join(rank: int, store: Path) -> None:
    distributed.init_process_group(
        "gloo", f"file://{store}", datetime.timedelta(seconds=100), rank=rank, world_size=2
    )


def _second(store: Path, config: TrainConfig, sets: list[Path], folder: Path) -> None:
    _join(1, store)
    assert train(config, sets, folder) == []


def test_two_processes_take_the_steps_of_one(sets: list[Path], whole: Path, tmp_path: Path):
    other = multiprocessing.get_context("spawn").Process(
        target=_second, args=(tmp_path / "store", RUN, sets, tmp_path / "run")
    )
    other.start()
    try:
        _join(0, tmp_path / "store")
        with pytest.raises(ValueError, match="a multiple of 2 processes, got 5"):
            train(dataclasses.replace(RUN, batch_size=5), sets, tmp_path / "odd")
        with pytest.raises(ValueError, match="set minutes 0"):
            train(dataclasses.replace(RUN, minutes=1.0), sets, tmp_path / "odd")
        train(RUN, sets, tmp_path / "run")
        other.join(100)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
        other.kill()
    assert other.exitcode == 0
    for one, both in zip(numbers(whole), numbers(tmp_path / "run"), strict=True):
        assert both == pytest.approx(one, rel=1e-4)
    one, both = (
        load_file(checkpoints(folder)[-1] / "training.safetensors")
        for folder in (whole, tmp_path / "run")
    )
    for name in one:
        torch.testing.assert_close(both[name], one[name], rtol=1e-3, atol=1e-6)


# What is refused


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Path:
    """A copy of a run, to be damaged."""
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def test_a_folder_without_checkpoints_names_the_command(tmp_path: Path):
    with pytest.raises(ValueError, match=r"no checkpoint: .* python -m combopt train"):
        load_network(tmp_path)


def test_a_checkpoint_is_read_by_itself_and_without_moments(damaged: Path):
    checkpoint = checkpoints(damaged)[-1]
    (checkpoint / "training.safetensors").unlink()
    one, other = (load_network(path).state_dict() for path in (damaged, checkpoint))
    torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_truncated_file_is_named(damaged: Path):
    path = checkpoints(damaged)[-1] / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"model.safetensors is not a whole safetensors file"):
        load_network(damaged)
    path.unlink()
    with pytest.raises(ValueError, match=r"model.safetensors is missing"):
        load_network(damaged)


def test_weights_of_another_shape_or_name_are_refused(damaged: Path):
    path = checkpoints(damaged)[-1] / "model.safetensors"
    tensors = load_file(path)
    save_file(tensors | {"scores.bias": torch.zeros(9)}, path)
    with pytest.raises(ValueError, match=r"scores.bias has shape \(9,\), expected \(1,\)"):
        load_network(damaged)
    save_file(tensors | {"more": torch.zeros(9)}, path)
    with pytest.raises(ValueError, match="other arrays than expected: more"):
        load_network(damaged)


def test_weights_that_are_not_finite_are_refused(damaged: Path):
    path = checkpoints(damaged)[-1] / "model.safetensors"
    save_file(load_file(path) | {"scores.bias": torch.tensor([torch.nan])}, path)
    with pytest.raises(ValueError, match=r"scores.bias has numbers that are not finite"):
        load_network(damaged)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "format version 2, this program reads 1"),
        ({"step": "x"}, "needs the numbers 'step' and 'seconds'"),
        ({"config": {}}, "this is no configuration of a BQ network"),
        ({"config": to_dict(RUN) | {"model": {"problem": "tsp", "dim": 0}}}, "dim is at least 1"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(
    change: dict[str, Any], message: str, damaged: Path
):
    path = checkpoints(damaged)[-1] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=f"manifest.json.*{message}"):
        load_network(damaged)


def test_a_run_is_not_continued_by_another_one(sets: list[Path], whole: Path):
    with pytest.raises(ValueError, match=r"seed=0 \(now 1\): choose another --out"):
        train(dataclasses.replace(RUN, seed=1), sets, whole)
    with pytest.raises(ValueError, match="labels="):
        train(RUN, sets[::-1], whole)


def test_a_damaged_log_is_refused(sets: list[Path], damaged: Path):
    (damaged / "metrics.jsonl").write_text("{}")
    with pytest.raises(ValueError, match=r"metrics.jsonl is damaged"):
        train(RUN, sets, damaged)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"held_out": 6}, "has 6 instances, of which 6 are held out"),
        ({"weights": (1.0,)}, r"2 sets and weights \(1.0,\)"),
        ({"model": dataclasses.replace(TINY, problem="atsp")}, "is of tsp, not of atsp"),
    ],
)
def test_sets_that_do_not_fit_are_refused(
    change: dict[str, Any], message: str, sets: list[Path], tmp_path: Path
):
    with pytest.raises(ValueError, match=message):
        train(dataclasses.replace(RUN, **change), sets, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_ends_the_run(sets: list[Path], tmp_path: Path):
    config = dataclasses.replace(RUN, learning_rate=1e30, warmup=0, steps=50, every=50)
    with pytest.raises(ValueError, match="the loss is nan: lower learning_rate"):
        train(config, sets, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 0}, {"steps": 0}, {"every": 0}, {"held_out": 0}, {"minutes": -1.0},
        {"warmup": -1}, {"seed": -1}, {"learning_rate": 0.0}, {"clip": float("nan")},
        {"beta2": 1.0}, {"decay": 1.5}, {"weights": (1.0, 0.0)},
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(change: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(change))):
        TrainConfig(**change)


# The command


def test_the_command_trains_and_goes_on(
    sets: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = ["--out", str(tmp_path / "run"), "--labels", *map(str, sets)]
    small = ["--dim", "16", "--layers", "1", "--heads", "2", "--ff", "16", "--batch-size", "4"]
    few = ["--every", "2", "--held-out", "2"]
    assert __main__.main(["train", *out, *small, *few, "--steps", "3"]) == 0
    printed = capsys.readouterr().out
    assert "after 3 steps" in printed
    assert "greedy gap, %" in printed
    assert __main__.main(["train", *out, *small, *few, "--steps", "4", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert [record["step"] for record in numbers(tmp_path / "run")] == [2, 4]
    config = read_manifest(checkpoints(tmp_path / "run")[-1]).config
    assert (config.learning_rate, config.warmup) == (1e-3, 200)  # of the preset
    assert __main__.main(["train", *out, *small, *few, "--steps", "4", "--seed", "1"]) == 2
    assert "choose another --out" in capsys.readouterr().err


def test_missing_labels_are_answered_by_the_commands_that_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert __main__.main(["train", "--problem", "cvrp", "--out", "run"]) == 2
    said = capsys.readouterr().err
    for labels in labels_of("laptop", "cvrp"):
        command = (
            f"python -m combopt label --problem cvrp --size {labels.size} --count {labels.count} "
            f"--iterations {labels.iterations} --out results/labels/cvrp{labels.size}"
        )
        assert command in said
    assert not list(tmp_path.iterdir())
