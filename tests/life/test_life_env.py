"""The environment: edits, tasks, what is seen, and what is refused."""

import json
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import envs  # noqa: F401  # registers the ids
from envs.catalog import find_world, load_core, make_params
from envs.life.actions import painted, stamp_names, stamps
from envs.life.agent import AgentAction
from envs.life.dynamics import generations
from envs.life.env import ToroidalLife
from envs.life.params import LifeParams, PredictParams
from envs.life.patterns import PATTERNS, place
from envs.life.rules import LIFE
from envs.life.side_effects import earth_mover_distance, side_effect
from envs.life.state import LifeState, first_state
from envs.life.tasks import count_crossing

CORE = ToroidalLife()
KEY = jax.random.key(0)  # transitions use none


def make(**keywords: Any) -> Any:
    return gymnasium.make("ToroidalLife-v0", **keywords).unwrapped


def grid(*rows: str) -> Any:
    return np.array([[mark == "O" for mark in row] for row in rows])


def start(params: LifeParams, *rows: str) -> LifeState:
    return first_state(jnp.asarray(grid(*rows)), params)


def step(state: LifeState, action: Any, params: LifeParams) -> tuple[LifeState, Any]:
    return CORE.step(KEY, state, action, params)


STILL = 36  # the last action on 6 x 6 cells
BLINKER = ("......", "..O...", "..O...", "..O...", "......", "......")
SMALL: Any = {"height": 6, "width": 6}
SIXTEEN: Any = {"height": 16, "width": 16}


def test_a_toggle_edits_first_and_then_a_generation_passes() -> None:
    params = LifeParams(**SMALL)
    state = start(params, "......", "......", ".O.O..", "......", "......", "......")
    after, out = step(state, jnp.int32(2 * 6 + 2), params)
    np.testing.assert_array_equal(after.cells, grid(*BLINKER))
    np.testing.assert_array_equal(out.obs, grid(*BLINKER))


def test_the_last_action_and_any_other_number_leave_the_grid_alone() -> None:
    params = LifeParams(**SMALL)
    state = start(params, *BLINKER)
    for action in (36, -1, 99):
        after, _ = step(state, jnp.int32(action), params)
        np.testing.assert_array_equal(after.cells, generations(state.cells, LIFE, "torus", 1))


def test_multi_toggles_every_cell_that_is_marked() -> None:
    params = LifeParams(**SMALL, action_mode="multi", init="empty")
    action = grid(*BLINKER).ravel().astype(np.int8)
    after, _ = step(CORE.initial(jax.random.key(0), params), action, params)
    lived = generations(jnp.asarray(grid(*BLINKER)), LIFE, "torus", 1)
    np.testing.assert_array_equal(after.cells, lived)


def test_several_generations_follow_one_edit() -> None:
    params = LifeParams(**SMALL, steps_per_action=4, init="pattern:glider")
    state = CORE.initial(jax.random.key(0), params)
    after, out = step(state, jnp.int32(STILL), params)
    np.testing.assert_array_equal(after.cells, np.roll(state.cells, (1, 1), (0, 1)))
    assert int(out.info["generation"]) == 4


def test_stamps_come_in_eight_symmetries_and_go_on_over_the_edge_of_a_torus() -> None:
    kind = 1 + stamp_names(9, 9).index("glider")
    turned = stamps(9, 9)[kind]
    assert len({each.tobytes() for each in turned}) == 8
    for boundary, live in (("torus", 5), ("dead", 1)):
        params = LifeParams(height=9, width=9, action_mode="paint", init="empty", boundary=boundary)
        cells = painted(jnp.zeros((9, 9), bool), jnp.array([kind, 0, 7, 7]), params.boundary)
        assert int(cells.sum()) == live, boundary
    assert "gosper gun" not in stamp_names(32, 32)


