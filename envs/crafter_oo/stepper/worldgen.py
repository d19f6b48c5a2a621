"""New worlds as arrays: those of `envs.crafter_oo.worldgen` with the same `KeyedDraws`.

The arithmetic of the noise is in 32 bits here, so a cell whose value lies within a rounding error
of a threshold may come out on the other side of it: now and then a cell has a tree or coal that it
should not have, or lacks it. `evaluation.parity` counts these cells.

Worlds are made some at a time, with the axis of the worlds last. Cells are numbered
x * height + y.
"""

import functools
import math
from collections.abc import Callable
from typing import Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float32, Int32, UInt8, UInt32

from envs.crafter_oo import worldgen as rules
from envs.crafter_oo.stepper.draws import draw
from envs.crafter_oo.stepper.noise import Lattice, Permutations, lattice_of, noise, permutations
from envs.crafter_oo.stepper.population import Kinds, Materials, populated
from envs.crafter_oo.stepper.state import (
    COW,
    EMPTY,
    SKELETON,
    ZOMBIE,
    StepperParams,
    StepperState,
)
from envs.crafter_oo.tables import Material

T = TypeVar("T")
Keys = UInt32[Array, "worlds 2"]

MOST_AT_A_TIME: Final = 32  # worlds; more would not fit into the cache

_LAYERS: Final = (
    *rules.LANDSCAPE,
    rules.CAVES,
    rules.FLAT_TUNNELS,
    rules.STEEP_TUNNELS,
    rules.COAL_SEAMS,
    rules.IRON_VEINS,
    rules.LAVA_POOLS,
    rules.BEACHES,
    rules.WOODS,
)


def initial_state(key: UInt32[Array, "2"], params: StepperParams) -> StepperState:
    """The state at the start of the episode that `KeyedDraws` with this key leads through.

    Under `jax.vmap`, worlds are made together, at a fraction of what each would cost.

    Args:
        key: high and low half of the key.
        params: of the stepper; creatures for which there is no slot are left out, and counted in
            `overflow`.
    """
    states = _batched(params)(key[None])
    state: StepperState = jax.tree.map(lambda leaf: leaf[0], states)
    return state


@functools.lru_cache(maxsize=8)
def _batched(params: StepperParams) -> Callable[[Keys], StepperState]:
    """`_generate` for keys with any number of axes under `jax.vmap`."""

    @custom_vmap
    def generate(keys: Keys) -> StepperState:
        states: StepperState = _generate(keys, params)
        return states

    @generate.def_vmap
    def _flattened(
        axis_size: int, in_batched: list[bool], keys: UInt32[Array, "batch worlds 2"]
    ) -> tuple[StepperState, StepperState]:
        del in_batched
        states = generate(keys.reshape(-1, 2))
        states = jax.tree.map(lambda leaf: leaf.reshape(axis_size, -1, *leaf.shape[1:]), states)
        return states, jax.tree.map(lambda _: True, states)

    return generate


@jax.jit
def _generate(keys: Keys, params: StepperParams) -> StepperState:
    """States of a batch of worlds, made in equal parts."""
    num_worlds = len(keys)
    num_parts = math.ceil(num_worlds / MOST_AT_A_TIME)
    size = math.ceil(num_worlds / num_parts)
    keys = jnp.pad(keys, ((0, num_parts * size - num_worlds), (0, 0)))
    parts = lax.map(lambda part: _part(part, params), keys.reshape(num_parts, size, 2))
    states: StepperState = jax.tree.map(
        lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:num_worlds], parts
    )
    return states


def _part(keys: Keys, params: StepperParams) -> StepperState:
    area = params.world.area
    perm = permutations(_simplex_seeds(keys.T))
    values = _once(perm, lambda: noise(perm, _lattice(area)))
    materials, creatures = _once(perm, lambda: _ground(keys.T, values, area))
    return populated(keys, materials, creatures, params)


def _simplex_seeds(keys: UInt32[Array, "2 worlds"]) -> UInt32[Array, " worlds"]:
    """The draw of `integer(0, SIMPLEX_SEED_SLOT, NUM_SIMPLEX_SEEDS)`.

    The floor of k / 2**24 * (2**31 - 1) = 128 * k - k / 2**24 is 128 * k - 1, but for k = 0.
    """
    by_world = jax.vmap(draw, in_axes=(1, None, None, None))
    k: Array = by_world(keys, jnp.int32(0), 0, rules.SIMPLEX_SEED_SLOT)
    return jnp.where(k > 0, 128 * k - 1, 0)


def _once(perm: Permutations, make: Callable[[], T]) -> T:
    """Compute something as it stands, and keep it.

    The compiler would otherwise compute it anew in everything that uses it. It does not look into
    a branch, and does not know that this one, on any permutation, is always taken.
    """
    shapes = jax.eval_shape(make)

    def never() -> T:
        zeros: T = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return zeros

    made: T = lax.cond(perm.any(), make, never)
    return made


