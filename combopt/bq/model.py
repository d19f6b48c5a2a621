"""The network: reads all rows of reduced instances, and scores the actions.

Source: bq-nco.md 2 and 2.1. B instances, R rows, D width of the embedding. Rows have no positions,
so their order does not matter.
"""

from typing import Final, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from combopt.bq.config import BQConfig
from combopt.bq.reduction import NUM_WAYS, Reduction
from combopt.solvers import Problem

NUM_FEATURES: Final[dict[Problem, int]] = {
    "tsp": 2, "atsp": 10, "cvrp": 4, "op": 4, "knapsack": 3
}  # fmt: skip
"""Numbers of a row."""
EDGE_HIDDEN: Final = 16  # between the two distances of a pair and its bias


class Inputs(NamedTuple):
    """What a network reads of a batch.

    Attributes:
        rows: the features of each row.
        edges: of ATSP, the distances there (from row to column) and back.
        legal: what may be chosen.
    """

    rows: Float[Tensor, "batch rows features"]
    edges: Float[Tensor, "batch rows rows 2"] | None
    legal: Bool[Tensor, "batch actions"]


def inputs_of(reduction: Reduction) -> Inputs:
    """What a network reads of reduced instances.

    The rows of TSP are coordinates; CVRP adds demand and what is left over the capacity; OP prize
    and length left. Those of a knapsack are value, weight and what is left. ATSP has no features of
    nodes: its rows follow from the distances of the reduced instance.
    """
    instances, which = reduction.instances, reduction.which
    if reduction.problem == "atsp":
        columns = reduction.nodes[:, None, :]
        lengths = instances.distances(which[:, None, None], reduction.nodes[:, :, None], columns)
        edges, rows = _of_distances(lengths)
        return Inputs(rows, edges, reduction.legal)
    rows = instances.features[which[:, None], reduction.nodes]
    if reduction.left is not None:
        assert instances.units is not None
        left = (reduction.left / instances.units[which])[:, None, None]
        rows = torch.cat([rows, left.expand(-1, rows.shape[1], 1)], dim=-1)
    return Inputs(rows, None, reduction.legal)


def _of_distances(
    lengths: Float[Tensor, "batch rows rows"],
) -> tuple[Float[Tensor, "batch rows rows 2"], Float[Tensor, "batch rows 10"]]:
    """Edges and rows of ATSP, over the mean distance, so that their scale does not matter."""
    tiny = torch.finfo(lengths.dtype).tiny  # all distances may be 0
    there = lengths / lengths.mean(dim=(1, 2), keepdim=True).clamp(min=tiny)
    back = there.transpose(1, 2)
    own = torch.eye(there.shape[1], dtype=torch.bool, device=there.device)
    ends = [there[:, 0], back[:, 0], back[:, -1], there[:, -1]]
    summaries = [
        summary
        for each in (there, back)
        for summary in (each.masked_fill(own, torch.inf).amin(-1), each.mean(-1), each.amax(-1))
    ]
    return torch.stack([there, back], dim=-1), torch.stack(ends + summaries, dim=-1)


class BQNetwork(nn.Module):
    """Layers of attention over all rows; a layer adds nothing before it is trained (ReZero)."""

    def __init__(self, config: BQConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Linear(NUM_FEATURES[config.problem], config.dim)
        if config.problem != "knapsack":
            self.ends = nn.Embedding(2, config.dim)  # added to origin and destination
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.scores = nn.Linear(config.dim, NUM_WAYS[config.problem])

    def forward(self, inputs: Inputs) -> Float[Tensor, "batch actions"]:
        """Scores of the actions, before softmax; -inf where they are not legal."""
        weight = self.scores.weight
        x = self.embedding(inputs.rows.to(weight))
        if self.config.problem != "knapsack":
            origin, destination = self.ends.weight
            x = torch.cat([x[:, :1] + origin, x[:, 1:-1], x[:, -1:] + destination], dim=1)
        edges = None if inputs.edges is None else inputs.edges.to(weight)
        for layer in self.layers:
            x = layer(x, edges)
        scores: Tensor = self.scores(x).flatten(1)
        return scores.masked_fill(~inputs.legal.to(scores.device), -torch.inf)


class Layer(nn.Module):
    """Attention, then a feed-forward, each times a number that is 0 before training."""

    def __init__(self, config: BQConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.widen = nn.Linear(config.dim, config.ff)
        self.narrow = nn.Linear(config.ff, config.dim)
        self.attention_share = nn.Parameter(torch.zeros(()))
        self.feedforward_share = nn.Parameter(torch.zeros(()))

    def forward(
        self,
        x: Float[Tensor, "batch rows dim"],
        edges: Float[Tensor, "batch rows rows 2"] | None,
    ) -> Float[Tensor, "batch rows dim"]:
        """The rows, each having heard the others."""
        x = torch.addcmul(x, self.attention_share, self.attention(x, edges))
        fed = self.narrow(functional.relu(self.widen(x), inplace=True))
        return torch.addcmul(x, self.feedforward_share, fed)


class Attention(nn.Module):
    """Heads of scaled dot products; for ATSP with a bias that follows from the distances.

    Deviation: queries, keys and values are one layer, with scaled products and biases everywhere.
    The published layout has neither the scale nor the biases of queries and outputs.
    """

    def __init__(self, config: BQConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.dim, 3 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)
        if config.problem == "atsp":
            self.edge_bias = nn.Sequential(
                nn.Linear(2, EDGE_HIDDEN), nn.ReLU(), nn.Linear(EDGE_HIDDEN, config.heads)
            )

    def forward(
        self,
        x: Float[Tensor, "batch rows dim"],
        edges: Float[Tensor, "batch rows rows 2"] | None,
    ) -> Float[Tensor, "batch rows dim"]:
        """What each row hears."""
        batch, rows, dim = x.shape
        split = self.qkv(x).view(batch, rows, 3, self.heads, dim // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        bias = None if edges is None else self.edge_bias(edges).permute(0, 3, 1, 2)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        joined: Tensor = self.out(heard.transpose(1, 2).reshape(batch, rows, dim))
        return joined


def new_network(config: BQConfig, seed: int = 0) -> BQNetwork:
    """A network with random weights, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # layers draw their first weights from the global one
        return BQNetwork(config)
