"""Batches that reset themselves: every copy plays the episodes of its own seed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import Dice, DiceParams, Drift, DriftParams, DriftState, Walk

from envs.batch import _found, _marks
from envs.catalog import World, load_core, make_params
from envs.core import FunctionalEnv, autoreset, seed_keys
from envs.episode import Episode

SEEDS = [3, 4, 2**40, 6, 7]


def play_batch(
    core: FunctionalEnv[Any, Any, Any], params: Any, seeds: list[int], actions: Any, pool: int
) -> list[Any]:
    """What a batch returned: the first observations, then each `Step`, leaves as numpy."""
    batch = autoreset(core, len(seeds), pool)
    worlds, obs = jax.jit(batch.reset)(seed_keys(seeds), params)
    seen = [jax.tree.map(np.asarray, obs)]
    step = jax.jit(batch.step, donate_argnums=0)
    for row in actions:
        worlds, out = step(worlds, row, params)
        seen.append(jax.tree.map(np.asarray, out))
    return seen


def play_alone(
    core: FunctionalEnv[Any, Any, Any], params: Any, seed: int, actions: Any
) -> list[Any]:
    """The same of one copy, played as episode after episode of its seed."""
    episode = Episode(core, params)
    seen: list[Any] = [episode.start(seed, 1)[0]]
    for action in actions:
        out = episode.step(action)
        obs = out.obs
        if out.terminated or out.truncated:
            obs, _ = episode.start(seed, episode.number + 1)
        seen.append(out._replace(obs=obs, info={**out.info, "final_obs": out.obs}))
    return seen


def assert_same(batch: list[Any], alone: list[Any], copy: int, rtol: float = 0.0) -> None:
    for together, single in zip(batch, alone, strict=True):
        jax.tree.map(
            lambda left, right: np.testing.assert_allclose(left[copy], right, rtol, rtol),
            together,
            single,
        )


def some_actions(core: Any, params: Any, steps: int, copies: int) -> Any:
    space = core.action_space(params)
    space.seed(0)
    rows = np.array([[space.sample() for _ in range(copies)] for _ in range(steps)])
    return rows.astype(np.float32 if rows.dtype.kind == "f" else np.int32)


def test_every_copy_plays_the_episodes_of_its_seed() -> None:
    core, params = Dice(), DiceParams()
    actions = some_actions(core, params, 40, len(SEEDS))
    batch = play_batch(core, params, SEEDS, actions, pool=2)
    assert sum(int((out.terminated | out.truncated).sum()) for out in batch[1:]) > 20
    for copy, seed in enumerate(SEEDS):
        assert_same(batch, play_alone(core, params, seed, actions[:, copy]), copy)


def test_copies_of_every_world_play_the_episodes_of_their_seeds(jax_kind: World) -> None:
    core, params = load_core(jax_kind), make_params(jax_kind, {})
    actions = some_actions(core, params, 12, 3)
    batch = play_batch(core, params, SEEDS[:3], actions, pool=2)
    for copy, seed in enumerate(SEEDS[:3]):
        assert_same(batch, play_alone(core, params, seed, actions[:, copy]), copy, rtol=1e-6)


def test_the_life_of_a_copy_depends_on_neither_the_others_nor_the_pool() -> None:
    core, params = Dice(), DiceParams()
    actions = some_actions(core, params, 30, len(SEEDS))
    many = play_batch(core, params, SEEDS, actions, pool=5)
    few = play_batch(core, params, SEEDS[2:4], actions[:, 2:4], pool=1)
    for left, right in zip(many, few, strict=True):
        jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[2:4], b), left, right)


def test_flags_and_reward_are_those_of_the_step_and_the_observation_is_new() -> None:
    core, params = Dice(), DiceParams(width=2, length=3)
    actions = np.array([[2, 0, 1], [0, 0, 1], [0, 0, 0]], np.int32)
    _, first, second, third = play_batch(core, params, SEEDS[:3], actions, pool=1)
    assert first.terminated.tolist() == [True, False, False]
    assert second.terminated.tolist() == [False, False, True]
    assert third.truncated.tolist() == [False, True, False]
    assert first.reward.tolist() == [2.0, 0.0, 1.0]
    assert first.obs["place"].tolist() == [0, 0, 1]
    assert first.info["final_obs"]["place"].tolist() == [2, 0, 1]
    assert first.info["time"].tolist() == [1, 1, 1]
    assert third.info["time"].tolist() == [2, 3, 1]


def test_episodes_and_times_are_counted() -> None:
    core, params = Dice(), DiceParams(length=3)
    batch = autoreset(core, 2)
    worlds, _ = batch.reset(seed_keys([0, 1]), params)
    for actions in ([0, 2], [0, 2], [0, 2], [0, 0]):
        worlds, _ = batch.step(worlds, jnp.array(actions, jnp.int32), params)
    assert worlds.episode.tolist() == [2, 2]
    assert worlds.time.tolist() == [1, 1]
    assert worlds.states.time.tolist() == [1, 1]


class Counted(Dice):
    """Says when a state is generated."""

    def __init__(self) -> None:
        self.generated = 0

    def initial(self, key: Any, params: Any) -> Any:
        jax.debug.callback(self.count, jax.random.key_data(key))  # once per copy
        return super().initial(key, params)

    def count(self, key: Any) -> None:
        self.generated += 1


@pytest.mark.parametrize(("ended", "generated"), [(0, 0), (1, 2), (2, 2), (3, 4), (5, 6)])
def test_states_are_generated_a_pool_at_a_time_and_only_when_one_ended(
    ended: int, generated: int
) -> None:
    core, params = Counted(), DiceParams(width=1)
    batch = autoreset(core, 5, pool=2)
    worlds, _ = batch.reset(seed_keys(SEEDS), params)
    jax.effects_barrier()
    assert core.generated == 5
    step = jax.jit(batch.step)
    lives_on = [True] * (5 - ended) + [False] * ended
    worlds, out = step(worlds, 1 - jnp.array(lives_on, jnp.int32), params)
    jax.effects_barrier()
    assert core.generated == 5 + generated
    assert worlds.episode.tolist() == [1 if lives else 2 for lives in lives_on]
    assert worlds.states.time.tolist() == [1 if lives else 0 for lives in lives_on]
    assert len(set(out.obs["face"].ravel().tolist())) == 5, "no two copies share a state"


def test_no_state_is_generated_in_vain() -> None:
    core, params = Counted(), DiceParams(width=1)
    batch = autoreset(core, 5, pool=2)
    worlds, _ = batch.reset(seed_keys(SEEDS), params)
    step, ended = jax.jit(batch.step), 0
    for time in range(12):
        moves = np.arange(5) == time % 5
        worlds, out = step(worlds, moves.astype(np.int32), params)
        ended += int(out.terminated.sum())
    jax.effects_barrier()
    assert ended == 12
    assert core.generated - 5 == ended + int(worlds.is_prepared.sum())


def test_a_step_makes_no_copy_of_the_states() -> None:
    class Large(Drift):
        """States of 4 KB, all of which is read after the transition."""

        def info(self, state: DriftState, params: DriftParams) -> dict[str, Any]:
            return {"largest": state.place.max(), "first": state.place[0]}

        def transition(self, key: Any, state: Any, action: Any, params: Any) -> Any:
            return DriftState(place=state.place.at[action].add(0.1), time=state.time + 1)

        def observe(self, state: DriftState, params: DriftParams) -> Any:
            return state.place[1]

        def reward(self, state: Any, action: Any, next_state: Any, params: Any) -> Any:
            return next_state.place[2]

    core, params, num_envs = Large(), DriftParams(size=1000), 512
    batch = autoreset(core, num_envs, pool=4)
    worlds, _ = jax.jit(batch.reset)(seed_keys(range(num_envs)), params)
    step = jax.jit(batch.step, donate_argnums=0)
    compiled = step.lower(worlds, jnp.zeros(num_envs, jnp.int32), params).compile()
    analysis: Any = compiled.memory_analysis()
    assert analysis.temp_size_in_bytes < worlds.states.place.nbytes / 2


@pytest.mark.parametrize(("num_envs", "pool"), [(4, 0), (0, 1)])
def test_numbers_that_make_no_sense_are_refused(num_envs: int, pool: int) -> None:
    with pytest.raises(ValueError, match="num_envs >= 1 and pool >= 1"):
        autoreset(Dice(), num_envs, pool)


def test_a_core_of_objects_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a jax core, Walk is made of objects"):
        autoreset(Walk(), 2)


def test_a_wrong_number_of_keys_is_refused() -> None:
    with pytest.raises(ValueError, match=r"jax keys of shape \(3,\), got \(2,\)"):
        autoreset(Dice(), 3).reset(seed_keys([0, 1]), DiceParams())


@pytest.mark.parametrize("num_copies", [1, 31, 32, 33, 200])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 1.0])
def test_flags_that_are_set_are_found_in_their_order(num_copies: int, share: float):
    flags = np.random.default_rng(0).random(num_copies) < share
    marks = _marks(jnp.asarray(flags))
    assert int(marks.total) == flags.sum()
    expected = np.full(num_copies + 2, num_copies)
    expected[: flags.sum()] = flags.nonzero()[0]
    found = _found(marks, jnp.arange(1, num_copies + 3))
    np.testing.assert_array_equal(found, expected)
