"""Short tours without any extra: iterated local search by 2-opt and Or-opt, over near nodes."""

import itertools
import random
from typing import Final

import numpy as np

from combopt.solvers.budget import Budget
from envs.routing.instances import Matrix

SMALL: Final = 7  # nodes up to which all tours are tried
NUM_NEAR: Final = 10  # nodes that a node may be joined to
LONGEST: Final = 50  # segment that a kick moves
SEGMENT: Final = 3  # longest one that Or-opt moves

Rows = list[list[float]]  # of distances: lists are faster here than arrays


def short_tour(matrix: Matrix, budget: Budget, seed: int) -> list[int]:
    """A short closed tour of all nodes; an iteration is a kick and what follows from it.

    Args:
        matrix: symmetric distances.
        budget: the best tour of up to seven nodes is found at once.
        seed: of the kicks.
    """
    if len(matrix) <= SMALL:
        return best_of_all(matrix)
    rows, near = matrix.tolist(), near_nodes(matrix)
    order = nearest_neighbour(matrix)
    polish(order, rows, near, list(order))
    draws = random.Random(seed)
    for _ in budget.shares():
        kicked, touched, change = swap_segments(order, rows, draws)
        change += polish(kicked, rows, near, touched)
        if change <= 0:
            order = kicked
    return from_start(order)


def best_of_all(matrix: Matrix) -> list[int]:
    """The shortest tour, by trying all; distances may differ by direction."""
    orders = np.array([(0, *rest) for rest in itertools.permutations(range(1, len(matrix)))])
    lengths = matrix[orders, np.roll(orders, -1, axis=1)].sum(axis=1)
    best: list[int] = orders[int(lengths.argmin())].tolist()
    return best


def nearest_neighbour(matrix: Matrix) -> list[int]:
    """From node 0 on, always to the nearest node that was not visited."""
    order = [0]
    is_open = np.ones(len(matrix), np.bool_)
    is_open[0] = False
    for _ in range(len(matrix) - 1):
        order.append(int(np.where(is_open, matrix[order[-1]], np.inf).argmin()))
        is_open[order[-1]] = False
    return order


def near_nodes(matrix: Matrix) -> list[list[int]]:
    """For every row, the other nodes that are nearest, by ascending distance."""
    others = matrix + np.diag(np.full(len(matrix), np.inf))
    near: list[list[int]] = others.argsort(axis=1, kind="stable")[:, :NUM_NEAR].tolist()
    return near


def swap_segments(
    order: list[int], rows: Rows, draws: random.Random
) -> tuple[list[int], list[int], float]:
    """Swap two neighbouring segments, which 2-opt and Or-opt do not easily undo.

    Returns:
        The new order, the nodes with new neighbours, and how much longer it is.
    """
    turn = draws.randrange(len(order))
    order = order[turn:] + order[:turn]
    longest = min(LONGEST, len(order) // 3)
    middle = draws.randint(1, longest)
    end = middle + draws.randint(1, longest)
    first, last, second, before, after = (
        order[0], order[middle - 1], order[middle], order[end - 1], order[end]
    )  # fmt: skip
    change = (
        rows[order[-1]][second] + rows[before][first] + rows[last][after]
        - rows[order[-1]][first] - rows[last][second] - rows[before][after]
    )  # fmt: skip
    swapped = order[middle:end] + order[:middle] + order[end:]
    return swapped, [order[-1], first, last, second, before, after], change


def polish(order: list[int], rows: Rows, near: list[list[int]], todo: list[int]) -> float:
    """Shorten a tour in place by moves at the nodes of `todo`, and at those that they touch.

    Returns:
        The change of its length, 0 or less.
    """
    place = [0] * len(rows)
    for index, node in enumerate(order):
        place[node] = index
    least = -1e-10 * max(max(rows[node]) for node in order[:1])
    total = 0.0
    while todo:
        node = todo.pop()
        found = _two_opt(node, order, place, rows, near, least) or _or_opt(
            node, order, place, rows, near, least
        )
        if found is not None:
            change, touched = found
            total += change
            todo.extend(touched)
            for index, moved in enumerate(order):
                place[moved] = index
    return total


Found = tuple[float, tuple[int, ...]] | None
"""How much longer a tour became, and the nodes with new neighbours."""


def _two_opt(
    a: int, order: list[int], place: list[int], rows: Rows, near: list[list[int]], least: float
) -> Found:
    """Replace edges (a, b) and (c, d) by (a, c) and (b, d), where that is shorter."""
    size = len(order)
    for step in (1, -1):
        b = order[(place[a] + step) % size]
        ab = rows[a][b]
        for c in near[a]:
            ac = rows[a][c]
            if ac >= ab:
                break
            d = order[(place[c] + step) % size]
            change = ac + rows[b][d] - ab - rows[c][d]
            if change < least:
                first, last = (b, c) if step == 1 else (a, d)
                _turn_to(first, order, place)
                length = (place[last] - place[first]) % size + 1
                order[:length] = order[length - 1 :: -1]
                return change, (a, b, c, d)
    return None


def _or_opt(
    a: int, order: list[int], place: list[int], rows: Rows, near: list[list[int]], least: float
) -> Found:
    """Move a segment that begins with `a`, in either direction, to be beside a near node `c`."""
    size = len(order)
    for step in (1, -1):
        before = order[(place[a] - step) % size]
        for length in range(1, SEGMENT + 1):
            z = order[(place[a] + step * (length - 1)) % size]
            after = order[(place[a] + step * length) % size]
            gain = rows[before][a] + rows[z][after] - rows[before][after]
            for c in near[a]:
                ac = rows[a][c]
                if ac >= gain:
                    break
                if (place[c] - place[a]) * step % size < length:
                    continue  # within the segment
                for side in (1, -1):
                    d = order[(place[c] + side) % size]
                    if (place[d] - place[a]) * step % size < length:
                        continue
                    change = ac + rows[z][d] - rows[c][d] - gain
                    if change < least:
                        _turn_to(a if step == 1 else z, order, place)
                        segment, rest = order[:length], order[length:]
                        at = rest.index(c) + (1 if side == 1 else 0)
                        begins = segment[0] == a
                        if begins != (side == 1):  # `a` comes to be beside `c`
                            segment.reverse()
                        order[:] = rest[:at] + segment + rest[at:]
                        return change, (before, a, z, after, c, d)
    return None


def _turn_to(node: int, order: list[int], place: list[int]) -> None:
    """Begin the list with a node; places keep their cyclic distances."""
    order[:] = order[place[node] :] + order[: place[node]]


def from_start(order: list[int]) -> list[int]:
    """The same closed tour, beginning with node 0."""
    start = order.index(0)
    return order[start:] + order[:start]
