"""Random instances: where nodes lie, what they ask for or offer, and how much there is of it.

The formulas take their random numbers as arrays. They run on numpy and on jax alike, and `xp` is
the one or the other: `generate` draws by numpy, a world at the start of its episodes by jax.
"""

from typing import Any, Final, NamedTuple, get_args

import numpy as np

from envs.routing.instances import ATSP, CVRP, OP, TSP, Coords, Instance, Matrix, Problem

DISTRIBUTIONS: Final = ("uniform", "cluster", "mixed", "explosion")
PRIZE_TYPES: Final = ("distance", "uniform", "constant")

NUM_CLUSTERS: Final = 3
CLUSTER_WIDTH: Final = 0.07  # standard deviation of a cluster
CLUSTER_MARGIN: Final = 0.2  # between the centre of a cluster and the edge of the square
BLAST: Final = 0.3  # radius that an explosion clears
BLAST_MEAN: Final = 0.1  # by which what it moves lies beyond that radius, on average
LARGEST_DEMAND: Final = 9
LARGEST_PRIZE: Final = 99  # hundredths, before the one that all nodes have in "distance"

CAPACITIES: Final = {
    10: 20, 15: 25, 20: 30, 30: 33, 40: 37, 50: 40, 60: 43, 75: 45, 100: 50, 125: 55, 150: 60,
    200: 70, 500: 100, 1000: 150,
}  # fmt: skip
"""Customers -> capacity of a route: the table of ai4co/rl4co."""
MAX_LENGTHS: Final = {20: 2.0, 50: 3.0, 100: 4.0}
"""Nodes -> length of a tour of OP, likewise."""


class PlaceDraws(NamedTuple):
    """Random numbers behind the places of nodes; uniform ones in [0, 1)."""

    uniform: Any  # (nodes, 2)
    normal: Any  # (nodes, 2)
    centres: Any  # (NUM_CLUSTERS, 2), uniform
    choices: Any  # (nodes, 2), uniform
    exponential: Any  # (nodes,), of mean 1


def generate(
    problem: str, size: int, count: int, seed: int, distribution: str = "uniform"
) -> list[Instance]:
    """Draw instances; the same arguments give the same, and a larger `count` begins with them.

    Args:
        problem: One of `Problem`.
        size: Nodes to visit; the depot of CVRP and OP comes on top.
        count: How many.
        seed: 0 or more.
        distribution: Of the places, one of `DISTRIBUTIONS`; ATSP has none and takes "uniform".

    Raises:
        ValueError: names the argument.
    """
    if problem not in get_args(Problem):
        raise ValueError(f"problem is one of {', '.join(get_args(Problem))}; got {problem!r}")
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"distribution is one of {', '.join(DISTRIBUTIONS)}; got {distribution!r}")
    if problem == "atsp" and distribution != "uniform":
        raise ValueError(f"ATSP has no places; its distribution is 'uniform', got {distribution!r}")
    least = 2 if problem in ("tsp", "atsp") else 1
    if size < least or count < 0 or seed < 0:
        raise ValueError(
            f"size is {least} or more, count and seed 0 or more; got {size=}, {count=}, {seed=}"
        )
    streams = (np.random.default_rng([seed, index]) for index in range(count))
    return [_drawn(problem, size, stream, distribution) for stream in streams]


def _drawn(problem: str, size: int, random: np.random.Generator, distribution: str) -> Instance:
    if problem == "atsp":
        return ATSP(_drawn_matrix(random, size))
    coords = _drawn_coords(random, size if problem == "tsp" else size + 1, distribution)
    if problem == "tsp":
        return TSP(coords)
    if problem == "cvrp":
        demands = random.integers(1, LARGEST_DEMAND + 1, size + 1)
        demands[0] = 0
        return CVRP(coords, demands, capacity_for(size))
    hundredths = random.integers(1, LARGEST_PRIZE + 1, size + 1)
    prizes = prizes_of("distance", np.sqrt(((coords - coords[0]) ** 2).sum(-1)), hundredths, np)
    return OP(coords, prizes, max_length_for(size))


