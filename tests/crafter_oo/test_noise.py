"""The noise behind generated worlds: published values, and the reference bit by bit."""

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float

from envs.crafter_oo.noise import GRADIENTS, VERTICES, Simplex

SEED_42_VALUES = {
    (0.5, 0.5, 0.5): -0.410851537216829,
    (1 / 15, 2 / 15, 3.0): -0.17745066811880922,
    (10 / 3, -4.25, 7.0): -0.05065719952305599,
    (32 / 15, 31 / 15, 0.0): -0.30755384155367393,
}
TIES_DIGEST = "da1468cafe047e7b"  # of opensimplex 0.4.5.1, seed 42
LATTICE_DIGEST = "460974d87265182a"  # of the same
SIZES = (3, 5, 6, 7, 8, 9, 15)  # of the layers in world generation


def test_seed_42_gives_the_known_permutation() -> None:
    simplex = Simplex.from_seed(42)
    assert simplex.perm[:8].tolist() == [48, 76, 40, 154, 62, 22, 64, 58]
    assert (3 * simplex.gradient_index[:8]).tolist() == [0, 12, 48, 30, 42, 66, 48, 30]


@given(st.integers(-(2**63), 2**63 - 1))
@settings(max_examples=20, deadline=None)
def test_every_seed_gives_a_permutation(seed: int) -> None:
    assert sorted(Simplex.from_seed(seed).perm) == list(range(256))


def test_gradients_are_24_different_vectors_of_equal_length() -> None:
    assert GRADIENTS[:4] == ((-11, 4, 4), (-4, 11, 4), (-4, 4, 11), (11, 4, 4))
    assert GRADIENTS[-1] == (4, -4, -11)
    assert len(set(GRADIENTS)) == 24
    assert {sum(part * part for part in gradient) for gradient in GRADIENTS} == {153}


def test_no_case_counts_a_vertex_twice() -> None:
    assert all(len(set(case)) == len(case) for case in VERTICES)


@pytest.mark.parametrize(("point", "value"), SEED_42_VALUES.items())
def test_noise_has_the_known_value(point: tuple[float, float, float], value: float) -> None:
    x, y, z = (np.array([coordinate]) for coordinate in point)
    assert Simplex.from_seed(42).noise3(x, y, z).tolist() == [value]


def test_ties_between_axes_are_broken_as_in_opensimplex() -> None:
    assert _digest(Simplex.from_seed(42).noise3(*_points_with_ties())) == TIES_DIGEST


def test_rounding_at_lattice_points_is_that_of_opensimplex() -> None:
    assert _digest(Simplex.from_seed(42).noise3(*_lattice_points())) == LATTICE_DIGEST


@pytest.mark.parametrize("num_points", [0, 1, 2, 1023, 1024, 1025, 3001])
def test_a_batch_equals_its_points_one_by_one(num_points: int) -> None:
    simplex = Simplex.from_seed(7)
    x, y, z = _points(num_points, seed=num_points)
    batch = simplex.noise3(x, y, z)
    chosen = range(0, num_points, max(1, num_points // 10))
    alone = [simplex.noise3(x[[i]], y[[i]], z[[i]])[0] for i in chosen]
    assert batch.shape == (num_points,)
    assert batch[chosen].tolist() == alone


def test_noise_repeats_after_a_period_of_the_permutation() -> None:
    simplex = Simplex.from_seed(3)
    x, y, z = np.round(_points(500, seed=1) * 64) / 64  # so that adding the period is exact
    moved = simplex.noise3(x + 512, y + 512, z + 512)  # 256 lattice cells along the diagonal
    np.testing.assert_allclose(moved, simplex.noise3(x, y, z), rtol=0, atol=1e-11)


def test_noise_is_almost_continuous() -> None:
    """The sum leaves out a few vertices that add up to 1e-4, so it has jumps of that size."""
    x, y, z = _points(5000, seed=2)
    here, there = (Simplex.from_seed(11).noise3(x + step, y - step, z) for step in (0, 1e-9))
    assert np.abs(here - there).max() < 2e-4
    assert 0.5 < np.abs(here).max() < 1


@pytest.mark.reproduction
@pytest.mark.parametrize("seed", [0, 42, 487388145, -1, 2**62 + 12345])
def test_noise_equals_opensimplex_bit_by_bit(seed: int) -> None:
    opensimplex = pytest.importorskip("opensimplex")
    reference = opensimplex.OpenSimplex(seed)
    points = np.concatenate([_points(8000, seed=0), _lattice_points(), _points_with_ties()], axis=1)
    expected = np.array([reference.noise3(*point) for point in points.T.tolist()])
    noise = Simplex.from_seed(seed).noise3(*points)
    np.testing.assert_array_equal(noise.view(np.int64), expected.view(np.int64))


def _points(num_points: int, seed: int) -> Float[np.ndarray, "3 points"]:
    return np.random.default_rng(seed).uniform(-50, 50, (3, num_points))


def _points_with_ties() -> Float[np.ndarray, "3 points"]:
    """Points whose coordinates inside the lattice cell are exact eighths, many of them equal."""
    eighths = np.arange(-12, 12) / 8
    sums = (0.0, 1.5, 3.0, 6.0)
    points = [(x, y, total - x - y) for x, y, total in itertools.product(eighths, eighths, sums)]
    return np.array(points).T


def _lattice_points() -> Float[np.ndarray, "3 points"]:
    """Many of them are 0 in exact arithmetic, so that the sign of their noise is rounding."""
    points = [
        (x / size, y / size, float(size % 4))
        for x, y, size in itertools.product(range(-3, 40), range(40), SIZES)
    ]
    return np.array(points).T


def _digest(noise: Float[np.ndarray, " points"]) -> str:
    return hashlib.sha256(noise.astype("<f8").tobytes()).hexdigest()[:16]
