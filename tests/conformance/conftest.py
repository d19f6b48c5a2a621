"""The worlds under test: every row of the catalog, and two toys."""

import importlib
from typing import Any

import pytest
from toys import PAIR, TOYS

from envs.catalog import CATALOG, World, register_world

WORLDS = (*CATALOG.values(), *TOYS)

for _toy in (*TOYS, PAIR):
    CATALOG.setdefault(_toy.id, _toy)
    register_world(_toy)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `world` each row, and `variant` each row with each of its keyword sets."""
    if "variant" in metafunc.fixturenames:
        pairs = [(world, keywords) for world in WORLDS for keywords in world.variants]
        names = [f"{world.id}-{_spell(keywords)}" for world, keywords in pairs]
        metafunc.parametrize("variant", pairs, ids=names)
    elif "world" in metafunc.fixturenames:
        metafunc.parametrize("world", WORLDS, ids=lambda world: world.id)
    elif "jax_world" in metafunc.fixturenames:
        rows = [world for world in WORLDS if _is_traceable(world)]
        metafunc.parametrize("jax_world", rows, ids=lambda world: world.id)


def _spell(keywords: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in keywords.items()) or "default"


def _is_traceable(world: World) -> bool:
    module, name = world.core.split(":")
    return bool(getattr(importlib.import_module(module), name).traceable)
