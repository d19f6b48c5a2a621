"""Models of Life are ranked as those of any other world."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from untrained_runs import GPT_8, spoil, untrained_run

from envs import assets
from evaluation.arena import Transition
from evaluation.arenas import ARENAS, arena_named
from evaluation.arenas.life import SIDES, life_arena, text_of
from evaluation.metrics import METRICS, fidelity
from evaluation.models import load_model
from evaluation.protocol import Place, distractors
from evaluation.state_ranking import main
from worldmodels.lifegpt.data import successors

MUTATORS = {mutator.name: mutator for mutator in arena_named("life").mutators["strict"]}


def _step(label: str, step: int = 0) -> Transition[Any, Any]:
    return arena_named("life").record(label).transitions[step]


def _edit(name: str, transition: Transition[Any, Any], seed: int = 0) -> np.ndarray | None:
    random = np.random.default_rng(seed)
    edited = MUTATORS[name].edit(transition.next_state, transition.action, random)
    return None if edited is None else np.asarray(edited.cells)


def _cells(state: Any) -> np.ndarray:
    return np.asarray(state.cells)


def test_every_world_of_life_has_a_size_and_reads_runs() -> None:
    assert set(SIDES) <= set(ARENAS)
    for name, side in SIDES.items():
        arena = arena_named(name)
        assert arena.name == name
        assert _cells(arena.record("block").transitions[0].state).shape == (side, side)
    assert "pulsar" not in arena_named("life").select("all")
    assert "pulsar" in arena_named("life-16").select("all")


def test_recorded_steps_are_those_of_the_rule_after_the_edit() -> None:
    arena = arena_named("life")
    for label in ("glider", "soup/30", "edited"):
        for step in arena.record(label).transitions:
            before = _cells(step.state).copy()
            if step.action < before.size:
                before.flat[step.action] ^= True
            assert (successors(before[None])[0] == _cells(step.next_state)).all()
    assert all(step.action < 64 for step in arena.record("edited").transitions)
    assert arena.action_name(_step("glider").action) == "one generation"
    assert arena.action_name(9) == "cell (1, 1) changed, one generation"


def test_densities_are_variants_of_one_scenario() -> None:
    assert len(arena_named("life").select("soup")) > 3
    assert arena_named("life").select("soup/30") == ("soup/30",)


def test_a_wrong_cell_is_one_edit() -> None:
    step = _step("soup/30")
    wrong = _edit("flip_anywhere", step)
    assert wrong is not None
    assert (wrong != _cells(step.next_state)).sum() == 1
    edited = MUTATORS["flip_anywhere"].edit(step.next_state, step.action, np.random.default_rng(0))
    distance = fidelity(step.before, text_of(edited), step.after)  # type: ignore[arg-type]
    assert distance.raw_edit == 1
    assert distance.normalized_edit == 1 / 64


def test_a_flip_near_life_touches_a_live_cell_or_its_neighbour() -> None:
    step = _step("block")
    truth = _cells(step.next_state)
    rows, columns = np.nonzero(truth)
    spots = set()
    for seed in range(80):
        wrong = _edit("flip_near", step, seed)
        assert wrong is not None
        ((row, column),) = np.argwhere(wrong != truth).tolist()
        assert rows.min() - 1 <= row <= rows.max() + 1
        assert columns.min() - 1 <= column <= columns.max() + 1
        spots.add((row, column))
    assert len(spots) > 10
    everywhere = {
        tuple(np.argwhere(_edit("flip_anywhere", step, s) != truth)[0]) for s in range(80)
    }
    assert len(everywhere) > 30


def test_a_flip_near_life_cannot_be_made_on_an_empty_grid() -> None:
    step = _step("soup/70")
    empty = Transition(step.state, step.action, _emptied(step.next_state), "", "")
    assert _edit("flip_near", empty) is None


def _emptied(state: Any) -> Any:
    import dataclasses

    return dataclasses.replace(state, cells=state.cells & False)


def test_each_error_is_the_one_it_is_called_after() -> None:
    step = _step("edited")
    before, truth = _cells(step.state), _cells(step.next_state)
    touched = before.copy()
    touched.flat[step.action] ^= True
    expected = {
        "unchanged": before,
        "action_ignored": successors(before[None])[0],
        "no_births": truth & touched,
        "no_deaths": truth | touched,
        "two_generations": successors(truth[None])[0],
        "highlife": successors(touched[None], "B36/S23")[0],
        "dead_edges": _with_dead_edges(touched),
    }
    for name, cells in expected.items():
        found = _edit(name, step)
        assert found is not None
        assert (found == cells).all(), name
    others = [successors(touched[None], rule)[0] for rule in ("B34/S23", "B3/S123", "B3/S234")]
    found_others = [_edit("other_rule", step, seed) for seed in range(12)]
    assert all(any((found == other).all() for other in others) for found in found_others)
    assert len({found.tobytes() for found in found_others if found is not None}) == 3
    moves = {_edit("moved", step, seed).tobytes() for seed in range(60)}  # type: ignore[union-attr]
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    assert moves == {np.roll(truth, shift, axis=(0, 1)).tobytes() for shift in shifts}


def _with_dead_edges(cells: np.ndarray) -> np.ndarray:
    """Beyond two more rings of dead cells, no edge is felt."""
    return successors(np.pad(cells, 2)[None])[0, 2:-2, 2:-2]


def test_the_rule_finds_every_distractor_impossible() -> None:
    names: set[str] = set()
    for label in ("glider", "soup/40", "edited"):
        step = _step(label)
        found = distractors(arena_named("life"), step, "strict", Place(42, label, 0, 0))
        names |= {one.name for one in found}
        model = arena_named("life").models["rule"]("full")
        log_probs = model.log_probs(step.state, step.action, [one.state for one in found])
        assert log_probs == [-math.inf] * len(found)
        assert model.log_prob(step.state, step.action, step.next_state) == 0
    assert names == set(MUTATORS)


def test_life_is_judged_as_crafter_is_and_a_run_takes_part(tmp_path: Path) -> None:
    run = str(untrained_run(tmp_path / "run", GPT_8))
    arguments = ["--world", "life", "--scenarios", "glider,edited", "--trials", "1"]
    models = ["--model", "rule", "majority", "null", "random", run]
    assert main([*arguments, *models, "--out", str(tmp_path), "--quiet", "--report"]) == 0
    data = json.loads((tmp_path / "state_ranking.json").read_text())
    rows = {row["name"]: row["metrics"] for row in data["rows"]}
    assert list(rows) == ["rule", "majority", "null", "random", run]
    assert [rows["rule"][name] for name in METRICS] == [1, 1, 1, 0, 0, 1]
    assert rows["null"]["raw_edit"] > 0
    assert all(rows[name]["rank_at_1"] < 1 for name in rows if name != "rule")
    assert data["reference"] == []
    assert "cell (" in (tmp_path / "state_ranking.html").read_text()


@pytest.mark.parametrize(
    ("world", "model", "message"),
    [
        ("life-16", "{gpt}", "this model was made for grids of 8x8, got 16x16"),
        ("life-16", "{gpt}", "(of --world, life 8x8, life-16 16x16, life-32 32x32)"),
        ("life", "{broken}", "has numbers that are not finite"),
        ("life", "{empty}", "holds no checkpoint"),
        ("life", "{other}", "was trained on the rule B36/S23, the world has B3/S23"),
        ("life", "results/absent", "or a folder written by python -m worldmodels.lifegpt train"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_line_and_status_two(
    world: str, model: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    untrained_run(tmp_path / "gpt", GPT_8)
    untrained_run(tmp_path / "other", rule="B36/S23")
    spoil(untrained_run(tmp_path / "broken"))
    places = {name: tmp_path / name for name in ("empty", "gpt", "other", "broken")}
    given = ["--world", world, "--model", model.format(**places), "--out", str(tmp_path / "out")]
    assert main(given) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_shipped_checkpoints_of_the_size_are_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_FOLDERS", (tmp_path,))
    assert list(life_arena().models) == ["rule", "convolution", "majority", "null", "random"]
    untrained_run(tmp_path / "checkpoints" / "lifegpt-torus")
    untrained_run(tmp_path / "checkpoints" / "lifegpt-agnostic", GPT_8)
    untrained_run(tmp_path / "checkpoints" / "lifegpt-highlife", rule="B36/S23")
    (tmp_path / "checkpoints" / "other").mkdir()
    built_in = list(life_arena().models)
    assert built_in[:3] == ["rule", "lifegpt-agnostic", "lifegpt-torus"]
    assert len(built_in) == 7
    assert "lifegpt-agnostic" not in life_arena("life-16").models
    assert "lifegpt-torus" in life_arena("life-16").models
    model = life_arena().models["lifegpt-torus"]("full")
    step = _step("glider")
    assert model.log_prob(step.state, step.action, step.next_state) < 0


def test_a_built_in_model_of_life_is_loaded_by_name() -> None:
    step = _step("glider")
    model = load_model("life", "majority", "full")
    assert model.log_prob(step.state, step.action, step.next_state) < 0
