"""A batch on several devices is the batch on one; run on four virtual devices of the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import pytest
from toys import Dice

from envs.core import autoreset

PROGRAM = """
import json, sys, jax, numpy as np
from envs.core import autoreset, seed_keys

NUM = 32

def play(core, params, mesh):
    batch = autoreset(core, NUM, pool=3, mesh=mesh)
    worlds, obs = jax.jit(batch.reset)(seed_keys(range(NUM)), params)
    step, seen = jax.jit(batch.step, donate_argnums=0), [obs]
    for time in range(40):
        actions = np.random.default_rng(time).integers(0, 2, NUM).astype(np.int32)
        worlds, out = step(worlds, actions, params)
        seen.append(out)
    text = step.lower(worlds, actions, params).compile().as_text()
    words = worlds._replace(
        keys=jax.random.key_data(worlds.keys), prepared=None, is_prepared=None
    )  # which copies are prepared ahead of time depends on who shares a device with them
    return worlds, jax.tree.map(np.asarray, (seen, words)), text

def cores(names):
    kind = jax.sharding.AxisType
    if names == "toys":
        from toys import Dice, DiceParams, Drift, DriftParams
        yield Dice(), DiceParams(), kind.Auto
        yield Drift(), DriftParams(length=9), kind.Explicit
    else:
        from envs.crafter_oo.params import CrafterParams
        from envs.crafter_oo.stepper.env import CrafterStepper
        from envs.crafter_oo.stepper.state import StepperParams
        world = CrafterParams(length=9, obs="symbolic")
        yield CrafterStepper(), StepperParams(world=world), kind.Auto

report = {"devices": jax.device_count()}
for core, params, axis in cores(sys.argv[1]):
    mesh = jax.make_mesh((4,), ("env",), axis_types=(axis,))
    _, alone, _ = play(core, params, None)
    worlds, spread, text = play(core, params, mesh)
    same = jax.tree.map(lambda a, b: a.dtype == b.dtype and bool((a == b).all()), alone, spread)
    leaves = (worlds.time, worlds.keys, jax.tree.leaves(worlds.states)[-1])
    report[type(core).__name__] = {
        "equal": all(jax.tree.leaves(same)),
        "episodes": int(worlds.episode.min()),
        "shares": [leaf.addressable_shards[0].data.shape[0] for leaf in leaves],
        "talks": any(word in text for word in ("all-gather", "all-reduce", "all-to-all")),
    }
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report() -> Any:
    return run("toys")


def run(cores: str) -> Any:
    tests = Path(__file__).parents[1]
    environ = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)]),
    }
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, cores],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )
    return json.loads(out.stdout)


@pytest.mark.parametrize("core", ["Dice", "Drift"])
def test_four_devices_give_the_bits_of_one(report: Any, core: str) -> None:
    assert report["devices"] == 4
    assert report[core]["episodes"] > 3
    assert report[core]["equal"]


@pytest.mark.parametrize("core", ["Dice", "Drift"])
def test_each_device_steps_its_share_without_a_word_to_the_others(report: Any, core: str) -> None:
    assert report[core]["shares"] == [8, 8, 8]
    assert not report[core]["talks"]


@pytest.mark.reproduction  # for the minute it takes to compile
def test_four_devices_step_crafter_as_one_does() -> None:
    report = run("crafter")
    assert report["devices"] == 4
    assert report["CrafterStepper"] == {
        "equal": True,
        "episodes": 5,
        "shares": [8, 8, 8],
        "talks": False,
    }


def test_a_mesh_that_does_not_divide_the_copies_is_refused() -> None:
    two_axes = jax.make_mesh((1, 1), ("env", "model"))
    with pytest.raises(ValueError, match="mesh of one axis whose size divides num_envs"):
        autoreset(Dice(), 3, mesh=two_axes)
