"""Runs: problems whose answer is known, kills, and what is refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lifegpt.small_models import BYTES, COMPACT, IDENTITY, RUN, TORUS, several
from safetensors.torch import load_file, save_file
from training_runs import Killed, contents, kill_at, numbers

from worldmodels.lifegpt.checkpoint import load_model, new_model
from worldmodels.lifegpt.config import PRESETS, TrainConfig, from_dict, to_dict
from worldmodels.lifegpt.csv_files import write_table
from worldmodels.lifegpt.decoding import Decoding
from worldmodels.lifegpt.measure import count_right_neighbourhoods, held_out
from worldmodels.lifegpt.train import Batches, Progress, learning_rate, train, update
from worldmodels.training.run_folder import last_checkpoint


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    train(RUN, folder)
    return folder


@pytest.mark.parametrize("step", [1, 4, 7])
def test_a_killed_run_goes_on_with_the_same_numbers(step: int, whole: Path, tmp_path: Path):
    with pytest.raises(Killed):
        train(RUN, tmp_path, show=kill_at(step))
    (tmp_path / ".checkpoint-half").mkdir()
    if last_checkpoint(tmp_path):  # a line was written, its checkpoint not yet
        with (tmp_path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": 99}) + "\n")
    records = train(RUN, tmp_path)
    assert numbers(tmp_path) == numbers(whole)
    assert [record["step"] for record in records] == [2, 4, 6, 7]
    assert contents(tmp_path) == contents(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint-00000007",
        "config.json",
        "metrics.jsonl",
    ]


def test_resumption_keeps_forgetting_and_epochs_in_step(tmp_path: Path):
    config = dataclasses.replace(
        RUN,
        model=BYTES,
        objective="all",
        num_samples=40,
        accumulate=2,
        forgetting=0.3,
        eval_grids=2,
    )
    train(config, tmp_path / "whole")
    with pytest.raises(Killed):
        train(config, tmp_path / "killed", show=kill_at(4))
    train(config, tmp_path / "killed")
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert numbers(tmp_path / "killed") == numbers(tmp_path / "whole")
    assert all(
        line["excess"] == pytest.approx(line["loss"] - 4 * 0.5 / 30)
        for line in numbers(tmp_path / "whole")
    )


def test_a_finished_run_is_not_trained_again(whole: Path):
    def refuse(progress: Progress) -> None:
        raise AssertionError("trained again")

    before = contents(whole)
    assert len(train(RUN, whole, show=refuse)) == 4
    assert contents(whole) == before


def test_a_budget_of_time_ends_a_run(tmp_path: Path):
    config = dataclasses.replace(RUN, steps=10**6, minutes=0.001)
    records = train(config, tmp_path)
    assert records[-1]["step"] < 10**6
    assert records[-1]["seconds"] >= 0.06
    assert train(config, tmp_path) == records


def test_seeds_give_the_first_weights_and_leave_those_of_others_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, two = new_model(RUN), new_model(RUN)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = new_model(dataclasses.replace(RUN, seed=1))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


@pytest.mark.parametrize("objective", ["answer", "parallel", "all"])
def test_a_gpt_learns_that_nothing_changes(objective: Any, tmp_path: Path):
    config = dataclasses.replace(
        RUN, objective=objective, steps=80, every=80, learning_rate=0.03, batch_size=32
    )
    last = train(config, tmp_path)[-1]
    assert last["broad_exact_grid_rate"] == 1
    assert last["broad_rounds"] <= 2
    model, read = load_model(tmp_path)
    assert read == config
    method = "parallel" if objective == "parallel" else "fixed-point"
    scores = held_out(model, IDENTITY, 16, Decoding(method))
    assert scores["broad"].cell_accuracy == 1
    if objective != "parallel":
        one_by_one = held_out(model, IDENTITY, 16, Decoding("sequential"))["broad"]
        assert one_by_one._replace(rounds=0) == scores["broad"]._replace(rounds=0)
        assert one_by_one.rounds > scores["broad"].rounds


def test_the_torus_model_learns_life_and_knows_all_neighbourhoods(tmp_path: Path):
    model = dataclasses.replace(TORUS, sides=(6,), dim=32, heads=4, depth=1, radius=1)
    config = dataclasses.replace(
        RUN,
        model=model,
        objective="parallel",
        rule="B3/S23",
        densities=(0.1, 0.6),
        steps=130,
        every=130,
        learning_rate=0.03,
        batch_size=32,
        warmup=20,
        eval_grids=64,
    )
    last = train(config, tmp_path)[-1]
    assert last["half_cell_accuracy"] > 0.999
    trained, _ = load_model(tmp_path)
    assert count_right_neighbourhoods(trained, "B3/S23", Decoding()) >= 510
    assert count_right_neighbourhoods(new_model(config), "B3/S23", Decoding()) < 500


def test_the_learning_rate_rises_and_falls():
    config = dataclasses.replace(RUN, warmup=4, learning_rate=1.0)
    assert learning_rate(config, 0, 0.0) == 0.25
    assert learning_rate(config, 4, 0.5) == pytest.approx(0.5)
    assert learning_rate(config, 4, 1.0) == 0
    constant = dataclasses.replace(config, schedule="constant", warmup=0)
    assert learning_rate(constant, 0, 0.9) == 1


def test_gradients_are_clipped_and_those_of_batches_summed():
    moved, losses = {}, {}
    for name, change in {"one": {}, "two": {"batch_size": 8, "accumulate": 2}}.items():
        config = dataclasses.replace(RUN, clip=1e9, **change)
        model = new_model(config)
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        first = next(model.parameters()).detach().clone()
        losses[name] = update(model, optimizer, Batches(config), config, 0, 1.0)
        moved[name] = next(model.parameters()).detach() - first
    torch.testing.assert_close(moved["two"], 2 * moved["one"])
    torch.testing.assert_close(losses["two"], losses["one"])
    config = dataclasses.replace(RUN, clip=1e-3)
    model = new_model(config)
    before = [weight.detach().clone() for weight in model.parameters()]
    update(model, torch.optim.SGD(model.parameters()), Batches(config), config, 0, 1.0)
    squares = [
        ((w.detach() - b) ** 2).sum() for w, b in zip(model.parameters(), before, strict=True)
    ]
    assert float(sum(squares)) ** 0.5 == pytest.approx(1e-3, rel=0.01)


def test_a_fixed_set_is_read_once_an_epoch_in_another_order_each_time():
    config = dataclasses.replace(
        RUN, model=several(COMPACT, 4), num_samples=32, batch_size=8, accumulate=2
    )
    batches = Batches(config)
    epochs = [np.concatenate([batches.of_step(e * 2 + s)[0] for s in (0, 1)]) for e in (0, 1)]
    assert batches.fixed is not None
    rows = [sorted(map(tuple, e.tolist())) for e in (*epochs, batches.fixed[0])]
    assert rows[0] == rows[1] == rows[2]
    assert (epochs[0] != epochs[1]).any()
    assert not batches.fixed[0][0].any()
    assert batches.fixed[0][-1].all()


def test_the_first_steps_may_be_sparse():
    config = dataclasses.replace(
        RUN, model=several(COMPACT, 8), batch_size=64, sparse_steps=2, densities=(0.5, 1.0)
    )
    shares = [Batches(config).of_step(step)[0].mean() for step in range(4)]
    assert shares == pytest.approx([0.15, 0.15, 0.75, 0.75], abs=0.03)


def test_sizes_of_a_fixed_set_have_the_same_densities():
    config = dataclasses.replace(
        RUN, model=dataclasses.replace(BYTES, sides=(4, 2)), num_samples=2000
    )
    states, _ = Batches(config).fixed or (np.empty(0), None)
    for start, side in enumerate((4, 2)):
        alive = states[start::2, : side * side]
        assert len(alive) == 1000
        assert alive.mean() == pytest.approx(0.5, abs=0.03)
        assert (alive[0].sum(), alive[-1].sum()) == (0, side * side)


def test_a_published_file_can_be_learnt_from(tmp_path: Path):
    path = tmp_path / "set.csv"
    states = np.random.default_rng(0).integers(0, 2, (20, 2, 4))
    write_table(path, states)
    config = dataclasses.replace(RUN, csv=str(path), steps=1)
    batches = Batches(config)
    found, _ = batches.of_step(0)
    assert set(map(tuple, found.tolist())) <= set(map(tuple, states[:, 0].tolist()))
    assert train(config, tmp_path / "run")[-1]["step"] == 1
    with pytest.raises(ValueError, match=r"states of 4 cells, a model of sides .3,. needs 9"):
        Batches(dataclasses.replace(config, model=several(COMPACT, 3)))
    with pytest.raises(ValueError, match="has 20 rows, a step needs 32"):
        Batches(dataclasses.replace(config, batch_size=32))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_come_back_from_json(name: str):
    fields = json.loads(json.dumps(to_dict(PRESETS[name])))
    assert from_dict(fields) == PRESETS[name]


def test_the_published_runs_have_the_published_numbers_of_steps():
    for name, steps, size, epochs in (
        ("published", 20_000, 25, 50),
        ("published-high-entropy", 5_000, 100, 50),
        ("published-multi-grid", 20_000, 25, 50),
    ):
        config = PRESETS[name]
        assert (config.steps, config.step_size) == (steps, size)
        assert steps * size == epochs * config.num_samples
    assert PRESETS["published-multi-grid"].model.length == 535 - 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps is at least 1"),
        ({"minutes": -1.0}, "minutes is at least 0"),
        ({"learning_rate": 0.0}, "learning_rate is above 0"),
        ({"forgetting": 1.0}, "forgetting is at least 0 and below 1"),
        ({"densities": (0.6, 0.5)}, "densities ascend"),
        ({"num_samples": 3}, "num_samples is 0 or at least batch_size"),
        ({"sparse_steps": 2, "num_samples": 99}, "sparse_steps is 0 with a fixed training set"),
        ({"model": TORUS}, "objective 'parallel' and forgetting 0, got 'answer'"),
    ],
)
def test_an_impossible_run_is_refused(change: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(RUN, **change)


def test_a_folder_of_another_run_is_refused(whole: Path):
    changed = dataclasses.replace(RUN, learning_rate=0.5)
    with pytest.raises(ValueError, match=r"config\.json was made with .*0\.01 \(now 0\.5\).*--out"):
        train(changed, whole)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path):
    config = dataclasses.replace(RUN, learning_rate=1e30, warmup=0)
    with pytest.raises(ValueError, match=r"the loss of step .* is .*: lower learning_rate"):
        train(config, tmp_path)


def copy_of(run: Path, folder: Path) -> Path:
    """A run of one's own, and its checkpoint."""
    import shutil

    shutil.copytree(run, folder, dirs_exist_ok=True)
    found = last_checkpoint(folder)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["model.safetensors", "manifest.json"])
