"""Fitted models in files."""

import json
from pathlib import Path
from typing import Any

import pytest
from onelife.toy_worlds import PANEL, PANEL_LAWS, SWITCH_LAWS, SWITCHES, Switches, Toggle

from worldmodels.onelife import OneLife, Scoring, load_onelife, save_onelife

SCORING = Scoring(inertia=0.7)


def model_of(scoring: Scoring = SCORING) -> OneLife[Any, Any]:
    return OneLife(SWITCH_LAWS, [0.9, 0.1 + 0.2, 0.0, 0.3, 0.1, 0.4], SWITCHES, scoring)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_onelife(model_of(), tmp_path / "model.json")
    return tmp_path / "model.json"


def edited(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


@pytest.mark.parametrize("scoring", [Scoring(inertia=0.7), Scoring(compat=True, prune=False)])
def test_a_loaded_model_scores_exactly_as_the_saved_one(tmp_path: Path, scoring: Scoring) -> None:
    model = model_of(scoring)
    save_onelife(model, tmp_path / "model.json")
    laws = [*reversed(SWITCH_LAWS), *PANEL_LAWS]  # order and spares do not matter
    loaded = load_onelife(tmp_path / "model.json", laws, SWITCHES)
    assert (loaded.weights, loaded.scoring) == (model.weights, model.scoring)
    assert [law.name for law in loaded.laws] == [law.name for law in model.laws]
    everything = [Switches(a, b) for a in (0, 1) for b in (0, 1)]
    for action in Toggle:
        scores = loaded.log_probs(Switches(), action, everything)
        assert scores == model.log_probs(Switches(), action, everything)


def test_saving_over_a_file_leaves_no_other_file(path: Path) -> None:
    save_onelife(model_of(Scoring()), path)
    assert [file.name for file in path.parent.iterdir()] == ["model.json"]
    assert load_onelife(path, SWITCH_LAWS, SWITCHES).scoring == Scoring()


def test_a_save_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_onelife(model_of(Scoring()), path)
    assert path.read_bytes() == old
    assert [file.name for file in path.parent.iterdir()] == ["model.json"]


def test_unknown_laws_are_named(path: Path) -> None:
    with pytest.raises(ValueError, match=r"names laws that were not given.*'a flips'"):
        load_onelife(path, PANEL_LAWS, PANEL)


def test_another_version_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="format version 2, this program reads 1"):
        load_onelife(edited(path, format_version=2), SWITCH_LAWS, SWITCHES)


def test_another_kind_of_model_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="kind 'poeworld', expected 'onelife'"):
        load_onelife(edited(path, kind="poeworld"), SWITCH_LAWS, SWITCHES)


@pytest.mark.parametrize(
    "law",
    [
        {"name": "a flips"},
        {"name": "a flips", "weight": -1.0},
        {"name": "a flips", "weight": "1"},
        {"name": "a flips", "weight": True},
        {"name": "a flips", "weight": float("nan")},
        {"name": 3, "weight": 1.0},
        "a flips",
    ],
)
def test_a_malformed_law_is_named_by_its_place(path: Path, law: Any) -> None:
    with pytest.raises(ValueError, match=r"model\.json: laws\[0\]"):
        load_onelife(edited(path, laws=[law]), SWITCH_LAWS, SWITCHES)


def test_a_law_given_twice_is_refused(path: Path) -> None:
    twice = [{"name": "a flips", "weight": 1.0}] * 2
    with pytest.raises(ValueError, match=r"laws\[1\]"):
        load_onelife(edited(path, laws=twice), SWITCH_LAWS, SWITCHES)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"inertia": None, "prune": True, "compat": False},
        {"inertia": 0.5, "prune": "no", "compat": False},
        {"inertia": 0.5, "prune": True, "compat": False, "extra": 1},
        [],
    ],
)
def test_a_malformed_config_is_refused(path: Path, config: Any) -> None:
    with pytest.raises(ValueError, match=r"model\.json: .*config"):
        load_onelife(edited(path, config=config), SWITCH_LAWS, SWITCHES)


def test_an_inertia_out_of_range_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="inertia is in"):
        load_onelife(
            edited(path, config={"inertia": 99.0, "prune": True, "compat": False}),
            SWITCH_LAWS,
            SWITCHES,
        )


@pytest.mark.parametrize("content", [b"", b'{"format_version": 1', b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.json"):
        load_onelife(path, SWITCH_LAWS, SWITCHES)
