"""The state of a new world, from the material of its cells and the creatures on them.

The axis of the worlds is the last one, but in the state. Cells are numbered x * height + y.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Int16, Int32, UInt8, UInt32

from envs.crafter_oo.state import (
    CHUNK_SIZE,
    DIRECTIONS,
    DOWN,
)
from envs.crafter_oo.stepper.batching import WORD
from envs.crafter_oo.stepper.board import pick
from envs.crafter_oo.stepper.lookup import FIRST_HEALTH
from envs.crafter_oo.stepper.state import EMPTY, PLAYER, Objects, StepperParams, StepperState
from envs.crafter_oo.tables import ACHIEVEMENTS, ITEMS, MAX_ITEM, VITALS, Action

Materials = UInt8[Array, "cells worlds"]
Kinds = UInt8[Array, "cells worlds"]  # of the creature on a cell: EMPTY, COW, ZOMBIE or SKELETON


def populated(
    keys: UInt32[Array, "worlds 2"], materials: Materials, creatures: Kinds, params: StepperParams
) -> StepperState:
    """The states of worlds with given ground and creatures, with the player in the middle."""
    width, height = params.world.area
    middle = width // 2 * height + height // 2
    words, before, num_creatures = _counted(creatures != EMPTY)
    slots = jnp.arange(params.max_objects, dtype=jnp.uint32)[:, None]
    cells = _cells_of_slots(words, before, slots).at[0].set(middle)
    kinds = jnp.take_along_axis(creatures, cells, axis=0, mode="clip").at[0].set(PLAYER)
    kinds = jnp.where(slots <= num_creatures[None], kinds, jnp.uint8(EMPTY))

    lower_bits = np.uint32(2) ** np.arange(WORD, dtype=np.uint32)[None, :, None] - 1
    rank = before[:, None] + lax.population_count(words[:, None] & lower_bits)
    slot = 1 + rank.reshape(-1, len(keys))[: len(creatures)]
    is_placed = (creatures != EMPTY) & (slot < params.max_objects)
    occupant = jnp.where(is_placed, slot + 1, 0).at[middle].set(1).astype(jnp.uint8)

    state = jax.vmap(functools.partial(_state, params), in_axes=(0, -1, -1, -1, -1, -1, -1))
    chunk_rank = _chunk_ranks(kinds, cells, params)
    states: StepperState = state(
        keys, materials, occupant, kinds, cells, chunk_rank, num_creatures.astype(jnp.int32)
    )
    return states


def _state(
    params: StepperParams,
    key: UInt32[Array, "2"],
    materials: UInt8[Array, " area"],
    occupant: UInt8[Array, " area"],
    kinds: UInt8[Array, " slots"],
    cells: Int32[Array, " slots"],
    chunk_rank: Int16[Array, " chunks"],
    num_creatures: Int32[Array, ""],
) -> StepperState:
    """The state of one world, whose slots hold objects of given kinds on given cells."""
    num_slots = jnp.minimum(num_creatures + 1, params.max_objects)
    return StepperState(
        materials=materials.reshape(params.world.area),
        occupant=occupant.reshape(params.world.area),
        objects=_objects(kinds, cells, params.world.area[1]),
        num_slots=num_slots,
        next_id=num_slots,
        chunk_rank=chunk_rank,
        action=jnp.int32(Action.NOOP),
        sleeping=jnp.array(False),
        hunger=jnp.float32(0),
        thirst=jnp.float32(0),
        fatigue=jnp.float32(0),
        recover=jnp.float32(0),
        last_health=jnp.int32(MAX_ITEM),
        inventory=jnp.array([MAX_ITEM if item in VITALS else 0 for item in ITEMS], jnp.int32),
        achievements=jnp.zeros(len(ACHIEVEMENTS), jnp.int32),
        step_count=jnp.int32(0),
        key=key,
        overflow=num_creatures + 1 - num_slots,
    )


def _objects(kinds: UInt8[Array, " slots"], cells: Int32[Array, " slots"], height: int) -> Objects:
    is_used = kinds != EMPTY
    health = pick(FIRST_HEALTH, kinds).astype(jnp.int16).at[0].set(MAX_ITEM)  # the player's
    return Objects(
        kind=kinds.astype(jnp.int8),
        x=jnp.where(is_used, cells // height, 0).astype(jnp.int16),
        y=jnp.where(is_used, cells % height, 0).astype(jnp.int16),
        health=health,
        timer=jnp.zeros(len(kinds), jnp.int32),
        facing=jnp.where(kinds == PLAYER, DIRECTIONS.index(DOWN), 0).astype(jnp.int8),
        entity_id=jnp.where(is_used, jnp.arange(len(kinds), dtype=jnp.int32), 0),
    )


def _counted(
    flags: Bool[Array, "cells worlds"],
) -> tuple[UInt32[Array, "words worlds"], UInt32[Array, "words worlds"], UInt32[Array, " worlds"]]:
    """The flags as bits of words, lowest first; how many are set before each word; and in all."""
    num_words = math.ceil(len(flags) / WORD)
    bits = jnp.pad(flags, ((0, num_words * WORD - len(flags)), (0, 0))).astype(jnp.uint32)
    bits = bits.reshape(num_words, WORD, -1) << np.arange(WORD, dtype=np.uint32)[None, :, None]
    words = bits.sum(axis=1, dtype=jnp.uint32)
    counts = lax.population_count(words)
    total = jnp.cumsum(counts, axis=0)
    return words, total - counts, total[-1]


def _cells_of_slots(
    words: UInt32[Array, "words worlds"],
    before: UInt32[Array, "words worlds"],
    slots: UInt32[Array, "slots 1"],
) -> Int32[Array, "slots worlds"]:
    """The cell of slot n is that of the n-th flag that is set; slots beyond the last have any.

    First a binary search for the word, the last with fewer than n flags before it, then one for
    the bit.
    """
    word = jnp.zeros((len(slots), words.shape[1]), jnp.int32)
    for power in reversed(range((len(words) - 1).bit_length())):
        further = word + 2**power
        fewer = jnp.take_along_axis(before, further, axis=0, mode="clip") < slots
        word = jnp.where(fewer & (further < len(words)), further, word)
    rank = slots - 1 - jnp.take_along_axis(before, word, axis=0, mode="promise_in_bounds")
    bits = jnp.take_along_axis(words, word, axis=0, mode="promise_in_bounds")
    cells = WORD * word
    for width in (16, 8, 4, 2, 1):
        lower = lax.population_count(bits & (2**width - 1))
        is_higher = rank >= lower
        cells = cells + jnp.where(is_higher, width, 0)
        rank = jnp.where(is_higher, rank - lower, rank)
        bits = jnp.where(is_higher, bits >> width, bits)
    return cells


def _chunk_ranks(
    kinds: UInt8[Array, "slots worlds"], cells: Int32[Array, "slots worlds"], params: StepperParams
) -> Int16[Array, "chunks worlds"]:
    """Chunks are created when their first object is, so in the order of their first slots."""
    columns, rows = params.chunk_grid
    height = params.world.area[1]
    chunk = cells // height // CHUNK_SIZE[0] * rows + cells % height // CHUNK_SIZE[1]
    chunk = jnp.where(kinds != EMPTY, chunk, -1)
    chunks = np.arange(columns * rows, dtype=np.int32)[:, None, None]
    slots = np.arange(params.max_objects, dtype=np.int16)[None, :, None]
    first = jnp.where(chunk[None] == chunks, slots, np.int16(params.max_objects)).min(axis=1)
    rank = (first[None] < first[:, None]).sum(axis=1, dtype=jnp.int16)
    return jnp.where(first < params.max_objects, rank, -1)
