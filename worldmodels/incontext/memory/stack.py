"""Several layers of one kind on top of each other."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from worldmodels.incontext.memory.layer import Carry, Resets, Sequence, SequenceLayer


class Stack(eqx.Module):
    """Layers with stacked weights, run by a scan: jax compiles one layer, however many there are.

    Arrays of the carry have the axes L, B first: as in a sequence, B is the second one.
    """

    layers: SequenceLayer  # each of its arrays is led by L
    num_layers: int = eqx.field(static=True)

    def __init__(
        self, make: Callable[[PRNGKeyArray], SequenceLayer], num_layers: int, key: PRNGKeyArray
    ) -> None:
        """Draw the weights of all layers.

        Args:
            make: A layer from a key.
            num_layers: L.
            key: Of all weights.
        """
        # one after the other: vmapped, the same draws take twice as long to compile
        self.layers = jax.lax.map(make, jax.random.split(key, num_layers))
        self.num_layers = num_layers

    def init_carry(self, batch: int) -> Carry:
        """What is known before anything was seen."""
        one = self.layers.init_carry(batch)
        return jax.tree.map(lambda leaf: jnp.stack([leaf] * self.num_layers), one)

    def __call__(self, carry: Carry, features: Sequence, reset: Resets) -> tuple[Carry, Sequence]:
        """Run along a sequence, see `SequenceLayer`."""
        weights, rest = eqx.partition(self.layers, eqx.is_array)

        def through(
            features: Sequence, each: tuple[SequenceLayer, Carry]
        ) -> tuple[Sequence, Carry]:
            layer: SequenceLayer = eqx.combine(each[0], rest)
            carry, features = layer(each[1], features, reset)
            return features, carry

        features, carry = jax.lax.scan(through, features, (weights, carry))
        return carry, features
