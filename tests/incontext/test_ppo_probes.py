"""Problems whose answer is known."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from incontext.probes import Probe, ProbeParams

from envs.core import autoreset
from worldmodels.incontext.baseline import measure_random
from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.model import Judgement
from worldmodels.incontext.problem import find_problem, make_problem
from worldmodels.incontext.rollout import begin, collect, uniform_policy
from worldmodels.incontext.train import Learner, Record, Run, compile_ppo, resume, train

CONFIG = PPOConfig(
    num_envs=32,
    rollout_steps=16,
    num_minibatches=4,
    learning_rate=3e-3,
    width=32,
    num_layers=2,
)


def learn(
    params: ProbeParams, num_updates: int, folder: Path, **changes: Any
) -> tuple[Learner, list[Record]]:
    config = dataclasses.replace(CONFIG, **changes)
    program = compile_ppo(make_problem(Probe(), params), config, num_updates)
    run = Run("Probe", "-", num_updates * config.steps_per_update, 0, config)
    train(program, run, folder, lambda record: None)
    return resume(program, run, folder)


def judge(learner: Learner, features: Any) -> Judgement:
    """What an agent without memory makes of some features; axes are led by B."""
    _, judgement = learner.model((), features[None], jnp.zeros((1, len(features)), bool))
    return jax.tree.map(lambda leaf: leaf[0], judgement)


@pytest.mark.parametrize("truncates", [True, False])
def test_the_value_of_a_constant_reward_counts_on_after_truncation_alone(
    truncates: bool, tmp_path: Path
):
    params = ProbeParams(constant=True, length=1, truncates=truncates)
    learner, _ = learn(params, 50, tmp_path, discount=0.8)
    forever = 1 / (1 - 0.8)
    expected = forever if truncates else 1.0
    value = judge(learner, jnp.ones((1, 1))).value
    assert float(value[0]) == pytest.approx(expected, rel=0.02)


def test_the_best_arm_of_a_bandit_is_found(tmp_path: Path):
    learner, records = learn(ProbeParams(num_actions=4), 40, tmp_path)
    assert judge(learner, jnp.ones((1, 1))).choice.logits.argmax(axis=1).tolist() == [1]
    assert records[0]["return"] == pytest.approx(0.25, abs=0.1)
    assert records[-1]["return"] > 0.99


def test_every_context_gets_its_own_action(tmp_path: Path):
    params = ProbeParams(num_contexts=6, num_actions=6, length=8)
    learner, records = learn(params, 60, tmp_path)
    assert records[-1]["return"] / 8 > 0.95
    assert records[-1]["length"] == 8
    logits = judge(learner, jnp.eye(6)).choice.logits
    assert logits.argmax(axis=1).tolist() == [1, 2, 3, 4, 5, 0]


def test_random_actions_are_measured_over_whole_episodes():
    params = ProbeParams(num_contexts=3, num_actions=4, length=100)
    baseline = measure_random(make_problem(Probe(), params), num_episodes=200, seed=0)
    assert baseline.length == (100, 0, 200)
    expected = (100 * 3 / 16 / 200) ** 0.5  # of 100 guesses among 4, in 200 episodes
    assert baseline.total.stderr == pytest.approx(expected, rel=0.2)
    assert abs(baseline.total.mean - 25) < 4 * expected
    assert baseline.achievements == (2, 0, 200)  # of three counts, the last stays 0


def test_random_episodes_that_never_end_are_given_up():
    params = ProbeParams(length=10_000)
    with pytest.raises(ValueError, match="should end, not outlast 64 steps"):
        measure_random(make_problem(Probe(), params), num_episodes=2, seed=0, limit=64)


def test_returns_and_lengths_start_again_with_every_episode():
    params = ProbeParams(constant=True, length=3)
    batch = autoreset(Probe(), 2, pool=1)
    keys = jax.random.split(jax.random.key(1), 8)
    problem = make_problem(Probe(), params)
    policy = uniform_policy(problem)
    play = begin(batch, problem, policy, 2, jax.random.key(0))
    play, steps, episodes = collect(batch, problem, policy, play, keys)
    assert episodes.ended[:, 0].tolist() == [False, False, True] * 2 + [False, False]
    assert episodes.total[:, 0].tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert episodes.length[:, 1].tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert play.length.tolist() == [2, 2]
    assert not np.asarray(steps.final_value).any()


def test_a_truncated_step_knows_what_its_last_observation_was_worth():
    params = ProbeParams(length=3, truncates=True, shows_time=True)
    batch = autoreset(Probe(), 2, pool=1)
    keys = jax.random.split(jax.random.key(1), 8)
    problem = make_problem(Probe(), params)
    policy = uniform_policy(problem)._replace(value=lambda carry, features, first: features[:, -1])
    play = begin(batch, problem, policy, 2, jax.random.key(0))
    _, steps, _ = collect(batch, problem, policy, play, keys)
    assert steps.features[:, 0, -1].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert steps.final_value[:, 0].tolist() == [0, 0, 3, 0, 0, 3, 0, 0]
    assert steps.truncated[:, 0].tolist() == [False, False, True] * 2 + [False, False]
    assert not steps.terminated.any()


def test_worlds_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="no world is called 'Nowhere-v0'"):
        find_problem("Nowhere-v0", "symbolic")
    with pytest.raises(ValueError, match=r"expected observations in a Box, .* has a Dict"):
        find_problem("CrafterOO-v0", "entities")
