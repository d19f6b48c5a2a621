"""Short tours where distances differ by direction: iterated 3-opt that reverses nothing."""

import random

from combopt.solvers.budget import Budget
from combopt.solvers.tours import (
    SMALL,
    Rows,
    best_of_all,
    from_start,
    near_nodes,
    nearest_neighbour,
    swap_segments,
)
from envs.routing.instances import Matrix


def short_directed_tour(matrix: Matrix, budget: Budget, seed: int) -> list[int]:
    """A short closed tour of all nodes; an iteration is a kick and what follows from it.

    Args:
        matrix: distances from row to column.
        budget: the best tour of up to seven nodes is found at once.
        seed: of the kicks.
    """
    if len(matrix) <= SMALL:
        return best_of_all(matrix)
    rows, near, near_before = matrix.tolist(), near_nodes(matrix), near_nodes(matrix.T)
    order = nearest_neighbour(matrix)
    _polish(order, rows, near, near_before, list(order))
    draws = random.Random(seed)
    for _ in budget.shares():
        # two swaps are what a single move does not undo
        kicked, touched, change = swap_segments(order, rows, draws)
        kicked, more, further = swap_segments(kicked, rows, draws)
        change += further + _polish(kicked, rows, near, near_before, touched + more)
        if change <= 0:
            order = kicked
    return from_start(order)


def _polish(
    order: list[int],
    rows: Rows,
    near: list[list[int]],
    near_before: list[list[int]],
    todo: list[int],
) -> float:
    """Shorten a tour in place by moves at the nodes of `todo`, and at those that they touch.

    A move replaces the edges (a, b), (p, c), (e, f), in this order on the tour, by (a, c), (e, b),
    (p, f): the segments b..p and c..e change places.

    Returns:
        The change of its length, 0 or less.
    """
    size = len(order)
    place = [0] * size
    for index, node in enumerate(order):
        place[node] = index
    least = -1e-10 * max(rows[order[0]])
    total = 0.0
    while todo:
        a = todo.pop()
        move = _find(a, order, place, rows, near, near_before, least)
        if move is None:
            continue
        change, c, e = move
        start = place[a] + 1
        turned = order[start:] + order[:start]  # b..p, c..e, f..a
        middle = (place[c] - start) % size
        end = (place[e] - start) % size + 1
        todo.extend((a, turned[0], turned[middle - 1], c, e, turned[end]))
        order[:] = turned[middle:end] + turned[:middle] + turned[end:]
        for index, node in enumerate(order):
            place[node] = index
        total += change
    return total


def _find(
    a: int,
    order: list[int],
    place: list[int],
    rows: Rows,
    near: list[list[int]],
    near_before: list[list[int]],
    least: float,
) -> tuple[float, int, int] | None:
    """A move that shortens the tour: by how much, and its nodes c and e."""
    size = len(order)
    start = place[a]
    b = order[(start + 1) % size]
    ab = rows[a][b]
    for c in near[a]:
        gain = ab - rows[a][c]
        if gain <= 0:
            return None
        p = order[place[c] - 1]
        gain += rows[p][c]
        to_c = (place[c] - start) % size
        for e in near_before[b]:
            if (place[e] - start) % size < to_c:
                continue  # not between c and a
            f = order[(place[e] + 1) % size]
            change = rows[e][b] + rows[p][f] - rows[e][f] - gain
            if change < least:
                return change, c, e
    return None
