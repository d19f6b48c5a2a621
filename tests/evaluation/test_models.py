"""Models by name; above all, learned ones, loaded from a folder."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from envs.assets import asset_path
from envs.crafter_oo.state import WorldState
from evaluation.arenas.crafter_oo.scenarios import record
from evaluation.baselines import Random
from evaluation.models import UnknownModelError, load_model
from evaluation.state_ranking import main


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """Stands for the module that loads learned models; lists what it is asked for."""
    asked: list[tuple[Path, str]] = []

    def load_learned(path: Path, observables: str) -> Any:
        asked.append((path, observables))
        return Random(WorldState.copy)

    module = types.ModuleType("worldmodels.onelife.learned")
    module.load_learned = load_learned  # type: ignore[attr-defined]  # a fake
    monkeypatch.setitem(sys.modules, module.__name__, module)
    load_model.cache_clear()
    return asked


def _laws(folder: Path, text: str = '{"world": "crafter_oo", "laws": []}') -> Path:
    folder.mkdir()
    (folder / "laws.json").write_text(text)
    return folder


def test_a_folder_with_laws_is_a_model(tmp_path: Path, loader: list[tuple[Path, str]]) -> None:
    folder = _laws(tmp_path / "life")
    assert isinstance(load_model("crafter_oo", str(folder), "onelife"), Random)
    assert loader == [(folder, "onelife")]


def test_the_file_in_it_is_the_same_model(tmp_path: Path, loader: list[tuple[Path, str]]) -> None:
    file = _laws(tmp_path / "life") / "laws.json"
    assert isinstance(load_model("crafter_oo", str(file), "full"), Random)
    assert loader == [(file, "full")]


def test_a_learned_model_is_ranked_under_its_path(
    tmp_path: Path, loader: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _laws(tmp_path / "life")
    monkeypatch.chdir(tmp_path)
    assert main(["--model", "life", "--scenarios", "eat_cow", "--trials", "1", "--quiet"]) == 0
    data = json.loads((tmp_path / "results" / "state_ranking.json").read_text())
    assert [row["name"] for row in data["rows"]] == ["life"]


def test_a_built_in_name_wins_over_a_folder(
    tmp_path: Path, loader: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _laws(tmp_path / "null")
    monkeypatch.chdir(tmp_path)
    load_model("crafter_oo", "null", "full")
    assert loader == []
    load_model("crafter_oo", "./null", "full")
    assert loader == [(Path("null"), "full")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"has no laws that can be read from .*life/laws\.json: .*No such file"),
        ("[", r"has no laws that can be read from .*Expecting value"),
        ('{"world": "homestead"}', "holds laws of the world 'homestead', and --world is"),
        ("[]", "holds laws of the world None, and --world is 'crafter_oo'"),
    ],
)
def test_a_folder_without_laws_of_the_world_is_refused(
    text: str | None, message: str, tmp_path: Path, loader: list[tuple[Path, str]]
) -> None:
    folder = tmp_path / "life"
    if text is None:
        folder.mkdir()
    else:
        _laws(folder, text)
    with pytest.raises(UnknownModelError, match=message):
        load_model("crafter_oo", str(folder), "full")
    assert loader == []


def test_what_the_loader_raises_names_the_folder(
    tmp_path: Path, loader: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, observables: str) -> Any:
        raise ValueError("laws[3] has no weight")

    monkeypatch.setattr(sys.modules["worldmodels.onelife.learned"], "load_learned", fail)
    folder = _laws(tmp_path / "life")
    with pytest.raises(UnknownModelError, match=r"life' could not be made: .*no weight"):
        load_model("crafter_oo", str(folder), "full")


def test_the_shipped_laws_know_a_tree_from_a_wall() -> None:
    """They were learned from the life beside them, in which trees gave wood."""
    load_model.cache_clear()
    folder = asset_path("checkpoints", "onelife-seed-0")
    model = load_model("crafter_oo", str(folder), "full")
    (step,) = record("collect_wood").transitions
    assert model.log_prob(step.state, step.action, step.next_state) > -1.0
    without = step.next_state.copy()
    without.player.inventory.wood = 0
    assert model.log_prob(step.state, step.action, without) < -5.0