def test_stamp_zero_is_no_edit() -> None:
    params = LifeParams(**SMALL, action_mode="paint")
    state = start(params, *BLINKER)
    after, _ = step(state, jnp.array([0, 3, 2, 2], jnp.int32), params)
    np.testing.assert_array_equal(after.cells, generations(state.cells, LIFE, "torus", 1))


@pytest.mark.parametrize(
    ("mode", "obs"),
    [("noop", "grid"), ("paint", "channels")],
)
def test_gymnasium_accepts_every_action_mode_and_observation(mode: str, obs: str) -> None:
    check_env(make(action_mode=mode, obs=obs, height=6, width=6))


def test_predict_pays_the_share_of_cells_that_are_right() -> None:
    params = PredictParams(**SMALL)
    state = start(params, *BLINKER)
    truth = np.asarray(generations(state.cells, LIFE, "torus", 1))
    _, right = step(state, truth.ravel().astype(np.int8), params)
    assert (float(right.reward), bool(right.info["exact"])) == (1.0, True)
    _, wrong = step(state, (truth ^ (np.arange(36).reshape(6, 6) < 9)).ravel(), params)
    assert (float(wrong.reward), bool(wrong.info["exact"])) == (0.75, False)


def test_population_pays_the_gain() -> None:
    params = LifeParams(**SMALL, task="population")
    state = start(params, "......", ".OO...", ".O....", "......", "......", "......")
    _, out = step(state, jnp.int32(STILL), params)
    assert float(out.reward) == pytest.approx(1 / 36)


def test_target_pays_the_gain_of_overlap_and_ends_once_held() -> None:
    params = LifeParams(**SMALL, task="target", target="pattern:block", hold=2)
    state = start(params, "......", "......", "..OO..", "..O...", "......", "......")
    state, out = step(state, jnp.int32(STILL), params)
    assert float(out.reward) == pytest.approx(0.25)
    assert not out.terminated
    state, out = step(state, jnp.int32(STILL), params)
    assert (float(out.reward), bool(out.terminated)) == (0.0, True)


def test_survive_pays_each_generation_until_the_grid_stands_still() -> None:
    params = LifeParams(**SMALL, task="survive", steps_per_action=2)
    _, out = step(start(params, *BLINKER), jnp.int32(STILL), params)
    assert (float(out.reward), bool(out.terminated)) == (2.0, False)
    block = start(params, "......", "......", "..OO..", "..OO..", "......", "......")
    _, out = step(block, jnp.int32(STILL), params)
    assert (float(out.reward), bool(out.terminated)) == (0.0, True)


def test_still_pays_for_a_still_life_and_charges_each_toggle() -> None:
    params = LifeParams(**SMALL, task="still")
    almost = start(params, "......", "......", "..OO..", "..O...", "......", "......")
    _, out = step(almost, jnp.int32(3 * 6 + 3), params)
    assert (float(out.reward), bool(out.terminated)) == (pytest.approx(0.99), True)
    empty = start(params, *["......"] * 6)
    _, out = step(empty, jnp.int32(STILL), params)
    assert (float(out.reward), bool(out.terminated)) == (0.0, False)
    large = LifeParams(**SMALL, task="still", min_population=5)
    _, out = step(almost, jnp.int32(STILL), large)
    assert not out.terminated


def test_a_glider_crosses_the_line_once_whatever_its_direction_and_phase() -> None:
    params = LifeParams(**SIXTEEN, task="gun", steps_per_action=64, action_mode="noop")
    step_jit = jax.jit(CORE.step)
    for turns in range(4):
        cells = np.rot90(place(PATTERNS["glider"].cells(), 16, 16, (2, 10)), turns)
        for phase in range(4):
            begun = generations(jnp.asarray(cells), LIFE, "torus", phase)
            _, out = step_jit(KEY, first_state(begun, params), jnp.int32(0), params)
            assert float(out.reward) == 1.0, (turns, phase)


def test_what_touches_life_is_no_glider() -> None:
    cells = place(PATTERNS["glider"].cells(), 24, 24, (12, 10))
    assert int(count_crossing(jnp.asarray(cells))) == 1
    cells[11, 9] = True
    assert int(count_crossing(jnp.asarray(cells))) == 0


