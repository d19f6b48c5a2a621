"""Decks that are never shuffled: the next card is drawn when it is dealt.

Of a well-shuffled deck the next card is of each kind with a chance as large as its share of the
cards left. So a deck is the number of cards left of each kind, and a new one costs nothing.
"""

from collections.abc import Sequence
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32, PRNGKeyArray, UInt32

from envs.core import IntLike

DECK: Final = 52  # cards
KINDS: Final = {"colours": 2, "suits": 4, "ranks": 13}
"""What may be told apart about a card -> how many kinds there are."""

Kind = Int32[Array, ""]
Deck = Int32[Array, " kinds"]
"""Cards left of each kind or one before it, so that the last number counts them all."""
Bits = UInt32[Array, ""]


def full_deck(num_kinds: int, num_cards: IntLike) -> Deck:
    """A deck with equally many cards of each kind."""
    each = jnp.asarray(num_cards, jnp.int32) // num_kinds
    return each * jnp.arange(1, num_kinds + 1, dtype=jnp.int32)


def deck_of(counts: Sequence[int]) -> Deck:
    """A deck with so many cards of each kind."""
    return jnp.asarray(np.cumsum(counts), jnp.int32)


def draw(bits: Bits, deck: Deck) -> tuple[Kind, Deck]:
    """The kind of the next card, and the deck without it.

    Args:
        bits: Uniform.
        deck: Of less than 2**16 cards. An empty one stays as it is, and gives the last kind.
    """
    kind = (below(bits, deck[-1]) >= deck[:-1]).sum(dtype=jnp.int32)
    is_counted = jnp.arange(deck.shape[0], dtype=jnp.int32) >= kind
    return kind, jnp.maximum(deck - is_counted.astype(jnp.int32), 0)


def deal(key: PRNGKeyArray, deck: Deck, num_cards: int) -> Int32[Array, " cards"]:
    """The kinds of so many cards in the order in which they are drawn."""

    def draw_next(deck: Deck, bits: Bits) -> tuple[Deck, Kind]:
        kind, deck = draw(bits, deck)
        return deck, kind

    return jax.lax.scan(draw_next, deck, jax.random.bits(key, (num_cards,)))[1]


def num_left(deck: Deck) -> Kind:
    """How many cards are left."""
    return deck[-1]


def num_left_of(kind: Kind, deck: Deck) -> Kind:
    """How many cards of a kind are left."""
    kinds = jnp.arange(deck.shape[0], dtype=jnp.int32)
    return jnp.where(kinds == kind, deck, 0).sum() - jnp.where(kinds == kind - 1, deck, 0).sum()


def below(bits: Bits, total: Kind) -> Kind:
    """A whole number in 0..total - 1, uniform up to 2**-32; `total` < 2**16.

    It is the upper half of the product `bits * total`, put together from halves that fit 32 bits.
    """
    count = total.astype(jnp.uint32)
    upper, lower = bits >> 16, bits & 0xFFFF
    return ((upper * count + (lower * count >> 16)) >> 16).astype(jnp.int32)
