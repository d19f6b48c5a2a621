"""Scores: what counts as right, and in which unit."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from lifegpt.small_models import BYTES, COMPACT, IDENTITY, random_gpt

from worldmodels.lifegpt.data import draw_grids
from worldmodels.lifegpt.decoding import Decoding
from worldmodels.lifegpt.measure import score


def test_a_loss_is_nats_a_cell_and_indifference_costs_a_bit():
    model = random_gpt(COMPACT)
    with torch.no_grad():
        model.head.weight.zero_()
    grids = draw_grids(np.random.default_rng(0), np.full(8, 0.5), 2)
    scores = score(model, grids, IDENTITY, Decoding(), batch_size=3)
    assert scores.loss == pytest.approx(math.log(2))
    assert scores.cell_accuracy == pytest.approx(1 - grids.mean())  # all are taken for dead
    assert scores.exact_grid_rate == pytest.approx((~grids).all(axis=(1, 2)).mean())


def test_cells_of_broken_answers_are_wrong_even_where_dead_would_be_right():
    model = random_gpt(dataclasses.replace(BYTES, depth=1))
    grids = np.zeros((4, 2, 2), np.bool_)
    scores = score(model, grids, IDENTITY, Decoding(is_constrained=False))
    assert (scores.broken_rate, scores.cell_accuracy, scores.exact_grid_rate) == (1, 0, 0)
