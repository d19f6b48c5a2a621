"""World models by name: the built-in ones, and any factory of the user's."""

import functools
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import Action
from worldmodels.interface import WorldModel

CrafterModel = WorldModel[WorldState, Action]
Protocol = Literal["compat", "strict"]
Observables = Literal["onelife", "full"]

BUILT_IN: Final = ("oracle", "kernel", "onelife", "poe", "null", "random", "random_crafter")


class UnknownModelError(Exception):
    """A model cannot be had; the message says why and what to do."""


@functools.lru_cache(maxsize=32)  # the jobs of one worker share a model
def load(name: str, observables: Observables, protocol: Protocol) -> CrafterModel:
    """Make a model.

    Args:
        name: one of `BUILT_IN`, or `package.module:factory`, where `factory()` returns a
            `WorldModel` of Crafter-OO; the current directory is searched, too.
        observables: what the law models predict: the published set, or every field.
        protocol: what the law models were fitted for.

    Raises:
        UnknownModelError: no such name, it cannot be imported, or it is no world model.
    """
    if name in BUILT_IN:
        make = _built_in(name, observables, protocol)
    elif ":" in name:
        make = _attribute(name, *name.split(":", 1))
    else:
        raise UnknownModelError(
            f"unknown model {name!r}; expected one of {', '.join(BUILT_IN)}, or "
            "package.module:factory for a model of your own"
        )
    try:
        model = make()
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


def _built_in(name: str, observables: Observables, protocol: Protocol) -> Callable[[], Any]:
    match name:
        case "kernel":
            kernel = _attribute(name, "worldmodels.kernel", "kernel_model")
            return lambda: kernel(observables)
        case "onelife":
            fitted = "worldmodels.onelife.crafter.fitted"
            onelife = _attribute(name, fitted, "handwritten_model")
            return lambda: onelife(observables)
        case "poe":
            fitted = "worldmodels.onelife.crafter.fitted"
            poe = _attribute(name, fitted, "poe_model")
            return lambda: poe(observables)
        case _:
            classes = {
                "oracle": "Oracle",
                "null": "Null",
                "random": "Random",
                "random_crafter": "RandomCrafter",
            }
            baseline: type[CrafterModel] = _attribute(name, "evaluation.baselines", classes[name])
            return baseline


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
