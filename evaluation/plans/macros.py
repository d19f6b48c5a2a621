"""What a planner chooses between: short closed-loop plans that know no rule of the world.

They know where things are on the map and what can be walked on; what comes of anything is for the
model to say.
"""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

from envs.crafter_oo.scripted import MOVES, cells_of, places_of
from envs.crafter_oo.state import (
    DIRECTIONS,
    CowState,
    ObjectState,
    Position,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import PLAYER_WALKABLE, Action, Material
from evaluation.plans.routes import use
from evaluation.plans.simulation import Dynamics, Plan

USABLE: Final = (
    Material.WATER,
    Material.TREE,
    Material.STONE,
    Material.COAL,
    Material.IRON,
    Material.DIAMOND,
    Material.TABLE,
    Material.FURNACE,
)
USE_STEPS: Final = 12
PUSH_STEPS: Final = 3  # turn, strike, walk
REST_STEPS: Final = 4


class Macro(NamedTuple):
    """A plan that is given up after some steps."""

    name: str
    plan: Plan
    max_steps: int
    is_done: Callable[[WorldState, Action, WorldState], bool] = lambda before, action, after: False
    """Whether a step ended it, by what was before, what was done and what came of it."""


def _use_cells(find: Callable[[WorldState], list[Position]]) -> Plan:
    return lambda state: use(state, find(state))


def _has_acted(before: WorldState, action: Action, after: WorldState) -> bool:
    del before, after
    return action not in MOVES.values()


def _has_walked(before: WorldState, action: Action, after: WorldState) -> bool:
    del action
    return after.player.position != before.player.position


def _push(direction: Position) -> Plan:
    """Walk a cell in a direction; strike at what bars the way."""

    def plan(state: WorldState) -> Action | None:
        ahead = state.player.position + direction
        if not state.contains(ahead):
            return None
        material, entity = state.materials[ahead], state.get_tile(ahead)[1]
        is_open = entity is None and material in PLAYER_WALKABLE
        return MOVES[direction] if is_open or state.player.facing != direction else Action.DO

    return plan


def primitive(action: Action) -> Macro:
    """One action, once."""
    return Macro(action.slug, lambda state: action, 1)


WAIT: Final = Macro("wait", lambda state: Action.NOOP, REST_STEPS)


def _all() -> tuple[Macro, ...]:
    kinds: tuple[type[ObjectState], ...] = (CowState, ZombieState)
    uses = [
        Macro(
            f"use {material.slug}",
            _use_cells(functools.partial(cells_of, material=material)),
            USE_STEPS,
            _has_acted,
        )
        for material in USABLE
    ]
    hits = [
        Macro(
            f"hit {kind.name}",
            _use_cells(functools.partial(places_of, kind=kind)),
            USE_STEPS,
            _has_acted,
        )
        for kind in kinds
    ]
    pushes = [
        Macro(f"push {MOVES[step].slug}", _push(step), PUSH_STEPS, _has_walked)
        for step in DIRECTIONS
    ]
    rests = [
        WAIT,
        Macro("sleep", lambda state: Action.SLEEP, REST_STEPS),
    ]
    others = [action for action in Action if action.slug.startswith(("place_", "make_"))]
    return (*uses, *hits, *pushes, *rests, *(primitive(action) for action in others))


MACROS: Final = _all()
PRIMITIVES: Final = tuple(primitive(action) for action in Action)


def next_applicable(macros: list[Macro], state: WorldState) -> Macro | None:
    """Take macros off the end of a list until one has anything to do; None if none has."""
    while macros:
        macro = macros.pop()
        if macro.plan(state) is not None:
            return macro
    return None


def run_macro(
    macro: Macro,
    state: WorldState,
    dynamics: Dynamics,
    next_key: Callable[[], int],
    *,
    max_steps: int,
    is_over: Callable[[WorldState], bool],
) -> tuple[WorldState, int]:
    """Follow a macro to its end; returns the last state and the number of steps.

    Args:
        macro: what to do.
        state: where it starts.
        dynamics: the world, or a model of it.
        next_key: a new key for every step.
        max_steps: at most so many, whatever the macro says.
        is_over: states in which nothing more is to be done.
    """
    for step in range(min(max_steps, macro.max_steps)):
        action = None if is_over(state) else macro.plan(state)
        if action is None:
            return state, step
        before, state = state, dynamics(next_key(), state, action)
        if macro.is_done(before, action, state):
            return state, step + 1
    return state, min(max_steps, macro.max_steps)
