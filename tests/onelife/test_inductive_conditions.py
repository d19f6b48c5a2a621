"""Conditions as sets of values: what they accept, exclude and imply."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worldmodels.onelife.synthesis.conditions import (
    Condition,
    Test,
    are_exclusive,
    simplified,
)

NUMBERS = (-1, 0, 1, 2, 2.5, 3)
TEXTS = ("lawn", "stone", "wall")
TRUTHS = (False, True)
WAYS = ((0, 1), (1, 0))
SORTS: tuple[tuple[Any, ...], ...] = (NUMBERS, TEXTS, TRUTHS, WAYS)


Parts = tuple[str, str, Any]  # term, operator, value


def comparisons(term: str, sort: tuple[Any, ...]) -> st.SearchStrategy[Parts]:
    """Parts of tests of a term whose values are of one sort."""
    value = st.sampled_from(sort)
    equal = st.tuples(st.just(term), st.sampled_from(["==", "!="]), value)
    values = st.lists(value, min_size=1, max_size=3, unique=True).map(tuple)
    several = st.tuples(st.just(term), st.just("in"), values)
    if sort is not NUMBERS:
        return equal | several
    return equal | several | st.tuples(st.just(term), st.sampled_from([">=", "<="]), value)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[Parts], list[Parts]]:
    """Parts of two conditions about the same two terms."""
    one = comparisons("first", draw(st.sampled_from(SORTS))) | comparisons("second", NUMBERS)
    return draw(st.lists(one, max_size=4)), draw(st.lists(one, max_size=4))


def condition_of(parts: list[Parts]) -> Condition:
    """Made here and not while drawing: the checks of types use random numbers."""
    return tuple([Test((term,), op, value) for term, op, value in parts])  # type: ignore[arg-type]  # operators


def accepts(condition: Condition, first: Any, second: Any) -> bool:
    return all(test.accepts(first if test.term == ("first",) else second) for test in condition)


def worlds() -> list[tuple[Any, Any]]:
    """Every pair of values, missing ones too."""
    return list(itertools.product((*NUMBERS, *TEXTS, *TRUTHS, *WAYS, None), (*NUMBERS, None)))


@given(pairs())
def test_conditions_that_are_called_exclusive_never_hold_together(
    pair: tuple[list[Parts], list[Parts]],
) -> None:
    one, other = map(condition_of, pair)
    if are_exclusive(one, other):
        assert not any(accepts(one, *w) and accepts(other, *w) for w in worlds())


@given(pairs())
def test_exclusion_is_mutual(pair: tuple[list[Parts], list[Parts]]) -> None:
    one, other = map(condition_of, pair)
    assert are_exclusive(one, other) == are_exclusive(other, one)


@given(pairs())
def test_simplifying_keeps_the_meaning(pair: tuple[list[Parts], list[Parts]]) -> None:
    condition = condition_of(pair[0])
    shorter = simplified(condition)
    assert set(shorter) <= set(condition)
    assert all(accepts(shorter, *w) == accepts(condition, *w) for w in worlds())


@given(pairs())
def test_simplifying_again_changes_nothing(pair: tuple[list[Parts], list[Parts]]) -> None:
    condition = condition_of(pair[0])
    assert simplified(simplified(condition)) == simplified(condition)


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_in_which_tests_came_does_not_matter(
    pair: tuple[list[Parts], list[Parts]], random: Any
) -> None:
    condition = condition_of(pair[0])
    shuffled = list(condition)
    random.shuffle(shuffled)
    meaning = {w: accepts(simplified(tuple(shuffled)), *w) for w in worlds()}
    assert meaning == {w: accepts(simplified(condition), *w) for w in worlds()}


def test_bounds_keep_only_the_tighter_one() -> None:
    wood = ("own", "wood")
    needs = (Test(wood, ">=", 1), Test(wood, ">=", 4), Test(wood, "<=", 9), Test(wood, "<=", 7))
    assert set(simplified(needs)) == {Test(wood, ">=", 4), Test(wood, "<=", 7)}


def test_a_value_says_more_than_the_bounds_it_meets() -> None:
    wood = ("own", "wood")
    needs = (Test(wood, ">=", 1), Test(wood, "==", 4), Test(wood, "!=", 5))
    assert simplified(needs) == (Test(wood, "==", 4),)


def test_the_action_is_told_first() -> None:
    action = Test(("action",), "==", "take")
    target = Test(("cell", "facing", "material"), "==", "tree")
    tool = Test(("own", "axe"), ">=", 1)
    assert simplified((tool, target, action)) == (action, target, tool)


@pytest.mark.parametrize("value", [None, "tree", (0, 1)])
@pytest.mark.parametrize("op", [">=", "<="])
def test_what_is_no_number_is_in_no_order(op: Any, value: Any) -> None:
    assert not Test(("own", "axe"), op, 0).accepts(value)


def test_bounds_include_their_value() -> None:
    for op in (">=", "<="):
        assert Test(("own", "axe"), op, 2).accepts(2)


def test_tests_of_different_terms_exclude_nothing() -> None:
    one, other = Test(("own", "axe"), "==", 1), Test(("own", "saw"), "==", 2)
    assert not one.excludes(other)
    assert one.excludes(Test(("own", "axe"), "==", 2))


def test_ranges_that_do_not_meet_exclude_each_other() -> None:
    axe = ("own", "axe")
    assert Test(axe, ">=", 3).excludes(Test(axe, "<=", 2))
    assert Test(axe, "<=", 2).excludes(Test(axe, ">=", 3))
    assert not Test(axe, ">=", 2).excludes(Test(axe, "<=", 2))
    assert Test(axe, "in", (1, 2)).excludes(Test(axe, "in", (3, 4)))
    assert not Test(axe, "in", (1, 2)).excludes(Test(axe, "in", (2, 3)))
