"""The hidden cart-pole: as released with parity, and better without."""

import functools
from typing import Any

import gymnasium
import jax
import numpy as np
import pytest

import envs  # noqa: F401  # registers the ids
from envs.catalog import find_world, make_params
from envs.control.meta_cartpole import MetaCartPole
from envs.control.meta_params import MetaCartPoleParams

CORE = MetaCartPole()
COUNT, STEPS = 32, 120


@functools.cache
def played(parity: bool) -> tuple[Any, Any, Any, Any]:
    """First states and observations, then steps and actions, led by (time, B)."""
    params = MetaCartPoleParams(parity=parity, num_episodes=3)

    @jax.jit
    def run(key: Any) -> Any:
        start_key, action_key, step_key = jax.random.split(key, 3)
        keys = jax.random.split(start_key, COUNT)
        first = jax.vmap(CORE.reset, in_axes=(0, None))(keys, params)
        actions = jax.random.randint(action_key, (STEPS, COUNT), 0, 2)

        def step(states: Any, given: Any) -> Any:
            key, action = given
            stepped = jax.vmap(CORE.step, in_axes=(0, 0, 0, None))
            after, out = stepped(jax.random.split(key, COUNT), states, action, params)
            return after, (after, out)

        steps = jax.lax.scan(step, first[0], (jax.random.split(step_key, STEPS), actions))[1]
        return *first, steps, actions

    return jax.tree.map(np.asarray, run(jax.random.key(5)))


def test_parity_shows_four_projected_numbers_the_action_the_end_and_the_start() -> None:
    first, first_obs, (states, out), actions = played(True)
    assert first_obs.shape == (COUNT, 7)
    assert (first_obs[:, 4:6] == 0).all()
    assert (first_obs[:, 6] == 1).all()
    np.testing.assert_array_equal(out.obs[..., 4], actions)
    np.testing.assert_array_equal(out.obs[..., 5], out.info["inner_done"])
    assert (out.obs[..., 6] == 0).all()
    shown = np.stack([states.body[0], states.body[2]], axis=-1)
    seen = np.einsum("tbe,beo->tbo", shown, first.projection.obs_matrix)
    np.testing.assert_allclose(out.obs[..., :4], seen, atol=1e-6)
    lengths = np.linalg.norm(shown, axis=-1) * np.sqrt(2)
    np.testing.assert_allclose(np.linalg.norm(seen, axis=-1), lengths, rtol=1e-4)


def test_parity_begins_every_trial_where_the_first_began() -> None:
    first, _, (states, out), _ = played(True)
    begun = out.info["inner_done"] & ~out.terminated
    assert begun.sum() > 2 * COUNT - 1
    again = np.stack(states.body, axis=-1)[begun]
    starts = np.broadcast_to(np.stack(first.body, axis=-1), (STEPS, COUNT, 4))[begun]
    np.testing.assert_array_equal(again, starts)


def test_by_default_every_trial_begins_elsewhere() -> None:
    first, first_obs, (states, out), actions = played(False)
    assert first_obs.shape == (COUNT, 9)
    begun = out.info["inner_done"] & ~out.terminated & (out.info["inner_episode"] < 3)
    again = np.stack(states.body, axis=-1)[begun]
    assert np.abs(again).max() <= 0.05
    assert again.std() == pytest.approx(0.1 / np.sqrt(12), rel=0.15)
    assert len(np.unique(again, axis=0)) == len(again)
    np.testing.assert_array_equal(out.obs[..., 4:6], np.eye(2)[actions])
    assert (first_obs[:, 4:8] == 0).all()
    assert (first_obs[:, 8] == 1).all()
    np.testing.assert_array_equal(out.obs[..., 6], out.reward)
    del first


@pytest.mark.parametrize("parity", [True, False])
def test_a_meta_episode_ends_with_its_last_trial_and_is_never_cut_short(parity: bool) -> None:
    _, _, (_, out), _ = played(parity)
    ends = np.cumsum(out.info["inner_done"], axis=0)
    np.testing.assert_array_equal(out.terminated, ends >= 3)
    assert not out.truncated.any()
    np.testing.assert_allclose(out.reward, 1 / 200)
    assert out.info["inner_terminated"].any()
    lengths = np.round(out.info["inner_return"] * 200)
    before = np.concatenate([np.zeros((1, COUNT)), lengths[:-1] * ~out.info["inner_done"][:-1]])
    np.testing.assert_array_equal(lengths, before + 1)


def test_a_trial_of_two_hundred_steps_returns_one() -> None:
    params = MetaCartPoleParams(num_episodes=1)
    state = CORE.initial(jax.random.key(0), params)
    step = jax.jit(CORE.step)
    total = 0.0
    for time in range(200):
        place, speed, angle, spin = map(float, state.body)
        push = int(angle + 0.5 * spin + 0.02 * place + 0.05 * speed > 0)
        state, out = step(jax.random.key(time), state, push, params)
        total += float(out.reward)
    assert bool(out.terminated)
    assert bool(out.info["inner_truncated"])
    assert total == pytest.approx(1, rel=1e-5)
    assert float(out.info["inner_return"]) == pytest.approx(1, rel=1e-5)


def test_the_inner_cart_is_that_of_gymnasium() -> None:
    peer: Any = gymnasium.make("CartPole-v1").unwrapped
    peer.reset(seed=0)
    env: Any = gymnasium.make("MetaCartPole-v0").unwrapped
    env.reset(seed=0)
    peer.state = np.array([float(number) for number in env.state.body])
    for action in (1, 0, 0, 1, 1, 1, 0, 0):
        peer.step(action)
        env.step(action)
        np.testing.assert_allclose([float(x) for x in env.state.body], peer.state, atol=1e-5)


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"obs_dim": 1}, "the hidden cart-pole needs obs_dim of 2 or more; got 1"),
        ({"num_episodes": 0}, "num_episodes is a whole number, 1 or more; got 0"),
        ({"projection": "square"}, "projection is one of .*; got 'square'"),
        ({"parity": True, "obs_dim": 6}, "parity means obs_dim 4 and projection 'orthogonal'"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_params(find_world("MetaCartPole-v0"), keywords)


@pytest.mark.parametrize("parity", [True, False])
def test_a_saved_state_is_read_back_and_drawn(parity: bool) -> None:
    first, *_ = played(parity)
    params = MetaCartPoleParams(parity=parity)
    state = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf[0]), first)
    again = CORE.loads(CORE.dumps(state))
    assert jax.tree.structure(again) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, again, state)
    assert CORE.render(again, params, (96, 64)).shape == (64, 96, 3)
    assert CORE.text(again, params).startswith("trial 1 of 16   step 0 of 200\nplace: ")
    assert CORE.panel(again, params)["meta-episode"]["trial"] == (0, 16)
