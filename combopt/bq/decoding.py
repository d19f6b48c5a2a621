"""From a network to solutions: beam search, in one orientation of the square or in all.

Source: bq-nco.md 2.2 and 8.3. Of several solutions the one that is truly best is taken, not
the one that the network thinks likeliest. B instances, W beams, A actions, T steps.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from combopt.bq.model import BQNetwork, inputs_of
from combopt.bq.reduction import (
    ENDS_ANYWHERE,
    NUM_WAYS,
    Instances,
    Reduction,
    instances_of,
    solution_of,
    start,
)
from combopt.solvers import Problem, Solution
from envs.knapsack.instances import Knapsack
from envs.routing.instances import Instance

PLACED: Final[tuple[Problem, ...]] = ("tsp", "cvrp", "op")
"""Problems whose instances can be mirrored."""
NUM_SYMMETRIES: Final = 8  # of the square
FEWEST_NEIGHBOURS: Final = 3  # origin, destination and a row to choose
END: Final = -1  # stands in paths after their end


@dataclasses.dataclass(frozen=True)
class Decoding:
    """How a network is used."""

    beam: int = 1
    """Paths that are followed at once; 1 is greedy."""
    neighbours: int = 0
    """Rows that the network sees, of which most are nearest to the origin; 0 for all."""
    symmetries: bool = False
    """Whether to solve each instance in all 8 orientations and take the best solution."""
    scaled: bool = False
    """Whether the network sees each instance as large as those it was trained on."""

    def __post_init__(self) -> None:
        if self.beam < 1:
            raise ValueError(f"beam is 1 or more; got {self.beam}")
        if self.neighbours != 0 and self.neighbours < FEWEST_NEIGHBOURS:
            raise ValueError(
                f"neighbours is 0 for all, or {FEWEST_NEIGHBOURS} or more; got {self.neighbours}"
            )


class Paths(NamedTuple):
    """The best path found for each of some reduced instances.

    Attributes:
        actions: with nodes in place of rows; `END` after the end.
        returns: sums of rewards, in the instances' own units.
    """

    actions: Int64[Tensor, "batch steps"]
    returns: Float64[Tensor, " batch"]


def solve(
    network: BQNetwork, instances: Sequence[Instance | Knapsack], decoding: Decoding
) -> list[Solution]:
    """Solve instances of one problem and size, all at once.

    Raises:
        ValueError: the network, the instances and the decoding do not go together.
    """
    problem = network.config.problem
    batch = instances_of(instances, scaled=decoding.scaled, device=device_of(network))
    if batch.problem != problem:
        raise ValueError(f"this network solves {problem}; got instances of {batch.problem}")
    if decoding.symmetries and problem not in PLACED:
        raise ValueError(f"{problem} has no places to mirror: unset symmetries")
    seen = mirrored(batch) if decoding.symmetries else batch
    paths = search(network, start(seen), decoding.beam, decoding.neighbours)
    views = paths.returns.view(len(instances), -1)
    first = torch.arange(len(instances), device=views.device) * views.shape[1]
    best = paths.actions[first + views.argmax(dim=1)]
    listed = [[action for action in path if action != END] for path in best.tolist()]
    return [solution_of(problem, path) for path in listed]


def mirrored(instances: Instances) -> Instances:
    """Each instance 8 times, as a network sees it in the orientations of the square."""
    count, device = len(instances.features), instances.features.device
    copies = instances.take(torch.arange(count, device=device).repeat_interleave(NUM_SYMMETRIES))
    views = torch.arange(len(copies.features), device=device) % NUM_SYMMETRIES
    return dataclasses.replace(copies, features=turned(copies.features, views))


def turned(
    features: Float[Tensor, "batch rows features"], views: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch rows features"]:
    """Features whose first two are a place, each of the batch in one of the 8 orientations."""
    x, y, *others = features.unbind(-1)
    view = views[:, None]
    x, y = torch.where(view % 2 == 1, 1 - x, x), torch.where(view // 2 % 2 == 1, 1 - y, y)
    x, y = torch.where(view // 4 == 1, y, x), torch.where(view // 4 == 1, x, y)
    return torch.stack([x, y, *others], dim=-1)


def search(network: BQNetwork, begun: Reduction, beam: int, neighbours: int) -> Paths:
    """Follow the likeliest paths, and keep the best solution of each instance that comes up.

    A path is as likely as the product of the chances of its actions. Of equally likely ones the
    first rows come first.

    Args:
        network: gives the chances.
        begun: where to begin.
        beam: paths of each instance; 1 is greedy.
        neighbours: rows the network sees; 0 for all.

    Raises:
        ValueError: the network gives scores that are not finite.
    """
    with torch.inference_mode():
        return _search(network, begun, beam, neighbours)


class _Beams(NamedTuple):
    """W paths for each of the instances that are not finished.

    Attributes:
        state: B x W reduced instances.
        log_probs: of the paths; -inf where there is none.
        returns: of the paths.
        actions: of the paths.
    """

    state: Reduction
    log_probs: Float64[Tensor, "batch width"]
    returns: Float64[Tensor, "batch width"]
    actions: Int64[Tensor, "batch width steps"]

    def legal(self) -> Bool[Tensor, "batch width actions"]:
        """Actions that go on from a path there is."""
        is_path = self.log_probs > -torch.inf
        return self.state.legal.view(*is_path.shape, -1) & is_path[..., None]

    def take(self, index: Int64[Tensor, " taken"]) -> "_Beams":
        """Those of some of the instances."""
        width = self.log_probs.shape[1]
        rows = index[:, None] * width + torch.arange(width, device=index.device)
        return _Beams(
            self.state.take(rows.flatten()),
            self.log_probs[index],
            self.returns[index],
            self.actions[index],
        )


def _search(network: BQNetwork, begun: Reduction, beam: int, neighbours: int) -> Paths:
    batch, device = len(begun.which), begun.nodes.device
    zeros = torch.zeros(batch, 1, dtype=torch.float64, device=device)
    beams = _Beams(begun, zeros, zeros, begun.nodes.new_empty((batch, 1, 0)))
    best = Paths(
        begun.nodes.new_full((batch, begun.num_rows), END), torch.full_like(zeros[:, 0], -torch.inf)
    )
    going = torch.arange(batch, device=device)
    while True:
        is_open = beams.legal().flatten(1).any(dim=1)
        if begun.problem in ENDS_ANYWHERE or not is_open.any():
            _keep_best(best, beams, going)
        if not is_open.any():
            return best
        if not is_open.all():
            still = is_open.nonzero()[:, 0]
            beams, going = beams.take(still), going[still]
        beams = _extended(network, beams, beam, neighbours)


def _keep_best(best: Paths, beams: _Beams, going: Int64[Tensor, " batch"]) -> None:
    """Note, in place, paths that are better than what was found."""
    returns, place = beams.returns.where(beams.log_probs > -torch.inf, -torch.inf).max(dim=1)
    is_better = returns > best.returns[going]
    actions = beams.actions[torch.arange(len(going), device=going.device), place]
    best.returns[going[is_better]] = returns[is_better]
    best.actions[going[is_better], : actions.shape[1]] = actions[is_better]


def _extended(network: BQNetwork, beams: _Beams, beam: int, neighbours: int) -> _Beams:
    """The likeliest paths that are one step longer."""
    batch, width = beams.log_probs.shape
    near, actions = _seen(beams.state, neighbours)
    scores: Tensor = network(inputs_of(near)).to(near.nodes.device).double().view(batch, width, -1)
    log_probs = beams.log_probs[..., None] + scores.log_softmax(dim=-1)
    is_path = (beams.log_probs > -torch.inf)[..., None]
    is_legal = near.legal.view(scores.shape) & is_path
    candidates = log_probs.where(is_legal & (scores > -torch.inf), -torch.inf).flatten(1)
    if near.problem == "knapsack" and beam > 1:
        candidates = _without_repeats(candidates, _sets(near).view(batch, -1))
    if scores.isnan().any() or not (candidates > -torch.inf).any(dim=1).all():
        raise ValueError("the network gives scores that are not finite: train it again")
    chances, index = candidates.sort(dim=1, descending=True, stable=True)
    chances, index = chances[:, :beam], index[:, :beam]
    parent, place = index // scores.shape[-1], index % scores.shape[-1]
    first = torch.arange(batch, device=parent.device)[:, None] * width
    number = (first + parent).flatten()
    action = actions[number, place.flatten()]
    parents = beams.state.take(number)
    path_action = parents.path_actions(action).view(batch, -1, 1)
    past = beams.actions.gather(1, parent[..., None].expand(-1, -1, beams.actions.shape[2]))
    return _Beams(
        parents.step(action),
        chances,
        beams.returns.gather(1, parent) + parents.reward(action).view(batch, -1),
        torch.cat([past, path_action], dim=-1),
    )


def _seen(state: Reduction, neighbours: int) -> tuple[Reduction, Int64[Tensor, "batch actions"]]:
    """What the network sees of reduced instances, and which of their actions these rows have."""
    ways = NUM_WAYS[state.problem]
    if not 0 < neighbours < state.num_rows or state.problem == "knapsack":
        actions = torch.arange(state.num_rows * ways, device=state.nodes.device)
        return state, actions.expand(len(state.nodes), -1)
    rows = nearest_rows(state, neighbours)
    actions = rows[..., None] * ways + torch.arange(ways, device=rows.device)
    return state.with_rows(rows), actions.flatten(1)


def nearest_rows(state: Reduction, count: int) -> Int64[Tensor, "batch {count}"]:
    """The origin, the rows nearest to it, and the destination, in their order.

    Of OP half of them are nearest, and the others have the largest prizes. Of rows that are equally
    near the first are taken. Nothing is sorted, so that large instances take little time.
    """
    # Deviation: of OP, rows that can still be reached come before others, so that there is
    # something to choose wherever there was.
    distances = state.from_origin()[:, :-1]  # the origin, the first of those at 0, is always kept
    if state.problem != "op":
        kept = _least(distances, count - 1)
    else:
        is_far = ~state.legal[:, :-1]
        is_far[:, 0] = False
        kept = _least(distances.masked_fill(is_far, torch.inf), (count - 1) // 2)
        assert state.instances.gains is not None
        gains = state.instances.gains[state.which[:, None], state.nodes[:, :-1]]
        poverty = (-gains).masked_fill(is_far, 1.0).masked_fill(kept, torch.inf)
        kept = kept | _least(poverty, count - 1 - (count - 1) // 2)
    rows = kept.nonzero()[:, 1].view(-1, count - 1)
    return torch.cat([rows, torch.full_like(rows[:, :1], state.num_rows - 1)], dim=1)


def _least(values: Float64[Tensor, "batch rows"], count: int) -> Bool[Tensor, "batch rows"]:
    """Whether values are among so many least ones of their line; of equal ones the first are."""
    if count == 0:
        return torch.zeros_like(values, dtype=torch.bool)
    bound = values.kthvalue(count, dim=1, keepdim=True).values
    is_less, is_equal = values < bound, values == bound
    room = count - is_less.sum(dim=1, keepdim=True)
    return is_less | (is_equal & (is_equal.cumsum(dim=1) <= room))


def _sets(state: Reduction) -> Int64[Tensor, "batch rows"]:
    """A number for the items that would be left after each action, the same for the same items."""
    num_items = state.instances.features.shape[1]
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randint(-(2**62), 2**62, (num_items,), generator=generator, device="cpu")
    own = numbers.to(state.nodes.device)[state.nodes]
    return own.sum(dim=1, keepdim=True) - own


def _without_repeats(
    candidates: Float64[Tensor, "batch paths"], sets: Int64[Tensor, "batch paths"]
) -> Float64[Tensor, "batch paths"]:
    """Only the likeliest of those with the same set; -inf for the others."""
    order = candidates.argsort(dim=1, descending=True, stable=True)
    sets, by_set = sets.gather(1, order).sort(dim=1, stable=True)
    is_repeat = torch.zeros_like(sets, dtype=torch.bool)
    is_repeat[:, 1:] = sets[:, 1:] == sets[:, :-1]
    repeats = torch.zeros_like(is_repeat).scatter(1, order.gather(1, by_set), is_repeat)
    return candidates.masked_fill(repeats, -torch.inf)


def device_of(network: BQNetwork) -> torch.device:
    """Where instances are kept: with the network, but for devices without float64."""
    device = network.scores.weight.device
    return torch.device("cpu") if device.type == "mps" else device
