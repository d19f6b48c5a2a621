"""Homestead: a small farm of materials, creatures and weather, with a pure transition."""