def _drawn_coords(random: np.random.Generator, num_nodes: int, distribution: str) -> Coords:
    draws = PlaceDraws(
        uniform=random.random((num_nodes, 2)),
        normal=random.standard_normal((num_nodes, 2)),
        centres=random.random((NUM_CLUSTERS, 2)),
        choices=random.random((num_nodes, 2)),
        exponential=random.standard_exponential(num_nodes),
    )
    return np.asarray(coords_of(distribution, draws, np), np.float64)


def _drawn_matrix(random: np.random.Generator, num_nodes: int) -> Matrix:
    matrix = without_diagonal(random.random((num_nodes, num_nodes)), np)
    for node in range(num_nodes):
        matrix = shortened(matrix, node, np)
    return np.asarray(matrix, np.float64)


def coords_of(distribution: str, draws: PlaceDraws, xp: Any) -> Any:
    """Places in the unit square, shape (nodes, 2).

    - "uniform": anywhere;
    - "cluster": normal around one of three centres, cut off at the edges;
    - "mixed": each node one or the other, by the toss of a coin;
    - "explosion": uniform, but a disc is cleared: its nodes are driven out radially, to an
      exponentially distributed distance beyond its edge.
    """
    if distribution == "uniform":
        return draws.uniform
    if distribution == "explosion":
        offsets = draws.uniform - draws.centres[:1]
        away = xp.maximum(xp.sqrt((offsets**2).sum(-1)), 1e-6)
        thrown = xp.where(away < BLAST, BLAST + BLAST_MEAN * draws.exponential, away)
        return xp.clip(draws.centres[:1] + offsets * (thrown / away)[:, None], 0.0, 1.0)
    centres = CLUSTER_MARGIN + (1 - 2 * CLUSTER_MARGIN) * draws.centres
    own = centres[xp.floor(NUM_CLUSTERS * draws.choices[:, 0]).astype(xp.int32)]
    clustered = xp.clip(own + CLUSTER_WIDTH * draws.normal, 0.0, 1.0)
    if distribution == "cluster":
        return clustered
    return xp.where(draws.choices[:, 1:] < 0.5, draws.uniform, clustered)


def prizes_of(prize_type: str, from_depot: Any, hundredths: Any, xp: Any) -> Any:
    """Prizes of OP, shape (nodes,): 0 at the depot, elsewhere at most 1.

    - "distance": the farther from the depot, the more; (1 + int(99 d / max d)) / 100;
    - "uniform": 1..99 hundredths;
    - "constant": 1.

    Args:
        prize_type: One of these.
        from_depot: Distances of the nodes.
        hundredths: Random whole numbers in 1..99, one of each node.
        xp: numpy or jax.numpy.
    """
    if prize_type == "distance":
        share = from_depot / xp.maximum(from_depot.max(), 1e-6)
        prizes = (1 + xp.floor(LARGEST_PRIZE * share)) / 100
    elif prize_type == "uniform":
        prizes = hundredths.astype(from_depot.dtype) / 100
    else:
        prizes = xp.ones_like(from_depot)
    return xp.where(xp.arange(len(prizes)) == 0, 0.0, prizes)


def without_diagonal(matrix: Any, xp: Any) -> Any:
    """The distances with 0 from every node to itself."""
    nodes = xp.arange(len(matrix))
    return xp.where(nodes[:, None] == nodes[None, :], 0.0, matrix)


def shortened(matrix: Any, node: Any, xp: Any) -> Any:
    """Distances where the way by one more node may be taken.

    After all nodes, one by one, none of them is longer than a detour.
    """
    return xp.minimum(matrix, matrix[:, node, None] + matrix[None, node, :])


def capacity_for(num_customers: int) -> int:
    """Capacity of CVRP by the table, at the nearest number of customers."""
    return CAPACITIES[_nearest(num_customers, list(CAPACITIES))]


def max_length_for(num_nodes: int) -> float:
    """Length of a tour of OP by the table, at the nearest number of nodes."""
    return MAX_LENGTHS[_nearest(num_nodes, list(MAX_LENGTHS))]


def _nearest(number: int, known: list[int]) -> int:
    return min(known, key=lambda each: (abs(each - number), each))
