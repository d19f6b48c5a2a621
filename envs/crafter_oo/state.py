"""The state of one world, as plain objects.

A position is (x, y): x grows to the east, y to the south. The material grid is indexed [x, y].
Distances are Manhattan. States are mutable, so that edits are easy to write; `transition` never
changes its input, and `WorldState.copy` shares nothing that can change.
"""

import bisect
import copy
import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple, TypeVar

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from envs.crafter_oo.draws import Draws, SequentialDraws
from envs.crafter_oo.tables import (
    ACHIEVEMENTS,
    DAY_LENGTH,
    FIRST_OBJECT_ID,
    ITEMS,
    MATERIAL_NAMES,
    OBJECT_KINDS,
    RIPE_AFTER,
    Material,
)


class Position(NamedTuple):
    """A cell, or a direction; immutable."""

    x: int
    y: int

    def __add__(self, other: tuple[int, int]) -> "Position":  # type: ignore[override]  # a vector
        return Position(self.x + other[0], self.y + other[1])

    def __sub__(self, other: tuple[int, int]) -> "Position":
        return Position(self.x - other[0], self.y - other[1])

    def distance(self, other: tuple[int, int]) -> int:
        """Manhattan distance."""
        return abs(self.x - other[0]) + abs(self.y - other[1])

    def toward(self, target: tuple[int, int], long_axis: bool = True) -> "Position":
        """Unit step toward `target` along the longer (or the shorter) axis.

        On a tie the longer axis is y and the shorter is x; (0, 0) where the offset on the chosen
        axis is 0.
        """
        dx, dy = target[0] - self.x, target[1] - self.y
        if (abs(dx) > abs(dy)) == long_axis:
            return Position((dx > 0) - (dx < 0), 0)
        return Position(0, (dy > 0) - (dy < 0))


LEFT: Final = Position(-1, 0)
RIGHT: Final = Position(1, 0)
UP: Final = Position(0, -1)
DOWN: Final = Position(0, 1)
DIRECTIONS: Final = (LEFT, RIGHT, UP, DOWN)  # in the order of the random direction draw


@dataclasses.dataclass(slots=True)
class Inventory:
    """How many of each item the player holds, 0..9 each; also the four vitals."""

    health: int = 0
    food: int = 0
    drink: int = 0
    energy: int = 0
    sapling: int = 0
    wood: int = 0
    stone: int = 0
    coal: int = 0
    iron: int = 0
    diamond: int = 0
    wood_pickaxe: int = 0
    stone_pickaxe: int = 0
    iron_pickaxe: int = 0
    wood_sword: int = 0
    stone_sword: int = 0
    iron_sword: int = 0

    def values(self) -> list[int]:
        """Counts in the order of `ITEMS`."""
        return [getattr(self, item) for item in ITEMS]


@dataclasses.dataclass(slots=True)
class Achievements:
    """How often each achievement was reached, >= 0; unlocked means at least once."""

    collect_coal: int = 0
    collect_diamond: int = 0
    collect_drink: int = 0
    collect_iron: int = 0
    collect_sapling: int = 0
    collect_stone: int = 0
    collect_wood: int = 0
    defeat_skeleton: int = 0
    defeat_zombie: int = 0
    eat_cow: int = 0
    eat_plant: int = 0
    make_iron_pickaxe: int = 0
    make_iron_sword: int = 0
    make_stone_pickaxe: int = 0
    make_stone_sword: int = 0
    make_wood_pickaxe: int = 0
    make_wood_sword: int = 0
    place_furnace: int = 0
    place_plant: int = 0
    place_stone: int = 0
    place_table: int = 0
    wake_up: int = 0

    def values(self) -> list[int]:
        """Counts in the order of `ACHIEVEMENTS`."""
        return [getattr(self, name) for name in ACHIEVEMENTS]

    def unlocked(self) -> list[str]:
        """Names of those reached at least once."""
        return [name for name in ACHIEVEMENTS if getattr(self, name)]


