"""The folder of one run: its configuration, its log, and its last good checkpoint.

| file | what is in it |
|---|---|
| `config.json` | what was asked for |
| `metrics.jsonl` | a line for every measurement |
| `checkpoint-<step>/model.safetensors` | the weights |
| `checkpoint-<step>/training.safetensors` | the moments of the optimiser |
| `checkpoint-<step>/manifest.json` | format version, step, seconds, and the configuration again |

A checkpoint is written under a temporary name and renamed, so that a kill at any moment leaves the
last good one. Nothing is ever unpickled.
"""

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from envs.files import write_text
from worldmodels.lifegpt.config import GPTConfig, TrainConfig, from_dict, to_dict
from worldmodels.lifegpt.model import LifeGPT
from worldmodels.lifegpt.simulate import Model
from worldmodels.lifegpt.torus_model import TorusTransformer

FORMAT_VERSION: Final = 1
PREFIX: Final = "checkpoint-"
TEMPORARY: Final = ".checkpoint-"


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
    checkpoint = path if (path / "manifest.json").exists() else last_checkpoint(path)
    if checkpoint is None:
        raise ValueError(
            f"{path} holds no checkpoint: give the folder of a run of "
            "python -m worldmodels.lifegpt train"
        )
    config = read_manifest(checkpoint).config
    model = new_model(config)
    load_weights(checkpoint / "model.safetensors", model)
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


def open_run(folder: Path, config: TrainConfig) -> None:
    """Make the folder of a run, or find that it belongs to the same run.

    Raises:
        ValueError: it belongs to another one, or its `config.json` is broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, wanted = folder / "config.json", to_dict(config)
    if not path.exists():
        write_text(path, json.dumps(wanted, indent=2) + "\n")
        return
    found = _read_json(path)
    names = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    if names:
        differences = ", ".join(f"{n}={found.get(n)} (now {wanted.get(n)})" for n in names)
        raise ValueError(
            f"{path} was made with {differences}: choose another --out, or the same arguments"
        )


def save_checkpoint(
    folder: Path, manifest: Manifest, model: Model, optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint and remove the ones before it."""
    for leftover in folder.glob(TEMPORARY + "*"):
        shutil.rmtree(leftover)
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=TEMPORARY))
    about = {
        "format_version": FORMAT_VERSION,
        "step": manifest.step,
        "seconds": manifest.seconds,
        "config": to_dict(manifest.config),
    }
    contents = {
        "model.safetensors": save(_plain(model.state_dict())),
        "training.safetensors": save(_plain(_moments(model, optimizer))),
        "manifest.json": (json.dumps(about, indent=2) + "\n").encode(),
    }
    for name, content in contents.items():
        with (temporary / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    temporary.chmod(0o755)  # mkdtemp makes it private
    final = folder / f"{PREFIX}{manifest.step:08d}"
    older = [path for path in folder.glob(PREFIX + "*") if path != final]
    if final.exists():  # the last step was reached before, and is not taken again
        shutil.rmtree(temporary)
        return
    temporary.replace(final)
    for path in older:
        shutil.rmtree(path)


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of a run to go on from; None before the first."""
    return max(folder.glob(PREFIX + "*"), default=None)


def read_manifest(checkpoint: Path) -> Manifest:
    """What a checkpoint says about itself.

    Raises:
        ValueError: it is of another version, or broken.
    """
    path = checkpoint / "manifest.json"
    data = _read_json(path)
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


def load_weights(path: Path, model: Model) -> None:
    """Put weights into a model.

    Raises:
        ValueError: the file is broken, or holds other tensors, or numbers that are not finite.
    """
    tensors = _read_tensors(path)
    wanted = model.state_dict()
    _check_shapes(path, tensors, {name: tensor.shape for name, tensor in wanted.items()})
    model.load_state_dict(tensors)


def load_moments(path: Path, model: Model, optimizer: torch.optim.Optimizer) -> None:
    """Put the moments into the optimiser of a model.

    Raises:
        ValueError: the file is broken, or belongs to another model.
    """
    tensors = _read_tensors(path)
    shapes: dict[str, torch.Size] = {}
    for name, weight in model.named_parameters():
        shapes |= {f"{name}.exp_avg": weight.shape, f"{name}.exp_avg_sq": weight.shape}
        shapes[f"{name}.step"] = torch.Size(())
    _check_shapes(path, tensors, shapes)
    for name, weight in model.named_parameters():
        moments = ("step", "exp_avg", "exp_avg_sq")
        device = {"step": "cpu"}  # where the optimiser keeps it
        optimizer.state[weight] = {
            moment: tensors[f"{name}.{moment}"].to(device.get(moment, weight.device))
            for moment in moments
        }


def _moments(model: Model, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}.{moment}": tensor
        for name, weight in model.named_parameters()
        for moment, tensor in optimizer.state[weight].items()
    }


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: the checkpoint is not complete") from error
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    odd = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if odd:
        raise ValueError(f"{path}: {odd[0]} has numbers that are not finite; train again")
    return tensors


def _check_shapes(
    path: Path, tensors: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]
) -> None:
    names = sorted(set(tensors) ^ set(shapes))
    if names:
        raise ValueError(f"{path} has other tensors than expected: {', '.join(names[:5])}")
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ValueError(
                f"{path}: {name} has shape {tuple(tensors[name].shape)}, the manifest's model "
                f"needs {tuple(shape)}"
            )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: the checkpoint is not complete") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} should hold a JSON object, got {type(data).__name__}")
    return data
