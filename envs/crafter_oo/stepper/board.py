"""Looking at a cell of the arrays, and putting things on it.

Coordinates are int32 scalars that may lie outside the area; what is written there is dropped.
"""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32, Shaped

from envs.crafter_oo.state import CHUNK_SIZE
from envs.crafter_oo.stepper.lookup import FIRST_HEALTH
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.tables import Material

Scalar = Int32[Array, ""]
Flag = Bool[Array, ""]


class Cell(NamedTuple):
    """What there is at one place."""

    x: Scalar
    y: Scalar
    material: Scalar  # NONE outside the area
    occupant: Scalar  # 1 + slot, 0: nobody


def look(state: StepperState, x: Scalar, y: Scalar) -> Cell:
    """Material and occupant of a cell."""
    width, height = state.materials.shape
    is_inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    at = (jnp.clip(x, 0, width - 1), jnp.clip(y, 0, height - 1))
    material = state.materials.at[at].get(mode="promise_in_bounds").astype(jnp.int32)
    occupant = state.occupant.at[at].get(mode="promise_in_bounds").astype(jnp.int32)
    outside = jnp.int32(Material.NONE)
    return Cell(x, y, jnp.where(is_inside, material, outside), jnp.where(is_inside, occupant, 0))


def pick(
    table: Shaped[Array | np.ndarray, "..."], index: Shaped[Array | np.ndarray, "..."]
) -> Array:
    """Entries of a table by their first index, which must be within it."""
    return jnp.asarray(table).at[index].get(mode="promise_in_bounds")


def is_one_of(material: Scalar, flags: Bool[np.ndarray, " materials"]) -> Flag:
    """Whether a material is in a set, given as a flag per material."""
    bits = int(np.packbits(flags, bitorder="little").view(np.uint16)[0])
    is_in: Flag = (jnp.uint32(bits) >> material.astype(jnp.uint32)) & 1 == 1
    return is_in


def chunk_of(
    x: Int32[Array, "*cells"], y: Int32[Array, "*cells"], params: StepperParams
) -> Int32[Array, "*cells"]:
    """Number of a cell's chunk, x-major."""
    return x // CHUNK_SIZE[0] * params.chunk_grid[1] + y // CHUNK_SIZE[1]


def enter(
    state: StepperState, x: Scalar, y: Scalar, params: StepperParams, when: Flag
) -> StepperState:
    """Create the chunk of a cell that something steps on, if it is the first to do so."""
    rank = state.chunk_rank
    chunk = chunk_of(x, y, params)
    is_new = when & (rank.at[chunk].get(mode="fill", fill_value=0) < 0)
    to = jnp.where(is_new, chunk, rank.shape[0])
    return dataclasses.replace(
        state, chunk_rank=rank.at[to].set(rank.max() + jnp.int16(1), mode="drop")
    )


def add(
    state: StepperState,
    kind: Scalar | int,
    x: Scalar,
    y: Scalar,
    params: StepperParams,
    when: Flag,
) -> StepperState:
    """Put a new object on a free cell; where no slot is left, count it as overflow instead."""
    objects, slots = state.objects, params.max_objects
    is_room = state.num_slots < slots
    fits = when & is_room
    to = jnp.where(fits, state.num_slots, slots)
    kind = jnp.asarray(kind, jnp.int32)
    objects = dataclasses.replace(
        objects,
        kind=objects.kind.at[to].set(kind.astype(jnp.int8), mode="drop"),
        x=objects.x.at[to].set(x.astype(jnp.int16), mode="drop"),
        y=objects.y.at[to].set(y.astype(jnp.int16), mode="drop"),
        health=objects.health.at[to].set(pick(FIRST_HEALTH, kind).astype(jnp.int16), mode="drop"),
        timer=objects.timer.at[to].set(0, mode="drop"),
        facing=objects.facing.at[to].set(0, mode="drop"),
        entity_id=objects.entity_id.at[to].set(state.next_id, mode="drop"),
    )
    width = state.occupant.shape[0]
    column = jnp.where(fits, x, width)
    one = fits.astype(jnp.int32)
    state = dataclasses.replace(
        state,
        objects=objects,
        occupant=state.occupant.at[column, y].set((to + 1).astype(jnp.uint8), mode="drop"),
        num_slots=state.num_slots + one,
        next_id=state.next_id + one,
        overflow=state.overflow + (when & ~is_room).astype(jnp.int32),
    )
    return enter(state, x, y, params, fits)