@dataclasses.dataclass(slots=True)
class ObjectState:
    """Anything that stands on a cell."""

    name: ClassVar[str]  # the kind, one of OBJECT_KINDS

    entity_id: int  # unique in an episode, in order of creation; the player is 0
    position: Position
    health: int = 0  # >= 0
    removed: bool = False

    def copy(self) -> "ObjectState":
        """An equal object that shares nothing mutable."""
        return copy.copy(self)

    def distance(self, position: tuple[int, int]) -> int:
        """Manhattan distance to a cell."""
        return self.position.distance(position)

    def toward(self, position: tuple[int, int], long_axis: bool = True) -> Position:
        """Unit step toward a cell, see `Position.toward`."""
        return self.position.toward(position, long_axis)


@dataclasses.dataclass(slots=True)
class PlayerState(ObjectState):
    """The player.

    `health` and `inventory.health` agree; where an edit left them apart, `health` wins in the
    next transition.
    """

    name: ClassVar[str] = "player"

    facing: Position = DOWN  # one of the four directions
    action: str = "noop"  # slug of the last action
    sleeping: bool = False
    achievements: Achievements = dataclasses.field(default_factory=Achievements)
    inventory: Inventory = dataclasses.field(default_factory=Inventory)
    hunger: float = 0.0  # 0..25, in halves
    thirst: float = 0.0  # 0..20, in halves
    fatigue: float = 0.0  # -10..30
    recover: float = 0.0  # -15..25, in halves
    last_health: int = 0

    def copy(self) -> "PlayerState":
        """An equal player that shares nothing mutable."""
        return PlayerState(
            self.entity_id,
            self.position,
            self.health,
            self.removed,
            self.facing,
            self.action,
            self.sleeping,
            Achievements(*self.achievements.values()),
            Inventory(*self.inventory.values()),
            self.hunger,
            self.thirst,
            self.fatigue,
            self.recover,
            self.last_health,
        )


@dataclasses.dataclass(slots=True)
class CowState(ObjectState):
    """Wanders; food."""

    name: ClassVar[str] = "cow"
    health: int = 3

    def copy(self) -> "CowState":
        """An equal cow."""
        return CowState(self.entity_id, self.position, self.health, self.removed)


@dataclasses.dataclass(slots=True)
class ZombieState(ObjectState):
    """Hunts the player on grass."""

    name: ClassVar[str] = "zombie"
    health: int = 5
    cooldown: int = 0  # 0..5, blows it still has to wait before the next strike

    def copy(self) -> "ZombieState":
        """An equal zombie."""
        return ZombieState(self.entity_id, self.position, self.health, self.removed, self.cooldown)


@dataclasses.dataclass(slots=True)
class SkeletonState(ObjectState):
    """Keeps its distance and shoots arrows."""

    name: ClassVar[str] = "skeleton"
    health: int = 3
    reload: int = 0  # 0..4, steps before it can shoot again

    def copy(self) -> "SkeletonState":
        """An equal skeleton."""
        return SkeletonState(self.entity_id, self.position, self.health, self.removed, self.reload)


@dataclasses.dataclass(slots=True)
class ArrowState(ObjectState):
    """Flies one cell a step until it hits something."""

    name: ClassVar[str] = "arrow"
    facing: Position = DOWN

    def copy(self) -> "ArrowState":
        """An equal arrow."""
        return ArrowState(self.entity_id, self.position, self.health, self.removed, self.facing)


@dataclasses.dataclass(slots=True)
class PlantState(ObjectState):
    """A planted sapling."""

    name: ClassVar[str] = "plant"
    health: int = 1
    grown: int = 0  # steps

    @property
    def ripe(self) -> bool:
        """Whether it can be eaten."""
        return self.grown > RIPE_AFTER

    def copy(self) -> "PlantState":
        """An equal plant."""
        return PlantState(self.entity_id, self.position, self.health, self.removed, self.grown)


@dataclasses.dataclass(slots=True)
class FenceState(ObjectState):
    """Exists in Crafter's rules, but nothing makes one."""

    name: ClassVar[str] = "fence"


OBJECT_TYPES: Final[dict[str, type[ObjectState]]] = {
    kind.name: kind
    for kind in (
        PlayerState,
        CowState,
        ZombieState,
        SkeletonState,
        ArrowState,
        PlantState,
        FenceState,
    )
}
ObjectT = TypeVar("ObjectT", bound=ObjectState)

ChunkKey = tuple[int, int, int, int]  # xmin, xmax, ymin, ymax; maxima excluded
CHUNK_SIZE: Final = (12, 12)  # cells; chunks at the far borders may be smaller


