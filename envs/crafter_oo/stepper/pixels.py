"""Pictures of the arrays: what `envs.crafter_oo.render` draws, from tables of its tiles.

Where 32-bit numbers round differently, a pixel may differ from that picture by one grey level.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float32, Int32, Shaped, UInt8, UInt32

from envs.crafter_oo.render import (
    FACING_NAMES,
    NIGHT_TINT,
    SLEEP_TINT,
    inventory_strip,
    local_grid,
    luma,
    material_tiles,
    night_noise,
    object_tile,
    tile_size,
    vignette,
)
from envs.crafter_oo.state import DIRECTIONS
from envs.crafter_oo.stepper.board import pick
from envs.crafter_oo.stepper.lookup import daylight_table
from envs.crafter_oo.stepper.state import ARROW, PLANT, PLAYER, StepperParams, StepperState
from envs.crafter_oo.tables import DAY_LENGTH, ITEMS, MAX_ITEM, OBJECT_KINDS, RIPE_AFTER, Material
from envs.render import Picture

_FACINGS: Final = tuple(FACING_NAMES[facing] for facing in DIRECTIONS)
_VARIANTS: Final = {
    "player": (*(f"player-{facing}" for facing in _FACINGS), "player-sleep"),
    "arrow": tuple(f"arrow-{facing}" for facing in _FACINGS),
    "plant": ("plant", "plant-ripe"),
}
_SPRITES: Final = (None, *(name for kind in OBJECT_KINDS for name in _VARIANTS.get(kind, (kind,))))
"""What can be seen on a cell: nobody, or a sprite; those of one kind stand together."""

_SHIFTS: Final = (0, 8, 16)  # of red, green and blue in a packed pixel; little-endian bytes
_ASLEEP: Final = len(_FACINGS)  # variant of the player


class Window(NamedTuple):
    """The cells around the player, which stands in row rows // 2, column columns // 2."""

    materials: UInt8[Array, "rows columns"]  # NONE outside the area
    occupant: UInt8[Array, "rows columns"]  # 1 + slot, 0: nobody


def window(state: StepperState, params: StepperParams) -> Window:
    """Cut out what the player sees of the map."""
    columns, rows = local_grid(params.world.view)
    width, height = params.world.area
    left = state.objects.x[0].astype(jnp.int32) - columns // 2
    top = state.objects.y[0].astype(jnp.int32) - rows // 2
    x = left + jnp.arange(columns, dtype=jnp.int32)[None, :]
    y = top + jnp.arange(rows, dtype=jnp.int32)[:, None]
    is_inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    cell = jnp.clip(x, 0, width - 1) * height + jnp.clip(y, 0, height - 1)
    none = jnp.uint8(Material.NONE)
    return Window(
        jnp.where(is_inside, pick(state.materials.reshape(-1), cell), none),
        jnp.where(is_inside, pick(state.occupant.reshape(-1), cell), jnp.uint8(0)),
    )


def standing(
    values: Shaped[Array, " slots"], occupant: UInt8[Array, "*cells"]
) -> Shaped[Array, "*cells"]:
    """A value of who stands on each cell; 0 where nobody does."""
    slot = jnp.maximum(occupant, 1) - jnp.uint8(1)
    return jnp.where(occupant > 0, pick(values, slot), jnp.zeros((), values.dtype))


def daylight(step_count: Int32[Array, ""]) -> Float32[Array, ""]:
    """Brightness in [0, 1] at a step; one day lasts 300 steps.

    From a table of one day: equal to `envs.crafter_oo.state.daylight_at`, rounded to 32 bits.
    """
    day: Float32[Array, ""] = pick(daylight_table(), step_count % DAY_LENGTH)
    return day


def pixels(state: StepperState, params: StepperParams) -> UInt8[Array, "height width 3"]:
    """Draw what the player sees, `params.world.size` = (width, height) pixels.

    Raises:
        ValueError: the size is smaller than the view.
    """
    width, height = params.world.size
    unit = tile_size(params.world.size, params.world.view)
    colours = jnp.concatenate([_map(state, params, unit), _strip(state, params, unit)])
    left, top = (width - colours.shape[1]) // 2, (height - colours.shape[0]) // 2
    below, right = height - top - colours.shape[0], width - left - colours.shape[1]
    return jnp.pad(colours, ((top, below), (left, right), (0, 0)))


def _map(
    state: StepperState, params: StepperParams, unit: tuple[int, int]
) -> UInt8[Array, "height width 3"]:
    """Draw the cells around the player, in the light of the hour."""
    materials, occupant = window(state, params)
    tile = _looks(state, occupant) * len(Material) + materials.astype(jnp.int32)
    words = _join(_map_tiles(unit), tile)
    shape = tile.shape[0] * unit[1], tile.shape[1] * unit[0]
    colours = _light(
        [((words >> shift) & 255).astype(jnp.float32) for shift in _SHIFTS], shape, state
    )
    return _unpacked(_packed(*(colour.astype(jnp.uint32) for colour in colours)), shape)


