"""A body on the grid: it walks, makes and destroys life beside it, and stills what is around it.

Source: lifegpt.md 3.1, after SafeLife (arXiv 1912.01217): its player is no life, and no cell of the
eight around it is born or dies.
"""

import enum
from typing import Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32

from envs.life.dynamics import Cells
from envs.life.rules import Boundary

Place = Int32[Array, "2"]


class AgentAction(enum.IntEnum):
    """The nine actions, in SafeLife's order."""

    NOOP = 0
    MOVE_UP = 1
    MOVE_RIGHT = 2
    MOVE_DOWN = 3
    MOVE_LEFT = 4
    TOGGLE_UP = 5
    TOGGLE_RIGHT = 6
    TOGGLE_DOWN = 7
    TOGGLE_LEFT = 8


AGENT_KEYS: Final[dict[str, int]] = {
    "up": AgentAction.MOVE_UP,
    "right": AgentAction.MOVE_RIGHT,
    "down": AgentAction.MOVE_DOWN,
    "left": AgentAction.MOVE_LEFT,
    "w": AgentAction.TOGGLE_UP,
    "d": AgentAction.TOGGLE_RIGHT,
    "s": AgentAction.TOGGLE_DOWN,
    "a": AgentAction.TOGGLE_LEFT,
    "space": AgentAction.NOOP,
}

_OFFSETS: Final = ((0, 0), *[(-1, 0), (0, 1), (1, 0), (0, -1)] * 2)  # (down, right) by action
_RING: Final = np.array([(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)], np.int32)


def act(
    cells: Cells, agent: Place, action: Int32[Array, ""], boundary: Boundary
) -> tuple[Cells, Place]:
    """Walk onto a dead cell, or change the cell ahead; a number outside 0..8 does nothing."""
    action = jnp.where((action < 0) | (action > 8), 0, action)
    ahead, exists = _neighbour(agent, jnp.array(_OFFSETS, jnp.int32)[action], cells, boundary)
    is_alive = cells[ahead[0], ahead[1]]
    moves = exists & (action >= 1) & (action <= 4) & ~is_alive
    toggles = exists & (action >= 5) & ~(ahead == agent).all()
    cells = cells.at[ahead[0], ahead[1]].set(is_alive ^ toggles)
    return cells, jnp.where(moves, ahead, agent)


def stilled(cells: Cells, agent: Place, boundary: Boundary) -> Bool[Array, "rows columns"]:
    """The cells that do not change: the agent's own and the eight around it."""
    around = jnp.zeros_like(cells)
    for offset in _RING:
        spot, exists = _neighbour(agent, jnp.asarray(offset), cells, boundary)
        around = around.at[spot[0], spot[1]].max(exists)
    return around


def _neighbour(
    agent: Place, offset: Place, cells: Cells, boundary: Boundary
) -> tuple[Place, Bool[Array, ""]]:
    """Where a step leads, and whether it stays on the grid."""
    size = jnp.array(cells.shape, jnp.int32)
    beyond = agent + offset
    spot = beyond % size
    if boundary == "klein":
        is_mirrored = (beyond[0] < 0) | (beyond[0] >= size[0])
        column = jnp.where(is_mirrored, size[1] - 1 - spot[1], spot[1])
        spot = jnp.stack([spot[0], column])
    exists = (beyond == spot).all() if boundary == "dead" else jnp.bool_(True)
    return jnp.where(exists, spot, agent), exists
