"""A solution as a picture, drawn as the world of its problem draws it."""

import dataclasses
import io
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
from PIL import Image

from envs.core import Frame
from envs.knapsack.instances import Knapsack
from envs.knapsack.render import draw_sack
from envs.knapsack.state import first_state, items_of
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance
from envs.routing.render import draw_walk
from envs.routing.state import (
    RouteState,
    first_orienteering,
    first_routes,
    first_tour,
    layout_of,
)

SIZE: Final = (1000, 1060)  # pixels, with the line at the foot


def png_of(instance: Instance | Knapsack, solution: Any, words: str) -> bytes:
    """A PNG of a solution.

    Args:
        instance: what was solved.
        solution: of it.
        words: for the line at the foot.
    """
    file = io.BytesIO()
    Image.fromarray(np.asarray(frame_of(instance, solution, words))).save(file, "PNG")
    return file.getvalue()


def frame_of(instance: Instance | Knapsack, solution: Any, words: str) -> Frame:
    """The picture of a solution; see `png_of`."""
    if isinstance(instance, Knapsack):
        items = items_of(instance)
        packed = np.zeros(instance.size, np.bool_)
        packed[list(solution)] = True
        left = instance.capacity - int(instance.weights[packed].sum())
        sack = dataclasses.replace(
            first_state(items), packed=jnp.asarray(packed), capacity_left=jnp.int32(left)
        )
        return draw_sack(sack, words, SIZE)
    state = _walked(instance, solution)
    return draw_walk(state, np.zeros(instance.size, np.bool_), words, SIZE)


def _walked(instance: Instance, solution: Any) -> RouteState:
    """The state at the end of a walk, back at its start."""
    layout: Any = layout_of(_straight(instance))
    order = np.full(instance.size, -1, np.int32)
    state: RouteState
    if isinstance(instance, CVRP):
        state = dataclasses.replace(first_routes(layout), capacity_left=jnp.int32(0))
        order[0], moves = 0, 1
        for route in solution:
            order[list(route)] = range(moves, moves + len(route))
            moves += len(route) + 1  # with the way to the depot
        left = 0
    elif isinstance(instance, OP):
        order[list(solution)] = range(1, len(solution) + 1)
        order[0] = moves = len(solution) + 1
        left = instance.size - moves
        spare = jnp.float32(instance.max_length - instance.length(solution))
        state = dataclasses.replace(first_orienteering(layout), length_left=spare)
    else:
        order[list(solution)] = range(instance.size)
        state, moves, left = first_tour(layout, instance.size), instance.size, 0
    return dataclasses.replace(
        state,
        order=jnp.asarray(order),
        num_moves=jnp.int32(moves),
        num_left=jnp.int32(left),
    )


def _straight(instance: Instance) -> Instance:
    """With straight lines between places, where there are any, so that no matrix is made."""
    if isinstance(instance, ATSP) or instance.coords is None:
        return instance
    straight: TSP | CVRP | OP = dataclasses.replace(
        instance, metric="EUCLIDEAN", matrix=None, optimum=None
    )
    return straight
