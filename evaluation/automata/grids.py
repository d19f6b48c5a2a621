"""The grids that models are asked about, the same for all models of a size."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool

from envs.life.patterns import PATTERNS, place
from worldmodels.lifegpt.data import draw_grids

Grids = Bool[np.ndarray, "batch rows columns"]

DENSITIES: Final = tuple(number / 20 for number in range(21))
"""Shares of live cells, from an empty grid to a full one."""
LIVELY: Final = (0.1, 0.7)  # densities from which life goes on for some time
_SOUPS, _PATTERNS, _LIVES, _SIZES = range(4)  # what a generator is for


class Start(NamedTuple):
    """Grids to begin with, and the name of what each of them is."""

    labels: tuple[str, ...]
    grids: Grids


def soups(seed: int, side: int, count: int) -> Start:
    """Random grids, so many of each density."""
    random = np.random.default_rng([seed, _SOUPS, side])
    densities = np.repeat(DENSITIES, count)
    labels = tuple(f"density {density:.2f}" for density in densities)
    return Start(labels, draw_grids(random, densities, side))


def patterns(seed: int, side: int, count: int) -> Start:
    """Every known pattern that fits, so often, each time somewhere else on the torus."""
    random = np.random.default_rng([seed, _PATTERNS, side])
    labels, grids = [], []
    for name, known in PATTERNS.items():
        cells = known.cells()
        if max(cells.shape) <= side:
            for down, right in random.integers(0, side, (count, 2)).tolist():
                labels.append(name)
                grids.append(np.roll(place(cells, side, side), (down, right), axis=(0, 1)))
    return Start(tuple(labels), np.stack(grids))


def lives(seed: int, side: int, count: int) -> Grids:
    """Random grids for rollouts, of densities at which not everything dies at once."""
    random = np.random.default_rng([seed, _LIVES, side])
    return draw_grids(random, np.linspace(*LIVELY, count), side)


def broad(seed: int, side: int, count: int) -> Grids:
    """Random grids of densities at equal distances, none empty or full by design."""
    random = np.random.default_rng([seed, _SIZES, side])
    return draw_grids(random, (np.arange(count) + 0.5) / count, side)


def rows_of_label(labels: Sequence[str]) -> dict[str, list[int]]:
    """Which grids have a label, in order of appearance."""
    found: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        found.setdefault(label, []).append(index)
    return found
