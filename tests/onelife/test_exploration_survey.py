"""Curious beside random lives: the counting, the table and the file."""

import json
from pathlib import Path

import pytest

from worldmodels.onelife.exploration.survey import PairOfLives, save, summary, survey, table


def counted(steps: int, keys: int, *records: str) -> dict[str, object]:
    return {"steps": steps, "keys": keys, "records": dict.fromkeys(records, 1)}


PAIRS = [
    PairOfLives(
        seed,
        counted(100 + seed, 50, "a", "b"),
        counted(40, 30),
        40,
        counted(40, 35, "a"),
        counted(40, 30),
    )
    for seed in range(3)
]


def test_the_summary_gives_quartiles_of_whole_lives_and_over_equal_steps() -> None:
    whole, cut, *random = summary(PAIRS)
    assert whole["steps"] == [100.5, 101.0, 101.5]
    assert whole["records"] == [2.0, 2.0, 2.0]
    assert cut["keys"] == [35.0, 35.0, 35.0]
    assert [row["explorer"] for row in random] == ["random", "random"]


def test_the_table_shows_medians_with_quartiles() -> None:
    assert "101 (100..102)" in table(PAIRS)


def test_a_survey_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    save(tmp_path / "new" / "survey.json", "toy", PAIRS)
    data = json.loads((tmp_path / "new" / "survey.json").read_text())
    assert data["lives"][2]["curious"]["steps"] == 102
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["survey.json"]


def test_lives_are_cut_to_the_shorter_one_and_do_not_depend_on_when_they_are_lived() -> None:
    pairs = survey("crafter_oo", [100, 101], 12)
    assert pairs[0].equal_steps == 12
    assert pairs[0].random == pairs[0].random_at_equal
    assert survey("crafter_oo", [101], 12) == pairs[1:]


def test_a_survey_without_seeds_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one seed"):
        survey("crafter_oo", [])


def test_an_unknown_world_is_named() -> None:
    with pytest.raises(ValueError, match="unknown world 'moon'"):
        survey("moon", [0])
