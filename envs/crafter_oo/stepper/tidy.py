"""Moving the objects of a world together when most slots are used up or were left empty."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int32, Shaped

from envs.crafter_oo.stepper.batching import batchwise, compact, parts, with_leaves
from envs.crafter_oo.stepper.state import EMPTY, Objects, StepperParams, StepperState


def tidy(state: StepperState, params: StepperParams) -> StepperState:
    """Close the gaps between the objects if few slots are left behind the last; rare."""

    def work(states: StepperState) -> StepperState:
        is_due = states.num_slots > params.max_objects * 3 // 4
        return parts(_close_gaps, states, is_due)

    return batchwise(work)(state)


def _close_gaps(
    states: StepperState, worlds: Int32[Array, " part"], is_due: Bool[Array, " part"]
) -> StepperState:
    before = jax.tree.map(
        lambda column: column.at[worlds].get(mode="promise_in_bounds"), states.objects
    )
    after, count = jax.vmap(_moved)(before)
    to = jnp.where(is_due, worlds, states.num_slots.shape[0])
    slots = jnp.arange(before.kind.shape[1], dtype=jnp.int32)[None, :]
    rows = jnp.where(slots < count[:, None], to[:, None], states.num_slots.shape[0])
    who = jnp.broadcast_to((slots + 1).astype(jnp.uint8), rows.shape)
    x, y = after.x.astype(jnp.int32), after.y.astype(jnp.int32)
    return with_leaves(
        states,
        objects=jax.tree.map(
            lambda column, new: column.at[to].set(new, mode="drop"), states.objects, after
        ),
        occupant=states.occupant.at[rows, x, y].set(who, mode="drop"),
        num_slots=states.num_slots.at[to].set(count, mode="drop"),
    )


def _moved(objects: Objects) -> tuple[Objects, Int32[Array, ""]]:
    """The objects of one world in its first slots, in their order; and how many they are."""
    order, count = compact(objects.kind != EMPTY)
    is_used = jnp.arange(order.shape[0], dtype=jnp.int32) < count

    def moved(column: Shaped[Array, " slots"]) -> Shaped[Array, " slots"]:
        return jnp.where(is_used, column.at[order].get(mode="promise_in_bounds"), 0)

    return jax.tree.map(moved, objects), count
