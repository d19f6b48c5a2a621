"""What a core made of jax functions promises: jit and vmap change nothing, one trace is enough."""

from typing import Any

import jax
import numpy as np
import pytest
from toys import Drift, DriftParams

from envs.catalog import World, load_core, make_params
from envs.core import FunctionalEnv, pytree, seed_key, seed_keys, static
from envs.episode import Episode

NUM = 6


def actions_of(core: Any, params: Any, count: int) -> Any:
    space = core.action_space(params)
    space.seed(0)
    actions = np.stack([space.sample() for _ in range(count)])
    return jax.numpy.asarray(actions, "float32" if actions.dtype.kind == "f" else "int32")


def rollout(core: FunctionalEnv[Any, Any, Any], params: Any, step: Any) -> list[Any]:
    state = core.initial(core.key(3, 1), params)
    seen = []
    for time, action in enumerate(actions_of(core, params, NUM)):
        state, out = step(jax.random.key(time), state, action, params)
        seen.append((jax.tree.leaves(state), out))
    return seen


def assert_equal(left: Any, right: Any) -> None:
    def compare(a: Any, b: Any) -> None:
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6, atol=1e-6)

    jax.tree.map(compare, left, right)


def test_jit_changes_nothing(jax_world: World) -> None:
    core, params = load_core(jax_world), make_params(jax_world, {})
    assert_equal(rollout(core, params, core.step), rollout(core, params, jax.jit(core.step)))


def test_vmap_is_the_loop(jax_world: World) -> None:
    core, params = load_core(jax_world), make_params(jax_world, {})
    keys = jax.random.split(jax.random.key(5), NUM)
    initial, step = jax.jit(core.initial), jax.jit(core.step)  # or each operation is compiled
    states = jax.jit(jax.vmap(core.initial, in_axes=(0, None)))(keys, params)
    actions = actions_of(core, params, NUM)
    steps = jax.jit(jax.vmap(core.step, in_axes=(0, 0, 0, None)))
    together = steps(keys, states, actions, params)
    for index in range(NUM):
        state = initial(keys[index], params)
        alone = step(keys[index], state, actions[index], params)
        one = jax.tree.map(lambda leaf, index=index: leaf[index], together)
        assert_equal(jax.tree.leaves(one), jax.tree.leaves(alone))


def test_one_trace_serves_every_step_of_every_episode() -> None:
    traces = []

    class Counted(Drift):
        def transition(self, key: Any, state: Any, action: Any, params: Any) -> Any:
            traces.append(1)
            return super().transition(key, state, action, params)

    core = Counted()
    for seed in range(2):
        episode = Episode(core, DriftParams())
        episode.start(seed, 1)
        for action in (0, 1, np.int64(1)):
            episode.step(int(action))
    assert len(traces) == 1


def test_an_episode_is_replayed_by_seed_number_and_actions() -> None:
    def play(seed: int, number: int) -> list[float]:
        episode = Episode(Drift(), DriftParams())
        episode.start(seed, number)
        return [round(float(episode.step(action).reward), 4) for action in (0, 1, 0)]

    assert play(4, 2) == play(4, 2)
    assert play(4, 2) != play(4, 3)
    assert play(4, 2) != play(5, 2)
    assert len(set(play(4, 2))) == 3, "each step draws anew"


def test_seeds_beyond_32_bits_are_told_apart() -> None:
    core = Drift()
    words = {tuple(jax.random.key_data(core.key(seed, 1)).tolist()) for seed in (0, 2**32, 2**40)}
    assert len(words) == 3


def test_the_keys_of_many_seeds_are_those_of_each() -> None:
    seeds = [0, 5, 2**31 + 5, 2**32 - 1, 2**40 + 3]
    for key, seed in zip(seed_keys(seeds), seeds, strict=True):
        assert jax.random.key_data(key).tolist() == jax.random.key_data(seed_key(seed)).tolist()


def test_the_key_of_an_episode_is_folded_from_that_of_its_seed() -> None:
    folded = jax.random.fold_in(seed_key(4), 2)
    assert jax.random.key_data(Drift().key(4, 2)).tolist() == jax.random.key_data(folded).tolist()


def test_what_an_episode_returns_can_be_written_to() -> None:
    episode = Episode(Drift(), DriftParams())
    obs, _ = episode.start(0, 1)
    obs[:] = 7.0
    out = episode.step(0)
    out.obs[:] = 7.0
    assert type(out.info["distance"]) is np.ndarray


def test_a_pytree_is_frozen_and_rebuilt_without_its_constructor() -> None:
    @pytree
    class Checked:
        value: Any
        size: int = static(default=1)

        def __post_init__(self) -> None:
            assert np.ndim(self.value) == 0, "one value"

    many = jax.vmap(lambda value: Checked(value=value))(jax.numpy.arange(3))
    assert many.value.shape == (3,)
    with pytest.raises(AttributeError):
        many.value = 1
