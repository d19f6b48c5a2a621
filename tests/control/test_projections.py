"""Random projections: sizes, lengths, ranks, and that training and tests never share one."""

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from envs.control import projections
from envs.control.projections import DRAWN, KINDS, action_matrix, observation_matrix, projected

COUNT = 400
SIZES = (2, 5, 6)  # of which the second is drawn with padding up to the third


@functools.cache
def drawn(kind: str) -> tuple[Any, Any]:
    """Many matrices of observations (5 of 6 numbers to 12) and of actions (2 of 2 from 3)."""
    keys = jax.random.split(jax.random.key(2), COUNT)

    @jax.jit
    def run(keys: Any, size: Any) -> Any:
        obs = jax.vmap(lambda key: observation_matrix(key, kind, size, 6, 12))(keys)
        return obs, jax.vmap(lambda key: action_matrix(key, kind, jnp.int32(2), 2, 3))(keys)

    return jax.tree.map(np.asarray, run(keys, jnp.int32(5)))


@pytest.mark.parametrize("kind", KINDS)
def test_unused_rows_are_empty_and_the_rest_can_be_undone(kind: str) -> None:
    obs, actions = drawn(kind)
    assert not obs[:, 5].any()
    assert np.linalg.matrix_rank(obs[:, :5]).tolist() == [5] * COUNT
    smallest = np.linalg.svd(actions, compute_uv=False).min(axis=1)
    assert smallest.min() >= 0.0999


@pytest.mark.parametrize("kind", ["orthogonal", "padding", "tiling"])
def test_lengths_are_kept_or_multiplied_by_the_root_of_two(kind: str) -> None:
    rows = drawn(kind)[0][:, :5]
    factor = 2 if kind == "orthogonal" else 1
    expected = np.broadcast_to(factor * np.eye(5), rows[:, :, :5].shape)
    np.testing.assert_allclose(rows @ rows.swapaxes(1, 2), expected, atol=1e-5)


def test_orthogonal_matrices_favour_no_direction() -> None:
    first = drawn("orthogonal")[0][:, :5] / math.sqrt(2)
    error = 5 / math.sqrt(COUNT * 12)  # of the mean of numbers of variance 1/12
    assert np.abs(first.mean(axis=0)).max() < error
    np.testing.assert_allclose((first**2).mean(axis=0), 1 / 12, atol=0.03)


def test_gaussian_entries_have_the_variance_of_one_over_the_size() -> None:
    entries = drawn("gaussian")[0][:, :5]
    assert entries.var() == pytest.approx(1 / 5, rel=0.05)
    assert abs(entries.mean()) < 0.01


@pytest.mark.parametrize("kind", DRAWN)
def test_action_columns_have_length_one_and_no_direction_of_their_own(kind: str) -> None:
    actions = drawn(kind)[1]
    np.testing.assert_allclose((actions**2).sum(axis=1), 1, atol=1e-5)
    assert np.abs(actions.mean(axis=0)).max() < 0.15
    alike = np.abs((actions[:, :, 0] * actions[:, :, 1]).sum(axis=1))
    assert alike.max() <= projections.MOST_ALIKE


def test_columns_that_are_nearly_parallel_are_drawn_again() -> None:
    keys = jax.random.split(jax.random.key(3), 2000)
    draw = jax.jit(jax.vmap(lambda key: action_matrix(key, "gaussian", jnp.int32(2), 2, 2)))
    alike = np.abs((np.asarray(draw(keys))[:, :, 0] * np.asarray(draw(keys))[:, :, 1]).sum(axis=1))
    assert 0.97 < alike.max() <= projections.MOST_ALIKE, "in a plane, one in eleven is"


def test_tiles_repeat_what_is_seen() -> None:
    matrix = observation_matrix(jax.random.key(0), "tiling", 5, 5, 12)
    seen = projected(tuple(jnp.arange(1.0, 6.0)), matrix)
    roots = np.sqrt([3, 3, 2, 2, 2])
    np.testing.assert_allclose(seen, np.resize(np.arange(1, 6) / roots, 12), rtol=1e-6)


def test_padding_and_identity_change_no_number() -> None:
    numbers = tuple(jnp.float32([3, -1, 2]))
    padded = projected(numbers, observation_matrix(jax.random.key(0), "padding", 3, 3, 5))
    assert padded.tolist() == [3, -1, 2, 0, 0]
    same = projected(numbers, observation_matrix(jax.random.key(0), "identity", 3, 3, 3))
    assert same.tolist() == [3, -1, 2]
    forces = projected(numbers[:2], action_matrix(jax.random.key(0), "identity", 2, 2, 2))
    assert forces.tolist() == [3, -1]


def test_written_out_products_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    numbers, matrix = rng.normal(size=4).astype("f4"), rng.normal(size=(4, 7)).astype("f4")
    seen = projected(tuple(jnp.asarray(numbers)), jnp.asarray(matrix))
    np.testing.assert_allclose(seen, numbers @ matrix, rtol=1e-5)


def test_keys_of_training_and_of_tests_are_never_the_same() -> None:
    keys = jax.random.split(jax.random.key(0), 200)
    words = {
        tuple(np.asarray(jax.random.key_data(projections.split_key(key, split))).tolist())
        for key in keys
        for split in projections.SPLITS
    }
    assert len(words) == 400
    first = projections.split_key(jax.random.key(7), "train")
    expected = jax.random.fold_in(jax.random.key(7), 0)
    assert jax.random.key_data(first).tolist() == jax.random.key_data(expected).tolist()
