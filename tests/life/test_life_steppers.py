"""The steppers agree to the bit with each other, and with a reference that looks cells up."""

from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference

from envs.life import packed
from envs.life.dynamics import generations, roll_generation, wide_generation
from envs.life.rules import BOUNDARIES, LIFE, Boundary, Rule, WideRule, parse_rule

SIZES: Final = [
    (1, 1), (2, 2), (5, 31), (32, 32), (9, 65), (200, 37),
]  # fmt: skip
GRIDS: Final = 56
"""Grids for each size and boundary, which makes 1 008 cases."""

boundaries = pytest.mark.parametrize("boundary", BOUNDARIES)


def random_rule(random: np.random.Generator) -> Rule:
    born, survive = random.random((2, 9)) < random.random()
    return Rule(*(tuple(np.flatnonzero(part).tolist()) for part in (born, survive)))


def random_grids(random: np.random.Generator, count: int, size: tuple[int, int]) -> Any:
    return random.random((count, *size)) < random.random((count, 1, 1))


@partial(jax.jit, static_argnums=(1, 2))
def by_rolls(cells: Any, rule: Rule, boundary: Boundary) -> Any:
    return jax.vmap(lambda grid: roll_generation(grid, rule, boundary))(cells)


@partial(jax.jit, static_argnums=(1, 2))
def by_bits(cells: Any, rule: Rule, boundary: Boundary) -> Any:
    words = packed.generation(packed.pack(cells), cells.shape[2], rule, boundary)
    return packed.unpack(words, cells.shape[2])


@partial(jax.jit, static_argnums=(1, 2))
def by_boxes(cells: Any, rule: WideRule, boundary: Boundary) -> Any:
    return jax.vmap(lambda grid: wide_generation(grid, rule, boundary))(cells)


@boundaries
@pytest.mark.parametrize("size", SIZES)
def test_rolls_and_bits_equal_the_reference(size: tuple[int, int], boundary: Boundary) -> None:
    random = np.random.default_rng([*size, len(boundary)])
    rule, cells = random_rule(random), random_grids(random, GRIDS, size)
    truth = np.stack([reference.generation(grid, rule, boundary) for grid in cells])
    np.testing.assert_array_equal(by_rolls(cells, rule, boundary), truth, f"rolls, {rule}")
    np.testing.assert_array_equal(by_bits(cells, rule, boundary), truth, f"bits, {rule}")


@pytest.mark.reproduction  # for the minutes it takes to compile
def test_a_thousand_random_rules_sizes_and_boundaries() -> None:
    random = np.random.default_rng(0)
    for case in range(1_000):
        size = int(random.integers(1, 201)), int(random.integers(1, 71))
        rule, cells = random_rule(random), random_grids(random, 1, size)
        boundary = BOUNDARIES[case % 3]
        truth = reference.generation(cells[0], rule, boundary)
        for stepper in (by_rolls, by_bits):
            np.testing.assert_array_equal(
                stepper(cells, rule, boundary)[0], truth, f"{rule} {size} {boundary}"
            )


def test_bits_decide_every_neighbourhood_as_the_rule_says() -> None:
    """All 512 neighbourhoods stand in one grid; a table of 18 entries says what comes of each."""
    random = np.random.default_rng(1)
    corners = np.arange(512)[:, None] >> np.arange(9) & 1
    cells = np.zeros((512, 5, 5), np.bool_)
    cells[:, 1:4, 1:4] = corners.reshape(512, 3, 3)
    centre, count = corners[:, 4], corners.sum(axis=1) - corners[:, 4]
    for rule in [Rule(*parts) for parts in (((), ()), (tuple(range(9)),) * 2)] + [
        random_rule(random) for _ in range(6)
    ]:
        lives = np.where(centre, np.isin(count, rule.survive), np.isin(count, rule.born))
        np.testing.assert_array_equal(by_bits(cells, rule, "torus")[:, 2, 2], lives, str(rule))


@boundaries
@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("bugs", (33, 20)),
        ("globe", (9, 31)),  # narrower than the neighbourhood
        ("R3,C0,M0,S5..9,B6..10,NN", (12, 7)),
        ("R4,C0,M1,S16..30,B18..25,NC", (5, 40)),
        ("R2,C0,M0,S0..3,B0..0,NM", (1, 1)),
    ],
)
def test_boxes_equal_the_reference(text: str, size: tuple[int, int], boundary: Boundary) -> None:
    random = np.random.default_rng(2)
    rule, cells = parse_rule(text), random_grids(random, 8, size)
    assert isinstance(rule, WideRule)
    truth = np.stack([reference.generation(grid, rule, boundary) for grid in cells])
    np.testing.assert_array_equal(by_boxes(cells, rule, boundary), truth)


