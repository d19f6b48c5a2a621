"""What the agent observes: six modes, chosen by `CrafterParams.obs`.

All but `semantic` show only what lies in the player's view, the window that the picture shows:
`view` less the rows of the inventory, 9 x 7 cells by default, the player in cell
(width // 2, height // 2).
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import Float32, Int, UInt8

from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.params import Observation as Mode
from envs.crafter_oo.render import local_grid, local_materials, local_objects, render
from envs.crafter_oo.state import (
    DIRECTIONS,
    ArrowState,
    ObjectState,
    PlantState,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import (
    FIRST_OBJECT_ID,
    ITEMS,
    MAX_ITEM,
    OBJECT_KINDS,
    RIPE_AFTER,
    VITALS,
    Material,
)

NUM_OBJECTS: Final = 16
"""Rows of the table of objects in the mode `entities`."""

OBJECT_FEATURES: Final = (
    *(f"is_{kind}" for kind in OBJECT_KINDS),
    "dx",
    "dy",
    "health",
    "timer",
    "facing_x",
    "facing_y",
)
"""Columns of that table, see `entities`."""

MAX_TIMER: Final = RIPE_AFTER + 1
NUM_CHANNELS: Final = (len(Material) - 1) + 1 + len(OBJECT_KINDS)
"""Per cell in the mode `symbolic`: materials, outside, objects."""

CLASSIC_ITEMS: Final = (
    "wood",
    "stone",
    "coal",
    "iron",
    "diamond",
    "sapling",
    "wood_pickaxe",
    "stone_pickaxe",
    "iron_pickaxe",
    "wood_sword",
    "stone_sword",
    "iron_sword",
    *VITALS,
)
"""Order of the counts in the mode `classic1345`."""

CLASSIC_BLOCKS: Final = (1, 3, 2, 4, 7, 13, 5, 14, 8, 9, 10, 11, 12)
"""Block number in the mode `classic1345`, by material id."""

CLASSIC_PLANT: Final = 15  # the block number of a plant, less 1 of a ripe one
CLASSIC_MOBS: Final = ("zombie", "cow", "skeleton", "arrow")
NUM_CLASSIC_BLOCKS: Final = CLASSIC_PLANT + 2
NUM_CLASSIC_CHANNELS: Final = NUM_CLASSIC_BLOCKS + len(CLASSIC_MOBS)
CLASSIC_SCALE: Final = 10  # counts are divided by

_KIND_INDEX: Final = {kind: index for index, kind in enumerate(OBJECT_KINDS)}


def space(params: CrafterParams) -> gymnasium.Space[Any]:
    """The space of `observe(state, params)` for every state of that area and view."""
    return _MODES[params.obs].space(params)


def observe(state: WorldState, params: CrafterParams) -> Any:
    """What the agent sees of a state, in the mode `params.obs`; fresh arrays at each call."""
    return _MODES[params.obs].observe(state, params)


def entities_space(params: CrafterParams) -> spaces.Space[Any]:
    """A flat Dict of Box, which any library takes; the entries are listed in `entities`."""
    grid = local_grid(params.view)
    reach = max(grid)
    low = [0.0] * len(OBJECT_KINDS) + [-reach, -reach, 0, 0, -1, -1]
    high = [1.0] * len(OBJECT_KINDS) + [reach, reach, MAX_ITEM, MAX_TIMER, 1, 1]
    table = np.array([low] * NUM_OBJECTS, np.float32), np.array([high] * NUM_OBJECTS, np.float32)
    return spaces.Dict(
        {
            "daylight": spaces.Box(0, 1, (1,), np.float32),
            "facing": spaces.Box(-1, 1, (2,), np.int8),
            "inventory": spaces.Box(0, MAX_ITEM, (len(ITEMS),), np.uint8),
            "materials": spaces.Box(0, len(Material) - 1, grid, np.uint8),
            "objects": spaces.Box(*table, dtype=np.float32),
            "objects_mask": spaces.Box(0, 1, (NUM_OBJECTS,), np.uint8),
            "sleeping": spaces.Box(0, 1, (1,), np.uint8),
        }
    )


def entities(state: WorldState, params: CrafterParams) -> dict[str, np.ndarray]:
    """Arrays of fixed size.

    | key | type, shape | meaning |
    |---|---|---|
    | `daylight` | float32 (1,) | 0 night .. 1 day |
    | `facing` | int8 (2,) | direction (x, y) of the player |
    | `inventory` | uint8 (16,) | counts 0..9 in the order of `ITEMS`, the vitals first |
    | `materials` | uint8 (width, height) | material ids [x, y] of the window, 0 outside the area |
    | `objects` | float32 (16, 13) | the nearest objects in the window, without the player |
    | `objects_mask` | uint8 (16,) | 1 where a row of `objects` is in use |
    | `sleeping` | uint8 (1,) | 1 while the player sleeps |

    Rows of `objects` are sorted by distance, then by id; unused rows are 0. Its columns:

    | index | meaning |
    |---|---|
    | 0..6 | kind, one-hot: player, cow, zombie, skeleton, arrow, plant, fence |
    | 7, 8 | offset from the player in cells, x (east) and y (south) |
    | 9 | health 0..9 |
    | 10 | timer: cooldown of a zombie, reload of a skeleton, age of a plant up to 301 (ripe) |
    | 11, 12 | direction (x, y) of an arrow, else 0 |
    """
    del params
    player, materials = state.player, local_materials(state)
    center_x, center_y = player.position
    seen = [
        (abs(e.position.x - center_x) + abs(e.position.y - center_y), e.entity_id, e)
        for e, _, _ in local_objects(state)
        if e is not player
    ]
    seen.sort()
    rows = [_row(entity, center_x, center_y) for _, _, entity in seen[:NUM_OBJECTS]]
    objects = np.zeros((NUM_OBJECTS, len(OBJECT_FEATURES)), dtype=np.float32)
    mask = np.zeros(NUM_OBJECTS, dtype=np.uint8)
    if rows:
        objects[: len(rows)] = rows
        mask[: len(rows)] = 1
    return {
        "daylight": np.array([state.daylight], dtype=np.float32),
        "facing": np.array(player.facing, dtype=np.int8),
        "inventory": _inventory(state),
        "materials": materials,
        "objects": objects,
        "objects_mask": mask,
        "sleeping": np.array([player.sleeping], dtype=np.uint8),
    }


def oo_space(params: CrafterParams) -> gymnasium.Space[Any]:
    """Nested Dict with a Sequence of objects; the entries are listed in `oo`."""
    reach = max(params.area)

    def cell() -> spaces.Box:
        return spaces.Box(0, reach - 1, (2,), np.int32)

    def direction() -> spaces.Box:
        return spaces.Box(-1, 1, (2,), np.int8)

    entity = spaces.Dict(
        {
            "entity_id": spaces.Discrete(2**31),
            "kind": spaces.Discrete(len(OBJECT_KINDS)),
            "position": cell(),
            "health": spaces.Discrete(MAX_ITEM + 1),
            "timer": spaces.Discrete(MAX_TIMER + 1),
            "facing": direction(),
        }
    )
    player = spaces.Dict(
        {
            "position": cell(),
            "facing": direction(),
            "sleeping": spaces.Discrete(2),
            "inventory": spaces.Dict({item: spaces.Discrete(MAX_ITEM + 1) for item in ITEMS}),
        }
    )
    return spaces.Dict(
        {
            "daylight": spaces.Box(0, 1, (1,), np.float32),
            "materials": spaces.Box(0, len(Material) - 1, local_grid(params.view), np.uint8),
            "objects": spaces.Sequence(entity),
            "player": player,
        }
    )


def oo(state: WorldState, params: CrafterParams) -> dict[str, Any]:
    """The player, and what stands in its window, as nested dictionaries.

    | key | meaning |
    |---|---|
    | `daylight` | float32 (1,), 0 night .. 1 day |
    | `materials` | uint8 (width, height), material ids [x, y] of the window, 0 outside the area |
    | `objects` | tuple of objects in the window in order of their ids, without the player; each |
    | | has `entity_id`, `kind` (index in `OBJECT_KINDS`), `position` (x, y) in the area, |
    | | `health`, `timer` and `facing` (as in `entities`) |
    | `player` | `position` (x, y) in the area, `facing`, `sleeping` (0 or 1), `inventory` by name |
    """
    del params
    player = state.player
    return {
        "daylight": np.array([state.daylight], dtype=np.float32),
        "materials": local_materials(state),
        "objects": tuple(
            {
                "entity_id": np.int64(entity.entity_id),
                "kind": np.int64(_KIND_INDEX[entity.name]),
                "position": np.array(entity.position, dtype=np.int32),
                "health": np.int64(min(entity.health, MAX_ITEM)),
                "timer": np.int64(_timer(entity)),
                "facing": np.array(_facing(entity), dtype=np.int8),
            }
            for entity, _, _ in local_objects(state)
            if entity is not player
        ),
        "player": {
            "position": np.array(player.position, dtype=np.int32),
            "facing": np.array(player.facing, dtype=np.int8),
            "sleeping": np.int64(player.sleeping),
            "inventory": dict(zip(ITEMS, _inventory(state).astype(np.int64), strict=True)),
        },
    }


def pixels_space(params: CrafterParams) -> spaces.Box:
    """Pictures [row, column, rgb]."""
    return spaces.Box(0, 255, (params.size[1], params.size[0], 3), np.uint8)


def pixels(state: WorldState, params: CrafterParams) -> UInt8[np.ndarray, "height width 3"]:
    """The picture that `render` draws, `params.size` = (width, height) pixels."""
    return render(state, params.size)


def semantic_space(params: CrafterParams) -> spaces.Box:
    """Ids [x, y] of the whole area."""
    return spaces.Box(0, FIRST_OBJECT_ID + len(OBJECT_KINDS) - 1, params.area, np.uint8)


def semantic(state: WorldState, params: CrafterParams) -> UInt8[np.ndarray, "width height"]:
    """The whole area [x, y], beyond the player's view too.

    0..12 are materials (`Material`), 13 + k objects of kind k (`OBJECT_KINDS`).
    """
    del params
    return state.semantic_map()


def symbolic_space(params: CrafterParams) -> spaces.Box:
    """A flat vector in [0, 1]; the layout is that of `symbolic`."""
    width, height = local_grid(params.view)
    length = width * height * NUM_CHANNELS + len(ITEMS) + len(DIRECTIONS) + 2
    return spaces.Box(0, 1, (length,), np.float32)


def symbolic(state: WorldState, params: CrafterParams) -> Float32[np.ndarray, " features"]:
    """The window as one-hot cells, then what the player has: 1282 numbers by default.

    With n = width * height * 20 (1260 for 9 x 7 cells), the cell in column i and row j of the
    window takes the 20 numbers from 20 * (width * j + i):

    | index | meaning |
    |---|---|
    | 0..11 in a cell | material id - 1 |
    | 12 in a cell | the cell lies outside the area |
    | 13..19 in a cell | object: player, cow, zombie, skeleton, arrow, plant, fence |
    | n..n+15 | counts over 9 in the order of `ITEMS` |
    | n+16..n+19 | the player faces left, right, up, down |
    | n+20 | daylight |
    | n+21 | 1 while the player sleeps |
    """
    del params
    vector, cells = _vector(state, _one_hot_materials(), _inventory(state), MAX_ITEM)
    for entity, x, y in local_objects(state):
        cells[y, x, FIRST_OBJECT_ID + _KIND_INDEX[entity.name]] = 1
    return vector


def _vector(
    state: WorldState,
    one_hot: Float32[np.ndarray, "materials channels"],
    counts: UInt8[np.ndarray, " items"],
    scale: int,
) -> tuple[Float32[np.ndarray, " features"], Float32[np.ndarray, "rows columns channels"]]:
    """The window without objects, then what the player has; and the view of it as cells.

    Args:
        state: what is seen.
        one_hot: channels by material.
        counts: of items.
        scale: what they are divided by.
    """
    player, ids = state.player, local_materials(state)
    shape = (*ids.T.shape, one_hot.shape[1])
    num_cells = math.prod(shape)
    vector = np.zeros(num_cells + len(counts) + len(DIRECTIONS) + 2, dtype=np.float32)
    cells = vector[:num_cells].reshape(shape)
    cells[:] = one_hot[ids.T]
    tail = vector[num_cells:]
    tail[: len(counts)] = counts
    tail[: len(counts)] /= scale
    tail[len(counts) + DIRECTIONS.index(player.facing)] = 1
    tail[-2] = state.daylight
    tail[-1] = player.sleeping
    return vector, cells


@lru_cache(maxsize=1)
def _one_hot_materials() -> Float32[np.ndarray, "materials channels"]:
    table = np.zeros((len(Material), NUM_CHANNELS), dtype=np.float32)
    outside = len(Material) - 1
    for material in Material:
        table[material, material - 1 if material else outside] = 1
    return table


def classic_space(params: CrafterParams) -> spaces.Box:
    """A flat vector in [0, 1]; the layout is that of `classic`."""
    width, height = local_grid(params.view)
    length = width * height * NUM_CLASSIC_CHANNELS + len(CLASSIC_ITEMS) + len(DIRECTIONS) + 2
    return spaces.Box(0, 1, (length,), np.float32)


def classic(state: WorldState, params: CrafterParams) -> Float32[np.ndarray, " features"]:
    """The layout of Craftax-Classic, for agents that were trained there: 1345 numbers.

    The cell in column i and row j of the window takes the 21 numbers from 21 * (9 * j + i):

    | index | meaning |
    |---|---|
    | 0..16 in a cell | block: 0 invalid (never), 1 outside the area, 2 grass, 3 water, 4 stone, |
    | | 5 tree, 6 wood (never), 7 path, 8 coal, 9 iron, 10 diamond, 11 table, 12 furnace, |
    | | 13 sand, 14 lava, 15 plant, 16 ripe plant |
    | 17..20 in a cell | creature: zombie, cow, skeleton, arrow |
    | 1323..1334 | over 10: wood, stone, coal, iron, diamond, sapling, pickaxe of wood, of stone, |
    | | of iron, sword of wood, of stone, of iron |
    | 1335..1338 | over 10: health, food, drink, energy |
    | 1339..1342 | the player faces left, right, up, down |
    | 1343 | daylight |
    | 1344 | 1 while the player sleeps |

    Only the layout is that of Craftax-Classic; the world is Crafter's: a plant is ripe after 300
    steps, not 600. A fence, which Craftax-Classic does not know, is not shown.

    Source: Matthews et al., "Craftax" (arXiv 2402.16801), its game Craftax-Classic-Symbolic.
    """
    del params
    counts = _inventory(state)[_classic_order()]
    vector, cells = _vector(state, _one_hot_blocks(), counts, CLASSIC_SCALE)
    for entity, x, y in local_objects(state):
        if isinstance(entity, PlantState):
            cells[y, x] = 0
            cells[y, x, CLASSIC_PLANT + entity.ripe] = 1
        elif entity.name in CLASSIC_MOBS:
            cells[y, x, NUM_CLASSIC_BLOCKS + CLASSIC_MOBS.index(entity.name)] = 1
    return vector


@lru_cache(maxsize=1)
def _one_hot_blocks() -> Float32[np.ndarray, "materials channels"]:
    table = np.zeros((len(Material), NUM_CLASSIC_CHANNELS), dtype=np.float32)
    table[np.arange(len(Material)), CLASSIC_BLOCKS] = 1
    return table


@lru_cache(maxsize=1)
def _classic_order() -> Int[np.ndarray, " items"]:
    return np.array([ITEMS.index(item) for item in CLASSIC_ITEMS])


def _inventory(state: WorldState) -> UInt8[np.ndarray, " items"]:
    """Counts; an edit may have left them outside of 0..9."""
    counts = [min(max(count, 0), MAX_ITEM) for count in state.player.inventory.values()]
    return np.array(counts, dtype=np.uint8)


def _row(entity: ObjectState, center_x: int, center_y: int) -> list[int | float]:
    row = [0.0] * len(OBJECT_FEATURES)
    row[_KIND_INDEX[entity.name]] = 1.0
    x, y = entity.position
    row[7:] = (
        x - center_x,
        y - center_y,
        min(entity.health, MAX_ITEM),
        _timer(entity),
        *_facing(entity),
    )
    return row


def _timer(entity: ObjectState) -> int:
    if isinstance(entity, ZombieState):
        return entity.cooldown
    if isinstance(entity, SkeletonState):
        return entity.reload
    if isinstance(entity, PlantState):
        return min(entity.grown, MAX_TIMER)
    return 0


def _facing(entity: ObjectState) -> tuple[int, int]:
    return entity.facing if isinstance(entity, ArrowState) else (0, 0)


class _Observer(NamedTuple):
    space: Callable[[CrafterParams], gymnasium.Space[Any]]
    observe: Callable[[WorldState, CrafterParams], Any]


_MODES: Final[dict[Mode, _Observer]] = {
    "classic1345": _Observer(classic_space, classic),
    "entities": _Observer(entities_space, entities),
    "oo": _Observer(oo_space, oo),
    "pixels": _Observer(pixels_space, pixels),
    "semantic": _Observer(semantic_space, semantic),
    "symbolic": _Observer(symbolic_space, symbolic),
}
