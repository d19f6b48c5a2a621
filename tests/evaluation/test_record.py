"""Records on disk: complete, valid JSON, and never half-written."""

import json
import os
from pathlib import Path

import pytest

from envs.files import write_text
from evaluation import published
from evaluation.arenas.crafter_oo.scenarios import COMPAT23
from evaluation.record import Reference, Result, Row


def _result() -> Result:
    part = Row("wake_up", {"mrr": 0.5}, {"mrr": 0.1}, 5, {"mrr": 0.2})
    row = Row("null", {"mrr": 0.5}, {"mrr": 0.1}, 5, {"mrr": 0.2}, (part,))
    reference = Reference("Somebody", {"mrr": 0.4}, "a paper", "as printed")
    return Result("state_ranking", {"trials": 5}, 42, 1.5, (row,), (reference,))


def test_a_record_holds_everything_that_was_measured(tmp_path: Path) -> None:
    path = _result().write(tmp_path / "new" / "folder")
    assert path.name == "state_ranking.json"
    data = json.loads(path.read_text())
    assert list(data) == [
        "benchmark",
        "version",
        "git",
        "python",
        "packages",
        "config",
        "seed",
        "seconds",
        "rows",
        "reference",
    ]
    assert data["packages"]["numpy"]
    (row,) = data["rows"]
    assert set(row) == {"name", "metrics", "stderr", "n", "std", "by"}
    assert row["by"][0]["name"] == "wake_up"
    assert data["reference"][0]["source"] == "a paper"


def test_a_value_that_is_no_number_is_never_written(tmp_path: Path) -> None:
    result = Result("b", {}, 0, 0.0, (Row("m", {"mrr": float("nan")}, {}, 1),))
    with pytest.raises(ValueError, match="Out of range float"):
        result.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_write_cut_short_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state_ranking.json"
    write_text(path, "old")

    def killed(source: str, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


def test_published_scenario_values_have_the_published_means() -> None:
    by_name = {reference.name: reference for reference in published.STATE_RANKING}
    for name, mean in (("OneLife", 0.479), ("PoE-World", 0.350)):
        values = [metrics["mrr"] for metrics in by_name[name].by.values()]
        assert sum(values) / len(values) == pytest.approx(mean, abs=5e-4)
        assert set(by_name[name].by) == set(COMPAT23)
    onelife, poe = by_name["OneLife"].by, by_name["PoE-World"].by
    assert sum(onelife[name]["mrr"] > poe[name]["mrr"] for name in onelife) == 16


def test_every_published_row_has_source_and_conditions() -> None:
    for reference in published.STATE_RANKING:
        assert "2510.12088" in reference.source
        assert "23 scenarios" in reference.conditions
