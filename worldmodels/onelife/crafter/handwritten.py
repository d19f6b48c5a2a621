"""The complete hand-written law set, a law for every mechanic, and what it is stated in."""

from typing import Literal

from envs.crafter_oo.state import WorldState
from worldmodels.onelife.crafter.creature_laws import creature_laws
from worldmodels.onelife.crafter.laws import CrafterLaw
from worldmodels.onelife.crafter.observables import FullObservables
from worldmodels.onelife.crafter.player_laws import player_laws
from worldmodels.onelife.crafter.published import PublishedObservables, in_published_terms
from worldmodels.onelife.observables import Observables

ObservableSet = Literal["onelife", "full"]


def handwritten_laws(observables: ObservableSet = "full") -> list[CrafterLaw]:
    """What the player does, what living costs, and what the world does without being asked.

    Where two things happen to one number in the same step (a zombie strikes as an arrow hits),
    each law speaks of its own part alone, and the product of experts has to settle it.
    """
    laws = [*player_laws(), *creature_laws()]
    return laws if observables == "full" else [in_published_terms(law) for law in laws]


def observables_named(name: ObservableSet) -> Observables[WorldState]:
    """The published set, or everything."""
    return FullObservables() if name == "full" else PublishedObservables()
