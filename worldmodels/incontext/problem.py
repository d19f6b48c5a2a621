"""Worlds as problems for an agent that sees a vector, and chooses a number or a vector.

With `sees_action` the vector ends with the last action and a flag. Both speak of the running
episode alone: at its start the action is all zeros and the flag 1, also where one episode follows
another.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Shaped

from envs.catalog import (
    find_world,
    load_core,
    make_params,
    make_stepper_params,
    stepper_row,
)
from envs.core import FunctionalEnv

Features = Float[Array, "envs features"]

ARRAY_OBS: Final[Mapping[str, str]] = {"CrafterOO-v0": "symbolic"}
"""The kind of observation that is one array, of worlds where the usual one is none."""


class Problem(NamedTuple):
    """A core made of jax functions, its parameters, and what an agent has to do with them."""

    core: FunctionalEnv[Any, Any, Any]
    params: Any
    obs_shape: tuple[int, ...]
    num_features: int  # numbers that the agent sees
    num_actions: int  # numbered actions, or numbers in a vector
    actions: gymnasium.Space[Any]
    sees_action: bool

    @property
    def is_continuous(self) -> bool:
        """Whether an action is a vector."""
        return isinstance(self.actions, gymnasium.spaces.Box)

    def to_world(self, action: Shaped[Array, " envs *numbers"]) -> Array:
        """Actions of an agent as the world takes them; vectors are clipped to its bounds."""
        space = self.actions
        if isinstance(space, gymnasium.spaces.MultiDiscrete):
            parts = jnp.unravel_index(action, tuple(int(n) for n in space.nvec))
            return jnp.stack(parts, axis=-1)
        if not isinstance(space, gymnasium.spaces.Box):
            return action
        shaped = action.reshape(-1, *space.shape)
        low, high = (jnp.broadcast_to(bound, shaped.shape) for bound in (space.low, space.high))
        return jnp.clip(shaped, low, high)

    def first_features(self, obs: Array) -> Features:
        """What the agent sees of the first observations of episodes."""
        seen = _flatten(obs)
        if not self.sees_action:
            return seen
        nothing, is_first = jnp.zeros((len(seen), self.num_actions)), jnp.ones((len(seen), 1))
        return jnp.concatenate([seen, nothing, is_first], axis=1)

    def later_features(self, obs: Array, action: Shaped[Array, " envs *numbers"]) -> Features:
        """What the agent sees of observations that its actions led to."""
        seen = _flatten(obs)
        if not self.sees_action:
            return seen
        if self.is_continuous:
            last = self.to_world(action).reshape(len(seen), -1)
        else:
            last = jax.nn.one_hot(action, self.num_actions)
        return jnp.concatenate([seen, last, jnp.zeros((len(seen), 1))], axis=1)

    def next_features(
        self, obs: Array, action: Shaped[Array, " envs *numbers"], ended: Bool[Array, " envs"]
    ) -> Features:
        """What the agent sees after a step; where an episode ended, `obs` is of the next one."""
        first, later = self.first_features(obs), self.later_features(obs, action)
        return jnp.where(ended[:, None], first, later)


def find_problem(
    env: str, obs: str, keywords: Mapping[str, Any] | None = None, sees_action: bool = False
) -> Problem:
    """The problem of an id of the catalog.

    Args:
        env: The id.
        obs: The kind of observation, where the world has several.
        keywords: Of the world, as in `gymnasium.make`.
        sees_action: Whether the agent sees its last action.

    Raises:
        ValueError: there is no such world, it refuses a keyword, or `make_problem` refuses it.
    """
    world, given = find_world(env), dict(keywords or {})
    if "obs" in _fields(make_params(world, {})):
        given = {"obs": obs, **given}
    try:
        params = make_stepper_params(world, given)
    except TypeError as error:  # an unknown keyword
        raise ValueError(str(error)) from error
    return make_problem(load_core(stepper_row(world)), params, sees_action)


def find_obs(env: str) -> str:
    """The kind of observation that agents take unless told otherwise; "-" if there is one kind.

    Raises:
        ValueError: there is no such world.
    """
    world = find_world(env)
    usual = _fields(make_params(world, {})).get("obs", "-")
    return ARRAY_OBS.get(world.id, str(usual))


def make_problem(
    core: FunctionalEnv[Any, Any, Any], params: Any, sees_action: bool = False
) -> Problem:
    """Read the sizes of a world off its spaces.

    Raises:
        ValueError: the world has several agents, or is not made of jax functions; or its
            observations are no arrays, or its actions neither numbers 0, 1, ... nor real vectors.
    """
    name = type(core).__name__
    if not core.traceable or core.num_agents(params) != 1:
        raise ValueError(f"expected a world of one agent with a jax core; {name} is none")
    seen, done = core.observation_space(params), core.action_space(params)
    if not isinstance(seen, gymnasium.spaces.Box):
        raise ValueError(f"expected observations in a Box, {name} has a {type(seen).__name__}")
    num_actions = _num_actions(done)
    if num_actions is None:
        raise ValueError(
            f"expected actions in a Discrete(n), a flat MultiDiscrete or a Box of floats, "
            f"{name} has {done}"
        )
    num_features = int(np.prod(seen.shape)) + (num_actions + 1 if sees_action else 0)
    return Problem(core, params, seen.shape, num_features, num_actions, done, sees_action)


def _num_actions(space: gymnasium.Space[Any]) -> int | None:
    """Numbered actions, or numbers in a vector; None for actions that agents cannot take."""
    if isinstance(space, gymnasium.spaces.Discrete) and space.start == 0:
        return int(space.n)
    if isinstance(space, gymnasium.spaces.MultiDiscrete) and space.nvec.ndim == 1:
        return int(np.prod(space.nvec)) if not space.start.any() else None
    if isinstance(space, gymnasium.spaces.Box) and np.issubdtype(space.dtype, np.floating):
        return int(np.prod(space.shape))
    return None


def _flatten(obs: Array) -> Features:
    return obs.reshape(obs.shape[0], -1).astype(jnp.float32)


def _fields(params: Any) -> dict[str, Any]:
    return {field.name: getattr(params, field.name) for field in dataclasses.fields(params)}
