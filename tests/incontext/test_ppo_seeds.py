"""Several seeds in one program: the numbers of each alone, and kills that leave some behind."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from incontext.probes import Probe, ProbeParams, Recall, RecallParams
from safetensors.numpy import load_file

from envs.core import seed_keys
from worldmodels.incontext.batching import is_any, make_worlds
from worldmodels.incontext.config import PPOConfig, S5Config
from worldmodels.incontext.problem import make_problem
from worldmodels.incontext.train import Program, Record, Run, compile_ppo, train, train_together
from worldmodels.training.run_folder import last_checkpoint

NUM_UPDATES = 5
EVERY = 2  # updates between checkpoints
SEEDS = (3, 4, 9)
PLAIN = PPOConfig(num_envs=8, rollout_steps=8, epochs=2, num_minibatches=2, width=8, num_layers=1)
RECURRENT = dataclasses.replace(
    PLAIN, memory="s5", sees_action=True, encoder=(8,), heads=(8,), s5=S5Config(state_size=8)
)
PROBLEMS = {
    "none": make_problem(Probe(), ProbeParams(num_contexts=3, length=5, truncates=True)),
    "s5": make_problem(Recall(), RecallParams(num_steps=5, truncates=True), sees_action=True),
}


def run_of(memory: str, seed: int) -> Run:
    config = PLAIN if memory == "none" else RECURRENT
    return Run("Probe", "-", NUM_UPDATES * config.steps_per_update, seed, config)


def runs_in(folder: Path, memory: str) -> dict[Path, Run]:
    return {folder / f"seed-{seed}": run_of(memory, seed) for seed in SEEDS}


def ignore(*_: Any) -> None:
    pass


@pytest.fixture(scope="module", params=["none", "s5"])
def memory(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def program(memory: str) -> Program:
    return compile_ppo(PROBLEMS[memory], run_of(memory, 0).ppo, NUM_UPDATES)


@pytest.fixture(scope="module")
def alone(program: Program, memory: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of agents that were trained one after the other."""
    folder = tmp_path_factory.mktemp("alone")
    for each, run in runs_in(folder, memory).items():
        train(program, run, each, ignore, EVERY)
    return folder


