"""The worlds under test: every row of the catalog, and the toys."""

from collections.abc import Iterator
from typing import Any

import jax
import pytest
from toys import PAIR, TOYS, TWIN

from envs.catalog import CATALOG, load_core, register_world, stepper_row

WORLDS = (*CATALOG.values(), *TOYS)
JAX_WORLDS = [world for world in WORLDS if load_core(world).traceable]
BATCHED_WORLDS = [world for world in (*WORLDS, TWIN) if load_core(stepper_row(world)).traceable]

for _toy in (*TOYS, PAIR, TWIN):
    CATALOG.setdefault(_toy.id, _toy)
    register_world(_toy)


@pytest.fixture(scope="package", autouse=True)
def quick_compilation() -> Iterator[None]:
    """Promises hold however well code is optimised, and these tests compile much and run little."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `world` each row, `variant` each row with each of its keyword sets.

    `jax_world` is each row made of jax functions, `batched_world` those and each with a stepper.
    """
    if "variant" in metafunc.fixturenames:
        pairs = [(world, keywords) for world in WORLDS for keywords in world.variants]
        names = [f"{world.id}-{_spell(keywords)}" for world, keywords in pairs]
        metafunc.parametrize("variant", pairs, ids=names)
    elif "world" in metafunc.fixturenames:
        metafunc.parametrize("world", WORLDS, ids=lambda world: world.id)
    elif "jax_world" in metafunc.fixturenames:
        metafunc.parametrize("jax_world", JAX_WORLDS, ids=lambda world: world.id)
    elif "batched_world" in metafunc.fixturenames:
        metafunc.parametrize("batched_world", BATCHED_WORLDS, ids=lambda world: world.id)


def _spell(keywords: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in keywords.items()) or "default"
