"""What the agent observes of the arrays: equal to `envs.crafter_oo.observe`, mode by mode.

The layouts are described there. Maps are indexed [row, column] here until the last moment.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int8, Int32, UInt8, UInt32

from envs.crafter_oo.observe import (
    CLASSIC_BLOCKS,
    CLASSIC_ITEMS,
    CLASSIC_MOBS,
    CLASSIC_PLANT,
    CLASSIC_SCALE,
    MAX_TIMER,
    NUM_CHANNELS,
    NUM_CLASSIC_BLOCKS,
    NUM_CLASSIC_CHANNELS,
    NUM_OBJECTS,
)
from envs.crafter_oo.params import Observation
from envs.crafter_oo.state import DIRECTIONS
from envs.crafter_oo.stepper.board import pick
from envs.crafter_oo.stepper.pixels import daylight, pixels, standing, window
from envs.crafter_oo.stepper.state import (
    ARROW,
    FENCE,
    PLANT,
    PLAYER,
    StepperParams,
    StepperState,
)
from envs.crafter_oo.tables import (
    FIRST_OBJECT_ID,
    ITEMS,
    MAX_ITEM,
    OBJECT_KINDS,
    RIPE_AFTER,
    Material,
)

RIPE: Final = FENCE + 1  # what a cell with a ripe plant shows in the mode `classic1345`
_NOBODY: Final = np.int32(2**31 - 1)  # sorts behind every object


def observe(state: StepperState, params: StepperParams) -> Any:
    """What the agent sees of a state, in the mode `params.world.obs`.

    Raises:
        ValueError: the mode is `oo`, which has as many entries as there are objects.
    """
    mode = params.world.obs
    if mode not in _MODES:
        raise ValueError(
            f"obs={mode!r} has no fixed size, so the stepper cannot give it: use the object "
            'engine, by gymnasium.make or by make_vec with vectorization_mode="sync", or another '
            f"mode: {', '.join(_MODES)}"
        )
    return _MODES[mode](state, params)


def entities(state: StepperState, params: StepperParams) -> dict[str, Array]:
    """The window and the nearest objects in it, as arrays of fixed size."""
    materials, occupant = window(state, params)
    objects, mask = _nearest(state, occupant)
    return {
        "daylight": daylight(state.step_count)[None],
        "facing": pick(np.array(DIRECTIONS, np.int8), state.objects.facing[0]),
        "inventory": _counts(state).astype(jnp.uint8),
        "materials": materials.T,
        "objects": objects,
        "objects_mask": mask,
        "sleeping": state.sleeping[None].astype(jnp.uint8),
    }


def semantic(state: StepperState, params: StepperParams) -> UInt8[Array, "width height"]:
    """The whole area, objects over materials."""
    del params
    kinds = standing(state.objects.kind, state.occupant).astype(jnp.uint8)
    first = jnp.uint8(FIRST_OBJECT_ID - PLAYER)
    return jnp.where(kinds > 0, first + kinds, state.materials)


def symbolic(state: StepperState, params: StepperParams) -> Float32[Array, " features"]:
    """The window as one-hot cells, then what the player has."""
    materials, occupant = window(state, params)
    kinds = standing(state.objects.kind, occupant)
    cells = _channels(_symbolic_words(), kinds, materials, NUM_CHANNELS)
    return jnp.concatenate([cells, pick(_shares(MAX_ITEM), _counts(state)), _condition(state)])


def classic(state: StepperState, params: StepperParams) -> Float32[Array, " features"]:
    """The layout of Craftax-Classic."""
    materials, occupant = window(state, params)
    objects = state.objects
    is_ripe = (objects.kind == PLANT) & (objects.timer > RIPE_AFTER)
    shown = standing(jnp.where(is_ripe, jnp.int8(RIPE), objects.kind), occupant)
    cells = _channels(_classic_words(), shown, materials, NUM_CLASSIC_CHANNELS)
    order = np.array([ITEMS.index(item) for item in CLASSIC_ITEMS])
    items = pick(_shares(CLASSIC_SCALE), pick(_counts(state), order))
    return jnp.concatenate([cells, items, _condition(state)])


def _nearest(
    state: StepperState, occupant: UInt8[Array, "rows columns"]
) -> tuple[Float32[Array, "objects features"], UInt8[Array, " objects"]]:
    """The table of objects of the mode `entities`, and which of its rows are in use."""
    rows, columns = occupant.shape
    down, right = np.abs(np.arange(rows) - rows // 2), np.abs(np.arange(columns) - columns // 2)
    distance = (down[:, None] + right[None, :]).astype(np.int32)
    is_object = occupant > 1  # 1 is the player
    order = jnp.where(is_object, 256 * distance + occupant.astype(jnp.int32), _NOBODY)
    enough = jnp.pad(order.reshape(-1), (0, NUM_OBJECTS), constant_values=_NOBODY)
    nearest = jnp.sort(enough)[:NUM_OBJECTS]
    is_used = nearest < _NOBODY
    table = _rows(state, jnp.where(is_used, nearest % 256 - 1, 0))
    return jnp.where(is_used[:, None], table, 0), is_used.astype(jnp.uint8)


def _rows(
    state: StepperState, slots: Int32[Array, " objects"]
) -> Float32[Array, "objects features"]:
    objects = state.objects
    kind, timer = pick(objects.kind, slots), pick(objects.timer, slots)
    facing = pick(np.array(DIRECTIONS, np.int16), pick(objects.facing, slots))
    is_kind = kind[:, None] == jnp.arange(PLAYER, PLAYER + len(OBJECT_KINDS), dtype=jnp.int8)[None]
    columns = [
        pick(objects.x, slots) - objects.x[0],
        pick(objects.y, slots) - objects.y[0],
        jnp.minimum(pick(objects.health, slots), jnp.int16(MAX_ITEM)),
        jnp.where(kind == PLANT, jnp.minimum(timer, MAX_TIMER), timer),
        jnp.where(kind == ARROW, facing[:, 0], 0),
        jnp.where(kind == ARROW, facing[:, 1], 0),
    ]
    numbers = jnp.stack([column.astype(jnp.float32) for column in columns], axis=1)
    return jnp.concatenate([is_kind.astype(jnp.float32), numbers], axis=1)


def _channels(
    words: UInt32[np.ndarray, "kinds materials"],
    kinds: Int8[Array, "rows columns"],
    materials: UInt8[Array, "rows columns"],
    num_channels: int,
) -> Float32[Array, " features"]:
    """Cells in channels of 0 and 1, row by row; bit c of a cell's word is its channel c.

    The bits of all cells are laid into one string of 32-bit numbers first: compilers write 32
    channels at a time several times as fast as 20 or 21.
    """
    cells = jnp.asarray(words).at[kinds, materials].get(mode="promise_in_bounds").reshape(-1)
    left, right, sources = _bit_string(cells.size, num_channels)
    pieces = ((cells[None, :] << left) >> right).reshape(-1)
    string = pick(jnp.pad(pieces, (0, 1)), sources).sum(axis=1, dtype=jnp.uint32)
    bits = (string[:, None] >> jnp.arange(32, dtype=jnp.uint32)[None, :]) & 1
    return bits.astype(jnp.float32).reshape(-1)[: cells.size * num_channels]


def _bit_string(
    num_cells: int, num_bits: int
) -> tuple[
    UInt32[np.ndarray, "2 cells"], UInt32[np.ndarray, "2 cells"], Int32[np.ndarray, "numbers parts"]
]:
    """How to lay the lowest bits of each cell, at most 32, end to end in 32-bit numbers.

    Returns:
        How far to shift each cell to the left and to the right for the number in which it begins,
        and for the next one; which of these pieces make up each number, `2 * num_cells` for none.
    """
    number, start = np.divmod(num_bits * np.arange(num_cells), 32)
    left = np.stack([start, 0 * start]).astype(np.uint32)
    right = np.stack([0 * start, 32 - start]).astype(np.uint32)  # 32 leaves nothing
    owners = np.concatenate([number, number + 1])
    parts = [np.flatnonzero(owners == k).tolist() for k in range(-(-num_cells * num_bits // 32))]
    longest = max(len(part) for part in parts)
    rows = [part + [2 * num_cells] * (longest - len(part)) for part in parts]
    return left, right, np.array(rows, np.int32)


@lru_cache(maxsize=1)
def _symbolic_words() -> UInt32[np.ndarray, "kinds materials"]:
    """Bit c: channel c of a cell in the mode `symbolic`."""
    outside = len(Material) - 1
    channel = np.array([material - 1 if material else outside for material in Material])
    words = np.tile(1 << channel, (FENCE + 1, 1))
    for kind in range(PLAYER, FENCE + 1):
        words[kind] |= 1 << (FIRST_OBJECT_ID + kind - PLAYER)
    return words.astype(np.uint32)


@lru_cache(maxsize=1)
def _classic_words() -> UInt32[np.ndarray, "kinds materials"]:
    """Bit c: channel c of a cell in the mode `classic1345`."""
    words = np.tile(1 << np.array(CLASSIC_BLOCKS), (RIPE + 1, 1))
    for channel, kind in enumerate(CLASSIC_MOBS, start=NUM_CLASSIC_BLOCKS):
        words[PLAYER + OBJECT_KINDS.index(kind)] |= 1 << channel
    words[PLANT], words[RIPE] = 1 << CLASSIC_PLANT, 1 << (CLASSIC_PLANT + 1)
    return words.astype(np.uint32)


def _counts(state: StepperState) -> Int32[Array, " items"]:
    return jnp.clip(state.inventory, 0, MAX_ITEM)


@lru_cache(maxsize=2)
def _shares(whole: int) -> Float32[np.ndarray, " counts"]:
    """Counts over `whole`, as numpy divides; a compiler might multiply by the inverse instead."""
    return np.arange(MAX_ITEM + 1, dtype=np.float32) / np.float32(whole)


def _condition(state: StepperState) -> Float32[Array, "6"]:
    """Direction of the player, one-hot; daylight; asleep."""
    facing = state.objects.facing[:1] == jnp.arange(len(DIRECTIONS), dtype=jnp.int8)
    light = daylight(state.step_count)[None]
    return jnp.concatenate(
        [facing.astype(jnp.float32), light, state.sleeping[None]], dtype=jnp.float32
    )


_MODES: Final[dict[Observation, Callable[[StepperState, StepperParams], Any]]] = {
    "classic1345": classic,
    "entities": entities,
    "pixels": pixels,
    "semantic": semantic,
    "symbolic": symbolic,
}
