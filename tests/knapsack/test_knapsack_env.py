"""The knapsack: its rules against plain numpy, rewards, refusals, instances, pictures."""

import dataclasses
import functools
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import envs  # noqa: F401  # registers the ids
from envs.catalog import find_world, load_core, make_params
from envs.knapsack.env import KnapsackEnv
from envs.knapsack.generators import capacity_for, generate
from envs.knapsack.instances import Knapsack
from envs.knapsack.params import KnapsackParams
from envs.knapsack.state import first_state, items_of
from envs.routing.rules import random_action

KEY = jax.random.key(0)  # transitions use none
EPISODES = 1000
CORE: KnapsackEnv = load_core(find_world("Knapsack-v0"))
SMALL = Knapsack(np.array([60, 100, 120, 7]), np.array([10, 20, 30, 60]), 50, optimum=220.0)
STEP = jax.jit(CORE.step)


def numpy_mask(instance: Any, packed: list[int]) -> Any:
    left = instance.capacity - int(instance.weights[packed].sum())
    return ~np.isin(np.arange(instance.size), packed) & (instance.weights <= left)


@functools.cache
def episodes() -> tuple[Any, Any, Any]:
    """First states, and what random legal actions led to: states and steps, led by (time, B)."""
    params = KnapsackParams(num_items=12)

    @jax.jit
    def run(key: Any) -> Any:
        first_key, walk_key = jax.random.split(key)
        keys = jax.random.split(first_key, EPISODES)
        states = jax.vmap(CORE.initial, in_axes=(0, None))(keys, params)

        def advance(states: Any, key: Any) -> Any:
            masks = jax.vmap(CORE.action_mask, in_axes=(0, None))(states, params)
            actions = random_action(key, masks)
            step = jax.vmap(CORE.step, in_axes=(None, 0, 0, None))
            after, out = step(KEY, states, actions, params)
            return after, (after, out, actions)

        return states, *jax.lax.scan(advance, states, jax.random.split(walk_key, 13))[1]

    states, after, out, actions = run(jax.random.key(7))
    return jax.tree.map(np.asarray, (states, (after, out), actions))


def test_a_thousand_random_episodes_are_those_of_plain_numpy() -> None:
    states, (after, out), actions = episodes()
    for episode in range(EPISODES):
        items = jax.tree.map(lambda leaf, at=episode: leaf[at], states.items)
        instance = Knapsack(
            items.values.astype(np.int64), items.weights.astype(np.int64), int(items.capacity)
        )
        packed: list[int] = []
        total, time = 0.0, 0
        while numpy_mask(instance, packed).any():
            packed.append(int(actions[time, episode]))
            mask = numpy_mask(instance, packed)
            np.testing.assert_array_equal(out.obs["action_mask"][time, episode], mask)
            assert out.terminated[time, episode] == (not mask.any())
            assert int(after.value[time, episode]) == instance.value(packed)
            left = instance.capacity - instance.weights[packed].sum()
            assert int(after.capacity_left[time, episode]) == left
            total += float(out.reward[time, episode])
            time += 1
        assert total == instance.value(packed)
        assert not out.reward[time:, episode].any(), "nothing is paid after the end"
        assert int(after.time[-1, episode]) == time
        assert bool(out.info["is_success"][-1, episode])


@pytest.mark.parametrize("invalid", ["terminate", "noop"])
def test_every_illegal_action_is_refused_and_changes_nothing(invalid: str) -> None:
    params = KnapsackParams(instance=SMALL, invalid=invalid)
    state, _ = STEP(KEY, CORE.initial(KEY, params), 2, params)
    assert np.flatnonzero(CORE.action_mask(state, params)).tolist() == [0, 1]
    for action in (2, 3, -1, 4, 10**6):
        after, out = STEP(KEY, state, action, params)
        expected = dataclasses.replace(state, time=state.time + 1, is_refused=jnp.bool_(True))
        jax.tree.map(np.testing.assert_array_equal, after, expected)
        assert bool(out.terminated) == (invalid == "terminate")
        assert (bool(out.info["invalid_action"]), float(out.reward)) == (True, 0.0)
    later, out = STEP(KEY, after, 0, params)
    assert int(later.value) == (120 if invalid == "terminate" else 180)


def test_an_example_worked_out_by_hand() -> None:
    env: Any = gymnasium.make("Knapsack-v0", instance=SMALL, reward="sparse")
    obs, info = env.reset(seed=0)
    np.testing.assert_allclose(obs["item_weights"], [0.2, 0.4, 0.6, 1.0], rtol=1e-6)
    np.testing.assert_allclose(obs["item_values"], [0.5, 100 / 120, 1.0, 7 / 120], rtol=1e-6)
    assert np.isnan(info["gap"])
    obs, reward, terminated, _, info = env.step(0)
    assert (reward, terminated, obs["action_mask"].tolist()) == (0, False, [0, 1, 1, 0])
    assert obs["capacity_left"].tolist() == [pytest.approx(0.8)]
    _, reward, terminated, _, info = env.step(2)
    assert (reward, terminated, info["prize"]) == (180, True, 180)
    assert info["gap"] == pytest.approx(100 * 40 / 220)
    assert env.unwrapped.action_masks().tolist() == [False] * 4
    assert env.step(1)[1] == 0


