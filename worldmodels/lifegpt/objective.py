"""What training minimises: mean cross-entropy of the tokens that count."""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional

from worldmodels.lifegpt.model import LifeGPT, Tokens
from worldmodels.lifegpt.tokenizer import Tokenizer
from worldmodels.lifegpt.torus_model import TorusTransformer


def all_tokens_loss(
    model: LifeGPT, tokens: Tokens, hidden: Bool[Tensor, "batch tokens_read"] | None = None
) -> Float[Tensor, ""]:
    """Of every token after the first, the prompt included; the published objective.

    Cells of prompts cannot be foretold, so no model gets below `loss_floor`.
    """
    logits = model(tokens[:, :-1], hidden=hidden)
    return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def answer_loss(
    model: LifeGPT, tokens: Tokens, hidden: Bool[Tensor, "batch tokens_read"] | None = None
) -> Float[Tensor, ""]:
    """Of the cells of the answer, each after the true ones before it."""
    logits, targets = _answer(model, tokens, tokens, hidden)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def parallel_loss(
    model: LifeGPT, tokens: Tokens, hidden: Bool[Tensor, "batch tokens_read"] | None = None
) -> Float[Tensor, ""]:
    """Of the cells of the answer, none of which the model sees."""
    logits, targets = _answer(model, masked(model, tokens), tokens, hidden)
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def loss_floor(tokenizer: Tokenizer, num_cells: int, densities: tuple[float, float]) -> float:
    """The least `all_tokens_loss` of a model that knows the density of every grid.

    Only the cells of prompts have entropy: its mean over densities that are equally likely between
    the two given ones. Source: lifegpt.md 1.5.
    """
    low, high = densities
    if high - low < 1e-9:
        entropy = -sum(p * math.log(p) for p in (low, 1 - low) if p > 0)
    else:
        entropy = (_entropy_integral(high) - _entropy_integral(low)) / (high - low)
    return num_cells * entropy / (tokenizer.length(num_cells) - 1)


def torus_loss(
    model: TorusTransformer,
    cells: Bool[Tensor, "batch rows columns"],
    next_cells: Bool[Tensor, "batch rows columns"],
) -> Float[Tensor, ""]:
    """Of all cells of the next grid."""
    logits = model(cells)
    return functional.binary_cross_entropy_with_logits(logits, next_cells.to(logits.dtype))


def masked(model: LifeGPT, tokens: Tokens) -> Tokens:
    """Sequences whose answers show no cell."""
    num_cells = model.config.num_cells
    first = model.config.tokens.first_cell(num_cells)
    without = tokens.clone()
    without[:, first : first + num_cells] = model.config.tokens.mask
    return without


def _entropy_integral(density: float) -> float:
    """Of the entropy of a cell, up to this density and a constant."""
    parts = ((density, 1.0), (1 - density, -1.0))
    return sum(sign * (p * p / 4 - p * p / 2 * math.log(p)) for p, sign in parts if p > 0)


def _answer(
    model: LifeGPT,
    tokens: Tokens,
    targets: Tokens,
    hidden: Bool[Tensor, "batch tokens_read"] | None,
) -> tuple[Float[Tensor, "batch cells vocabulary"], Int64[Tensor, "batch cells"]]:
    num_cells = model.config.num_cells
    first = model.config.tokens.first_cell(num_cells)
    end = first + num_cells
    if hidden is not None:
        hidden = hidden[:, : end - 1]
    logits = model(tokens[:, : end - 1], start=first - 1, hidden=hidden)
    return logits, targets[:, first:end]


def forgotten(
    generator: torch.Generator, batch: int, num_tokens: int, share: float
) -> Bool[Tensor, "batch tokens_read"]:
    """Keys to hide: forgetful causal masking.

    Of the L = `num_tokens` tokens of a whole sequence, of which a model reads L - 1,
    min(int(share * L), L - 1) are hidden, but never the first.

    Source: lifegpt.md 1.4, after arXiv 2210.13432.
    """
    count = min(int(share * num_tokens), num_tokens - 2)
    order = torch.randn(batch, num_tokens - 2, generator=generator).argsort(dim=1) + 1
    hidden = torch.zeros(batch, num_tokens - 1, dtype=torch.bool)
    return hidden.scatter(1, order[:, :count], value=True)