def _ground(
    keys: UInt32[Array, "2 worlds"],
    values: Float32[Array, "points worlds"],
    area: tuple[int, int],
) -> tuple[Materials, Kinds]:
    """Material and creature of every cell, from the noise of all its layers."""
    layers = values.reshape(len(_LAYERS), -1, keys.shape[1])
    distance = rules.cells_of(area)[2][:, None]
    start, water, mountain = rules.landscape(distance.astype(np.float32), list(layers[:5]), jnp.exp)
    caves, flat, steep, coal, iron, lava, sand, trees = layers[5:]
    is_mountain = (start <= rules.START_LEVEL) & (mountain > rules.MOUNTAIN_LEVEL)
    is_lowland = (start <= rules.START_LEVEL) & (mountain <= rules.MOUNTAIN_LEVEL)
    is_deep = is_mountain & (mountain > rules.DEEP_LEVEL)
    is_shore = is_lowland & (water > rules.SHORE_LEVELS[0]) & (water <= rules.SHORE_LEVELS[1])
    is_cave = is_deep & (caves > rules.CAVE_LEVEL)
    is_tunnel = (flat > rules.TUNNEL_LEVEL) | (steep > rules.TUNNEL_LEVEL)
    is_tunnel = is_mountain & ~is_cave & is_tunnel
    is_solid = is_mountain & ~is_cave & ~is_tunnel
    is_sand = is_shore & (sand > rules.SAND_LEVEL)
    is_water = is_lowland & (water > rules.WATER_LEVEL) & ~is_sand
    is_land = is_lowland & ~is_water & ~is_sand
    is_grass = ~is_mountain & ~is_water & ~is_sand

    # three draws serve for all seven, since no cell needs more
    first = _draws(keys, jnp.where(is_solid, rules.COAL.slot, rules.TREE.slot))
    second = jnp.where(is_grass, rules.COW.slot, rules.SKELETON.slot)
    second = _draws(keys, jnp.where(is_solid, rules.IRON.slot, second))
    third = _draws(keys, jnp.where(is_solid, rules.DIAMOND.slot, rules.ZOMBIE.slot))

    is_coal = is_solid & (coal > 0) & _exceeds(first, rules.COAL)
    is_iron = is_solid & (iron > rules.IRON_LEVEL) & _exceeds(second, rules.IRON)
    is_diamond = is_solid & (mountain > rules.DIAMOND_LEVEL) & _exceeds(third, rules.DIAMOND)
    is_tree = is_land & (trees > 0) & _exceeds(first, rules.TREE)
    materials = _choose(
        (is_coal, Material.COAL),
        (is_iron, Material.IRON),
        (is_diamond, Material.DIAMOND),
        (is_solid & is_deep & (lava > rules.LAVA_LEVEL), Material.LAVA),
        (is_solid, Material.STONE),
        (is_mountain, Material.PATH),
        (is_sand, Material.SAND),
        (is_water, Material.WATER),
        (is_tree, Material.TREE),
        otherwise=Material.GRASS,
    )

    is_walkable = ~is_solid & ~is_water & ~is_tree
    is_cow = is_grass & ~is_tree & (distance > rules.COW_DISTANCE) & _exceeds(second, rules.COW)
    is_zombie = is_walkable & (distance > rules.ZOMBIE_DISTANCE) & _exceeds(third, rules.ZOMBIE)
    is_skeleton = is_tunnel & _exceeds(second, rules.SKELETON)
    creatures = _choose(
        (is_cow, COW), (is_zombie, ZOMBIE), (is_skeleton, SKELETON), otherwise=EMPTY
    )
    return materials, creatures


@functools.lru_cache(maxsize=8)
def _lattice(area: tuple[int, int]) -> Lattice:
    x, y, _ = rules.cells_of(area)
    return lattice_of(np.concatenate([layer.points(x, y) for layer in _LAYERS], axis=1))


def _draws(
    keys: UInt32[Array, "2 worlds"], slots: Int32[Array, "cells worlds"]
) -> UInt32[Array, "cells worlds"]:
    """The bits of one draw of each cell."""
    of_cell = jax.vmap(draw, in_axes=(1, None, None, 0))
    cells = jnp.arange(len(slots), dtype=jnp.int32)
    bits: Array = jax.vmap(of_cell, in_axes=(None, None, 0, 0))(keys, jnp.int32(0), cells, slots)
    return bits


def _exceeds(
    bits: UInt32[Array, "cells worlds"], rarity: rules.Rarity
) -> Bool[Array, "cells worlds"]:
    """Whether bits / 2**24 > threshold, exactly."""
    return bits > math.floor(rarity.threshold * 2**24)


def _choose(
    *cases: tuple[Bool[Array, "cells worlds"], int], otherwise: int
) -> UInt8[Array, "cells worlds"]:
    """The number that goes with the first case that holds."""
    chosen: Array = jnp.uint8(otherwise)
    for holds, number in reversed(cases):
        chosen = jnp.where(holds, jnp.uint8(number), chosen)
    return chosen