def _strip(
    state: StepperState, params: StepperParams, unit: tuple[int, int]
) -> UInt8[Array, "height width 3"]:
    """Draw the items the player has."""
    columns = params.world.view[0]
    rows = -(-len(ITEMS) // columns)
    counts = jnp.clip(state.inventory, 0, MAX_ITEM)
    tile = jnp.arange(len(ITEMS), dtype=jnp.int32) * (MAX_ITEM + 1) + counts
    blank = rows * columns - len(ITEMS)  # shown by tile 0, no health: as black as any
    tile = jnp.pad(tile, (0, blank)).reshape(rows, columns)
    return _unpacked(_join(_item_tiles(columns, unit), tile), (rows * unit[1], columns * unit[0]))


def _looks(
    state: StepperState, occupant: UInt8[Array, "rows columns"]
) -> Int32[Array, "rows columns"]:
    """Index in `_SPRITES` of what is seen on each cell."""
    objects = state.objects
    player = jnp.where(state.sleeping, jnp.int8(_ASLEEP), objects.facing)
    variant = jnp.where(objects.kind == PLAYER, player, jnp.int8(0))
    variant = jnp.where(objects.kind == ARROW, objects.facing, variant)
    is_ripe = (objects.kind == PLANT) & (objects.timer > RIPE_AFTER)
    first = pick(_first_looks(), standing(objects.kind, occupant))
    return first + standing(variant + is_ripe.astype(jnp.int8), occupant).astype(jnp.int32)


def _join(
    tiles: UInt32[np.ndarray, "tiles down across"], ids: Int32[Array, "rows columns"]
) -> UInt32[Array, " pixels"]:
    """Lay out one tile per cell of a grid as one picture, row by row."""
    _, down, across = tiles.shape
    line = down * ids[:, None, :] + jnp.arange(down, dtype=jnp.int32)[None, :, None]
    words: UInt32[Array, " pixels"] = pick(tiles.reshape(-1, across), line.reshape(-1)).reshape(-1)
    return words


def _light(
    colours: list[Float32[Array, " pixels"]], shape: tuple[int, int], state: StepperState
) -> list[Float32[Array, " pixels"]]:
    """Red, green and blue in the light of the hour, as `envs.crafter_oo.render` mixes them."""
    day = daylight(state.step_count)
    numbers = jnp.arange(colours[0].size, dtype=jnp.uint32)
    noise = night_noise(state.step_count[None].astype(jnp.uint32), numbers)
    mask = jnp.maximum(1 - 2 * day, 0) * vignette(*shape)
    shade = (1 - mask) * np.float32(0.3) * luma(*colours) + mask * noise
    nights = [
        (1 - mask) * np.float32(0.2) * colour + shade + tint
        for colour, tint in zip(colours, NIGHT_TINT.ravel(), strict=True)
    ]
    lit = [day * colour + (1 - day) * night for colour, night in zip(colours, nights, strict=True)]
    grey = np.float32(0.5) * luma(*lit)
    tints = SLEEP_TINT.ravel()
    return [jnp.where(state.sleeping, grey + tint, c) for c, tint in zip(lit, tints, strict=True)]


@lru_cache(maxsize=8)
def _map_tiles(unit: tuple[int, int]) -> UInt32[np.ndarray, "tiles height width"]:
    """The tile of each look on each material."""
    return _stacked(
        [
            object_tile(name, material, unit) if name else material_tiles(unit)[material]
            for name in _SPRITES
            for material in Material
        ]
    )


@lru_cache(maxsize=8)
def _item_tiles(columns: int, unit: tuple[int, int]) -> UInt32[np.ndarray, "tiles height width"]:
    """The tile of each item in each number, as it looks in its place of the strip."""
    tiles = []
    for index in range(len(ITEMS)):
        column, row = index % columns * unit[0], index // columns * unit[1]
        for count in range(MAX_ITEM + 1):
            counts = tuple(count if other == index else 0 for other in range(len(ITEMS)))
            strip = inventory_strip(counts, columns, unit)
            tiles.append(strip[row : row + unit[1], column : column + unit[0]])
    return _stacked(tiles)


def _stacked(tiles: list[Picture]) -> UInt32[np.ndarray, "tiles height width"]:
    red, green, blue = np.moveaxis(np.stack(tiles).astype(np.uint32), -1, 0)
    words: UInt32[np.ndarray, "tiles height width"] = _packed(red, green, blue)
    return words


def _packed(
    red: UInt32[Any, "*pixels"], green: UInt32[Any, "*pixels"], blue: UInt32[Any, "*pixels"]
) -> UInt32[Any, "*pixels"]:
    """One number per pixel: a third of the look-ups."""
    return red | green << _SHIFTS[1] | blue << _SHIFTS[2]


def _unpacked(
    words: UInt32[Array, " pixels"], shape: tuple[int, int]
) -> UInt8[Array, "height width 3"]:
    return lax.bitcast_convert_type(words, jnp.uint8)[:, :3].reshape(*shape, 3)


@lru_cache(maxsize=1)
def _first_looks() -> Int32[np.ndarray, " kinds"]:
    """Index in `_SPRITES` of the first look, by what a slot holds."""
    firsts = [_SPRITES.index(_VARIANTS.get(kind, (kind,))[0]) for kind in OBJECT_KINDS]
    return np.array([0, *firsts], np.int32)
