"""The table of ids: where each world's code is, and how it is shown. A new world is a new row."""

import dataclasses
import importlib
from functools import cache
from typing import Any, Final

from gymnasium.envs.registration import register, registry


@dataclasses.dataclass(frozen=True)
class World:
    """One row; entry points are strings, so the table loads no world."""

    id: str
    core: str  # "module:class" of a FunctionalEnv without constructor arguments
    params: str  # "module:class" of a frozen dataclass; its fields are the keywords of gym.make
    versions: str  # what changed a trajectory, newest last
    variants: tuple[dict[str, Any], ...] = ({},)  # keywords that the conformance tests run
    render_modes: tuple[str, ...] = ("human", "rgb_array", "ansi")
    render_size: tuple[int, int] = (576, 576)  # pixels (width, height)
    render_fps: int = 10  # of videos, and of render_mode="human"


CATALOG: Final[dict[str, World]] = {
    world.id: world
    for world in (
        World(
            id="CrafterOO-v0",
            core="envs.crafter_oo.env:CrafterOO",
            params="envs.crafter_oo.params:CrafterParams",
            versions="v0: the rules and the worlds of Crafter 1.8.3, seed by seed",
            variants=tuple(
                {"obs": obs} for obs in ("entities", "oo", "pixels", "semantic", "symbolic")
            ),
        ),
    )
}


def register_world(world: World) -> None:
    """Make an id known to Gymnasium; a second time changes nothing."""
    if world.id not in registry:
        register(
            id=world.id,
            entry_point="envs.gym_adapter:make_env",
            vector_entry_point="envs.gym_adapter:make_vector_env",
            kwargs={"world": world.id},
        )


def find_world(name: str) -> World:
    """The row of an id, with or without the prefix `envs:`.

    Raises:
        ValueError: there is no such row.
    """
    world = CATALOG.get(name.removeprefix("envs:"))
    if world is None:
        raise ValueError(f"no world is called {name!r}; there are: {', '.join(CATALOG)}")
    return world


def load_core(world: World) -> Any:
    """The world's `FunctionalEnv`; one shared instance, since cores hold no episode."""
    return _shared_core(world.core)


def make_params(world: World, keywords: dict[str, Any]) -> Any:
    """The world's parameters, with some fields set.

    Raises:
        TypeError: a keyword is no field.
        ValueError: the world refuses a value.
    """
    params_class = _load(world.params)
    known = [field.name for field in dataclasses.fields(params_class)]
    unknown = [name for name in keywords if name not in known]
    if unknown:
        raise TypeError(
            f"{world.id} has no keyword {', '.join(unknown)}; its keywords are {', '.join(known)}"
        )
    # JSON has no tuples, and specs of environments are stored as JSON
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in keywords.items()}
    return params_class(**values)


@cache
def _shared_core(entry_point: str) -> Any:
    return _load(entry_point)()


def _load(entry_point: str) -> Any:
    module, name = entry_point.split(":")
    return getattr(importlib.import_module(module), name)
