"""Patterns as text: what is written is read back, and what is malformed is told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from envs.life.formats import (
    Grid,
    parse_life106,
    parse_plaintext,
    parse_rle,
    write_life106,
    write_plaintext,
    write_rle,
)
from envs.life.rules import LIFE

sizes = st.tuples(st.integers(0, 40), st.integers(0, 90))
grids = sizes.flatmap(
    lambda size: st.floats(0, 1).flatmap(
        lambda share: st.integers(0, 2**32 - 1).map(
            lambda seed: np.random.default_rng(seed).random(size) < share
        )
    )
) | sizes.flatmap(lambda size: arrays(np.bool_, size))


@given(grids)
def test_rle_is_read_back(cells: Grid) -> None:
    text = write_rle(cells, "B36/S23")
    pattern = parse_rle(text)
    np.testing.assert_array_equal(pattern.cells, cells)
    assert pattern.cells.shape == cells.shape
    assert pattern.rule is not None
    assert str(pattern.rule.rule) == "B36/S23"
    assert max(map(len, text.splitlines())) <= 70


@given(grids.filter(lambda cells: cells.shape[0] == 0 or cells.shape[1] > 0))
def test_plaintext_is_read_back(cells: Grid) -> None:
    found = parse_plaintext(write_plaintext(cells)).cells
    np.testing.assert_array_equal(found, cells if cells.size else np.zeros((0, 0), np.bool_))


@given(grids, st.tuples(st.integers(-99, 99), st.integers(-99, 99)))
def test_life_106_is_read_back_where_it_lives(cells: Grid, corner: tuple[int, int]) -> None:
    found = parse_life106(write_life106(cells, corner))
    spots = np.argwhere(found.cells) + found.corner
    np.testing.assert_array_equal(spots, np.argwhere(cells) + corner)


def test_rle_is_written_as_people_write_it() -> None:
    glider = parse_plaintext("!Name: Glider\n.O\n..O\nOOO\n")
    assert glider.name == "Glider"
    assert write_rle(glider.cells) == "x = 3, y = 3, rule = B3/S23\nbo$2bo$3o!\n"


def test_rle_has_comments_a_corner_free_spaces_and_a_tail() -> None:
    text = "#N Blinker\n#C by hand\n#P -4 7\n#r 23/3\n\nX=3 ,  Y = 2\r\n3\t\n"
    pattern = parse_rle(text.replace("3\t\n", "b2o\n $ 3o $ ! and more 99z"))
    assert pattern.cells.astype(int).tolist() == [[0, 1, 1], [1, 1, 1]]
    assert (pattern.name, pattern.corner) == ("Blinker", (7, -4))
    assert pattern.rule is not None
    assert pattern.rule.rule == LIFE


def test_a_count_of_line_ends_skips_rows() -> None:
    assert parse_rle("x=1,y=6\no5$o!").cells[:, 0].tolist() == [1, 0, 0, 0, 0, 1]


def test_letters_of_golly_are_read() -> None:
    assert parse_rle("x=3,y=1\n.A.!").cells.tolist() == [[False, True, False]]


def test_a_lenient_reader_needs_no_header_and_takes_any_letter() -> None:
    pattern = parse_rle("bo$2xz!", strict=False)
    assert pattern.cells.astype(int).tolist() == [[0, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "needs a header .* got no such line"),
        ("#N only comments", "needs a header"),
        ("bo$2bo$3o!", "line 1: RLE needs a header"),
        ("x = 3\nbo!", "line 1: RLE needs a header"),
        ("x = a, y = 3\nbo!", "line 1: RLE needs a header"),
        ("x = -3, y = 3\nbo!", "line 1: RLE needs a header"),
        ("x = 3, y = 3\nbo$2bo$3o", "exclamation mark; there is none"),
        ("x = 3, y = 3\nbo$2bo$4o!", "line 2: row 2 has 4 cells, x allows 3"),
        ("x = 3, y = 2\nbo$2bo$\n3o!", "line 3: there are more than the 2 rows"),
        ("x = 3, y = 2\n9$!", "line 2: there are more than the 2 rows"),
        ("x = 3, y = 3\nbo$2qo!", "line 2, column 4: an item of RLE is"),
        ("x = 3, y = 3\n3 o!", "line 2, column 1: an item of RLE is"),
        ("x = 3, y = 3\nb3", "line 2, column 2: an item of RLE is"),
        ("x = 3, y = 3\n0o!", "'0o' makes no sense"),
        ("x = 3, y = 3\n3o2!", "'2!' makes no sense"),
        ("x = 3, y = 3\n-1o!", "line 2, column 1: an item of RLE is"),
        ("x = 9999999, y = 9999999\no!", "at most"),
        ("x = 3, y = 1\n99999999999999999999o!", "x allows 3"),
        ("x = 3, y = 3, rule = B9/S\no!", "9 is no count"),
        ("#P 1\nx = 1, y = 1\no!", "line 1: #P needs two numbers"),
        ("x = 1, y = 1\nx = 1, y = 1\no!", "line 2, column 1"),
    ],
)
def test_malformed_rle_is_refused_with_the_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_rle(text)


def test_a_lenient_reader_still_refuses_what_is_too_large() -> None:
    with pytest.raises(ValueError, match="at most"):
        parse_rle("99999o99999$o!", strict=False)
    with pytest.raises(ValueError, match="allows"):
        parse_rle("999999999999o!", strict=False)


@pytest.mark.parametrize(
    ("read", "text", "why"),
    [
        (parse_plaintext, ".O\n.X\n", "line 2: plaintext has"),
        (parse_life106, "", "line 1: Life 1.06 begins"),
        (parse_life106, "#Life 1.05\n0 0\n", "line 1: Life 1.06 begins"),
        (parse_life106, "#Life 1.06\n0 0\n1\n", "line 3: a cell is two"),
        (parse_life106, "#Life 1.06\n0 0\n99999999 99999999\n", "at most"),
    ],
)
def test_malformed_text_is_refused_with_the_line(read: object, text: str, why: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=why):
        read(text)
