"""Networks on disk, in the folder of a run: see `worldmodels.training.torch_runs`."""

from collections.abc import Collection
from pathlib import Path

import torch

from combopt.bq.config import TrainConfig, from_dict, to_dict
from combopt.bq.model import BQNetwork, new_network
from worldmodels.training import torch_runs
from worldmodels.training.torch_runs import Manifest, checkpoint_at, load_weights


def load_network(path: Path, device: str = "cpu") -> BQNetwork:
    """Read a network, to use it.

    Args:
        path: the folder of a run, or one of its checkpoints.
        device: where to put it.

    Raises:
        ValueError: there is no checkpoint, or it is broken or of another version; the message names
            the file.
    """
    checkpoint = checkpoint_at(path, "python -m combopt train")
    network = new_network(read_manifest(checkpoint).config.model)
    load_weights(checkpoint, network)
    return network.to(device).eval()


def read_manifest(checkpoint: Path) -> Manifest[TrainConfig]:
    """What a checkpoint says about itself.

    Raises:
        ValueError: it is of another version, or broken.
    """
    return torch_runs.read_manifest(checkpoint, from_dict)


def save(
    folder: Path,
    manifest: Manifest[TrainConfig],
    network: BQNetwork,
    optimizer: torch.optim.Optimizer,
    kept: Collection[Path] = (),
) -> Path:
    """Write a checkpoint of a run, and remove all others but those to be kept."""
    about = Manifest(manifest.step, manifest.seconds, to_dict(manifest.config))
    return torch_runs.save_checkpoint(folder, about, network, optimizer, kept)
