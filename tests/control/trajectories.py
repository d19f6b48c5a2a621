"""Bodies of tasks in motion, for tests."""

from typing import Any

import jax
import jax.numpy as jnp

from envs.control.task import Scale, Task


def moved(task: Task, body: Any, actions: Any, scale: Scale | None = None) -> dict[str, Any]:
    """What a task does under actions, from a body on: arrays led by time, "body" by one more."""
    scale = scale or Scale()

    def step(before: Any, action: Any) -> Any:
        forces = tuple(action)
        after = task.step(before, forces, scale)
        seen = jnp.stack(task.observe(after, scale))
        return after, (jnp.stack(after), seen, task.reward(before, forces, after, scale))

    first = tuple(jnp.asarray(body))
    _, (bodies, obs, rewards) = jax.lax.scan(step, first, jnp.asarray(actions))
    return {
        "body": jnp.concatenate([jnp.stack(first)[None], bodies]),
        "obs": jnp.concatenate([jnp.stack(task.observe(first, scale))[None], obs]),
        "reward": rewards,
    }
