"""What can be chosen about models and their training, and the presets."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from worldmodels.lifegpt.tokenizer import TOKENIZERS, Tokenizer, TokenizerName


@dataclasses.dataclass(frozen=True)
class GPTConfig:
    """The causal transformer. The defaults are the published model: lifegpt.md 1.4."""

    tokenizer: TokenizerName = "bytes"
    """Bytes of the published text, or one token a cell."""
    sides: tuple[int, ...] = (32,)
    """Rows, and columns, of the grids; smaller ones are padded to the cells of the largest."""
    positions: Literal["rotary", "cells"] = "rotary"
    """Rotary embedding of distances, or a learned vector for each index of a cell, the same in
    question and answer; the latter needs the compact tokenizer."""
    dim: int = 256
    """Width of the embedding."""
    depth: int = 12
    """Number of blocks."""
    heads: int = 8
    """Heads of a block."""
    head_dim: int = 64
    """Width of a head."""

    def __post_init__(self) -> None:
        _check(self, ("dim", "depth", "heads", "head_dim"))
        if self.tokenizer not in TOKENIZERS:
            raise ValueError(f"tokenizer is one of {', '.join(TOKENIZERS)}, got {self.tokenizer!r}")
        if self.positions == "cells" and self.tokenizer != "compact":
            raise ValueError("positions 'cells' needs the tokenizer 'compact', got 'bytes'")
        if self.positions == "rotary" and self.head_dim % 2:
            raise ValueError(f"rotary positions need an even head_dim, got {self.head_dim}")

    @property
    def num_cells(self) -> int:
        """Cells of a state, padding included."""
        return max(self.sides) ** 2

    @property
    def tokens(self) -> Tokenizer:
        """How states become tokens."""
        return TOKENIZERS[self.tokenizer]

    @property
    def length(self) -> int:
        """Tokens that the model reads at most: all but the last one."""
        return self.tokens.length(self.num_cells) - 1

    @property
    def rotary_dim(self) -> int:
        """Dimensions of a head that are turned."""
        return min(self.head_dim, max(self.head_dim // 2 // 2 * 2, 32))


@dataclasses.dataclass(frozen=True)
class TorusConfig:
    """The transformer that knows the torus."""

    sides: tuple[int, ...] = (16,)
    """Rows, and columns, of the grids it is trained on, a single number; others will do, too."""
    dim: int = 64
    """Width of the embedding."""
    depth: int = 2
    """Number of blocks."""
    heads: int = 4
    """Heads of a block."""
    radius: int = 2
    """Cells that a cell sees in each direction."""

    def __post_init__(self) -> None:
        _check(self, ("dim", "depth", "heads", "radius"))
        if len(self.sides) != 1 or self.sides[0] <= 2 * self.radius:
            raise ValueError(
                f"sides is one number, at least {2 * self.radius + 1}, the width of the window, "
                f"got {self.sides}"
            )
        if self.dim % self.heads:
            raise ValueError(f"dim is a multiple of heads, got {self.dim} and {self.heads}")


def _check(config: GPTConfig | TorusConfig, names: tuple[str, ...]) -> None:
    for name in names:
        if getattr(config, name) < 1:
            raise ValueError(f"{name} is at least 1, got {getattr(config, name)}")
    if not config.sides or min(config.sides) < 1:
        raise ValueError(f"sides are numbers of at least 1, got {config.sides}")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A model and how it is trained. The defaults are the published run: lifegpt.md 1.5."""

    model: GPTConfig | TorusConfig = GPTConfig()
    """What is trained."""
    objective: Literal["all", "answer", "parallel"] = "all"
    """Which tokens count: every one; the cells of the answer, each after the true ones before it;
    or the cells of the answer, all at once and unseen."""
    rule: str = "B3/S23"
    """Of the automaton."""
    densities: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest share of live cells: 0 and 1 are broad entropy, twice 0.5 is high."""
    sparse_steps: int = 0
    """First steps, with drawn grids of densities 0.05 to 0.25 instead: there, each live neighbour
    makes life likelier, so that neighbours are found sooner."""
    num_samples: int = 10_000
    """Grids of the training set, at equal distances of density; 0 draws new ones at every step."""
    csv: str = ""
    """A file of the published format to train on in place of drawn grids."""
    batch_size: int = 5
    """Grids whose gradient is computed at once."""
    accumulate: int = 5
    """Batches whose gradients are added up in a step."""
    steps: int = 20_000
    """Steps of the optimiser."""
    minutes: float = 0.0
    """Training time that takes the place of `steps` when it is over sooner; 0 for none. With it,
    a run depends on the speed of the machine."""
    learning_rate: float = 1e-4
    """Of Adam, at its highest."""
    beta2: float = 0.999
    """Decay of Adam's second moments."""
    weight_decay: float = 0.0
    """Decoupled, of everything."""
    warmup: int = 0
    """Steps in which the learning rate rises."""
    schedule: Literal["constant", "cosine"] = "constant"
    """What the learning rate does afterwards."""
    clip: float = 0.5
    """Highest norm of a gradient."""
    forgetting: float = 0.15
    """Share of the tokens that no query sees, drawn for every sequence."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the products of matrices."""
    every: int = 1000
    """Steps from one measurement and checkpoint to the next."""
    eval_grids: int = 100
    """Held-out grids of a measurement, of each kind."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "accumulate", "steps", "every", "eval_grids"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        for name in ("num_samples", "sparse_steps", "minutes", "weight_decay", "warmup", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is at least 0, got {getattr(self, name)}")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is above 0, got {getattr(self, name)}")
        for name in ("forgetting", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 0 and below 1, got {getattr(self, name)}")
        if not 0 <= self.densities[0] <= self.densities[1] <= 1:
            raise ValueError(f"densities ascend within 0..1, got {self.densities}")
        if self.num_samples and self.num_samples < self.step_size:
            raise ValueError(
                f"num_samples is 0 or at least batch_size * accumulate = {self.step_size}, got "
                f"{self.num_samples}"
            )
        if self.sparse_steps and (self.num_samples or self.csv):
            raise ValueError(
                "sparse_steps is 0 with a fixed training set, got "
                f"{self.sparse_steps}; set num_samples 0 and no csv"
            )
        if isinstance(self.model, TorusConfig) and (
            self.objective != "parallel" or self.forgetting
        ):
            raise ValueError(
                "a torus model is trained with objective 'parallel' and forgetting 0, got "
                f"{self.objective!r} and {self.forgetting}"
            )

    @property
    def step_size(self) -> int:
        """Grids of one step."""
        return self.batch_size * self.accumulate


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """A configuration as JSON."""
    kind = "gpt" if isinstance(config.model, GPTConfig) else "torus"
    fields: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return fields | {"model": {"kind": kind, **fields["model"]}}


def from_dict(fields: Mapping[str, Any]) -> TrainConfig:
    """What `to_dict` was given.

    Raises:
        ValueError: these are not the fields of a configuration.
    """
    try:
        model = dict(fields["model"])
        kind = {"gpt": GPTConfig, "torus": TorusConfig}[model.pop("kind")]
        made = kind(**model | {"sides": tuple(model["sides"])})
        return TrainConfig(**{**fields, "model": made, "densities": tuple(fields["densities"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"this is no configuration of a lifegpt model: {error}") from error


_AGNOSTIC_MODEL: Final = GPTConfig(
    tokenizer="compact", sides=(8,), positions="cells", dim=64, depth=2, heads=4, head_dim=32
)
_AGNOSTIC: Final = TrainConfig(
    model=_AGNOSTIC_MODEL,
    objective="answer",
    sparse_steps=500,
    num_samples=0,
    batch_size=64,
    accumulate=1,
    steps=4_000,
    minutes=60.0,
    learning_rate=3e-3,
    beta2=0.98,
    weight_decay=0.01,
    warmup=100,
    schedule="cosine",
    clip=1.0,
    forgetting=0.0,
    every=200,
    eval_grids=256,
)
_PUBLISHED: Final = TrainConfig()

PRESETS: Final = {
    "published": _PUBLISHED,
    "published-high-entropy": dataclasses.replace(
        _PUBLISHED, densities=(0.5, 0.5), batch_size=20, steps=5_000, forgetting=0.0
    ),
    "published-multi-grid": dataclasses.replace(_PUBLISHED, model=GPTConfig(sides=(16, 8, 4, 2))),
    "agnostic-8": _AGNOSTIC,
    "agnostic-16": dataclasses.replace(
        _AGNOSTIC,
        model=dataclasses.replace(_AGNOSTIC_MODEL, sides=(16,)),
        batch_size=16,
        steps=16_000,
    ),
    "torus-16": dataclasses.replace(
        _AGNOSTIC,
        model=TorusConfig(),
        objective="parallel",
        sparse_steps=0,
        batch_size=16,
        steps=2_000,
        minutes=20.0,
    ),
}
"""Three published runs; two for a laptop that are told no topology, like the published ones; and
one for a laptop that is."""
