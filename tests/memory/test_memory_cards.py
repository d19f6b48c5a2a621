"""Cards drawn when they are dealt come as from a shuffled deck; piles are lists."""

import itertools
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from envs.memory.cards import below, deal, deck_of, draw, full_deck, num_left_of
from envs.memory.pile import card_at, cards_of, empty_pile, put, take


def bits_of(choice: int, total: int) -> int:
    """Bits that choose one of `total` equal parts."""
    return (2 * choice + 1) * 2**31 // total


@pytest.mark.parametrize("counts", [(2, 2, 1), (1, 3, 0, 1), (4, 1)])
def test_every_order_of_a_deck_is_dealt_as_often_as_by_shuffling(counts: tuple[int, ...]) -> None:
    size = sum(counts)
    totals = range(size, 0, -1)
    choices = [
        [bits_of(choice, total) for choice, total in zip(row, totals, strict=True)]
        for row in itertools.product(*map(range, totals))
    ]

    def all_cards(bits: jax.Array) -> jax.Array:
        def draw_next(deck: jax.Array, each: jax.Array) -> tuple[jax.Array, jax.Array]:
            kind, deck = draw(each, deck)
            return deck, kind

        return jax.lax.scan(draw_next, deck_of(counts), bits)[1]

    dealt = jax.jit(jax.vmap(all_cards))(jnp.array(choices, jnp.uint32))
    cards = [kind for kind, count in enumerate(counts) for _ in range(count)]
    expected = Counter(itertools.permutations(cards))
    assert Counter(map(tuple, np.asarray(dealt).tolist())) == expected


@pytest.mark.parametrize("total", [1, 3, 52, 832, 52_000])
def test_a_number_below_a_total_is_the_upper_half_of_a_product(total: int) -> None:
    edges = [-(-choice * 2**32 // total) for choice in {0, 1, total // 2, total - 1}]
    bits = sorted({bit for edge in edges for bit in (edge - 1, edge) if 0 <= bit < 2**32})
    bits += [2**32 - 1, 0x0001_FFFF, 0xFFFE_0001]
    found = jax.vmap(below, in_axes=(0, None))(jnp.array(bits, jnp.uint32), jnp.int32(total))
    assert found.tolist() == [bit * total >> 32 for bit in bits]


def test_an_empty_deck_stays_empty() -> None:
    kind, deck = draw(jnp.uint32(2**31), deck_of((0, 0, 0)))
    assert (int(kind), deck.tolist()) == (2, [0, 0, 0])


def test_a_whole_deck_is_dealt_and_counted() -> None:
    deck = full_deck(13, 104)
    assert [int(num_left_of(jnp.int32(kind), deck)) for kind in (0, 6, 12)] == [8, 8, 8]
    cards = np.asarray(jax.jit(deal, static_argnums=2)(jax.random.key(0), deck, 104))
    assert np.bincount(cards).tolist() == [8] * 13
    assert (cards != np.sort(cards)).any()


def test_a_pile_is_a_list_from_the_top() -> None:
    suits = np.random.default_rng(0).integers(0, 4, 40).astype(np.int32)

    @jax.jit
    def fill(suits: jax.Array) -> tuple[jax.Array, jax.Array]:
        pile, _ = jax.lax.scan(lambda pile, suit: (put(pile, suit), None), empty_pile(40), suits)
        _, taken = jax.lax.scan(lambda pile, _: take(pile)[::-1], pile, length=40)
        return pile, taken

    pile, taken = fill(suits)
    assert (pile >= 0).all()
    assert taken.tolist() == suits[::-1].tolist() == cards_of(pile, 40)
    assert [int(card_at(pile, depth)) for depth in (0, 14, 15, 39)] == suits[
        [39, 25, 24, 0]
    ].tolist()


def test_a_full_pile_loses_its_lowest_card() -> None:
    pile = empty_pile(15)
    for suit in [3, *[1] * 15]:
        pile = put(pile, jnp.int32(suit))
    assert cards_of(pile, 15) == [1] * 15
