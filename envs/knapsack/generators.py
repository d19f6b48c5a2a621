"""Random instances of the knapsack."""

from typing import Final

import numpy as np

from envs.knapsack.instances import Knapsack

SCALE: Final = 1000  # of values and weights; published figures are divided by it
LARGEST: Final = 998  # value or weight
CAPACITY_PER_ITEM: Final = 250
CAPACITIES: Final = (1000, 25_000)  # the smallest, which every item fits, and the largest


def generate(size: int, count: int, seed: int) -> list[Knapsack]:
    """Draw instances; the same arguments give the same, and a larger `count` begins with them.

    Args:
        size: Number of items.
        count: How many instances.
        seed: 0 or more.

    Raises:
        ValueError: names the argument.
    """
    if size < 1 or count < 0 or seed < 0:
        raise ValueError(
            f"size is 1 or more, count and seed 0 or more; got {size=}, {count=}, {seed=}"
        )
    streams = (np.random.default_rng([seed, index]) for index in range(count))
    drawn = (random.integers(1, LARGEST + 1, (2, size)) for random in streams)
    return [Knapsack(values, weights, capacity_for(size)) for values, weights in drawn]


def capacity_for(num_items: int) -> int:
    """12 500 for 50 items, 25 000 for 100 and more."""
    smallest, largest = CAPACITIES
    return min(max(CAPACITY_PER_ITEM * num_items, smallest), largest)
