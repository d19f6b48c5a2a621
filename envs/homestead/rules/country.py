"""Hour, weather, and the creatures that come and go by themselves."""

from typing import Final

from envs.homestead.draws import Draws
from envs.homestead.state import (
    REGION,
    Cell,
    FarmState,
    Fox,
    Hen,
    Thing,
    region_of,
)
from envs.homestead.tables import Material

RAIN_STARTS: Final = 0.02
RAIN_STOPS: Final = 0.1
POPULATE_EVERY: Final = 8  # steps
FOX_COMES: Final = 0.2  # in the dark, to a region without one
FOX_LEAVES: Final = 0.3  # by day
HEN_COMES: Final = 0.1  # by day, to a region without one
SHY_OF_FARMER: Final = 4  # least distance from the farmer of one that comes


def pass_hour(state: FarmState, draws: Draws) -> None:
    """Rain puts kilns out; then the hour passes and the weather may change."""
    if state.raining:
        state.cells[state.cells == Material.HOT_KILN] = Material.KILN
    state.hour += 1
    state.raining = not draws.chance(RAIN_STOPS) if state.raining else draws.chance(RAIN_STARTS)


def is_populated_after(hour: int) -> bool:
    """Whether creatures come and go at the end of the step that starts at an hour."""
    return (hour + 1) % POPULATE_EVERY == 0


def populate(region: Cell, state: FarmState, draws: Draws) -> None:
    """Let creatures of one region come and go."""
    here = [thing for thing in state.things if region_of(thing.position) == region]
    foxes = [thing for thing in here if isinstance(thing, Fox)]
    if state.is_dark:
        if not foxes:
            _come(state, region, Fox, FOX_COMES, draws)
        return
    for fox in foxes:
        if draws.chance(FOX_LEAVES):
            state.things.remove(fox)
    if not any(isinstance(thing, Hen) for thing in here):
        _come(state, region, Hen, HEN_COMES, draws)


def _come(state: FarmState, region: Cell, kind: type[Thing], chance: float, draws: Draws) -> None:
    cells = state.free_meadows(region, REGION, SHY_OF_FARMER)
    if cells and draws.chance(chance):
        state.add(kind, cells[draws.integer(len(cells))])
