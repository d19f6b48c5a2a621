"""Whole lives of an agent, many side by side, and what each inner episode paid."""

import functools
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from envs import batch
from envs.core import seed_keys
from worldmodels.incontext.model import Agent
from worldmodels.incontext.problem import Problem
from worldmodels.incontext.rollout import Policy, policy_of, uniform_policy

CHUNK: Final = 250  # steps between two looks at who is still alive
LIMIT: Final = 10**6  # steps of a life


class Lives(NamedTuple):
    """What came of them."""

    returns: Float[np.ndarray, "lives episodes"]  # NaN where an inner episode did not end
    task: Int[np.ndarray, " lives"]  # number of the task, -1 in worlds of one


class _Standing(NamedTuple):
    """Lives in progress; all axes are led by B."""

    worlds: Any
    features: Any
    is_first: Any
    carry: Any
    total: Any  # of the inner episode
    returns: Any
    has_ended: Any


def play(
    problem: Problem, num_lives: int, num_episodes: int
) -> Callable[[Agent | None, int], Lives]:
    """Lives in `num_lives` worlds, as a function that is compiled once for all agents of a kind.

    A world without inner episodes has one, its episode.

    Args:
        problem: The world; its lives have `num_episodes` inner episodes.
        num_lives: Number of worlds.
        num_episodes: Inner episodes of a life.

    Returns:
        A function of an agent, None for random actions, and the seed of the first world; the
        others follow. It raises a ValueError where a life does not end.
    """
    core, params = problem.core, problem.params

    def policy_for(agent: Agent | None) -> Policy:
        return uniform_policy(problem) if agent is None else policy_of(agent)

    @jax.jit
    def begin(agent: Any, keys: Any) -> tuple[_Standing, Any]:
        worlds, obs = batch.begin(core, keys, jnp.ones(num_lives, jnp.int32), params)
        info = jax.vmap(core.info, in_axes=(0, None))(worlds.states, params)
        standing = _Standing(
            worlds,
            problem.first_features(obs),
            jnp.ones(num_lives, jnp.bool_),
            policy_for(agent).init_carry(num_lives),
            jnp.zeros(num_lives),
            jnp.full((num_lives, num_episodes), jnp.nan),
            jnp.zeros(num_lives, jnp.bool_),
        )
        return standing, info.get("task_id", jnp.full(num_lives, -1, jnp.int32))

    @functools.partial(jax.jit, donate_argnums=1)
    def advance(agent: Any, standing: _Standing, keys: Any) -> _Standing:
        policy = policy_for(agent)

        def step(standing: _Standing, key: Any) -> tuple[_Standing, None]:
            carry, decision = policy.act(standing.carry, standing.features, standing.is_first, key)
            action = problem.to_world(decision.action)
            worlds, out = batch.advance(core, standing.worlds, action, params)
            is_over = out.terminated | out.truncated
            number = out.info.get("inner_episode", jnp.ones_like(worlds.time)) - 1
            ended = out.info.get("inner_done", is_over) & ~standing.has_ended
            total = standing.total + out.reward.astype(jnp.float32)
            is_it = ended[:, None] & (jnp.arange(num_episodes)[None] == number[:, None])
            return _Standing(
                worlds,
                problem.later_features(out.obs, decision.action),
                jnp.zeros(num_lives, jnp.bool_),
                carry,
                jnp.where(ended, 0.0, total),
                jnp.where(is_it, total[:, None], standing.returns),
                standing.has_ended | is_over,
            ), None

        return jax.lax.scan(step, standing, keys)[0]

    def live(agent: Agent | None, seed: int) -> Lives:
        act_key = jax.random.fold_in(jax.random.key(seed), num_lives)
        standing, task = begin(agent, seed_keys(range(seed, seed + num_lives)))
        for number in range(LIMIT // CHUNK):
            if bool(standing.has_ended.all()):
                return Lives(np.asarray(standing.returns), np.asarray(task))
            keys = jax.random.split(jax.random.fold_in(act_key, number), CHUNK)
            standing = advance(agent, standing, keys)
        raise ValueError(f"lives should end, not outlast {LIMIT} steps")

    return live