@dataclasses.dataclass(slots=True)
class ChunkState:
    """A block of cells in which creatures are kept in balance."""

    chunk_key: ChunkKey
    objects: list[int]  # entity ids, ascending

    def copy(self) -> "ChunkState":
        """An equal chunk with its own list."""
        return ChunkState(self.chunk_key, self.objects.copy())


class MaterialGrid:
    """The material id of every cell: `grid[x, y]`. No bounds check: see `WorldState.get_tile`."""

    __slots__ = ("_counts", "cells", "height", "width")

    def __init__(self, width: int, height: int, cells: bytearray | None = None) -> None:
        self.width = width
        self.height = height
        # x-major. To be read only: writing goes through `grid[x, y] = material`.
        self.cells = bytearray(width * height) if cells is None else cells
        self._counts: dict[tuple[ChunkKey, int], int] = {}  # shared by equal copies

    @classmethod
    def filled(cls, width: int, height: int, material: Material) -> "MaterialGrid":
        """A grid of one material."""
        return cls(width, height, bytearray([material]) * (width * height))

    @property
    def array(self) -> UInt8[np.ndarray, "width height"]:
        """The ids as a read-only array that shares this grid's memory."""
        ids: NDArray[np.uint8] = np.frombuffer(self.cells, dtype=np.uint8)
        ids.flags.writeable = False
        return ids.reshape(self.width, self.height)

    def __getitem__(self, cell: tuple[int, int]) -> int:
        return self.cells[cell[0] * self.height + cell[1]]

    def __setitem__(self, cell: tuple[int, int], material: int) -> None:
        self.cells[cell[0] * self.height + cell[1]] = material
        self._counts = {}

    def count(self, block: ChunkKey, material: int) -> int:
        """How many cells of a block are of a material."""
        known = self._counts.get((block, material))
        if known is None:
            known = sum(column.count(material) for _, column in self.columns(block))
            self._counts[block, material] = known
        return known

    def columns(self, block: ChunkKey) -> Iterator[tuple[int, bytearray]]:
        """The columns of a block: x, and the material ids from ymin on."""
        xmin, xmax, ymin, ymax = block
        height = self.height
        return ((x, self.cells[x * height + ymin : x * height + ymax]) for x in range(xmin, xmax))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MaterialGrid):
            return NotImplemented
        return (self.width, self.cells) == (other.width, other.cells)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"MaterialGrid({self.width}, {self.height})"

    def copy(self) -> "MaterialGrid":
        """An equal grid with its own memory."""
        twin = MaterialGrid(self.width, self.height, bytearray(self.cells))
        twin._counts = self._counts
        return twin

    def names(self) -> list[list[str | None]]:
        """Names, indexed [x][y]."""
        names = [MATERIAL_NAMES[material] for material in self.cells]
        return [names[x * self.height : (x + 1) * self.height] for x in range(self.width)]


@functools.lru_cache(maxsize=16_384)
def daylight_at(step: int) -> float:
    """Brightness in [0, 1] at a step; one day lasts 300 steps.

    Source: danijar/crafter 1.8.3, `Env._update_time`.
    """
    progress = (step / DAY_LENGTH) % 1 + 0.3
    return float(1 - np.abs(np.cos(np.pi * progress)) ** 3)


FIRST_DAYLIGHT: Final = daylight_at(0)


def chunk_key_of(x: int, y: int, size: tuple[int, int], chunk_size: tuple[int, int]) -> ChunkKey:
    """The chunk a cell lies in."""
    xmin, ymin = x // chunk_size[0] * chunk_size[0], y // chunk_size[1] * chunk_size[1]
    return (
        xmin,
        min(xmin + chunk_size[0], size[0]),
        ymin,
        min(ymin + chunk_size[1], size[1]),
    )


