"""Rule strings: every spelling of a rule is one object, and what is no rule is told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.life.rules import (
    LIFE,
    NAMES,
    Rule,
    WideRule,
    parse_bounded_rule,
    parse_rule,
)

counts = st.lists(st.integers(0, 8), unique=True).map(lambda found: tuple(sorted(found)))


@pytest.mark.parametrize(
    "text",
    [
        "B3/S23",
        "b3/s32",
        "B33/S2233",
        "23/3",
        "B3S23",
        "S23/B3",
        " life ",
        "Life",
        "R1,C0,M0,S2..3,B3..3,NM",
        "r1,c2,m1,s3..4,b3..3,nm",
    ],
)
def test_every_spelling_of_life_is_life(text: str) -> None:
    assert parse_rule(text) == LIFE
    assert str(parse_rule(text)) == "B3/S23"


@given(counts, counts)
def test_a_rule_is_read_back_from_its_string(
    born: tuple[int, ...], survive: tuple[int, ...]
) -> None:
    rule = Rule(born, survive)
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_rule_in_canonical_form(name: str) -> None:
    assert str(parse_rule(name.upper())) == NAMES[name]


def test_the_empty_lists_are_rules() -> None:
    assert parse_rule("B2/S") == parse_rule("/2") == Rule((2,), ())
    assert parse_rule("B/S") == Rule((), ())


def test_a_centre_that_counts_itself_shifts_survival_and_not_birth() -> None:
    assert parse_rule("R1,C0,M1,S1..9,B0..2,NM") == Rule((0, 1, 2), tuple(range(9)))


@pytest.mark.parametrize(("shape", "cells"), [("M", 25), ("N", 13), ("C", 21)])
def test_neighbourhoods_have_their_shapes(shape: str, cells: int) -> None:
    rule = parse_rule(f"R2,C0,M1,S1..2,B1..2,N{shape}")
    assert isinstance(rule, WideRule)
    assert sum(2 * half + 1 for half in rule.half_widths()) == cells
    with pytest.raises(ValueError, match=f"up to the {cells} cells"):
        parse_rule(f"R2,C0,M1,S1..{cells + 1},B1..2,N{shape}")


def test_a_suffix_names_the_grid() -> None:
    torus = parse_bounded_rule("B3/S23:T32,16")
    assert (torus.rule, torus.boundary, torus.width, torus.height) == (LIFE, "torus", 32, 16)
    square = parse_bounded_rule("bugs:P9")
    assert (square.boundary, square.width, square.height) == ("dead", 9, 9)
    assert parse_bounded_rule("B3/S23:K5*,7").boundary == "klein"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("B3/S29", "9 is no count"),
        ("B3", "two parts"),
        ("B3/B3", "two parts"),
        ("B3/S23/4", "two parts"),
        ("/", "two parts"),
        ("B3/S2x", "x has no meaning"),
        ("Conway", "has no meaning"),
        ("B3/S23V", "V has no meaning"),
        ("R5,C0,M1,S34..58", "needs R, C, M, S, B and N"),
        ("R0,C0,M1,S1..2,B1..2,NM", "R is 1..50"),
        ("R51,C0,M1,S1..2,B1..2,NM", "R is 1..50"),
        ("R5,C3,M1,S34..58,B34..45,NM", "only rules of two states"),
        ("R5,C0,M1,S58..34,B34..45,NM", "ascend"),
        ("B3/S23:T", "a grid like"),
        ("B3/S23:T0,5", "at least 1"),
        ("B3/S23:T5*,5", "a star stands"),
        ("B3/S23:K5,5*", "a star stands"),
        ("B3/S23:K5,5", "a star stands"),
        ("B3/S23:Q5", "a grid like"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_bounded_rule(text)
    assert repr(text) in str(caught.value)


def test_a_grid_where_none_belongs_is_refused() -> None:
    with pytest.raises(ValueError, match="without a grid is wanted"):
        parse_rule("B3/S23:T9")
