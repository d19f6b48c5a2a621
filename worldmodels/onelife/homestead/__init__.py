"""Homestead for OneLife: how its states are seen, and its true kernel."""
