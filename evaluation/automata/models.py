"""Simulators of Life by name: the built-in ones, shipped checkpoints, and folders of a run."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Bool

from worldmodels.lifegpt.adapters import (
    Foretelling,
    convolution_logits,
    majority_logits,
    rule_logits,
    shipped_checkpoints,
)
from worldmodels.lifegpt.checkpoint import load_model
from worldmodels.lifegpt.data import LIFE
from worldmodels.lifegpt.measure import decoding_of
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import next_grids
from worldmodels.training.torch_runs import device_named

Grids = Bool[np.ndarray, "batch rows columns"]
Topology = Literal["torus", "nothing"]

BATCH_CELLS: Final = 8192  # cells that a checkpoint is asked about at once
BUILT_IN: Final = ("rule", "convolution", "majority")


@dataclasses.dataclass(frozen=True)
class Simulator:
    """A model that says what the next grids are, its likeliest answer.

    Attributes:
        name: as it was asked for.
        told: what it knows before it learns: that cells have neighbours, over the edges of a
            torus, or nothing.
        sides: of the grids it was trained on; none where it has no size.
        next_grids: raises ValueError where it knows no such grids.
    """

    name: str
    told: Topology
    sides: tuple[int, ...]
    next_grids: Callable[[Grids], Grids]

    def refusal(self, side: int) -> str | None:
        """Why it cannot be asked about grids of a size; None if it can."""
        if not self.sides:
            return None
        try:
            self.next_grids(np.zeros((1, side, side), np.bool_))
        except ValueError as error:
            return str(error)
        return None


def model_names() -> tuple[str, ...]:
    """Names of models that need no folder, those that are told the torus first."""
    return (*BUILT_IN, *shipped_checkpoints())


def load_simulators(names: Sequence[str], device: str, seed: int) -> list[Simulator]:
    """Make models, each once.

    Args:
        names: of `model_names`, or folders of a run or checkpoint.
        device: for checkpoints: cpu, cuda, or auto: cuda where there is one.
        seed: of what is trained here.

    Raises:
        ValueError: a name is unknown, or a checkpoint is broken or of another rule.
    """
    chosen = device_named(device)
    return [_load(name, chosen, seed) for name in dict.fromkeys(names)]


def _load(name: str, device: str, seed: int) -> Simulator:
    if name == "rule":
        return Simulator(name, "torus", (), _likeliest(rule_logits(LIFE)))
    if name == "convolution":
        return Simulator(name, "torus", (), _likeliest(convolution_logits(LIFE, seed)))
    if name == "majority":
        return Simulator(name, "nothing", (), _likeliest(majority_logits(LIFE, seed)))
    path = shipped_checkpoints().get(name, Path(name))
    if not path.is_dir():
        raise ValueError(
            f"unknown model {name!r}; expected one of {', '.join(model_names())}, or a folder "
            "written by python -m worldmodels.lifegpt train"
        )
    return _checkpoint(name, path, device)


def _checkpoint(name: str, path: Path, device: str) -> Simulator:
    model, config = load_model(path, device)
    if config.rule != LIFE:
        raise ValueError(
            f"{path} was trained on the rule {config.rule}, and this measures {LIFE}; see "
            "python -m worldmodels.lifegpt test"
        )
    decoding = decoding_of(model, config.objective)

    def foretell(grids: Grids) -> Grids:
        size = max(1, BATCH_CELLS // grids[0].size)
        batches = [
            torch.from_numpy(grids[start : start + size].copy()).to(device)
            for start in range(0, len(grids), size)
        ]
        answers = [next_grids(model, batch, decoding).grids.cpu().numpy() for batch in batches]
        return np.concatenate(answers)

    told: Topology = "nothing" if isinstance(model, LifeGPT) else "torus"
    return Simulator(name, told, config.model.sides, foretell)


def _likeliest(logits: Foretelling) -> Callable[[Grids], Grids]:
    @torch.no_grad()
    def foretell(grids: Grids) -> Grids:
        cells: Grids = (logits(torch.from_numpy(grids.copy())) > 0).numpy()
        return cells

    return foretell
