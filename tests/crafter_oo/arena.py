"""Hand-made worlds for tests."""

from typing import Any

from envs.crafter_oo.draws import Draws, SequentialDraws
from envs.crafter_oo.state import (
    ChunkState,
    Inventory,
    MaterialGrid,
    PlayerState,
    Position,
    WorldState,
    chunk_key_of,
    daylight_at,
)
from envs.crafter_oo.tables import Material


def meadow(
    size: tuple[int, int] = (64, 64),
    at: tuple[int, int] | None = None,
    facing: tuple[int, int] = (1, 0),
    step: int = 0,
    **player: Any,
) -> WorldState:
    """A world of grass with nobody but the player; keywords are items, vitals or counters."""
    cell = Position(*(at or (size[0] // 2, size[1] // 2)))
    inventory = Inventory(health=9, food=9, drink=9, energy=9)
    for name in list(player):
        if hasattr(inventory, name):
            setattr(inventory, name, player.pop(name))
    body = PlayerState(
        0,
        cell,
        health=inventory.health,
        facing=Position(*facing),
        inventory=inventory,
        last_health=inventory.health,
        **player,
    )
    return WorldState(
        size=size,
        view=(9, 9),
        materials=MaterialGrid.filled(*size, Material.GRASS),
        objects=[body],
        chunks=[ChunkState(chunk_key_of(*cell, size, (12, 12)), [0])],
        draws=SequentialDraws.from_seed(0),
        step_count=step,
        daylight=daylight_at(step),
    )


class ConstantDraws(Draws):
    """Every uniform is the same number, so that chances below it always fail."""

    def __init__(self, value: float) -> None:
        self.value = value

    def uniform(self, owner: int, slot: int) -> float:
        return self.value

    def integer(self, owner: int, slot: int, n: int) -> int:
        return int(self.value * n)

    def chance(self, probability: float, owner: int, slot: int) -> bool:
        # balance is off: its owners are negative
        return owner >= 0 and self.value < probability

    def copy(self) -> "ConstantDraws":
        return self

    def dumps(self) -> str:
        raise TypeError("for tests only")


ZERO = ConstantDraws(0.0)  # every chance succeeds: zombies always chase along the long axis
ONE = ConstantDraws(0.999999)  # every chance fails
