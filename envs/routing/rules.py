"""Which moves are legal in each problem, and what they change: bq-nco.md 1.2.

The tests of legality work on one node and on arrays of all nodes alike. A `..._move` takes a legal
action; what it makes of another is not used.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int, Int32, PRNGKeyArray

from envs.core import IntLike
from envs.routing.instances import TOLERANCE
from envs.routing.state import (
    CVRPState,
    OPState,
    RouteState,
    StateT,
    TourState,
    distance,
    distances_from,
)

Action = Int[Array, ""]
Mask = Bool[Array, " actions"]


def random_action(key: PRNGKeyArray, mask: Bool[Array, "*batch actions"]) -> Int[Array, "*batch"]:
    """A legal action for each mask, all equally likely.

    The largest of pseudo-random numbers wins, one of each legal action. They are scrambled from
    one random number of each mask (by the end of MurmurHash3), which takes a fraction of the time
    of a draw for each action or of a cumulative sum.

    Args:
        key: Used up.
        mask: Legal actions on the last axis; where there are none, the result is the last action.
    """
    num_actions = mask.shape[-1]
    places = jnp.arange(num_actions, dtype=jnp.uint32).reshape((1,) * (mask.ndim - 1) + (-1,))
    drawn = jax.random.bits(key, mask.shape[:-1], jnp.uint32)[..., None]
    mixed = drawn + places * np.uint32(0x9E3779B9)
    mixed = (mixed ^ (mixed >> 16)) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> 13)) * np.uint32(0xC2B2AE35)
    num_bits = max(1, (num_actions - 1).bit_length())  # the lowest, which name the action
    numbers = ((mixed ^ (mixed >> 16)) >> (num_bits + 1) << num_bits) | places
    largest = jnp.where(mask, numbers.astype(jnp.int32), -1).max(-1)
    return jnp.minimum(largest & (2**num_bits - 1), num_actions - 1)


def is_unvisited(order: Int32[Array, "*nodes"]) -> Bool[Array, "*nodes"]:
    """Whether nodes are still to be visited."""
    return order < 0


def fits(
    order: Int32[Array, "*nodes"], demand: Int32[Array, "*nodes"], capacity_left: Int32[Array, ""]
) -> Bool[Array, "*nodes"]:
    """Whether customers can be served on the current route."""
    return is_unvisited(order) & (demand <= capacity_left)


def is_within_reach(
    order: Int32[Array, "*nodes"],
    there: Float32[Array, "*nodes"],
    way_home: Float32[Array, "*nodes"],
    length_left: Float32[Array, ""],
) -> Bool[Array, "*nodes"]:
    """Whether nodes are unvisited and leave enough length to come home."""
    return is_unvisited(order) & (there + way_home <= length_left + TOLERANCE)


def tour_mask(state: TourState) -> Mask:
    """Legal next nodes of TSP and ATSP."""
    return is_unvisited(state.order)


def tour_allows(state: TourState, node: Action) -> Bool[Array, ""]:
    """Whether a node of TSP or ATSP may come next."""
    return is_unvisited(state.order[node])


def tour_move(state: TourState, node: Action) -> TourState:
    """Go to a node; from the last one, also back to the start."""
    is_first = state.num_moves == 0
    start = jnp.where(is_first, node, state.start)
    leg = jnp.where(is_first, 0.0, distance(state.layout, state.current, node))
    walked = _walked(state, node, leg, num_moves=1, back_to=start)
    return dataclasses.replace(walked, start=start)


def route_mask(state: CVRPState) -> Mask:
    """Legal next nodes of CVRP; the depot is one unless the vehicle is there."""
    layout = state.layout
    mask = fits(state.order, layout.demands, state.capacity_left)
    return mask.at[0].set((state.current != 0) & (state.num_left > 0))


def route_allows(state: CVRPState, node: Action) -> Bool[Array, ""]:
    """Whether a node of CVRP may come next."""
    customer = fits(state.order[node], state.layout.demands[node], state.capacity_left)
    return jnp.where(node == 0, (state.current != 0) & (state.num_left > 0), customer)


def route_move(state: CVRPState, node: Action) -> CVRPState:
    """Go to a customer, and from the last one home; or to the depot, for a full load."""
    layout = state.layout
    leg = distance(layout, state.current, node)
    walked = _walked(state, node, leg, num_moves=1, back_to=jnp.zeros_like(node))
    left = jnp.where(node == 0, layout.capacity, state.capacity_left - layout.demands[node])
    return dataclasses.replace(walked, capacity_left=left)


def via_mask(state: CVRPState) -> Mask:
    """Legal actions of CVRP in the mode "via": for each customer, directly and by the depot."""
    direct = fits(state.order, state.layout.demands, state.capacity_left)
    by_depot = is_unvisited(state.order)
    return jnp.stack([direct[1:], by_depot[1:]], axis=-1).reshape(-1)


def via_allows(state: CVRPState, action: Action) -> Bool[Array, ""]:
    """Whether an action of the mode "via" is legal."""
    node, is_via = action // 2 + 1, action % 2 == 1
    load = jnp.where(is_via, state.layout.capacity, state.capacity_left)
    return fits(state.order[node], state.layout.demands[node], load)


def via_move(state: CVRPState, action: Action) -> CVRPState:
    """Serve customer action // 2 + 1, after a visit to the depot if the action is odd."""
    layout = state.layout
    node, is_via = action // 2 + 1, action % 2 == 1
    depot = jnp.zeros_like(node)
    home = distance(layout, state.current, depot)
    out = distance(layout, depot, node)
    leg = jnp.where(is_via, home + out, distance(layout, state.current, node))
    moves = 1 + is_via.astype(jnp.int32)
    walked = _walked(state, node, leg, num_moves=moves, back_to=depot)
    load = jnp.where(is_via, layout.capacity, state.capacity_left)
    return dataclasses.replace(walked, capacity_left=load - layout.demands[node])


