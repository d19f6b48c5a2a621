"""Small worlds of Crafter-OO, drawn as text."""

from collections.abc import Mapping, Sequence
from typing import Final

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.state import (
    RIGHT,
    Inventory,
    MaterialGrid,
    PlayerState,
    Position,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.tables import MAX_ITEM, VITALS, Material

VIEW: Final = (9, 9)
PLAYER: Final = "@"
ZOMBIE: Final = "Z"
FLOOR: Final = "."
LEGEND: Final = {
    "w": Material.WATER,
    "g": Material.GRASS,
    "s": Material.STONE,
    "t": Material.TREE,
    "l": Material.LAVA,
    "c": Material.COAL,
    "i": Material.IRON,
    "d": Material.DIAMOND,
    "T": Material.TABLE,
    "F": Material.FURNACE,
}


def draw_arena(
    rows: Sequence[str],
    floor: Material,
    *,
    step: int = 0,
    items: Mapping[str, int] | None = None,
    zombie_health: int = 5,
) -> WorldState:
    """A world as drawn, its player facing east, full of health unless `items` says otherwise.

    On sand nothing spawns, so what happens there is up to the player and to who is drawn.

    Args:
        rows: from north to south, of one length; `@` the player, `Z` a zombie, `.` the floor, the
            rest as in `LEGEND`.
        floor: what the player, zombies and `.` stand on.
        step: what the step counter shows, which decides the light.
        items: inventory, vitals included; the vitals are 9 and the rest 0 where not given.
        zombie_health: of every zombie.
    """
    size = (len(rows[0]), len(rows))
    cells = {Position(x, y): mark for y, row in enumerate(rows) for x, mark in enumerate(row)}
    state = WorldState(
        size=size,
        view=VIEW,
        materials=MaterialGrid.filled(*size, floor),
        objects=[],
        chunks=[],
        draws=KeyedDraws(0),
        step_count=step,
        daylight=daylight_at(step),
        entity_id_counter_state=0,
    )
    inventory = Inventory(**{**dict.fromkeys(VITALS, MAX_ITEM), **(items or {})})
    start = next(cell for cell, mark in cells.items() if mark == PLAYER)
    player = state.create_object(PlayerState, start, facing=RIGHT, inventory=inventory)
    player.health = player.last_health = inventory.health
    for cell, mark in cells.items():
        if mark in LEGEND:
            state.set_material(*cell, LEGEND[mark])
        elif mark == ZOMBIE:
            state.create_object(ZombieState, cell, health=zombie_health)
    return state
