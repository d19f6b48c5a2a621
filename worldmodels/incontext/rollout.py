"""Acting in many worlds at once, and what their episodes came to."""

from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray, Shaped

from envs.core import AutoReset
from worldmodels.incontext.batching import is_any
from worldmodels.incontext.memory.layer import Carry
from worldmodels.incontext.model import Agent, Judgement
from worldmodels.incontext.problem import Features, Problem

SAMPLE_STEPS = 256  # in which features are measured

PerEnv = Float[Array, " envs"]
IsFirst = Bool[Array, " envs"]


class Decision(NamedTuple):
    """What an agent does; all axes are led by B."""

    action: Shaped[Array, " envs *numbers"]
    log_prob: PerEnv
    value: PerEnv


class Policy(NamedTuple):
    """An agent: what it knows at first, how it acts, and what it thinks an observation is worth."""

    init_carry: Callable[[int], Carry]
    act: Callable[[Carry, Features, IsFirst, PRNGKeyArray], tuple[Carry, Decision]]
    value: Callable[[Carry, Features, IsFirst], PerEnv]


class Play(NamedTuple):
    """Where a batch of worlds stands between two rollouts."""

    worlds: Any
    features: Features
    so_far: PerEnv  # sum of rewards of the running episode
    length: Int[Array, " envs"]  # its steps
    carry: Carry = ()  # what the agent remembers

    @property
    def is_first(self) -> IsFirst:
        """Whether the features are the first of an episode."""
        return self.length == 0


class Steps(NamedTuple):
    """What was seen and done in a rollout; all axes are led by T, B."""

    features: Float[Array, "time envs features"]  # before the step
    is_first: Bool[Array, "time envs"]  # of the features
    action: Shaped[Array, "time envs *numbers"]
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


def policy_of(agent: Agent) -> Policy:
    """The agent that samples from its actor."""

    def judge(carry: Carry, features: Features, is_first: IsFirst) -> tuple[Carry, Judgement]:
        carry, judgement = agent(carry, features[None], is_first[None])
        return carry, jax.tree.map(lambda leaf: leaf[0], judgement)

    def act(
        carry: Carry, features: Features, is_first: IsFirst, key: PRNGKeyArray
    ) -> tuple[Carry, Decision]:
        carry, (choice, value) = judge(carry, features, is_first)
        action = choice.sample(key)
        return carry, Decision(action, choice.log_prob(action), value)

    def value(carry: Carry, features: Features, is_first: IsFirst) -> PerEnv:
        return judge(carry, features, is_first)[1].value

    return Policy(agent.init_carry, act, value)


def uniform_policy(problem: Problem) -> Policy:
    """An agent that takes every action equally often, and expects nothing.

    Vectors are uniform within the bounds of the world, normal where it has none.
    """

    def act(
        carry: Carry, features: Features, is_first: IsFirst, key: PRNGKeyArray
    ) -> tuple[Carry, Decision]:
        del is_first
        nothing = jnp.zeros(features.shape[0])
        space = problem.actions
        if isinstance(space, gymnasium.spaces.Box):
            action = _draw_vectors(space, len(nothing), key)
            return carry, Decision(action, nothing, nothing)
        action = jax.random.randint(key, nothing.shape, 0, problem.num_actions)
        return carry, Decision(action, nothing - jnp.log(float(problem.num_actions)), nothing)

    return Policy(lambda batch: (), act, lambda carry, features, first: jnp.zeros(len(features)))


def begin(
    batch: AutoReset, problem: Problem, policy: Policy, num_envs: int, key: PRNGKeyArray
) -> Play:
    """Start an episode in each of `num_envs` worlds."""
    worlds, obs = batch.reset(jax.random.split(key, num_envs), problem.params)
    nothing = jnp.zeros(num_envs)
    features, length = problem.first_features(obs), nothing.astype(jnp.int32)
    return Play(worlds, features, nothing, length, policy.init_carry(num_envs))


def collect(
    batch: AutoReset, problem: Problem, policy: Policy, play: Play, keys: Key[Array, " time"]
) -> tuple[Play, Steps, Episodes]:
    """Act in all worlds, one step for each of `keys`."""

    def advance(play: Play, key: PRNGKeyArray) -> tuple[Play, tuple[Steps, Episodes]]:
        carry, decision = policy.act(play.carry, play.features, play.is_first, key)
        action = decision.action
        worlds, out = batch.step(play.worlds, problem.to_world(action), problem.params)
        reward = out.reward.astype(jnp.float32)

        def value_of_last() -> PerEnv:
            features = problem.later_features(out.info["final_obs"], action)
            return policy.value(carry, features, jnp.zeros_like(play.is_first))

        final_value = jax.lax.cond(  # most steps truncate nothing
            is_any(out.truncated), value_of_last, lambda: jnp.zeros_like(decision.value)
        )
        steps = Steps(
            play.features,
            play.is_first,
            *decision,
            reward,
            out.terminated,
            out.truncated,
            final_value,
        )
        ended = out.terminated | out.truncated
        total, length = play.so_far + reward, play.length + 1
        episodes = Episodes(ended, total, length, _unlocked(out.info))
        features = problem.next_features(out.obs, action, ended)
        so_far, length = jnp.where(ended, 0.0, total), jnp.where(ended, 0, length)
        return Play(worlds, features, so_far, length, carry), (steps, episodes)

    play, (steps, episodes) = jax.lax.scan(advance, play, keys)
    return play, steps, episodes


def sample_features(
    batch: AutoReset, problem: Problem, num_envs: int, key: PRNGKeyArray
) -> Float[Array, "time envs features"]:
    """What is seen under random actions, from the start of an episode on."""
    worlds_key, acts_key = jax.random.split(key)
    policy = uniform_policy(problem)
    play = begin(batch, problem, policy, num_envs, worlds_key)
    _, steps, _ = collect(batch, problem, policy, play, jax.random.split(acts_key, SAMPLE_STEPS))
    return steps.features


def _draw_vectors(
    space: gymnasium.spaces.Box, num_envs: int, key: PRNGKeyArray
) -> Float[Array, "envs numbers"]:
    shape = num_envs, space.low.size
    is_bounded = np.isfinite(space.low) & np.isfinite(space.high)
    low, high = np.where(is_bounded, space.low, 0.0), np.where(is_bounded, space.high, 1.0)
    edges = [
        jnp.broadcast_to(jnp.asarray(edge.ravel(), jnp.float32), shape) for edge in (low, high)
    ]
    uniform_key, normal_key = jax.random.split(key)
    uniform = edges[0] + (edges[1] - edges[0]) * jax.random.uniform(uniform_key, shape)
    bounded = jnp.broadcast_to(jnp.asarray(is_bounded.ravel()), shape)
    return jnp.where(bounded, uniform, jax.random.normal(normal_key, shape))


def _unlocked(info: dict[str, Any]) -> Int[Array, " envs"] | None:
    counts = info.get("achievements")
    return None if counts is None else (counts > 0).sum(axis=-1, dtype=jnp.int32)
