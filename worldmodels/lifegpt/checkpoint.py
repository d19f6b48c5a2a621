"""Models on disk, in the folder of a run: see `worldmodels.training.run_folder`.

`model.safetensors` of a checkpoint holds the weights, `training.safetensors` the moments of the
optimiser, which only going on with the training needs.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save
from torch import Tensor

from worldmodels.lifegpt.config import GPTConfig, TrainConfig, from_dict, to_dict
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import Model
from worldmodels.lifegpt.torus_model import TorusTransformer
from worldmodels.training.run_folder import (
    MANIFEST,
    checkpoints,
    read_arrays,
    read_json,
    write_checkpoint,
)

FORMAT_VERSION: Final = 1
MODEL: Final = "model.safetensors"
TRAINING: Final = "training.safetensors"
MOMENTS: Final = ("exp_avg", "exp_avg_sq", "step")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a checkpoint says about itself."""

    step: int
    seconds: float  # of training so far
    config: TrainConfig


def new_model(config: TrainConfig) -> Model:
    """A model with random weights, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # layers draw their first weights from the global one
        if isinstance(config.model, GPTConfig):
            return LifeGPT(config.model)
        return TorusTransformer(config.model)


def load_model(
    path: Path, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[Model, TrainConfig]:
    """Read a model, to use it.

    Args:
        path: the folder of a run, or one of its checkpoints.
        device: where to put it.
        dtype: of its weights.

    Raises:
        ValueError: there is no checkpoint, or it is broken; the message names the file.
    """
    checkpoint = path if (path / MANIFEST).exists() else last_checkpoint(path)
    if checkpoint is None:
        raise ValueError(
            f"{path} holds no checkpoint: give the folder of a run of "
            "python -m worldmodels.lifegpt train"
        )
    config = read_manifest(checkpoint).config
    model = new_model(config)
    load_weights(checkpoint, model)
    return model.to(device, dtype).eval(), config


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


def save_checkpoint(
    folder: Path, manifest: Manifest, model: Model, optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint and remove the ones before it."""
    about = {
        "format_version": FORMAT_VERSION,
        "step": manifest.step,
        "seconds": manifest.seconds,
        "config": to_dict(manifest.config),
    }
    files = {
        MODEL: save(_plain(model.state_dict())),
        TRAINING: save(_plain(_moments(model, optimizer))),
        MANIFEST: (json.dumps(about, indent=2) + "\n").encode(),
    }
    write_checkpoint(folder, manifest.step, files)


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of a run to go on from; None before the first."""
    return next(reversed(checkpoints(folder)), None)


def read_manifest(checkpoint: Path) -> Manifest:
    """What a checkpoint says about itself.

    Raises:
        ValueError: it is of another version, or broken.
    """
    path = checkpoint / MANIFEST
    data = read_json(path)
    if data.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {data.get('format_version')!r}, this program reads "
            f"{FORMAT_VERSION}: train again"
        )
    step, seconds, config = (data.get(name) for name in ("step", "seconds", "config"))
    if not (isinstance(step, int) and isinstance(seconds, float) and isinstance(config, dict)):
        raise ValueError(f"{path} needs the numbers 'step' and 'seconds' and an object 'config'")
    try:
        return Manifest(step, seconds, from_dict(config))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def load_weights(checkpoint: Path, model: Model) -> None:
    """Put the weights of a checkpoint into a model.

    Raises:
        ValueError: the file is broken, or holds other arrays, or numbers that are not finite.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    arrays = read_arrays(checkpoint / MODEL, shapes)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def load_moments(checkpoint: Path, model: Model, optimizer: torch.optim.Optimizer) -> None:
    """Put the moments of a checkpoint into the optimiser of a model.

    Raises:
        ValueError: the file is broken, or belongs to another model.
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


def _moments(model: Model, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}.{moment}": tensor
        for name, weight in model.named_parameters()
        for moment, tensor in optimizer.state[weight].items()
    }


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
