"""Worlds of the array stepper: those of the object engine, but for rounding in 32 bits."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Bool, UInt32

from envs.crafter_oo import engine
from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.noise import Simplex
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.stepper.convert import to_arrays
from envs.crafter_oo.stepper.noise import lattice_of, noise, permutations
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.stepper.worldgen import MOST_AT_A_TIME, initial_state
from envs.crafter_oo.worldgen import (
    COAL_SEAMS,
    LANDSCAPE,
    NUM_SIMPLEX_SEEDS,
    SIMPLEX_SEED_SLOT,
    STEEP_TUNNELS,
    WOODS,
    cells_of,
)

MOST_DIFFERING = 6  # cells of 60 worlds; about 1 is to be expected
AREAS = ((1, 1), (1, 7), (9, 9), (37, 20), (100, 3))
STANDARD = StepperParams(max_objects=255)
SMALL = StepperParams(CrafterParams(area=(16, 12)))
SEEDS = np.array([0, 1, 2**31 - 2, 2**32 - 1, *range(42, 88)], dtype=np.uint32)


pytestmark = pytest.mark.usefixtures("quick_compilation")


@functools.cache
def _many(params: StepperParams) -> Callable[[Any], StepperState]:
    return jax.jit(jax.vmap(functools.partial(initial_state, params=params)))


@functools.cache
def _one(params: StepperParams) -> Callable[[Any], StepperState]:
    return jax.jit(functools.partial(initial_state, params=params))


def _keys(number: int, seed: int = 0) -> UInt32[np.ndarray, "number 2"]:
    return np.random.default_rng(seed).integers(0, 2**32, (number, 2), dtype=np.uint32)


@functools.cache
def _standard_worlds() -> tuple[UInt32[np.ndarray, "worlds 2"], StepperState]:
    keys = _keys(60)
    return keys, jax.tree.map(np.asarray, _many(STANDARD)(keys))


def _world(states: StepperState, index: int) -> StepperState:
    world: StepperState = jax.tree.map(lambda leaf: np.asarray(leaf)[index], states)
    return world


def _reference(key: UInt32[np.ndarray, "2"], params: StepperParams) -> StepperState:
    draws = KeyedDraws(int(key[0]) << 32 | int(key[1]))
    state = engine.initial_state(params.world.area, params.world.view, draws=draws)
    return to_arrays(state, params)


def _differing(first: StepperState, second: StepperState) -> Bool[np.ndarray, "width height"]:
    """Cells with another material, or with a creature in one of two worlds only."""
    stands = [np.asarray(state.occupant) > 0 for state in (first, second)]
    materials = [np.asarray(state.materials) for state in (first, second)]
    differs: Bool[np.ndarray, "width height"] = (materials[0] != materials[1]) | (
        stands[0] != stands[1]
    )
    return differs


def _assert_equal(first: StepperState, second: StepperState) -> None:
    pairs = zip(jax.tree_util.tree_leaves_with_path(first), jax.tree.leaves(second), strict=True)
    for (path, one), other in pairs:
        assert one.dtype == other.dtype, path
        np.testing.assert_array_equal(one, other, err_msg=jax.tree_util.keystr(path))


def test_60_worlds_are_those_of_the_object_engine_but_for_a_few_cells() -> None:
    keys, states = _standard_worlds()
    num_differing = 0
    for index, key in enumerate(keys):
        world, reference = _world(states, index), _reference(key, STANDARD)
        differing = _differing(world, reference).sum()
        num_differing += differing
        if not differing:
            _assert_equal(world, reference)
    assert num_differing <= MOST_DIFFERING


@pytest.mark.parametrize("area", AREAS)
def test_worlds_of_any_area_are_those_of_the_object_engine(area: tuple[int, int]) -> None:
    params = StepperParams(CrafterParams(area=area, view=(7, 8)), max_objects=255)
    keys = _keys(5)
    states = _many(params)(keys)
    for index, key in enumerate(keys):
        _assert_equal(_world(states, index), _reference(key, params))


def test_a_batch_in_several_parts_is_a_loop_over_its_worlds() -> None:
    keys = _keys(2 * MOST_AT_A_TIME + 6)
    states = _many(SMALL)(keys)
    for index, key in enumerate(keys):
        _assert_equal(_world(states, index), _one(SMALL)(key))


def test_vmap_of_vmap_gives_the_same_worlds() -> None:
    keys = _keys(6)
    nested = jax.vmap(jax.vmap(functools.partial(initial_state, params=SMALL)))
    states = jax.jit(nested)(keys.reshape(2, 3, 2))
    flat = jax.tree.map(lambda leaf: leaf.reshape(6, *leaf.shape[2:]), states)
    _assert_equal(flat, _many(SMALL)(keys))


def test_jit_changes_nothing() -> None:
    key = jnp.array(_keys(1)[0])
    _assert_equal(initial_state(key, SMALL), _one(SMALL)(key))


def test_creatures_without_a_slot_are_left_out_and_counted() -> None:
    keys, states = _standard_worlds()
    full = jax.tree.map(lambda leaf: leaf[:4], states)
    short = _many(StepperParams(max_objects=8))(keys[:4])
    assert (full.num_slots > 8).all()
    np.testing.assert_array_equal(full.overflow, 0)
    np.testing.assert_array_equal(short.overflow, full.num_slots - 8)
    np.testing.assert_array_equal(short.num_slots, 8)
    np.testing.assert_array_equal(short.next_id, 8)
    np.testing.assert_array_equal(short.materials, full.materials)
    np.testing.assert_array_equal(
        short.occupant, np.where(full.occupant <= 8, full.occupant, np.uint8(0))
    )
    pairs = zip(jax.tree.leaves(short.objects), jax.tree.leaves(full.objects), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one, other[:, :8])


def test_chunks_without_an_object_are_not_created() -> None:
    state = _world(_many(StepperParams(max_objects=8))(_keys(60)[:4]), 0)
    chunks = state.objects.x // 12 * 6 + state.objects.y // 12
    in_order = list(dict.fromkeys(chunks.tolist()))
    assert state.chunk_rank[in_order].tolist() == list(range(len(in_order)))
    assert (state.chunk_rank >= 0).sum() == len(in_order)


def test_permutations_are_those_of_the_reference() -> None:
    tables = np.asarray(jax.jit(permutations)(SEEDS))
    for seed, table in zip(SEEDS.tolist(), tables.T, strict=True):
        np.testing.assert_array_equal(table, Simplex.from_seed(seed).perm, err_msg=f"{seed=}")


def test_every_draw_gives_the_seed_of_the_reference() -> None:
    k = np.arange(2**24)
    seeds = (k / 2**24 * NUM_SIMPLEX_SEEDS).astype(np.int64)
    np.testing.assert_array_equal(seeds, np.maximum(128 * k - 1, 0))
    draws = KeyedDraws(5)
    bits = int(draws.uniform(0, SIMPLEX_SEED_SLOT) * 2**24)
    assert draws.integer(0, SIMPLEX_SEED_SLOT, NUM_SIMPLEX_SEEDS) == seeds[bits]


@pytest.mark.parametrize("layer", [LANDSCAPE[0], STEEP_TUNNELS, WOODS])
def test_noise_is_that_of_the_reference_to_seven_digits(layer: Any) -> None:
    points = layer.points(*cells_of((20, 30))[:2])
    values = jax.jit(lambda perm: noise(perm, lattice_of(points)))(permutations(jnp.array(SEEDS)))
    for seed, column in zip(SEEDS.tolist(), np.asarray(values).T, strict=True):
        expected = Simplex.from_seed(seed).noise3(*points)
        np.testing.assert_allclose(column, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("layer", [COAL_SEAMS, WOODS])
def test_signs_at_lattice_points_are_those_of_the_reference(layer: Any) -> None:
    x, y, _ = cells_of((64, 64))
    points = layer.points(x, y)
    values = jax.jit(lambda perm: noise(perm, lattice_of(points)))(permutations(jnp.array(SEEDS)))
    num_zeros = 0
    for seed, column in zip(SEEDS.tolist(), np.asarray(values).T, strict=True):
        expected = Simplex.from_seed(seed).noise3(*points)
        is_zero = (expected != 0) & (np.abs(expected) < 1e-30)
        num_zeros += is_zero.sum()
        np.testing.assert_array_equal(column[is_zero] > 0, expected[is_zero] > 0)
    assert num_zeros > 100
