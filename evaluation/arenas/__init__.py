"""The worlds on which models can be evaluated."""

import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # the table is read by --help, which must answer at once
    from evaluation.arena import Arena

ARENAS: Final[Mapping[str, str]] = {
    "crafter_oo": "evaluation.arenas.crafter_oo.arena:crafter_arena",
    "homestead": "evaluation.arenas.homestead:homestead_arena",
    "life": "evaluation.arenas.life:life_arena",
    "life-16": "evaluation.arenas.life:life_arena_16",
    "life-32": "evaluation.arenas.life:life_arena_32",
}
"""Name of a world -> module:function that makes its arena."""


@functools.cache
def arena_named(name: str) -> "Arena[Any, Any]":
    """Make an arena.

    Raises:
        ValueError: no such world.
    """
    if name not in ARENAS:
        raise ValueError(f"unknown world {name!r}; expected one of {', '.join(ARENAS)}")
    module, _, function = ARENAS[name].partition(":")
    arena: Arena[Any, Any] = getattr(importlib.import_module(module), function)()
    return arena
