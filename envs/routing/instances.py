"""Instances of the routing problems: what a file holds, a generator draws and a solver solves.

Node 0 is the depot of CVRP and OP, and the start of TSP and ATSP. A solution is

- TSP, ATSP: the order of all nodes, beginning with 0;
- CVRP: routes, each the order of its customers, without the depot;
- OP: the order of the visited nodes, without the depot.

TSPLIB rounds every distance to a whole number, and so do its optima; learned solvers are mostly
measured without. `unrounded()` goes from the first convention to the second.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float64, Int64

from envs.routing.distances import METRICS, Metric, between

Tour: TypeAlias = Sequence[int]
Routes: TypeAlias = Sequence[Sequence[int]]
Problem = Literal["tsp", "atsp", "cvrp", "op"]
Matrix = Float64[np.ndarray, "nodes nodes"]
Coords = Float64[np.ndarray, "nodes 2"]

TOLERANCE: Final = 1e-6  # by which a tour of OP may be too long: bq-nco.md 2


PlacedT = TypeVar("PlacedT", bound="_Placed")


class _Placed:
    """What the problems have in common whose distances are the same both ways."""

    coords: Coords | None
    metric: Metric
    matrix: Matrix | None

    @property
    def size(self) -> int:
        """Number of nodes, the depot included."""
        nodes = self.matrix if self.coords is None else self.coords
        assert nodes is not None
        return len(nodes)

    def distances(self) -> Matrix:
        """From every node (row) to every node (column)."""
        if self.matrix is not None:
            return self.matrix
        assert self.coords is not None
        distances = between(self.coords[:, None], self.coords[None], self.metric)
        np.fill_diagonal(distances, 0)
        return distances

    def along(self, tour: Tour) -> float:
        """Length of the way along some nodes and back to the first; makes no matrix."""
        if self.matrix is not None:
            return _length(self.matrix, tour)
        assert self.coords is not None
        order = np.asarray(tour, np.int64)
        ends = np.roll(order, -1)
        legs = between(self.coords[order], self.coords[ends], self.metric)
        return float(legs[order != ends].sum())

    def unrounded(self: PlacedT) -> PlacedT:
        """The same places with exact distances; no known optimum, which was for rounded ones.

        A matrix is not rounded, and an instance given by one is returned as it is.

        Raises:
            ValueError: the metric is GEO, which is defined in whole kilometres only.
        """
        if self.metric in ("EUCLIDEAN", "EXPLICIT"):
            return self
        if self.metric == "GEO":
            raise ValueError("distances of metric GEO are whole kilometres by definition")
        assert self.coords is not None
        coords = self.coords / (10**0.5 if self.metric == "ATT" else 1.0)
        exact: PlacedT = dataclasses.replace(  # type: ignore[type-var]  # its children are dataclasses
            self, coords=coords, metric="EUCLIDEAN", optimum=None
        )
        return exact


@dataclasses.dataclass(frozen=True, eq=False)
class TSP(_Placed):
    """Visit every node once, and return.

    Attributes:
        coords: of the nodes; None where the file gives distances only.
        metric: how coordinates become distances.
        matrix: symmetric distances, of metric "EXPLICIT" only.
        name: of the file, or empty.
        optimum: length of the shortest tour, where it is known.
    """

    coords: Coords | None
    metric: Metric = "EUCLIDEAN"
    matrix: Matrix | None = None
    name: str = ""
    optimum: float | None = None

    def __post_init__(self) -> None:
        _check_places(self.coords, self.metric, self.matrix)

    def cost(self, tour: Tour) -> float:
        """Length of a closed tour.

        Raises:
            ValueError: this is not an order of all nodes.
        """
        return self.along(check_order(tour, self.size))


@dataclasses.dataclass(frozen=True, eq=False)
class ATSP:
    """TSP where the way back may differ: distances from row to column."""

    matrix: Matrix
    name: str = ""
    optimum: float | None = None

    def __post_init__(self) -> None:
        _check_matrix(self.matrix)

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.matrix)

    def distances(self) -> Matrix:
        """From every node (row) to every node (column)."""
        return self.matrix

    def unrounded(self) -> "ATSP":
        """Itself: distances of a matrix are not rounded."""
        return self

    def cost(self, tour: Tour) -> float:
        """Length of a closed tour.

        Raises:
            ValueError: this is not an order of all nodes.
        """
        return _length(self.matrix, check_order(tour, self.size))


@dataclasses.dataclass(frozen=True, eq=False)
class CVRP(_Placed):
    """Serve every customer by routes from the depot, none with more than it can carry.

    Attributes:
        coords: of the depot and the customers; None where the file gives distances only.
        demands: whole numbers, 0 at the depot, otherwise in 1..capacity.
        capacity: of a route.
        metric: how coordinates become distances.
        matrix: symmetric distances, of metric "EXPLICIT" only.
        name: of the file, or empty.
        optimum: the best cost known.
    """

    coords: Coords | None
    demands: Int64[np.ndarray, " nodes"]
    capacity: int
    metric: Metric = "EUCLIDEAN"
    matrix: Matrix | None = None
    name: str = ""
    optimum: float | None = None

    def __post_init__(self) -> None:
        _check_places(self.coords, self.metric, self.matrix)
        if self.demands.shape != (self.size,):
            raise ValueError(f"demands: one of each node, {self.size}; got {self.demands.shape}")
        served = self.demands[1:]
        if self.demands[0] != 0 or (served < 1).any() or (served > self.capacity).any():
            raise ValueError(
                f"demands are 0 at the depot and 1..{self.capacity} elsewhere; got "
                f"{self.demands[0]} and {served.min()}..{served.max()}"
            )

    def cost(self, routes: Routes) -> float:
        """Length of all routes, from the depot and back.

        Raises:
            ValueError: not every customer is on one route, or a route carries too much.
        """
        check_order([0, *(node for route in routes for node in route)], self.size)
        for number, route in enumerate(routes):
            load = int(self.demands[list(route)].sum())
            if load > self.capacity:
                raise ValueError(f"route {number} carries {load}, more than {self.capacity}")
        return sum(self.along([0, *route]) for route in routes)


@dataclasses.dataclass(frozen=True, eq=False)
class OP(_Placed):
    """Orienteering: collect prizes on a tour from the depot that is not too long.

    Attributes:
        coords: of the depot and the nodes; None where the file gives distances only.
        prizes: 0 at the depot, otherwise at least 0.
        max_length: of the closed tour.
        metric: how coordinates become distances.
        matrix: symmetric distances, of metric "EXPLICIT" only.
        name: of the file, or empty.
        optimum: the best prize known.
    """

    coords: Coords | None
    prizes: Float64[np.ndarray, " nodes"]
    max_length: float
    metric: Metric = "EUCLIDEAN"
    matrix: Matrix | None = None
    name: str = ""
    optimum: float | None = None

    def __post_init__(self) -> None:
        _check_places(self.coords, self.metric, self.matrix)
        if self.prizes.shape != (self.size,):
            raise ValueError(f"prizes: one of each node, {self.size}; got {self.prizes.shape}")
        if self.prizes[0] != 0 or not (self.prizes >= 0).all():
            raise ValueError("prizes are 0 at the depot and at least 0 elsewhere")
        if not 0 <= self.max_length < np.inf:
            raise ValueError(f"max_length is finite and at least 0; got {self.max_length}")

    def length(self, tour: Tour) -> float:
        """Of the closed tour from the depot."""
        return self.along([0, *tour])

    def prize(self, tour: Tour) -> float:
        """Sum of the prizes on a tour.

        Raises:
            ValueError: a node is unknown or visited twice, or the tour is too long.
        """
        if len({0, *tour}) != len(tour) + 1 or not all(0 < node < self.size for node in tour):
            raise ValueError(f"a tour visits nodes of 1..{self.size - 1} once; got {list(tour)}")
        if self.length(tour) > self.max_length + TOLERANCE:
            raise ValueError(f"tour of length {self.length(tour)}, allowed are {self.max_length}")
        return float(self.prizes[list(tour)].sum()) if tour else 0.0


Instance: TypeAlias = TSP | ATSP | CVRP | OP


def check_order(tour: Tour, size: int) -> Tour:
    """Return a tour that visits each of `size` nodes once, and begins with 0.

    Raises:
        ValueError: it does not.
    """
    if len(tour) != size or tour[0] != 0 or set(tour) != set(range(size)):
        missing = sorted(set(range(size)) - set(tour))
        raise ValueError(
            f"a tour begins with node 0 and visits each of {size} nodes once; got {len(tour)} "
            f"nodes, and missing are {missing[:10]}"
        )
    return tour


def _length(matrix: Matrix, tour: Tour) -> float:
    order = np.asarray(tour, np.int64)
    return float(matrix[order, np.roll(order, -1)].sum())


def _check_places(coords: Coords | None, metric: Metric, matrix: Matrix | None) -> None:
    if metric not in METRICS:
        raise ValueError(f"metric is one of {', '.join(METRICS)}; got {metric!r}")
    if (metric == "EXPLICIT") != (matrix is not None):
        raise ValueError("a matrix is given with metric EXPLICIT, and with no other")
    if coords is None and matrix is None:
        raise ValueError(f"metric {metric} needs coords")
    if matrix is not None:
        _check_matrix(matrix)
        if not np.array_equal(matrix, matrix.T):
            raise ValueError("distances are the same both ways; only ATSP may have others")
    if coords is not None:
        if coords.ndim != 2 or coords.shape[1] != 2 or len(coords) < 2:
            raise ValueError(
                f"coords have the shape (nodes, 2) with 2 nodes or more; got {coords.shape}"
            )
        if not np.isfinite(coords).all():
            raise ValueError("coords are finite numbers")
    if coords is not None and matrix is not None and len(coords) != len(matrix):
        raise ValueError(f"coords of {len(coords)} nodes, distances of {len(matrix)}")


def _check_matrix(matrix: Matrix) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"distances have the shape (nodes, nodes) with 2 nodes or more; got {matrix.shape}"
        )
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError("distances are finite and at least 0")
    if matrix.diagonal().any():
        raise ValueError("the distance of a node from itself, on the diagonal, is 0")
