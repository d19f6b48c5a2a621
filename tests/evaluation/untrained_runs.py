"""Folders of runs whose models have never been trained."""

import dataclasses
from pathlib import Path

import torch
from lifegpt.small_models import COMPACT, RUN, TORUS

from worldmodels.lifegpt.checkpoint import new_model, save_checkpoint
from worldmodels.lifegpt.config import GPTConfig, TorusConfig, TrainConfig
from worldmodels.training.torch_runs import Manifest

GPT_8 = dataclasses.replace(COMPACT, sides=(8,))


def untrained_run(
    folder: Path, model: GPTConfig | TorusConfig = TORUS, rule: str = "B3/S23"
) -> Path:
    """A run folder with a checkpoint of random weights."""
    objective = "parallel" if isinstance(model, TorusConfig) else "answer"
    config: TrainConfig = dataclasses.replace(RUN, model=model, objective=objective, rule=rule)
    folder.mkdir(parents=True)
    weights = new_model(config)
    optimizer = torch.optim.AdamW(weights.parameters())
    save_checkpoint(folder, Manifest(1, 1.0, config), weights, optimizer)
    return folder


def spoil(folder: Path) -> None:
    """Put a number that is not finite among the weights."""
    from safetensors.torch import load_file, save_file

    (path,) = folder.glob("checkpoint-*/model.safetensors")
    tensors = load_file(path)
    next(iter(tensors.values())).view(-1)[0] = torch.nan
    save_file(tensors, path)
