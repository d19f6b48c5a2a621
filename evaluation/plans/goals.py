"""Three open-ended goals: a prepared start, what a state is worth, when it is reached."""

import dataclasses
from collections.abc import Callable
from typing import Final

from envs.crafter_oo.scripted import cells_of
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import MAX_ITEM, Material
from evaluation.plans.arena import draw_arena

DUSK: Final = 180  # step at which it is dark
DAWN: Final = 260  # and dawns


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a planner is after; a reward of 0..1 is a function of the state."""

    name: str
    initial: Callable[[], WorldState]
    reward: Callable[[WorldState], float]
    is_reached: Callable[[WorldState], bool]
    max_steps: int
    is_lasting: bool = True  # whether a state is worth no less once it has passed

    def value(self, state: WorldState) -> float:
        """The reward of a state, 0 for a dead player."""
        return self.reward(state) if state.player.health > 0 else 0.0

    def is_over(self, state: WorldState) -> bool:
        """Whether the goal is reached or the player dead."""
        return state.player.health <= 0 or self.is_reached(state)


def _has_diamond(state: WorldState) -> bool:
    return state.player.inventory.diamond > 0


def _diamond_reward(state: WorldState) -> float:
    """1 with the diamond; without it up to a tenth, the nearer the more."""
    if _has_diamond(state):
        return 1.0
    diamonds = cells_of(state, Material.DIAMOND)
    if not diamonds:
        return 0.0
    distance = min(cell.distance(state.player.position) for cell in diamonds)
    return 0.1 * (1 - distance / sum(state.size))


def _has_iron_tool(state: WorldState) -> bool:
    inventory = state.player.inventory
    return inventory.iron_pickaxe > 0 or inventory.iron_sword > 0


def _iron_reward(state: WorldState) -> float:
    """1 with the tool; without it a quarter for each of its three materials in hand."""
    if _has_iron_tool(state):
        return 1.0
    inventory = state.player.inventory
    return 0.25 * sum(count > 0 for count in (inventory.wood, inventory.coal, inventory.iron))


def _health(state: WorldState) -> float:
    return state.player.health / MAX_ITEM


def _is_morning(state: WorldState) -> bool:
    return state.step_count >= DAWN


def _diamond_start() -> WorldState:
    """A diamond inside rock, with lava on the straight way to it."""
    return draw_arena(_ROCK, Material.GRASS, items={"wood_pickaxe": 1, "iron_pickaxe": 1})


def _iron_start() -> WorldState:
    """A table and a furnace; wood, coal and iron are still in tree and rock."""
    return draw_arena(_WORKSHOP, Material.GRASS, items={"wood_pickaxe": 1, "stone_pickaxe": 1})


def _night_start() -> WorldState:
    """An open meadow in the dark; a tired player with a sword, a pickaxe and two stones."""
    items = {"health": 9, "food": 5, "drink": 5, "energy": 5, "stone": 2}
    items |= {"wood_pickaxe": 1, "wood_sword": 1}
    return draw_arena(_MEADOW, Material.GRASS, step=DUSK, items=items)


_ROCK: Final = (
    "....ssssss",
    "....ssssss",
    "....ssssss",
    ".@..ssldss",
    "....slslss",
    "....ssssss",
    "....ssssss",
)
_WORKSHOP: Final = (
    "......siss",
    "......siss",
    ".TF...siss",
    "....@.....",
    "...l..ssss",
    "t.....css.",
    "......ss..",
)
_MEADOW: Final = (
    "............",
    ".........sss",
    "...t.....sss",
    ".........sss",
    "............",
    ".....@......",
    "............",
    "...Z........",
    "............",
    "......ww....",
    "......ww....",
    "............",
)

GOALS: Final = {
    goal.name: goal
    for goal in (
        Goal("collect a diamond", _diamond_start, _diamond_reward, _has_diamond, 60),
        Goal("survive a night", _night_start, _health, _is_morning, DAWN - DUSK, is_lasting=False),
        Goal("make an iron tool", _iron_start, _iron_reward, _has_iron_tool, 100),
    )
}
