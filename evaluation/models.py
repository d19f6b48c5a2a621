"""World models by name: the built-in ones, learned ones, and any factory of the user's."""

import functools
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from evaluation.arena import Arena, ObservableSet
from evaluation.arenas import arena_named
from worldmodels.interface import WorldModel

LAWS_FILE: Final = "laws.json"
"""What `python -m worldmodels.onelife run` writes into its folder."""


class UnknownModelError(Exception):
    """A model cannot be had; the message says why and what to do."""


@functools.lru_cache(maxsize=32)  # the jobs of one worker share a model
def load_model(world: str, name: str, observables: ObservableSet) -> WorldModel[Any, Any]:
    """Make a model.

    Args:
        world: as in `evaluation.arenas.ARENAS`.
        name: a built-in model of the world; or a folder that `python -m worldmodels.onelife run`
            wrote, or the `laws.json` in it, or for Life one of `python -m worldmodels.lifegpt
            train`; or `package.module:factory`, where `factory()` returns a `WorldModel` of the
            world and the current directory is searched, too.
        observables: what the built-in and learned models predict: the published set, or every
            field.

    Raises:
        UnknownModelError: no such name, it cannot be imported or read, or it is no world model.
    """
    arena = arena_named(world)
    try:
        model = _make(arena, name, observables)
    except UnknownModelError:
        raise
    except Exception as error:  # the factory may be the user's: whatever it raises is reported
        raise UnknownModelError(
            f"model {name!r} could not be made: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, WorldModel):
        raise UnknownModelError(
            f"model {name!r} is a {type(model).__name__}; its factory must return a "
            "worldmodels.interface.WorldModel"
        )
    return model


def _make(arena: Arena[Any, Any], name: str, observables: ObservableSet) -> Any:
    if name in arena.models:
        return arena.models[name](observables)
    path = Path(name)
    if path.is_dir() and arena.load is not None:
        return arena.load(path)
    if path.is_dir() or path.name == LAWS_FILE:
        return _learned(arena, path, observables)
    if ":" in name:
        return _attribute(name, *name.split(":", 1))()
    command = "onelife run" if arena.load is None else "lifegpt train"
    raise UnknownModelError(
        f"unknown model {name!r}; expected one of {', '.join(arena.models)}, or a folder written "
        f"by python -m worldmodels.{command}, or package.module:factory for a model of your own"
    )


def _learned(arena: Arena[Any, Any], path: Path, observables: ObservableSet) -> Any:
    file = path / LAWS_FILE if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownModelError(
            f"model '{path}' has no laws that can be read from {file}: {error}. Learn some with "
            f"python -m worldmodels.onelife run --world {arena.name}"
        ) from error
    world = data.get("world") if isinstance(data, dict) else None
    if world != arena.name:
        raise UnknownModelError(
            f"model '{path}' holds laws of the world {world!r}, and --world is {arena.name!r}; "
            "judge it in the world it was learned in"
        )
    load_learned = _attribute(str(path), "worldmodels.onelife.learned", "load_learned")
    return load_learned(path, observables)


def _attribute(name: str, module: str, attribute: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing runs the user's code: whatever it raises is reported
        raise UnknownModelError(
            f"model {name!r} could not be imported from {module}:{attribute}: "
            f"{type(error).__name__}: {error}"
        ) from error
