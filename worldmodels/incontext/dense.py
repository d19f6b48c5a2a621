"""Linear layers on arrays of any leading axes."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def draw_linear(
    num_inputs: int,
    num_outputs: int,
    key: PRNGKeyArray,
    initializer: jax.nn.initializers.Initializer | None = None,
) -> eqx.nn.Linear:
    """A layer without bias at first; weights are LeCun normal unless an initialiser is given."""
    if initializer is None:
        initializer = jax.nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)
    key, replaced_key = jax.random.split(key)
    layer = eqx.nn.Linear(num_inputs, num_outputs, key=replaced_key)
    values = initializer(key, (num_outputs, num_inputs), jnp.float32), jnp.zeros(num_outputs)
    drawn: eqx.nn.Linear = eqx.tree_at(lambda it: (it.weight, it.bias), layer, values)
    return drawn


def apply_linear(
    layer: eqx.nn.Linear, features: Float[Array, "*axes inputs"]
) -> Float[Array, "*axes outputs"]:
    """Outputs of a layer with a bias."""
    outputs = features @ layer.weight.T
    assert layer.bias is not None
    return outputs + jnp.broadcast_to(layer.bias, outputs.shape)


def apply_norm(
    layer: eqx.nn.LayerNorm, features: Float[Array, "time batch width"]
) -> Float[Array, "time batch width"]:
    """Features of every step, normalised."""
    normalised: Array = jax.vmap(jax.vmap(layer))(features)
    return normalised
