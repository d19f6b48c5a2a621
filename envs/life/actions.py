"""What an action does to the grid before it lives on, in each action mode."""

from functools import cache
from typing import Any

import gymnasium
import jax.numpy as jnp
import numpy as np
from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete
from jaxtyping import Array, Bool, Float32

from envs.life.agent import AgentAction, Place, act
from envs.life.dynamics import Cells
from envs.life.params import LifeParams
from envs.life.patterns import PATTERNS
from envs.life.rules import Boundary

Stamps = Bool[np.ndarray, "patterns 8 height width"]


def action_space(params: LifeParams) -> gymnasium.Space[Any]:
    """The space of one action; see the table in the README of this folder."""
    size = params.height * params.width
    if params.action_mode == "paint":
        count = len(stamps(params.height, params.width))
        return MultiDiscrete([count, 8, params.height, params.width])
    if params.action_mode == "multi":
        return MultiBinary(size)
    return Discrete({"noop": 1, "toggle": size + 1, "agent": len(AgentAction)}[params.action_mode])


def idle_action(params: LifeParams) -> Any:
    """The action that leaves the grid alone."""
    if params.action_mode == "toggle":
        return params.height * params.width
    space = action_space(params)
    return np.zeros(space.shape or (), space.dtype)


def edited(cells: Cells, agent: Place, action: Any, params: LifeParams) -> tuple[Cells, Place]:
    """The grid and the agent's place after the action, before the next generation."""
    mode = params.action_mode
    if mode == "noop" or params.task == "predict":
        return cells, agent
    if mode == "agent":
        return act(cells, agent, jnp.asarray(action, jnp.int32), params.boundary)
    if mode == "paint":
        return cells | painted(cells, jnp.asarray(action, jnp.int32), params.boundary), agent
    return cells ^ _toggled(cells, action, params), agent


def num_edits(cells: Cells, action: Any, params: LifeParams) -> Float32[Array, ""]:
    """How many cells, or stamps, the action asks to change."""
    edits: Array = jnp.zeros((), jnp.bool_)
    if params.action_mode == "agent":
        edits = jnp.asarray(action) >= AgentAction.TOGGLE_UP
    elif params.action_mode == "paint":
        edits = jnp.asarray(action)[0] > 0
    elif params.action_mode in ("toggle", "multi"):
        edits = _toggled(cells, action, params)
    return edits.sum(dtype=jnp.float32)


def claimed(cells: Cells, action: Any) -> Cells:
    """A flat action of the mode "multi" as a grid."""
    flat = jnp.asarray(action).astype(jnp.bool_).reshape(-1)
    return jnp.broadcast_to(flat, (cells.size,)).reshape(cells.shape)


def _toggled(cells: Cells, action: Any, params: LifeParams) -> Cells:
    if params.action_mode == "multi":
        return claimed(cells, action)
    places = jnp.arange(cells.size, dtype=jnp.int32).reshape(cells.shape)
    return places == jnp.asarray(action, jnp.int32)


def painted(cells: Cells, action: Any, boundary: Boundary) -> Cells:
    """The cells of a stamp: action = (pattern, symmetry, row, column of its upper left cell).

    On a torus a stamp goes on over the edge; elsewhere what lies beyond it is cut off.
    """
    rows, columns = cells.shape
    kind, symmetry, row, column = action
    stamp = jnp.asarray(stamps(rows, columns))[kind, symmetry]
    canvas = jnp.zeros_like(cells).at[: stamp.shape[0], : stamp.shape[1]].set(stamp)
    moved = jnp.roll(canvas, (row, column), axis=(0, 1))
    if boundary == "torus":
        return moved
    is_right = jnp.arange(columns)[None, :] >= column
    is_below = jnp.arange(rows)[:, None] >= row
    inside: Cells = is_right & is_below
    return moved & inside


def stamp_names(rows: int, columns: int) -> list[str]:
    """The patterns that fit into a grid, whichever way they are turned."""
    side = min(rows, columns)
    return [name for name, known in PATTERNS.items() if max(known.cells().shape) <= side]


@cache
def stamps(rows: int, columns: int) -> Stamps:
    """Stamp 0 is empty, the others are `stamp_names`, each in its 8 symmetries.

    Symmetry s turns by s % 4 quarters, anticlockwise, after a reflection of the columns if s >= 4.
    """
    shapes = [PATTERNS[name].cells() for name in stamp_names(rows, columns)]
    side = max((max(cells.shape) for cells in shapes), default=1)
    found = np.zeros((1 + len(shapes), 8, side, side), np.bool_)
    for index, cells in enumerate(shapes, 1):
        for symmetry in range(8):
            turned = np.rot90(cells[:, ::-1] if symmetry >= 4 else cells, symmetry % 4)
            found[index, symmetry, : turned.shape[0], : turned.shape[1]] = turned
    found.flags.writeable = False
    return found
