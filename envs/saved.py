"""States that are dataclasses of arrays, as JSON text, and back."""

import dataclasses
import json
import types
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import jax.numpy as jnp
import numpy as np
from jaxtyping import jaxtyped

T = TypeVar("T")

_DTYPES: Final = {
    "b": ("bool",),
    "i": ("int32", "float32"),
    "f": ("float32",),
    "e": ("bool", "int32", "float32"),
}
"""Kind of numbers in the text, or "e" for none at all -> what they may become."""


def dumps(node: Any) -> str:
    """Write a dataclass of arrays, strings, None, tuples and other such dataclasses."""
    return json.dumps(_plain(node), indent=1)


def _plain(node: Any) -> Any:
    if dataclasses.is_dataclass(node):
        return {field.name: _plain(getattr(node, field.name)) for field in dataclasses.fields(node)}
    if node is None or isinstance(node, str):
        return node
    if isinstance(node, tuple):
        return [_plain(part) for part in node]
    array = np.asarray(node)
    return array.tolist() if array.size else {"empty": list(array.shape)}


def loads(text: str, kind: type[T]) -> T:
    """Read what `dumps` wrote; the types of the fields say which shapes belong together.

    Raises:
        ValueError: the text is no such thing; the message names the field.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"a state is a JSON object; {error}") from error
    leaves: list[tuple[str, Any, Any]] = []
    parts = _parsed(given, kind, "a state", leaves)
    with jaxtyped("context"):  # axes of one name are of one length
        for name, value, hint in leaves:
            if not isinstance(value, hint):
                raise ValueError(
                    f"{name} is a {hint.__name__}, with axes as long as elsewhere; got the shape "
                    f"{value.shape} and the type {value.dtype}"
                )
    built: T = _built(parts, kind)
    return built


def _parsed(given: Any, kind: Any, name: str, leaves: list[tuple[str, Any, Any]]) -> Any:
    """The same with arrays for lists and numbers; these are put on the list too."""
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
        if not isinstance(given, dict) or sorted(given) != sorted(names):
            raise ValueError(f"{name} is a JSON object of the fields {', '.join(names)}")
        hints = get_type_hints(kind)
        return {each: _parsed(given[each], hints[each], each, leaves) for each in names}
    if get_origin(kind) is tuple:  # of any number of parts, all of one kind
        if not isinstance(given, list):
            raise ValueError(f"{name} is a list; got {given!r:.200}")
        return tuple(_parsed(part, get_args(kind)[0], name, leaves) for part in given)
    if get_origin(kind) is types.UnionType:
        return None if given is None else _parsed(given, get_args(kind)[0], name, leaves)
    if kind is str:
        if not isinstance(given, str):
            raise ValueError(f"{name} is text; got {given!r}")
        return given
    value = _array(given, kind, name)
    leaves.append((name, value, kind))
    return value


def _array(given: Any, kind: Any, name: str) -> Any:
    """An array of the type that a field asks for, or else as it comes."""
    is_empty = isinstance(given, dict) and list(given) == ["empty"]
    try:
        array = np.zeros(given["empty"]) if is_empty else np.array(given)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is made of numbers; got {given!r:.200}") from error
    if array.dtype.kind not in _DTYPES or not np.isfinite(array).all():
        raise ValueError(f"{name} is made of finite numbers; got {given!r:.200}")
    dtypes = _DTYPES["e" if is_empty else array.dtype.kind]
    candidates = [jnp.asarray(array.astype(dtype)) for dtype in dtypes]
    return next((each for each in candidates if isinstance(each, kind)), candidates[0])


def _built(parts: Any, kind: Any) -> Any:
    if not dataclasses.is_dataclass(kind):
        return parts
    hints = get_type_hints(kind)
    fields = {name: _built(part, hints[name]) for name, part in parts.items()}
    return kind(**fields)  # type: ignore[operator]  # a class
