"""What differs between two states, leaf by leaf, for people to read."""

import json
from collections.abc import Iterator
from typing import Any

_ABSENT = object()
_GRIDS = ("materials", "cells")
_IDENTITIES = (("name", "entity_id"), ("kind", "id"))  # what names an object in a list


def differences(old: str, new: str) -> list[str]:
    """Changes from one state to another, as `inventory.wood 0 → 1`.

    Fields of the agent stand without prefix, objects are called by their kind and id, cells of
    the grid by their place.

    Args:
        old: canonical JSON text of a state.
        new: that of another.
    """
    return [
        f"{_title(path)} {_show(before)} → {_show(after)}"
        for path, before, after in _changes((), _named(json.loads(old)), _named(json.loads(new)))
    ]


def _title(path: tuple[str, ...]) -> str:
    match path:
        case (grid, x, y) if grid in _GRIDS:
            return f"cell ({x}, {y})"
        case ("player" | "farmer" | "objects" | "things", *rest):
            return ".".join(rest)
        case _:
            return ".".join(path)


def _named(value: Any) -> Any:
    """Lists as dicts: objects by kind and id, so that one more object shifts none; no pairs."""
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value):
        return tuple(value)
    if isinstance(value, list):
        return {_name(index, item): _named(item) for index, item in enumerate(value)}
    return value


def _name(index: int, item: Any) -> str:
    if isinstance(item, dict):
        for kind, number in _IDENTITIES:
            if kind in item and number in item:
                return f"{item[kind]}#{item[number]}"
    return str(index)


def _changes(
    path: tuple[str, ...], old: Any, new: Any
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _changes((*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif old != new:
        yield path, old, new


def _show(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, dict):
        return str(value.get("name", value.get("kind", "present")))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
