"""The transformer: reads tokens from left to right and foretells the next one.

Source: lifegpt.md 1.4. B sequences, T tokens, D width of the embedding.
"""

import dataclasses
from typing import Final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from worldmodels.lifegpt.config import GPTConfig

EMBEDDING_STD: Final = 0.1  # with 1, the default of torch, neighbours are found later

Tokens = Int64[Tensor, "batch tokens"]
Rotation = tuple[Float[Tensor, "tokens half"], Float[Tensor, "tokens half"]]


@dataclasses.dataclass
class Cache:
    """Keys and values of the first `length` tokens, in storage that is made once.

    Set `length` back to forget tokens.
    """

    keys: Float[Tensor, "depth batch heads capacity width"]
    values: Float[Tensor, "depth batch heads capacity width"]
    length: int = 0

    def rows(self, index: Int64[Tensor, " rows"]) -> "Cache":
        """A copy for some of the sequences."""
        return Cache(self.keys[:, index], self.values[:, index], self.length)


class LifeGPT(nn.Module):
    """A causal decoder over the tokens of a state and its successor.

    With `positions="rotary"` only the distances of tokens are known to it, with "cells" their
    indices in the row of cells; it never learns from them how wide a grid is, or what its edges
    are.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.tokens.num_tokens, config.dim)
        if config.positions == "cells":
            self.cell_embedding = nn.Embedding(config.num_cells, config.dim)
            self.side_embedding = nn.Embedding(2, config.dim)  # question or answer
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.dim, bias=False)
        self.head = nn.Linear(config.dim, config.tokens.num_tokens, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=EMBEDDING_STD)

    def forward(
        self,
        tokens: Tokens,
        *,
        start: int = 0,
        hidden: Bool[Tensor, "batch tokens"] | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch scored vocabulary"]:
        """Logits of the token after each of the given ones.

        Args:
            tokens: the sequence, or what comes after the tokens of the cache.
            start: the first of `tokens` whose logits are wanted.
            hidden: keys that no query may see; not with a cache.
            cache: is read, and gets the given tokens as well.
        """
        past = 0 if cache is None else cache.length
        num_keys = past + tokens.shape[1]
        self._check(tokens, num_keys)
        x = self.token_embedding(tokens)
        places = torch.arange(past, num_keys, device=tokens.device)
        rotation = None
        if self.config.positions == "cells":
            x = x + self.cell_embedding(places % self.config.num_cells)
            x = x + self.side_embedding(places // self.config.num_cells)
        else:
            rotation = _rotation(places, self.config.rotary_dim, x.dtype)
        masks = {skip: _mask(past + skip, num_keys, hidden, x) for skip in (0, start)}
        for layer, block in enumerate(self.blocks):
            skip = start if layer == len(self.blocks) - 1 else 0
            x = block(x, rotation, masks[skip], skip, cache, layer)
        if cache is not None:
            cache.length = num_keys
        logits: Tensor = self.head(self.norm(x))
        return logits

    def new_cache(self, batch: int, capacity: int) -> Cache:
        """An empty cache for so many sequences of so many tokens."""
        config, weight = self.config, self.head.weight
        shape = (config.depth, batch, config.heads, capacity, config.head_dim)
        return Cache(weight.new_empty(shape), weight.new_empty(shape))

    def _check(self, tokens: Tokens, num_keys: int) -> None:
        if num_keys > self.config.length:
            raise ValueError(
                f"this model reads sequences of {self.config.length} tokens, "
                f"{self.config.num_cells} cells to a state; got {num_keys} tokens"
            )


class Block(nn.Module):
    """Attention, then a feed-forward layer, each on normalised input and added to it."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.dim, bias=False)
        self.attention = Attention(config)
        self.feedforward_norm = nn.LayerNorm(config.dim, bias=False)
        self.feedforward = FeedForward(config.dim)

    def forward(
        self,
        x: Float[Tensor, "batch tokens dim"],
        rotation: Rotation | None,
        mask: Float[Tensor, "..."] | None,
        skip: int,
        cache: Cache | None,
        layer: int,
    ) -> Float[Tensor, "batch scored dim"]:
        """The tokens after the first `skip`, which are keys only."""
        heard = self.attention(self.attention_norm(x), rotation, mask, skip, cache, layer)
        x = x[:, skip:] + heard
        fed: Tensor = x + self.feedforward(self.feedforward_norm(x))
        return fed


