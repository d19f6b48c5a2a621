"""Networks on disk, in the folder of a run: see `worldmodels.training.run_folder`.

`model.safetensors` of a checkpoint holds the weights, `training.safetensors` the moments of the
optimiser, which only going on with the training needs.
"""

import dataclasses
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save as to_bytes
from torch import Tensor

from combopt.bq.config import TrainConfig, from_dict, to_dict
from combopt.bq.model import BQNetwork, new_network
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


def load_network(path: Path, device: str = "cpu") -> BQNetwork:
    """Read a network, to use it.

    Args:
        path: the folder of a run, or one of its checkpoints.
        device: where to put it.

    Raises:
        ValueError: there is no checkpoint, or it is broken or of another version; the message names
            the file.
    """
    checkpoint = path
    if not (path / MANIFEST).exists():
        found = checkpoints(path)
        if not found:
            raise ValueError(
                f"{path} holds no checkpoint: give the folder of a run of python -m combopt train, "
                "or train one"
            )
        checkpoint = found[-1]
    network = new_network(read_manifest(checkpoint).config.model)
    load_weights(checkpoint, network)
    return network.to(device).eval()


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


def save(
    folder: Path,
    manifest: Manifest,
    network: BQNetwork,
    optimizer: torch.optim.Optimizer,
    kept: Collection[Path] = (),
) -> Path:
    """Write a checkpoint of a run, and remove all others but those to be kept."""
    about = {
        "format_version": FORMAT_VERSION,
        "step": manifest.step,
        "seconds": manifest.seconds,
        "config": to_dict(manifest.config),
    }
    files = {
        MODEL: to_bytes(_plain(network.state_dict())),
        TRAINING: to_bytes(_plain(_moments(network, optimizer))),
        MANIFEST: (json.dumps(about, indent=2) + "\n").encode(),
    }
    return write_checkpoint(folder, manifest.step, files, kept)


def load_weights(checkpoint: Path, network: BQNetwork) -> None:
    """Put the weights of a checkpoint into a network.

    Raises:
        ValueError: the file is broken, or holds other weights, or some that are not finite.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    arrays = read_arrays(checkpoint / MODEL, shapes)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def load_moments(checkpoint: Path, network: BQNetwork, optimizer: torch.optim.Optimizer) -> None:
    """Put the moments of a checkpoint into the optimiser of a network.

    Raises:
        ValueError: the file is missing or broken, or belongs to another network.
    """
    weights = dict(network.named_parameters())
    shapes = {
        f"{name}.{moment}": () if moment == "step" else tuple(weight.shape)
        for name, weight in weights.items()
        for moment in MOMENTS
    }
    arrays = read_arrays(checkpoint / TRAINING, shapes)
    for name, weight in weights.items():
        tensors = {each: torch.from_numpy(arrays[f"{name}.{each}"]) for each in MOMENTS}
        optimizer.state[weight] = {
            each: tensor if each == "step" else tensor.to(weight.device)
            for each, tensor in tensors.items()
        }


def _moments(network: BQNetwork, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}.{moment}": optimizer.state[weight][moment]
        for name, weight in network.named_parameters()
        for moment in MOMENTS
    }


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
