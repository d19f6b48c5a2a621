"""Crafter-OO: the Crafter survival world as an explicit, object-oriented state."""
