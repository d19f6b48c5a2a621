"""PoE-World: the baseline in which every law votes on every observable."""

from worldmodels.poeworld.model import PoEWorld, load_poeworld, save_poeworld

__all__ = ["PoEWorld", "load_poeworld", "save_poeworld"]
