"""What can be chosen about the network and its training, and the presets."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final, Literal

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


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A network and how it is trained.

    The learning rate rises, stays, and falls at the end. While it stays, nothing depends on when
    the run will end, so that a run that has ended goes on from there when it is to be longer.
    """

    model: BQConfig = BQConfig()
    """What is trained."""
    weights: tuple[float, ...] = ()
    """How often a batch comes from each labelled set, relatively; empty: all alike."""
    batch_size: int = 1024
    """Reduced instances of a step."""
    steps: int = 500_000
    """Steps of the optimiser."""
    minutes: float = 0.0
    """Training time that takes the place of `steps` when it is over sooner; 0 for none. With it,
    a run depends on the speed of the machine."""
    learning_rate: float = 7.5e-4
    """Of Adam, at its highest."""
    beta2: float = 0.999
    """Decay of Adam's second moments."""
    warmup: int = 0
    """Steps in which the learning rate rises."""
    decay: float = 0.2
    """Share of the run, its last, in which the learning rate falls to zero."""
    clip: float = 1.0
    """Highest norm of a gradient."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the products of matrices."""
    every: int = 1000
    """Steps from one measurement and checkpoint to the next."""
    held_out: int = 100
    """Instances of each labelled set, its last, that are not trained on but solved greedily in a
    measurement."""
    seed: int = 0
    """Of everything random."""
    start: str = ""
    """Folder of a run or checkpoint whose weights are the first ones; empty: random ones."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "steps", "every", "held_out"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        for name in ("minutes", "warmup", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is at least 0, got {getattr(self, name)}")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is above 0, got {getattr(self, name)}")
        if not 0 <= self.beta2 < 1:
            raise ValueError(f"beta2 is at least 0 and below 1, got {self.beta2}")
        if not 0 <= self.decay <= 1:
            raise ValueError(f"decay is within 0..1, got {self.decay}")
        if not all(weight > 0 for weight in self.weights):
            raise ValueError(f"weights are above 0, got {self.weights}")


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """A configuration as JSON."""
    fields: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return fields


def from_dict(fields: Mapping[str, Any]) -> TrainConfig:
    """What `to_dict` was given.

    Raises:
        ValueError: these are not the fields of a configuration.
    """
    try:
        model = BQConfig(**fields["model"])
        return TrainConfig(**{**fields, "model": model, "weights": tuple(fields["weights"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is no configuration of a BQ network: {error}") from error


@dataclasses.dataclass(frozen=True)
class LabelSet:
    """A set of `python -m combopt label` that a preset is trained on."""

    size: int
    count: int
    iterations: int | None = None  # of the solver; None: what it usually needs


LAPTOP_LABELS: Final[dict[Problem, tuple[LabelSet, ...]]] = {
    "tsp": (LabelSet(20, 20_000), LabelSet(50, 20_000)),
    "atsp": (LabelSet(20, 4_000), LabelSet(50, 3_000)),
    "cvrp": (LabelSet(20, 4_000, 500), LabelSet(50, 1_500, 500)),
    "op": (LabelSet(20, 2_000), LabelSet(50, 1_000, 1000)),
    "knapsack": (LabelSet(200, 20_000),),
}
LAPTOP_STEPS: Final[dict[Problem, int]] = {
    "tsp": 24_000,
    "atsp": 5_000,
    "cvrp": 18_000,
    "op": 14_000,
    "knapsack": 1_000,
}
"""What took some ten to forty minutes of one core each."""
PAPER_LABELS: Final = (LabelSet(100, 1_000_000),)
TRAIN_PRESETS: Final = ("laptop", "paper")


def labels_of(preset: str, problem: Problem) -> tuple[LabelSet, ...]:
    """The labelled sets that a preset is trained on."""
    return PAPER_LABELS if preset == "paper" else LAPTOP_LABELS[problem]


def train_preset(preset: str, problem: Problem) -> TrainConfig:
    """How a preset trains the network of a problem.

    Source: bq-nco.md 3.1, of the paper; 8.2 and 8.4, for two cores.
    """
    model = dataclasses.replace(PRESETS[preset], problem=problem)
    if preset == "paper":
        return TrainConfig(model, precision="bfloat16")
    return TrainConfig(
        model,
        batch_size=64,
        steps=LAPTOP_STEPS[problem],
        learning_rate=1e-3,
        beta2=0.98,
        warmup=200,
        every=500,
    )
