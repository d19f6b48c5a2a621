"""Hand-made farms, and draws that are made of paper."""

from typing import Any

import numpy as np
from typing_extensions import override

from envs.homestead.draws import Draws
from envs.homestead.engine import transition
from envs.homestead.state import Cell, Farmer, FarmState
from envs.homestead.tables import EAST, ITEMS, Material

AHEAD = (5, 4)


class Fixed(Draws):
    """Every chance goes one way, and every number is the same; notes what it was asked."""

    def __init__(self, lucky: bool, number: int = 0) -> None:
        self.lucky = lucky
        self.number = number
        self.asked: list[float] = []

    @override
    def chance(self, probability: float) -> bool:
        self.asked.append(probability)
        return self.lucky

    @override
    def integer(self, n: int) -> int:
        self.asked.append(n)
        return self.number


def farm(ahead: Material = Material.MEADOW, hour: int = 0, **fields: Any) -> FarmState:
    """9 x 9 cells of meadow, the farmer at (4, 4) looks east; keywords are of the farmer."""
    cells = np.full((9, 9), Material.MEADOW, np.uint8)
    cells[AHEAD] = ahead
    held = {item: fields.pop(item) for item in ITEMS if item in fields}
    state = FarmState(cells, Farmer((4, 4), **{"gaze": EAST, **fields}), hour=hour)
    state.farmer.basket.update(held)
    return state


def put(state: FarmState, cells: dict[Cell, Material]) -> FarmState:
    for cell, material in cells.items():
        state.cells[cell] = material
    return state


def after(state: FarmState, *actions: str, lucky: bool = False, number: int = 0) -> FarmState:
    """What comes of some actions when every chance goes one way."""
    for action in actions:
        state = transition(state, action, Fixed(lucky, number))
    return state


def held(state: FarmState) -> dict[str, int]:
    """What is in the basket, without zeros."""
    return {item: count for item, count in state.farmer.basket.items() if count}
