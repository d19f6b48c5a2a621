"""The best items of a knapsack, by dynamic programming over capacities."""

from typing import Final

import numpy as np

from envs.knapsack.instances import Knapsack

LARGEST: Final = 2**35  # bits, one of each item and capacity: 4 GiB


def best_items(instance: Knapsack) -> list[int]:
    """The items of the greatest value that fit, in ascending order.

    Raises:
        ValueError: capacity and items are too many for the memory.
    """
    capacity = min(instance.capacity, int(instance.weights.sum()))
    if instance.size * (capacity + 1) > LARGEST:
        raise ValueError(
            f"dynamic programming needs {instance.size} items times {capacity + 1} capacities of "
            f"bits, at most {LARGEST}; use the solver 'ortools', or smaller weights"
        )
    best = np.zeros(capacity + 1, np.int64)  # by capacity, of the items so far
    taken = []  # packed bits by capacity, for each item whether it is in that best
    for value, weight in zip(instance.values.tolist(), instance.weights.tolist(), strict=True):
        is_better = np.zeros(capacity + 1, np.bool_)
        if weight <= capacity:
            with_it = best[: capacity + 1 - weight] + value
            is_better[weight:] = with_it > best[weight:]
            best[weight:] = np.maximum(with_it, best[weight:])
        taken.append(np.packbits(is_better))
    items = []
    for item in range(instance.size - 1, -1, -1):
        if taken[item][capacity // 8] >> (7 - capacity % 8) & 1:
            items.append(item)
            capacity -= int(instance.weights[item])
    return items[::-1]
