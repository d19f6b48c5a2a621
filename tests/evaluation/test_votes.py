"""Which laws fired, what they voted for, and whether the page shows who was right."""

import html.parser
import math
from pathlib import Path
from typing import Any

import pytest

from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import Action
from evaluation.arenas.crafter_oo.scenarios import record
from evaluation.baselines import Random
from evaluation.state_ranking import main
from evaluation.votes import verdict, votes_table
from worldmodels.onelife.crafter.observables import FullObservables
from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.laws import FunctionLaw
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import ABSENT
from worldmodels.poeworld.model import PoEWorld

ACTION = Action.DO
(STEP,) = record("collect_wood").transitions  # wood 0 -> 1, thirst 0 -> 1, health 9 -> 9


def _law(name: str, observable: str, opinion: Distribution, fires: bool = True) -> Any:
    return FunctionLaw(
        name, lambda state, action: fires, lambda state, action: {observable: opinion}
    )


LAWS = [
    _law("right", "player.thirst", Distribution.point(1.0)),
    _law("wrong <b>", "player.thirst", Distribution.point(0.0)),
    _law("unsure", "player.inventory.wood", Distribution.of({0: 0.6, 1: 0.3, 5: 0.1})),
    _law("silent", "player.health", Distribution.point(3), fires=False),
]


def model() -> OneLife[WorldState, Action]:
    """Four laws, one of which does not fire."""
    return OneLife(LAWS, [2.0, 1.0, 1.0, 1.0], FullObservables())


def test_a_model_explains_itself_by_observable_and_law() -> None:
    votes = model().explain(STEP.state, ACTION)
    assert [(vote.observable, vote.law, vote.weight) for vote in votes] == [
        ("player.inventory.wood", "unsure", 1.0),
        ("player.thirst", "right", 2.0),
        ("player.thirst", "wrong <b>", 1.0),
    ]
    assert votes[0].opinion == Distribution.of({0: 0.6, 1: 0.3, 5: 0.1})


def test_the_product_in_a_vote_is_what_the_model_scores_with() -> None:
    votes = model().explain(STEP.state, ACTION)
    thirst = votes[1].product
    assert votes[2].product is thirst
    assert thirst.log_prob(1.0) == pytest.approx(-math.log1p(math.exp(-10) + math.exp(-20)))
    edited = STEP.next_state.copy()
    edited.player.thirst = 0.0
    scores = model().log_probs(STEP.state, ACTION, [STEP.next_state, edited])
    assert scores[0] - scores[1] == pytest.approx(thirst.log_prob(1.0) - thirst.log_prob(0.0))


def test_poe_world_explains_itself_in_the_same_way() -> None:
    votes = PoEWorld(LAWS, [2.0, 1.0, 1.0, 1.0], FullObservables()).explain(STEP.state, ACTION)
    assert votes == model().explain(STEP.state, ACTION)


def test_explaining_changes_nothing() -> None:
    one = model()
    before = one.log_probs(STEP.state, ACTION, [STEP.next_state])
    one.explain(STEP.state, ACTION)
    assert one.log_probs(STEP.state, ACTION, [STEP.next_state]) == before


@pytest.mark.parametrize(
    ("probabilities", "truth", "expected"),
    [
        ({1: 1.0}, 1, "right"),
        ({1: 0.5, 2: 0.5}, 2, "right"),
        ({1: 0.7, 2: 0.3}, 2, "partly"),
        ({1: 0.7, 2: 0.3}, 3, "wrong"),
        ({ABSENT: 1.0}, ABSENT, "right"),
    ],
)
def test_a_vote_is_right_where_the_truth_is_likeliest(
    probabilities: dict[object, float], truth: object, expected: str
) -> None:
    assert verdict(Distribution.of(probabilities), truth) == expected


class _Cells(html.parser.HTMLParser):
    """Texts of the cells, by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1][-1] += data


def test_the_table_shows_law_weight_vote_truth_and_verdict() -> None:
    table = votes_table(model(), STEP.state.copy(), ACTION, STEP.next_state.copy())
    reader = _Cells()
    reader.feed(table)
    heads, wood, right, wrong, *unforeseen = reader.rows
    assert heads == ["observable", "truth", "p(truth)", "law", "weight", "its vote"]
    assert wood == [
        "player.inventory.wood",
        "1",
        "30 %",
        "unsure",
        "1.00",
        "~ 0: 60 %, 1: 30 %, 5: 10 %",
    ]
    assert right == ["player.thirst", "1", "100 %", "right", "2.00", "✓ 1"]
    assert wrong == ["wrong <b>", "1.00", "✗ 0"]
    assert all(row[-1] == "✗ no law speaks" for row in unforeseen)
    assert {row[0] for row in unforeseen} == {
        "daylight",
        "material.6.5",
        "player.achievements.collect_wood",
        "player.action",
        "player.fatigue",
        "player.hunger",
        "player.recover",
        "step_count",
    }
    summary = table.partition("</summary>")[0]
    assert "3 laws fired, 3 votes" in summary
    for part in ("<b class=right>✓ 1</b>", "<b class=partly>~ 1</b>", "<b class=wrong>✗ 1</b>"):
        assert part in summary
    assert "8 changed unforeseen" in summary


def test_the_truth_is_listed_however_many_values_a_law_names() -> None:
    opinion = Distribution.of({count: (10 - count) / 55 for count in range(10)})
    one = OneLife([_law("many", "player.thirst", opinion)], [1.0], FullObservables())
    edited = STEP.next_state.copy()
    edited.player.thirst = 8
    table = votes_table(one, STEP.state.copy(), ACTION, edited)
    assert "0: 18.2 %, 1: 16.4 %, 2: 14.5 %, 8: 3.64 %, 6 more" in table


def test_a_model_without_laws_has_no_table() -> None:
    plain = Random(WorldState.copy)
    assert votes_table(plain, STEP.state.copy(), ACTION, STEP.next_state.copy()) == ""


def test_the_page_has_a_table_for_each_model_of_laws_and_scenario(tmp_path: Path) -> None:
    arguments = ["--model", "test_votes:model", "null", "--scenarios", "collect_wood,wake_up"]
    assert main([*arguments, "--trials", "1", "--report", "--quiet", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "state_ranking.html").read_text()
    assert page.count("<details class=votes>") == 2
    assert "Models made of laws show" in page
    assert "wrong &lt;b&gt;" in page
    arguments = ["--model", "null", "--scenarios", "collect_wood", "--trials", "1"]
    assert main([*arguments, "--report", "--quiet", "--out", str(tmp_path)]) == 0
    assert "Models made of laws" not in (tmp_path / "state_ranking.html").read_text()
