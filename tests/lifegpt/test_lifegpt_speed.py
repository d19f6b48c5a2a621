"""What answers cost: both methods read whole answers, and the same ones."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lifegpt.small_models import COMPACT, RUN, TORUS, random_gpt, several

from worldmodels.lifegpt import __main__, decoding
from worldmodels.lifegpt.config import GPTConfig, TorusConfig
from worldmodels.lifegpt.data import draw_grids
from worldmodels.lifegpt.speed import measure_speed
from worldmodels.lifegpt.train import train

GRIDS = draw_grids(np.random.default_rng(0), np.full(6, 0.5), 5)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_both_methods_write_whole_answers_and_the_same(batch_size: int):
    model = random_gpt(several(COMPACT, 5))
    speed = measure_speed(model, GRIDS, batch_size)
    one, point = speed.costs["sequential"], speed.costs["fixed-point"]
    assert (one.passes, one.tokens) == (25, 26 + 24)  # the prompt, and all cells but the last
    assert 1 < point.passes < 25
    assert point.tokens > one.tokens
    assert speed.identical_rate == 1
    assert speed.ratio == one.cpu_seconds / point.cpu_seconds
    assert not model._forward_pre_hooks  # nothing is counted any more


def test_answers_that_differ_are_told(monkeypatch: pytest.MonkeyPatch):
    model, right = random_gpt(several(COMPACT, 5)), decoding._fixed_point

    def wrong_once(model: object, prompt: torch.Tensor, choice: object) -> object:
        written, rounds = right(model, prompt, choice)
        if prompt[0, :25].tolist() == GRIDS[2].astype(int).flatten().tolist():
            written[0, 7] = 1 - written[0, 7]
        return written, rounds

    monkeypatch.setattr(decoding, "_fixed_point", wrong_once)
    assert measure_speed(model, GRIDS, 1).identical_rate == pytest.approx(5 / 6)


def test_a_window_saves_reading_late_tokens_while_early_ones_change(
    monkeypatch: pytest.MonkeyPatch,
):
    model = random_gpt(several(COMPACT, 5))
    whole = measure_speed(model, GRIDS, 1).costs["fixed-point"]
    monkeypatch.setattr(decoding, "WINDOW", 5)
    windows = measure_speed(model, GRIDS, 1).costs["fixed-point"]
    assert windows.tokens < 0.8 * whole.tokens


def test_the_command_writes_costs_and_says_how_many_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run, path = tmp_path / "run", tmp_path / "speed.json"
    train(RUN, run)
    assert __main__.main(["speed", str(run), "--grids", "3", "--out", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "x the grids per CPU second; 100% of the answers are the same" in printed
    report = json.loads(path.read_text())
    assert set(report["costs"]) == {"sequential", "fixed-point"}
    assert report["costs"]["sequential"]["passes"] == 4
    assert report["identical_rate"] == 1


def test_without_a_run_it_is_the_published_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    made = []

    def small_model(config: object) -> object:
        made.append(config)
        return random_gpt(several(COMPACT, 3))

    monkeypatch.setattr("worldmodels.lifegpt.checkpoint.new_model", small_model)
    assert __main__.main(["speed", "--grids", "1", "--seed", "4"]) == 0
    assert (made[0].model.dim, made[0].model.sides, made[0].seed) == (256, (32,), 4)
    assert "the published model, random weights" in capsys.readouterr().out


@pytest.mark.parametrize("model", [COMPACT, TORUS], ids=["gpt", "torus"])
def test_models_that_write_all_cells_at_once_are_refused(
    model: GPTConfig | TorusConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    train(dataclasses.replace(RUN, model=model, objective="parallel", steps=1), tmp_path)
    assert __main__.main(["speed", str(tmp_path)]) == 2
    assert "writes all cells at once; there is nothing to compare" in capsys.readouterr().err
