"""Copies in one compiled call return what Gymnasium's loop over the same copies returns."""

import dataclasses
from typing import Any

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from toys import (
    DICE,
    DRIFT,
    PAIR,
    TWIN,
    Dice,
    DiceParams,
    DiceState,
    DriftParams,
    PairParams,
)

from envs.catalog import CATALOG, World, load_core, make_stepper_params, stepper_row
from envs.gym_adapter import FunctionalGymEnv
from envs.vector_adapter import JaxVectorEnv

NUM = 3
NEXT, SAME = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP
BRIEF: dict[str, dict[str, Any]] = {
    "CrafterOO-v0": {"length": 6},
    "MetaCartPole-v0": {"max_steps": 6, "num_episodes": 2},
    **{
        name: {"max_steps": 6}
        for name in CATALOG
        if name.startswith(
            ("Control/", "MetaControl", "ToroidalLife", "PopMultiArmedBandit", "PopStateless")
        )
    },
}
"""Keywords that make episodes end within a few steps, where the defaults do not."""

both_modes = pytest.mark.parametrize("mode", [NEXT, SAME])


def dice(mode: AutoresetMode = NEXT, num_envs: int = NUM, **params: Any) -> JaxVectorEnv:
    return JaxVectorEnv(DICE, DiceParams(**params), num_envs, mode)


def loop(world: World, params: Any, mode: AutoresetMode, num_envs: int = NUM) -> SyncVectorEnv:
    copies = [lambda: FunctionalGymEnv(world, params) for _ in range(num_envs)]
    return SyncVectorEnv(copies, autoreset_mode=mode)


def play(envs: Any, steps: int, seed: Any = 5, **options: Any) -> list[Any]:
    """What reset, every step, and a second reset without a seed returned."""
    envs.action_space.seed(0)
    seen: list[Any] = [envs.reset(seed=seed, **options)]
    seen += [envs.step(envs.action_space.sample()) for _ in range(steps)]
    seen.append(envs.reset())
    return seen


def num_ended(seen: list[Any]) -> int:
    return sum(int((step[2] | step[3]).sum()) for step in seen if len(step) == 5)


@both_modes
def test_whole_episodes_are_those_of_the_loop_to_the_bit(mode: AutoresetMode) -> None:
    together = play(dice(mode), 40)
    assert num_ended(together) > 10
    assert data_equivalence(together, play(loop(DICE, DiceParams(), mode), 40), exact=True)


def test_copies_of_every_world_are_those_of_the_loop(batched_kind: World) -> None:
    row = stepper_row(batched_kind)
    params = make_stepper_params(batched_kind, BRIEF.get(batched_kind.id, {}))
    envs = JaxVectorEnv(row, params, 2)
    steps = 110 if row.id.startswith("Pop") else 25  # decks of cards are long
    together = play(envs, steps)
    assert num_ended(together) > 0
    assert data_equivalence(together, play(loop(row, params, NEXT, 2), steps))
    assert all(envs.observation_space.contains(seen[0]) for seen in together)


@both_modes
@pytest.mark.parametrize("seed", [2**40, [4, 9, 0], None])
def test_seeds_are_given_out_as_in_the_loop(mode: AutoresetMode, seed: Any) -> None:
    together, alone = dice(mode), loop(DICE, DiceParams(), mode)
    first = 1 if seed is None else seed  # two generators of a drawn seed cannot agree
    for envs in (together, alone):
        envs.reset(seed=first)
    assert data_equivalence(play(together, 20, seed), play(alone, 20, seed), exact=True)


def test_a_copy_without_a_seed_goes_on_to_its_next_episode() -> None:
    together, alone = dice(), loop(DICE, DiceParams(), NEXT)
    for envs in (together, alone):
        envs.reset(seed=[1, 2, 3])
    mixed: Any = [None, 8, None]
    assert data_equivalence(play(together, 5, mixed), play(alone, 5, mixed), exact=True)


