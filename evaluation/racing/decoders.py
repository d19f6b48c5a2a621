"""The race of greedy decoding: our network of the published size, and its plain restatement.

The restatement has the same weights and gives the same tours. Its heads have matrices of their own,
its attention is written out, and its sub-problems are coordinates that are gathered anew. Both run
in this process on one thread, in turns; processor time is what counts.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from torch import Tensor

    from combopt.bq.config import BQConfig
    from combopt.bq.model import BQNetwork
    from envs.routing.instances import TSP
    from evaluation.record import Row

SIZE: Final = 100  # nodes
BATCH: Final = 8  # instances
SHARE: Final = 0.3  # of each layer; before training it is 0, and layers would have no say
WANTED: Final = 0.5  # of the restatement's time, at most

Tours = list[list[int]]


class Standing(NamedTuple):
    """CPU seconds of an instance; medians over the rounds."""

    seconds: float
    plain_seconds: float
    num_alike: int  # tours that are the same
    num_tours: int

    @property
    def ratio(self) -> float:
        """Of our time to that of the restatement."""
        return self.seconds / self.plain_seconds

    def rows(self, rounds: int) -> list["Row"]:
        """The same for the record."""
        from evaluation.record import Row

        metric = "cpu_seconds_per_instance"
        alike = self.num_alike / self.num_tours
        return [
            Row("decoding", {metric: self.seconds, "ratio": self.ratio}, {}, rounds),
            Row("plain restatement", {metric: self.plain_seconds, "same": alike}, {}, rounds),
        ]

    def table(self) -> Table:
        """Both, one a line."""
        lines = Table(
            title=f"greedy decoding, TSP{SIZE}, network of the published size",
            title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
        )  # fmt: skip
        lines.show_edge = False
        lines.add_column("program", no_wrap=True)
        for title in ("CPU s", "of plain", "wanted", "same tours"):
            lines.add_column(title, justify="right")
        is_alike = self.num_alike == self.num_tours
        verdict = "ok" if self.ratio <= WANTED and is_alike else "missed"
        lines.add_row(
            "ours", f"{self.seconds:.3f}", f"{self.ratio:.2f}", f"<= {WANTED:g} {verdict}",
            f"{self.num_alike} of {self.num_tours}",
        )  # fmt: skip
        lines.add_row("plain restatement", f"{self.plain_seconds:.3f}", "", "", "")
        return lines


def race(config: "BQConfig", size: int, batch: int, rounds: int, seed: int) -> Standing:
    """Let both take turns.

    Args:
        config: of the network.
        size: nodes of each instance.
        batch: instances decoded at once.
        rounds: turns of each.
        seed: of weights and instances.
    """
    import torch

    from envs.routing.generators import generate

    network = awake_network(config, seed)
    instances: list[Any] = list(generate("tsp", size, batch, seed))
    programs = [decoding(network, instances), plain_decoding(network, instances)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        tours: list[Tours] = [[], []]
        seconds: list[list[float]] = [[], []]
        for _ in range(rounds):
            for number, program in enumerate(programs):
                start = time.process_time()
                tours[number] = program()
                seconds[number].append((time.process_time() - start) / batch)
    finally:
        torch.set_num_threads(threads)
    ours, plain = (statistics.median(each) for each in seconds)
    alike = sum(one == other for one, other in zip(*tours, strict=True))
    return Standing(ours, plain, alike, batch)


def awake_network(config: "BQConfig", seed: int) -> "BQNetwork":
    """Random weights, with layers that have a say as after training."""
    import torch

    from combopt.bq.model import new_network

    network = new_network(config, seed)
    layers: Any = network.layers
    for layer in layers:
        torch.nn.init.constant_(layer.attention_share, SHARE)
        torch.nn.init.constant_(layer.feedforward_share, SHARE)
    return network


def decoding(network: "BQNetwork", instances: Sequence["TSP"]) -> Callable[[], Tours]:
    """Ours."""
    from combopt.bq.decoding import Decoding, solve

    def tours() -> Tours:
        found: list[Any] = solve(network, instances, Decoding())
        return found

    return tours


def plain_decoding(network: "BQNetwork", instances: Sequence["TSP"]) -> Callable[[], Tours]:
    """The restatement; see bq-nco.md 2 and 2.2."""
    import numpy as np
    import torch

    places = np.stack([np.asarray(instance.coords) for instance in instances])
    coords = torch.as_tensor(places, dtype=torch.float32)
    scores_of = _plain_network(network)

    def solve() -> Tours:
        count, size, _ = coords.shape
        left = torch.cat([coords, coords[:, :1]], dim=1)
        nodes = torch.arange(size + 1).repeat(count, 1) % size
        tours: Tours = [[0] for _ in range(count)]
        with torch.inference_mode():
            while left.shape[1] > 2:
                scores = scores_of(left)
                scores[:, 0] = scores[:, -1] = -torch.inf
                chosen = scores.argmax(dim=1)
                rows = [
                    [row, *(other for other in range(1, left.shape[1]) if other != row)]
                    for row in chosen.tolist()
                ]
                order = torch.tensor(rows)
                left = left.gather(1, order[..., None].expand(-1, -1, 2))
                nodes = nodes.gather(1, order)
                for tour, node in zip(tours, nodes[:, 0].tolist(), strict=True):
                    tour.append(node)
        return tours

    return solve


def _plain_network(network: "BQNetwork") -> "Callable[[Tensor], Tensor]":
    """Coordinates to scores, by matrices of single heads."""
    import torch

    config, layers = network.config, list[Any](network.layers)
    width = config.dim // config.heads
    heads = [[_heads_of(layer.attention, head, width) for head in range(config.heads)]
             for layer in network.layers]  # fmt: skip
    ends = network.ends.weight.detach()

    def scores_of(coords: "Tensor") -> "Tensor":
        x = network.embedding(coords)
        x[:, 0] += ends[0]
        x[:, -1] += ends[1]
        for layer, matrices in zip(layers, heads, strict=True):
            heard = layer.attention.out.bias.expand(x.shape)
            for query, key, value, out in matrices:
                products = query(x) @ key(x).transpose(1, 2) / width**0.5
                heard = heard + (products.softmax(dim=-1) @ value(x)) @ out
            x = x + layer.attention_share * heard
            x = x + layer.feedforward_share * layer.narrow(torch.relu(layer.widen(x)))
        scores: Tensor = network.scores(x)[..., 0]
        return scores

    return scores_of


def _heads_of(attention: Any, head: int, width: int) -> tuple[Any, Any, Any, Any]:
    """Functions to queries, keys and values of one head, and its matrix of outputs."""
    dim = attention.out.in_features
    first = head * width
    parts = [slice(kind * dim + first, kind * dim + first + width) for kind in range(3)]
    maps = [
        (attention.qkv.weight.detach()[part].T, attention.qkv.bias.detach()[part]) for part in parts
    ]
    query, key, value = (
        (lambda x, matrix=matrix, bias=bias: x @ matrix + bias) for matrix, bias in maps
    )
    return query, key, value, attention.out.weight.detach()[:, first : first + width].T
