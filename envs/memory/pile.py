"""Piles of cards of four kinds, two bits a card: nothing is searched, nothing is written into."""

from typing import Final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32

from envs.memory.cards import Kind

CARDS: Final = 15  # in a word, so that words stay positive
MASK: Final = 4**CARDS - 1

Pile = Int32[Array, " words"]
"""The upmost card is in the lowest bits of the first word."""


def empty_pile(size: int) -> Pile:
    """Room for `size` cards, all of kind 0."""
    return jnp.zeros(-(-size // CARDS), jnp.int32)


def put(pile: Pile, kind: Kind) -> Pile:
    """Lay a card on the pile; beyond its room the lowest is lost."""
    carried = jnp.concatenate([kind[None], pile[:-1] >> 2 * (CARDS - 1)])
    return (pile << 2) & MASK | carried


def take(pile: Pile) -> tuple[Kind, Pile]:
    """The upmost card, and the pile without it."""
    carried = jnp.concatenate([pile[1:] & 3, jnp.zeros(1, jnp.int32)])
    return pile[0] & 3, pile >> 2 | carried << 2 * (CARDS - 1)


def card_at(pile: Pile, depth: int) -> Kind:
    """The card under `depth` others."""
    return pile[depth // CARDS] >> 2 * (depth % CARDS) & 3


def cards_of(pile: Pile, size: int) -> list[int]:
    """The upmost `size` cards, from the top; of one pile, outside compiled code."""
    words = np.asarray(pile)
    return [int(words[depth // CARDS] >> 2 * (depth % CARDS) & 3) for depth in range(size)]
