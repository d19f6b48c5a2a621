"""A gated recurrent unit whose state a reset forgets.

`reset[t]` belongs to `features[t]`: see `worldmodels.incontext.memory.layer`.

Source: in-context-rl.md 1.6; arXiv 1406.1078.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from worldmodels.incontext.dense import apply_linear, draw_linear
from worldmodels.incontext.memory.layer import Resets, Sequence

State = Float[Array, "batch width"]


class GRU(eqx.Module):
    """One layer; gates are in the order reset, update, new."""

    inputs: eqx.nn.Linear  # of all gates
    recurrent: Float[Array, "gates width"]
    new_bias: Float[Array, " width"]  # of the recurrent part of the new state
    width: int = eqx.field(static=True)

    def __init__(self, width: int, key: PRNGKeyArray) -> None:
        """Draw the weights of a layer of `width` features."""
        input_key, recurrent_key = jax.random.split(key)
        self.inputs = draw_linear(width, 3 * width, input_key)
        self.recurrent = draw_recurrent(3, width, recurrent_key)
        self.new_bias = jnp.zeros(width)
        self.width = width

    def init_carry(self, batch: int) -> State:
        """A state of zeros."""
        return jnp.zeros((batch, self.width))

    def __call__(self, carry: State, features: Sequence, reset: Resets) -> tuple[State, Sequence]:
        """Run along a sequence, see `SequenceLayer`."""
        bias = jnp.broadcast_to(self.new_bias, carry.shape)

        def step(
            state: State, inputs: tuple[Float[Array, "batch gates"], Bool[Array, "batch 1"]]
        ) -> tuple[State, State]:
            gates, reset = inputs
            state = jnp.where(reset, 0.0, state)
            in_reset, in_update, in_new = jnp.split(gates, 3, axis=-1)
            on_reset, on_update, on_new = jnp.split(state @ self.recurrent.T, 3, axis=-1)
            update = jax.nn.sigmoid(in_update + on_update)
            new = jnp.tanh(in_new + jax.nn.sigmoid(in_reset + on_reset) * (on_new + bias))
            state = (1 - update) * new + update * state
            return state, state

        # what does not depend on the state is computed for all steps at once
        return jax.lax.scan(step, carry, (apply_linear(self.inputs, features), reset[..., None]))


def draw_recurrent(num_gates: int, width: int, key: PRNGKeyArray) -> Float[Array, "gates width"]:
    """One orthogonal matrix for each gate, below each other."""
    draw = jax.nn.initializers.orthogonal()
    keys = jax.random.split(key, num_gates)
    matrices = jax.vmap(lambda key: draw(key, (width, width), jnp.float32))(keys)
    return matrices.reshape(num_gates * width, width)
