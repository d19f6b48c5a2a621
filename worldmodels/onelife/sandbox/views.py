"""What laws see of a state: JSON as objects that laws cannot change. Runs in the child."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Json = Any


class Position(NamedTuple):
    """A cell or a direction, from JSON's {"x": ..., "y": ...}.

    That of the world itself comes with numpy, which must not exist in the child; a test holds the
    two equal.
    """

    x: int
    y: int

    def __add__(self, other: tuple[int, int]) -> "Position":  # type: ignore[override]  # a vector
        return Position(self.x + other[0], self.y + other[1])

    def __sub__(self, other: tuple[int, int]) -> "Position":
        return Position(self.x - other[0], self.y - other[1])

    def distance(self, other: tuple[int, int]) -> int:
        """Manhattan distance."""
        return abs(self.x - other[0]) + abs(self.y - other[1])

    def toward(self, target: tuple[int, int], long_axis: bool = True) -> "Position":
        """Unit step along the longer or the shorter axis; on a tie the longer one is y."""
        dx, dy = target[0] - self.x, target[1] - self.y
        if (abs(dx) > abs(dy)) == long_axis:
            return Position((dx > 0) - (dx < 0), 0)
        return Position(0, (dy > 0) - (dy < 0))


class Record:
    """A JSON object whose fields are attributes."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_fields", fields)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._fields[name]
        except KeyError:
            known = ", ".join(self._fields)
            raise AttributeError(f"there is no {name!r} here; there are {known}") from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name!r} cannot be set: laws do not change what they are shown")

    def __repr__(self) -> str:
        return f"Record({', '.join(self._fields)})"


def plain_view(data: Json) -> Any:
    """JSON with objects as records, positions as `Position` and lists as tuples."""
    if isinstance(data, dict):
        if data.keys() == {"x", "y"}:
            return Position(data["x"], data["y"])
        return Record({name: plain_view(value) for name, value in data.items()})
    if isinstance(data, list):
        return tuple([plain_view(value) for value in data])
    return data
