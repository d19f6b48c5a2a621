"""Whole lives of an agent, many side by side, and what each inner episode paid."""

from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from envs import batch
from envs.core import seed_keys
from worldmodels.incontext.problem import Problem
from worldmodels.incontext.rollout import Policy

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


def live(problem: Problem, policy: Policy, num_lives: int, num_episodes: int, seed: int) -> Lives:
    """Play one life in each of `num_lives` worlds, those of seeds `seed`, `seed` + 1, ...

    A world without inner episodes has one, its episode.

    Args:
        problem: The world; its lives have `num_episodes` inner episodes.
        policy: Who acts.
        num_lives: Number of worlds.
        num_episodes: Inner episodes of a life.
        seed: Of the first world, and of the actions.

    Raises:
        ValueError: a life does not end.
    """
    core, params = problem.core, problem.params

    def begin(keys: Any) -> tuple[_Standing, Any]:
        worlds, obs = batch.begin(core, keys, jnp.ones(num_lives, jnp.int32), params)
        info = jax.vmap(core.info, in_axes=(0, None))(worlds.states, params)
        nothing = jnp.zeros(num_lives)
        standing = _Standing(
            worlds,
            problem.first_features(obs),
            jnp.ones(num_lives, jnp.bool_),
            policy.init_carry(num_lives),
            nothing,
            jnp.full((num_lives, num_episodes), jnp.nan),
            jnp.zeros(num_lives, jnp.bool_),
        )
        return standing, info.get("task_id", jnp.full(num_lives, -1, jnp.int32))

    def step(standing: _Standing, key: Any) -> tuple[_Standing, None]:
        carry, decision = policy.act(standing.carry, standing.features, standing.is_first, key)
        action = problem.to_world(decision.action)
        worlds, out = batch.advance(core, standing.worlds, action, params)
        is_over = out.terminated | out.truncated
        number = out.info["inner_episode"] - 1 if "inner_episode" in out.info else 0 * worlds.time
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

    act_key = jax.random.fold_in(jax.random.key(seed), num_lives)
    standing, task = jax.jit(begin)(seed_keys(range(seed, seed + num_lives)))
    chunk = jax.jit(lambda standing, keys: jax.lax.scan(step, standing, keys)[0], donate_argnums=0)
    for number in range(LIMIT // CHUNK):
        if bool(standing.has_ended.all()):
            return Lives(np.asarray(standing.returns), np.asarray(task))
        keys = jax.random.split(jax.random.fold_in(act_key, number), CHUNK)
        standing = chunk(standing, keys)
    raise ValueError(f"lives should end, not outlast {LIMIT} steps")