@boundaries
def test_boxes_over_eight_neighbours_are_life(boundary: Boundary) -> None:
    cells = random_grids(np.random.default_rng(3), 8, (7, 34))
    for counts_centre in (False, True):
        survive = (3, 4) if counts_centre else (2, 3)
        life = WideRule(1, "M", (3, 3), survive, counts_centre)
        np.testing.assert_array_equal(
            by_boxes(cells, life, boundary), by_bits(cells, LIFE, boundary)
        )


@pytest.mark.parametrize("width", [1, 2, 31, 32, 33, 63, 64, 65, 70])
def test_packing_is_undone_by_unpacking(width: int) -> None:
    cells = np.random.default_rng(width).random((3, 4, width)) < 0.5
    words = packed.pack(jnp.asarray(cells))
    assert words.shape == (4, -(-width // 32), 3)
    np.testing.assert_array_equal(packed.unpack(words, width), cells)
    np.testing.assert_array_equal(packed.population(words), cells.sum(axis=(1, 2)))


@pytest.mark.parametrize(
    ("text", "boundary"), [("B3/S23", "torus"), ("B02/S1", "klein"), ("bugs", "dead")]
)
def test_many_generations_are_so_many_times_one(text: str, boundary: Boundary) -> None:
    rule = parse_rule(text)
    cells = np.random.default_rng(4).random((11, 45)) < 0.4
    found = generations(jnp.asarray(cells), rule, boundary, 9)
    np.testing.assert_array_equal(found, reference.generations(cells, rule, boundary, 9))


def test_the_soup_of_the_specification_has_its_populations() -> None:
    """Source: lifegpt.md 3.5, last line."""
    cells = np.random.default_rng(0).random((32, 32)) < 0.4
    words = packed.pack(jnp.asarray(cells)[None])
    step = jax.jit(lambda words: packed.generation(words, 32, LIFE, "torus"))
    found = []
    for _ in range(101):
        found.append(int(packed.population(words)[0]))
        words = step(words)
    assert found[:6] == [385, 397, 316, 283, 284, 245]
    assert [found[10], found[50], found[100]] == [206, 169, 119]


@pytest.mark.parametrize(
    ("name", "boundary"), [("life", "torus"), ("seeds", "klein"), ("morley", "torus")]
)
def test_complementing_cells_and_rule_commutes_with_stepping(name: str, boundary: Boundary) -> None:
    rule = parse_rule(name)
    assert isinstance(rule, Rule)
    cells = np.random.default_rng(5).random((1, 13, 37)) < 0.5
    np.testing.assert_array_equal(
        by_bits(~cells, rule.dual(), boundary), ~np.asarray(by_bits(cells, rule, boundary))
    )


def test_day_and_night_is_its_own_dual() -> None:
    rule = parse_rule("day&night")
    assert isinstance(rule, Rule)
    assert rule.dual() == rule
    assert LIFE.dual() != LIFE
    assert LIFE.dual().dual() == LIFE


@pytest.mark.parametrize("power", [0, 3])
def test_the_replicator_makes_eight_copies_after_a_power_of_two(power: int) -> None:
    rule, distance = parse_rule("replicator"), 2**power
    cells = np.zeros((33, 35), np.bool_)
    cells[15:18, 16:18] = [[1, 0], [1, 1], [0, 1]]
    offsets = [distance * step for step in (-1, 0, 1)]
    copies = [np.roll(cells, (y, x), (0, 1)) for y in offsets for x in offsets if y or x]
    found = generations(jnp.asarray(cells), rule, "torus", distance)
    np.testing.assert_array_equal(found, np.bitwise_xor.reduce(copies))


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (5, 32), (-3, 40)])
def test_a_torus_has_no_edge(shift: tuple[int, int]) -> None:
    cells = np.random.default_rng(6).random((1, 9, 41)) < 0.4
    moved = by_bits(np.roll(cells, shift, (1, 2)), LIFE, "torus")
    np.testing.assert_array_equal(moved, np.roll(by_bits(cells, LIFE, "torus"), shift, (1, 2)))


def glider(size: int) -> Any:
    cells = np.zeros((size, size), np.bool_)
    cells[2:5, 1:4] = [[0, 1, 0], [0, 0, 1], [1, 1, 1]]
    return cells


def test_a_glider_returns_on_a_torus_and_mirrored_on_a_klein_bottle() -> None:
    cells, size = glider(16), 16
    around = generations(jnp.asarray(cells), LIFE, "torus", 4 * size)
    np.testing.assert_array_equal(around, cells)
    once = np.asarray(generations(jnp.asarray(cells), LIFE, "klein", 4 * size))
    np.testing.assert_array_equal(once, cells[:, ::-1])
    twice = generations(jnp.asarray(once), LIFE, "klein", 4 * size)
    np.testing.assert_array_equal(twice, cells)


def test_a_glider_ends_as_a_block_in_a_dead_corner() -> None:
    cells = np.asarray(generations(jnp.asarray(glider(16)), LIFE, "dead", 100))
    assert cells.sum() == 4
    assert cells[14:, 13:15].all()
