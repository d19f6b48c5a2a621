"""The shipped checkpoints do what their cards say."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from envs.assets import asset_path
from worldmodels.lifegpt.checkpoint import load_model
from worldmodels.lifegpt.data import draw_grids
from worldmodels.lifegpt.decoding import Decoding, write_answers
from worldmodels.lifegpt.measure import count_right_neighbourhoods, decoding_of, held_out
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import states_of

AGNOSTIC = sorted(asset_path("checkpoints").glob("lifegpt-agnostic-*"))
TORUS = sorted(asset_path("checkpoints").glob("lifegpt-torus-*"))


def name_of(path: Path) -> str:
    return path.name


def test_there_are_some_and_none_with_what_only_training_needs() -> None:
    assert AGNOSTIC
    assert TORUS
    for folder in (*AGNOSTIC, *TORUS):
        assert (folder / "README.md").exists()
        assert not list(folder.rglob("training.safetensors"))
        last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
        assert min(last["broad_exact_grid_rate"], last["half_exact_grid_rate"]) >= 0.98


@pytest.mark.parametrize("folder", AGNOSTIC[:1], ids=name_of)
def test_a_trained_model_writes_the_same_at_once_as_one_by_one(folder: Path) -> None:
    assert_written_alike(folder, 32)


@pytest.mark.reproduction
@pytest.mark.parametrize("folder", AGNOSTIC, ids=name_of)
def test_every_trained_model_writes_the_same_at_once_as_one_by_one(folder: Path) -> None:
    assert_written_alike(folder, 256)


def assert_written_alike(folder: Path, count: int) -> None:
    model, _ = load_model(folder)
    assert isinstance(model, LifeGPT)
    rng = np.random.default_rng(7)
    grids = torch.from_numpy(draw_grids(rng, rng.random(count), max(model.config.sides)))
    states = states_of(model, grids)
    one = write_answers(model, states, Decoding("sequential"))
    point = write_answers(model, states, Decoding("fixed-point"))
    assert torch.equal(one.states, point.states)
    assert float(point.rounds.double().mean()) < 4
    assert (one.rounds == model.config.num_cells).all()


@pytest.mark.reproduction
@pytest.mark.parametrize("folder", [*AGNOSTIC, *TORUS], ids=name_of)
def test_held_out_grids_come_out_as_promised(folder: Path) -> None:
    model, config = load_model(folder)
    decoding = decoding_of(model, config.objective)
    scores = held_out(model, config.rule, 1000, decoding)
    if folder in TORUS:
        assert min(score.cell_accuracy for score in scores.values()) >= 0.9999
    assert min(score.exact_grid_rate for score in scores.values()) >= 0.99
    assert count_right_neighbourhoods(model, config.rule, decoding) == 512
