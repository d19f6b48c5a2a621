"""Life on bits: 32 cells in a word, and a generation as one chain of logical operations.

Words are indexed [row, word, grid]; bit j of word k is column 32 k + j. The grids of a batch lie
side by side on the last axis, so that one instruction works on several of them. Bits beyond the
width are 0.

Source of the adders: lifegpt.md 4.2.
"""

from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, UInt32

from envs.life.rules import Boundary, Rule

Words = UInt32[Array, "rows words grids"]

BITS: Final = 32


def pack(cells: Bool[Array, "grids rows columns"]) -> Words:
    """Put cells into words; the width is not kept."""
    grids, rows, width = cells.shape
    num_words = -(-width // BITS)
    padded = jnp.pad(cells, ((0, 0), (0, 0), (0, num_words * BITS - width)))
    bits = padded.reshape(grids, rows, num_words, BITS).astype(jnp.uint32)
    places = jnp.arange(BITS, dtype=jnp.uint32)[None, None, None, :]
    words: Words = (bits << places).sum(axis=-1, dtype=jnp.uint32).transpose(1, 2, 0)
    return words


def unpack(words: Words, width: int) -> Bool[Array, "grids rows columns"]:
    """What `pack` was given."""
    rows, num_words, grids = words.shape
    places = jnp.arange(BITS, dtype=jnp.uint32)[None, None, None, :]
    bits: Array = (words.transpose(2, 0, 1)[..., None] >> places) & 1
    flat = bits.reshape(grids, rows, num_words * BITS)[..., :width]
    cells: Bool[Array, "grids rows columns"] = flat.astype(jnp.bool_)
    return cells


def generations(words: Words, width: int, rule: Rule, boundary: Boundary, count: Any) -> Words:
    """Live for `count` generations, which may be a traced number.

    The loop is not unrolled: XLA would compute the sums of rows anew for each row that uses them,
    and theirs again.
    """
    last: Words = jax.lax.fori_loop(
        0, count, lambda _, now: generation(now, width, rule, boundary), words
    )
    return last


def generation(words: Words, width: int, rule: Rule, boundary: Boundary) -> Words:
    """One generation of every grid."""
    left, right = _sideways(words, width, boundary)
    odd = left ^ right
    both = left & right
    ones, twos = odd ^ words, both | (words & odd)  # the sum of three cells of a row
    ones_up, ones_down = _above_and_below(ones, width, boundary)
    twos_up, twos_down = _above_and_below(twos, width, boundary)

    outer = ones_up ^ ones_down
    bit_0 = outer ^ odd
    carry = (ones_up & ones_down) | (outer & odd)
    pair = twos_up ^ twos_down
    half = pair ^ both
    four = (twos_up & twos_down) | (pair & both)
    bit_1 = half ^ carry
    other_four = half & carry  # the count is 4 (four + other_four) + 2 bit_1 + bit_0

    decided = _decide((four, other_four, bit_1, bit_0, words), _truth_table(rule))
    if isinstance(decided, bool):
        decided = jnp.full_like(words, 0xFFFFFFFF if decided else 0)
    if width % BITS:
        mask = np.full((1, words.shape[1], 1), 0xFFFFFFFF, np.uint32)
        mask[:, -1] = 2 ** (width % BITS) - 1
        decided = decided & mask
    return decided


def _sideways(words: Words, width: int, boundary: Boundary) -> tuple[Words, Words]:
    """The left and the right neighbour of every cell; bits beyond the width are arbitrary."""
    last = (width - 1) % BITS
    from_end, from_start = words[:, -1:] >> last, words[:, :1] << last
    if boundary == "dead":
        from_end, from_start = jnp.zeros_like(from_end), jnp.zeros_like(from_start)
    before = jnp.concatenate([from_end, words[:, :-1] >> (BITS - 1)], axis=1)
    after = jnp.concatenate([words[:, 1:] << (BITS - 1), from_start], axis=1)
    return (words << 1) | before, (words >> 1) | after


def _above_and_below(words: Words, width: int, boundary: Boundary) -> tuple[Words, Words]:
    """For every row the one above and the one below."""
    over_top, over_bottom = words[-1:], words[:1]
    if boundary == "dead":
        over_top = over_bottom = jnp.zeros_like(over_top)
    elif boundary == "klein":
        over_top, over_bottom = _mirrored(over_top, width), _mirrored(over_bottom, width)
    above = jnp.concatenate([over_top, words[:-1]])
    return above, jnp.concatenate([words[1:], over_bottom])


def _mirrored(row: Words, width: int) -> Words:
    """The columns in reverse order."""
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF)):
        row = ((row >> shift) & np.uint32(mask)) | ((row & np.uint32(mask)) << shift)
    row = ((row >> 16) | (row << 16))[:, ::-1]
    unused = -width % BITS
    if unused:
        after = jnp.concatenate([row[:, 1:], jnp.zeros_like(row[:, :1])], axis=1)
        row = (row >> unused) | (after << (BITS - unused))
    return row


def _truth_table(rule: Rule) -> tuple[bool, ...]:
    """Whether a cell lives, by the bits (four, other_four, bit_1, bit_0, is alive), first highest.

    Sums above 8 cannot occur; they are filled like 8, which makes the table simpler.
    """
    sums = [4 * (i >> 4 & 1) + 4 * (i >> 3 & 1) + (i >> 1 & 3) for i in range(32)]
    return tuple(
        min(total, 8) in (rule.survive if i & 1 else rule.born) for i, total in enumerate(sums)
    )


def _decide(bits: tuple[Words, ...], table: tuple[bool, ...]) -> Words | bool:
    """Look every cell up in a truth table, by as few operations as the table allows."""
    if len(table) == 1:
        return table[0]
    off, on = table[: len(table) // 2], table[len(table) // 2 :]
    if off == on:
        return _decide(bits[1:], off)
    return _choose(bits[0], _decide(bits[1:], on), _decide(bits[1:], off))


def _choose(bit: Words, on: Words | bool, off: Words | bool) -> Words:
    if isinstance(on, bool) and isinstance(off, bool):
        return bit if on else ~bit
    if isinstance(on, bool):
        return bit | off if on else off & ~bit
    if isinstance(off, bool):
        return on | ~bit if off else on & bit
    return (bit & on) | (off & ~bit)


def population(words: Words) -> UInt32[Array, " grids"]:
    """How many cells are alive in each grid."""
    return jax.lax.population_count(words).sum(axis=(0, 1), dtype=jnp.uint32)
