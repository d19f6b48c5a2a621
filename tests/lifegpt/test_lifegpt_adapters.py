"""Simulators as world models."""

import dataclasses
import itertools
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from lifegpt.small_models import COMPACT, IDENTITY, RUN

from envs.life.env import ToroidalLife
from envs.life.params import LifeParams
from envs.life.state import LifeState, first_state
from worldmodels.lifegpt.adapters import (
    LifeWorldModel,
    convolution,
    lifegpt,
    majority,
    shipped_checkpoints,
    true_rule,
)
from worldmodels.lifegpt.train import train

SMALL = LifeParams(height=2, width=2, rule=IDENTITY)
PARAMS = LifeParams(height=16, width=16)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(dataclasses.replace(RUN, steps=20, every=20), folder)
    return folder


def random_state(params: LifeParams, seed: int = 0) -> LifeState:
    rng = np.random.default_rng(seed)
    return first_state(jnp.asarray(rng.random((params.height, params.width)) < 0.4), params)


def with_cells(state: LifeState, cells: np.ndarray) -> LifeState:
    return dataclasses.replace(state, cells=jnp.asarray(cells))


def test_the_true_rule_is_the_world(run: Path):
    state, action = random_state(PARAMS), 37
    step = jax.jit(
        lambda before: ToroidalLife().transition(jax.random.key(0), before, action, PARAMS)
    )
    after = step(state)
    model = true_rule(PARAMS)
    sample = model.sample(5, state, action)
    for name in ("cells", "previous", "agent", "time", "hashes", "held", "crossed", "accuracy"):
        assert (getattr(sample, name) == getattr(after, name)).all(), name
    wrong = after.cells.at[3, 4].set(~after.cells[3, 4])
    found = model.log_probs(state, action, [after, dataclasses.replace(after, cells=wrong)])
    assert found == [0, -math.inf]
    assert model.log_prob(state, action, after) == 0
    assert model.log_prob(state, 38, after) == -math.inf


def check_frequencies(model: LifeWorldModel, state: LifeState, action: int) -> float:
    """Compare samples with log-probabilities; returns the probability of the likeliest grid."""
    grids = [np.array(bits, np.bool_).reshape(2, 2) for bits in itertools.product((0, 1), repeat=4)]
    log_probs = model.log_probs(state, action, [with_cells(state, grid) for grid in grids])
    wanted = np.exp(log_probs)
    assert wanted.sum() == pytest.approx(1)
    cells = np.asarray(state.cells).copy()
    cells.flat[action] ^= True
    count = 4000
    before = torch.from_numpy(cells).expand(count, 2, 2)
    drawn = model._simulator.draw(before, torch.Generator().manual_seed(0)).numpy()
    found = np.bincount(drawn.reshape(count, 4) @ [8, 4, 2, 1], minlength=16) / count
    spread = np.sqrt(wanted * (1 - wanted) / count)
    assert (np.abs(found - wanted) < 4.5 * spread + 1e-3).all()
    return float(wanted.max())


def test_samples_of_a_gpt_are_as_frequent_as_it_says(run: Path):
    assert 0.07 < check_frequencies(lifegpt(run, SMALL), random_state(SMALL), 1) < 0.95


def test_samples_of_a_parallel_gpt_are_as_frequent_as_it_says(tmp_path: Path):
    train(dataclasses.replace(RUN, objective="parallel", steps=10, every=10), tmp_path)
    assert 0.07 < check_frequencies(lifegpt(tmp_path, SMALL), random_state(SMALL), 1) < 0.95


def test_samples_of_the_majority_are_as_frequent_as_it_says():
    model = majority(dataclasses.replace(SMALL, rule="B3/S23"))
    assert 0.07 < check_frequencies(model, random_state(SMALL), 0) < 0.95


def test_equal_keys_give_equal_samples(run: Path):
    model, state = lifegpt(run, SMALL), random_state(SMALL)
    samples = [model.sample(key, state, 4) for key in (3, 3, *range(20))]
    assert (samples[0].cells == samples[1].cells).all()
    assert len({np.asarray(sample.cells).tobytes() for sample in samples}) > 1
    assert int(samples[0].time) == 1


def test_a_convolution_learns_life_and_the_majority_does_not():
    network, crowd = convolution(PARAMS), majority(PARAMS)
    rule = true_rule(PARAMS)
    better = 0
    for seed in range(5):
        state = random_state(PARAMS, seed)
        truth = rule.sample(0, state, 256)
        empty = with_cells(truth, np.zeros((16, 16), np.bool_))
        assert network.log_prob(state, 256, truth) > network.log_prob(state, 256, empty)
        assert crowd.log_prob(state, 256, truth) < crowd.log_prob(state, 256, empty)
        better += bool((network.sample(0, state, 256).cells == truth.cells).mean() > 0.99)
    assert better == 5


def test_a_checkpoint_of_other_grids_is_refused(run: Path):
    with pytest.raises(ValueError, match="made for grids of 2x2, got 16x16") as caught:
        lifegpt(run, dataclasses.replace(PARAMS, rule=IDENTITY))
    assert str(run) in str(caught.value)


def test_a_checkpoint_of_another_rule_is_refused(run: Path):
    with pytest.raises(ValueError, match=f"trained on the rule {IDENTITY}, the world has B3/S23"):
        lifegpt(run, LifeParams(height=2, width=2))


def test_something_else_than_a_checkpoint_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="holds no checkpoint"):
        lifegpt(tmp_path, SMALL)


@pytest.mark.parametrize(
    "change", [{"task": "target"}, {"steps_per_action": 2}, {"action_mode": "agent"}]
)
def test_worlds_of_more_than_cells_are_refused(change: dict[str, object]):
    with pytest.raises(ValueError, match="simulators stand in for worlds of task 'none'"):
        true_rule(dataclasses.replace(PARAMS, **change))


def test_only_the_model_is_asked_about_the_grid(run: Path):
    assert COMPACT.sides == (SMALL.height,)
    assert lifegpt(run, SMALL).log_prob(random_state(SMALL), 4, random_state(SMALL)) < 0


def test_of_each_preset_one_seed_takes_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("lifegpt-a", "lifegpt-a-seed-1", "lifegpt-b", "onelife-seed-0"):
        (tmp_path / name).mkdir()
    (tmp_path / "lifegpt-notes.md").touch()
    monkeypatch.setattr("worldmodels.lifegpt.adapters.asset_path", lambda *_: tmp_path)
    assert shipped_checkpoints() == {n: tmp_path / n for n in ("lifegpt-a", "lifegpt-b")}
