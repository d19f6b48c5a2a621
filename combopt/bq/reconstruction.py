"""Solutions made better by solving random parts of them again, for as long as one likes.

What is kept of a solution leaves a reduced instance, so that a part is solved as a whole is:

| problem | what is solved again |
|---|---|
| tsp, atsp | segments of the tour, with their ends as they are |
| cvrp | the end of a sequence of routes, the last of which lie near each other |
| op | a segment of the tour, with the nodes not visited that lie nearest to its ends |
| knapsack | some packed items, with those not packed that are worth most for their weight |

Source: the random re-construction of arXiv 2310.07985; bq-nco.md 4.2.
"""

# Deviation: a round solves several parts, as one batch takes a network little longer than one of
# them. Of a tour they are segments that do not overlap, each in several orientations of the square;
# of the other problems parts of the same size, of which the best is taken.

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import torch
from jaxtyping import Int64
from torch import Tensor

from combopt.bq.decoding import END, NUM_SYMMETRIES, PLACED, Decoding, device_of, search, turned
from combopt.bq.model import BQNetwork
from combopt.bq.reduction import NUM_WAYS, Instances, Reduction, instances_of
from combopt.solvers import Problem, Solution
from combopt.solvers.budget import Budget
from envs.knapsack.instances import Knapsack
from envs.routing.instances import Instance

SolutionT = TypeVar("SolutionT", list[int], list[list[int]])

SHORTEST: Final = 4  # nodes of a segment, so that there are two to reorder
LONGEST: Final = 100  # nodes of a segment, and others to choose from: networks know as many
PARTS: Final = 16  # of a batch
LEAST_GAIN: Final = 1e-9  # relative; less is rounding


