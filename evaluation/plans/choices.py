"""Three scenarios, in each of which a planner has to choose between two plans.

What they are about, their rewards and their numbers of steps are published (arXiv 2510.12088,
planning table); maps, inventories and the plans themselves are not and are ours. The ground is
grass, as in the published scenarios of single mechanics: a learner need not have seen any other.
"""

import dataclasses
from collections.abc import Callable
from typing import Final

from envs.crafter_oo.scripted import MOVES, cells_of, places_of
from envs.crafter_oo.state import WorldState, ZombieState
from envs.crafter_oo.tables import MAKE, PLACE, Action, Material
from evaluation.plans.arena import draw_arena
from evaluation.plans.routes import around, is_free, use, walk
from evaluation.plans.simulation import Plan, Trajectory

NIGHT: Final = 180  # step at which a zombie is not taken away by the balance of creatures
WOOD_NEEDED: Final = PLACE[Action.PLACE_TABLE].uses["wood"] + 1  # a table and one wooden tool
APART: Final = 7  # cells between two workshops


@dataclasses.dataclass(frozen=True)
class Option:
    """One of the two plans."""

    name: str
    plan: Plan
    max_steps: int


@dataclasses.dataclass(frozen=True)
class Choice:
    """A start, two plans, and what each trajectory is worth."""

    name: str
    unit: str  # of the reward
    initial: Callable[[], WorldState]
    options: tuple[Option, Option]
    reward: Callable[[Trajectory], float]


def damage_per_blow(trajectory: Trajectory) -> float:
    """Health that zombies lost, per `do` at a zombie; 0 without one."""
    dealt, blows = 0, 0
    for state, action, after in zip(
        trajectory.states, trajectory.actions, trajectory.states[1:], strict=False
    ):
        _, target = state.get_target_tile()
        if action is Action.DO and isinstance(target, ZombieState):
            same = after.find(target.entity_id)
            dealt += target.health - (0 if same is None else same.health)
            blows += 1
    return dealt / blows if blows else 0.0


def _final(item: str) -> Callable[[Trajectory], float]:
    return lambda trajectory: float(getattr(trajectory.states[-1].player.inventory, item))


def _make(state: WorldState, action: Action) -> Action | None:
    """Harvest wood, place a table and make a wooden tool; None if there is no way."""
    tables = cells_of(state, Material.TABLE)
    wood = state.player.inventory.wood
    missing = MAKE[action].uses["wood"] if tables else WOOD_NEEDED
    if wood < missing:
        return use(state, cells_of(state, Material.TREE))
    if tables:
        spots = around(tables)
        return action if state.player.position in spots else walk(state, spots)
    ahead = state.player.position + state.player.facing
    if is_free(state, ahead):
        return Action.PLACE_TABLE
    return next((move for step, move in MOVES.items() if step != state.player.facing), None)


def _fight(state: WorldState) -> Action | None:
    zombies = places_of(state, ZombieState)
    if not zombies:
        return None
    return use(state, zombies) or Action.NOOP  # it waits while there is no way


def _fight_armed(state: WorldState) -> Action | None:
    armed = state.player.inventory.wood_sword > 0
    return _fight(state) if armed else _make(state, Action.MAKE_WOOD_SWORD)


def _mine(state: WorldState) -> Action | None:
    return use(state, cells_of(state, Material.STONE))


def _mine_with_pickaxe(state: WorldState) -> Action | None:
    has_pickaxe = state.player.inventory.wood_pickaxe > 0
    return _mine(state) if has_pickaxe else _make(state, Action.MAKE_WOOD_PICKAXE)


def _share_table(state: WorldState) -> Action | None:
    tables, wood = cells_of(state, Material.TABLE), state.player.inventory.wood
    if tables:
        return Action.MAKE_WOOD_SWORD if wood else None
    return Action.PLACE_TABLE if wood >= WOOD_NEEDED else None


def _table_each(state: WorldState) -> Action | None:
    """A table more than swords: make one. As many: go to a new place, and place another."""
    tables, inventory = cells_of(state, Material.TABLE), state.player.inventory
    if inventory.wood_sword < len(tables):
        return Action.MAKE_WOOD_SWORD if inventory.wood else None
    if inventory.wood < WOOD_NEEDED:
        return None
    nearest = min((table.distance(state.player.position) for table in tables), default=APART)
    return Action.MOVE_LEFT if nearest < APART else Action.PLACE_TABLE


def _fighter_start() -> WorldState:
    """Eight is even, so that every blow of a wooden sword takes its two."""
    return draw_arena(_FIGHTER, Material.GRASS, step=NIGHT, zombie_health=8)


def _miner_start() -> WorldState:
    return draw_arena(_MINER, Material.GRASS)


def _sword_maker_start() -> WorldState:
    """Wood for one table and four swords, or for two of each."""
    return draw_arena(_SWORD_MAKER, Material.GRASS, items={"wood": 6})


# Fewer than 30 cells of grass in a chunk, so that nothing appears or vanishes by itself.
_FIGHTER: Final = (
    "wwt.twwwwwwwwwww",
    "ww...wwwwwwwwwww",
    "ww...wwwwwwwwwww",
    "ww...wwwwwwwwwww",
    "..@............Z",
    "..wwwwwwwwwwwwww",
    "..wwwwwwwwwwwwww",
    "t.wwwwwwwwwwwwww",
)
_MINER: Final = (
    "t.wwwwwwwww",
    "..wwwwwwwww",
    "..wwwwwww.s",
    "t..@......s",
    "..wwwwwww.s",
    "..wwwwwwwww",
    ".twwwwwwwww",
)
_SWORD_MAKER: Final = (
    "wwwwwwwwwwww",
    ".........@..",
    "wwwwwwwwwwww",
)

CHOICES: Final = {
    choice.name: choice
    for choice in (
        Choice(
            "Zombie Fighter",
            "damage per blow",
            _fighter_start,
            (
                Option("craft a sword first", _fight_armed, 80),
                Option("fight at once", _fight, 80),
            ),
            damage_per_blow,
        ),
        Choice(
            "Stone Miner",
            "stones",
            _miner_start,
            (
                Option("craft a pickaxe first", _mine_with_pickaxe, 60),
                Option("mine at once", _mine, 13),
            ),
            _final("stone"),
        ),
        Choice(
            "Sword Maker",
            "swords",
            _sword_maker_start,
            (
                Option("one table for all", _share_table, 20),
                Option("a table for each", _table_each, 20),
            ),
            _final("wood_sword"),
        ),
    )
}
"""The published three by name; of each pair the better plan is listed first."""
