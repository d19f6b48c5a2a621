"""Causal self-attention over the steps of the running episode.

`reset[t]` belongs to `features[t]`: see `worldmodels.incontext.memory.layer`. A step looks at
itself and the `window` steps before it, as far as they are of its episode. The carry is the cache
of their keys and values, so a rollout pays for a window per step, not for the episode.

Positions are relative: queries and keys are turned by their place in the cache and the sequence.

Source: in-context-rl.md 1.7; arXiv 1706.03762, arXiv 2104.09864 (turned queries and keys).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from worldmodels.incontext.dense import apply_linear, apply_norm, draw_linear
from worldmodels.incontext.memory.layer import Resets, Sequence
from worldmodels.incontext.memory.mlp import Feedforward

LONGEST_TURN = 10_000.0  # slowest turn of a query, in steps per radian


class Cache(NamedTuple):
    """The steps before a sequence, the latest last."""

    keys: Float[Array, "batch window heads depth"]
    values: Float[Array, "batch window heads depth"]
    is_known: Bool[Array, "batch window"]  # whether the step is of the running episode


class Attention(eqx.Module):
    """One layer of a transformer, norms first."""

    norm: eqx.nn.LayerNorm
    inputs: eqx.nn.Linear  # queries, keys and values
    outputs: eqx.nn.Linear
    feedforward: Feedforward
    num_heads: int = eqx.field(static=True)
    width: int = eqx.field(static=True)
    window: int = eqx.field(static=True)

    def __init__(self, width: int, num_heads: int, window: int, key: PRNGKeyArray) -> None:
        """Draw the weights of a layer of `width` features, an even number for each head."""
        input_key, output_key, feedforward_key = jax.random.split(key, 3)
        self.norm = eqx.nn.LayerNorm(width)
        self.inputs = draw_linear(width, 3 * width, input_key)
        self.outputs = draw_linear(width, width, output_key)
        self.feedforward = Feedforward(width, feedforward_key)
        self.num_heads, self.width, self.window = num_heads, width, window

    def init_carry(self, batch: int) -> Cache:
        """An empty cache."""
        shape = batch, self.window, self.num_heads, self.width // self.num_heads
        return Cache(jnp.zeros(shape), jnp.zeros(shape), jnp.zeros(shape[:2], bool))

    def __call__(self, carry: Cache, features: Sequence, reset: Resets) -> tuple[Cache, Sequence]:
        """Run along a sequence, see `SequenceLayer`."""
        time, batch, _ = features.shape
        projected = apply_linear(self.inputs, apply_norm(self.norm, features))
        projected = projected.reshape(time, batch, 3, self.num_heads, -1)
        queries, new_keys, new_values = jnp.moveaxis(projected, (2, 1), (0, 1))
        keys = jnp.concatenate([carry.keys, new_keys], axis=1)
        values = jnp.concatenate([carry.values, new_values], axis=1)
        episode = jnp.cumsum(reset.T, axis=1, dtype=jnp.int32)
        before = jnp.where(carry.is_known, 0, -1)
        episodes = jnp.concatenate([before, episode], axis=1)
        place = jnp.arange(self.window + time)
        turned = _turn(queries, place[self.window :]), _turn(keys, place)
        scores = jnp.einsum("bqhd,bkhd->bhqk", *turned) * keys.shape[-1] ** -0.5
        scores = jnp.where(self._sees(episode, episodes)[:, None], scores, -jnp.inf)
        seen = jnp.einsum("bhqk,bkhd->qbhd", jax.nn.softmax(scores), values)
        features = features + apply_linear(self.outputs, seen.reshape(time, batch, -1))
        is_known = episodes == episode[:, -1:]
        cache = Cache(keys, values, is_known)
        cache = jax.tree.map(lambda leaf: leaf[:, time:], cache)
        return cache, self.feedforward(features)

    def _sees(
        self, episode: Int[Array, "batch time"], episodes: Int[Array, "batch places"]
    ) -> Bool[Array, "batch time places"]:
        """Which places a step looks at: none after it, none too old, none of another episode."""
        place = jnp.arange(episodes.shape[1])
        age = place[self.window :, None] - place[None]
        is_near = (age >= 0) & (age <= self.window)
        return (episode[:, :, None] == episodes[:, None]) & is_near[None]


def _turn(
    vectors: Float[Array, "batch places heads depth"], place: Int[Array, " places"]
) -> Float[Array, "batch places heads depth"]:
    """Turn pairs of numbers by angles that grow with the place."""
    half = vectors.shape[-1] // 2
    speed = LONGEST_TURN ** (-jnp.arange(half, dtype=jnp.float32) / half)
    angle = (place.astype(jnp.float32)[:, None] * speed[None])[None, :, None]
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    a, b = vectors[..., :half], vectors[..., half:]
    return jnp.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
