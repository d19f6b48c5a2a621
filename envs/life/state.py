"""The state of one world of Life."""

from typing import Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from envs.core import pytree
from envs.life.dynamics import Cells
from envs.life.params import LifeParams

MEMORY: Final = 32  # states in which a grid is looked for again


@pytree
class LifeState:
    """Axis order is (row, column), row 0 on top; positions are (row, column)."""

    cells: Cells
    previous: Cells  # one step ago
    untouched: Bool[Array, "_rows _columns"]  # without any action; no cells unless the task is safe
    agent: Int32[Array, "2"]  # where it stands, in the action mode "agent"
    time: Int32[Array, ""]  # steps since reset
    held: Int32[Array, ""]  # steps for which the grid has been the target
    crossed: Int32[Array, ""]  # gliders that crossed the line in the last step, of the task gun
    accuracy: Float32[Array, ""]  # of the last claim, of the task predict
    hashes: UInt32[Array, "32"]  # of earlier grids, the last one first


def first_state(cells: Cells, params: LifeParams) -> LifeState:
    """The state in which an episode begins with these cells.

    Pass it as `reset(options={"state": ...})` to begin with a grid of one's own.
    """
    rows, columns = cells.shape
    agent = jnp.array([rows // 2, columns // 2], jnp.int32)
    if params.action_mode == "agent":
        cells = cells.at[agent[0], agent[1]].set(False)
    nothing = jnp.zeros((0, 0), jnp.bool_)
    return LifeState(
        cells=cells,
        previous=cells,
        untouched=cells if params.task == "safe" else nothing,
        agent=agent,
        time=jnp.int32(0),
        held=jnp.int32(0),
        crossed=jnp.int32(0),
        accuracy=jnp.float32(0.0),
        hashes=jnp.zeros(MEMORY, jnp.uint32),
    )


def grid_hash(cells: Cells) -> UInt32[Array, ""]:
    """A number that differs between unequal grids, but for one pair in 2**32."""
    weights = np.random.default_rng(0).integers(1, 2**32, cells.shape, np.uint32)
    return jnp.where(cells, weights, np.uint32(0)).sum(dtype=jnp.uint32)


def period(state: LifeState) -> Int32[Array, ""]:
    """Steps since the grid was last the same: 1 if it stands still, 0 if no such step is known."""
    lags = jnp.arange(1, MEMORY + 1)
    recurs = (state.hashes == grid_hash(state.cells)) & (lags <= state.time)
    return jnp.where(recurs.any(), 1 + recurs.argmax(), 0).astype(jnp.int32)
