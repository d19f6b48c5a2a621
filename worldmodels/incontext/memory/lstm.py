"""Long short-term memory whose state a reset forgets.

`reset[t]` belongs to `features[t]`: see `worldmodels.incontext.memory.layer`.

Source: in-context-rl.md 1.7; doi 10.1162/neco.1997.9.8.1735.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from worldmodels.incontext.dense import apply_linear, draw_linear
from worldmodels.incontext.memory.gru import draw_recurrent
from worldmodels.incontext.memory.layer import Resets, Sequence

FORGET_BIAS = 1.0  # added to the forget gate: a new network remembers


class Cells(NamedTuple):
    """The two states of a layer."""

    cell: Float[Array, "batch width"]
    output: Float[Array, "batch width"]


class LSTM(eqx.Module):
    """One layer; gates are in the order input, forget, new, output."""

    inputs: eqx.nn.Linear  # of all gates
    recurrent: Float[Array, "gates width"]
    width: int = eqx.field(static=True)

    def __init__(self, width: int, key: PRNGKeyArray) -> None:
        """Draw the weights of a layer of `width` features."""
        input_key, recurrent_key = jax.random.split(key)
        self.inputs = draw_linear(width, 4 * width, input_key)
        self.recurrent = draw_recurrent(4, width, recurrent_key)
        self.width = width

    def init_carry(self, batch: int) -> Cells:
        """States of zeros."""
        return Cells(jnp.zeros((batch, self.width)), jnp.zeros((batch, self.width)))

    def __call__(self, carry: Cells, features: Sequence, reset: Resets) -> tuple[Cells, Sequence]:
        """Run along a sequence, see `SequenceLayer`."""

        def step(
            cells: Cells, inputs: tuple[Float[Array, "batch gates"], Bool[Array, "batch 1"]]
        ) -> tuple[Cells, Float[Array, "batch width"]]:
            gates, reset = inputs
            cell, output = (jnp.where(reset, 0.0, part) for part in cells)
            take, keep, new, show = jnp.split(gates + output @ self.recurrent.T, 4, axis=-1)
            cell = jax.nn.sigmoid(keep + FORGET_BIAS) * cell + jax.nn.sigmoid(take) * jnp.tanh(new)
            output = jax.nn.sigmoid(show) * jnp.tanh(cell)
            return Cells(cell, output), output

        # what does not depend on the state is computed for all steps at once
        return jax.lax.scan(step, carry, (apply_linear(self.inputs, features), reset[..., None]))
