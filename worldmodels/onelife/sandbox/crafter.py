"""Crafter-OO states for laws: all of them but the random state. Runs in the parent."""

import dataclasses
import string
from typing import Any, Final

from envs.crafter_oo.engine import action_slug
from envs.crafter_oo.serialise import canonical
from envs.crafter_oo.state import OBJECT_TYPES, Position, WorldState
from envs.crafter_oo.tables import ACHIEVEMENTS, ITEMS, MATERIAL_NAMES, Action
from worldmodels.onelife.distributions import Value
from worldmodels.onelife.sandbox.codec import Codec

_STATE: Final = ("size", "chunk_size", "view", "daylight", "objects", "player", "materials")
_HELPERS: Final = (
    *("update_distance", "contains", "get_tile", "get_target_tile", "nearby", "of_type"),
    *("get_objects_in_update_range", "adjacent_to_player", "find", "distance", "toward"),
)
_FIELDS: Final = {
    field.name for kind in OBJECT_TYPES.values() for field in dataclasses.fields(kind)
}
_NAMES: Final = frozenset(
    (*_STATE, "step_count", *_HELPERS, *_FIELDS, *ITEMS, *ACHIEVEMENTS, "name", "ripe", "x", "y")
)
_HIDDEN: Final = ("chunks", "entity_id_counter_state")  # book-keeping
_LETTERS: Final = string.ascii_letters[: len(MATERIAL_NAMES)]
_TO_LETTERS: Final = bytes.maketrans(bytes(range(len(_LETTERS))), _LETTERS.encode())


def _encode(state: WorldState) -> dict[str, Any]:
    """The canonical form, but for the materials: a text of one letter per cell, x-major.

    Names would make up three quarters of the whole.
    """
    data = canonical(state)
    for name in _HIDDEN:
        del data[name]
    data["materials"] = state.materials.cells.translate(_TO_LETTERS).decode()
    data["legend"] = dict(zip(_LETTERS, MATERIAL_NAMES, strict=True))
    return data


def _action(action: Action | int | str) -> str:
    return action_slug(action)


def _value(value: Value) -> Value:
    """Pairs of whole numbers are positions and directions."""
    if isinstance(value, tuple) and len(value) == 2 and all(type(part) is int for part in value):
        return Position(*value)
    return value


CRAFTER: Final[Codec[WorldState, Action | int | str]] = Codec(
    _encode, _action, _NAMES, _value, view="crafter"
)