def orienteering_mask(state: OPState) -> Mask:
    """Legal next nodes of OP; the depot always is one, and ends the walk."""
    layout = state.layout
    there = distances_from(layout, state.current)
    mask = is_within_reach(state.order, there, layout.way_home, state.length_left)
    return mask.at[0].set(True) & ~is_home(state)


def orienteering_allows(state: OPState, node: Action) -> Bool[Array, ""]:
    """Whether a node of OP may come next."""
    layout = state.layout
    there = distance(layout, state.current, node)
    reach = is_within_reach(state.order[node], there, layout.way_home[node], state.length_left)
    return (reach | (node == 0)) & ~is_home(state)


def orienteering_move(state: OPState, node: Action) -> OPState:
    """Go to a node and collect its prize."""
    leg = distance(state.layout, state.current, node)
    walked = _walked(state, node, leg, num_moves=1, back_to=None)
    return dataclasses.replace(
        walked,
        length_left=state.length_left - leg,
        prize=state.prize + state.layout.prizes[node],
    )


def is_home(state: OPState) -> Bool[Array, ""]:
    """Whether a walk of OP has ended."""
    return ~is_unvisited(state.order[0])


def _walked(
    state: StateT, node: Action, leg: Any, *, num_moves: IntLike, back_to: Action | None
) -> StateT:
    """The state at the next node.

    Args:
        state: Before it.
        node: The next one.
        leg: Length of the way to it.
        num_moves: How many moves this is: 2 if it leads over the depot.
        back_to: Where the way leads from the last unvisited node; None if it ends there.
    """
    total = state.num_moves + num_moves
    number = state.order[node]
    is_new = is_unvisited(number)
    num_left = state.num_left - is_new.astype(jnp.int32)
    cost = state.cost + leg
    if back_to is not None:
        cost = cost + jnp.where(num_left == 0, distance(state.layout, node, back_to), 0.0)
    return dataclasses.replace(
        state,
        order=state.order.at[node].set(jnp.where(is_new, total - 1, number)),
        num_moves=total,
        num_left=num_left,
        current=node,
        cost=cost,
    )


def visits(state: RouteState) -> Bool[Array, " nodes"]:
    """Which nodes the walk has come to."""
    return ~is_unvisited(state.order)
