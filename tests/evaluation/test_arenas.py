"""Worlds of any kind go through the same evaluation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_arenas import automaton_arena, pasture_arena

from evaluation.arenas import ARENAS, arena_named
from evaluation.metrics import METRICS
from evaluation.protocol import Place, distractors
from evaluation.state_ranking import main

TOYS = {"automaton": automaton_arena, "pasture": pasture_arena}


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, make in TOYS.items():
        monkeypatch.setitem(ARENAS, name, f"toy_arenas:{make.__name__}")


def _run(out: Path, *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--out", str(out), "--quiet"]) == 0
    data: dict[str, Any] = json.loads((out / "state_ranking.json").read_text())
    return data


def test_a_world_whose_states_are_arrays_is_judged(tmp_path: Path) -> None:
    data = _run(tmp_path, "--world", "automaton", "--report")
    rows = {row["name"]: row["metrics"] for row in data["rows"]}
    assert [rows["rule"][name] for name in METRICS] == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    assert rows["null"]["rank_at_1"] == 0.0
    assert rows["null"]["raw_edit"] > 0.0
    assert rows["rule"]["candidates"] == 2.0, "the truth and one flipped cell"
    assert data["reference"] == []
    page = (tmp_path / "state_ranking.html").read_text()
    assert "world models on an automaton" in page
    assert "Published" not in page
    assert "published" not in page.partition("<style>")[0] + page.partition("</style>")[2]


def test_a_world_of_things_is_judged(tmp_path: Path) -> None:
    data = _run(tmp_path, "--world", "pasture", "--trials", "2")
    rows = {row["name"]: row for row in data["rows"]}
    assert list(rows) == ["oracle", "null", "random"]
    assert [rows["oracle"]["metrics"][name] for name in METRICS] == [1, 1, 1, 0, 0, 1]
    assert [part["name"] for part in rows["null"]["by"]] == ["wait", "shear"]
    assert rows["null"]["by"][1]["metrics"]["raw_edit"] == 2.0, "tired and nuts"


def test_a_model_of_another_type_of_state_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--world", "automaton", "--model", "test_arenas:pasture_null"]
    assert main([*arguments, "--out", str(tmp_path), "--quiet"]) == 1
    assert "sample returned a list, not a ndarray" in capsys.readouterr().err


def pasture_null() -> Any:
    """A model that answers with a list."""
    from evaluation.baselines import Random

    return Random(lambda state: list(state))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--world", "moon"], "unknown world 'moon'; expected one of crafter_oo, "),
        (["--world", "pasture", "--protocol", "compat"], "has --protocol strict, got compat"),
        (["--world", "pasture", "--observables", "onelife"], "has --observables full, got onelife"),
        (["--world", "pasture", "--model", "kernel"], "expected one of oracle, null, random, or"),
        (["--world", "pasture", "--scenarios", "compat23"], "expected all, or a comma-separated"),
    ],
)
def test_what_a_world_does_not_have_is_bad_usage(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_published_figures_stand_beside_crafter_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for world, is_shown in (("pasture", False), ("crafter_oo", True)):
        label = "wait" if world == "pasture" else "eat_plant/ok"
        arguments = ["--world", world, "--model", "null", "--scenarios", label, "--trials", "1"]
        assert main([*arguments, "--out", str(tmp_path)]) == 0
        assert ("WorldCoder" in capsys.readouterr().out) == is_shown


@pytest.mark.parametrize("name", ["crafter_oo", "homestead"])
def test_an_arena_keeps_what_it_promises(name: str) -> None:
    arena = arena_named(name)
    assert arena.name == name
    assert set(arena.default_set) == set(arena.mutators)
    assert set(arena.default_set.values()) <= set(arena.scenario_sets)
    labels = arena.scenario_sets["all"][:3]
    for label in labels:
        for step in arena.record(label).transitions:
            assert arena.text_of(step.state) == step.before
            assert arena.text_of(step.next_state) == step.after
            assert arena.text_of(arena.copy(step.state)) == step.before
            picture = arena.draw(step.state)
            assert picture.dtype == np.uint8
            assert picture.shape[0] == picture.shape[1]


def test_homestead_is_judged_as_crafter_is(tmp_path: Path) -> None:
    arguments = ["--world", "homestead", "--trials", "1", "--report"]
    data = _run(tmp_path, *arguments, "--scenarios", "harvest,walk,fox_stalks")
    rows = {row["name"]: row["metrics"] for row in data["rows"]}
    assert list(rows) == ["oracle", "kernel", "null", "random"]
    assert [rows["oracle"][name] for name in METRICS] == [1, 1, 1, 0, 0, 1]
    assert rows["kernel"]["rank_at_1"] > 0.9
    assert rows["null"]["rank_at_1"] == 0.0
    assert 0.05 < rows["random"]["rank_at_1"] < 0.3
    assert "fox#1.position (" in (tmp_path / "state_ranking.html").read_text()


def test_distractors_of_homestead_are_impossible_in_its_kernel() -> None:
    """Things stand on the farm and beside the farmer, so that every mutator has work to do."""
    arena = arena_named("homestead")
    transition = arena.record("harvest/fail").transitions[0]
    kernel = arena.models["kernel"]("full")
    found = distractors(arena, transition, "strict", Place(42, "harvest/fail", 0, 0))
    assert {one.name for one in found} == {one.name for one in arena.mutators["strict"]}
    states = [one.state for one in found]
    log_probs = kernel.log_probs(transition.state, transition.action, states)
    assert log_probs == [-np.inf] * len(found)
    assert kernel.log_prob(transition.state, transition.action, transition.next_state) > -1.0
