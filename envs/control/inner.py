"""Counting the inner episodes of a meta-episode."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from envs.core import IntLike, pytree


@pytree
class Progress:
    """Where a meta-episode stands; the flags and the reward are those of the last step."""

    episode: Int32[Array, ""]  # inner episodes that have ended
    time: Int32[Array, ""]  # steps of the present inner episode
    reward: Float32[Array, ""]
    gained: Float32[Array, ""]  # return of the inner episode that the last step was of
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]

    @property
    def has_ended(self) -> Bool[Array, ""]:
        """Whether the last step ended an inner episode."""
        return self.terminated | self.truncated

    @property
    def is_first(self) -> Bool[Array, ""]:
        """Whether no step of the meta-episode has been taken."""
        return (self.episode == 0) & (self.time == 0)


def beginning() -> Progress:
    """No step has been taken."""
    none, zero, no = jnp.int32(0), jnp.float32(0), jnp.bool_(False)
    return Progress(episode=none, time=none, reward=zero, gained=zero, terminated=no, truncated=no)


def advanced(
    before: Progress, reward: Any, terminated: Bool[Array, ""], max_steps: IntLike
) -> Progress:
    """After a step of the inner episode that paid `reward`."""
    time = before.time + 1
    truncated = (time >= max_steps) & ~terminated
    has_ended = terminated | truncated
    return Progress(
        episode=before.episode + has_ended.astype(jnp.int32),
        time=jnp.where(has_ended, 0, time),
        reward=reward,
        gained=jnp.where(before.has_ended, 0.0, before.gained) + reward,
        terminated=terminated,
        truncated=truncated,
    )


def described(progress: Progress) -> dict[str, Any]:
    """What `info` says of it; an inner episode that has just ended is number `inner_episode` - 1.

    `inner_return` is what the inner episode of the last step has paid so far; at its end, all.
    """
    return {
        "inner_done": progress.has_ended,
        "inner_episode": progress.episode,
        "inner_step": progress.time,
        "inner_return": progress.gained,
        "inner_terminated": progress.terminated,
        "inner_truncated": progress.truncated,
    }
