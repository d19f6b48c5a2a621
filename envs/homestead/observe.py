"""What an agent sees: arrays of fixed shape."""

from typing import Any, Final

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import UInt8

from envs.homestead.params import HomesteadParams
from envs.homestead.state import KINDS, FarmState, Sprout
from envs.homestead.tables import FULL, ITEMS, NEEDS, Material

THING_IDS: Final = {name: number for number, name in enumerate(KINDS, start=2)}
"""Ids in the layer `things`; 0 is nobody, 1 the farmer."""
TALLEST: Final = 255  # of what is seen of a sprout


def observe(state: FarmState) -> dict[str, np.ndarray]:
    """The whole farm; see `space`."""
    me = state.farmer
    return {
        "basket": np.array([me.basket[item] for item in ITEMS], np.uint8),
        "cells": state.cells.copy(),
        "gaze": np.array(me.gaze, np.int8),
        "heights": _heights(state),
        "light": np.array([state.light], np.float32),
        "needs": np.array([getattr(me, need) for need in NEEDS], np.uint8),
        "raining": np.array([state.raining], np.uint8),
        "resting": np.array([me.resting], np.uint8),
        "things": thing_layer(state),
    }


def space(params: HomesteadParams) -> gymnasium.Space[Any]:
    """Dict: counts of items and needs, ids of materials and things by cell [x, y], the weather."""
    grid = params.size
    return spaces.Dict(
        {
            "basket": spaces.Box(0, FULL, (len(ITEMS),), np.uint8),
            "cells": spaces.Box(0, len(Material) - 1, grid, np.uint8),
            "gaze": spaces.Box(-1, 1, (2,), np.int8),
            "heights": spaces.Box(0, TALLEST, grid, np.uint8),
            "light": spaces.Box(0, 1, (1,), np.float32),
            "needs": spaces.Box(0, FULL, (len(NEEDS),), np.uint8),
            "raining": spaces.Box(0, 1, (1,), np.uint8),
            "resting": spaces.Box(0, 1, (1,), np.uint8),
            "things": spaces.Box(0, max(THING_IDS.values()), grid, np.uint8),
        }
    )


def thing_layer(state: FarmState) -> UInt8[np.ndarray, "width height"]:
    """Who stands where; see `THING_IDS`."""
    layer = np.zeros(state.size, np.uint8)
    layer[state.farmer.position] = 1
    for thing in state.things:
        layer[thing.position] = THING_IDS[thing.kind]
    return layer


def _heights(state: FarmState) -> UInt8[np.ndarray, "width height"]:
    heights = np.zeros(state.size, np.uint8)
    for sprout in state.of_kind(Sprout):
        heights[sprout.position] = min(TALLEST, sprout.height)
    return heights
