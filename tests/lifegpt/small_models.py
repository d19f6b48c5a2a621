"""Models that are made in no time."""

import dataclasses

import torch

from worldmodels.lifegpt.config import GPTConfig, TorusConfig, TrainConfig
from worldmodels.lifegpt.model import LifeGPT

COMPACT = GPTConfig(
    tokenizer="compact", sides=(2,), positions="cells", dim=8, depth=2, heads=2, head_dim=8
)
BYTES = GPTConfig(sides=(2,), dim=8, depth=2, heads=2, head_dim=8)
TORUS = TorusConfig(sides=(5,), dim=8, depth=1, heads=2, radius=2)
IDENTITY = "B/S012345678"  # nothing is born, nothing dies

RUN = TrainConfig(
    model=COMPACT,
    objective="answer",
    rule=IDENTITY,
    num_samples=0,
    batch_size=16,
    accumulate=1,
    steps=7,
    learning_rate=0.01,
    warmup=2,
    schedule="cosine",
    clip=1.0,
    forgetting=0.0,
    every=2,
    eval_grids=16,
)


def random_gpt(config: GPTConfig, seed: int = 0, scale: float = 3.0) -> LifeGPT:
    """Weights that make every token depend on those before it, in double precision."""
    torch.manual_seed(seed)
    model = LifeGPT(config).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(scale)
    return model.eval()


def several(config: GPTConfig, *sides: int) -> GPTConfig:
    """The same for grids of these sides."""
    return dataclasses.replace(config, sides=sides)
