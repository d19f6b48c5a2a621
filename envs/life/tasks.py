"""What is rewarded, and when an episode is over, task by task."""

from functools import cache
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32

from envs.life.actions import num_edits
from envs.life.dynamics import Cells, generation
from envs.life.formats import Grid
from envs.life.params import LifeParams, pattern_cells
from envs.life.patterns import PATTERNS
from envs.life.state import LifeState

EDIT_COST: Final = 0.01
FUTURE: Final = 64
"""Generations over which a side effect is measured."""


def reward(
    state: LifeState, action: Any, next_state: LifeState, params: LifeParams, is_over: Any
) -> Float32[Array, ""]:
    """The reward of one step.

    Args:
        state: Before it.
        action: What was done.
        next_state: After it.
        params: Of the world.
        is_over: Whether the episode ends with it.
    """
    cells = next_state.cells
    if params.task == "predict":
        return next_state.accuracy
    if params.task == "population":
        return _population(cells) / cells.size - _population(state.cells) / cells.size
    if params.task in ("target", "safe"):
        gain = overlap(cells, params) - overlap(state.cells, params)
        if params.task == "target":
            return gain
        harm: Float32[Array, ""] = jax.lax.cond(
            is_over, lambda: side_effect(next_state, params), lambda: 0.0 * gain
        )
        return gain - params.side_effect_weight * harm
    if params.task == "survive":
        return jnp.where(is_over_by_itself(next_state, params), 0.0, 1.0 * params.steps_per_action)
    if params.task == "still":
        bonus = is_over_by_itself(next_state, params).astype(jnp.float32)
        return bonus - EDIT_COST * num_edits(state.cells, action, params)
    if params.task == "gun":
        return next_state.crossed.astype(jnp.float32)
    return jnp.zeros((), jnp.float32)


def is_over_by_itself(state: LifeState, params: LifeParams) -> Bool[Array, ""]:
    """Whether the task is done, or has become impossible."""
    if params.task in ("target", "safe"):
        return state.held >= params.hold
    if params.task == "survive":
        return is_still(state.cells, params) | ~state.cells.any()
    if params.task == "still":
        is_large = state.cells.sum() >= params.min_population
        return is_large & is_still(state.cells, params)
    return jnp.zeros((), jnp.bool_)


def is_still(cells: Cells, params: LifeParams) -> Bool[Array, ""]:
    """Whether the next generation is the same; an empty grid under most rules is."""
    return (generation(cells, params.parsed_rule(), params.boundary) == cells).all()


def target_cells(params: LifeParams, shape: tuple[int, ...]) -> Grid:
    """The target; nothing in a grid of another size than the parameters say."""
    if shape != (params.height, params.width):
        return np.zeros(shape, np.bool_)
    return pattern_cells(params.target, params)


def is_target(cells: Cells, params: LifeParams) -> Bool[Array, ""]:
    """Whether the grid is the target."""
    return (cells == target_cells(params, cells.shape)).all()


def overlap(cells: Cells, params: LifeParams) -> Float32[Array, ""]:
    """Live cells common with the target over live cells of either; 1 if both are empty."""
    target = target_cells(params, cells.shape)
    either = (cells | target).sum(dtype=jnp.float32)
    both = (cells & target).sum(dtype=jnp.float32)
    return jnp.where(either > 0, both / jnp.maximum(either, 1.0), 1.0)


def side_effect(state: LifeState, params: LifeParams) -> Float32[Array, ""]:
    """How much the future differs from that of the same world without any action, in 0..1.

    The mean over cells outside the target of |difference of the shares of the next 64 generations
    in which the cell is alive|. No agent stands on either grid.

    Source: lifegpt.md 3.2, task safe.
    """
    outside = ~jnp.asarray(target_cells(params, state.cells.shape))
    rule = params.parsed_rule()

    def live(_: Any, running: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        acted, untouched, balance = running
        acted = generation(acted, rule, params.boundary)
        untouched = generation(untouched, rule, params.boundary)
        return acted, untouched, balance + acted.astype(jnp.int32) - untouched.astype(jnp.int32)

    nothing = jnp.zeros(state.cells.shape, jnp.int32)
    *_, balance = jax.lax.fori_loop(0, FUTURE, live, (state.cells, state.untouched, nothing))
    difference = jnp.abs(balance).astype(jnp.float32) / FUTURE
    weights = outside.astype(jnp.float32)
    return (difference * weights).sum() / jnp.maximum(weights.sum(), 1.0)


def count_crossing(cells: Cells) -> Int32[Array, ""]:
    """Gliders that cross the middle row in this generation, each counted once.

    A glider is five cells in one of its forms, with dead cells all around. In one of the four
    phases of its period, and in one only, it has the form of `PATTERNS["glider"]` up to symmetry
    with its first row on each row that it passes. The edges are joined, as on a torus.
    """
    if min(cells.shape) < 5:
        return jnp.zeros((), jnp.int32)
    row = cells.shape[0] // 2
    band = jnp.roll(cells, -row + 1, axis=0)[:5]
    windows = jnp.stack([jnp.roll(band, 1 - right, axis=1) for right in range(5)], axis=-1)
    views = windows.transpose(1, 0, 2)[None]
    forms = _glider_forms()[:, None]
    is_glider: Bool[Array, "forms columns"] = (views == forms).all(axis=(2, 3))
    return is_glider.any(axis=0).sum(dtype=jnp.int32)


@cache
def _glider_forms() -> Any:
    """The four directions of one phase, each within its ring of dead cells."""
    glider = np.pad(PATTERNS["glider"].cells(), 1)
    return np.stack([np.rot90(glider, turns) for turns in range(4)])


def _population(cells: Cells) -> Float32[Array, ""]:
    return cells.sum(dtype=jnp.float32)
