"""How an agent chooses: distributions over numbered actions, and over vectors."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

LOG_TWO_PI = math.log(2 * math.pi)


class Categorical(NamedTuple):
    """One of the actions 0, 1, ..., A - 1."""

    logits: Float[Array, "*axes actions"]

    def sample(self, key: PRNGKeyArray) -> Shaped[Array, "*axes"]:
        """Draw an action for each of the leading axes, int32."""
        return jax.random.categorical(key, self.logits)

    def log_prob(self, action: Shaped[Array, "*axes"]) -> Float[Array, "*axes"]:
        """Of given actions."""
        log_probs = jax.nn.log_softmax(self.logits)
        return jnp.take_along_axis(log_probs, action[..., None], axis=-1)[..., 0]

    def entropy(self) -> Float[Array, "*axes"]:
        """In nats."""
        log_probs = jax.nn.log_softmax(self.logits)
        return -(jnp.exp(log_probs) * log_probs).sum(axis=-1)


class DiagonalGaussian(NamedTuple):
    """A vector of A independent numbers, neither squashed nor clipped."""

    mean: Float[Array, "*axes actions"]
    log_std: Float[Array, "*axes actions"]

    def sample(self, key: PRNGKeyArray) -> Float[Array, "*axes actions"]:
        """Draw an action for each of the leading axes."""
        return self.mean + jnp.exp(self.log_std) * jax.random.normal(key, self.mean.shape)

    def log_prob(self, action: Float[Array, "*axes actions"]) -> Float[Array, "*axes"]:
        """Logarithm of the density at given actions."""
        distance = (action - self.mean) * jnp.exp(-self.log_std)
        return -(0.5 * (distance**2 + LOG_TWO_PI) + self.log_std).sum(axis=-1)

    def entropy(self) -> Float[Array, "*axes"]:
        """Differential entropy in nats."""
        return (self.log_std + 0.5 * (LOG_TWO_PI + 1)).sum(axis=-1)


Distribution = Categorical | DiagonalGaussian
