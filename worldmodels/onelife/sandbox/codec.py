"""How states, actions and values of one world pass between the two processes."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from worldmodels.onelife.distributions import Value

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")
Json = Any


def _same(value: Value) -> Value:
    return value


@dataclasses.dataclass(frozen=True)
class Codec(Generic[StateT, ActionT]):
    """What laws are shown of a world.

    A state reaches laws as an object whose attributes are the fields of the JSON object. Lists
    are tuples there; {"x": ..., "y": ...} is a position that can be added, subtracted and asked
    for its `distance` and the step `toward` another.
    """

    encode: Callable[[StateT], Json]  # must hold all that laws may know, and nothing random
    action: Callable[[ActionT], Json]
    names: frozenset[str]  # all attributes that laws may read
    value: Callable[[Value], Value] = _same  # from tuples and numbers to the values of the world
    view: str = "plain"  # of `crafter_view.VIEWS`: how the child shows it


def fields_codec(*fields: str) -> Codec[Any, Any]:
    """Shows some fields of the states, which hold plain numbers and texts.

    An enumerated action is shown as its value.
    """

    def encode(state: Any) -> Mapping[str, Json]:
        return {field: getattr(state, field) for field in fields}

    def action(action: Any) -> Json:
        return getattr(action, "value", action)

    return Codec(encode, action, frozenset(fields))