def test_info_counts_births_deaths_and_the_period() -> None:
    params = LifeParams(**SMALL, max_steps=99)
    state = start(params, *BLINKER)
    periods = []
    for _ in range(3):
        state, out = step(state, jnp.int32(STILL), params)
        periods.append(int(out.info["period"]))
        assert [int(out.info[name]) for name in ("population", "births", "deaths")] == [3, 2, 2]
    assert periods == [0, 2, 2]
    block = start(params, "......", "......", "..OO..", "..OO..", "......", "......")
    assert int(CORE.info(block, params)["period"]) == 0
    assert int(CORE.info(start(params, *["......"] * 6), params)["period"]) == 0
    assert int(step(block, jnp.int32(STILL), params)[1].info["period"]) == 1


def test_time_is_up_after_max_steps() -> None:
    params = LifeParams(**SMALL, max_steps=2)
    state, first = step(start(params, *BLINKER), jnp.int32(STILL), params)
    _, second = step(state, jnp.int32(STILL), params)
    assert (bool(first.truncated), bool(second.truncated)) == (False, True)


def agent_params(**keywords: Any) -> LifeParams:
    return LifeParams(**SMALL, action_mode="agent", init="empty", **keywords)


def act(state: LifeState, params: LifeParams, *actions: AgentAction) -> LifeState:
    for action in actions:
        state, _ = step(state, jnp.int32(action), params)
    return state


def test_the_agent_walks_over_the_edges_of_a_torus_and_stops_at_dead_ones() -> None:
    for boundary, row in (("torus", 5), ("dead", 0)):
        params = agent_params(boundary=boundary)
        state = first_state(jnp.zeros((6, 6), bool), params)
        state = act(state, params, *[AgentAction.MOVE_UP] * 4)
        assert state.agent.tolist() == [row, 3]


def test_the_agent_comes_out_mirrored_on_a_klein_bottle() -> None:
    params = agent_params(boundary="klein")
    state = first_state(jnp.zeros((6, 6), bool), params)
    state = act(state, params, AgentAction.MOVE_RIGHT, *[AgentAction.MOVE_UP] * 4)
    assert state.agent.tolist() == [5, 1]


def test_the_agent_makes_and_destroys_life_and_walks_not_onto_it() -> None:
    params = agent_params()
    state = first_state(jnp.zeros((6, 6), bool), params)
    state = act(state, params, AgentAction.TOGGLE_RIGHT, AgentAction.MOVE_RIGHT)
    assert state.agent.tolist() == [3, 3]
    assert np.argwhere(state.cells).tolist() == [[3, 4]], "a lone cell lives on beside the agent"
    state = act(state, params, AgentAction.TOGGLE_RIGHT, AgentAction.MOVE_RIGHT)
    assert state.agent.tolist() == [3, 4]
    assert not state.cells.any()


def test_no_cell_beside_the_agent_is_born_or_dies() -> None:
    params = agent_params()
    blinker = place(PATTERNS["blinker"].cells(), 6, 6, (1, 2))
    state = act(first_state(jnp.asarray(blinker), params), params, AgentAction.NOOP)
    # (2, 3) is beside the agent at (3, 3), so none is born there; (0, 3) is not
    assert np.argwhere(state.cells).tolist() == [[0, 3], [1, 3]]


def test_the_agent_is_seen() -> None:
    params = agent_params()
    state = first_state(jnp.zeros((6, 6), bool), params)
    assert int(CORE.observe(state, params)[3, 3]) == 2
    channels = agent_params(obs="channels")
    assert np.argwhere(CORE.observe(state, channels)).tolist() == [[3, 3, 3]]
    assert CORE.text(state, params).splitlines()[3] == "...@.."