@pytest.fixture(scope="module")
def together(program: Program, memory: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of agents that were trained at once."""
    folder = tmp_path_factory.mktemp("together")
    train_together(program, runs_in(folder, memory), ignore, EVERY)
    return folder


def metrics(folder: Path) -> list[Record]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "steps_per_second"} for line in lines]


def arrays(folder: Path) -> dict[str, Any]:
    found = last_checkpoint(folder)
    assert found is not None
    assert found.name == f"checkpoint-{NUM_UPDATES:08d}"
    names = "model.safetensors", "training.safetensors"
    return {
        f"{name} {key}": value for name in names for key, value in load_file(found / name).items()
    }


def assert_close(folder: Path, expected: Path) -> None:
    """The same up to rounding; the worlds and the keys exactly."""
    for line, wanted in zip(metrics(folder), metrics(expected), strict=True):
        assert line == pytest.approx(wanted, rel=1e-3, abs=1e-5)
    found, known = arrays(folder), arrays(expected)
    assert found.keys() == known.keys()
    for name, value in known.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-3, atol=1e-5, err_msg=name)
        if "keys" in name or name.endswith(" key"):
            np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_agents_trained_at_once_are_those_trained_alone(alone: Path, together: Path):
    for seed in SEEDS:
        assert_close(together / f"seed-{seed}", alone / f"seed-{seed}")
    first, second, _ = (metrics(together / f"seed-{seed}") for seed in SEEDS)
    assert first != second


@pytest.mark.parametrize("update", [1, 3])
def test_agents_killed_at_once_go_on_to_the_same_bytes(
    update: int, program: Program, memory: str, together: Path, tmp_path: Path
):
    class Killed(BaseException):
        pass

    def kill(run: Run, record: Record) -> None:
        if (run.seed, record["update"]) == (SEEDS[1], update):  # the third has not written it
            raise Killed

    runs = runs_in(tmp_path, memory)
    with pytest.raises(Killed):
        train_together(program, runs, kill, EVERY)
    seen: list[tuple[int, Any]] = []
    records = train_together(
        program, runs, lambda run, record: seen.append((run.seed, record["update"])), EVERY
    )
    assert [len(known) for known in records] == [NUM_UPDATES] * len(SEEDS)
    assert sorted(seen) == [(seed, n) for seed in SEEDS for n in range(1, NUM_UPDATES + 1)]
    for seed in SEEDS:
        assert metrics(tmp_path / f"seed-{seed}") == metrics(together / f"seed-{seed}")
        found, known = (arrays(folder / f"seed-{seed}") for folder in (tmp_path, together))
        for name, value in known.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_agents_that_are_behind_catch_up_first(
    program: Program, memory: str, alone: Path, tmp_path: Path
):
    class Killed(BaseException):
        pass

    def kill(run: Run, record: Record) -> None:
        if (run.seed, record["update"]) == (SEEDS[1], EVERY):  # one checkpoint is not yet written
            raise Killed

    runs = runs_in(tmp_path, memory)
    with pytest.raises(Killed):
        train_together(program, runs, kill, EVERY)
    assert [last_checkpoint(folder) is None for folder in runs] == [False, False, True]
    order: list[tuple[Any, int]] = []
    train_together(
        program, runs, lambda run, record: order.append((record["update"], run.seed)), EVERY
    )
    told, trained = order[: 2 * EVERY], order[2 * EVERY :]
    assert told == [(n, seed) for seed in SEEDS[:2] for n in range(1, EVERY + 1)]
    behind = [(n, SEEDS[2]) for n in range(1, EVERY + 1)]
    assert trained == behind + [(n, s) for n in range(EVERY + 1, NUM_UPDATES + 1) for s in SEEDS]
    for seed in SEEDS:
        assert_close(tmp_path / f"seed-{seed}", alone / f"seed-{seed}")


def test_a_folder_of_finished_agents_is_only_read(program: Program, memory: str, alone: Path):
    def refuse(learners: Any) -> Any:
        raise AssertionError("trained again")

    idle = program._replace(update=refuse, update_together=refuse)
    records = train_together(idle, runs_in(alone, memory), ignore, EVERY)
    assert [len(known) for known in records] == [NUM_UPDATES] * len(SEEDS)


def test_training_at_once_stops_at_the_seed_whose_observation_is_nan(
    program: Program, memory: str, tmp_path: Path
):
    def start(key: Any) -> Any:
        learner = program.start(key)
        is_sick = bool((jax.random.key_data(key) == jax.random.key_data(jax.random.key(4))).all())
        features = jnp.where(is_sick, jnp.nan, learner.play.features)
        return learner._replace(play=learner.play._replace(features=features))

    sick = program._replace(start=start)
    with pytest.raises(ValueError, match="update 1 of Probe, seed 4: an observation or a reward"):
        train_together(sick, runs_in(tmp_path, memory), ignore, EVERY)


def test_worlds_of_several_seeds_are_stepped_as_one_batch():
    problem = PROBLEMS["none"]
    batch = make_worlds(problem, 4)
    keys = seed_keys(range(12)).reshape(3, 4)
    worlds, _ = jax.vmap(lambda keys: batch.reset(keys, problem.params))(keys)

    @jax.jit
    def step(worlds: Any, actions: Any) -> Any:
        return batch.step(worlds, actions, problem.params)

    step_all = jax.jit(jax.vmap(step))
    for time in range(12):
        actions = jnp.asarray(np.random.default_rng(time).integers(0, 4, (3, 4)), jnp.int32)
        expected = [
            step(jax.tree.map(lambda leaf, seed=seed: leaf[seed], worlds), actions[seed])
            for seed in range(3)
        ]
        worlds, out = step_all(worlds, actions)
        for seed, (_, wanted) in enumerate(expected):
            for found, value in zip(jax.tree.leaves(out), jax.tree.leaves(wanted), strict=True):
                np.testing.assert_array_equal(found[seed], value)


def test_a_choice_of_all_seeds_stays_a_choice():
    def choose(flags: Any) -> Any:
        return jax.lax.cond(is_any(flags), lambda: flags.astype(jnp.float32), lambda: jnp.zeros(2))

    flags = jnp.asarray([[False, False], [False, True]])
    assert "cond[" in str(jax.make_jaxpr(jax.vmap(choose))(flags))
    assert jax.vmap(choose)(flags).tolist() == [[0, 0], [0, 1]]
    assert not bool(is_any(flags[0]))
