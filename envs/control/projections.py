"""Linear maps that hide which task an agent is in: of observations, and of actions.

Source: in-context-rl.md 4.1 and 4.5.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from envs.core import pytree

KINDS: Final = ("orthogonal", "gaussian", "padding", "tiling", "identity")
DRAWN: Final = ("orthogonal", "gaussian")  # the others are the same in every episode
SPLITS: Final = ("train", "test")
MOST_ALIKE: Final = 0.99
"""|cosine| between two columns of an action matrix, at most: then its singular values are above
0.1."""

Index = Int[Array, ""]


@pytree
class Projection:
    """The maps of one meta-episode: `seen = obs @ obs_matrix`, `done = action @ action_matrix`.

    Rows of `obs_matrix` and columns of `action_matrix` beyond the sizes of the task are 0.
    """

    obs_matrix: Float[Array, "observed seen"]
    action_matrix: Float[Array, "given done"]
    mark: Int[Array, ""]  # a number drawn from the same key, by which to know them again


def split_key(key: PRNGKeyArray, split: str) -> PRNGKeyArray:
    """The key of a projection for training or for tests, so that they never share one."""
    return jax.random.fold_in(key, SPLITS.index(split))


def draw_projection(
    key: PRNGKeyArray,
    kind: str,
    observed: tuple[Any, int, int],
    acted: tuple[Any, int, int],
) -> Projection:
    """The maps that belong to a key.

    Args:
        key: From `split_key`.
        kind: One of `KINDS`.
        observed: What the task shows, the most that any task shows, and what the agent sees.
        acted: How many actions the task takes, the most that any takes, and the agent's.
    """
    obs_key, action_key, mark_key = jax.random.split(key, 3)
    return Projection(
        obs_matrix=observation_matrix(obs_key, kind, *observed),
        action_matrix=action_matrix(action_key, kind, *acted),
        mark=jax.random.randint(mark_key, (), 0, 2**31 - 1, jnp.int32),
    )


def observation_matrix(
    key: PRNGKeyArray, kind: str, size: Any, rows: int, seen: int
) -> Float[Array, "{rows} {seen}"]:
    """A map of `size` <= `rows` numbers to `seen`, rows beyond `size` being 0.

    "orthogonal" multiplies every length by sqrt 2, and "padding", "tiling" and "identity" keep
    them; "gaussian" has entries of variance 1 / `size`.
    """
    is_used = (jnp.arange(rows) < size)[:, None]
    if kind == "orthogonal":
        matrix = math.sqrt(2) * haar(key, seen)[:rows]
    elif kind == "gaussian":
        matrix = jax.random.normal(key, (rows, seen)) / jnp.sqrt(jnp.asarray(size, jnp.float32))
    elif kind == "tiling":
        matrix = _tiles(size, rows, seen)
    else:
        matrix = jnp.eye(rows, seen)
    return jnp.where(is_used, matrix, 0.0)


def action_matrix(
    key: PRNGKeyArray, kind: str, size: Any, columns: int, given: int
) -> Float[Array, "{given} {columns}"]:
    """A map of `given` numbers to `size` <= `columns`, columns beyond `size` being 0.

    Every column has length 1. No two are nearly parallel, so each task can be fully acted on.
    """
    is_used = (jnp.arange(columns) < size)[None, :]
    if kind in DRAWN:
        matrix = _directions(key, size, columns, given)
    elif kind == "tiling":
        matrix = _tiles(size, columns, given).T
    else:
        matrix = jnp.eye(given, columns)
    return jnp.where(is_used, matrix, 0.0)


def haar(key: PRNGKeyArray, size: int) -> Float[Array, "{size} {size}"]:
    """An orthogonal matrix, every one as likely as every other."""
    orthogonal, triangle = jnp.linalg.qr(jax.random.normal(key, (size, size)))
    signs = jnp.where(jnp.diagonal(triangle) < 0, -1.0, 1.0)
    matrix: Float[Array, "size size"] = orthogonal * signs[None, :]
    return matrix


def _tiles(size: Any, rows: int, seen: int) -> Float[Array, "{rows} {seen}"]:
    """Each number again and again, divided by the root of how often."""
    is_copy = jnp.arange(seen)[None, :] % size == jnp.arange(rows)[:, None]
    tiles = is_copy.astype(jnp.float32)
    copies = jnp.maximum(tiles.sum(axis=1, keepdims=True), 1.0)
    return jnp.divide(tiles, jnp.sqrt(copies))


def _directions(
    key: PRNGKeyArray, size: Any, columns: int, given: int
) -> Float[Array, "{given} {columns}"]:
    """Random columns of length 1, drawn again until no two that are used are alike."""
    pairs = jnp.triu(jnp.ones((columns, columns), jnp.bool_), 1)
    pairs &= (jnp.arange(columns) < size)[None, :]

    def drawn(attempt: Any) -> Float[Array, "given columns"]:
        matrix = jax.random.normal(jax.random.fold_in(key, attempt), (given, columns))
        return jnp.divide(matrix, jnp.linalg.norm(matrix, axis=0, keepdims=True))

    def is_bad(progress: tuple[Any, Any]) -> Any:
        _, matrix = progress
        return (pairs & (jnp.abs(matrix.T @ matrix) > MOST_ALIKE)).any()

    _, matrix = jax.lax.while_loop(
        is_bad,
        lambda progress: (progress[0] + 1, drawn(progress[0] + 1)),
        (jnp.int32(0), drawn(0)),
    )
    directions: Float[Array, "given columns"] = matrix
    return directions


def projected(numbers: Sequence[Any], matrix: Float[Array, "rows seen"]) -> Float[Array, " seen"]:
    """Numbers times a matrix; written out, which compiles to one loop over a batch."""
    seen = jnp.zeros(matrix.shape[1], matrix.dtype)
    for number, row in zip(numbers, matrix, strict=True):
        seen = seen + number * row
    return seen


def check_projection(kind: str, sizes: dict[str, tuple[int, int]], seen: int, given: int) -> None:
    """Refuse sizes that cannot carry the tasks.

    Args:
        kind: One of `KINDS`.
        sizes: Name of each task -> how much it shows, and how many actions it takes.
        seen: How many numbers the agent sees.
        given: How many actions it gives.

    Raises:
        ValueError: names the first task that does not fit, and what would.
    """
    if kind not in KINDS:
        raise ValueError(f"projection is one of {KINDS}; got {kind!r}")
    for name, (observed, acted) in sizes.items():
        for field, least, chosen in (("obs_dim", observed, seen), ("act_dim", acted, given)):
            if chosen < least:
                raise ValueError(f"{name} needs {field} of {least} or more; got {chosen}")
            if kind == "identity" and chosen != least:
                raise ValueError(
                    f"the projection 'identity' of {name} needs {field} of {least}; got {chosen}. "
                    "'padding' fills up with zeros."
                )
