"""The state of one world as arrays of fixed size; a batch of worlds has a leading axis.

A position is (x, y) and maps are indexed [x, y], as in the object engine.
"""

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from jaxtyping import Array, Bool, Float32, Int8, Int16, Int32, UInt8, UInt32

from envs.core import pytree, static
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.state import CHUNK_SIZE
from envs.crafter_oo.tables import OBJECT_KINDS

EMPTY, PLAYER, COW, ZOMBIE, SKELETON, ARROW, PLANT, FENCE = range(len(OBJECT_KINDS) + 1)
"""What a slot holds: nobody, or 1 + the index in `OBJECT_KINDS`."""

if TYPE_CHECKING:
    AnyArray = Array
else:
    AnyArray = Array | np.ndarray  # states come as numpy too, before the first step and after

MOST_SLOTS: Final = 255  # `occupant` is one byte


@pytree
class StepperParams:
    """Parameters of the stepper; all of them decide shapes, so each set compiles anew.

    Raises:
        ValueError: `max_objects` is out of range, or the area is too large.
    """

    world: CrafterParams = static(default=CrafterParams())
    max_objects: int = static(default=192)  # slots, the player's included; 2..255

    def __post_init__(self) -> None:
        if not 2 <= self.max_objects <= MOST_SLOTS:
            raise ValueError(f"max_objects is in 2..{MOST_SLOTS}, got {self.max_objects}")
        if max(self.world.area) > 2**15 - 1:
            raise ValueError(f"area is at most {2**15 - 1} cells a side, got {self.world.area}")

    @property
    def chunk_grid(self) -> tuple[int, int]:
        """Number of chunks along x and y."""
        (width, height), (wide, high) = self.world.area, CHUNK_SIZE
        return math.ceil(width / wide), math.ceil(height / high)

    @property
    def reach(self) -> int:
        """Objects at this Manhattan distance from the player, or further, stand still."""
        return 2 * max(self.world.view)


@pytree
class Objects:
    """Everything that stands on a cell, one object a slot, by ascending id; slot 0: the player.

    A slot that was left stays empty until slots are moved together; empty slots are all 0.
    """

    kind: Int8[AnyArray, " slots"]  # EMPTY .. FENCE
    x: Int16[AnyArray, " slots"]
    y: Int16[AnyArray, " slots"]
    health: Int16[AnyArray, " slots"]
    timer: Int32[AnyArray, " slots"]  # cooldown of a zombie, reload of a skeleton, age of a plant
    facing: Int8[AnyArray, " slots"]  # of the player and of arrows: index in `DIRECTIONS`; else 0
    entity_id: Int32[AnyArray, " slots"]


@pytree
class StepperState:
    """One world. What follows from the rest, as daylight from the step, is not stored."""

    materials: UInt8[AnyArray, "width height"]  # `Material`
    occupant: UInt8[AnyArray, "width height"]  # 1 + the slot of who stands there, 0: nobody
    objects: Objects
    num_slots: Int32[AnyArray, ""]  # slots up to the last object, those left empty included
    next_id: Int32[AnyArray, ""]  # the next entity id to be given
    chunk_rank: Int16[AnyArray, " chunks"]  # x-major; how many were created before, -1: not yet
    action: Int32[AnyArray, ""]  # what the player chose last
    sleeping: Bool[AnyArray, ""]
    hunger: Float32[AnyArray, ""]
    thirst: Float32[AnyArray, ""]
    fatigue: Float32[AnyArray, ""]
    recover: Float32[AnyArray, ""]
    last_health: Int32[AnyArray, ""]
    inventory: Int32[AnyArray, " items"]  # in the order of `ITEMS`
    achievements: Int32[AnyArray, " achievements"]  # in the order of `ACHIEVEMENTS`
    step_count: Int32[AnyArray, ""]
    key: UInt32[AnyArray, "2"]  # of `KeyedDraws`: high and low half
    overflow: Int32[AnyArray, ""]  # objects refused so far because no slot was left
