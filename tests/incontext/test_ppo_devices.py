"""Training on several devices is training on one; run on two virtual devices of the CPU."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import pytest

from worldmodels.incontext.batching import find_mesh
from worldmodels.incontext.config import PPOConfig

PROGRAM = """
import dataclasses, json, sys, jax, numpy as np
from pathlib import Path
from incontext.probes import Probe, ProbeParams, Recall, RecallParams
from worldmodels.incontext.batching import find_mesh
from worldmodels.incontext.config import PPOConfig, S5Config
from worldmodels.incontext.problem import make_problem
from worldmodels.incontext.train import Run, compile_ppo, train

plain = PPOConfig(num_envs=16, rollout_steps=8, epochs=2, num_minibatches=2, width=8, num_layers=1)
recurrent = dataclasses.replace(
    plain, memory="s5", sees_action=True, encoder=(8,), heads=(8,), s5=S5Config(state_size=8)
)
probe = make_problem(Probe(), ProbeParams(num_contexts=3, length=5, truncates=True))
recall = make_problem(Recall(), RecallParams(num_steps=5, truncates=True), sees_action=True)
report = {"devices": jax.device_count()}
for name, problem, config in (("none", probe, plain), ("s5", recall, recurrent)):
    run = Run("Probe", "-", 4 * config.steps_per_update, 3, config)
    numbers, programs = {}, {}
    for count in (1, 2):
        program = programs[count] = compile_ppo(problem, config, 4, find_mesh(count, config))
        records = train(program, run, Path(sys.argv[1]) / f"{name}-{count}", lambda record: None)
        numbers[count] = [
            [v for k, v in line.items() if k != "steps_per_second"] for line in records
        ]
    learner, _ = program.update(program.start(jax.random.key(0)))
    leaves = learner.play.worlds.time, learner.play.features, learner.play.length
    weights = jax.tree.leaves(learner.model)[0]
    # a run is gone on with on other devices; the last update is made by one
    folder = Path(sys.argv[1]) / f"{name}-2-then-1"
    class Killed(BaseException): pass
    def kill(record):
        if record["update"] == 3:
            raise Killed
    try:
        train(program, run, folder, kill, 1)
    except Killed:
        pass
    records = train(programs[1], run, folder, lambda record: None)
    numbers["then"] = [
        [v for k, v in line.items() if k != "steps_per_second"] for line in records
    ]
    report[name] = {
        "numbers": numbers,
        "shares": [leaf.addressable_shards[0].data.shape[0] for leaf in leaves],
        "copies": len(weights.addressable_shards) * weights.is_fully_replicated,
    }
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    tests = Path(__file__).parents[1]
    environ = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)]),
    }
    folder = tmp_path_factory.mktemp("runs")
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(folder)],
        capture_output=True,
        text=True,
        env=environ,
    )
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


@pytest.mark.parametrize("memory", ["none", "s5"])
def test_two_devices_train_to_the_numbers_of_one(report: Any, memory: str):
    assert report["devices"] == 2
    numbers = report[memory]["numbers"]
    for others in (numbers["2"], numbers["then"]):
        for line, wanted in zip(others, numbers["1"], strict=True):
            assert line == pytest.approx(wanted, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("memory", ["none", "s5"])
def test_each_device_holds_its_share_of_the_worlds_and_all_weights(report: Any, memory: str):
    assert report[memory]["shares"] == [8, 8, 8]
    assert report[memory]["copies"] == 2


CONFIG = PPOConfig(num_envs=6, rollout_steps=5, num_minibatches=3, width=8, num_layers=1)


@pytest.fixture
def four_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = jax.devices() * 4
    monkeypatch.setattr(jax, "devices", lambda: devices)


@pytest.mark.usefixtures("four_devices")
def test_devices_that_cannot_have_equal_shares_are_refused():
    with pytest.raises(ValueError, match="4 devices need equal shares, but num_envs has 6 worlds"):
        find_mesh(0, CONFIG)
    recurrent = dataclasses.replace(CONFIG, memory="gru", num_envs=12, num_minibatches=2)
    with pytest.raises(ValueError, match=r"4 devices .* but a minibatch has 6 worlds"):
        find_mesh(4, recurrent)
    with pytest.raises(ValueError, match=r"4 devices .* but a minibatch has 10 steps"):
        find_mesh(4, dataclasses.replace(CONFIG, num_envs=4, num_minibatches=2))


@pytest.mark.parametrize("count", [-1, 5])
@pytest.mark.usefixtures("four_devices")
def test_devices_that_are_not_there_are_refused(count: int):
    with pytest.raises(ValueError, match=rf"devices is in 0..4, .* sees here, got {count}"):
        find_mesh(count, CONFIG)


def test_one_device_needs_no_mesh():
    assert find_mesh(1, CONFIG) is None