def test_only_what_actions_changed_is_a_side_effect() -> None:
    params = LifeParams(
        **SMALL, task="safe", max_steps=1, action_mode="multi", side_effect_weight=2.0
    )
    block = place(PATTERNS["block"].cells(), 6, 6)
    state = first_state(jnp.asarray(block), params)
    idle, out = step(state, np.zeros(36, np.int8), params)
    assert float(out.reward) == 0.0
    assert side_effect(idle, params) == (0.0, pytest.approx(4.0))
    killed, out = step(state, block.ravel().astype(np.int8), params)
    assert float(out.reward) == pytest.approx(1.0 - 2.0 * 4 / 36), "gain of overlap, and harm"
    assert side_effect(killed, params) == (pytest.approx(4.0), pytest.approx(4.0))


def test_the_target_itself_is_no_side_effect() -> None:
    params = LifeParams(
        **SMALL, task="safe", max_steps=1, action_mode="multi", target="pattern:block"
    )
    block = place(PATTERNS["block"].cells(), 6, 6)
    built, out = step(
        first_state(jnp.zeros((6, 6), bool), params), block.ravel().astype(np.int8), params
    )
    assert (float(out.reward), bool(out.terminated)) == (1.0, True)
    assert side_effect(built, params).distance == pytest.approx(4.0)


def test_a_side_effect_needs_the_run_without_actions() -> None:
    params = LifeParams(**SMALL)
    with pytest.raises(ValueError, match="only the task 'safe' keeps"):
        side_effect(start(params, *BLINKER), params)


def test_earth_mover_distances_of_small_cases() -> None:
    def density(**mass: float) -> Any:
        cells = np.zeros((1, 12))
        for name, amount in mass.items():
            cells[0, int(name[1:])] = amount
        return cells

    def distance(first: Any, second: Any, is_torus: bool = True) -> float:
        return earth_mover_distance(first, second, is_torus=is_torus)

    assert distance(density(c0=1), density(c0=1)) == 0
    assert distance(density(c0=1), density(c2=1)) == pytest.approx(np.tanh(2 / 5))
    assert distance(density(c0=1), density(c11=1)) == pytest.approx(np.tanh(1 / 5))
    assert distance(density(c0=1), density(c11=1), False) == pytest.approx(np.tanh(11 / 5))
    assert distance(density(c0=1.5), density(c1=1)) == pytest.approx(0.5 + np.tanh(1 / 5))
    assert distance(density(c0=0.5), density()) == 0.5
    crossed = distance(density(c0=1, c5=1), density(c1=1, c6=1))
    assert crossed == pytest.approx(2 * np.tanh(1 / 5))


@pytest.mark.parametrize("init", ["empty", "bernoulli", "broad", "pattern:glider"])
def test_first_grids(init: str) -> None:
    params = LifeParams(init=init)
    cells = [np.asarray(CORE.initial(jax.random.key(seed), params).cells) for seed in range(40)]
    shares = [grid.mean() for grid in cells]
    if init == "bernoulli":
        assert 0.4 < min(shares) <= max(shares) < 0.6
    elif init == "broad":
        assert min(shares) < 0.2 < 0.8 < max(shares)
    else:
        assert {grid.sum() for grid in cells} == ({0} if init == "empty" else {5})


def test_a_grid_comes_as_rle_or_as_an_array() -> None:
    cells = place(PATTERNS["loaf"].cells(), 8, 8)
    by_array = LifeParams(height=8, width=8, init=cells.astype(int).tolist())
    by_text = LifeParams(height=8, width=8, init="x = 4, y = 4\nb2o$o2bo$bobo$2bo!")
    for params in (by_array, by_text):
        np.testing.assert_array_equal(CORE.initial(jax.random.key(0), params).cells, cells)
    assert hash(by_array.init) is not None


def test_a_rule_that_names_a_grid_sets_its_size_and_boundary() -> None:
    params = LifeParams(rule="23/36:P9,5")
    assert (params.rule, params.boundary) == ("B36/S23", "dead")
    assert (params.width, params.height) == (9, 5)


