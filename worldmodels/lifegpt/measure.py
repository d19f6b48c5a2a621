"""How well a model foretells one generation, counted on real cells alone."""

from typing import NamedTuple

import numpy as np
import torch

from worldmodels.lifegpt.data import Grids, neighbourhoods, successors
from worldmodels.lifegpt.decoding import Decoding
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import Model, log_probabilities, next_grids


class Score(NamedTuple):
    """Of one generation of several grids."""

    cell_accuracy: float  # share of cells that are right
    exact_grid_rate: float  # share of grids without a wrong cell
    loss: float  # nats a cell of the true answer
    rounds: float  # passes, on the average
    broken_rate: float  # share of answers that are no grids; their cells count as wrong


def score(
    model: Model,
    grids: Grids,
    rule: str,
    decoding: Decoding,
    *,
    batch_size: int = 64,
    seed: int = 0,
) -> Score:
    """Foretell each grid once and compare with the rule.

    Args:
        model: of either kind, on any device.
        grids: of a size that the model knows.
        rule: the truth.
        decoding: how.
        batch_size: grids at once.
        seed: for temperatures above 0.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    truth = successors(grids, rule)
    right, whole, rounds, nats = [], [], [], []
    for start in range(0, len(grids), batch_size):
        batch = torch.from_numpy(grids[start : start + batch_size].copy()).to(device)
        after = torch.from_numpy(truth[start : start + batch_size].copy()).to(device)
        said = next_grids(model, batch, decoding, generator)
        right.append(((said.grids == after) & said.is_whole[:, None, None]).flatten(1).cpu())
        whole.append(said.is_whole.cpu())
        rounds.append(said.rounds.cpu())
        is_parallel = decoding.method == "parallel"
        nats.append(-log_probabilities(model, batch, after, is_parallel=is_parallel).cpu())
    cells = torch.cat(right)
    return Score(
        cell_accuracy=float(cells.double().mean()),
        exact_grid_rate=float(cells.all(dim=1).double().mean()),
        loss=float(torch.cat(nats).mean()) / cells.shape[1],
        rounds=float(torch.cat(rounds).double().mean()),
        broken_rate=1 - float(torch.cat(whole).double().mean()),
    )


def held_out(model: Model, rule: str, count: int, decoding: Decoding) -> dict[str, Score]:
    """Scores on grids of broad entropy, and on those half alive, never drawn in training."""
    side = max(model.config.sides)
    rng = np.random.default_rng([0, 0])  # the second is above 0 in training
    densities = {"broad": rng.random(count), "half": np.full(count, 0.5)}
    return {
        name: score(model, rng.random((count, side, side)) < d[:, None, None], rule, decoding)
        for name, d in densities.items()
    }


def count_right_neighbourhoods(model: Model, rule: str, decoding: Decoding) -> int:
    """For how many of all 512 neighbourhoods the cell in the middle is right.

    Raises:
        ValueError: the grids of the model have no room for a neighbourhood and a cell around it.
    """
    side = max(model.config.sides)
    if side < 5:
        raise ValueError(f"neighbourhoods need grids of 5x5 or more, this model has {side}x{side}")
    grids, middle = neighbourhoods(side), side // 2
    device = next(model.parameters()).device
    right = 0
    for start in range(0, 512, 64):
        batch = grids[start : start + 64]
        said = next_grids(model, torch.from_numpy(batch.copy()).to(device), decoding).grids
        truth = successors(batch, rule)[:, middle, middle]
        right += int((said[:, middle, middle].cpu().numpy() == truth).sum())
    return right


def decoding_of(model: Model, objective: str) -> Decoding:
    """The exact method for what the model was trained for."""
    is_parallel = isinstance(model, LifeGPT) and objective == "parallel"
    return Decoding("parallel" if is_parallel else "fixed-point")