class Attention(nn.Module):
    """Heads of scaled dot products; no biases."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        inner = config.heads * config.head_dim
        self.query = nn.Linear(config.dim, inner, bias=False)
        self.key = nn.Linear(config.dim, inner, bias=False)
        self.value = nn.Linear(config.dim, inner, bias=False)
        self.out = nn.Linear(inner, config.dim, bias=False)

    def forward(
        self,
        x: Float[Tensor, "batch tokens dim"],
        rotation: Rotation | None,
        mask: Float[Tensor, "..."] | None,
        skip: int,
        cache: Cache | None,
        layer: int,
    ) -> Float[Tensor, "batch scored dim"]:
        """What the tokens after the first `skip` hear."""
        query = split_heads(self.query(x[:, skip:]), self.heads)
        key = split_heads(self.key(x), self.heads)
        value = split_heads(self.value(x), self.heads)
        if rotation is not None:
            query = _rotate(query, rotation[0][skip:], rotation[1][skip:])
            key = _rotate(key, *rotation)
        if cache is not None:
            end = cache.length + x.shape[1]
            cache.keys[layer, :, :, cache.length : end] = key
            cache.values[layer, :, :, cache.length : end] = value
            key, value = cache.keys[layer, :, :, :end], cache.values[layer, :, :, :end]
        heard = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None and query.shape[2] > 1
        )
        joined: Tensor = self.out(join_heads(heard))
        return joined


class FeedForward(nn.Module):
    """Two layers with biases, four times as wide between them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.widen = nn.Linear(dim, 4 * dim)
        self.narrow = nn.Linear(4 * dim, dim)

    def forward(self, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Each vector by itself."""
        narrowed: Tensor = self.narrow(functional.gelu(self.widen(x)))
        return narrowed


def split_heads(
    x: Float[Tensor, "batch tokens inner"], heads: int
) -> Float[Tensor, "batch heads tokens width"]:
    """A vector for each head."""
    batch, tokens, inner = x.shape
    return x.view(batch, tokens, heads, inner // heads).transpose(1, 2)


def join_heads(
    x: Float[Tensor, "batch heads tokens width"],
) -> Float[Tensor, "batch tokens inner"]:
    """The vectors of all heads side by side."""
    batch, heads, tokens, width = x.shape
    return x.transpose(1, 2).reshape(batch, tokens, heads * width)


def _mask(
    first_query: int,
    num_keys: int,
    hidden: Bool[Tensor, "batch keys"] | None,
    like: Float[Tensor, "..."],
) -> Float[Tensor, "..."] | None:
    """0 at keys that a query sees, else minus infinity; None where the kernel knows by itself."""
    num_queries = num_keys - first_query
    if hidden is None and (first_query == 0 or num_queries == 1):
        return None
    keys = torch.arange(num_keys, device=like.device)
    is_hidden = keys[None, :] > keys[first_query:, None]
    if hidden is not None:
        is_hidden = is_hidden | hidden[:, None, None, :]
    return like.new_zeros(()).masked_fill(is_hidden, -torch.inf)


def _rotation(places: Int64[Tensor, " tokens"], rotary_dim: int, dtype: torch.dtype) -> Rotation:
    """Cosines and sines of the angles by which the pairs of dimensions turn, theta 10000."""
    steps = torch.arange(0, rotary_dim, 2, device=places.device, dtype=torch.float64)
    angles = places[:, None] * 10000.0 ** -(steps / rotary_dim)[None, :]
    return angles.cos().to(dtype), angles.sin().to(dtype)


def _rotate(
    x: Float[Tensor, "batch heads tokens width"],
    cosines: Float[Tensor, "tokens half"],
    sines: Float[Tensor, "tokens half"],
) -> Float[Tensor, "batch heads tokens width"]:
    """Turn the first dimensions of each head; the rest stays."""
    half = cosines.shape[1]
    left, right, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    turned = (left * cosines - right * sines, right * cosines + left * sines, rest)
    return torch.cat(turned, dim=-1)