def test_a_first_reset_without_a_seed_draws_one_for_each_copy() -> None:
    first, second = dice(), dice()
    faces = [envs.reset()[0]["face"].ravel().tolist() for envs in (first, second)]
    assert len({*faces[0], *faces[1]}) == 2 * NUM


@both_modes
def test_every_copy_can_start_from_a_given_state(mode: AutoresetMode) -> None:
    state = jax.tree.map(jax.numpy.int32, DiceState(3, 77, 1))
    options = {"options": {"state": state}}
    together = play(dice(mode), 12, **options)
    assert together[0][0]["face"].tolist() == [[77]] * NUM
    alone = play(loop(DICE, DiceParams(), mode), 12, **options)
    assert data_equivalence(together, alone, exact=True)


def test_next_step_ignores_the_action_of_a_copy_that_starts_anew() -> None:
    envs = dice(width=2)
    envs.reset(seed=0)
    ended = envs.step(np.array([2, 0, 1]))
    assert ended[0]["place"].tolist() == [2, 0, 1]
    assert (ended[1].tolist(), ended[2].tolist()) == ([2.0, 0.0, 1.0], [True, False, False])
    with pytest.raises(ValueError, match=r"a member of Discrete\(3\); got .*-2"):
        envs.step(np.array([-1, 0, -2]))
    after = envs.step(np.array([-1, 0, 1]))
    assert after[0]["place"].tolist() == [0, 0, 2]
    assert (after[1].tolist(), after[2].tolist()) == ([0.0, 0.0, 1.0], [False, False, True])
    assert after[4]["time"].tolist() == [0, 2, 2]


def test_same_step_keeps_the_last_observation_and_info() -> None:
    envs = dice(SAME, width=2)
    envs.reset(seed=0)
    obs, reward, terminated, _, info = envs.step(np.array([2, 0, 1]))
    assert obs["place"].tolist() == [0, 0, 1]
    assert (reward.tolist(), terminated.tolist()) == ([2.0, 0.0, 1.0], [True, False, False])
    assert info["final_obs"][0]["place"] == 2
    assert info["final_obs"][1:].tolist() == [None, None]
    assert info["final_info"]["time"].tolist() == [1, 0, 0]
    assert info["_final_obs"].tolist() == info["_final_info"].tolist() == [True, False, False]
    assert info["time"].tolist() == [0, 1, 1]
    assert "final_obs" not in envs.step(np.array([0, 0, 0]))[4]


def test_what_is_returned_can_be_written_to() -> None:
    envs = dice(SAME, length=1)
    envs.reset(seed=0)
    *seen, info = envs.step(np.array([0, 0, 0]))
    leaves = jax.tree.leaves([seen, info["final_obs"].tolist(), info["final_info"]])
    assert all(type(leaf) is np.ndarray and leaf.flags.writeable for leaf in leaves)


def test_the_state_is_a_copy_that_later_steps_leave_alone() -> None:
    envs = dice()
    assert envs.state is None
    envs.reset(seed=0)
    envs.step(np.array([2, 0, 1]))
    state = envs.state
    envs.step(np.array([1, 1, 1]))
    assert state.place.tolist() == [2, 0, 1]
    assert envs.state.place.tolist() == [3, 1, 2]


def test_actions_outside_the_space_are_refused_with_the_space_named() -> None:
    envs = dice()
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"a member of MultiDiscrete\(\[3 3 3\]\); got .*7"):
        envs.step(np.array([0, 7, 0]))
    with pytest.raises(ValueError, match="a member of MultiDiscrete"):
        envs.step(np.array([0, 1]))
    assert envs.step([0, 1, 0])[1].tolist() == [0.0, 1.0, 0.0]


def test_step_and_render_before_reset_are_refused() -> None:
    for call in (lambda: dice().step(np.zeros(NUM, np.int64)), dice().render):
        with pytest.raises(gymnasium.error.ResetNeeded):
            call()


