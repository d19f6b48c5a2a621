"""Set before anything is imported: no window, no sound, no accelerator, strict jax.

Torch gets one thread: its work here is tiny, and threads that wait for each other beside other
test processes take several times as long as one.
"""

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_NUMPY_DTYPE_PROMOTION", "strict")
os.environ.setdefault("JAX_NUMPY_RANK_PROMOTION", "raise")

from collections.abc import Iterator
from typing import Final

import hypothesis
import pytest

COMPILING: Final = {"conformance", "knapsack", "life", "lifegpt", "memory", "routing"}
"""Folders whose tests compile much and run little; others ask for it where they do."""

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="module")
def quick_compilation() -> Iterator[None]:
    """XLA is told not to optimise; what holds does so however well code is optimised."""
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture(scope="module", autouse=True)
def compilation_that_suits(request: pytest.FixtureRequest) -> None:
    if request.path.parent.name in COMPILING:
        request.getfixturevalue("quick_compilation")
