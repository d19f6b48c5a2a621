"""PPO with a memory: rollouts, minibatches, and problems that need one."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from incontext.probes import (
    Probe,
    ProbeParams,
    Recall,
    RecallParams,
    Target,
    TargetParams,
)

from envs.core import autoreset
from worldmodels.incontext.actions import DiagonalGaussian
from worldmodels.incontext.config import PPOConfig, S5Config, read_config
from worldmodels.incontext.model import Scaled, make_agent
from worldmodels.incontext.objective import Batch, loss
from worldmodels.incontext.player import Player, load_agent
from worldmodels.incontext.problem import Problem, make_problem
from worldmodels.incontext.rollout import (
    begin,
    collect,
    policy_of,
    sample_features,
    uniform_policy,
)
from worldmodels.incontext.train import (
    Program,
    Record,
    Run,
    compile_ppo,
    take_columns,
    to_batch,
    train,
)
from worldmodels.training.run_folder import last_checkpoint

CONFIG = PPOConfig(
    num_envs=32,
    rollout_steps=32,
    epochs=4,
    num_minibatches=4,
    learning_rate=3e-3,
    trace=0.95,
    entropy_weight=0.01,
    width=16,
    num_layers=1,
    memory="s5",
    sees_action=True,
    encoder=(16,),
    heads=(16,),
    s5=S5Config(state_size=16),
)
RECALL = make_problem(Recall(), RecallParams(), sees_action=True)
NUM_UPDATES = 60


def draw_agent(problem: Problem, config: PPOConfig, key: Any) -> Any:
    return jax.jit(lambda key: make_agent(problem, config, key))(key)


def run_of(config: PPOConfig, num_updates: int, seed: int = 0) -> Run:
    return Run("Recall", "-", num_updates * config.steps_per_update, seed, config)


def test_scaled_features_have_mean_0_and_deviation_1_and_training_moves_no_scale():
    config = dataclasses.replace(CONFIG, scales_features=True)
    program = compile_ppo(RECALL, config, 2)
    learner = program.start(jax.random.key(0))
    scaled = learner.model
    assert isinstance(scaled, Scaled)
    seen = sample_features(autoreset(RECALL.core, 64), RECALL, 64, jax.random.key(7))
    shown = (seen - scaled.mean[None, None]) / scaled.deviation[None, None]
    varies = np.asarray(seen).std((0, 1)) > 0
    assert varies.any()
    np.testing.assert_allclose(shown.mean((0, 1))[varies], 0, atol=0.15)
    np.testing.assert_allclose(shown.std((0, 1))[varies], 1, atol=0.15)
    carry, none = scaled.init_carry(64), jnp.zeros(seen.shape[:2], bool)
    direct = scaled.agent(carry, shown, none)[1].value
    np.testing.assert_allclose(scaled(carry, seen, none)[1].value, direct, rtol=1e-5, atol=1e-6)
    after = program.update(learner)[0].model
    assert isinstance(after, Scaled)
    np.testing.assert_array_equal(after.mean, scaled.mean)
    np.testing.assert_array_equal(after.deviation, scaled.deviation)


def ignore(record: Record) -> None:
    del record


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_ppo(RECALL, CONFIG, NUM_UPDATES)


@pytest.fixture(scope="module")
def trained(program: Program, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The folder of an agent with S5, and its metrics."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(program, run_of(CONFIG, NUM_UPDATES), folder, ignore)


def test_an_agent_with_a_memory_recalls_what_one_without_cannot(trained: Any, tmp_path: Path):
    without = dataclasses.replace(CONFIG, memory="mlp")
    blind = train(compile_ppo(RECALL, without, 20), run_of(without, 20), tmp_path, ignore)
    assert abs(np.mean([record["return"] for record in blind[-5:]])) < 0.25
    assert trained[1][-1]["return"] > 0.95


def test_a_killed_run_with_a_memory_goes_on_to_the_same_bytes(program: Program, tmp_path: Path):
    class Killed(BaseException):
        pass

    def kill(record: Record) -> None:
        if record["update"] == 2:
            raise Killed

    run = run_of(CONFIG, NUM_UPDATES, seed=1)
    short = dataclasses.replace(run, steps=3 * CONFIG.steps_per_update)
    train(program, short, tmp_path / "whole", ignore, 1)
    with pytest.raises(Killed):
        train(program, short, tmp_path / "killed", kill, 1)
    train(program, short, tmp_path / "killed", ignore, 1)
    for name in ("model.safetensors", "training.safetensors"):
        whole, killed = (last_checkpoint(tmp_path / each) for each in ("whole", "killed"))
        assert whole is not None
        assert killed is not None
        assert (whole / name).read_bytes() == (killed / name).read_bytes()


def rollout(problem: Problem, config: PPOConfig, policy: Any, num_steps: int) -> Any:
    """A second rollout, so that it begins within episodes: (play before it, play after, steps)."""
    batch = autoreset(problem.core, config.num_envs, pool=1)

    @jax.jit
    def find() -> Any:
        first_key, second_key = jax.random.split(jax.random.key(1))
        start = begin(batch, problem, policy, config.num_envs, jax.random.key(0))
        before, *_ = collect(batch, problem, policy, start, jax.random.split(first_key, 5))
        keys = jax.random.split(second_key, num_steps)
        after, steps, _ = collect(batch, problem, policy, before, keys)
        return before, after, steps

    return find()


@pytest.mark.parametrize("memory", ["s5", "attention"])
def test_learning_sees_a_rollout_as_acting_saw_it(memory: Any):
    config = dataclasses.replace(CONFIG, memory=memory, num_envs=3, num_minibatches=1, window=6)
    agent = draw_agent(RECALL, config, jax.random.key(2))
    policy = policy_of(agent)
    before, after, steps = rollout(RECALL, config, policy, 20)
    assert steps.is_first.sum(axis=0).tolist() == [3, 3, 3]  # at steps 8, 16, 24 of 5..24
    last_value = policy.value(after.carry, after.features, after.is_first)
    batch = to_batch(steps, last_value, config)

    @eqx.filter_jit
    def learn(carry: Any) -> Any:
        return loss(agent, carry, batch, config)[1], agent(carry, batch.features, batch.is_first)

    losses, (_, (_, value)) = learn(before.carry)
    assert float(losses.kl) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(value, steps.value, atol=1e-4)
    _, (_, (_, forgetful)) = learn(agent.init_carry(3))
    assert np.abs(forgetful[0] - steps.value[0]).max() > 1e-4


def test_the_first_gradient_step_of_an_update_finds_the_policy_that_acted():
    config = dataclasses.replace(
        CONFIG, memory="gru", num_envs=4, rollout_steps=5, epochs=1, num_minibatches=1
    )
    program = compile_ppo(RECALL, config, 9)
    learner = program.start(jax.random.key(0))
    for _ in range(3):  # the second and the third rollout begin within episodes
        learner, outcome = program.update(learner)
        assert float(outcome.losses.kl) == pytest.approx(0, abs=1e-6)
        assert float(outcome.losses.value_loss) > 0


def test_the_value_of_a_truncated_observation_remembers_its_episode():
    problem = make_problem(Recall(), RecallParams(num_steps=4, truncates=True), sees_action=True)
    config = dataclasses.replace(CONFIG, num_envs=2, num_minibatches=2)
    agent = draw_agent(problem, config, jax.random.key(2))
    play, _, steps = rollout(problem, config, policy_of(agent), 3)
    assert np.asarray(steps.truncated).tolist() == [[False] * 2, [False] * 2, [True] * 2]
    last = jnp.zeros((1, 2, 5)).at[0, :, 2:4].set(jax.nn.one_hot(steps.action[2], 2))
    features = jnp.concatenate([steps.features, last])
    is_first = jnp.concatenate([steps.is_first, jnp.zeros((1, 2), bool)])
    _, (_, value) = eqx.filter_jit(agent)(play.carry, features, is_first)
    np.testing.assert_allclose(steps.final_value[2], value[3], atol=1e-4)


def test_without_a_memory_a_rollout_costs_the_same_in_time_or_in_one_row():
    config = dataclasses.replace(CONFIG, memory="none", num_envs=3, num_minibatches=1)
    agent = draw_agent(RECALL, config, jax.random.key(2))
    _, _, steps = rollout(RECALL, config, policy_of(agent), 8)
    batches = [
        to_batch(steps, jnp.ones(3), dataclasses.replace(config, memory=memory))
        for memory in ("none", "mlp")
    ]
    assert [batch.action.shape for batch in batches] == [(1, 24), (8, 3)]
    cost = eqx.filter_jit(loss)
    totals = [float(cost(agent, (), batch, config)[0]) for batch in batches]
    assert totals[0] == pytest.approx(totals[1], rel=1e-5)


def test_minibatches_are_whole_worlds():
    assert CONFIG.num_columns == CONFIG.num_envs
    assert dataclasses.replace(CONFIG, memory="none").num_columns == 32 * 32
    named = jnp.asarray(np.arange(5)[:, None] * 100.0 + np.arange(6))
    carry, part = take_columns((named, Batch(*[named] * 7)), jnp.asarray([4, 1]))
    for leaf in (carry, *part):
        assert leaf.tolist() == [[100 * t + 4, 100 * t + 1] for t in range(5)]


def test_the_last_action_is_seen_within_an_episode_and_not_at_its_start():
    params = ProbeParams(num_contexts=2, num_actions=3, length=3)
    problem = make_problem(Probe(), params, sees_action=True)
    _, _, steps = rollout(problem, CONFIG, uniform_policy(problem), 9)
    seen = np.asarray(steps.features)
    assert problem.num_features == seen.shape[2] == 2 + 3 + 1
    is_first = np.asarray(steps.is_first)
    assert is_first[:, 0].tolist() == [False, True, False] * 3
    np.testing.assert_array_equal(seen[..., -1], is_first)
    last = np.eye(3)[np.asarray(steps.action)[:-1]] * ~is_first[1:, :, None]
    np.testing.assert_array_equal(seen[1:, :, 2:5], last)


def test_the_best_point_is_found_and_points_beyond_the_bounds_are_clipped(tmp_path: Path):
    problem = make_problem(Target(), TargetParams(length=2), sees_action=True)
    assert (problem.num_actions, problem.num_features) == (2, 1 + 2 + 1)
    far = jnp.asarray([[3.0, -0.5]])
    assert problem.to_world(far).tolist() == [[[1.0, -0.5]]]
    assert problem.later_features(jnp.ones((1, 1)), far).tolist() == [[1, 1, -0.5, 0]]
    config = dataclasses.replace(CONFIG, memory="none", entropy_weight=0.0, discount=0.0)
    run = dataclasses.replace(run_of(config, 60), env="Target")
    records = train(compile_ppo(problem, config, 60), run, tmp_path, ignore)
    assert records[-1]["return"] > -0.5 > records[0]["return"]
    found = last_checkpoint(tmp_path)
    assert found is not None
    agent, _ = load_agent(found, problem)
    features = problem.first_features(jnp.ones((1, 1)))
    _, (choice, _) = agent((), features[None], jnp.ones((1, 1), bool))
    assert isinstance(choice, DiagonalGaussian)
    np.testing.assert_allclose(choice.mean[0, 0], [0.5, -0.25], atol=0.1)


def test_random_vectors_fill_the_bounds():
    problem = make_problem(Target(), TargetParams())
    policy = uniform_policy(problem)
    features, first = jnp.ones((1000, 1)), jnp.ones(1000, bool)
    _, decision = policy.act((), features, first, jax.random.key(0))
    points = np.asarray(decision.action)
    assert points.shape == (1000, 2)
    assert np.abs(points).max() <= 1
    np.testing.assert_allclose(points.std(axis=0), 3**-0.5, rtol=0.1)


def test_a_gaussian_has_the_density_and_entropy_of_its_formula():
    choice = DiagonalGaussian(jnp.asarray([0.5, -1.0]), jnp.log(jnp.asarray([0.5, 2.0])))
    expected = -0.5 * ((0.5 / 0.5) ** 2 + (1 / 2) ** 2) - np.log(0.5 * 2.0) - np.log(2 * np.pi)
    assert float(choice.log_prob(jnp.asarray([1.0, 0.0]))) == pytest.approx(expected, rel=1e-5)
    expected = np.log(0.5 * 2.0) + np.log(2 * np.pi * np.e)
    assert float(choice.entropy()) == pytest.approx(expected, rel=1e-5)
    draws = jax.vmap(choice.sample)(jax.random.split(jax.random.key(0), 4000))
    np.testing.assert_allclose(draws.std(axis=0), [0.5, 2.0], rtol=0.05)


def test_a_player_remembers_what_it_saw(trained: Any):
    found = last_checkpoint(trained[0])
    assert found is not None
    agent, problem = load_agent(found, RECALL)
    player = Player(agent, problem, 64, seed=0)
    sign = np.random.default_rng(0).choice([-1.0, 1.0], 64).astype(np.float32)
    num_right = 0
    for time in range(16):  # two episodes
        shown = sign if time % 8 == 0 else np.zeros(64, np.float32)
        obs = np.stack([shown, np.full(64, time % 8 == 7, np.float32)], axis=1)
        action = player.act(obs, np.full(64, time % 8 == 0))
        if time % 8 == 7:
            num_right += (action == (sign > 0)).sum()
            sign = -sign
    assert num_right > 0.95 * 128


def test_a_player_refuses_observations_that_mean_nothing(trained: Any):
    agent = draw_agent(RECALL, CONFIG, jax.random.key(0))
    player = Player(agent, RECALL, 2, seed=0)
    obs, first = np.zeros((2, 2), np.float32), np.ones(2, bool)
    with pytest.raises(ValueError, match="is_first is to be all True"):
        player.act(obs, ~first)
    with pytest.raises(ValueError, match=r"expected observations of shape \(2, 2\)"):
        player.act(obs[:, :1], first)
    obs[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"copy 1 is NaN or infinite \(1 of 2 copies"):
        player.act(obs, first)


def test_training_stops_at_an_observation_that_is_nan(program: Program, tmp_path: Path):
    learner = program.start(jax.random.key(0))
    broken = learner._replace(
        play=learner.play._replace(features=learner.play.features.at[3, 0].set(jnp.nan))
    )
    sick = program._replace(start=lambda key: broken)
    with pytest.raises(
        ValueError, match="update 1 of Recall, seed 0: an observation or a reward is NaN"
    ):
        train(sick, run_of(CONFIG, NUM_UPDATES), tmp_path, ignore)
    assert last_checkpoint(tmp_path) is None


def test_a_checkpoint_of_another_architecture_or_world_is_refused(trained: Any):
    found = last_checkpoint(trained[0])
    assert found is not None
    other = make_problem(Probe(), ProbeParams(num_contexts=9), sees_action=True)
    with pytest.raises(ValueError, match=r"encoder\.layers\.0\.weight has shape \(16, 5\)"):
        load_agent(found, other)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"memory": "elephant"}, "memory is one of none, mlp, s5, .* got 'elephant'"),
        ({"encoder": 5}, "value of another kind"),
        ({"s5": {"state_size": 7}}, "state_size is a multiple of 2 [*] blocks = 2, got 7"),
        ({"s5": {"init": "zeros"}}, "init is one of hippo, s4d-lin, s4d-inv, got 'zeros'"),
        ({"s5": {"dt_min": 1.0}}, "dt_min is in 0..dt_max = 0.1, got 1.0"),
        ({"s5": {"speed": 1.0}}, "value of another kind: .*speed"),
        ({"heads": [0]}, r"heads are numbers of at least 1, got \(0,\)"),
        ({"num_minibatches": 5}, "num_minibatches divides num_envs = 32, got 5"),
        ({"memory": "delta", "num_heads": 3}, "multiple of 3 with 3 heads of delta, got 16"),
        ({"memory": "attention", "num_heads": 16}, "multiple of 32 with 16 heads of attention"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused_by_name(values: Any, message: str):
    known = dataclasses.asdict(CONFIG)
    assert read_config({**known, "seed": 3}) == CONFIG
    with pytest.raises(ValueError, match=message):
        read_config({**known, **values})
    with pytest.raises(ValueError, match="lacks width"):
        read_config({name: value for name, value in known.items() if name != "width"})
