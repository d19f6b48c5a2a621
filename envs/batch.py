"""Jax functions on copies of a core: what `envs.core.autoreset` is made of."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, PartitionSpec

from envs.core import FunctionalEnv, Step, Worlds

Core = FunctionalEnv[Any, Any, Any]


def begin(core: Core, keys: Any, episode: Any, params: Any) -> tuple[Any, Any]:
    """The states and observations with which these episodes of these keys begin."""
    episode_keys = jax.vmap(jax.random.fold_in)(keys, episode)
    first_keys = jax.vmap(lambda key: jax.random.fold_in(key, 0))(episode_keys)
    return jax.vmap(core.reset, in_axes=(0, None))(first_keys, params)


def advance(core: Core, worlds: Worlds, actions: Any, params: Any) -> tuple[Worlds, Step]:
    """Step every copy; resets none."""
    time = worlds.time + 1
    episode_keys = jax.vmap(jax.random.fold_in)(worlds.keys, worlds.episode)
    step_keys = jax.vmap(jax.random.fold_in)(episode_keys, time)
    stepped = jax.vmap(core.step, in_axes=(0, 0, 0, None))
    states, out = stepped(step_keys, worlds.states, actions, params)
    return worlds._replace(states=states, time=time), out


def restart(
    core: Core, pool: int, worlds: Worlds, out: Step, marked: Any, params: Any
) -> tuple[Worlds, Step]:
    """Begin the next episode of the marked copies, `pool` at a time, and show it in `out.obs`."""
    episode = jnp.where(marked, worlds.episode + 1, worlds.episode)
    rank = jnp.cumsum(marked)  # of the marked copies, from 1

    def replace(progress: tuple[Any, Any, Step]) -> tuple[Any, Any, Step]:
        count, states, out = progress
        # the next `pool` marked rows; B, which is no row, where none is left
        rows = jnp.searchsorted(rank, count + 1 + jnp.arange(pool))
        fresh = begin(core, worlds.keys[rows], episode[rows], params)
        states, obs = jax.tree.map(
            lambda old, new: old.at[rows].set(new, mode="drop"), (states, out.obs), fresh
        )
        # The barrier keeps all of `out` in the loop, so that it is computed before rows of the
        # states are overwritten; else XLA copies the whole batch of states, twice.
        kept = jax.lax.optimization_barrier(out._replace(obs=obs))  # type: ignore[no-untyped-call]  # jax
        return count + pool, states, kept

    _, states, out = jax.lax.while_loop(
        lambda progress: progress[0] < rank[-1], replace, (0, worlds.states, out)
    )
    time = jnp.where(marked, 0, worlds.time)
    return Worlds(states, worlds.keys, episode, time), out


def spread(function: Callable[..., Any], mesh: Mesh, num_batched: int) -> Callable[..., Any]:
    """Let each device call `function` on its own share of a batch, with no word to the others.

    Args:
        function: Its first `num_batched` arguments and all that it returns are led by the batch
            axis; every device gets the whole of its one last argument.
        mesh: Of one axis, whose size divides the batch.
        num_batched: How many arguments are shared out.
    """
    share = PartitionSpec(mesh.axis_names[0])  # type: ignore[no-untyped-call]  # jax
    whole = PartitionSpec()  # type: ignore[no-untyped-call]  # jax
    # of type Auto, so that arrays which lie on one device are dealt out as they come
    dealing = Mesh(mesh.devices, mesh.axis_names, axis_types=(AxisType.Auto,))
    return jax.shard_map(
        function,
        mesh=dealing,
        in_specs=(*[share] * num_batched, whole),
        out_specs=share,
        check_vma=False,  # the loops of a core may start from constants, equal on every device
    )
