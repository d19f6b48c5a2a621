"""Runs of learners in torch: their checkpoints, their devices, and how far they are.

`model.safetensors` of a checkpoint holds the weights, `training.safetensors` the moments of the
optimiser, which only going on with the training needs; see `run_folder` for the rest.
"""

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn

from worldmodels.training.run_folder import (
    MANIFEST,
    last_checkpoint,
    read_arrays,
    read_manifest_of,
    write_checkpoint,
)

ConfigT = TypeVar("ConfigT")

FORMAT_VERSION: Final = 1
MODEL: Final = "model.safetensors"
TRAINING: Final = "training.safetensors"
MOMENTS: Final = ("exp_avg", "exp_avg_sq", "step")  # of Adam


class Progress(NamedTuple):
    """Where a run stands."""

    share: float  # of the run that is over
    step: int
    loss: float


@dataclasses.dataclass(frozen=True)
class Manifest(Generic[ConfigT]):
    """What a checkpoint says about itself."""

    step: int
    seconds: float  # of training so far
    config: ConfigT


def share_done(steps: int, minutes: float, step: int, seconds: float) -> float:
    """The share of a run that is over: by steps or, unless 0, by minutes, whichever is sooner."""
    by_time = seconds / 60 / minutes if minutes else 0.0
    return max(step / steps, by_time)


def device_named(name: str) -> str:
    """The device to compute on: the named one; for auto, cuda where there is one, else cpu.

    Raises:
        ValueError: it is not here.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"torch has no device {name!r} here: {reason}") from error
    return name


def checkpoint_at(path: Path, program: str) -> Path:
    """A checkpoint itself, or the last one of the folder of a run.

    Args:
        path: either.
        program: the command that trains.

    Raises:
        ValueError: there is none.
    """
    if (path / MANIFEST).exists():
        return path
    last = last_checkpoint(path)
    if last is None:
        raise ValueError(f"{path} holds no checkpoint: give the folder of a run of {program}")
    return last


def read_manifest(
    checkpoint: Path, config_of: Callable[[Mapping[str, Any]], ConfigT]
) -> Manifest[ConfigT]:
    """What a checkpoint says about itself.

    Args:
        checkpoint: its folder.
        config_of: makes a configuration of JSON; raises ValueError where it cannot.

    Raises:
        ValueError: it is of another version, or broken.
    """
    data = read_manifest_of(checkpoint, FORMAT_VERSION)
    path = checkpoint / MANIFEST
    step, seconds, config = (data.get(name) for name in ("step", "seconds", "config"))
    if not (isinstance(step, int) and isinstance(seconds, float) and isinstance(config, dict)):
        raise ValueError(f"{path} needs the numbers 'step' and 'seconds' and an object 'config'")
    try:
        return Manifest(step, seconds, config_of(config))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def save_checkpoint(
    folder: Path,
    manifest: Manifest[dict[str, Any]],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    kept: Collection[Path] = (),
) -> Path:
    """Write a checkpoint of a run, and remove all others but those to be kept.

    Args:
        folder: of the run.
        manifest: with the configuration as JSON.
        model: its weights.
        optimizer: of the family of Adam.
        kept: other checkpoints.
    """
    about = {"format_version": FORMAT_VERSION, **dataclasses.asdict(manifest)}
    files = {
        MODEL: save(_plain(model.state_dict())),
        TRAINING: save(_plain(_moments(model, optimizer))),
        MANIFEST: (json.dumps(about, indent=2) + "\n").encode(),
    }
    return write_checkpoint(folder, manifest.step, files, kept)


def load_weights(checkpoint: Path, model: nn.Module) -> None:
    """Put the weights of a checkpoint into a model.

    Raises:
        ValueError: the file is broken, or holds other arrays, or numbers that are not finite.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    arrays = read_arrays(checkpoint / MODEL, shapes)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def load_moments(checkpoint: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put the moments of a checkpoint into the optimiser of a model.

    Raises:
        ValueError: the file is missing or broken, or belongs to another model.
    """
    shapes = {
        f"{name}.{moment}": () if moment == "step" else tuple(weight.shape)
        for name, weight in model.named_parameters()
        for moment in MOMENTS
    }
    arrays = read_arrays(checkpoint / TRAINING, shapes)
    for name, weight in model.named_parameters():
        moments = {moment: torch.from_numpy(arrays[f"{name}.{moment}"]) for moment in MOMENTS}
        optimizer.state[weight] = {
            moment: tensor if moment == "step" else tensor.to(weight.device)
            for moment, tensor in moments.items()
        }


def _moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}.{moment}": tensor
        for name, weight in model.named_parameters()
        for moment, tensor in optimizer.state[weight].items()  # none before the first step
    }


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
