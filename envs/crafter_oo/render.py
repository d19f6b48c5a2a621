"""Pictures of a world: the cells around the player, and below them what the player carries.

The geometry, the light of the day and the look of sleep are those of danijar/crafter 1.8.3,
`engine.py` and `env.py`; the sprites are ours.
"""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, UInt8, UInt32

from envs.assets import asset_path
from envs.crafter_oo.state import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    ArrowState,
    ObjectState,
    PlantState,
    PlayerState,
    Position,
    WorldState,
)
from envs.crafter_oo.tables import ITEMS, MAX_ITEM, Material
from envs.render import Picture, Sprite, blend, join_tiles, load_sprite, resize

OUTSIDE: Final = 127  # grey level of cells outside the area
NIGHT_TINT: Final = np.array([[0], [8], [32]], dtype=np.float32)  # half of (0, 16, 64)
SLEEP_TINT: Final = np.array([[0], [0], [8]], dtype=np.float32)  # half of (0, 0, 16)
_NOISE_SCALE: Final = np.float32(95 / 2 / 2**24)  # of 24 random bits
_NOISE_FLOOR: Final = np.float32(32 / 2)
Planes = Float32[np.ndarray, "3 pixels"]  # red, green and blue, each row by row

FACING_NAMES: Final[dict[Position, str]] = {LEFT: "left", RIGHT: "right", UP: "up", DOWN: "down"}


