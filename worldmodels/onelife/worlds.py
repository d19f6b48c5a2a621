"""What a world must offer to be learned from one life, and the worlds that do.

Names of observables follow one pattern, so that laws about scenes can be turned into laws about
states: `<global>`, `<agent's kind>.<attribute or position>`, `object.<id>.<attribute or position>`
(position `ABSENT` once it is gone), `material.<x>.<y>`, and for what was not there before
`new.<kind>.<x>.<y>` (True, or a direction) or `spawn.<kind>.<x of region>.<y of region>`
(a position).
"""

import importlib
from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from worldmodels.onelife.observables import Observables
from worldmodels.onelife.scenes import Scene

StateT = TypeVar("StateT")


@runtime_checkable
class World(Protocol[StateT]):
    """One world: actions, rules to be found out, and how its states are seen."""

    @property
    def name(self) -> str:
        """As in `WORLDS`."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions; nothing is known about what they do."""

    @property
    def observables(self) -> Observables[StateT]:
        """How states are cut into observables, everything that can change included."""

    def action_name(self, action: Any) -> str:
        """The name of an action in whatever form the world's programs use."""

    def initial(self, seed: int) -> StateT:
        """The first state of a life."""

    def step(self, state: StateT, action: str) -> StateT:
        """What happens, drawn from the random state inside `state`, which is left unchanged."""

    def is_over(self, state: StateT) -> bool:
        """Whether the life has ended."""

    def scene(self, state: StateT) -> Scene:
        """How a state is seen."""

    def to_dict(self, state: StateT) -> dict[str, Any]:
        """A state as JSON."""

    def from_dict(self, data: Mapping[str, Any]) -> StateT:
        """The inverse of `to_dict`; without a random state the state has a fixed one.

        Raises:
            ValueError: names the field that is wrong.
        """


WORLDS: Final[Mapping[str, str]] = {
    "crafter_oo": "worldmodels.onelife.crafter.world:CrafterWorld",
    "homestead": "worldmodels.onelife.homestead.world:HomesteadWorld",
}
"""Name -> module:class."""


def world_named(name: str) -> World[Any]:
    """Make a world.

    Raises:
        ValueError: no such world.
    """
    if name not in WORLDS:
        raise ValueError(f"unknown world {name!r}; expected one of {', '.join(WORLDS)}")
    module, _, attribute = WORLDS[name].partition(":")
    world: World[Any] = getattr(importlib.import_module(module), attribute)()
    return world
