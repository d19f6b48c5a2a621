"""What an agent achieves that acts at random."""

import math
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray, Shaped

from envs.core import autoreset
from worldmodels.incontext.problem import Problem
from worldmodels.incontext.rollout import Episodes, Play, begin, collect, uniform_policy

CHUNK = 64  # steps between two looks at who is still alive


class Estimate(NamedTuple):
    """Mean of `n` independent samples and its standard error, None for a single sample."""

    mean: float
    stderr: float | None
    n: int


class Baseline(NamedTuple):
    """What episodes came to."""

    total: Estimate  # sum of rewards
    length: Estimate  # steps
    achievements: Estimate | None  # different ones; None: the world counts none


def measure_random(problem: Problem, num_episodes: int, seed: int, limit: int = 50_000) -> Baseline:
    """Play episodes of uniformly random actions.

    One episode in each of `num_episodes` worlds, each to its end: the episodes that end first in
    a given time would be too short.

    Raises:
        ValueError: an episode is longer than `limit` steps.
    """
    batch = autoreset(problem.core, num_episodes, pool=1)  # what follows an end is not looked at
    policy = uniform_policy(problem)

    @jax.jit
    def advance(play: Play, key: PRNGKeyArray) -> tuple[Play, Episodes]:
        keys = jax.random.split(key, CHUNK)
        play, _, episodes = collect(batch, problem, policy, play, keys)
        return play, episodes

    start_key, act_key = jax.random.split(jax.random.key(seed))
    play = jax.jit(lambda key: begin(batch, problem, policy, num_episodes, key))(start_key)
    chunks: list[Episodes] = []
    has_ended = np.zeros(num_episodes, bool)
    while not has_ended.all():
        if len(chunks) * CHUNK >= limit:
            raise ValueError(f"episodes of random actions should end, not outlast {limit} steps")
        play, episodes = advance(play, jax.random.fold_in(act_key, len(chunks)))
        chunks.append(jax.tree.map(np.asarray, episodes))
        has_ended |= np.asarray(episodes.ended).any(axis=0)
    return _first_episodes(jax.tree.map(lambda *parts: np.concatenate(parts), *chunks))


def estimate(values: Shaped[np.ndarray, " samples"]) -> Estimate:
    """Mean and standard error of at least one sample."""
    n = len(values)
    stderr = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else None
    return Estimate(float(values.mean()), stderr, n)


def _first_episodes(episodes: Episodes) -> Baseline:
    num_episodes = episodes.ended.shape[1]
    first = np.asarray(episodes.ended).argmax(axis=0), np.arange(num_episodes)
    counts = episodes.achievements
    return Baseline(
        estimate(np.asarray(episodes.total)[first]),
        estimate(np.asarray(episodes.length)[first]),
        None if counts is None else estimate(np.asarray(counts)[first]),
    )
