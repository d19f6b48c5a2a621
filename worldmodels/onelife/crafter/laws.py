"""How Crafter-OO laws are written down."""

from collections.abc import Callable, Mapping

from envs.crafter_oo.engine import action_slug
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import Action
from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import FunctionLaw

CrafterLaw = FunctionLaw[WorldState, Action | int | str]
Effects = Mapping[str, Distribution]
When = Callable[[WorldState, str], bool]
Then = Callable[[WorldState, str], Effects]


def law(name: str, when: When, then: Then) -> CrafterLaw:
    """A law about states and action slugs that takes actions in any form."""
    return FunctionLaw(
        name,
        lambda state, action: when(state, action_slug(action)),
        lambda state, action: then(state, action_slug(action)),
    )


def sure(**values: Value) -> dict[str, Distribution]:
    """Certain values of observables of the player; a double underscore stands for a dot."""
    return {
        "player." + name.replace("__", "."): Distribution.point(value)
        for name, value in values.items()
    }


def health_is(chances: Mapping[Value, float]) -> dict[str, Distribution]:
    """The player's health, which the state stores twice."""
    health = Distribution.of(chances)
    return {"player.health": health, "player.inventory.health": health}


def always(state: WorldState, action: str) -> bool:
    """When a law speaks about every step."""
    return True