@dataclasses.dataclass(slots=True)
class WorldState:
    """Everything there is to know about a world; a transition needs nothing else."""

    size: tuple[int, int]  # cells
    view: tuple[int, int]  # cells the player sees, two rows of it behind the inventory
    materials: MaterialGrid
    objects: list[ObjectState]  # ascending entity_id; the player is the first
    chunks: list[ChunkState]  # in order of creation
    draws: Draws  # where the random numbers of the next transition come from
    step_count: int = 0
    daylight: float = FIRST_DAYLIGHT
    entity_id_counter_state: int = 1  # the next id to be given
    chunk_size: tuple[int, int] = CHUNK_SIZE
    event_bus: list[str] = dataclasses.field(default_factory=list)

    @property
    def player(self) -> PlayerState:
        """The player: the first object."""
        player = self.objects[0]
        assert isinstance(player, PlayerState), "objects[0] is the player"
        return player

    def copy(self) -> "WorldState":
        """An equal state that shares nothing mutable."""
        return WorldState(
            self.size,
            self.view,
            self.materials.copy(),
            [entity.copy() for entity in self.objects],
            [chunk.copy() for chunk in self.chunks],
            self.draws.copy(),
            self.step_count,
            self.daylight,
            self.entity_id_counter_state,
            self.chunk_size,
            self.event_bus.copy(),
        )

    @property
    def random_state(self) -> np.random.RandomState:
        """A numpy generator that would draw the numbers of the next transition, in order."""
        if not isinstance(self.draws, SequentialDraws):
            raise TypeError(f"only sequential draws are a numpy stream, got {self.draws!r}")
        return self.draws.random_state()

    @property
    def update_distance(self) -> int:
        """Objects at this Manhattan distance from the player, or further, stand still."""
        return 2 * max(self.view)

    def contains(self, position: tuple[int, int]) -> bool:
        """Whether a cell lies inside the area."""
        return 0 <= position[0] < self.size[0] and 0 <= position[1] < self.size[1]

    def get_tile(self, position: tuple[int, int]) -> tuple[str | None, ObjectState | None]:
        """Material name and object on a cell; (None, None) outside the area."""
        if not self.contains(position):
            return None, None
        entity = next((e for e in self.objects if e.position == position), None)
        return MATERIAL_NAMES[self.materials[position]], entity

    def get_target_tile(self) -> tuple[str | None, ObjectState | None]:
        """What the player faces."""
        return self.get_tile(self.player.position + self.player.facing)

    def nearby(
        self, position: tuple[int, int], distance: int
    ) -> tuple[set[str | None], list[ObjectState]]:
        """Material names and objects in the square of the given reach, cut off at the border."""
        x, y = position
        xs = range(max(0, x - distance), min(self.size[0], x + distance + 1))
        ys = range(max(0, y - distance), min(self.size[1], y + distance + 1))
        materials = {MATERIAL_NAMES[self.materials[i, j]] for i in xs for j in ys}
        return materials, [e for e in self.objects if e.position.x in xs and e.position.y in ys]

    def get_objects_in_update_range(self) -> list[ObjectState]:
        """Objects that the next transition will update, the player among them."""
        center, reach = self.player.position, self.update_distance
        return [entity for entity in self.objects if entity.distance(center) < reach]

    def get_object_of_type_in_update_range(self, kind: type[ObjectT]) -> list[ObjectT]:
        """Those of one type."""
        return [e for e in self.get_objects_in_update_range() if isinstance(e, kind)]

    def of_type(self, kind: type[ObjectT]) -> Iterator[ObjectT]:
        """All objects of one type."""
        return (entity for entity in self.objects if isinstance(entity, kind))

    def adjacent_to_player(self, entity: ObjectState) -> bool:
        """Whether a creature stands within one step of the player."""
        return entity is not self.player and entity.distance(self.player.position) <= 1

    def find(self, entity_id: int) -> ObjectState | None:
        """The object with an id."""
        return next((e for e in self.objects if e.entity_id == entity_id), None)

    def set_material(self, x: int, y: int, material: str | Material) -> None:
        """Change one cell."""
        if not self.contains((x, y)):
            raise ValueError(f"cell {(x, y)} lies outside the area of {self.size}")
        known = Material[material.upper()] if isinstance(material, str) else material
        self.materials[x, y] = known

    def set_facing_material(self, material: str | Material) -> None:
        """Change the cell the player faces."""
        self.set_material(*(self.player.position + self.player.facing), material)

    def create_object(
        self, kind: type[ObjectT], position: Position, **attributes: object
    ) -> ObjectT:
        """Add an object with the next free id, and enter it in its chunk."""
        entity = kind(self.entity_id_counter_state, position, **attributes)  # type: ignore[arg-type]  # the caller names the fields
        self.entity_id_counter_state += 1
        self.objects.append(entity)
        self.relocate(entity, position)
        return entity

    def remove_object(self, entity: ObjectState) -> None:
        """Take an object out of the world and of its chunk."""
        self.objects = [other for other in self.objects if other is not entity]
        self._leave_chunks(entity.entity_id)

    def relocate(self, entity: ObjectState, position: Position) -> None:
        """Put an object on a cell, whatever stands there, and enter it in the cell's chunk."""
        entity.position = position
        self._leave_chunks(entity.entity_id)
        if not self.contains(position):
            return
        key = chunk_key_of(*position, self.size, self.chunk_size)
        chunk = next((chunk for chunk in self.chunks if chunk.chunk_key == key), None)
        if chunk is None:
            chunk = ChunkState(key, [])
            self.chunks.append(chunk)
        bisect.insort(chunk.objects, entity.entity_id)

    def _leave_chunks(self, entity_id: int) -> None:
        for chunk in self.chunks:
            if entity_id in chunk.objects:
                chunk.objects.remove(entity_id)

    def semantic_map(self) -> UInt8[np.ndarray, "width height"]:
        """Material ids with the ids of objects (13 player .. 19 fence) written over them."""
        ids = self.materials.array.copy()
        for entity in self.objects:
            if self.contains(entity.position):
                ids[entity.position] = FIRST_OBJECT_ID + OBJECT_KINDS.index(entity.name)
        return ids


