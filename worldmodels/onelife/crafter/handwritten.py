"""The complete hand-written law set: a law for every mechanic of Crafter-OO."""

from worldmodels.onelife.crafter.creature_laws import creature_laws
from worldmodels.onelife.crafter.laws import CrafterLaw
from worldmodels.onelife.crafter.player_laws import player_laws


def handwritten_laws() -> list[CrafterLaw]:
    """What the player does, what living costs, and what the world does without being asked.

    Where two things happen to one number in the same step (a zombie strikes as an arrow hits),
    each law speaks of its own part alone, and the product of experts has to settle it.
    """
    return [*player_laws(), *creature_laws()]
