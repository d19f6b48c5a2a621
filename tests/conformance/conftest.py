"""The worlds under test: every row of the catalog that is not one with other numbers; toys."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Final

import pytest
from toys import PAIR, TOYS, TWIN

from envs.catalog import (
    CATALOG,
    World,
    load_core,
    make_stepper_params,
    register_world,
    stepper_row,
)

PACKAGES: Final = {None: "envs", "mjx": "mujoco"}
"""Extra -> a package that is there if it is installed."""


def _distinct(worlds: Iterable[World]) -> list[World]:
    """Without the rows that are another row with other numbers: same code, another preset."""
    first: dict[tuple[str, str, str | None], World] = {}
    for world in worlds:
        first.setdefault((world.core, world.params, world.extra), world)
    return list(first.values())


def _installed(worlds: Iterable[World]) -> list[World]:
    """Without the rows whose extra is not installed."""
    return [world for world in worlds if find_spec(PACKAGES[world.extra]) is not None]


WORLDS = (*_distinct(_installed(CATALOG.values())), *TOYS)
JAX_WORLDS = [world for world in WORLDS if load_core(world).traceable]
BATCHED_WORLDS = [world for world in (*WORLDS, TWIN) if load_core(stepper_row(world)).traceable]

for _toy in (*TOYS, PAIR, TWIN):
    CATALOG.setdefault(_toy.id, _toy)
    register_world(_toy)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `world` each row, `variant` each row with each of its keyword sets.

    `jax_world` is each row made of jax functions. Batches know of a row but its core and its kind
    of action, so `jax_kind` is the first row of each; `batched_kind` is those and each with a
    stepper.
    """
    if "variant" in metafunc.fixturenames:
        pairs = [(world, keywords) for world in WORLDS for keywords in world.variants]
        names = [f"{world.id}-{_spell(keywords)}" for world, keywords in pairs]
        metafunc.parametrize("variant", pairs, ids=names)
    elif "world" in metafunc.fixturenames:
        metafunc.parametrize("world", WORLDS, ids=lambda world: world.id)
    elif "jax_world" in metafunc.fixturenames:
        metafunc.parametrize("jax_world", JAX_WORLDS, ids=lambda world: world.id)
    elif "jax_kind" in metafunc.fixturenames:
        metafunc.parametrize("jax_kind", _kinds(JAX_WORLDS), ids=lambda world: world.id)
    elif "batched_kind" in metafunc.fixturenames:
        metafunc.parametrize("batched_kind", _kinds(BATCHED_WORLDS), ids=lambda world: world.id)


def _kinds(worlds: list[World]) -> list[World]:
    """The first row of each core and kind of action."""
    first: dict[tuple[str, type], World] = {}
    for world in worlds:
        row = stepper_row(world)
        space = load_core(row).action_space(make_stepper_params(world, {}))
        first.setdefault((row.core, type(space)), world)
    return list(first.values())


def _spell(keywords: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in keywords.items()) or "default"
