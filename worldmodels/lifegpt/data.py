"""Pairs of a grid and its successor, drawn as the published data sets are.

Source: lifegpt.md 1.2 and 1.10. The cells of a grid are alive independently, each with the grid's
density. High-entropy grids all have the density 1/2; those of broad entropy have densities
between 0 and 1.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from envs.life.dynamics import generation
from envs.life.rules import parse_rule
from worldmodels.lifegpt.tokenizer import PADDING, States

Grids = Bool[np.ndarray, "batch rows columns"]
Trajectories = Bool[np.ndarray, "batch times rows columns"]

LIFE: Final = "B3/S23"


def spaced_densities(count: int, low: float, high: float) -> Float[np.ndarray, " count"]:
    """Densities at equal distances, both ends included, as in the published sets."""
    return np.linspace(low, high, count)


def draw_grids(
    rng: np.random.Generator, densities: Float[np.ndarray, " batch"], side: int
) -> Grids:
    """A square grid for every density."""
    return rng.random((len(densities), side, side)) < densities[:, None, None]


def successors(grids: Grids, rule: str = LIFE) -> Grids:
    """The next generation of every grid on its torus."""
    return np.asarray(_stepper(rule)(jnp.asarray(grids)))


def trajectories(grids: Grids, num_states: int, rule: str = LIFE) -> Trajectories:
    """Every grid and its following generations, `num_states` in all."""
    states = [grids]
    for _ in range(num_states - 1):
        states.append(successors(states[-1], rule))
    return np.stack(states, axis=1)


@cache
def _stepper(rule: str) -> Callable[[Any], Any]:
    parsed = parse_rule(rule)
    return jax.jit(jax.vmap(lambda cells: generation(cells, parsed, "torus")))


def draw_pairs(
    rng: np.random.Generator,
    densities: Float[np.ndarray, " batch"],
    sides: Sequence[int],
    rule: str = LIFE,
) -> tuple[States, States]:
    """States and their successors; the i-th one is of the i-th side, counted round and round.

    States of smaller grids are padded to the length of the largest.
    """
    num_cells = max(sides) ** 2
    pairs = np.full((2, len(densities), num_cells), PADDING, np.int64)
    for start, side in enumerate(sides):
        grids = draw_grids(rng, densities[start :: len(sides)], side)
        for index, states in enumerate((grids, successors(grids, rule))):
            pairs[index, start :: len(sides), : side * side] = flat(states)
    return pairs[0], pairs[1]


def flat(grids: Grids) -> States:
    """Grids as states: the cells in row-major order."""
    return grids.reshape(len(grids), grids.shape[1] * grids.shape[2]).astype(np.int64)


def neighbourhoods(side: int) -> Grids:
    """All 512 squares of 3x3 cells, each in the middle of an empty grid."""
    grids = np.zeros((512, side, side), np.bool_)
    corner = side // 2 - 1
    bits = np.arange(512)[:, None] >> np.arange(9) & 1
    grids[:, corner : corner + 3, corner : corner + 3] = bits.reshape(512, 3, 3)
    return grids
