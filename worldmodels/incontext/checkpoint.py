"""The learner on disk, in the folder of a run: see `worldmodels.training.run_folder`.

`model.safetensors` of a checkpoint holds the networks, `training.safetensors` what else it takes to
go on: optimiser, worlds, key. `metrics.jsonl` has a line for every update.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from envs.files import write_text
from worldmodels.training.run_folder import (
    CONFIG,
    MANIFEST,
    read_json,
    read_manifest_of,
    write_checkpoint,
)

T = TypeVar("T")

FORMAT_VERSION: Final = 1


def open_run(folder: Path, config: Mapping[str, Any]) -> None:
    """Make the folder of a run, or find that it belongs to the same run.

    Raises:
        ValueError: it belongs to another one, or its `config.json` is broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG
    if path.exists():
        check_config(read_json(path), config, path)
    else:
        write_text(path, json.dumps(config, indent=2) + "\n")


def check_config(found: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    """Refuse what was made with another configuration.

    Raises:
        ValueError: names the fields and their two values.
    """
    wanted = json.loads(json.dumps(wanted))  # what JSON makes of it: no tuples
    names = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    if names:
        differences = ", ".join(f"{n}={found.get(n)} (now {wanted.get(n)})" for n in names)
        raise ValueError(
            f"{path} was made with {differences}: choose another --out, or the same arguments"
        )


def save_checkpoint(
    folder: Path, update: int, model: Any, training: Any, config: Mapping[str, Any]
) -> Path:
    """Write a checkpoint and remove the ones before it.

    Args:
        folder: Of the run.
        update: How many updates were made.
        model: The networks, a tree of arrays.
        training: Whatever else changes during training, a tree of arrays and keys.
        config: Of the run.
    """
    manifest = {"format_version": FORMAT_VERSION, "update": update, "config": dict(config)}
    files = {
        "model.safetensors": save(_named_arrays(model)),
        "training.safetensors": save(_named_arrays(training)),
        MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode(),
    }
    return write_checkpoint(folder, update, files)


def read_manifest(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint says about itself.

    Raises:
        ValueError: it is of another version, or broken.
    """
    path = checkpoint / MANIFEST
    manifest = read_manifest_of(checkpoint, FORMAT_VERSION)
    if not isinstance(manifest.get("update"), int) or not isinstance(manifest.get("config"), dict):
        raise ValueError(f"{path} needs a number 'update' and an object 'config'")
    return manifest


def load_arrays(path: Path, like: T) -> T:
    """Read a tree of arrays.

    Args:
        path: A file that `save_checkpoint` wrote.
        like: The same tree, of arrays or of `jax.ShapeDtypeStruct`.

    Raises:
        ValueError: the file is broken, or holds other arrays.
    """
    try:
        arrays = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    names = [_name(where) for where, _ in leaves]
    if set(names) != set(arrays):
        odd = sorted(set(names) ^ set(arrays))
        raise ValueError(f"{path} has other arrays than expected: {', '.join(odd[:5])}")
    pairs = zip(names, leaves, strict=True)
    values = [_leaf(arrays[name], leaf, f"{path}: {name}") for name, (_, leaf) in pairs]
    tree: T = jax.tree_util.tree_unflatten(structure, values)
    return tree


def _named_arrays(tree: Any) -> dict[str, np.ndarray]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {_name(where): np.asarray(_words(leaf)) for where, leaf in leaves}


def _name(where: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(where, simple=True, separator=".")


def _is_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _words(leaf: Any) -> Any:
    """An array as it is; the 32-bit words of keys."""
    return jax.random.key_data(leaf) if _is_key(leaf) else leaf


def _leaf(array: np.ndarray, like: Any, where: str) -> Any:
    wanted = jax.eval_shape(_words, like)
    if array.shape != wanted.shape or array.dtype != wanted.dtype:
        raise ValueError(
            f"{where} has shape {array.shape} and type {array.dtype}, expected {wanted.shape} and "
            f"{wanted.dtype}"
        )
    value = jnp.asarray(array)
    return jax.random.wrap_key_data(value) if _is_key(like) else value
