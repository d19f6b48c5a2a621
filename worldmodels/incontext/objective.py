"""What PPO minimises. Source: arXiv 1707.06347 (PPO), arXiv 1506.02438 (advantages)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from worldmodels.incontext.config import PPOConfig
from worldmodels.incontext.memory.layer import Carry
from worldmodels.incontext.model import Agent

Series = Float[Array, "time batch"]
Flags = Bool[Array, "time batch"]


class Batch(NamedTuple):
    """Steps of some worlds, each in its order; all axes are led by T, B.

    For an agent without memory every step is a column of its own, and T is 1.
    """

    features: Float[Array, "time batch features"]
    is_first: Bool[Array, "time batch"]  # whether the features are the first of an episode
    action: Shaped[Array, "time batch *numbers"]
    log_prob: Series  # of the action, when it was taken
    value: Series  # as estimated then
    advantage: Series
    target: Series  # of the value


class Losses(NamedTuple):
    """Means over a batch."""

    policy_loss: Float[Array, ""]
    value_loss: Float[Array, ""]
    entropy: Float[Array, ""]  # nats
    kl: Float[Array, ""]  # of the new policy from the old one, nats; estimated, >= 0
    clip_fraction: Float[Array, ""]  # of the ratios outside 1 +- clip


def advantages(
    reward: Series,
    value: Series,
    final_value: Series,
    terminated: Flags,
    truncated: Flags,
    last_value: Float[Array, " batch"],
    config: PPOConfig,
) -> Series:
    """How much better than expected every action turned out (GAE).

    A terminated episode is worth nothing afterwards. A truncated one would have gone on, so what
    it was still worth counts.

    Args:
        reward: Of the step.
        value: Of the observation before the step.
        final_value: Of the observation after the step; read where the step truncated.
        terminated: Whether the step ended the episode.
        truncated: Whether the step was the last one allowed.
        last_value: Of the observations after the last step, in which no episode has ended.
        config: Gives the discount and the trace.
    """
    follows = jnp.concatenate([value[1:], last_value[None]])
    after = jnp.where(terminated, 0.0, jnp.where(truncated, final_value, follows))
    surprise = reward + config.discount * after - value
    decay = jnp.where(terminated | truncated, 0.0, config.discount * config.trace)

    def back(
        later: Float[Array, " batch"], step: tuple[Float[Array, " batch"], Float[Array, " batch"]]
    ) -> tuple[Float[Array, " batch"], Float[Array, " batch"]]:
        surprise, decay = step
        advantage = surprise + decay * later
        return advantage, advantage

    _, result = jax.lax.scan(back, jnp.zeros_like(last_value), (surprise, decay), reverse=True)
    return result


def loss(
    agent: Agent, carry: Carry, batch: Batch, config: PPOConfig
) -> tuple[Float[Array, ""], Losses]:
    """Clipped policy loss, clipped value loss and entropy bonus of one minibatch.

    Args:
        agent: What is to learn.
        carry: What it knew before the first step, when that was taken.
        batch: What happened.
        config: Gives the weights and the clip.
    """
    _, (choice, value) = agent(carry, batch.features, batch.is_first)
    log_ratio = choice.log_prob(batch.action) - batch.log_prob
    ratio = jnp.exp(log_ratio)
    spread = batch.advantage.std() + 1e-8
    advantage = (batch.advantage - batch.advantage.mean()) / spread
    clipped = jnp.clip(ratio, 1 - config.clip, 1 + config.clip)
    losses = Losses(
        policy_loss=-jnp.minimum(ratio * advantage, clipped * advantage).mean(),
        value_loss=_value_loss(value, batch, config),
        entropy=choice.entropy().mean(),
        kl=(ratio - 1 - log_ratio).mean(),
        clip_fraction=(jnp.abs(ratio - 1) > config.clip).mean(dtype=jnp.float32),
    )
    total = (
        losses.policy_loss
        + config.value_weight * losses.value_loss
        - config.entropy_weight * losses.entropy
    )
    return total, losses


def _value_loss(value: Series, batch: Batch, config: PPOConfig) -> Float[Array, ""]:
    """Half the squared error; a value that moved away from the old one gains nothing by it."""
    moved = batch.value + jnp.clip(value - batch.value, -config.clip, config.clip)
    errors = jnp.maximum((value - batch.target) ** 2, (moved - batch.target) ** 2)
    return 0.5 * errors.mean()
