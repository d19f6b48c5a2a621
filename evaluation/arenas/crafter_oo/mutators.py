"""The distractors of Crafter-OO.

Each editor changes the state it is given, with random numbers from the generator it is given.
Source: arXiv 2510.12088 and its released mutators; the order of the lists is the published one.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from envs.crafter_oo.state import DIRECTIONS, PlantState, Position, WorldState
from envs.crafter_oo.tables import COLLECT, ITEMS, MAKE, PLACE, Action
from evaluation.arena import Mutator
from evaluation.arenas.crafter_oo.policies import MOVES


def _change_entity_health(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """Every creature gets a health in 0..10 that no single blow explains."""
    for entity in state.objects[1:]:
        near = {entity.health - 1, entity.health, entity.health + 1}
        entity.health = int(random.choice([health for health in range(11) if health not in near]))


def _move_entities(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """Every creature jumps 2 to 10 cells in one of eight directions, also off the map."""
    for entity in state.objects[1:]:
        dx, dy = random.integers(-1, 2, size=2).tolist()
        if dx == dy == 0:
            dx = int(random.choice((-1, 1)))
        distance = int(random.integers(2, 11))
        state.relocate(entity, entity.position + Position(dx * distance, dy * distance))


def _change_player_health(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """The player's health changes by -3..2, within 0..10; the inventory's copy of it does not."""
    health = state.player.health + int(random.integers(-3, 3))
    state.player.health = min(max(health, 0), 10)


def _change_inventory(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """Every item and vital but health becomes 0..100; diamonds are added, not set."""
    inventory = state.player.inventory
    for item in ITEMS[1:]:
        count = int(random.integers(0, 101))
        setattr(inventory, item, count + (inventory.diamond if item == "diamond" else 0))


def _collect_illegal(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """One item of a kind that the target does not give."""
    target, _ = state.get_target_tile()
    others = [what.item for material, what in COLLECT.items() if material.slug != target]
    _add_one(state, others, random)


def _craft_illegal(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """One tool that was not ordered."""
    _add_one(state, [what.item for made, what in MAKE.items() if made != action], random)


def _move_illegal(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """The player turns somewhere and takes one step there, through anything."""
    state.player.facing = DIRECTIONS[random.integers(len(DIRECTIONS))]
    state.relocate(state.player, state.player.position + state.player.facing)


def _place_illegal(state: WorldState, action: Action, random: np.random.Generator) -> None:
    """Something stands on the target that was not ordered."""
    others = [placed for placed in PLACE if placed != action]
    creates = PLACE[others[random.integers(len(others))]].creates
    if creates is not None:
        state.set_facing_material(creates)
        return
    _, entity = state.get_target_tile()
    if entity is not None:
        state.remove_object(entity)
    state.create_object(PlantState, state.player.position + state.player.facing)


def _add_one(state: WorldState, items: list[str], random: np.random.Generator) -> None:
    item = items[random.integers(len(items))]
    inventory = state.player.inventory
    setattr(inventory, item, getattr(inventory, item) + 1)


def _always(state: WorldState, action: Action) -> bool:
    return True


def _mutator(
    name: str,
    applies: Callable[[WorldState, Action], bool],
    change: Callable[[WorldState, Action, np.random.Generator], None],
) -> Mutator[WorldState, Action]:
    """An editor that works on a copy."""

    def edit(state: WorldState, action: Action, random: np.random.Generator) -> WorldState | None:
        if not applies(state, action):
            return None
        edited = state.copy()
        change(edited, action, random)
        return edited

    return Mutator(name, edit)


def _target_on_map(state: WorldState) -> bool:
    return state.contains(state.player.position + state.player.facing)


COMPAT_MUTATORS: Final = (
    _mutator("entity_health", _always, _change_entity_health),
    _mutator("entity_position", _always, _move_entities),
    _mutator("player_health", _always, _change_player_health),
    _mutator("inventory", _always, _change_inventory),
    _mutator("collect_illegal", lambda state, action: action is Action.DO, _collect_illegal),
    _mutator("craft_illegal", lambda state, action: action in MAKE, _craft_illegal),
    _mutator("illegal_movement", lambda state, action: action not in MOVES, _move_illegal),
)
"""The published list."""

STRICT_MUTATORS: Final = (
    *COMPAT_MUTATORS,
    _mutator(
        "place_illegal",
        lambda state, action: action in PLACE and _target_on_map(state),
        _place_illegal,
    ),
)
"""All that exist: the published code has the last one too, but does not use it."""
