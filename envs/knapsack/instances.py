"""Instances of the 0-1 knapsack: what a file holds, a generator draws and a solver solves."""

import dataclasses
from collections.abc import Iterable

import numpy as np
from jaxtyping import Int64


@dataclasses.dataclass(frozen=True, eq=False)
class Knapsack:
    """Pack items of the greatest value that the sack can carry. A solution is a set of items.

    Attributes:
        values: of the items, whole numbers of 0 or more.
        weights: of the items, whole numbers of 1 or more.
        capacity: the weight that can be carried, 0 or more.
        name: of the file, or empty.
        optimum: the best value known.
    """

    values: Int64[np.ndarray, " items"]
    weights: Int64[np.ndarray, " items"]
    capacity: int
    name: str = ""
    optimum: float | None = None

    def __post_init__(self) -> None:
        if len(self.values) < 1 or len(self.values) != len(self.weights):
            raise ValueError(
                f"every item has a value and a weight, and there is one at least; got "
                f"{len(self.values)} values and {len(self.weights)} weights"
            )
        if (self.values < 0).any() or (self.weights < 1).any() or self.capacity < 0:
            raise ValueError(
                "values and capacity are 0 or more and weights 1 or more; got values from "
                f"{self.values.min()}, weights from {self.weights.min()}, capacity {self.capacity}"
            )

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self.values)

    def value(self, items: Iterable[int]) -> float:
        """Sum of the values of a set of items.

        Raises:
            ValueError: an item is unknown or packed twice, or they weigh too much.
        """
        packed = list(items)
        if len(set(packed)) != len(packed) or not all(0 <= item < self.size for item in packed):
            raise ValueError(f"items are in 0..{self.size - 1}, each once; got {packed}")
        weight = int(self.weights[packed].sum()) if packed else 0
        if weight > self.capacity:
            raise ValueError(f"the items weigh {weight}, more than {self.capacity}")
        return float(self.values[packed].sum()) if packed else 0.0
