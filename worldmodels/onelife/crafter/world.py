"""Crafter-OO as a world to be learned: how its states are seen, and nothing about its rules."""

from collections.abc import Mapping
from typing import Any, Final

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import action_slug, initial_state, transition
from envs.crafter_oo.serialise import from_dict, to_dict
from envs.crafter_oo.state import ObjectState, PlayerState, WorldState
from envs.crafter_oo.tables import ACHIEVEMENTS, ITEMS, MATERIAL_NAMES, Action
from worldmodels.onelife.crafter.observables import OBJECT_FIELDS, PLAYER_FIELDS, FullObservables
from worldmodels.onelife.scenes import Scene, Thing

_NEUTRAL: Final = KeyedDraws(0).dumps()  # stands for draws that were not recorded
_MATERIALS: Final = tuple(name or "nothing" for name in MATERIAL_NAMES)
_OWN_FIELDS: Final = tuple(field for field in PLAYER_FIELDS if field != "position")
_ITEM_NAMES: Final = tuple(f"inventory.{item}" for item in ITEMS)
_ACHIEVEMENT_NAMES: Final = tuple(f"achievements.{name}" for name in ACHIEVEMENTS)
_RECORDS: Final = frozenset(_ACHIEVEMENT_NAMES)
_FIELDS: Final = {
    kind: tuple(field for field in fields if field != "position")
    for kind, fields in OBJECT_FIELDS.items()
}


class CrafterWorld:
    """See `worldmodels.onelife.worlds.World`."""

    name: Final = "crafter_oo"
    actions: Final = tuple(action.slug for action in Action)

    def __init__(self) -> None:
        self.observables = FullObservables()

    def action_name(self, action: Action | int | str) -> str:
        """The slug."""
        return action_slug(action)

    def initial(self, seed: int) -> WorldState:
        """A generated world, 64 by 64 cells."""
        return initial_state(seed=seed)

    def step(self, state: WorldState, action: str) -> WorldState:
        """One transition of the object engine."""
        next_state, _ = transition(state, action)
        return next_state

    def is_over(self, state: WorldState) -> bool:
        """Whether the player is dead."""
        return state.player.health <= 0

    def scene(self, state: WorldState) -> Scene:
        """Everything in a state but chunks, and `ripe`, which says what `grown` says."""
        return Scene(
            agent=_agent(state.player),
            things=tuple([_thing(entity) for entity in state.objects[1:]]),
            globals={"step_count": state.step_count, "daylight": state.daylight},
            cells=state.materials.array,
            materials=_MATERIALS,
            region_size=state.chunk_size,
        )

    def to_dict(self, state: WorldState) -> dict[str, Any]:
        """As `envs.crafter_oo.serialise`, the player once, the random state left out."""
        data = to_dict(state)
        return {k: v for k, v in data.items() if k not in ("player", "serialized_random_state")}

    def from_dict(self, data: Mapping[str, Any]) -> WorldState:
        """The inverse; without draws of its own the state gets neutral ones."""
        objects = data.get("objects")
        if not isinstance(objects, list) or not objects:
            raise ValueError(
                f"a state needs the list 'objects', the player first; got {str(objects)[:80]}"
            )
        completed = {"player": objects[0], "serialized_random_state": _NEUTRAL, **data}
        return from_dict(completed)


def _agent(player: PlayerState) -> Thing:
    attributes = {field: getattr(player, field) for field in _OWN_FIELDS}
    attributes.update(zip(_ITEM_NAMES, player.inventory.values(), strict=True))
    attributes.update(zip(_ACHIEVEMENT_NAMES, player.achievements.values(), strict=True))
    return Thing(player.entity_id, player.name, player.position, attributes, _RECORDS)


def _thing(entity: ObjectState) -> Thing:
    attributes = {field: getattr(entity, field) for field in _FIELDS[entity.name]}
    return Thing(entity.entity_id, entity.name, entity.position, attributes)
