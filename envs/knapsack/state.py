"""Instances as arrays, and the state of one world of the knapsack."""

from typing import Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32

from envs.core import pytree
from envs.knapsack.instances import Knapsack

LARGEST_TOTAL: Final = 2**31 - 1  # of the values or weights of all items


@pytree
class Items:
    """What stays the same in an episode."""

    values: Int32[Array, " items"]
    weights: Int32[Array, " items"]
    capacity: Int32[Array, ""]
    optimum: Float32[Array, ""] | None  # the best value known


@pytree
class KnapsackState:
    """Items, and which of them are in the sack."""

    items: Items
    packed: Bool[Array, " items"]
    capacity_left: Int32[Array, ""]
    value: Int32[Array, ""]  # of what is packed
    time: Int32[Array, ""]  # steps since the reset, refused ones included
    is_refused: Bool[Array, ""]  # whether the last action was illegal, and so changed nothing


def first_state(items: Items) -> KnapsackState:
    """An empty sack beside these items.

    Pass that of `items_of(instance)` as `reset(options={"state": ...})` to begin with an instance
    of one's own.
    """
    return KnapsackState(
        items=items,
        packed=jnp.zeros(items.values.shape, jnp.bool_),
        capacity_left=items.capacity,
        value=jnp.int32(0),
        time=jnp.int32(0),
        is_refused=jnp.bool_(False),
    )


def items_of(instance: Knapsack) -> Items:
    """An instance as arrays.

    Raises:
        ValueError: its numbers are too large to be added up.
    """
    largest = max(instance.values.sum(), instance.weights.sum(), instance.capacity)
    if largest > LARGEST_TOTAL:
        raise ValueError(
            f"values, weights and capacity add up to {LARGEST_TOTAL} at most; got {largest}. "
            "Divide them by a common factor."
        )
    return Items(
        values=jnp.asarray(instance.values.astype(np.int32)),
        weights=jnp.asarray(instance.weights.astype(np.int32)),
        capacity=jnp.int32(instance.capacity),
        optimum=None if instance.optimum is None else jnp.float32(instance.optimum),
    )
