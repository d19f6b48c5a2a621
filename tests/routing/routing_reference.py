"""The rules of the four routing problems once more, in plain numpy, one episode at a time.

Every class walks by `step(action)` and says with `mask()` what is legal; distances are a matrix of
float64. Illegal actions are not asked of them.
"""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass
class Tour:
    """TSP and ATSP; `start` None leaves the choice to the first action."""

    distances: Any
    start: int | None = 0
    cost: float = 0.0
    path: list[int] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.start is not None:
            self.path.append(self.start)

    def mask(self) -> Any:
        return ~np.isin(np.arange(len(self.distances)), self.path)

    def step(self, node: int) -> None:
        if self.path:
            self.cost += self.distances[self.path[-1], node]
        self.path.append(node)
        if self.over():
            self.cost += self.distances[node, self.path[0]]

    def over(self) -> bool:
        return len(self.path) == len(self.distances)

    def numbers(self) -> dict[str, Any]:
        return {"current": self.path[-1] if self.path else 0, "cost": self.cost}


@dataclasses.dataclass
class Routes:
    """CVRP; `path` has the depot where it was visited."""

    distances: Any
    demands: Any
    capacity: int
    cost: float = 0.0
    path: list[int] = dataclasses.field(default_factory=lambda: [0])

    def left(self) -> int:
        last = max(place for place, node in enumerate(self.path) if node == 0)
        return self.capacity - int(self.demands[self.path[last:]].sum())

    def mask(self) -> Any:
        served = np.isin(np.arange(len(self.demands)), self.path)
        mask = ~served & (self.demands <= self.left())
        mask[0] = self.path[-1] != 0 and not served.all()
        return mask

    def step(self, node: int) -> None:
        self.cost += self.distances[self.path[-1], node]
        self.path.append(node)
        if self.over():
            self.cost += self.distances[node, 0]

    def over(self) -> bool:
        return len(set(self.path)) == len(self.demands)

    def numbers(self) -> dict[str, Any]:
        return {"current": self.path[-1], "cost": self.cost, "capacity_left": self.left()}


class ViaRoutes(Routes):
    """CVRP by actions 2 (customer - 1) + via."""

    def mask(self) -> Any:
        served = np.isin(np.arange(len(self.demands)), self.path)
        direct = ~served & (self.demands <= self.left())
        return np.stack([direct, ~served], axis=1)[1:].ravel()

    def step(self, action: int) -> None:
        if action % 2:
            super().step(0)
        super().step(action // 2 + 1)


@dataclasses.dataclass
class Orienteering:
    """OP; the walk is over when it is home again."""

    distances: Any
    prizes: Any
    max_length: float
    cost: float = 0.0
    path: list[int] = dataclasses.field(default_factory=lambda: [0])

    def mask(self) -> Any:
        length = self.cost + self.distances[self.path[-1]] + self.distances[:, 0]
        mask = ~np.isin(np.arange(len(self.prizes)), self.path)
        mask &= length <= self.max_length + 1e-6
        mask[0] = True
        return mask & (not self.over())

    def step(self, node: int) -> None:
        self.cost += self.distances[self.path[-1], node]
        self.path.append(node)

    def over(self) -> bool:
        return len(self.path) > 1 and self.path[-1] == 0

    def numbers(self) -> dict[str, Any]:
        prize = self.prizes[self.path].sum()
        left = self.max_length - self.cost
        return {
            "current": self.path[-1], "cost": self.cost, "prize": prize, "length_left": left,
        }  # fmt: skip
