"""Immigration: two colours, two players."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from envs.life.dynamics import roll_generation
from envs.life.immigration import generation, live_cells, parallel_env
from envs.life.rules import LIFE, Boundary

with warnings.catch_warnings():  # pettingzoo's tests import its own deprecated games
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import parallel_api_test, parallel_seed_test


def test_pettingzoo_accepts_it() -> None:
    parallel_api_test(parallel_env(height=6, width=6), num_cycles=5)
    parallel_seed_test(lambda: parallel_env(height=6, width=6), num_cycles=3)


def test_life_and_death_are_those_of_life_whatever_the_colours() -> None:
    boundary: Boundary = "klein"
    random = np.random.default_rng(0)
    colours = (random.integers(1, 3, (11, 9)) * (random.random((11, 9)) < 0.3)).astype(np.uint8)
    after = np.asarray(generation(jnp.asarray(colours), boundary))
    cells = roll_generation(jnp.asarray(colours > 0), LIFE, boundary)
    np.testing.assert_array_equal(after > 0, cells)
    stayed = (colours > 0) & (after > 0)
    np.testing.assert_array_equal(after[stayed], colours[stayed])
    assert set(after[(colours == 0) & (after > 0)]) == {1, 2}


def test_a_newborn_has_the_colour_of_most_parents() -> None:
    for parents, expected in (([1, 1, 2], 1), ([2, 1, 2], 2), ([1, 1, 1], 1), ([2, 2, 2], 2)):
        colours = np.zeros((11, 9), np.uint8)
        colours[5, 3:6] = parents
        after = np.asarray(generation(jnp.asarray(colours), "torus"))
        assert [after[4, 4], after[6, 4]] == [expected, expected]


def test_players_act_in_turn_and_only_on_their_own() -> None:
    env = parallel_env(height=6, width=6, density=0.0, max_steps=9)
    env.reset(seed=0)
    block = np.zeros((6, 6), np.uint8)
    block[2:4, 2:4] = [[1, 1], [2, 0]]
    state = env.state()
    env.reset(seed=0, options={"state": type(state)(jnp.asarray(block), jnp.int32(0))})
    corner, theirs, nothing = 3 * 6 + 3, 3 * 6 + 2, 36
    obs, reward, *_ = env.step({"agent_0": theirs, "agent_1": corner})
    # the other's cell is spared, and agent_1 is not to act; a cell of colour 1 is born
    np.testing.assert_array_equal(obs["agent_0"]["cells"][2:4, 2:4], [[1, 1], [2, 1]])
    np.testing.assert_array_equal(obs["agent_1"]["cells"][2:4, 2:4], [[2, 2], [1, 2]])
    assert (reward["agent_0"], reward["agent_1"]) == (1.0, 0.0)
    assert [int(obs[agent]["is_my_turn"]) for agent in ("agent_0", "agent_1")] == [0, 1]
    _, reward, *_ = env.step({"agent_0": theirs, "agent_1": theirs})
    # agent_1 killed its own cell, and it was born again in the other's colour
    assert (reward["agent_0"], reward["agent_1"]) == (1.0, -1.0)
    _, reward, terminated, *_ = env.step({"agent_0": nothing, "agent_1": nothing})
    assert not any(reward.values())
    assert not any(terminated.values())


def test_a_dead_grid_ends_the_game_and_is_drawn() -> None:
    env = parallel_env(height=6, width=6, density=0.0, render_mode="ansi")
    env.reset(seed=0)
    assert env.render() == "\n".join(["......"] * 6)
    *_, terminated, _, _ = env.step({"agent_0": 36, "agent_1": 36})
    assert all(terminated.values())
    assert not env.agents


def test_live_cells_are_counted_by_colour() -> None:
    assert live_cells(jnp.array([[0, 1, 2], [2, 2, 0]], jnp.uint8)).tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"height": 0}, "height is"),
        ({"boundary": "x"}, "boundary is"),
        ({"density": 2.0}, "density"),
    ],
)
def test_bad_parameters_are_refused(keywords: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parallel_env(**keywords)
