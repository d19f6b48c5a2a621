"""Data sets as published, from the world's own rule."""

import numpy as np
import pytest

from worldmodels.lifegpt.benchmark import NAMES, published_grids
from worldmodels.lifegpt.data import (
    draw_grids,
    draw_pairs,
    flat,
    neighbourhoods,
    spaced_densities,
    successors,
    trajectories,
)
from worldmodels.lifegpt.tokenizer import PADDING


@pytest.fixture(scope="module")
def lives() -> np.ndarray:
    """250 states of each of the published test grids."""
    return trajectories(published_grids(), 250)


@pytest.mark.parametrize(
    ("name", "population"),
    [
        ("empty", (0, 0, 0, 0)),
        ("quarter", (254, 316, 168, 127)),
        ("half", (507, 310, 206, 79)),
        ("three quarters", (768, 32, 3, 3)),
        ("full", (1024, 0, 0, 0)),
        ("glider", (5, 5, 5, 5)),
        ("cloverleaf", (40, 42, 42, 42)),
        ("hammerhead", (76, 78, 78, 78)),
        ("blinkers", (12, 12, 12, 12)),
        ("r-pentomino", (5, 6, 11, 79)),
    ],
)
def test_published_grids_have_the_published_successors(
    name: str, population: tuple[int, ...], lives: np.ndarray
):
    life = lives[NAMES.index(name)]
    assert tuple(life[time].sum() for time in (0, 1, 9, 249)) == population


@pytest.mark.parametrize(
    ("name", "period", "start"),
    [
        ("three quarters", 2, 4),
        ("glider", 128, 0),
        ("cloverleaf", 4, 0),
        ("hammerhead", 64, 0),
        ("blinkers", 2, 0),
    ],
)
def test_published_grids_recur_when_they_should(
    name: str, period: int, start: int, lives: np.ndarray
):
    life = lives[NAMES.index(name)]
    same = [(life[start] == life[start + lag]).all() for lag in range(1, period + 1)]
    assert same == [False] * (period - 1) + [True]


def test_published_soups_do_not_recur_within_250_states(lives: np.ndarray):
    for name in ("quarter", "half", "r-pentomino"):
        life = lives[NAMES.index(name)]
        assert len(np.unique(life.reshape(250, -1), axis=0)) == 250


def test_neighbours_count_with_multiplicity_on_the_smallest_torus():
    grids = np.zeros((2, 2, 2), np.bool_)
    grids[0, 0, 0] = True  # each other cell has it 2 or 4 times
    grids[1, 0] = True  # those below have 2 + 4 of them, these 2 each
    assert successors(grids).astype(int).tolist() == [[[0, 0], [0, 0]], [[1, 1], [0, 0]]]


def test_densities_are_spaced_as_published():
    densities = spaced_densities(10_000, 0.0, 1.0)
    assert (densities[0], densities[-1]) == (0, 1)
    grids = draw_grids(np.random.default_rng(0), densities, 4)
    assert not grids[0].any()
    assert grids[-1].all()
    assert set(spaced_densities(3, 0.5, 0.5)) == {0.5}


def test_pairs_of_several_sizes_are_padded_and_each_by_itself_right():
    states, after = draw_pairs(np.random.default_rng(0), np.full(6, 0.4), (4, 2))
    for row, side in enumerate((4, 2) * 3):
        cells = side * side
        for state in (states[row], after[row]):
            assert (state[cells:] == PADDING).all()
            assert (state[:cells] != PADDING).all()
        grid = states[row, :cells].reshape(1, side, side).astype(np.bool_)
        assert (flat(successors(grid))[0] == after[row, :cells]).all()


def test_high_entropy_is_a_nat_times_the_logarithm_of_two():
    grids = draw_grids(np.random.default_rng(0), spaced_densities(100, 0.5, 0.5), 16)
    assert grids.mean() == pytest.approx(0.5, abs=0.01)


def test_all_neighbourhoods_are_there_once():
    grids = neighbourhoods(8)
    assert len(np.unique(grids.reshape(512, 64), axis=0)) == 512
    assert len(np.unique(grids[:, 3:6, 3:6].reshape(512, 9), axis=0)) == 512
    assert successors(grids)[:, 4, 4].sum() == 56 + 56 + 28  # born of 3; alive with 3 or 2
