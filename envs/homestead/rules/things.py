"""Hens, foxes, sprouts and pebbles: what each does in a step."""

from typing import Final

from envs.homestead.draws import Draws
from envs.homestead.rules.farmer import BROOD
from envs.homestead.state import (
    Cell,
    FarmState,
    Fox,
    Hen,
    Pebble,
    Sprout,
    Thing,
    distance,
    moved,
)
from envs.homestead.tables import DIRECTIONS, OPEN_GROUND, Material

WANDER_CHANCE: Final = 0.5  # of a hen
HUNT_RANGE: Final = 6  # cells
HUNT_CHANCE: Final = 0.7
BITE: Final = 1
BITE_RESTING: Final = 2  # of a farmer who rests
PATIENCE: Final = 4  # steps between two bites
PEBBLE_BLOW: Final = 2  # nerve
OPEN_AIR: Final = OPEN_GROUND | {Material.POND, Material.REEDS}
"""What a pebble flies over."""


def act(state: FarmState, thing: Thing, draws: Draws) -> None:
    """One thing's part of a step."""
    match thing:
        case Hen():
            _wander(state, thing, draws)
        case Fox():
            _stalk(state, thing, draws)
        case Sprout():
            _grow(state, thing)
        case Pebble():
            _fly(state, thing)


def _wander(state: FarmState, hen: Hen, draws: Draws) -> None:
    hen.brood = max(0, hen.brood - 1)
    if draws.chance(WANDER_CHANCE):
        _go(state, hen, DIRECTIONS[draws.integer(len(DIRECTIONS))])


def _stalk(state: FarmState, fox: Fox, draws: Draws) -> None:
    me = state.farmer
    is_beside = distance(fox.position, me.position) == 1
    if is_beside and fox.patience == 0:
        fox.patience = PATIENCE
        me.vigour = max(0, me.vigour - (BITE_RESTING if me.resting else BITE))
        me.resting = False
        return
    fox.patience = max(0, fox.patience - 1)
    if is_beside:
        return
    if distance(fox.position, me.position) <= HUNT_RANGE and draws.chance(HUNT_CHANCE):
        _go(state, fox, _towards(fox.position, me.position))
    else:
        _go(state, fox, DIRECTIONS[draws.integer(len(DIRECTIONS))])


def _towards(start: Cell, end: Cell) -> Cell:
    """The direction of the longer way; of x where both are as long."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    if abs(dx) >= abs(dy):
        return (1 if dx > 0 else -1), 0
    return 0, (1 if dy > 0 else -1)


def _grow(state: FarmState, sprout: Sprout) -> None:
    sprout.height += 2 if state.raining else 1
    around = [state.thing_at(moved(sprout.position, step)) for step in DIRECTIONS]
    if any(isinstance(thing, Hen | Fox) for thing in around):
        state.things.remove(sprout)


def _fly(state: FarmState, pebble: Pebble) -> None:
    cell = moved(pebble.position, pebble.heading)
    if state.material(cell) in OPEN_AIR and not state.is_taken(cell):
        pebble.position = cell
        return
    state.things.remove(pebble)
    struck = state.thing_at(cell)
    if isinstance(struck, Hen):
        struck.brood = BROOD
    elif isinstance(struck, Fox):
        struck.nerve -= PEBBLE_BLOW
        if struck.nerve <= 0:
            state.things.remove(struck)


def _go(state: FarmState, thing: Thing, direction: Cell) -> None:
    cell = moved(thing.position, direction)
    if state.is_free(cell):
        thing.position = cell
