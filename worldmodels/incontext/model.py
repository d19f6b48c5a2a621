"""The agent's networks: an actor and a critic that share nothing."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from worldmodels.incontext.config import PPOConfig

HIDDEN_GAIN = 2**0.5
ACTOR_GAIN = 0.01  # nearly uniform at first
CRITIC_GAIN = 1.0


class MLP(eqx.Module):
    """Layers with tanh between them; orthogonal weights, no bias at first."""

    layers: tuple[eqx.nn.Linear, ...]

    def __init__(self, sizes: tuple[int, ...], last_gain: float, key: PRNGKeyArray) -> None:
        """Draw the weights.

        Args:
            sizes: Units of every layer, inputs and outputs included.
            last_gain: Scale of the last layer's weights.
            key: Of all weights.
        """
        gains = [HIDDEN_GAIN] * (len(sizes) - 2) + [last_gain]
        keys = jax.random.split(key, len(gains))
        pairs = zip(sizes[:-1], sizes[1:], gains, keys, strict=True)
        self.layers = tuple(_orthogonal(wide, high, gain, k) for wide, high, gain, k in pairs)

    def __call__(self, inputs: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """Outputs for one input vector."""
        *hidden, last = self.layers
        for layer in hidden:
            inputs = jnp.tanh(layer(inputs))
        return last(inputs)


class ActorCritic(eqx.Module):
    """Logits of the actions, and the value of a state, from the features of an observation."""

    actor: MLP
    critic: MLP

    def __init__(
        self, num_features: int, num_actions: int, config: PPOConfig, key: PRNGKeyArray
    ) -> None:
        """Draw the weights."""
        actor_key, critic_key = jax.random.split(key)
        hidden = (num_features, *[config.width] * config.num_layers)
        self.actor = MLP((*hidden, num_actions), ACTOR_GAIN, actor_key)
        self.critic = MLP((*hidden, 1), CRITIC_GAIN, critic_key)

    def __call__(
        self, features: Float[Array, " features"]
    ) -> tuple[Float[Array, " actions"], Float[Array, ""]]:
        """Logits and value of one observation."""
        return self.actor(features), self.value(features)

    def value(self, features: Float[Array, " features"]) -> Float[Array, ""]:
        """Expected discounted return from one observation."""
        return self.critic(features)[0]


def _orthogonal(num_inputs: int, num_outputs: int, gain: float, key: PRNGKeyArray) -> eqx.nn.Linear:
    key, replaced_key = jax.random.split(key)
    layer = eqx.nn.Linear(num_inputs, num_outputs, key=replaced_key)
    weight = jax.nn.initializers.orthogonal(gain)(key, (num_outputs, num_inputs), jnp.float32)
    values = weight, jnp.zeros(num_outputs)
    drawn: eqx.nn.Linear = eqx.tree_at(lambda it: (it.weight, it.bias), layer, values)
    return drawn
