"""A trained agent at the rim: loaded from a checkpoint, acting on arrays, refusing bad ones."""

from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Shaped

from worldmodels.incontext.checkpoint import load_arrays, read_manifest
from worldmodels.incontext.config import read_config
from worldmodels.incontext.model import Agent, make_agent
from worldmodels.incontext.problem import Problem, find_problem
from worldmodels.incontext.rollout import policy_of


def load_agent(checkpoint: Path, problem: Problem | None = None) -> tuple[Agent, Problem]:
    """The agent of a checkpoint, and the problem that it solves.

    Args:
        checkpoint: The folder of the checkpoint.
        problem: To act in instead of the one it was trained for.

    Raises:
        ValueError: the checkpoint is broken, or does not fit the problem.
    """
    run = read_manifest(checkpoint)["config"]
    config = read_config(run)
    if problem is None:
        keywords = run.get("params", {})
        problem = find_problem(run["env"], run["obs"], keywords, config.sees_action)
    like = eqx.filter_eval_shape(make_agent, problem, config, jax.random.key(0))
    return load_arrays(checkpoint / "model.safetensors", like), problem


class Player:
    """An agent in copies of a world, step by step; what it remembers is kept here."""

    def __init__(self, agent: Agent, problem: Problem, num_envs: int, seed: int) -> None:
        """Begin with no memory.

        Args:
            agent: Who acts.
            problem: The world.
            num_envs: Copies.
            seed: Of the actions.
        """
        policy = policy_of(agent)
        self._shape = num_envs, *problem.obs_shape
        self._carry = policy.init_carry(num_envs)
        self._key = jax.random.key(seed)
        self._last: Any = None

        def act(carry: Any, obs: Any, last: Any, is_first: Any, key: Any) -> Any:
            seen = problem.first_features(obs)
            if last is not None:
                seen = problem.next_features(obs, last, is_first)
            carry, decision = policy.act(carry, seen, is_first, key)
            return carry, decision.action, problem.to_world(decision.action)

        self._act = jax.jit(act)

    def act(
        self, obs: Shaped[np.ndarray, " *shape"], is_first: Bool[np.ndarray, " envs"]
    ) -> np.ndarray:
        """Choose an action in each copy, as its world takes it.

        Args:
            obs: What is seen.
            is_first: Where it is the first observation of an episode; all of them at first.

        Raises:
            ValueError: an observation is NaN or infinite or of another shape, or the first ones
                are not said to be the first.
        """
        shape = self._shape
        if obs.shape != shape or is_first.shape != shape[:1]:
            raise ValueError(
                f"expected observations of shape {shape} and flags of shape {shape[:1]}, got "
                f"{obs.shape} and {is_first.shape}"
            )
        bad = np.flatnonzero(~np.isfinite(obs.reshape(len(obs), -1)).all(axis=1))
        if len(bad):
            raise ValueError(
                f"the observation of copy {bad[0]} is NaN or infinite ({len(bad)} of {len(obs)} "
                "copies are so): the agent cannot act on it; mend or reset these worlds"
            )
        if self._last is None and not is_first.all():
            raise ValueError("the first observations begin episodes: is_first is to be all True")
        self._key, key = jax.random.split(self._key)
        self._carry, self._last, action = self._act(
            self._carry, jnp.asarray(obs), self._last, jnp.asarray(is_first), key
        )
        return np.asarray(action)
