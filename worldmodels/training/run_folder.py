"""The folder of one run: its configuration, its log, and its last good checkpoints.

| file | what is in it |
|---|---|
| `config.json` | what was asked for |
| `metrics.jsonl` | a line for every measurement |
| `checkpoint-<step>/manifest.json` | format version, step, and what else the learner notes |
| `checkpoint-<step>/*.safetensors` | arrays |

A checkpoint is written under a temporary name and renamed, so that a kill at any moment leaves the
last good one. Nothing is ever unpickled.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from envs.files import write_text

Record = dict[str, Any]

CONFIG: Final = "config.json"
METRICS: Final = "metrics.jsonl"
MANIFEST: Final = "manifest.json"
PREFIX: Final = "checkpoint-"
TEMPORARY: Final = ".checkpoint-"


def open_run(folder: Path, config: Mapping[str, Any], free: Collection[str] = ()) -> None:
    """Make the folder of a run, or find that it belongs to the same run.

    Args:
        folder: of the run.
        config: as JSON.
        free: names in it that may change when a run goes on.

    Raises:
        ValueError: it belongs to another run, or its `config.json` is broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG
    if path.exists():
        found = read_json(path)
        names = [name for name in {**config, **found} if found.get(name) != config.get(name)]
        fixed = [name for name in names if name not in free]
        if fixed:
            differences = ", ".join(f"{n}={found.get(n)} (now {config.get(n)})" for n in fixed)
            raise ValueError(
                f"{path} was made with {differences}: choose another --out, or the same arguments"
            )
        if not names:
            return
    write_text(path, json.dumps(config, indent=2) + "\n")


def checkpoints(folder: Path) -> list[Path]:
    """Those of a run, the oldest first."""
    return sorted(folder.glob(PREFIX + "*"))


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of a run to go on from; None before the first."""
    return next(reversed(checkpoints(folder)), None)


def write_checkpoint(
    folder: Path, step: int, files: Mapping[str, bytes], kept: Collection[Path] = ()
) -> Path:
    """Write a checkpoint and remove all others but those to be kept."""
    for leftover in folder.glob(TEMPORARY + "*"):
        shutil.rmtree(leftover)
    final = folder / f"{PREFIX}{step:08d}"
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=TEMPORARY))
    for name, content in files.items():
        with (temporary / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    temporary.chmod(0o755)  # mkdtemp makes it private
    if final.exists():  # the step was reached before, by a run that was to end elsewhere
        _remove(final)
    temporary.replace(final)
    for path in checkpoints(folder):
        if path != final and path not in kept:
            _remove(path)
    return final


def _remove(checkpoint: Path) -> None:
    """Not a checkpoint any more before the first of its files is gone."""
    hidden = Path(tempfile.mkdtemp(dir=checkpoint.parent, prefix=TEMPORARY)) / checkpoint.name
    checkpoint.replace(hidden)
    shutil.rmtree(hidden.parent)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: the file is missing, or holds something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: what it belongs to is not complete") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} should hold a JSON object, got {type(data).__name__}")
    return data


def read_manifest_of(checkpoint: Path, version: int) -> dict[str, Any]:
    """The manifest of a checkpoint.

    Raises:
        ValueError: it is missing or broken, or of another format version.
    """
    path = checkpoint / MANIFEST
    manifest = read_json(path)
    if manifest.get("format_version") != version:
        raise ValueError(
            f"{path} has format version {manifest.get('format_version')!r}, this program reads "
            f"{version}: train again"
        )
    return manifest


def read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read the arrays of a checkpoint.

    Args:
        path: a safetensors file.
        shapes: what should be in it.

    Raises:
        ValueError: it is missing or broken, or holds other arrays, or numbers that are not finite.
    """
    try:
        arrays = load_file(path)
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: the checkpoint is not complete") from error
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error
    odd = sorted(set(arrays) ^ set(shapes))
    if odd:
        raise ValueError(f"{path} has other arrays than expected: {', '.join(odd[:5])}")
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{path}: {name} has shape {arrays[name].shape}, expected {shape}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{path}: {name} has numbers that are not finite; train again")
    return arrays


def read_records(folder: Path, step: int) -> list[Record]:
    """The lines of the log up to the step of a checkpoint; a kill may have left later ones.

    Raises:
        ValueError: the log is broken, or has no line of that step.
    """
    if not step:
        return []
    path = folder / METRICS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        kept: list[Record] = [record for record in records if record["step"] <= step]
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); choose another --out") from error
    if not kept or kept[-1]["step"] != step:
        raise ValueError(f"{path} has no line of step {step}, of the checkpoint to go on from")
    return kept


def write_records(folder: Path, records: list[Record]) -> None:
    """Write the log anew."""
    write_text(folder / METRICS, "".join(json.dumps(record) + "\n" for record in records))