class _Draws:
    """Random numbers, the same on every device."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def below(self, bound: int) -> int:
        """One of 0, 1, ... bound - 1."""
        return int(torch.randint(bound, (1,), generator=self._generator, device="cpu"))

    def some(self, listed: Sequence[int], count: int) -> list[int]:
        """So many of them, in some order."""
        order = torch.randperm(len(listed), generator=self._generator, device="cpu")
        return [listed[index] for index in order[:count].tolist()]


class _Round(NamedTuple):
    """What a round works with; the numbers of the one instance are at hand as lists."""

    network: BQNetwork
    whole: Instances
    decoding: Decoding
    draws: _Draws
    needs: list[float]
    gains: list[float]
    limit: float

    @property
    def size(self) -> int:
        """Number of nodes or items."""
        return self.whole.features.shape[1]

    def distances(self, origin: int, nodes: Sequence[int]) -> list[float]:
        """From one node to some."""
        ends = torch.tensor(nodes, dtype=torch.int64, device=self.whole.features.device)
        lengths: list[float] = self.whole.distances(ends * 0, ends * 0 + origin, ends).tolist()
        return lengths

    def length(self, walk: Sequence[int]) -> float:
        """Of the way along some nodes."""
        nodes = torch.tensor(walk, dtype=torch.int64, device=self.whole.features.device)
        return float(self.whole.distances(nodes[1:] * 0, nodes[:-1], nodes[1:]).sum())


class _Part(NamedTuple):
    """Something to solve again.

    Attributes:
        rows: of the reduced instance.
        worth: the return of how it is solved now.
        put: makes a solution of the whole from actions.
        left: as in `Reduction`.
    """

    rows: list[int]
    worth: float
    put: Callable[[list[int]], Any]
    left: float | None = None


class _Found(NamedTuple):
    """A path, with the nodes of the whole instance, and its return."""

    actions: list[int]
    worth: float


def improved(
    network: BQNetwork,
    instance: Instance | Knapsack,
    solution: Solution,
    budget: Budget,
    decoding: Decoding,
    seed: int = 0,
) -> Solution:
    """A solution that is at least as good.

    Args:
        network: of the problem.
        instance: what to solve.
        solution: of it.
        budget: an iteration is a round, in which one batch of parts is solved.
        decoding: how the network sees them, and the beam; orientations are used in any case.
        seed: of the parts; with a budget of iterations the same seed gives the same solution.

    Raises:
        ValueError: the network and the instance do not go together.
    """
    whole = instances_of([instance], scaled=decoding.scaled, device=device_of(network))
    if whole.problem != network.config.problem:
        raise ValueError(
            f"this network solves {network.config.problem}; got an instance of {whole.problem}"
        )
    this = _Round(
        network,
        whole,
        decoding,
        _Draws(seed),
        needs=[] if whole.needs is None else whole.needs[0].tolist(),
        gains=[] if whole.gains is None else whole.gains[0].tolist(),
        limit=0.0 if whole.limits is None else float(whole.limits[0]),
    )
    change: Callable[[_Round, Any], Any] = _CHANGES[whole.problem]
    for _ in budget.shares():
        solution = change(this, solution)
    return solution


def _tour_changed(this: _Round, tour: list[int]) -> list[int]:
    if this.size < SHORTEST:
        return tour
    length = SHORTEST + this.draws.below(min(this.size, LONGEST) - SHORTEST + 1)
    turn = this.draws.below(this.size)
    tour = [*tour[turn:], *tour[:turn]]
    if this.whole.problem == "tsp" and this.draws.below(2):
        tour.reverse()
    starts = range(0, this.size - length + 1, length)
    segments = [tour[start : start + length] for start in starts]
    for start, segment, found in zip(starts, segments, _solved(this, segments), strict=True):
        if _is_more(found.worth, -this.length(segment)):
            tour[start + 1 : start + length - 1] = found.actions
    zero = tour.index(0)
    return [*tour[zero:], *tour[:zero]]


def _routes_changed(this: _Round, routes: list[list[int]]) -> list[list[int]]:
    most = min(this.size - 1, LONGEST)
    if most < 2:
        return routes
    count = 2 + this.draws.below(most - 1)
    return _best_put(this, routes, [_end_of_routes(this, routes, count) for _ in range(PARTS)])


def _end_of_routes(this: _Round, routes: list[list[int]], count: int) -> _Part:
    """The last customers of the routes, those near a random customer being last."""
    anchor = 1 + this.draws.below(this.size - 1)
    away = dict(enumerate(this.distances(anchor, range(this.size))))
    order = sorted(routes, key=lambda route: -min(away[node] for node in route))
    order = [route[::-1] if this.draws.below(2) else route for route in order]
    kept: list[list[int]] = []
    skipped = this.size - 1 - count  # customers
    while skipped >= len(order[0]):
        kept.append(order.pop(0))
        skipped -= len(kept[-1])
    head, tail = order[0][:skipped], order[0][skipped:]
    rest = [tail, *order[1:]]
    origin = head[-1] if head else 0

    def put(actions: list[int]) -> list[list[int]]:
        rebuilt = [*kept, list(head)]
        for action in actions:
            if action % 2:
                rebuilt.append([])
            rebuilt[-1].append(action // 2)
        return [route for route in rebuilt if route]

    walk = [origin, *itertools.chain.from_iterable([*route, 0] for route in rest)]
    customers = itertools.chain.from_iterable(rest)
    return _Part(
        [origin, *customers, 0],
        -this.length(walk),
        put,
        this.limit - math.fsum(this.needs[node] for node in head),
    )


def _walk_changed(this: _Round, tour: list[int]) -> list[int]:
    outside = sorted(set(range(1, this.size)) - set(tour))
    count = this.draws.below(min(len(tour), LONGEST) + 1)
    if count + len(outside) == 0:
        return tour
    parts = []
    for _ in range(PARTS):
        start = this.draws.below(len(tour) - count + 1)
        parts.append(_segment_of_walk(this, tour, outside, slice(start, start + count)))
    return _best_put(this, tour, parts)


def _segment_of_walk(this: _Round, tour: list[int], outside: list[int], where: slice) -> _Part:
    before, inner, after = [0, *tour[: where.start]], tour[where], [*tour[where.stop :], 0]
    ends = before[-1], after[0]
    detours = zip(*(this.distances(end, outside) for end in ends), strict=True)
    by_detour = sorted(zip(map(sum, detours), outside, strict=True))
    near = [node for _, node in by_detour[:LONGEST]]
    return _Part(
        [ends[0], *inner, *near, ends[1]],
        math.fsum(this.gains[node] for node in inner),
        lambda actions: [*before[1:], *actions, *after[:-1]],
        this.limit - this.length(before) - this.length(after),
    )


def _items_changed(this: _Round, items: list[int]) -> list[int]:
    outside = sorted(
        set(range(this.size)) - set(items),
        key=lambda item: (-this.gains[item] / max(this.needs[item], 1.0), item),
    )[:LONGEST]
    if not items or not outside:
        return items
    count = 1 + this.draws.below(min(len(items), LONGEST))
    parts = []
    for _ in range(PARTS):
        taken = this.draws.some(items, count)
        kept = [item for item in items if item not in set(taken)]
        parts.append(
            _Part(
                [*taken, *outside],
                math.fsum(this.gains[item] for item in taken),
                lambda actions, kept=kept: [*kept, *actions],  # type: ignore[misc]
                this.limit - math.fsum(this.needs[item] for item in kept),
            )
        )
    return _best_put(this, items, parts)


_CHANGES: Final[dict[Problem, Callable[[_Round, Any], Any]]] = {
    "tsp": _tour_changed,
    "atsp": _tour_changed,
    "cvrp": _routes_changed,
    "op": _walk_changed,
    "knapsack": _items_changed,
}


def _best_put(this: _Round, solution: SolutionT, parts: Sequence[_Part]) -> SolutionT:
    """The solution with the part that gains most, if any does."""
    found = _solved(this, [part.rows for part in parts], [part.left for part in parts])
    gains = [new.worth - part.worth for new, part in zip(found, parts, strict=True)]
    best = max(range(len(parts)), key=gains.__getitem__)
    if not _is_more(found[best].worth, parts[best].worth):
        return solution
    changed: SolutionT = parts[best].put(found[best].actions)
    return changed


def _is_more(new: float, old: float) -> bool:
    return new - old > LEAST_GAIN * abs(old)


def _solved(
    this: _Round, parts: Sequence[Sequence[int]], left: Sequence[float | None] | None = None
) -> list[_Found]:
    """Solve parts of one size, each in some of the orientations."""
    problem, device = this.whole.problem, this.whole.features.device
    copies = max(1, min(NUM_SYMMETRIES, PARTS // len(parts))) if problem in PLACED else 1
    nodes = torch.tensor(parts, device=device).repeat_interleave(copies, dim=0)
    each = torch.arange(len(nodes), device=device)
    views = (each + this.draws.below(NUM_SYMMETRIES)) % NUM_SYMMETRIES
    amounts = None
    if left is not None:
        amounts = torch.tensor(left, dtype=torch.float64, device=device).repeat_interleave(copies)
    rows = torch.arange(nodes.shape[1], device=device).expand(len(nodes), -1)
    begun = Reduction(_parted(this.whole, nodes, views), each, rows, amounts)
    paths = search(this.network, begun, this.decoding.beam, this.decoding.neighbours)
    best = each[::copies] + paths.returns.view(-1, copies).argmax(dim=1)
    ways = NUM_WAYS[problem]
    actions, known = paths.actions[best], paths.actions[best] != END
    places = torch.where(known, actions // ways, 0)
    actions = nodes[best].gather(1, places) * ways + actions % ways
    listed = zip(actions.tolist(), known.sum(dim=1).tolist(), strict=True)
    worths = paths.returns[best].tolist()
    return [
        _Found(path[:count], worth) for (path, count), worth in zip(listed, worths, strict=True)
    ]


def _parted(
    whole: Instances, nodes: Int64[Tensor, "parts rows"], views: Int64[Tensor, " parts"]
) -> Instances:
    """Instances of some nodes of the one instance each, with features in these orientations."""
    features = whole.features[0, nodes]
    return Instances(
        whole.problem,
        turned(features, views) if whole.problem in PLACED else features,
        coords=None if whole.coords is None else whole.coords[0, nodes],
        matrices=None
        if whole.matrices is None
        else whole.matrices[0, nodes[:, :, None], nodes[:, None]],
        needs=None if whole.needs is None else whole.needs[0, nodes],
        gains=None if whole.gains is None else whole.gains[0, nodes],
        limits=None if whole.limits is None else whole.limits.expand(len(nodes)),
        units=None if whole.units is None else whole.units.expand(len(nodes)),
    )