def check_invariants(state: WorldState) -> None:
    """Check what every reachable state obeys.

    Raises:
        ValueError: names the first rule that is broken, and where.
    """
    ids = [entity.entity_id for entity in state.objects]
    if not state.objects or not isinstance(state.objects[0], PlayerState):
        raise ValueError("objects[0] must be the player")
    if ids != sorted(set(ids)) or ids[0] < 0 or ids[-1] >= state.entity_id_counter_state:
        raise ValueError(
            f"objects must be in ascending order of unique ids below "
            f"entity_id_counter_state = {state.entity_id_counter_state}, got ids {ids}"
        )
    taken: dict[Position, int] = {}
    for entity in state.objects:
        where = f"object {entity.entity_id} ({entity.name})"
        if not state.contains(entity.position):
            raise ValueError(f"{where} stands at {tuple(entity.position)}, outside {state.size}")
        if entity.position in taken:
            raise ValueError(f"{where} shares its cell with object {taken[entity.position]}")
        taken[entity.position] = entity.entity_id
        if entity.health < 0:
            raise ValueError(f"{where} has health {entity.health}, expected >= 0")
    _check_player(state.player)
    members = sorted(i for chunk in state.chunks for i in chunk.objects)
    if members != ids:
        raise ValueError(f"every object must be in exactly one chunk; chunks hold ids {members}")
    for chunk in state.chunks:
        if chunk.objects != sorted(chunk.objects):
            raise ValueError(f"chunk {chunk.chunk_key} must list its ids in ascending order")
        for entity_id in chunk.objects:
            entity = state.objects[ids.index(entity_id)]
            if chunk_key_of(*entity.position, state.size, state.chunk_size) != chunk.chunk_key:
                raise ValueError(f"object {entity_id} is not inside chunk {chunk.chunk_key}")
    if state.daylight != daylight_at(state.step_count):
        raise ValueError(f"daylight {state.daylight} is not that of step {state.step_count}")


def _check_player(player: PlayerState) -> None:
    for item, count in zip(ITEMS, player.inventory.values(), strict=True):
        if not 0 <= count <= 9:
            raise ValueError(f"player.inventory.{item} is {count}, expected 0..9")
    if player.health != player.inventory.health:
        raise ValueError(
            f"player.health {player.health} and player.inventory.health "
            f"{player.inventory.health} must agree"
        )
    if player.facing not in DIRECTIONS:
        raise ValueError(f"player.facing {tuple(player.facing)} is none of the four directions")
    for counter, low, high in (
        ("hunger", 0, 25),
        ("thirst", 0, 20),
        ("fatigue", -10, 30),
        ("recover", -15, 25),
    ):
        value = getattr(player, counter)
        if not (low <= value <= high and math.isclose(value * 2, round(value * 2))):
            raise ValueError(f"player.{counter} is {value}, expected {low}..{high} in halves")