@pytest.mark.parametrize(
    ("seed", "message"), [([1, 2], "a seed per copy, 3, got 2"), ([1, -1, 2], "numbers >= 0")]
)
def test_seeds_that_make_no_sense_are_refused(seed: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dice().reset(seed=seed)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match='one option, "state"; got reset_mask'):
        dice().reset(options={"reset_mask": np.ones(NUM, np.bool_)})


def test_numbers_and_modes_that_are_not_offered_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        dice(num_envs=0)
    with pytest.raises(ValueError, match="NEXT_STEP or SAME_STEP"):
        dice(AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match="has 2 agents"):
        JaxVectorEnv(PAIR, PairParams(), NUM)
    for mode in ("ansi", "human"):
        with pytest.raises(ValueError, match=rf"modes \['rgb_array'\], got '{mode}'"):
            JaxVectorEnv(DICE, DiceParams(), NUM, render_mode=mode)


def test_a_core_that_draws_nothing_offers_no_pictures() -> None:
    world = dataclasses.replace(DRIFT, render_modes=("human", "rgb_array", "ansi"))
    assert JaxVectorEnv(world, DriftParams(), NUM).metadata["render_modes"] == []
    with pytest.raises(ValueError, match='pass vectorization_mode="sync"'):
        JaxVectorEnv(world, DriftParams(), NUM, render_mode="rgb_array")


def test_frames_come_one_for_each_copy() -> None:
    envs: Any = gymnasium.make_vec(DICE.id, num_envs=2, render_mode="rgb_array")
    envs.reset(seed=0)
    envs.step(np.array([2, 1]))
    frames = envs.render()
    assert [(frame.shape, frame.max()) for frame in frames] == [((2, 4, 3), 2), ((2, 4, 3), 1)]
    assert envs.metadata["render_modes"] == ["rgb_array"]
    assert dice().metadata["autoreset_mode"] is NEXT
    envs.close()


def test_make_vec_takes_the_stepper_of_a_row_and_splits_the_keywords() -> None:
    envs: Any = gymnasium.make_vec(TWIN.id, num_envs=2, width=2, bonus=10)
    assert type(envs) is JaxVectorEnv
    assert (envs.params.world.width, envs.params.bonus) == (2, 10)
    envs.reset(seed=0)
    _, reward, terminated, *_ = envs.step(np.array([2, 1]))
    assert (reward.tolist(), terminated.tolist()) == ([12.0, 11.0], [True, False])
    with pytest.raises(TypeError, match="no keyword colour; its keywords are width, length, bonus"):
        gymnasium.make_vec(TWIN.id, colour="red")


def test_the_loop_of_a_row_with_a_stepper_is_of_its_core() -> None:
    envs: Any = gymnasium.make_vec(TWIN.id, num_envs=2, vectorization_mode="sync")
    envs.reset(seed=0)
    assert envs.step(np.array([2, 1]))[1].tolist() == [2.0, 1.0]


def test_crafter_is_stepped_by_its_stepper_with_the_keywords_of_both() -> None:
    envs: Any = gymnasium.make_vec("CrafterOO-v0", num_envs=2, area=[16, 16], max_objects=50)
    assert type(envs) is JaxVectorEnv
    assert (envs.params.world.area, envs.params.max_objects) == ((16, 16), 50)


def test_observations_that_are_no_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match='pass vectorization_mode="sync"'):
        gymnasium.make_vec("CrafterOO-v0", num_envs=2, obs="oo")


def test_batches_of_one_size_share_a_compilation() -> None:
    traces = []

    class Traced(Dice):
        def transition(self, key: Any, state: Any, action: Any, params: Any) -> Any:
            traces.append(1)
            return super().transition(key, state, action, params)

    world = World(id="ToyTraced-v0", core="toys:Dice", params="toys:DiceParams", versions="v0")
    core = Traced()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("envs.vector_adapter.load_core", lambda _: core)
        for seed in range(2):
            play(JaxVectorEnv(world, DiceParams(), NUM), 3, seed)
    assert len(traces) == 1
    assert load_core(DICE) is not core
