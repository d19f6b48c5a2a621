"""Walks as the solutions that instances know the cost of, and back to instances."""

import itertools

import numpy as np

from envs.routing.state import CVRPState, OPState, RouteState, TourState


def routes_of(state: RouteState) -> list[list[int]]:
    """Nodes in the order of the walk, a new list after each visit to a depot, none empty.

    A walk that is complete is a solution of its instance: the routes of CVRP; the first list, if
    there is one, of the others. A tour that begins elsewhere is turned to begin with node 0.
    """
    order = np.asarray(state.order)
    nodes = np.argsort(order, kind="stable")[(order < 0).sum() :]
    if isinstance(state, TourState):
        nodes = np.roll(nodes, -int(nodes.tolist().index(0))) if not int(state.num_left) else nodes
        return [nodes.tolist()] if len(nodes) else []
    nodes = nodes[nodes != 0]
    if isinstance(state, OPState):
        return [nodes.tolist()] if len(nodes) else []
    assert isinstance(state, CVRPState)
    # the number of a move to the depot is missing among those of the customers
    numbers = order[nodes] - np.arange(len(nodes))
    grouped = itertools.groupby(zip(numbers.tolist(), nodes.tolist(), strict=True), lambda p: p[0])
    return [[node for _, node in group] for _, group in grouped]
