"""Observations of the arrays equal those of the objects, in every mode."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arena import meadow

from envs.crafter_oo import observe as of_objects
from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.render import render
from envs.crafter_oo.state import (
    DIRECTIONS,
    ArrowState,
    CowState,
    FenceState,
    ObjectState,
    PlantState,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.stepper.convert import from_arrays, to_arrays
from envs.crafter_oo.stepper.observe import observe
from envs.crafter_oo.stepper.pixels import daylight
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.tables import ACTION_SLUGS, ITEMS, Material

EXACT_MODES = ("classic1345", "entities", "semantic", "symbolic")
MODES = (*EXACT_MODES, "pixels")
KINDS: tuple[tuple[type[ObjectState], dict[str, Any]], ...] = (
    (CowState, {}),
    (ZombieState, {"health": 2, "cooldown": 5}),
    (SkeletonState, {"reload": 3}),
    (PlantState, {"grown": 300}),
    (PlantState, {"grown": 301}),
    (PlantState, {"grown": 5000}),
    (FenceState, {"health": 30}),
    *((ArrowState, {"facing": facing}) for facing in DIRECTIONS),
)


pytestmark = pytest.mark.usefixtures("quick_compilation")


def keyed(state: WorldState, view: tuple[int, int] = (9, 9)) -> WorldState:
    state.draws, state.view = KeyedDraws(1, state.step_count), view
    return state


def crowded(state: WorldState, share: float, seed: int = 0) -> WorldState:
    """Creatures of every kind on a share of the cells around the player, materials of all."""
    random = np.random.default_rng(seed)
    here = state.player.position
    around = [(dx, dy) for dx in range(-6, 7) for dy in range(-5, 6) if (dx, dy) != (0, 0)]
    for number, offset in enumerate(around):
        cell = here + offset
        if state.contains(cell):
            state.set_material(*cell, Material(int(random.integers(len(Material)))))
            if random.random() < share:
                kind, fields = KINDS[number % len(KINDS)]
                state.create_object(kind, cell, **fields)
    return state


@functools.cache
def walks() -> tuple[WorldState, ...]:
    """States of random lives, a few steps apart, with what was carried changed at random."""
    random = np.random.default_rng(0)
    seen = []
    for key in range(6):
        state = initial_state(draws=KeyedDraws(key))
        for step in range(50):
            state, _ = transition(state, ACTION_SLUGS[random.integers(len(ACTION_SLUGS))])
            if step % 5 == 4:
                seen.append(state.copy())
                for item in ITEMS[1:]:
                    setattr(seen[-1].player.inventory, item, int(random.integers(10)))
    return tuple(seen)


@functools.cache
def made() -> tuple[WorldState, ...]:
    """Corners and edges, night, sleep, death, crowds."""
    places = [(0, 0), (63, 0), (0, 63), (63, 63), (0, 30), (63, 31), (29, 0), (28, 63), (2, 61)]
    states = [
        keyed(crowded(meadow(at=at, facing=DIRECTIONS[n % 4], step=40 * n), 0.2, n))
        for n, at in enumerate(places)
    ]
    states += [
        keyed(crowded(meadow(step=step), 0.15))
        for step in (149, 160, 170, 190, 210, 230, 250, 299, 300)
    ]
    states += [keyed(crowded(meadow(step=s, sleeping=True), 0.3)) for s in (0, 60, 199, 12345)]
    states += [keyed(crowded(meadow(facing=way), 0.9, seed=7)) for way in DIRECTIONS]
    return (*states, keyed(meadow(health=0)), keyed(meadow()))


def all_states() -> tuple[WorldState, ...]:
    return walks() + made()


def params_of(mode: Any, state: WorldState, **fields: Any) -> StepperParams:
    return StepperParams(CrafterParams(area=state.size, view=state.view, obs=mode, **fields))


def batch_of(states: tuple[WorldState, ...], params: StepperParams) -> StepperState:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *(to_arrays(s, params) for s in states))


def assert_equal(ours: Any, expected: Any) -> None:
    """Keys, shapes, types and values."""
    assert jax.tree.structure(ours) == jax.tree.structure(expected)
    for mine, other in zip(jax.tree.leaves(ours), jax.tree.leaves(expected), strict=True):
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
        np.testing.assert_array_equal(mine, other)


@functools.cache
def seen_by_all(mode: Any) -> Any:
    """What the batch of all states shows, computed at once."""
    states = all_states()
    params = params_of(mode, states[0])
    batched = jax.jit(jax.vmap(lambda state: observe(state, params)))
    return jax.tree.map(np.asarray, batched(batch_of(states, params)))


def pick(tree: Any, index: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[index], tree)


def test_states_are_many_and_varied() -> None:
    states = all_states()
    assert len(states) >= 60
    assert sum(state.daylight < 0.5 for state in states) >= 10
    assert any(state.player.health == 0 for state in states)
    tables = seen_by_all("entities")
    assert (tables["objects_mask"].sum(axis=1) == 16).any()
    assert (tables["objects_mask"].sum(axis=1) == 0).any()
    assert tables["objects"][..., 1:7].any(axis=(0, 1)).all()  # every kind but the player


@pytest.mark.parametrize("mode", EXACT_MODES)
def test_arrays_show_what_the_objects_show(mode: Any) -> None:
    for index, state in enumerate(all_states()):
        params = params_of(mode, state)
        back = from_arrays(to_arrays(state, params), params)
        assert_equal(pick(seen_by_all(mode), index), of_objects.observe(back, params.world))


@pytest.mark.parametrize("mode", MODES)
def test_every_observation_lies_in_its_space(mode: Any) -> None:
    states = all_states()
    space = of_objects.space(params_of(mode, states[0]).world)
    assert all(space.contains(pick(seen_by_all(mode), i)) for i in range(len(states)))


@pytest.mark.parametrize("mode", MODES)
def test_batch_shows_what_each_world_shows_alone(mode: Any) -> None:
    states = all_states()
    params = params_of(mode, states[0])
    alone = jax.jit(lambda state: observe(state, params))
    for index in range(0, len(states), 5):
        shown = alone(jax.tree.map(jnp.asarray, to_arrays(states[index], params)))
        if mode == "pixels":  # a loop over pixels may be rounded differently in a batch
            assert _steps(shown, pick(seen_by_all(mode), index)).max() <= 1
        else:
            assert_equal(jax.tree.map(np.asarray, shown), pick(seen_by_all(mode), index))


ODD_WORLDS = (
    ((9, 9), (9, 9), (0, 8)),
    ((9, 9), (9, 9), (4, 4)),
    ((5, 4), (9, 9), (2, 0)),
    ((40, 13), (7, 11), (39, 12)),
    ((13, 40), (16, 5), (6, 20)),
    ((30, 30), (6, 4), (15, 15)),
)


@pytest.mark.parametrize(
    ("mode", "area", "view", "at"),
    [
        (mode, *world)
        for mode in EXACT_MODES
        for world in ODD_WORLDS
        if mode != "classic1345" or world[1] == (9, 9)
    ],
)
def test_odd_areas_and_views_show_the_same(
    mode: Any, area: tuple[int, int], view: tuple[int, int], at: tuple[int, int]
) -> None:
    state = keyed(crowded(meadow(size=area, at=at, step=200), 0.3), view)
    params = params_of(mode, state)
    shown = jax.jit(lambda state: observe(state, params))(to_arrays(state, params))
    assert_equal(jax.tree.map(np.asarray, shown), of_objects.observe(state, params.world))


def test_mode_of_no_fixed_size_is_refused() -> None:
    state = keyed(meadow())
    params = params_of("oo", state)
    with pytest.raises(ValueError, match="object engine"):
        observe(batch_of((state,), params), params)


def test_slots_that_were_left_are_not_seen() -> None:
    state = keyed(crowded(meadow(), 0.5))
    params = params_of("entities", state)
    arrays = to_arrays(state, params)
    gone = 1 + int(np.argmin(np.abs(arrays.objects.x[1:20] - 32)))
    arrays.occupant[arrays.objects.x[gone], arrays.objects.y[gone]] = 0
    for column in jax.tree.leaves(arrays.objects):
        column[gone] = 0
    shown = jax.jit(lambda state: observe(state, params))(arrays)
    expected = of_objects.observe(from_arrays(arrays, params), params.world)
    assert_equal(jax.tree.map(np.asarray, shown), expected)


# Light


def test_daylight_of_the_table_is_that_of_the_step() -> None:
    steps = np.arange(20_001, dtype=np.int32)
    expected = np.array([daylight_at(step) for step in steps.tolist()], np.float32)
    np.testing.assert_array_equal(jax.vmap(daylight)(jnp.asarray(steps)), expected)


# Pictures


def _steps(ours: Any, expected: Any) -> np.ndarray:
    return np.abs(np.asarray(ours).astype(int) - np.asarray(expected).astype(int))


def test_picture_is_that_of_the_objects_but_for_rounding() -> None:
    states = all_states()
    differences = np.stack(
        [
            _steps(shown, render(state))
            for shown, state in zip(seen_by_all("pixels"), states, strict=True)
        ]
    )
    assert differences.max() <= 1
    assert (differences > 0).mean() < 0.001


@pytest.mark.parametrize(
    ("view", "size"),
    [((9, 9), (98, 95)), ((9, 9), (90, 180)), ((7, 11), (50, 80)), ((6, 4), (6, 4))],
)
@pytest.mark.parametrize("step", [0, 210])
def test_picture_of_any_size_is_that_of_the_objects(
    view: tuple[int, int], size: tuple[int, int], step: int
) -> None:
    state = keyed(crowded(meadow(at=(3, 60), step=step, iron=9), 0.3), view)
    params = params_of("pixels", state, size=size)
    shown = jax.jit(lambda state: observe(state, params))(to_arrays(state, params))
    assert shown.shape == (size[1], size[0], 3)
    assert _steps(shown, render(state, size)).max() <= 1


def test_picture_smaller_than_the_view_is_refused() -> None:
    state = keyed(meadow())
    params = params_of("pixels", state, size=(8, 64))
    with pytest.raises(ValueError, match="at least one pixel"):
        observe(batch_of((state,), params), params)