def render(
    state: WorldState, size: tuple[int, int] = (64, 64)
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw what the player sees.

    A cell is `size // view` pixels; what is left over is a black border, the larger half of it
    below and to the right. The picture is a function of the state alone: drawing it takes no
    random number from the world.

    Args:
        state: The world to show.
        size: Width and height in pixels, at least one pixel for each cell of `state.view`.

    Raises:
        ValueError: the size is smaller than the view, or the view has no row for the map.
    """
    width, height = size
    unit = tile_size(size, state.view)
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    left = (width - unit[0] * state.view[0]) // 2
    top = (height - unit[1] * state.view[1]) // 2
    view = local_view(state, unit)
    strip = inventory_strip(tuple(state.player.inventory.values()), state.view[0], unit)
    right, middle = left + view.shape[1], top + view.shape[0]
    picture[top:middle, left:right] = view
    picture[middle : middle + strip.shape[0], left:right] = strip
    return picture


def tile_size(size: tuple[int, int], view: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a cell in pixels.

    Raises:
        ValueError: the size is smaller than the view.
    """
    unit = size[0] // view[0], size[1] // view[1]
    if min(unit) < 1:
        raise ValueError(
            f"a picture needs at least one pixel for each of the {view} cells of the view; "
            f"got size {size}"
        )
    return unit


def local_view(state: WorldState, unit: tuple[int, int]) -> UInt8[np.ndarray, "height width 3"]:
    """Draw the cells around the player, in the light of the hour; `unit` is (x, y) pixels."""
    ids = local_materials(state).T
    cells = material_tiles(unit)[ids]
    for entity, x, y in local_objects(state):
        cells[y, x] = object_tile(sprite_name(entity), int(ids[y, x]), unit)
    canvas = join_tiles(cells)
    planes = _light(canvas, state.daylight, state.step_count)
    if state.player.sleeping:
        planes = _sleep(planes)
    picture: Picture = planes.astype(np.uint8).T.reshape(canvas.shape)
    return picture


@lru_cache(maxsize=256)
def inventory_strip(
    counts: tuple[int, ...], columns: int, unit: tuple[int, int]
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw the items the player has, with their numbers; shared and read-only.

    Args:
        counts: One count per item, in the order of `ITEMS`.
        columns: Items in a row.
        unit: Width and height of a cell in pixels.
    """
    rows = -(-len(ITEMS) // columns)
    canvas = np.zeros((rows * unit[1], columns * unit[0], 3), dtype=np.uint8)
    for index, (item, count) in enumerate(zip(ITEMS, counts, strict=True)):
        if count < 1:
            continue
        cell = index % columns, index // columns
        number = str(count) if count <= MAX_ITEM else "unknown"
        for name, offset, scale in ((item_sprite_name(item), 0.1, 0.8), (number, 0.4, 0.6)):
            x, y = (int(cell[axis] * unit[axis] + offset * unit[axis]) for axis in (0, 1))
            shape = max(1, int(scale * unit[0])), max(1, int(scale * unit[1]))
            blend(canvas, _sprite(name, shape), y, x)
    canvas.flags.writeable = False
    return canvas


def local_grid(view: tuple[int, int]) -> tuple[int, int]:
    """Cells (x, y) of the map in view: the view less the rows that the inventory takes.

    Raises:
        ValueError: no row is left.
    """
    rows = view[1] - -(-len(ITEMS) // view[0])
    if rows < 1:
        raise ValueError(
            f"a view {view[0]} cells wide needs more than {-(-len(ITEMS) // view[0])} rows: "
            f"the {len(ITEMS)} items take that many; got view {view}"
        )
    return view[0], rows


def local_materials(state: WorldState) -> UInt8[np.ndarray, "x y"]:
    """Material ids of the cells in view, indexed [x, y]; 0 outside the area.

    The player stands in cell (width // 2, height // 2).
    """
    width, height = local_grid(state.view)
    left, top = _corner(state, width, height)
    ids = np.zeros((width, height), dtype=np.uint8)
    first_x, first_y = max(left, 0), max(top, 0)
    last_x, last_y = min(left + width, state.size[0]), min(top + height, state.size[1])
    if first_x < last_x and first_y < last_y:
        seen = state.materials.array[first_x:last_x, first_y:last_y]
        ids[first_x - left : last_x - left, first_y - top : last_y - top] = seen
    return ids


def local_objects(state: WorldState) -> list[tuple[ObjectState, int, int]]:
    """Objects in view with their cell (x, y) in the view, in order of their ids."""
    width, height = local_grid(state.view)
    left, top = _corner(state, width, height)
    right, bottom = left + width, top + height
    seen = []
    for entity in state.objects:
        x, y = entity.position
        if left <= x < right and top <= y < bottom:
            seen.append((entity, x - left, y - top))
    return seen


def sprite_name(entity: ObjectState) -> str:
    """Name of the sprite that shows an object as it is now."""
    if isinstance(entity, PlayerState):
        return f"player-{'sleep' if entity.sleeping else FACING_NAMES[entity.facing]}"
    if isinstance(entity, ArrowState):
        return f"arrow-{FACING_NAMES[entity.facing]}"
    if isinstance(entity, PlantState) and entity.ripe:
        return "plant-ripe"
    return entity.name


def item_sprite_name(item: str) -> str:
    """Name of the sprite that shows an item; rocks look different when carried."""
    return f"{item}-item" if item.upper() in Material.__members__ else item


def _corner(state: WorldState, width: int, height: int) -> tuple[int, int]:
    x, y = state.objects[0].position
    return x - width // 2, y - height // 2


@lru_cache(maxsize=512)
def _sprite(name: str, shape: tuple[int, int]) -> Sprite:
    return resize(load_sprite(asset_path("sprites", f"{name}.png")), *shape)


@lru_cache(maxsize=32)
def material_tiles(unit: tuple[int, int]) -> UInt8[np.ndarray, "materials height width 3"]:
    """One tile per material id; id 0 is what lies outside."""
    outside = np.full((unit[1], unit[0], 3), OUTSIDE, dtype=np.uint8)
    known = [_sprite(material.slug, unit)[..., :3] for material in Material if material]
    return np.stack([outside, *known])


@lru_cache(maxsize=1024)
def object_tile(
    name: str, material: int, unit: tuple[int, int]
) -> UInt8[np.ndarray, "height width 3"]:
    """The tile of a material with an object on it."""
    tile: Picture = material_tiles(unit)[material].copy()
    blend(tile, _sprite(name, unit), 0, 0)
    return tile


def _light(canvas: Picture, daylight: float, step: int) -> Planes:
    """Mix the picture by day with the picture by night.

    By night colours fade and turn blue; below half of the daylight, grey noise closes in from the
    rim. The noise is a function of the step and the pixel, so equal states look equal.
    """
    planes = canvas.reshape(-1, 3).T.astype(np.float32, order="C")
    dark = np.float32(1 - daylight)
    brightness = luma(*planes)
    if daylight >= 0.5:  # both pictures are linear in the colours: mix the factors instead
        planes *= 1 - dark * np.float32(0.8)
        planes += dark * np.float32(0.3) * brightness
        planes += dark * NIGHT_TINT
        return planes
    night = planes * np.float32(0.2)  # half of what is left at saturation 0.4
    night += np.float32(0.3) * brightness
    noise = night_noise(np.array([step % 2**32], np.uint32), _numbers(brightness.size))
    mask = np.float32(1 - 2 * daylight) * vignette(*canvas.shape[:2])
    night *= 1 - mask
    night += mask * noise
    night += NIGHT_TINT
    night *= dark
    planes *= np.float32(daylight)
    planes += night
    return planes


def _sleep(planes: Planes) -> Planes:
    """Take all colour away and half of the light."""
    grey: Planes = np.float32(0.5) * luma(*planes) + SLEEP_TINT
    return grey


def luma(
    red: Float32[Any, " pixels"], green: Float32[Any, " pixels"], blue: Float32[Any, " pixels"]
) -> Float32[Any, " pixels"]:
    """Brightness as the eye sees it; for numpy and jax alike.

    Sums, for a matrix product would wake all cores for this.
    """
    brightness = np.float32(0.299) * red
    brightness += np.float32(0.587) * green
    brightness += np.float32(0.114) * blue
    return brightness


def night_noise(step: UInt32[Any, "1"], pixels: UInt32[Any, " pixels"]) -> Float32[Any, " pixels"]:
    """Half of a grey level in 32..127 for each of the numbered pixels; for numpy and jax alike."""
    words = _mixed(_mixed(step) + pixels)
    return (words >> np.uint32(8)).astype(np.float32) * _NOISE_SCALE + _NOISE_FLOOR


def _mixed(words: UInt32[Any, " words"]) -> UInt32[Any, " words"]:
    """Scatter numbers over all 32 bits, one to one.

    Source: the finaliser `fmix32` of MurmurHash3 (Austin Appleby, public domain).
    """
    words = (words ^ (words >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    words = (words ^ (words >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return words ^ (words >> np.uint32(16))


@lru_cache(maxsize=32)
def _numbers(count: int) -> UInt32[np.ndarray, " pixels"]:
    return np.arange(count, dtype=np.uint32)


@lru_cache(maxsize=32)
def vignette(height: int, width: int) -> Float32[np.ndarray, " pixels"]:
    """0 in the middle, towards 1 in the corners; flat, row by row."""
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
    rim = 1 - np.exp(-0.5 * (x**2 + y**2) / 0.5**2)
    return rim.astype(np.float32).ravel()
