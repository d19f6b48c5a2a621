"""A transformer that is told about the torus: cells hear the cells around them, and change.

Each cell attends to the square window around itself, over the edges, and every head learns how
much each offset in the window matters. So locality, alignment and wrap-around edges, all of which
`LifeGPT` has to find out, are built in, and grids of any size will do. Never compare the two
without saying so.
"""

from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from worldmodels.lifegpt.config import TorusConfig
from worldmodels.lifegpt.model import FeedForward, join_heads, split_heads


class TorusTransformer(nn.Module):
    """Foretells all cells of the next grid at once."""

    def __init__(self, config: TorusConfig) -> None:
        super().__init__()
        self.config = config
        self.cell_embedding = nn.Embedding(2, config.dim)
        self.blocks = nn.ModuleList(TorusBlock(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.dim, bias=False)
        self.head = nn.Linear(config.dim, 1)

    def forward(
        self, cells: Bool[Tensor, "batch rows columns"]
    ) -> Float[Tensor, "batch rows columns"]:
        """Logits of being alive in the next grid.

        Raises:
            ValueError: the grid is smaller than the window.
        """
        batch, rows, columns = cells.shape
        least = 2 * self.config.radius + 1
        if min(rows, columns) < least:
            raise ValueError(
                f"the window of this model is {least} cells wide, so a grid has at least {least} "
                f"rows and columns; got {rows}x{columns}"
            )
        offsets = window_offsets(rows, columns, self.config.radius).to(cells.device)
        x = self.cell_embedding(cells.flatten(1).long())
        for block in self.blocks:
            x = block(x, offsets)
        logits: Tensor = self.head(self.norm(x))
        return logits.view(batch, rows, columns)


class TorusBlock(nn.Module):
    """Attention within the window, then a feed-forward layer."""

    def __init__(self, config: TorusConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(config.dim, bias=False)
        self.query_key_value = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.out = nn.Linear(config.dim, config.dim, bias=False)
        self.offset_bias = nn.Parameter(torch.zeros(config.heads, (2 * config.radius + 1) ** 2))
        self.feedforward_norm = nn.LayerNorm(config.dim, bias=False)
        self.feedforward = FeedForward(config.dim)

    def forward(
        self, x: Float[Tensor, "batch cells dim"], offsets: Int64[Tensor, "cells cells"]
    ) -> Float[Tensor, "batch cells dim"]:
        """One round of listening."""
        outside = self.offset_bias.new_full((self.heads, 1), -torch.inf)
        bias = torch.cat([self.offset_bias, outside], dim=1)[:, offsets]
        parts = self.query_key_value(self.attention_norm(x)).chunk(3, dim=-1)
        query, key, value = (split_heads(part, self.heads) for part in parts)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
        x = x + self.out(join_heads(heard))
        fed: Tensor = x + self.feedforward(self.feedforward_norm(x))
        return fed


@lru_cache(maxsize=8)
def window_offsets(rows: int, columns: int, radius: int) -> Int64[Tensor, "cells cells"]:
    """For each pair of cells the number of their offset in the window, or one past the last."""
    width = 2 * radius + 1
    row = torch.arange(rows * columns) // columns
    column = torch.arange(rows * columns) % columns
    down = (row[None, :] - row[:, None] + radius) % rows
    right = (column[None, :] - column[:, None] + radius) % columns
    is_inside = (down < width) & (right < width)
    return torch.where(is_inside, down * width + right, width * width)
