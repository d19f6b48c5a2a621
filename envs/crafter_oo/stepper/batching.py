"""What a batch of worlds does together, so that rare work is not done by every world every step.

`jax.vmap` alone turns a branch into both branches, and a loop into one that every world repeats as
often as the busiest does, with a copy of its state at each turn.
"""

import copy
import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Int32, UInt32

T = TypeVar("T")

SHARE: Final = 8  # an eighth of the batch is worked on at a time


@custom_vmap
def largest(number: Int32[Array, ""]) -> Int32[Array, ""]:
    """The largest of a batch, as one number for all: a bound for a loop they run together."""
    return number


@largest.def_vmap
def _largest_of_batch(
    axis_size: int, in_batched: list[bool], number: Int32[Array, " worlds"]
) -> tuple[Int32[Array, ""], bool]:
    del axis_size, in_batched
    return largest(number.max()), False


def batchwise(work: Callable[[T], T]) -> Callable[[T], T]:
    """A function of one world that does a batch together, from one that changes a batch."""

    @custom_vmap
    def one(state: T) -> T:
        batch = work(jax.tree.map(lambda leaf: leaf[None], state))
        world: T = jax.tree.map(lambda leaf: leaf[0], batch)
        return world

    @one.def_vmap
    def _many(axis_size: int, in_batched: list[Any], states: T) -> tuple[T, Any]:
        states = jax.tree.map(
            lambda leaf, batched: (
                leaf if batched else jnp.broadcast_to(leaf, (axis_size, *leaf.shape))
            ),
            states,
            in_batched[0],
        )
        states = work(states)
        return states, jax.tree.map(lambda _: True, states)

    return one


def with_leaves(batch: T, **leaves: Any) -> T:
    """A batch with other values in some fields.

    `dataclasses.replace` would check the shapes of a single world.
    """
    after = copy.copy(batch)
    for name, leaf in leaves.items():
        object.__setattr__(after, name, leaf)
    return after


def parts(
    work: Callable[[T, Int32[Array, " part"], Bool[Array, " part"]], T],
    states: T,
    is_due: Bool[Array, " worlds"],
) -> T:
    """Change those worlds of a batch in which something is due, some at a time.

    Args:
        work: from the batch, numbers of some worlds, and whether each is due (the last part is
            filled up with worlds that are not), to the changed batch.
        states: the batch.
        is_due: by world.
    """
    part = max(1, is_due.shape[0] // SHARE)
    worlds, num_due = compact(is_due)
    worlds = jnp.pad(worlds, (0, part))  # so that a slice at the end does not slide back

    def turn(index: Int32[Array, ""], states: T) -> T:
        chosen = lax.dynamic_slice(worlds, (index * part,), (part,))
        return work(states, chosen, index * part + jnp.arange(part, dtype=jnp.int32) < num_due)

    changed: T = lax.fori_loop(0, (num_due + part - 1) // part, turn, states)
    return changed


def settle(*flags: Bool[Array, ""]) -> tuple[Bool[Array, ""], ...]:
    """The same flags, computed once.

    XLA computes a value anew for every array that depends on it, with all that it depends on; only
    what has been looked up in a table is not looked up again. So the flags go through a table.
    """
    code = sum((flag.astype(jnp.int32) << bit for bit, flag in enumerate(flags)), jnp.int32(0))
    code = _looked_up(code, 2 ** len(flags))
    return tuple((code >> bit) & 1 == 1 for bit in range(len(flags)))


def _looked_up(number: Int32[Array, ""], size: int) -> Int32[Array, ""]:
    """The same number, 0 <= number < size, through a table."""
    table = jnp.asarray(np.arange(size, dtype=np.int32))
    return table.at[number].get(mode="promise_in_bounds")


WORD: Final = 32  # bits

Words = tuple[UInt32[Array, "..."], ...]  # a set of small numbers, as bits; scalars, or a batch


def pack(flags: Bool[Array, " n"]) -> Words:
    """The flags as the bits of words, the first flag lowest."""
    table = _table(flags)
    bits = jnp.where(table, jnp.uint32(1) << jnp.arange(WORD, dtype=jnp.uint32)[None, :], 0)
    words = bits.sum(axis=1, dtype=jnp.uint32)
    return tuple(words[index] for index in range(words.shape[0]))


def _table(flags: Bool[Array, " n"]) -> Bool[Array, "words 32"]:
    return jnp.pad(flags, (0, -flags.shape[0] % WORD)).reshape(-1, WORD)


def count(words: Words) -> Int32[Array, "..."]:
    """How many bits are set."""
    counts = [lax.population_count(word).astype(jnp.int32) for word in words]
    return functools.reduce(jnp.add, counts)


def pop(words: Words) -> tuple[Int32[Array, ""], Words]:
    """The index of the lowest bit that is set, 0 if none is; and the words without it."""
    index, rest, is_found = jnp.int32(0), [], jnp.bool_(False)
    for number, word in enumerate(words):
        is_here = ~is_found & (word != 0)
        below = lax.population_count(~word & (word - 1)).astype(jnp.int32)
        index = jnp.where(is_here, WORD * number + below, index)
        rest.append(jnp.where(is_here, word & (word - 1), word))
        is_found |= word != 0
    return _looked_up(index, WORD * len(words)), tuple(rest)


def nth(flags: Bool[Array, " n"], n: Int32[Array, ""]) -> Int32[Array, ""]:
    """The index of the n-th flag that is set, from 0; 0 where there are not so many."""
    words = jnp.stack(pack(flags))
    totals = lax.population_count(words).astype(jnp.int32)
    below = jnp.uint32(1) << jnp.arange(WORD, dtype=jnp.uint32)[None, :]
    within = lax.population_count(words[:, None] & (below - 1)).astype(jnp.int32)
    ranks = within + (jnp.cumsum(totals) - totals)[:, None]
    is_it = _table(flags) & (ranks == n)
    indices = jnp.arange(is_it.size, dtype=jnp.int32).reshape(is_it.shape)
    return jnp.where(is_it, indices, 0).sum(dtype=jnp.int32)


def compact(flags: Bool[Array, " n"]) -> tuple[Int32[Array, " n"], Int32[Array, ""]]:
    """The indices of the flags that are set, in order, then zeros; and how many there are."""
    size = flags.shape[0]
    counts = jnp.cumsum(flags.astype(jnp.int32))
    to = jnp.where(flags, counts - 1, size)
    indices = jnp.arange(size, dtype=jnp.int32)
    return jnp.zeros(size, jnp.int32).at[to].set(indices, mode="drop"), counts[-1]