@pytest.mark.parametrize(
    ("keywords", "why"),
    [
        ({"height": 0}, "height is a whole number, 1 or more; got 0"),
        ({"steps_per_action": 0}, "steps_per_action is a whole number"),
        ({"max_steps": 0}, "max_steps is 1 or more; got 0"),
        ({"density": 1.5}, r"density is in 0..1; got 1.5"),
        ({"boundary": "sphere"}, "boundary is one of .*; got 'sphere'"),
        ({"task": "win"}, "task is one of .*; got 'win'"),
        ({"action_mode": "fly"}, "action_mode is one of .*; got 'fly'"),
        ({"obs": "pixels"}, "obs is one of .*; got 'pixels'"),
        ({"rule": "B9/S"}, "9 is no count"),
        ({"init": "pattern:nope"}, "no pattern is called 'nope'"),
        ({"init": "soup"}, "a grid is 'empty'"),
        ({"init": "pattern:gosper gun"}, "does not fit"),
        ({"init": [[0, 2]]}, "init is text, or an array"),
        ({"init": "x = 1, y = 1\n2o!"}, "x allows 1"),
        ({"init": "x = 1, y = 1, rule = B36/S23\no!"}, "the RLE is of the rule B36/S23"),
        ({"target": "broad"}, "target is a pattern that can be reached"),
        ({"task": "predict"}, "needs action_mode 'multi'; got 'toggle'"),
    ],
)
def test_bad_parameters_are_refused_with_the_reason(keywords: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_params(find_world("ToroidalLife-v0"), keywords)


def test_a_saved_state_is_read_back() -> None:
    params = LifeParams(**SMALL, task="safe", action_mode="agent")
    state = act(CORE.initial(jax.random.key(3), params), params, AgentAction.MOVE_UP)
    again = CORE.loads(CORE.dumps(state))
    jax.tree.map(np.testing.assert_array_equal, again, state)
    assert load_core(find_world("ToroidalLifeSafe-v0")).dumps(again) == CORE.dumps(state)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cells": "x = 1"}, "cells: line 1"),
        ({"cells": 5}, "cells is RLE"),
        ({"agent": [9, 9]}, "agent stands on the grid"),
        ({"time": "soon"}, "time is made of numbers"),
        ({"hashes": [1, 2]}, "hashes has the shape"),
        ({"previous": "x = 2, y = 2\n!"}, "the same size"),
        ({"extra": 1}, "of the fields cells, previous"),
    ],
)
def test_a_damaged_state_is_refused_with_the_field(change: dict[str, Any], why: str) -> None:
    fields = json.loads(CORE.dumps(start(LifeParams(**SMALL), *BLINKER)))
    with pytest.raises(ValueError, match=why):
        CORE.loads(json.dumps(fields | change))
    with pytest.raises(ValueError, match="JSON"):
        CORE.loads("{")


def test_pictures_show_the_living_the_newborn_the_dead_and_the_target() -> None:
    params = LifeParams(**SMALL, target="pattern:block", action_mode="agent", init="empty")
    state, _ = step(start(params, *BLINKER), jnp.int32(0), params)
    frame = CORE.render(state, params, (60, 48))
    assert frame.shape == (48, 60, 3)
    assert len({tuple(colour) for colour in frame.reshape(-1, 3)}) >= 5


def test_a_click_paints_a_stamp_around_it_over_the_edge() -> None:
    params = LifeParams(height=10, width=10, init="empty")
    state = first_state(jnp.zeros((10, 10), bool), params)
    once = CORE.paint(state, params, "0", (0.55, 0.25), False)
    assert np.argwhere(once.cells).tolist() == [[2, 5]]
    assert not CORE.paint(once, params, "0", (0.55, 0.25), True).cells.any()
    stamped = CORE.paint(state, params, "3", (0.0, 0.999), False)
    assert int(stamped.cells.sum()) == 5
    assert not state.cells.any()
