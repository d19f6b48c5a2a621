"""Jax functions on copies of a core: what `envs.core.autoreset` is made of."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, PartitionSpec

from envs.core import FunctionalEnv, Step, Worlds

Core = FunctionalEnv[Any, Any, Any]

DEALS: Final = 4  # in how many rounds a pool is dealt out; seldom do so many episodes end at once
WORD: Final = 32  # flags


def begin(core: Core, keys: Any, episode: Any, params: Any) -> tuple[Worlds, Any]:
    """The worlds in which these episodes of these keys begin, and the first observations."""
    states = _first_states(core, keys, episode, params)
    return worlds_of(states, keys, episode), jax.vmap(core.observe, in_axes=(0, None))(
        states, params
    )


def worlds_of(states: Any, keys: Any, episode: Any) -> Worlds:
    """Worlds at the start of their episodes; the next ones are not prepared yet."""
    return Worlds(
        states=states,
        keys=keys,
        episode=episode,
        time=jnp.zeros_like(episode),
        prepared=jax.tree.map(jnp.zeros_like, states),
        is_prepared=jnp.zeros(episode.shape, jnp.bool_),
    )


def _first_states(core: Core, keys: Any, episode: Any, params: Any) -> Any:
    episode_keys = jax.vmap(jax.random.fold_in)(keys, episode)
    first_keys = jax.vmap(lambda key: jax.random.fold_in(key, 0))(episode_keys)
    return jax.vmap(core.initial, in_axes=(0, None))(first_keys, params)


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
    """Begin the next episode of the marked copies, and show it in `out.obs`."""
    worlds = _prepare(core, pool, worlds, marked, params)
    states, out = _deal(core, pool, worlds, out, marked, params)
    return worlds._replace(
        states=states,
        episode=jnp.where(marked, worlds.episode + 1, worlds.episode),
        time=jnp.where(marked, 0, worlds.time),
        is_prepared=worlds.is_prepared & ~marked,
    ), out


def _prepare(core: Core, pool: int, worlds: Worlds, marked: Any, params: Any) -> Worlds:
    """Generate the next first states, `pool` at a time, until no marked copy is without.

    What is left of a pool goes to copies that will want theirs later.
    """

    def generate(progress: tuple[Any, Any]) -> tuple[Any, Any]:
        prepared, is_prepared = progress
        rows = _rows(pool, marked & ~is_prepared, ~marked & ~is_prepared)
        fresh = _first_states(core, worlds.keys[rows], worlds.episode[rows] + 1, params)
        return _written(prepared, rows, fresh), is_prepared.at[rows].set(True, mode="drop")

    prepared, is_prepared = jax.lax.while_loop(
        lambda progress: (marked & ~progress[1]).any(),
        generate,
        (worlds.prepared, worlds.is_prepared),
    )
    return worlds._replace(prepared=prepared, is_prepared=is_prepared)


def _rows(pool: int, first: Any, second: Any) -> Any:
    """Numbers of `pool` copies, those flagged first before the second; B where none is left."""
    rank = jnp.arange(1, pool + 1)
    early, late = _marks(first), _marks(second)
    return jnp.where(rank <= early.total, _found(early, rank), _found(late, rank - early.total))


class _Marks(NamedTuple):
    """Flags of B copies in words of 32, so that the n-th flag which is set is found in no time.

    Running sums over all copies would cost more than a step of a small world.
    """

    words: Any  # uint32; copy 32 w + b is bit b of word w
    counts: Any  # int32, flags set in a word and all before it
    num_copies: int

    @property
    def total(self) -> Any:
        """How many flags are set."""
        return self.counts[-1]


def _marks(flags: Any) -> _Marks:
    bits = jnp.uint32(1) << jnp.arange(WORD, dtype=jnp.uint32)
    table = jnp.pad(flags, (0, -len(flags) % WORD)).reshape(-1, WORD)
    words = jnp.where(table, bits[None], jnp.uint32(0)).sum(axis=1, dtype=jnp.uint32)
    counts = jnp.cumsum(jax.lax.population_count(words).astype(jnp.int32))
    return _Marks(words, counts, len(flags))


def _found(marks: _Marks, rank: Any) -> Any:
    """Numbers of the copies whose flags are the first (rank 1), second, ...; B beyond the last."""
    place = jnp.searchsorted(marks.counts, rank)  # of the word; behind the last one: any
    word = marks.words[place]
    left = rank - jnp.where(place > 0, marks.counts[place - 1], 0)
    bit = jnp.zeros_like(left)
    for width in (16, 8, 4, 2, 1):  # is it in the lower half of what is left of the word?
        low = (word >> bit.astype(jnp.uint32)) & jnp.uint32(2**width - 1)
        count = jax.lax.population_count(low).astype(jnp.int32)
        is_above = left > count
        left, bit = left - jnp.where(is_above, count, 0), bit + jnp.where(is_above, width, 0)
    return jnp.where(rank <= marks.total, WORD * place + bit, marks.num_copies)


def _deal(
    core: Core, pool: int, worlds: Worlds, out: Step, marked: Any, params: Any
) -> tuple[Any, Step]:
    """Put the prepared states of the marked copies in place, some at a time."""
    size = max(1, pool // DEALS)
    marks = _marks(marked)

    def replace(progress: tuple[Any, Any, Step]) -> tuple[Any, Any, Step]:
        count, states, out = progress
        # the next marked rows; B, which is no row, where none is left
        rows = _found(marks, count + 1 + jnp.arange(size))
        fresh = jax.tree.map(lambda leaf: leaf[rows], worlds.prepared)
        obs = jax.vmap(core.observe, in_axes=(0, None))(fresh, params)
        # The barrier keeps all of `out` in the loop, so that it is computed before rows of the
        # states are overwritten; else XLA copies the whole batch of states, twice.
        kept = jax.lax.optimization_barrier(out._replace(obs=_written(out.obs, rows, obs)))  # type: ignore[no-untyped-call]  # jax
        return count + size, _written(states, rows, fresh), kept

    _, states, out = jax.lax.while_loop(
        lambda progress: progress[0] < marks.total, replace, (0, worlds.states, out)
    )
    return states, out


def _written(batch: Any, rows: Any, new: Any) -> Any:
    """The batch with some rows overwritten; row B is none."""
    return jax.tree.map(lambda old, part: old.at[rows].set(part, mode="drop"), batch, new)


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
