"""The tables of Crafter-OO as numpy arrays, to be looked up by index; nothing is new here."""

import functools
import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8, UInt32

from envs.crafter_oo.rules.balance import BALANCES
from envs.crafter_oo.state import DIRECTIONS, OBJECT_TYPES, daylight_at
from envs.crafter_oo.tables import (
    ACHIEVEMENTS,
    ARROW_WALKABLE,
    COLLECT,
    DAY_LENGTH,
    ITEMS,
    MAKE,
    OBJECT_KINDS,
    PLACE,
    PLAYER_WALKABLE,
    WALKABLE,
    Action,
    Make,
    Material,
    Place,
)

DX: Final[Int32[np.ndarray, "4"]] = np.array([step.x for step in DIRECTIONS], np.int32)
DY: Final[Int32[np.ndarray, "4"]] = np.array([step.y for step in DIRECTIONS], np.int32)


def _set_of(materials: Iterable[Material]) -> Bool[np.ndarray, " materials"]:
    return np.isin(np.arange(len(Material)), list(materials))


IS_WALKABLE: Final = _set_of(WALKABLE)
IS_PLAYER_WALKABLE: Final = _set_of(PLAYER_WALKABLE)
IS_ARROW_WALKABLE: Final = _set_of(ARROW_WALKABLE)


def item_index(name: str) -> int:
    """Where an item stands in the inventory."""
    return ITEMS.index(name)


def _items(*uses: tuple[str, int]) -> Int32[np.ndarray, " items"]:
    row = np.zeros(len(ITEMS), np.int32)
    for item, count in uses:
        row[item_index(item)] = count
    return row


def achieved(name: str) -> Int32[np.ndarray, " achievements"]:
    """One for an achievement, zero for the others."""
    return np.array([int(other == name) for other in ACHIEVEMENTS], np.int32)


def _by_action(rows: dict[Action, np.ndarray], width: int) -> Int32[np.ndarray, "actions width"]:
    table = np.zeros((len(Action), width), np.int32)
    for action, row in rows.items():
        table[action] = row
    return table


_CRAFTS: Final[dict[Action, Place | Make]] = {**PLACE, **MAKE}

COST: Final = _by_action(
    {action: _items(*rule.uses.items()) for action, rule in _CRAFTS.items()}, len(ITEMS)
)
"""What placing and making use up: action, item."""

PRODUCT: Final = _by_action(
    {action: _items((rule.item, 1)) for action, rule in MAKE.items()}, len(ITEMS)
)
"""What making gives: action, item."""

CRAFT_ACHIEVEMENT: Final = _by_action(
    {action: achieved(action.slug) for action in _CRAFTS}, len(ACHIEVEMENTS)
)
"""What placing and making achieve: action, achievement."""

NEEDS_NEARBY: Final = _by_action(
    {action: _set_of(rule.nearby) for action, rule in MAKE.items()}, len(Material)
).astype(np.bool_)
"""Materials that must be nearby: action, material."""

MAY_PLACE_ON: Final = _by_action(
    {action: _set_of(rule.where) for action, rule in PLACE.items()}, len(Material)
).astype(np.bool_)
"""Materials on which a thing may be placed: action, material; none where nothing is placed."""

PLACES: Final[UInt8[np.ndarray, " actions"]] = np.array(
    [PLACE[a].creates or Material.NONE if a in PLACE else Material.NONE for a in Action], np.uint8
)
"""The material that is placed, NONE for the plant."""

IS_COLLECTABLE: Final = _set_of(COLLECT)

COLLECTED: Final[Int32[np.ndarray, "materials items"]] = np.stack(
    [_items((COLLECT[m].item, 1)) if m in COLLECT else _items() for m in Material]
)
TOOL: Final[Int32[np.ndarray, "materials items"]] = np.stack(
    [
        _items((tool, 1)) if m in COLLECT and (tool := COLLECT[m].tool) else _items()
        for m in Material
    ]
)
"""What must be in the inventory in order to collect: material, item."""

COLLECT_ACHIEVEMENT: Final[Int32[np.ndarray, "materials achievements"]] = np.stack(
    [achieved(f"collect_{COLLECT[m].item}" if m in COLLECT else "") for m in Material]
)
LEAVES: Final[UInt8[np.ndarray, " materials"]] = np.array(
    [COLLECT[m].leaves if m in COLLECT else m for m in Material], np.uint8
)
COLLECT_BITS: Final[UInt32[np.ndarray, " materials"]] = np.array(
    [math.ceil(COLLECT[m].probability * 2**24) if m in COLLECT else 0 for m in Material], np.uint32
)
"""A draw below this succeeds: see `draws.chance`."""

FIRST_HEALTH: Final[Int32[np.ndarray, " kinds"]] = np.array(
    [0, *(OBJECT_TYPES[name].__dataclass_fields__["health"].default for name in OBJECT_KINDS)],
    np.int32,
)
"""Health of a new object, by what a slot holds."""


@functools.lru_cache(maxsize=1)
def daylight_table() -> Float32[np.ndarray, " steps"]:
    """Daylight by the step of the day."""
    return np.array([daylight_at(step) for step in range(DAY_LENGTH)], np.float32)


@functools.lru_cache(maxsize=1)
def balance_limits() -> Int32[np.ndarray, "steps classes 2"]:
    """Fewest and most creatures of each class in a chunk, by the step of the day."""
    lights = [daylight_at(step) for step in range(DAY_LENGTH)]
    return np.array(
        [[(int(r.fewest(light)), int(r.most(light))) for r in BALANCES] for light in lights],
        np.int32,
    )
