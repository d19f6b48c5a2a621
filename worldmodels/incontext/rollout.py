"""Acting in many worlds at once, and what their episodes came to."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from envs.core import AutoReset
from worldmodels.incontext.model import ActorCritic

Features = Float[Array, "envs features"]
PerEnv = Float[Array, " envs"]


class Decision(NamedTuple):
    """What an agent does; all axes are led by B."""

    action: Int[Array, " envs"]
    log_prob: PerEnv
    value: PerEnv


class Policy(NamedTuple):
    """An agent: how it acts, and what it thinks an observation is worth."""

    act: Callable[[Features, PRNGKeyArray], Decision]
    value: Callable[[Features], PerEnv]


class Play(NamedTuple):
    """Where a batch of worlds stands between two rollouts."""

    worlds: Any
    features: Features
    so_far: PerEnv  # sum of rewards of the running episode
    length: Int[Array, " envs"]  # its steps


class Steps(NamedTuple):
    """What was seen and done in a rollout; all axes are led by T, B."""

    features: Float[Array, "time envs features"]  # before the step
    action: Int[Array, "time envs"]
    log_prob: Float[Array, "time envs"]
    value: Float[Array, "time envs"]
    reward: Float[Array, "time envs"]
    terminated: Bool[Array, "time envs"]
    truncated: Bool[Array, "time envs"]
    final_value: Float[Array, "time envs"]  # of what came after the step; 0 if nothing truncated


class Episodes(NamedTuple):
    """Episodes by the step in which they ended; all axes are led by T, B."""

    ended: Bool[Array, "time envs"]
    total: Float[Array, "time envs"]  # sum of rewards; of unfinished ones: so far, as all below
    length: Int[Array, "time envs"]
    achievements: Int[Array, "time envs"] | None  # different ones; None: the world counts none


def policy_of(model: ActorCritic) -> Policy:
    """An agent that samples from its actor."""

    def act(features: Features, key: PRNGKeyArray) -> Decision:
        logits, value = jax.vmap(model)(features)
        action = jax.random.categorical(key, logits)
        log_probs = jax.nn.log_softmax(logits)
        log_prob = jnp.take_along_axis(log_probs, action[:, None], axis=1)[:, 0]
        return Decision(action, log_prob, value)

    return Policy(act, jax.vmap(model.value))


def uniform_policy(num_actions: int) -> Policy:
    """An agent that takes every action equally often, and expects nothing."""

    def act(features: Features, key: PRNGKeyArray) -> Decision:
        nothing = jnp.zeros(features.shape[0])
        action = jax.random.randint(key, nothing.shape, 0, num_actions)
        return Decision(action, nothing - jnp.log(float(num_actions)), nothing)

    return Policy(act, lambda features: jnp.zeros(features.shape[0]))


def begin(batch: AutoReset, params: Any, num_envs: int, key: PRNGKeyArray) -> Play:
    """Start an episode in each of `num_envs` worlds."""
    worlds, obs = batch.reset(jax.random.split(key, num_envs), params)
    return Play(worlds, flatten(obs), jnp.zeros(num_envs), jnp.zeros(num_envs, jnp.int32))


def collect(
    batch: AutoReset, params: Any, policy: Policy, play: Play, keys: Key[Array, " time"]
) -> tuple[Play, Steps, Episodes]:
    """Act in all worlds, one step for each of `keys`."""

    def advance(play: Play, key: PRNGKeyArray) -> tuple[Play, tuple[Steps, Episodes]]:
        decision = policy.act(play.features, key)
        worlds, out = batch.step(play.worlds, decision.action, params)
        reward = out.reward.astype(jnp.float32)
        final_value = jax.lax.cond(  # most steps truncate nothing
            out.truncated.any(),
            lambda: policy.value(flatten(out.info["final_obs"])),
            lambda: jnp.zeros_like(decision.value),
        )
        steps = Steps(play.features, *decision, reward, out.terminated, out.truncated, final_value)
        ended = out.terminated | out.truncated
        total, length = play.so_far + reward, play.length + 1
        episodes = Episodes(ended, total, length, _unlocked(out.info))
        after = Play(
            worlds, flatten(out.obs), jnp.where(ended, 0.0, total), jnp.where(ended, 0, length)
        )
        return after, (steps, episodes)

    play, (steps, episodes) = jax.lax.scan(advance, play, keys)
    return play, steps, episodes


def flatten(obs: Array) -> Features:
    """Observations of a batch as vectors of floats."""
    return obs.reshape(obs.shape[0], -1).astype(jnp.float32)


def _unlocked(info: dict[str, Any]) -> Int[Array, " envs"] | None:
    counts = info.get("achievements")
    return None if counts is None else (counts > 0).sum(axis=-1, dtype=jnp.int32)
