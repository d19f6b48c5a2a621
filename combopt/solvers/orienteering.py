"""Tours of OP without any extra: iterated insertion of what pays and shortening by 2-opt.

Source: bq-nco.md 5, at the end. Deviation: any length of the tour may be removed, not a third, and
detours count for less at random, because that found greater prizes on small and large instances.
"""

from typing import Final

import numpy as np
from jaxtyping import Float64

from combopt.solvers.budget import Budget
from envs.routing.instances import OP, Matrix

Prizes = Float64[np.ndarray, " nodes"]

DETOUR: Final = 1e-3  # in mean distances, so that a node on the way is not worth everything
GREED: Final = 1.0  # largest power of the detour that a prize is divided by
NOISE: Final = 0.3  # of what a node is worth, when a gap is filled
LATER_NOISE: Final = 0.1  # when there is room again after 2-opt
LOSSES: Final = (0.0, 0.05, 0.1)  # that may be accepted, in largest prizes


def rich_tour(instance: OP, budget: Budget, seed: int) -> list[int]:
    """A tour of a great prize; an iteration removes a part of it and fills up again.

    Args:
        instance: where to go.
        budget: of iterations or seconds.
        seed: of what is removed and inserted.
    """
    matrix, prizes, limit = instance.distances(), instance.prizes, instance.max_length
    draws = np.random.default_rng(seed)
    current = _fill([0], matrix, prizes, limit, NOISE, draws)
    best = current
    for _ in budget.shares():
        tour = current
        if len(tour) > 1:
            length = int(draws.integers(1, len(tour)))
            start = int(draws.integers(1, len(tour) - length + 1))
            tour = tour[:start] + tour[start + length :]
        tour = _fill(tour, matrix, prizes, limit, NOISE, draws)
        tour = _shorten(tour, matrix)
        tour = _fill(tour, matrix, prizes, limit, LATER_NOISE, draws)
        loss = float(draws.choice(LOSSES)) * prizes.max()
        if prizes[tour].sum() >= prizes[current].sum() - loss:
            current = tour
        if _is_better(current, best, matrix, prizes):
            best = current
    return best[1:]


def _is_better(tour: list[int], best: list[int], matrix: Matrix, prizes: Prizes) -> bool:
    gain = prizes[tour].sum() - prizes[best].sum()
    return bool(gain > 1e-12 or (gain > -1e-12 and _length(tour, matrix) < _length(best, matrix)))


def _length(tour: list[int], matrix: Matrix) -> float:
    return float(matrix[tour, np.roll(tour, -1)].sum())


def _fill(
    tour: list[int],
    matrix: Matrix,
    prizes: Prizes,
    limit: float,
    noise: float,
    draws: np.random.Generator,
) -> list[int]:
    """Insert nodes while any fits: those of most prize for their detour, more or less."""
    is_open = prizes > 0
    is_open[tour] = False
    nodes = np.flatnonzero(is_open)
    worth = prizes[nodes] * draws.lognormal(0, noise, len(nodes))
    least = DETOUR * float(matrix.mean()) or 1.0  # all nodes may be at one place
    power = draws.uniform(0, GREED)
    tour = list(tour)
    left = limit - _length(tour, matrix)
    while len(nodes):
        after = np.roll(tour, -1)
        detours = matrix[np.ix_(np.array(tour), nodes)] + matrix[np.ix_(nodes, after)].T
        detours -= matrix[tour, after][:, None]
        places = detours.argmin(axis=0)
        shortest = detours[places, np.arange(len(nodes))]
        fits = shortest <= left
        if not fits.any():
            break
        chosen = int(
            np.where(fits, worth / (np.maximum(shortest, 0) + least) ** power, -1).argmax()
        )
        tour.insert(int(places[chosen]) + 1, int(nodes[chosen]))
        left -= float(shortest[chosen])
        nodes, worth = np.delete(nodes, chosen), np.delete(worth, chosen)
    return tour


def _shorten(tour: list[int], matrix: Matrix) -> list[int]:
    """Reverse a part of the tour, the one that saves most, while any does."""
    while len(tour) > 3:
        nodes = np.array(tour)
        after = np.roll(nodes, -1)
        edges = matrix[nodes, after]
        changes = matrix[np.ix_(nodes, nodes)] + matrix[np.ix_(after, after)]
        changes -= edges[:, None] + edges[None]
        first, second = np.unravel_index(int(np.triu(changes, 1).argmin()), changes.shape)
        if changes[first, second] >= -1e-10 * edges.max() or second <= first:
            break
        middle = tour[first + 1 : second + 1]
        tour = tour[: first + 1] + middle[::-1] + tour[second + 1 :]
    return tour
