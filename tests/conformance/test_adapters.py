"""The adapters on worlds whose every number is known."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from toys import PAIR, WALK, PairParams, WalkParams, WalkState

from envs.catalog import load_core
from envs.gym_adapter import FunctionalGymEnv
from envs.parallel_adapter import FunctionalParallelEnv, make_parallel_env


def walk(**params: Any) -> FunctionalGymEnv:
    return FunctionalGymEnv(WALK, WalkParams(**params))


def test_flags_and_reward_are_those_of_the_core() -> None:
    env = walk(width=2, length=2, span=(0, 1))
    env.reset(seed=0)
    assert env.step(2)[1:4] == (1.0, False, False)
    assert env.step(2)[1:4] == (1.0, True, True)


def test_nothing_resets_by_itself() -> None:
    env = walk(width=2, span=(0, 1))
    env.reset(seed=0)
    places = [int(env.step(2)[0][0]) for _ in range(4)]
    assert places == [1, 2, 3, 4]


def test_episode_numbers_count_from_the_seed() -> None:
    env = walk()
    env.reset(seed=5)
    assert env.state.key == (5, 1)
    env.reset()
    env.reset()
    assert env.state.key == (5, 3)
    env.reset(seed=5)
    assert env.state.key == (5, 1)


def test_without_a_seed_the_environment_draws_one_and_keeps_it() -> None:
    first, second = walk(), walk()
    first.reset()
    second.reset()
    seed = first.state.key[0]
    assert seed != second.state.key[0]
    first.reset()
    assert first.state.key == (seed, 2)


def test_an_edited_state_is_where_the_next_step_starts() -> None:
    env = walk()
    env.reset(seed=0)
    env.state = WalkState(place=6)
    obs, _, terminated, *_ = env.step(2)
    assert (int(obs[0]), terminated) == (7, True)


def test_a_given_state_is_copied() -> None:
    env, given = walk(), WalkState(place=1)
    env.reset(options={"state": given})
    given.place = 6
    assert env.state.place == 1


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match='one option, "state"; got sate'):
        walk().reset(options={"sate": 1})


def test_step_before_reset_is_refused() -> None:
    with pytest.raises(gymnasium.error.ResetNeeded):
        walk().step(0)


def test_an_unknown_render_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="render modes human, rgb_array, ansi; got 'video'"):
        FunctionalGymEnv(WALK, WalkParams(), render_mode="video")


def test_lists_from_stored_specs_become_tuples() -> None:
    env: Any = gymnasium.make(WALK.id, span=[1, 2]).unwrapped
    assert env.params.span == (1, 2)


def test_ansi_is_text_and_human_returns_nothing() -> None:
    text, human = walk(), FunctionalGymEnv(WALK, WalkParams(), render_mode="human")
    text.render_mode = "ansi"
    text.reset(options={"state": WalkState(place=3)})
    assert text.render() == "...@"
    human.reset(seed=0)
    human.step(1)
    assert human.render() is None
    human.close()
    human.close()


def test_keys_for_gymnasium_play_are_pygame_codes() -> None:
    import pygame

    keys = walk().get_keys_to_action()
    assert keys[(pygame.K_LEFT,)] == 0
    assert keys[(pygame.K_SPACE,)] == 1
    assert keys[(pygame.K_d,)] == 2


def ends_at_second_step(mode: AutoresetMode) -> tuple[Any, list[Any]]:
    """Two walkers; the second one ends when it reaches 2."""
    envs: Any = gymnasium.make_vec(WALK.id, num_envs=2, autoreset_mode=mode, width=2, span=(0, 1))
    envs.reset(seed=0)
    return envs, [envs.step(np.array([1, 2])) for _ in range(3)]


def test_next_step_shows_the_last_observation_and_ignores_one_action() -> None:
    _, steps = ends_at_second_step(AutoresetMode.NEXT_STEP)
    assert [step[0][1, 0] for step in steps] == [1, 2, 0]
    assert [step[1][1] for step in steps] == [1.0, 1.0, 0.0]
    assert [bool(step[2][1]) for step in steps] == [False, True, False]


def test_same_step_keeps_the_last_observation_in_info() -> None:
    envs, steps = ends_at_second_step(AutoresetMode.SAME_STEP)
    assert [step[0][1, 0] for step in steps] == [1, 0, 1]
    assert steps[1][4]["final_obs"][1].tolist() == [2]
    assert steps[1][4]["_final_obs"].tolist() == [False, True]
    assert steps[1][4]["final_info"]["time"][1] == 2
    assert envs.envs[1].state.key == (1, 2), "the second copy's seed, second episode"


def test_the_autoreset_mode_may_be_a_word() -> None:
    envs = gymnasium.make_vec(WALK.id, num_envs=1, autoreset_mode="SameStep")
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


def test_a_world_of_two_agents_is_no_gymnasium_environment() -> None:
    with pytest.raises(ValueError, match="has 2 agents"):
        FunctionalGymEnv(PAIR, PairParams())


def test_agents_leave_one_by_one_and_get_their_own_parts() -> None:
    env = FunctionalParallelEnv(PAIR, PairParams())
    obs, _ = env.reset(seed=0)
    assert sorted(obs) == ["agent_0", "agent_1"]
    for _ in range(3):
        obs, reward, terminated, truncated, _ = env.step({"agent_0": 1, "agent_1": 2})
    assert reward == {"agent_0": 0.0, "agent_1": 1.0}
    assert terminated == {"agent_0": False, "agent_1": True}
    assert truncated == {"agent_0": False, "agent_1": False}
    assert obs["agent_1"]["place"].tolist() == [3]
    assert env.agents == ["agent_0"]
    obs, reward, *_ = env.step({"agent_0": 2})
    assert (sorted(obs), sorted(reward)) == (["agent_0"], ["agent_0"])


def test_the_parallel_form_refuses_a_missing_agent_and_a_finished_episode() -> None:
    env = FunctionalParallelEnv(PAIR, PairParams())
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"none came from \['agent_1'\]"):
        env.step({"agent_0": 1})
    single = make_parallel_env(WALK.id, width=2, span=(1, 2))
    single.reset(seed=0)
    single.step({"agent_0": 2})
    assert single.agents == []
    with pytest.raises(ValueError, match="call reset"):
        single.step({"agent_0": 2})


def test_cores_are_shared_between_environments() -> None:
    assert load_core(WALK) is load_core(WALK)
