"""The scenarios of Crafter-OO under their former address."""

from evaluation.arenas.crafter_oo.scenarios import ALL, record

__all__ = ["ALL", "record"]
