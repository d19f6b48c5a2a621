"""Linear attention that learns by the delta rule: a matrix per head maps keys to values.

Each step corrects what the matrix recalls for its key. `reset[t]` belongs to `features[t]`, see
`worldmodels.incontext.memory.layer`: a reset clears the matrices.

Source: arXiv 2102.11174 (the rule), arXiv 2406.06484 (norms and activations of DeltaNet).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from worldmodels.incontext.dense import apply_linear, apply_norm, draw_linear
from worldmodels.incontext.memory.layer import Resets, Sequence
from worldmodels.incontext.memory.mlp import Feedforward

Matrices = Float[Array, "batch heads depth depth"]  # (key, value)
Vectors = Float[Array, "batch heads depth"]
EPSILON = 1e-6


class Delta(eqx.Module):
    """One layer, norms first."""

    norm: eqx.nn.LayerNorm
    inputs: eqx.nn.Linear  # queries, keys and values
    rates: eqx.nn.Linear  # how much of an error each head corrects
    outputs: eqx.nn.Linear
    feedforward: Feedforward
    num_heads: int = eqx.field(static=True)
    width: int = eqx.field(static=True)

    def __init__(self, width: int, num_heads: int, key: PRNGKeyArray) -> None:
        """Draw the weights of a layer of `width` features, an equal share for each head."""
        input_key, rate_key, output_key, feedforward_key = jax.random.split(key, 4)
        self.norm = eqx.nn.LayerNorm(width)
        self.inputs = draw_linear(width, 3 * width, input_key)
        self.rates = draw_linear(width, num_heads, rate_key)
        self.outputs = draw_linear(width, width, output_key)
        self.feedforward = Feedforward(width, feedforward_key)
        self.num_heads, self.width = num_heads, width

    def init_carry(self, batch: int) -> Matrices:
        """Matrices of zeros."""
        depth = self.width // self.num_heads
        return jnp.zeros((batch, self.num_heads, depth, depth))

    def __call__(
        self, carry: Matrices, features: Sequence, reset: Resets
    ) -> tuple[Matrices, Sequence]:
        """Run along a sequence, see `SequenceLayer`."""
        time, batch, _ = features.shape
        inner = apply_norm(self.norm, features)
        projected = apply_linear(self.inputs, inner).reshape(time, batch, 3, self.num_heads, -1)
        queries, keys = (_unit(jax.nn.silu(projected[:, :, i])) for i in range(2))
        rates = jax.nn.sigmoid(apply_linear(self.rates, inner))[..., None]
        steps = queries, keys, projected[:, :, 2], rates, reset[:, :, None, None, None]

        def step(
            matrices: Matrices,
            inputs: tuple[
                Vectors, Vectors, Vectors, Float[Array, "batch heads 1"], Bool[Array, "batch 1 1 1"]
            ],
        ) -> tuple[Matrices, Vectors]:
            query, key, value, rate, reset = inputs
            matrices = jnp.where(reset, 0.0, matrices)
            error = value - jnp.einsum("bhk,bhkv->bhv", key, matrices)
            matrices = matrices + key[..., None] * (rate * error)[:, :, None]
            return matrices, jnp.einsum("bhk,bhkv->bhv", query, matrices)

        carry, recalled = jax.lax.scan(step, carry, steps)
        scale = jax.lax.rsqrt((recalled**2).mean(axis=-1, keepdims=True) + EPSILON)
        recalled = (recalled * scale).reshape(time, batch, -1)
        return carry, self.feedforward(features + apply_linear(self.outputs, recalled))


def _unit(vectors: Float[Array, "*axes depth"]) -> Float[Array, "*axes depth"]:
    return vectors * jax.lax.rsqrt((vectors**2).sum(axis=-1, keepdims=True) + EPSILON)
