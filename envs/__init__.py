"""Worlds to act in. Importing this package registers their ids with Gymnasium."""

from envs.catalog import CATALOG, register_world

for _world in CATALOG.values():
    register_world(_world)
