"""Crafter-OO for OneLife: its observables, a complete hand-written law set, and fitted models."""
