"""What PPO minimises, beside plain loops and worked examples."""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from incontext.probes import Probe, ProbeParams

from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.model import ActorCritic
from worldmodels.incontext.objective import Batch, advantages, loss
from worldmodels.incontext.problem import make_problem
from worldmodels.incontext.train import make_optimizer

PROBLEM = make_problem(Probe(), ProbeParams(num_contexts=5, num_actions=3))
TINY = PPOConfig(
    num_envs=4, rollout_steps=8, num_minibatches=2, width=16, num_layers=2, entropy_weight=0.0
)


def test_advantages_are_those_of_a_plain_loop_over_both_kinds_of_ends():
    generator = np.random.default_rng(0)
    shape = num_steps, num_envs = 50, 7
    reward, value, final_value = generator.normal(size=(3, *shape)).astype(np.float32)
    terminated, truncated = generator.random((2, *shape)) < 0.15
    last_value = generator.normal(size=num_envs).astype(np.float32)
    config = PPOConfig(discount=0.9, trace=0.7)

    expected = np.zeros(shape)
    for env in range(num_envs):
        later = 0.0
        for t in reversed(range(num_steps)):
            after = value[t + 1, env] if t + 1 < num_steps else last_value[env]
            if truncated[t, env]:
                after, later = final_value[t, env], 0.0
            if terminated[t, env]:
                after, later = 0.0, 0.0
            later = reward[t, env] + 0.9 * after - value[t, env] + 0.9 * 0.7 * later
            expected[t, env] = later

    arrays = map(jnp.asarray, (reward, value, final_value, terminated, truncated, last_value))
    assert (terminated & truncated).any()
    np.testing.assert_allclose(advantages(*arrays, config), expected, rtol=1e-4, atol=1e-5)


def test_a_step_taken_by_the_same_policy_has_ratio_one():
    model, batch = _example(old_log_probs=None)
    _, losses = loss(model, (), batch, TINY)
    assert float(losses.kl) == pytest.approx(0, abs=1e-6)
    assert float(losses.clip_fraction) == 0
    assert float(losses.policy_loss) == pytest.approx(0, abs=1e-6)  # advantages are centred
    assert float(losses.entropy) == pytest.approx(math.log(3), abs=1e-3)


def test_a_ratio_beyond_the_clip_has_no_gradient_where_it_would_gain():
    model, batch = _example(old_log_probs=np.log([0.1, 0.9, 0.1, 0.9]))  # now about 1/3 each
    batch = batch._replace(advantage=jnp.asarray([[1.0, -1.0, 1.0, -1.0]]))
    gradient = jax.grad(lambda m: loss(m, (), batch, TINY)[1].policy_loss)(model)
    assert all(not np.asarray(leaf).any() for leaf in jax.tree.leaves(gradient.actor))
    harmful = batch._replace(advantage=-batch.advantage)
    gradient = jax.grad(lambda m: loss(m, (), harmful, TINY)[1].policy_loss)(model)
    assert any(np.asarray(leaf).any() for leaf in jax.tree.leaves(gradient.actor))


def test_a_value_that_moved_beyond_the_clip_is_not_rewarded_for_it():
    model, batch = _example(old_log_probs=None)
    value = model((), batch.features, batch.is_first)[1].value
    target = value + 0.5
    near = batch._replace(value=value, target=target)
    far = batch._replace(value=value - 1.0, target=target)  # moved by 1, of which 0.2 count
    losses = [float(loss(model, (), each, TINY)[1].value_loss) for each in (near, far)]
    assert losses == pytest.approx([0.5 * 0.5**2, 0.5 * 1.3**2], rel=1e-5)


def test_the_loss_is_the_weighted_sum_of_its_three_parts():
    model, batch = _example(old_log_probs=None)
    config = dataclasses.replace(TINY, value_weight=3.0, entropy_weight=0.25)
    total, losses = loss(model, (), batch, config)
    expected = losses.policy_loss + 3 * losses.value_loss - 0.25 * losses.entropy
    assert float(total) == pytest.approx(float(expected), rel=1e-5)


def test_the_learning_rate_falls_update_by_update_and_long_gradients_are_shortened():
    config = dataclasses.replace(TINY, learning_rate=0.5, epochs=2, max_grad_norm=1.0)
    optimizer = make_optimizer(config, num_updates=4)  # 2 epochs of 2 minibatches each
    weight = jnp.zeros(2)
    moments = optimizer.init(weight)
    sizes = []
    with jax.numpy_dtype_promotion("standard"):  # optax raises floats to integer powers
        for _ in range(16):
            step, moments = optimizer.update(jnp.asarray([30.0, 40.0]), moments, weight)
            sizes.append(-float(step[0]))
    # of equal gradients, Adam makes steps of the learning rate
    rates = np.repeat([0.5, 0.375, 0.25, 0.125], 4)
    np.testing.assert_allclose(sizes, rates, rtol=1e-3)
    first_moment = jax.tree.leaves(moments[1])[1]
    np.testing.assert_allclose(first_moment, np.array([0.6, 0.8]) * (1 - 0.9**16), rtol=1e-4)


def test_weights_are_orthogonal_and_a_new_actor_is_nearly_uniform():
    model = draw(jax.random.key(1))
    first, second, last = model.actor.layers
    np.testing.assert_allclose(first.weight.T @ first.weight, 2 * np.eye(5), atol=1e-5)
    np.testing.assert_allclose(second.weight.T @ second.weight, 2 * np.eye(16), atol=1e-5)
    np.testing.assert_allclose(last.weight @ last.weight.T, 1e-4 * np.eye(3), atol=1e-8)
    assert not np.asarray(last.bias).any()


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 0), ("clip", 0.0), ("discount", 1.5), ("num_minibatches", 7), ("trace", math.nan)],
)
def test_a_configuration_out_of_range_is_refused_by_name(field: str, value: float):
    with pytest.raises(ValueError, match=field):
        PPOConfig(**{field: value})


def draw(key: Any) -> ActorCritic:
    return jax.jit(lambda key: ActorCritic(PROBLEM, TINY, key))(key)


def _example(old_log_probs: np.ndarray | None) -> tuple[ActorCritic, Batch]:
    """A model of 3 actions, and four steps; without old probabilities they are the model's."""
    model = draw(jax.random.key(0))
    features, is_first = jax.random.normal(jax.random.key(1), (1, 4, 5)), jnp.zeros((1, 4), bool)
    action = jnp.asarray([[0, 1, 2, 0]])
    _, (choice, _) = model((), features, is_first)
    log_probs = choice.log_prob(action)
    if old_log_probs is not None:
        log_probs = jnp.asarray(old_log_probs, jnp.float32)[None]
    value = jnp.zeros((1, 4))
    advantage = jnp.asarray([[2.0, -1.0, 0.5, 3.0]])
    return model, Batch(features, is_first, action, log_probs, value, advantage, value)
