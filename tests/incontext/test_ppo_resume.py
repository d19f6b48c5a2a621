"""Run folders: the same numbers again, after a kill, and nothing of another run."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np
import pytest
from incontext.probes import Probe, ProbeParams

from worldmodels.incontext.checkpoint import load_arrays
from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.problem import make_problem
from worldmodels.incontext.train import Program, Record, Run, compile_ppo, train
from worldmodels.training.run_folder import last_checkpoint

CONFIG = PPOConfig(num_envs=8, rollout_steps=8, epochs=2, num_minibatches=2, width=8, num_layers=2)
NUM_UPDATES = 7
RUN = Run("Probe", "-", NUM_UPDATES * CONFIG.steps_per_update, 3, CONFIG)
EVERY = 2  # updates between checkpoints


@pytest.fixture(scope="module")
def program() -> Program:
    params = ProbeParams(num_contexts=3, length=5, truncates=True)
    return compile_ppo(make_problem(Probe(), params), CONFIG, NUM_UPDATES)


@pytest.fixture(scope="module")
def whole(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    train(program, RUN, folder, ignore, EVERY)
    return folder


def ignore(record: Record) -> None:
    del record


class Killed(BaseException):
    """What a kill looks like from inside."""


def train_until(update: int, program: Program, folder: Path) -> None:
    """Train, be killed after an update, and leave what a kill leaves."""

    def kill(record: Record) -> None:
        if record["update"] == update:
            raise Killed

    with pytest.raises(Killed):
        train(program, RUN, folder, kill, EVERY)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"update": 99, "ste')
    (folder / ".checkpoint-half").mkdir()
    (folder / ".checkpoint-half" / "model.safetensors").write_bytes(b"half")


def numbers(folder: Path) -> list[Record]:
    """The metrics of a folder, but for what the clock says."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "steps_per_second"} for line in lines]


def test_the_same_seed_gives_the_same_curve(program: Program, whole: Path, tmp_path: Path):
    train(program, RUN, tmp_path, ignore)
    assert numbers(tmp_path) == numbers(whole)
    other = dataclasses.replace(RUN, seed=4)
    train(program, other, tmp_path / "other", ignore)
    assert numbers(tmp_path / "other") != numbers(whole)


@pytest.mark.parametrize("update", [1, 4, 5])
def test_a_killed_run_goes_on_with_the_same_numbers(
    update: int, program: Program, whole: Path, tmp_path: Path
):
    train_until(update, program, tmp_path)
    seen: list[Record] = []
    records = train(program, RUN, tmp_path, seen.append, EVERY)
    assert numbers(tmp_path) == numbers(whole)
    assert seen == records
    assert [record["update"] for record in records] == list(range(1, NUM_UPDATES + 1))
    for name in ("model.safetensors", "training.safetensors"):
        ours, theirs = (last_checkpoint(folder) for folder in (tmp_path, whole))
        assert ours is not None
        assert theirs is not None
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint-00000007",
        "config.json",
        "metrics.jsonl",
    ]


def test_a_finished_run_is_read_and_not_trained_again(program: Program, whole: Path):
    def refuse(learner: object) -> None:
        raise AssertionError("trained again")

    before = (whole / "metrics.jsonl").read_bytes()
    idle = program._replace(update=refuse)  # type: ignore[arg-type]  # never called
    assert len(train(idle, RUN, whole, ignore)) == NUM_UPDATES
    assert (whole / "metrics.jsonl").read_bytes() == before


def test_a_folder_of_another_configuration_is_refused(program: Program, whole: Path):
    changed = dataclasses.replace(RUN, ppo=dataclasses.replace(CONFIG, learning_rate=0.5))
    with pytest.raises(ValueError, match=r"config\.json was made with .*0\.0002.*0\.5.*--out"):
        train(program, changed, whole, ignore)


def test_a_checkpoint_of_another_configuration_is_refused(
    program: Program, whole: Path, tmp_path: Path
):
    found = last_checkpoint(whole)
    assert found is not None
    (tmp_path / found.name).symlink_to(found)
    changed = dataclasses.replace(RUN, seed=4)
    with pytest.raises(ValueError, match=r"manifest\.json was made with seed=3 \(now 4\)"):
        train(program, changed, tmp_path, ignore)


@pytest.mark.parametrize("name", ["model.safetensors", "manifest.json"])
def test_a_torn_file_is_named(name: str, program: Program, tmp_path: Path):
    train(program, RUN, tmp_path, ignore)
    found = last_checkpoint(tmp_path)
    assert found is not None
    content = (found / name).read_bytes()
    (found / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=name):
        train(program, RUN, tmp_path, ignore)


def test_missing_metrics_are_noticed(program: Program, tmp_path: Path):
    train(program, RUN, tmp_path, ignore)
    (tmp_path / "metrics.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"metrics\.jsonl has 1 lines, but .* update 7"):
        train(program, RUN, tmp_path, ignore)


def test_arrays_of_another_shape_are_refused_by_name(program: Program, whole: Path):
    found = last_checkpoint(whole)
    assert found is not None
    learner = jax.eval_shape(program.start, jax.random.key(0))
    path = found / "model.safetensors"
    assert len(jax.tree.leaves(load_arrays(path, learner.model))) == 12
    wider = jax.tree.map(lambda leaf: np.zeros((*leaf.shape, 2), np.float32), learner.model)
    with pytest.raises(ValueError, match=r"actor\.layers\.0\.weight has shape \(8, 3\)"):
        load_arrays(path, wider)
    with pytest.raises(ValueError, match="other arrays than expected"):
        load_arrays(path, learner.model.actor)


def test_too_few_steps_for_an_update_are_refused():
    with pytest.raises(ValueError, match="steps is at least num_envs"):
        Run("Probe", "-", CONFIG.steps_per_update - 1, 0, CONFIG)
