"""States of Life as JSON text, and back."""

import dataclasses
import json
from typing import Any, Final

import jax.numpy as jnp
import numpy as np

from envs.life.formats import parse_rle, write_rle
from envs.life.state import MEMORY, LifeState

_GRIDS: Final = ("cells", "previous", "untouched")
_NUMBERS: Final = {
    "agent": ((2,), np.int32),
    "time": ((), np.int32),
    "held": ((), np.int32),
    "crossed": ((), np.int32),
    "accuracy": ((), np.float32),
    "hashes": ((MEMORY,), np.uint32),
}


def dumps(state: LifeState) -> str:
    """Write a state; its grids are RLE."""
    fields: dict[str, Any] = {name: write_rle(np.asarray(getattr(state, name))) for name in _GRIDS}
    fields |= {name: np.asarray(getattr(state, name)).tolist() for name in _NUMBERS}
    return json.dumps(fields, indent=1)


def loads(text: str) -> LifeState:
    """Read what `dumps` wrote.

    Raises:
        ValueError: the text is no such thing; the message names the field.
    """
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"a state of Life is a JSON object; {error}") from error
    names = [field.name for field in dataclasses.fields(LifeState)]
    if not isinstance(fields, dict) or sorted(fields) != sorted(names):
        raise ValueError(f"a state of Life is a JSON object of the fields {', '.join(names)}")
    values: dict[str, Any] = {name: _grid(name, fields[name]) for name in _GRIDS}
    values |= {name: _number(name, fields[name]) for name in _NUMBERS}
    shape = values["cells"].shape
    if values["previous"].shape != shape or values["untouched"].shape not in (shape, (0, 0)):
        raise ValueError("the grids of a state of Life have the same size")
    if not ((values["agent"] >= 0) & (values["agent"] < jnp.array(shape))).all():
        raise ValueError(f"agent stands on the grid of {shape}; got {fields['agent']}")
    return LifeState(**values)


def _grid(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"{name} is RLE; got {value!r}")
    try:
        return jnp.asarray(parse_rle(value).cells)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _number(name: str, value: Any) -> Any:
    shape, kind = _NUMBERS[name]
    try:
        number = np.array(value, kind)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{name} is made of numbers; got {value!r}") from error
    if number.shape != shape:
        raise ValueError(f"{name} has the shape {shape}; got {number.shape}")
    return jnp.asarray(number)
