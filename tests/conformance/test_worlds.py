"""What every world of the catalog promises. A new row is tested with no new code."""

import pickle
import warnings
from typing import Any

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode

from envs.catalog import World, load_core, make_params
from envs.gym_adapter import as_member
from envs.parallel_adapter import make_parallel_env

with warnings.catch_warnings():  # pettingzoo's tests import its own deprecated games
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import parallel_api_test, parallel_seed_test

Variant = tuple[World, dict[str, Any]]
SEED = 7


def make(variant: Variant, **keywords: Any) -> gymnasium.Env[Any, Any]:
    world, fields = variant
    return gymnasium.make(world.id, **fields, **keywords)


def play(env: gymnasium.Env[Any, Any], steps: int) -> list[Any]:
    """Random actions from a fixed seed; what reset and each step returned."""
    env.action_space.seed(SEED)
    seen: list[Any] = [env.reset(seed=SEED)]
    for _ in range(steps):
        seen.append(env.step(env.action_space.sample()))
        if seen[-1][2] or seen[-1][3]:
            seen.append(env.reset())
    return seen


def opening(env: gymnasium.Env[Any, Any], seed: int | None = None) -> list[Any]:
    """What is seen at first, and by the same few actions; some worlds show nothing at first."""
    env.action_space.seed(SEED)
    seen = [env.reset(seed=seed)[0]]
    for _ in range(6):
        obs, _, terminated, truncated, _ = env.step(env.action_space.sample())
        seen.append(obs)
        if terminated or truncated:
            break
    return seen


# a torque is in N m here, as published, and not in -1..1
@pytest.mark.filterwarnings("ignore:.*a symmetric and normalized space:UserWarning")
@pytest.mark.filterwarnings("ignore:.*A Box observation space m.* value is -?infinity")
def test_gymnasium_finds_nothing_to_say_in_any_render_mode(variant: Variant) -> None:
    env = make(variant)
    check_env(env.unwrapped)  # which makes another in each render mode
    env.close()


def test_the_same_seed_gives_the_same_episode(variant: Variant) -> None:
    first, second = play(make(variant), 40), play(make(variant), 40)
    assert data_equivalence(first, second, exact=True)


def test_another_seed_gives_another_episode(variant: Variant) -> None:
    env = make(variant)
    starts = [opening(env, seed) for seed in range(8)]
    assert any(not data_equivalence(starts[0], start) for start in starts[1:])


def test_a_reset_without_a_seed_goes_on_to_the_next_episode(variant: Variant) -> None:
    env = make(variant)
    starts = [opening(env, SEED), *[opening(env) for _ in range(8)]]
    again = [opening(env, SEED), *[opening(env) for _ in range(8)]]
    assert data_equivalence(starts, again, exact=True)
    assert any(not data_equivalence(starts[0], start) for start in starts[1:])


def test_spaces_contain_what_is_returned(variant: Variant) -> None:
    env = make(variant)
    for seen in play(env, 40):
        assert env.observation_space.contains(seen[0])
        if len(seen) == 5:
            assert [type(value) for value in seen[1:4]] == [float, bool, bool]


@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array")
def test_an_action_outside_the_space_is_refused_with_the_space_named(variant: Variant) -> None:
    env = make(variant, disable_env_checker=True)
    env.reset(seed=SEED)
    space: Any = env.action_space
    is_narrow = space.dtype == np.int8  # of bits
    with pytest.raises(ValueError, match="an action is a member of"):
        env.step(np.full(space.shape, 9 if is_narrow else 10**6, space.dtype)[()])


def test_an_unknown_keyword_is_refused_with_the_known_ones_listed(world: World) -> None:
    with pytest.raises(TypeError, match=r"no keyword colour; its keywords are \w+, "):
        gymnasium.make(world.id, colour="red")


def test_frames_have_the_size_asked_for(world: World) -> None:
    if "rgb_array" not in world.render_modes:
        pytest.skip("draws no pictures")
    env = gymnasium.make(world.id, render_mode="rgb_array", render_size=(160, 96))
    env.reset(seed=SEED)
    frame: Any = env.render()
    assert (frame.shape, frame.dtype) == ((96, 160, 3), np.uint8)