def test_a_time_limit_cuts_an_episode_short() -> None:
    params = KnapsackParams(instance=SMALL, invalid="noop", max_steps=1)
    _, out = STEP(KEY, CORE.initial(KEY, params), 3, params)
    assert (bool(out.truncated), bool(out.terminated)) == (True, False)


def test_the_budget_overrides_the_capacity() -> None:
    for instance in (None, SMALL):
        params = make_params(find_world("Knapsack-v0"), {"instance": instance, "budget": 33})
        items = CORE.initial(KEY, params).items
        assert (int(items.capacity), items.optimum) == (33, None)


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"num_items": 0}, "num_items is a whole number, 1 or more; got 0"),
        ({"budget": -1}, "budget is 0 or more; got -1"),
        ({"max_steps": 0}, "max_steps is 1 or more; got 0"),
        ({"reward": "rich"}, "reward is one of .*; got 'rich'"),
        ({"invalid": "ignore"}, "invalid is one of .*; got 'ignore'"),
        ({"instance": 3}, "instance is a Knapsack .*; got int"),
        ({"instance": "no/such.txt"}, "cannot be read from no/such.txt: No such file"),
        (
            {"instance": Knapsack(np.array([2**30] * 2), np.array([1, 1]), 1)},
            "add up to 2147483647 at most; got 2147483648",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_params(find_world("Knapsack-v0"), keywords)


def test_a_saved_state_is_read_back_and_a_spoilt_one_refused() -> None:
    params = KnapsackParams(instance=SMALL)
    state, _ = STEP(KEY, CORE.initial(KEY, params), 1, params)
    again = CORE.loads(CORE.dumps(state))
    assert jax.tree.structure(again) == jax.tree.structure(state)
    jax.tree.map(np.testing.assert_array_equal, again, state)
    shorter = CORE.dumps(state).replace("true,", "", 1)
    with pytest.raises(ValueError, match=r"packed is a .* got the shape \(3,\)"):
        CORE.loads(shorter)


def test_a_click_means_the_item_under_it_if_that_fits() -> None:
    params = KnapsackParams(instance=SMALL)
    state = CORE.initial(KEY, params)
    size = (400, 400)
    before = CORE.render(state, params, size)
    assert before.shape == (400, 400, 3)
    spots = [(x / 400, y / 400) for x in range(0, 400, 20) for y in range(0, 400, 12)]
    clicked = {CORE.action_at(state, params, spot, size) for spot in spots}
    assert clicked == {None, 0, 1, 2}, "item 3 is too heavy"
    packed, _ = STEP(KEY, state, 1, params)
    clicked = {CORE.action_at(packed, params, spot, size) for spot in spots}
    assert clicked == {None, 0, 2}
    assert (CORE.render(packed, params, size) != before).any()
    assert CORE.text(packed, params).startswith("packed: 1\nvalue 100   30 of 50 left")


def test_generated_instances_are_of_the_published_kind() -> None:
    instances = generate(50, 200, 0)
    numbers = np.concatenate([[each.values, each.weights] for each in instances])
    assert (numbers.min(), numbers.max()) == (1, 998)
    assert numbers.mean() == pytest.approx(499.5, abs=5)
    assert [capacity_for(size) for size in (2, 50, 100, 200)] == [1000, 12_500, 25_000, 25_000]
    again = generate(50, 3, 0)
    np.testing.assert_array_equal(again[2].values, instances[2].values)
    assert (generate(50, 1, 1)[0].values != instances[0].values).any()
    with pytest.raises(ValueError, match="size is 1 or more"):
        generate(0, 1, 0)


def test_the_world_draws_the_same_kind() -> None:
    params = KnapsackParams(num_items=50)
    keys = jax.random.split(KEY, 200)
    items = jax.vmap(CORE.initial, in_axes=(0, None))(keys, params).items
    numbers = np.stack([items.values, items.weights])
    assert (numbers.min(), numbers.max()) == (1, 998)
    assert numbers.mean() == pytest.approx(499.5, abs=5)
    assert set(np.asarray(items.capacity).tolist()) == {12_500}


def test_an_episode_may_begin_with_another_instance() -> None:
    env: Any = gymnasium.make("Knapsack-v0", num_items=4).unwrapped
    obs, _ = env.reset(options={"state": first_state(items_of(SMALL))})
    assert obs["action_mask"].tolist() == [1, 1, 1, 0]
