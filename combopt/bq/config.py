"""What can be chosen about the network, and the presets."""

import dataclasses
from typing import Final

from combopt.solvers import PROBLEMS, Problem


@dataclasses.dataclass(frozen=True)
class BQConfig:
    """The network of one problem. The defaults are the published sizes: bq-nco.md 2."""

    problem: Problem = "tsp"
    """What it solves."""
    dim: int = 192
    """Width of the embedding."""
    layers: int = 9
    """Attention and feed-forward, so many times."""
    heads: int = 12
    """Heads of a layer."""
    ff: int = 512
    """Width inside the feed-forward."""

    def __post_init__(self) -> None:
        if self.problem not in PROBLEMS:
            raise ValueError(f"problem is one of {', '.join(PROBLEMS)}; got {self.problem!r}")
        for name in ("dim", "layers", "heads", "ff"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.dim % self.heads:
            raise ValueError(f"dim is a multiple of heads, got {self.dim} and {self.heads}")


PRESETS: Final = {"paper": BQConfig(), "laptop": BQConfig(dim=64, layers=6, heads=4, ff=256)}
"""The published sizes, and some for two cores; `dataclasses.replace` puts in another problem."""
