"""Worlds as problems for an agent that sees a vector and chooses among numbered actions."""

import dataclasses
from typing import Any, NamedTuple

import gymnasium
import numpy as np

from envs.catalog import find_world, load_core, make_params, make_stepper_params, stepper_row
from envs.core import FunctionalEnv


class Problem(NamedTuple):
    """A core made of jax functions, its parameters, and its sizes."""

    core: FunctionalEnv[Any, Any, Any]
    params: Any
    num_features: int  # numbers in an observation
    num_actions: int


def find_problem(env: str, obs: str) -> Problem:
    """The problem of an id of the catalog.

    Args:
        env: The id.
        obs: The kind of observation, where the world has several.

    Raises:
        ValueError: there is no such world, or `make_problem` refuses it.
    """
    world = find_world(env)
    fields = [field.name for field in dataclasses.fields(make_params(world, {}))]
    params = make_stepper_params(world, {"obs": obs} if "obs" in fields else {})
    return make_problem(load_core(stepper_row(world)), params)


def make_problem(core: FunctionalEnv[Any, Any, Any], params: Any) -> Problem:
    """Read the sizes of a world off its spaces.

    Raises:
        ValueError: the world has several agents, or is not made of jax functions; or its
            observations are no arrays, or its actions no numbers 0, 1, ...
    """
    name = type(core).__name__
    if not core.traceable or core.num_agents(params) != 1:
        raise ValueError(f"expected a world of one agent with a jax core; {name} is none")
    seen, done = core.observation_space(params), core.action_space(params)
    if not isinstance(seen, gymnasium.spaces.Box):
        raise ValueError(f"expected observations in a Box, {name} has a {type(seen).__name__}")
    if not isinstance(done, gymnasium.spaces.Discrete) or done.start != 0:
        raise ValueError(f"expected actions in a Discrete(n), {name} has {done}")
    return Problem(core, params, int(np.prod(seen.shape)), int(done.n))