def test_core_and_params_survive_pickling(variant: Variant) -> None:
    world, fields = variant
    core, params = load_core(world), make_params(world, fields)
    assert pickle.loads(pickle.dumps(params)) == params
    thawed = pickle.loads(pickle.dumps(core))
    first = [each.initial(each.key(SEED, 1), params) for each in (core, thawed)]
    seen = [_numpy(core.observe(state, params)) for state in first]
    assert data_equivalence(*seen, exact=True)


def test_hooks_do_not_change_the_state_they_are_given(variant: Variant) -> None:
    world, fields = variant
    core, params = load_core(world), make_params(world, fields)
    state = core.initial(core.key(SEED, 1), params)
    before = _numpy(core.observe(state, params))
    key = core.key(SEED, 2)
    space = core.action_space(params)
    space.seed(SEED)
    for _ in range(3):
        core.step(key, state, space.sample(), params)
    assert data_equivalence(_numpy(core.observe(state, params)), before, exact=True)


def test_an_episode_can_start_from_a_given_state_and_leaves_it_alone(variant: Variant) -> None:
    env = make(variant)
    env.reset(seed=SEED)
    env.step(env.action_space.sample())
    unwrapped: Any = env.unwrapped
    state = unwrapped.state
    core = load_core(variant[0])
    seen = as_member(env.observation_space, _numpy(core.observe(state, unwrapped.params)))
    obs, _ = env.reset(seed=SEED + 1, options={"state": state})
    assert data_equivalence(obs, seen, exact=True)
    env.step(env.action_space.sample())
    again = as_member(env.observation_space, _numpy(core.observe(state, unwrapped.params)))
    assert data_equivalence(again, seen)


def test_the_state_comes_in_info_when_asked(world: World) -> None:
    env = gymnasium.make(world.id, state_in_info=True)
    _, info = env.reset(seed=SEED)
    unwrapped: Any = env.unwrapped
    assert type(info["state"]) is type(unwrapped.state)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_loop_over_copies_is_seeded_in_order_and_resets_itself(
    variant: Variant, mode: AutoresetMode
) -> None:
    world, fields = variant
    envs = gymnasium.make_vec(
        world.id,
        num_envs=2,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
        **fields,
    )
    assert envs.metadata["autoreset_mode"] is mode
    obs, _ = envs.reset(seed=SEED)
    assert envs.observation_space.contains(obs)
    one = make(variant)
    second, _ = one.reset(seed=SEED + 1)
    batched = list(gymnasium.vector.utils.iterate(envs.observation_space, obs))[1]
    assert data_equivalence(_plain(batched), _plain(second), exact=True)
    envs.action_space.seed(SEED)
    for _ in range(25):
        obs, reward, *_ = envs.step(envs.action_space.sample())
        assert envs.observation_space.contains(obs)
        assert reward.shape == (2,)
    envs.close()


def test_pettingzoo_accepts_the_parallel_form(variant: Variant) -> None:
    world, fields = variant
    parallel_api_test(make_parallel_env(world.id, **fields), num_cycles=30)
    parallel_seed_test(lambda: make_parallel_env(world.id, **fields), num_cycles=30)


def test_the_parallel_form_plays_the_same_episode(variant: Variant) -> None:
    world, fields = variant
    parallel, single = make_parallel_env(world.id, **fields), make(variant)
    together, alone = parallel.reset(seed=SEED)[0]["agent_0"], single.reset(seed=SEED)[0]
    assert data_equivalence(together, alone, exact=True)
    single.action_space.seed(SEED)
    for action in [single.action_space.sample() for _ in range(3)]:
        together, alone = parallel.step({"agent_0": action}), single.step(action)
        assert data_equivalence(together[0]["agent_0"], alone[0], exact=True)
        assert together[1]["agent_0"] == alone[1]


def _numpy(obs: Any) -> Any:
    """The arrays of a jax observation as the adapters return them."""
    if isinstance(obs, dict):
        return {name: _numpy(part) for name, part in obs.items()}
    return np.array(obs) if isinstance(obs, jax.Array) else obs


def _plain(obs: Any) -> Any:
    """Dicts, tuples and arrays, whichever space made them."""
    if isinstance(obs, dict):
        return {name: _plain(part) for name, part in sorted(obs.items())}
    if isinstance(obs, tuple | list):
        return tuple(_plain(part) for part in obs)
    return np.asarray(obs) if isinstance(obs, np.generic) else obs
