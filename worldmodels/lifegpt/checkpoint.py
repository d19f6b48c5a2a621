"""Models on disk, in the folder of a run: see `worldmodels.training.torch_runs`."""

from pathlib import Path

import torch

from worldmodels.lifegpt.config import GPTConfig, TrainConfig, from_dict, to_dict
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import Model
from worldmodels.lifegpt.torus_model import TorusTransformer
from worldmodels.training import torch_runs
from worldmodels.training.torch_runs import Manifest, checkpoint_at, load_weights


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
    checkpoint = checkpoint_at(path, "python -m worldmodels.lifegpt train")
    config = read_manifest(checkpoint).config
    model = new_model(config)
    load_weights(checkpoint, model)
    return model.to(device, dtype).eval(), config


def read_manifest(checkpoint: Path) -> Manifest[TrainConfig]:
    """What a checkpoint says about itself.

    Raises:
        ValueError: it is of another version, or broken.
    """
    return torch_runs.read_manifest(checkpoint, from_dict)


def save_checkpoint(
    folder: Path, manifest: Manifest[TrainConfig], model: Model, optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint and remove the ones before it."""
    about = Manifest(manifest.step, manifest.seconds, to_dict(manifest.config))
    torch_runs.save_checkpoint(folder, about, model, optimizer)
