"""How much laws are trusted."""

import math

import pytest

from worldmodels.onelife.calibration import HELD_OUT, check, doubting, split
from worldmodels.onelife.exploration.life import live
from worldmodels.onelife.fitting import FitConfig
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.laws import Book, Change, DataLaw, Outcome
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import STAY, Template
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge
from worldmodels.onelife.worlds import world_named


def chances(outcomes: tuple[Outcome, ...]) -> list[float]:
    """Of staying first, then of each change, if a law came out so often."""
    change = Change(Slot(AGENT, "global", ("hour",)), outcomes)
    law = DataLaw("a law", AGENT, (), (change,))
    book = doubting(Book(world_named("homestead"), [law], Knowledge()))
    return [outcome.chance for outcome in book.laws[0].changes[0].outcomes]


def test_a_law_that_never_failed_may_still_fail() -> None:
    assert chances((Outcome(Template("add", 1), 1.0, 4.0),)) == pytest.approx([1 / 25, 24 / 25])


def test_failures_count_and_ways_share_the_rest() -> None:
    outcomes = (
        Outcome(STAY, 0.5, 9.0),
        Outcome(Template("add", 1), 0.4, 6.0),
        Outcome(Template("add", 2), 0.1, 3.0),
    )
    inert = 10 / 39
    expected = [inert, (1 - inert) * 6.5 / 10, (1 - inert) * 3.5 / 10]
    assert chances(outcomes) == pytest.approx(expected)


def test_what_is_held_out_is_the_end_of_the_life() -> None:
    steps = [Transition(i, "wait", i + 1) for i in range(50)]
    seen, held_out = split(steps)
    assert [*seen, *held_out] == steps
    assert len(held_out) == 50 * HELD_OUT


def test_laws_foresee_what_was_held_out_better_than_no_laws() -> None:
    world = world_named("homestead")
    life = live(world, 3, 60, "random")
    states = [life.first, *life.states]
    steps = [Transition(*step) for step in zip(states, life.actions, states[1:], strict=False)]
    book = induce(world, split(steps)[0])
    result = check(book, steps, FitConfig(num_steps=5, bounds="sigmoid", learning_rate=1.0))
    assert result.num_transitions == len(split(steps)[1])
    assert result.fitted > result.no_laws
    assert result.posterior > result.no_laws
    assert all(math.isfinite(value) for value in result)
