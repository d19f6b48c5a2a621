"""Immigration: Life in two colours, for two players.

A cell that is born takes the colour of most of its three parents; for the rest the rule is that of
Conway's Life. Source: lifegpt.md 3.2, vector API.
"""

from typing import Any, Final

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete
from jaxtyping import Array, Bool, Float32, Int32, PRNGKeyArray, UInt8
from typing_extensions import override

from envs.catalog import World, make_params
from envs.core import FloatLike, Frame, FunctionalEnv, IntLike, pytree, static
from envs.life.dynamics import count_neighbours, roll_generation
from envs.life.render import draw
from envs.life.rules import BOUNDARIES, LIFE, Boundary
from envs.parallel_adapter import FunctionalParallelEnv

Colours = UInt8[Array, "rows columns"]  # 0 dead, 1 and 2 alive, of agent_0 and agent_1

PALETTE: Final = np.array([(24, 27, 34), (230, 120, 84), (92, 158, 230)], np.uint8)


@pytree
class ImmigrationParams:
    """Parameters of one game.

    Raises:
        ValueError: names the field, what it may be, and what came.
    """

    height: int = static(default=32)
    width: int = static(default=32)
    boundary: Any = static(default="torus")  # a `Boundary`
    density: FloatLike = 0.3  # chance that a cell starts alive, in either colour
    max_steps: IntLike = 256

    def __post_init__(self) -> None:
        for name in ("height", "width", "max_steps"):
            if isinstance(getattr(self, name), int) and getattr(self, name) < 1:
                raise ValueError(f"{name} is a whole number, 1 or more; got {getattr(self, name)}")
        if self.boundary not in BOUNDARIES:
            raise ValueError(f"boundary is one of {BOUNDARIES}; got {self.boundary!r}")
        if isinstance(self.density, float | int) and not 0 <= self.density <= 1:
            raise ValueError(f"density is in 0..1; got {self.density}")


@pytree
class ImmigrationState:
    """Axis order is (row, column)."""

    colours: Colours
    time: Int32[Array, ""]  # steps since reset


class Immigration(FunctionalEnv[ImmigrationState, ImmigrationParams, dict[str, Any]]):
    """Two players edit one grid in turn, then it lives one generation.

    agent_0 acts at even times, agent_1 at odd ones; what the other asks for is ignored. Action k
    sets the dead cell k = row * width + column alive in one's own colour, or kills it if it is
    one's own; a cell of the other's, and any other number, does nothing. The reward is the change
    of one's own live cells, so a return is what one has more at the end than at the start.
    """

    @override
    def num_agents(self, params: ImmigrationParams) -> int:
        return 2

    @override
    def initial(self, key: PRNGKeyArray, params: ImmigrationParams) -> ImmigrationState:
        cells_key, colours_key = jax.random.split(key)
        shape = params.height, params.width
        cells = jax.random.bernoulli(cells_key, params.density, shape)
        colours = jax.random.randint(colours_key, shape, 1, 3, jnp.uint8)
        return ImmigrationState(jnp.where(cells, colours, np.uint8(0)), jnp.int32(0))

    @override
    def transition(
        self,
        key: PRNGKeyArray,
        state: ImmigrationState,
        action: Any,
        params: ImmigrationParams,
    ) -> ImmigrationState:
        del key  # nothing is left to chance
        mover = state.time % 2
        colours = _toggled(state.colours, jnp.asarray(action, jnp.int32)[mover], mover)
        return ImmigrationState(generation(colours, params.boundary), state.time + 1)

    @override
    def observe(self, state: ImmigrationState, params: ImmigrationParams) -> dict[str, Any]:
        """For each agent the grid, 1 its own cells and 2 the other's, and whether it is to act."""
        colours = state.colours
        swapped = jnp.where(colours > 0, 3 - colours, colours)
        mover = state.time % 2
        return {
            "cells": jnp.stack([colours, swapped]),
            "is_my_turn": (jnp.arange(2) == mover).astype(jnp.int8),
        }

    @override
    def reward(
        self,
        state: ImmigrationState,
        action: Any,
        next_state: ImmigrationState,
        params: ImmigrationParams,
    ) -> Float32[Array, "2"]:
        return live_cells(next_state.colours) - live_cells(state.colours)

    @override
    def terminated(self, state: ImmigrationState, params: ImmigrationParams) -> Bool[Array, ""]:
        return ~state.colours.any()

    @override
    def truncated(self, state: ImmigrationState, params: ImmigrationParams) -> Bool[Array, ""]:
        return state.time >= params.max_steps

    @override
    def observation_space(self, params: ImmigrationParams) -> gymnasium.Space[Any]:
        cells = Box(0, 2, (params.height, params.width), np.uint8)
        return Dict({"cells": cells, "is_my_turn": Discrete(2, dtype=np.int8)})

    @override
    def action_space(self, params: ImmigrationParams) -> gymnasium.Space[Any]:
        return Discrete(params.height * params.width + 1)

    @override
    def info(self, state: ImmigrationState, params: ImmigrationParams) -> dict[str, Any]:
        return {"live_cells": live_cells(state.colours)}

    @override
    def render(
        self, state: ImmigrationState, params: ImmigrationParams, size: tuple[int, int]
    ) -> Frame:
        return draw(PALETTE[np.asarray(state.colours)], size)

    @override
    def text(self, state: ImmigrationState, params: ImmigrationParams) -> str:
        rows = np.array([".", "A", "B"])[np.asarray(state.colours)]
        return "\n".join("".join(row) for row in rows)


def generation(colours: Colours, boundary: Boundary) -> Colours:
    """One generation; live cells keep their colour, the newborn take that of most parents."""
    next_cells = roll_generation(colours > 0, LIFE, boundary)
    parents = count_neighbours(colours == 1, boundary)
    newborn = jnp.where(parents >= 2, np.uint8(1), np.uint8(2))
    return jnp.where(next_cells, jnp.where(colours > 0, colours, newborn), np.uint8(0))


def live_cells(colours: Colours) -> Float32[Array, "2"]:
    """How many each player has."""
    return jnp.stack([(colours == own).sum(dtype=jnp.float32) for own in (1, 2)])


def _toggled(colours: Colours, action: Int32[Array, ""], mover: Int32[Array, ""]) -> Colours:
    own = (mover + 1).astype(jnp.uint8)
    is_chosen = jnp.arange(colours.size).reshape(colours.shape) == action
    changed = jnp.where(colours == 0, own, jnp.where(colours == own, np.uint8(0), colours))
    return jnp.where(is_chosen, changed, colours)


IMMIGRATION: Final = World(
    id="Immigration-v0",
    core="envs.life.immigration:Immigration",
    params="envs.life.immigration:ImmigrationParams",
    versions="v0: the rules of envs/life/README.md",
    render_modes=("rgb_array", "ansi"),
)


def parallel_env(render_mode: str | None = None, **keywords: Any) -> FunctionalParallelEnv:
    """The game as a PettingZoo `ParallelEnv` of agent_0 and agent_1.

    Args:
        render_mode: "rgb_array", "ansi" or None.
        **keywords: Fields of `ImmigrationParams`.

    Raises:
        TypeError: a keyword is no field; the message lists the fields.
        ValueError: a value is refused.
    """
    return FunctionalParallelEnv(IMMIGRATION, make_params(IMMIGRATION, keywords), render_mode)