@pytest.mark.parametrize("damage", ["torn", "missing"])
def test_a_damaged_checkpoint_is_named(name: str, damage: str, whole: Path, tmp_path: Path):
    path = copy_of(whole, tmp_path) / name
    content = path.read_bytes()
    path.unlink()
    if damage == "torn":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=name):
        load_model(tmp_path)


def test_weights_that_are_not_finite_are_refused(whole: Path, tmp_path: Path):
    path = copy_of(whole, tmp_path) / "model.safetensors"
    tensors = load_file(path)
    tensors["norm.weight"][0] = torch.nan
    save_file(tensors, path)
    with pytest.raises(ValueError, match=r"norm\.weight has numbers that are not finite"):
        load_model(tmp_path)


def test_weights_of_another_model_are_refused(whole: Path, tmp_path: Path):
    path = copy_of(whole, tmp_path) / "model.safetensors"
    tensors = load_file(path)
    save_file(tensors | {"norm.weight": torch.zeros(9)}, path)
    with pytest.raises(ValueError, match=r"norm\.weight has shape \(9,\), expected \(8,\)"):
        load_model(tmp_path)
    del tensors["norm.weight"]
    save_file(tensors, path)
    with pytest.raises(ValueError, match=r"other arrays than expected: norm\.weight"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 0}, "format version 0, this program reads 1"),
        ({"step": "x"}, "needs the numbers 'step' and 'seconds'"),
        ({"config": {"model": {"kind": "rnn"}}}, "no configuration of a lifegpt model"),
    ],
)
def test_a_strange_manifest_is_refused(
    change: dict[str, Any], message: str, whole: Path, tmp_path: Path
):
    path = copy_of(whole, tmp_path) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        load_model(tmp_path)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="holds no checkpoint"):
        load_model(tmp_path)


def test_a_damaged_log_is_named(whole: Path, tmp_path: Path):
    copy_of(whole, tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"step": 2}\n')
    with pytest.raises(ValueError, match=r"metrics\.jsonl has no line of step 7"):
        train(RUN, tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"st')
    with pytest.raises(ValueError, match=r"metrics\.jsonl is damaged"):
        train(RUN, tmp_path)


def test_a_checkpoint_can_be_read_by_itself(whole: Path):
    checkpoint = last_checkpoint(whole)
    assert checkpoint is not None
    model, config = load_model(checkpoint, dtype=torch.bfloat16)
    assert config == RUN
    assert isinstance(config, TrainConfig)
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
