"""What is said of the patterns is computed again."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from envs.life import packed
from envs.life.patterns import PATTERNS, find_pattern, place
from envs.life.rules import LIFE

SIZE = 96
MOVING = [name for name, known in PATTERNS.items() if known.period is not None]


@partial(jax.jit, static_argnums=(1, 2))
def history(words: Any, width: int, number: int) -> tuple[Any, Any]:
    """(the last grid, populations of generations 0 .. number - 1)."""

    def live(now: Any, _: Any) -> tuple[Any, Any]:
        return packed.generation(now, width, LIFE, "torus"), packed.population(now)[0]

    return jax.lax.scan(live, words, None, number)


def populations(cells: Any, number: int) -> list[int]:
    words = packed.pack(jnp.asarray(cells)[None])
    found: list[int] = np.asarray(history(words, cells.shape[1], number)[1]).tolist()
    return found


@pytest.fixture(scope="module")
def lives() -> dict[str, Any]:
    """Generations 0 to 30 of all patterns that repeat, in one batch."""
    cells = np.stack([place(PATTERNS[name].cells(), SIZE, SIZE) for name in MOVING])
    step = jax.jit(lambda words: packed.generation(words, SIZE, LIFE, "torus"))
    words, seen = packed.pack(jnp.asarray(cells)), []
    for _ in range(16):
        seen.append(np.asarray(packed.unpack(words, SIZE)))
        words = step(words)
    return {name: [grids[index] for grids in seen] for index, name in enumerate(MOVING)}


@pytest.mark.parametrize("name", MOVING)
def test_a_pattern_is_itself_again_after_its_period_and_not_before(
    lives: dict[str, Any], name: str
) -> None:
    known, grids = PATTERNS[name], lives[name]
    assert known.period is not None
    moved = np.roll(grids[0], known.moves, (0, 1))
    np.testing.assert_array_equal(grids[known.period], moved)
    shapes = [tuple(np.argwhere(grid) - np.argwhere(grid).min(axis=0)) for grid in grids]
    for early in range(1, known.period):
        assert len(shapes[early]) != len(shapes[0]) or not np.array_equal(shapes[early], shapes[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("toad", [6, 6]),
        ("beacon", [6, 8]),
        ("pulsar", [48, 56, 72]),
        ("figure eight", [12, 18, 14, 20, 18, 26, 18, 16]),
        ("pentadecathlon", [12, 22, 18, 40, 18, 18, 20, 28, 20, 20, 22, 18, 22, 20, 16]),
        ("glider", [5, 5, 5, 5]),
        ("lwss", [9, 12, 9, 12]),
        ("mwss", [11, 15, 11, 15]),
        ("hwss", [13, 18, 13, 18]),
    ],
)
def test_populations_of_what_repeats(lives: dict[str, Any], name: str, expected: list[int]) -> None:
    assert [int(grid.sum()) for grid in lives[name]][: len(expected)] == expected


@pytest.mark.parametrize("name", ["diehard", "pi-heptomino", "thunderbird", "b-heptomino"])
def test_short_lives_end_when_it_is_said(name: str) -> None:
    known = PATTERNS[name]
    assert known.lifespan is not None
    found = populations(place(known.cells(), 256, 256), 300)
    assert set(found[known.lifespan :]) == {known.population}
    assert found[known.lifespan - 1] != known.population


def test_diehard_shrinks_to_two_cells_before_it_dies() -> None:
    found = populations(place(PATTERNS["diehard"].cells(), 256, 256), 300)
    assert found[:6] == [7, 8, 8, 11, 10, 10]
    assert (max(found), found.index(40), found[129]) == (40, 94, 2)


def test_the_r_pentomino_settles_after_1103_generations() -> None:
    found = populations(place(PATTERNS["r-pentomino"].cells(), 1024, 1024), 1_110)
    assert found[:11] == [5, 6, 7, 9, 8, 9, 12, 11, 18, 11, 11]
    assert (max(found), found.index(319)) == (319, 821)
    assert found[1101:1104] == [118, 118, 116]
    assert set(found[1103:]) == {116}


@pytest.mark.reproduction  # for the large grid that its gliders need
def test_the_acorn_settles_after_5206_generations() -> None:
    found = populations(place(PATTERNS["acorn"].cells(), 4096, 4096), 5_300)
    assert found[:8] == [7, 8, 10, 11, 11, 13, 15, 15]
    assert (max(found), found.index(1057)) == (1057, 4408)
    assert (found[5205], set(found[5206:])) == (635, {633})


def test_the_gosper_gun_makes_a_glider_in_thirty_generations() -> None:
    found = populations(place(PATTERNS["gosper gun"].cells(), 128, 128), 121)
    assert found[::30] == [36, 41, 46, 51, 56]
    assert found[:16] == [36, 39, 43, 48, 51, 44, 51, 48, 61, 42, 48, 50, 54, 55, 56, 42]


@partial(jax.jit, static_argnums=2)
def after(cells: Any, count: Any, size: int) -> Any:
    """So many generations later; compiled once for all counts."""
    words = packed.generations(packed.pack(cells[None]), size, LIFE, "torus", count)
    return packed.unpack(words, size)[0]


@pytest.mark.parametrize(
    ("name", "size", "transient", "last"),
    [
        ("r-pentomino", 16, 67, 3),
        ("r-pentomino", 32, 414, 16),
        ("r-pentomino", 64, 795, 113),
        ("acorn", 16, 85, 0),
        ("acorn", 32, 70, 11),
        ("acorn", 64, 2517, 93),
        ("diehard", 16, 130, 0),
        ("diehard", 32, 130, 0),
        ("diehard", 64, 130, 0),
    ],
)
def test_transients_on_small_tori(name: str, size: int, transient: int, last: int) -> None:
    """Source: lifegpt.md 3.5, the table of small tori."""
    corner = size // 2 - 1, size // 2 - 3
    start = place(PATTERNS[name].cells(), size, size, corner)
    before = after(start, transient - 1, size)
    settled = after(before, 1, size)
    assert (after(settled, 2, size) == settled).all()
    assert not (after(before, 2, size) == before).all()
    assert int(settled.sum()) == last


@pytest.mark.parametrize(("name", "turns"), [("glider", 4), ("lwss", 2), ("mwss", 2), ("hwss", 2)])
def test_spaceships_come_home_on_a_torus(name: str, turns: int) -> None:
    start = place(PATTERNS[name].cells(), 20, 20)
    assert (after(start, turns * 20, 20) == start).all()
    assert not (after(start, turns * 10, 20) == start).all()


def test_an_unknown_name_is_answered_with_the_names() -> None:
    with pytest.raises(ValueError, match="no pattern is called 'gliderr'; there are: block"):
        find_pattern("gliderr")
    assert find_pattern(" Glider ") is PATTERNS["glider"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"9 x 36 cells does not fit into 32 x 32 cells; make"):
        place(PATTERNS["gosper gun"].cells(), 32, 32)
    with pytest.raises(ValueError, match=r"does not fit .* at \(30, 0\)"):
        place(PATTERNS["glider"].cells(), 32, 32, (30, 0))
