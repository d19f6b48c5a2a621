"""A layer that remembers nothing, to compare with.

`reset[t]` belongs to `features[t]`, see `worldmodels.incontext.memory.layer`; there is nothing to
forget here.

Source: in-context-rl.md 1.6.
"""

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from worldmodels.incontext.dense import apply_linear, apply_norm, draw_linear
from worldmodels.incontext.memory.layer import Resets, Sequence


class MLP(eqx.Module):
    """A linear layer and a leaky rectifier."""

    linear: eqx.nn.Linear

    def __init__(self, width: int, key: PRNGKeyArray) -> None:
        """Draw the weights of a layer of `width` features."""
        self.linear = draw_linear(width, width, key)

    def init_carry(self, batch: int) -> tuple[()]:
        """Nothing."""
        del batch
        return ()

    def __call__(
        self, carry: tuple[()], features: Sequence, reset: Resets
    ) -> tuple[tuple[()], Sequence]:
        """Run along a sequence, see `SequenceLayer`."""
        del reset
        return carry, jax.nn.leaky_relu(apply_linear(self.linear, features))


class Feedforward(eqx.Module):
    """The half of a transformer's layer that looks at single steps: norm, two layers, way round."""

    norm: eqx.nn.LayerNorm
    wide: eqx.nn.Linear
    narrow: eqx.nn.Linear

    def __init__(self, width: int, key: PRNGKeyArray) -> None:
        """Draw the weights of a layer of `width` features."""
        wide_key, narrow_key = jax.random.split(key)
        self.norm = eqx.nn.LayerNorm(width)
        self.wide = draw_linear(width, 2 * width, wide_key)
        self.narrow = draw_linear(2 * width, width, narrow_key)

    def __call__(self, features: Sequence) -> Sequence:
        """Features of every step."""
        inner = apply_linear(self.wide, apply_norm(self.norm, features))
        return features + apply_linear(self.narrow, jax.nn.gelu(inner))
