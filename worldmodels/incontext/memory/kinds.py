"""The kinds of memory by name."""

from collections.abc import Callable

from jaxtyping import PRNGKeyArray

from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.memory.attention import Attention
from worldmodels.incontext.memory.delta import Delta
from worldmodels.incontext.memory.gru import GRU
from worldmodels.incontext.memory.layer import SequenceLayer
from worldmodels.incontext.memory.lstm import LSTM
from worldmodels.incontext.memory.mlp import MLP
from worldmodels.incontext.memory.s5 import S5
from worldmodels.incontext.memory.stack import Stack


def make_memory(config: PPOConfig, key: PRNGKeyArray) -> Stack:
    """Draw the layers that a configuration asks for; its memory is not "none"."""
    width = config.width
    kinds: dict[str, Callable[[PRNGKeyArray], SequenceLayer]] = {
        "s5": lambda key: S5(width, config.s5, key),
        "gru": lambda key: GRU(width, key),
        "lstm": lambda key: LSTM(width, key),
        "attention": lambda key: Attention(width, config.num_heads, config.window, key),
        "delta": lambda key: Delta(width, config.num_heads, key),
        "mlp": lambda key: MLP(width, key),
    }
    return Stack(kinds[config.memory], config.num_layers, key)
