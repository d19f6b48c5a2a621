"""Homestead as a world to be learned: how its states are seen, and nothing about its rules."""

from collections.abc import Mapping
from typing import Any, Final

from envs.homestead.engine import initial_state, transition
from envs.homestead.serialise import from_dict, to_dict
from envs.homestead.state import FARMER_ID, OWN_FIELDS, REGION, Farmer, FarmState, Thing
from envs.homestead.tables import Action, Material
from worldmodels.onelife import scenes
from worldmodels.onelife.homestead.observables import FARMER_FIELDS, HomesteadObservables
from worldmodels.onelife.scenes import Scene

_NEUTRAL: Final = 0  # stands for a key that was not recorded
_MATERIALS: Final = tuple(material.slug for material in Material)
_OWN_FIELDS: Final = tuple(field for field in FARMER_FIELDS if field != "position")


class HomesteadWorld:
    """See `worldmodels.onelife.worlds.World`."""

    name: Final = "homestead"
    actions: Final = tuple(action.slug for action in Action)

    def __init__(self) -> None:
        self.observables = HomesteadObservables()

    def action_name(self, action: Action | int | str) -> str:
        """The slug."""
        return action if isinstance(action, str) else Action(action).slug

    def initial(self, seed: int) -> FarmState:
        """A generated farm, 14 by 14 cells."""
        return initial_state(seed)

    def step(self, state: FarmState, action: str) -> FarmState:
        """One transition."""
        return transition(state, action)

    def is_over(self, state: FarmState) -> bool:
        """Whether the farmer is dead."""
        return state.is_over

    def scene(self, state: FarmState) -> Scene:
        """Everything in a state but its key and the next id."""
        return Scene(
            agent=_agent(state.farmer),
            things=tuple([_thing(thing) for thing in state.things]),
            globals={"hour": state.hour, "light": state.light, "raining": state.raining},
            cells=state.cells,
            materials=_MATERIALS,
            region_size=REGION,
        )

    def to_dict(self, state: FarmState) -> dict[str, Any]:
        """As `envs.homestead.serialise`, the key left out."""
        return {name: value for name, value in to_dict(state).items() if name != "key"}

    def from_dict(self, data: Mapping[str, Any]) -> FarmState:
        """The inverse; without a key of its own the state gets a neutral one."""
        return from_dict({"key": _NEUTRAL, **data})


def _agent(farmer: Farmer) -> scenes.Thing:
    attributes = {field: getattr(farmer, field) for field in _OWN_FIELDS}
    attributes.update({f"basket.{item}": count for item, count in farmer.basket.items()})
    return scenes.Thing(FARMER_ID, "farmer", farmer.position, attributes)


def _thing(thing: Thing) -> scenes.Thing:
    attributes = {field: getattr(thing, field) for field in OWN_FIELDS[thing.kind]}
    return scenes.Thing(thing.id, thing.kind, thing.position, attributes)
