"""Instances as arrays, and the states of the four routing worlds.

Nodes are numbered as in `envs.routing.instances`: 0 is the depot, or where a tour begins. Positions
are (x, y), in the units of the instance.
"""

import dataclasses
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32

from envs.core import pytree
from envs.routing.instances import ATSP, CVRP, OP, Instance, Matrix

StateT = TypeVar("StateT", bound="RouteState")

UNIT_DIAGONAL = 2**0.5  # no two places of the unit square are farther apart


@pytree
class Layout:
    """What stays the same in an episode of TSP and ATSP; the other two add to it."""

    coords: Float32[Array, "_places 2"]  # no rows where the instance has none
    matrix: Float32[Array, "_from _to"]  # distances; no rows where they are straight lines
    longest: Float32[Array, ""]  # no leg is longer
    optimum: Float32[Array, ""] | None  # the best cost or prize known
    metric: str = dataclasses.field(metadata={"static": True})  # of `envs.routing.distances`


@pytree
class CVRPLayout(Layout):
    """What stays the same in an episode of CVRP."""

    demands: Int32[Array, " nodes"]  # 0 at the depot
    capacity: Int32[Array, ""]


@pytree
class OPLayout(Layout):
    """What stays the same in an episode of OP."""

    prizes: Float32[Array, " nodes"]  # 0 at the depot
    max_length: Float32[Array, ""]
    way_home: Float32[Array, " nodes"]  # distances to the depot


@pytree
class RouteState:
    """How far a walk over the nodes has come; what all four worlds have in common."""

    layout: Layout
    order: Int32[Array, " nodes"]  # numbers of the moves that came to the nodes; -1: none has
    num_moves: Int32[Array, ""]  # made so far, the start included; a visit to a depot is one
    num_left: Int32[Array, ""]  # nodes not visited yet, a depot apart
    current: Int32[Array, ""]  # where the walk stands
    cost: Float32[Array, ""]  # its length, and at the end the way back too
    time: Int32[Array, ""]  # steps since the reset, refused ones included
    is_refused: Bool[Array, ""]  # whether the last action was illegal, and so changed nothing


@pytree
class TourState(RouteState):
    """TSP and ATSP."""

    start: Int32[Array, ""]  # where the tour began


@pytree
class CVRPState(RouteState):
    """The number of a move to the depot is missing in `order`: there a route ended."""

    layout: CVRPLayout
    capacity_left: Int32[Array, ""]


@pytree
class OPState(RouteState):
    """The depot, node 0, is visited when the walk comes home, which ends the episode."""

    layout: OPLayout
    length_left: Float32[Array, ""]
    prize: Float32[Array, ""]  # collected so far


def first_tour(layout: Layout, num_nodes: int, *, is_free: bool = False) -> TourState:
    """A tour that begins at node 0; or, if it is free, with the first action."""
    return TourState(**_walk(layout, num_nodes, visits=() if is_free else (0,)), start=jnp.int32(0))


def first_routes(layout: CVRPLayout) -> CVRPState:
    """Routes that begin at the depot."""
    walk = _walk(layout, len(layout.demands), visits=(0,))
    return CVRPState(**walk, capacity_left=layout.capacity)


def first_orienteering(layout: OPLayout) -> OPState:
    """A walk from the depot, which is not visited before it ends there."""
    walk = _walk(layout, len(layout.prizes), visits=())
    walk["num_left"] = walk["num_left"] - 1
    walk["num_moves"] = jnp.int32(1)
    return OPState(**walk, length_left=layout.max_length, prize=jnp.float32(0.0))


def _walk(layout: Layout, num_nodes: int, visits: tuple[int, ...]) -> dict[str, Any]:
    order = np.full(num_nodes, -1, np.int32)
    order[list(visits)] = 0
    return {
        "layout": layout,
        "order": jnp.asarray(order),
        "num_moves": jnp.int32(len(visits)),
        "num_left": jnp.int32(num_nodes - len(visits)),
        "current": jnp.int32(0),
        "cost": jnp.float32(0.0),
        "time": jnp.int32(0),
        "is_refused": jnp.bool_(False),
    }


def distance(layout: Layout, start: Any, end: Any) -> Float32[Array, ""]:
    """Length of the leg between two nodes."""
    if layout.metric != "EUCLIDEAN":
        return layout.matrix[start, end]
    return _length(layout.coords[start] - layout.coords[end])


def distances_from(layout: Layout, start: Any) -> Float32[Array, " nodes"]:
    """Lengths of the legs from a node to all."""
    if layout.metric != "EUCLIDEAN":
        return layout.matrix[start]
    return _length(layout.coords - layout.coords[start][None])


def _length(offsets: Float32[Array, "... 2"]) -> Float32[Array, "..."]:
    return jnp.sqrt(offsets[..., 0] ** 2 + offsets[..., 1] ** 2)


def selected(condition: Any, new: StateT, old: StateT) -> StateT:
    """One state or the other; what is the same object in both is not looked at."""

    def choose(left: Any, right: Any) -> Any:
        return left if left is right else jnp.where(condition, left, right)

    chosen: StateT = jax.tree.map(choose, new, old)
    return chosen


def layout_of(instance: Instance) -> Layout:
    """An instance as arrays.

    Distances that are rounded, or that no coordinates give, become a matrix: whole numbers in it
    are exact up to 2**24.
    """
    shared = _shared(instance)
    if isinstance(instance, CVRP):
        demands = jnp.asarray(instance.demands, jnp.int32)
        return CVRPLayout(**shared, demands=demands, capacity=jnp.int32(instance.capacity))
    if isinstance(instance, OP):
        layout = Layout(**shared)
        return OPLayout(
            **shared,
            prizes=jnp.asarray(instance.prizes, jnp.float32),
            max_length=jnp.float32(instance.max_length),
            way_home=distances_from(layout, 0),
        )
    return Layout(**shared)


def _shared(instance: Instance) -> dict[str, Any]:
    coords = None if isinstance(instance, ATSP) else instance.coords
    metric = "EXPLICIT" if isinstance(instance, ATSP) else instance.metric
    matrix: Matrix = np.zeros((0, 0)) if metric == "EUCLIDEAN" else instance.distances()
    longest = matrix.max() if coords is None or matrix.size else np.linalg.norm(np.ptp(coords, 0))
    return {
        "coords": jnp.asarray(np.zeros((0, 2)) if coords is None else coords, jnp.float32),
        "matrix": jnp.asarray(matrix, jnp.float32),
        "longest": jnp.float32(longest),
        "optimum": None if instance.optimum is None else jnp.float32(instance.optimum),
        "metric": metric,
    }


def layout_in_square(coords: Float32[Array, "nodes 2"]) -> dict[str, Any]:
    """The fields of `Layout` for places in the unit square, with straight lines between them."""
    return {
        "coords": coords,
        "matrix": jnp.zeros((0, 0), jnp.float32),
        "longest": jnp.float32(UNIT_DIAGONAL),
        "optimum": None,
        "metric": "EUCLIDEAN",
    }
