"""What laws see of a Crafter-OO state: fields and helpers of `WorldState`. Runs in the child.

Differences from `WorldState`: materials are names, indexed [x][y]; kinds of objects are named.
Equality with the real thing, helper by helper, is tested in `tests/onelife`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from worldmodels.onelife.sandbox.views import Json, Position, Record, plain_view


class Entity(Record):
    """Anything that stands on a cell."""

    __slots__ = ()

    def distance(self, position: tuple[int, int]) -> int:
        """Manhattan distance to a cell."""
        return Position(*self.position).distance(position)

    def toward(self, position: tuple[int, int], long_axis: bool = True) -> Position:
        """Unit step toward a cell, see `Position.toward`."""
        return Position(*self.position).toward(position, long_axis)


class World(Record):
    """A state."""

    __slots__ = ()

    @property
    def update_distance(self) -> int:
        """Objects at this Manhattan distance from the player, or further, stand still."""
        return 2 * int(max(self.view))

    def contains(self, position: tuple[int, int]) -> bool:
        """Whether a cell lies inside the area."""
        width, height = self.size
        return bool(0 <= position[0] < width and 0 <= position[1] < height)

    def get_tile(self, position: tuple[int, int]) -> tuple[str | None, Entity | None]:
        """Material name and object on a cell; (None, None) outside the area."""
        if not self.contains(position):
            return None, None
        entity = next((e for e in self.objects if e.position == position), None)
        return self.materials[position[0]][position[1]], entity

    def get_target_tile(self) -> tuple[str | None, Entity | None]:
        """What the player faces."""
        return self.get_tile(self.player.position + self.player.facing)

    def nearby(
        self, position: tuple[int, int], distance: int
    ) -> tuple[set[str | None], list[Entity]]:
        """Material names and objects in the square of the given reach, cut off at the border."""
        x, y = position
        xs = range(max(0, x - distance), min(self.size[0], x + distance + 1))
        ys = range(max(0, y - distance), min(self.size[1], y + distance + 1))
        materials = {self.materials[i][j] for i in xs for j in ys}
        return materials, [e for e in self.objects if e.position.x in xs and e.position.y in ys]

    def get_objects_in_update_range(self) -> list[Entity]:
        """Objects that the next transition will update, the player among them."""
        center, reach = self.player.position, self.update_distance
        return [entity for entity in self.objects if entity.distance(center) < reach]

    def of_type(self, kind: str) -> list[Entity]:
        """All objects of one kind: player, cow, zombie, skeleton, arrow, plant or fence."""
        return [entity for entity in self.objects if entity.name == kind]

    def adjacent_to_player(self, entity: Entity) -> bool:
        """Whether a creature stands within one step of the player."""
        return entity is not self.player and entity.distance(self.player.position) <= 1

    def find(self, entity_id: int) -> Entity | None:
        """The object with an id."""
        return next((e for e in self.objects if e.entity_id == entity_id), None)


def crafter_view(data: Json) -> World:
    """The state of `CRAFTER.encode`."""
    player = _entity(data.pop("player"))
    objects = (player, *map(_entity, data.pop("objects")))
    letters, legend, height = data.pop("materials"), data.pop("legend"), data["size"][1]
    names = tuple([legend[letter] for letter in letters])
    materials = tuple([names[i : i + height] for i in range(0, len(names), height)])
    rest: dict[str, Any] = {name: plain_view(value) for name, value in data.items()}
    return World({**rest, "player": player, "objects": objects, "materials": materials})


def _entity(data: Mapping[str, Json]) -> Entity:
    return Entity({name: plain_view(value) for name, value in data.items()})


VIEWS: Final[dict[str, Callable[[Json], Any]]] = {"plain": plain_view, "crafter": crafter_view}
