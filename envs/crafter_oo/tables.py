"""Constants of the world: actions, materials, items, recipes. Each exists here and nowhere else.

Source: danijar/crafter 1.8.3, `data.yaml` and `constants.py`.
"""

import enum
from typing import Final, NamedTuple


class Action(enum.IntEnum):
    """What the player can do; the value is the action index."""

    NOOP = 0
    MOVE_LEFT = 1
    MOVE_RIGHT = 2
    MOVE_UP = 3
    MOVE_DOWN = 4
    DO = 5
    SLEEP = 6
    PLACE_STONE = 7
    PLACE_TABLE = 8
    PLACE_FURNACE = 9
    PLACE_PLANT = 10
    MAKE_WOOD_PICKAXE = 11
    MAKE_STONE_PICKAXE = 12
    MAKE_IRON_PICKAXE = 13
    MAKE_WOOD_SWORD = 14
    MAKE_STONE_SWORD = 15
    MAKE_IRON_SWORD = 16

    @property
    def slug(self) -> str:
        """Lower-case name, as stored in the state (`"move_left"`)."""
        return self.name.lower()


ACTION_SLUGS: Final = tuple(action.slug for action in Action)

KEYS: Final[dict[str, int]] = {
    "a": Action.MOVE_LEFT,
    "d": Action.MOVE_RIGHT,
    "w": Action.MOVE_UP,
    "s": Action.MOVE_DOWN,
    "left": Action.MOVE_LEFT,
    "right": Action.MOVE_RIGHT,
    "up": Action.MOVE_UP,
    "down": Action.MOVE_DOWN,
    "space": Action.DO,
    "tab": Action.SLEEP,
    "r": Action.PLACE_STONE,
    "t": Action.PLACE_TABLE,
    "f": Action.PLACE_FURNACE,
    "p": Action.PLACE_PLANT,
    "1": Action.MAKE_WOOD_PICKAXE,
    "2": Action.MAKE_STONE_PICKAXE,
    "3": Action.MAKE_IRON_PICKAXE,
    "4": Action.MAKE_WOOD_SWORD,
    "5": Action.MAKE_STONE_SWORD,
    "6": Action.MAKE_IRON_SWORD,
}
"""Key names (as pygame spells them) to action indices."""


class Material(enum.IntEnum):
    """What a cell is made of; the value is the id in the material grid (uint8)."""

    NONE = 0
    WATER = 1
    GRASS = 2
    STONE = 3
    PATH = 4
    SAND = 5
    TREE = 6
    LAVA = 7
    COAL = 8
    IRON = 9
    DIAMOND = 10
    TABLE = 11
    FURNACE = 12

    @property
    def slug(self) -> str:
        """Lower-case name (`"water"`)."""
        return self.name.lower()


MATERIAL_NAMES: Final = tuple(None if m is Material.NONE else m.slug for m in Material)
"""Name by material id; None where the id is 0."""

OBJECT_KINDS: Final = ("player", "cow", "zombie", "skeleton", "arrow", "plant", "fence")
"""Kinds of objects; kind number k has id 13 + k in the semantic map."""

FIRST_OBJECT_ID: Final = len(Material)

ITEMS: Final = (
    "health",
    "food",
    "drink",
    "energy",
    "sapling",
    "wood",
    "stone",
    "coal",
    "iron",
    "diamond",
    "wood_pickaxe",
    "stone_pickaxe",
    "iron_pickaxe",
    "wood_sword",
    "stone_sword",
    "iron_sword",
)
"""Inventory slots in their fixed order; the first four are the vitals."""

VITALS: Final = ITEMS[:4]
MAX_ITEM: Final = 9

ACHIEVEMENTS: Final = (
    "collect_coal",
    "collect_diamond",
    "collect_drink",
    "collect_iron",
    "collect_sapling",
    "collect_stone",
    "collect_wood",
    "defeat_skeleton",
    "defeat_zombie",
    "eat_cow",
    "eat_plant",
    "make_iron_pickaxe",
    "make_iron_sword",
    "make_stone_pickaxe",
    "make_stone_sword",
    "make_wood_pickaxe",
    "make_wood_sword",
    "place_furnace",
    "place_plant",
    "place_stone",
    "place_table",
    "wake_up",
)

WALKABLE: Final = frozenset({Material.GRASS, Material.SAND, Material.PATH})
PLAYER_WALKABLE: Final = WALKABLE | {Material.LAVA}
ARROW_WALKABLE: Final = WALKABLE | {Material.WATER, Material.LAVA}


class Collect(NamedTuple):
    """What `do` on a material gives."""

    item: str
    tool: str | None  # must be in the inventory; not consumed
    leaves: Material
    probability: float = 1.0


COLLECT: Final[dict[Material, Collect]] = {
    Material.TREE: Collect("wood", None, Material.GRASS),
    Material.STONE: Collect("stone", "wood_pickaxe", Material.PATH),
    Material.COAL: Collect("coal", "wood_pickaxe", Material.PATH),
    Material.IRON: Collect("iron", "stone_pickaxe", Material.PATH),
    Material.DIAMOND: Collect("diamond", "iron_pickaxe", Material.PATH),
    Material.WATER: Collect("drink", None, Material.WATER),
    Material.GRASS: Collect("sapling", None, Material.GRASS, 0.1),
}


class Place(NamedTuple):
    """What placing an item costs and where it may stand."""

    uses: dict[str, int]
    where: frozenset[Material]
    creates: Material | None  # None: a plant object on the unchanged cell


PLACE: Final[dict[Action, Place]] = {
    Action.PLACE_STONE: Place(
        {"stone": 1}, WALKABLE | {Material.WATER, Material.LAVA}, Material.STONE
    ),
    Action.PLACE_TABLE: Place({"wood": 2}, WALKABLE, Material.TABLE),
    Action.PLACE_FURNACE: Place({"stone": 4}, WALKABLE, Material.FURNACE),
    Action.PLACE_PLANT: Place({"sapling": 1}, frozenset({Material.GRASS}), None),
}


class Make(NamedTuple):
    """What a tool costs and what must stand in the 3x3 block around the player."""

    item: str
    uses: dict[str, int]
    nearby: frozenset[Material]


_TABLE: Final = frozenset({Material.TABLE})
_FORGE: Final = frozenset({Material.TABLE, Material.FURNACE})

MAKE: Final[dict[Action, Make]] = {
    Action.MAKE_WOOD_PICKAXE: Make("wood_pickaxe", {"wood": 1}, _TABLE),
    Action.MAKE_STONE_PICKAXE: Make("stone_pickaxe", {"wood": 1, "stone": 1}, _TABLE),
    Action.MAKE_IRON_PICKAXE: Make("iron_pickaxe", {"wood": 1, "coal": 1, "iron": 1}, _FORGE),
    Action.MAKE_WOOD_SWORD: Make("wood_sword", {"wood": 1}, _TABLE),
    Action.MAKE_STONE_SWORD: Make("stone_sword", {"wood": 1, "stone": 1}, _TABLE),
    Action.MAKE_IRON_SWORD: Make("iron_sword", {"wood": 1, "coal": 1, "iron": 1}, _FORGE),
}

SWORD_DAMAGE: Final = (("iron_sword", 5), ("stone_sword", 3), ("wood_sword", 2))
"""Best first; bare hands do 1."""

DAY_LENGTH: Final = 300  # steps
RIPE_AFTER: Final = 300  # a plant is ripe when grown is larger than this (steps)
