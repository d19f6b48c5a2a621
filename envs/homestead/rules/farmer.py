"""The farmer: what each action does, and how needs rise and fall."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from envs.homestead.draws import Draws
from envs.homestead.state import Cell, FarmState, Fox, Hen, Pebble, Sprout, moved
from envs.homestead.tables import (
    EAST,
    FULL,
    NORTH,
    SOUTH,
    WEST,
    Action,
    Material,
)

STEPS: Final[Mapping[Action, Cell]] = {
    Action.GO_NORTH: NORTH,
    Action.GO_SOUTH: SOUTH,
    Action.GO_WEST: WEST,
    Action.GO_EAST: EAST,
}

LAY_CHANCE: Final = 0.4
BROOD: Final = 10  # steps between two eggs of a hen
RIPE: Final = 24  # least height of a harvest
HARVEST: Final = 3  # grains
REED_CHANCE: Final = 0.3
FORAGE_CHANCE: Final = 0.1  # of a grain, in a meadow
EXHAUST_CHANCE: Final = 0.25  # that a clay pit fills with water
CHIP_CHANCE: Final = 0.2  # of a stone without a mallet
POND_DRINK: Final = 2
WELL_DRINK: Final = 4
BURN: Final = 1
BARN_REACH: Final = 2  # cells, to make tools and to mend well
KILN_REACH: Final = 1

FENCE_COST: Final = {"wood": 1}
WELL_COST: Final = {"stone": 2, "brick": 1}
FIRE_COST: Final = {"wood": 1}
SPADE_COST: Final = {"wood": 1, "reed": 1}
MALLET_COST: Final = {"wood": 1, "brick": 1}

EGG_MEAL: Final = 4
EGG_CURE: Final = 1  # vigour
GRAIN_MEAL: Final = 2


class Pace(NamedTuple):
    """What a step adds to the counters."""

    appetite: float
    dryness: float
    weariness: float


AWAKE: Final = Pace(0.5, 0.75, 0.5)
RESTING: Final = Pace(0.25, 0.25, -1.0)
HUNGRY_ABOVE: Final = 10.0
THIRSTY_ABOVE: Final = 12.0
TIRED_ABOVE: Final = 15.0
REFRESHED_BELOW: Final = -3.0
WORN_ABOVE: Final = 6.0
MENDED_ABOVE: Final = 10.0
STRAIN: Final = 0.5  # per need that is at 0
RELIEF: Final = 0.25


def act(state: FarmState, action: Action, draws: Draws) -> None:
    """Do what the farmer chose; one who rests goes on resting."""
    if state.farmer.resting:
        action = Action.REST
    if action in STEPS:
        _go(state, STEPS[action])
    elif action == Action.USE:
        _use(state, draws)
    elif action in _DEEDS:
        _DEEDS[action](state)


def live(state: FarmState) -> None:
    """Count towards hunger, thirst, weariness and wounds, and towards getting well."""
    me = state.farmer
    pace = RESTING if me.resting else AWAKE
    me.appetite += pace.appetite
    if me.appetite > HUNGRY_ABOVE:
        me.appetite, me.fed = 0.0, max(0, me.fed - 1)
    me.dryness += pace.dryness
    if me.dryness > THIRSTY_ABOVE:
        me.dryness, me.watered = 0.0, max(0, me.watered - 1)
    me.weariness += pace.weariness
    if me.weariness > TIRED_ABOVE:
        me.weariness, me.rested = 0.0, max(0, me.rested - 1)
    elif me.weariness < REFRESHED_BELOW:
        me.weariness, me.rested = 0.0, min(FULL, me.rested + 1)
    _wear(state)
    if me.resting:
        _mend(state)
        me.resting = me.rested < FULL


def _wear(state: FarmState) -> None:
    me = state.farmer
    unmet = [me.fed, me.watered, me.rested].count(0)
    me.strain = me.strain + STRAIN * unmet if unmet else max(0.0, me.strain - RELIEF)
    if me.strain > WORN_ABOVE:
        me.strain, me.vigour = 0.0, max(0, me.vigour - 1)


def _mend(state: FarmState) -> None:
    me = state.farmer
    if me.vigour > 0 and me.fed > 0 and me.watered > 0:
        me.mending += 2.0 if state.is_near(me.position, Material.BARN, BARN_REACH) else 1.0
    if me.mending > MENDED_ABOVE:
        me.mending, me.vigour = 0.0, min(FULL, me.vigour + 1)


def _go(state: FarmState, direction: Cell) -> None:
    me = state.farmer
    me.gaze = direction
    if state.is_free(moved(me.position, direction)):
        me.position = moved(me.position, direction)


def _use(state: FarmState, draws: Draws) -> None:
    cell = _ahead(state)
    thing = state.thing_at(cell)
    if isinstance(thing, Hen):
        if thing.brood == 0 and draws.chance(LAY_CHANCE):
            thing.brood = BROOD
            _gain(state, "egg")
    elif isinstance(thing, Fox):
        thing.nerve -= 2 if _has(state, "spade") else 1
        if thing.nerve <= 0:
            state.things.remove(thing)
    elif isinstance(thing, Sprout):
        if thing.height >= RIPE:
            state.things.remove(thing)
            _gain(state, "grain", HARVEST)
    elif isinstance(thing, Pebble):
        state.things.remove(thing)
        _gain(state, "stone")
    else:
        _use_material(state, cell, draws)


def _use_material(state: FarmState, cell: Cell, draws: Draws) -> None:
    me = state.farmer
    match state.material(cell):
        case Material.MEADOW if _has(state, "spade"):
            state.cells[cell] = Material.SOIL
        case Material.MEADOW if draws.chance(FORAGE_CHANCE):
            _gain(state, "grain")
        case Material.GROVE:
            _gain(state, "wood")
        case Material.REEDS if draws.chance(REED_CHANCE):
            _gain(state, "reed")
        case Material.CLAY_PIT if _has(state, "spade"):
            _gain(state, "clay")
            if draws.chance(EXHAUST_CHANCE):
                state.cells[cell] = Material.POND
        case Material.ROCK if _has(state, "mallet"):
            _gain(state, "stone")
            state.cells[cell] = Material.MEADOW
        case Material.ROCK if draws.chance(CHIP_CHANCE):
            _gain(state, "stone")
        case Material.POND:
            me.watered, me.dryness = min(FULL, me.watered + POND_DRINK), 0.0
        case Material.WELL:
            me.watered, me.dryness = min(FULL, me.watered + WELL_DRINK), 0.0
        case Material.FENCE:
            _gain(state, "wood")
            state.cells[cell] = Material.MEADOW
        case Material.HOT_KILN:
            me.vigour = max(0, me.vigour - BURN)


def _eat(state: FarmState) -> None:
    me = state.farmer
    if _pay(state, {"egg": 1}):
        me.fed, me.appetite = min(FULL, me.fed + EGG_MEAL), 0.0
        me.vigour = min(FULL, me.vigour + EGG_CURE)
    elif _pay(state, {"grain": 1}):
        me.fed, me.appetite = min(FULL, me.fed + GRAIN_MEAL), 0.0


def _rest(state: FarmState) -> None:
    state.farmer.resting = True


def _sow(state: FarmState) -> None:
    cell = _ahead(state)
    is_soil = state.material(cell) == Material.SOIL
    if is_soil and not state.is_taken(cell) and _pay(state, {"grain": 1}):
        state.add(Sprout, cell)


def _throw(state: FarmState) -> None:
    cell = _ahead(state)
    if state.is_free(cell) and _pay(state, {"stone": 1}):
        state.add(Pebble, cell, heading=state.farmer.gaze)


def _build(material: Material, cost: Mapping[str, int]) -> Callable[[FarmState], None]:
    def build(state: FarmState) -> None:
        cell = _ahead(state)
        if state.is_free(cell) and _pay(state, cost):
            state.cells[cell] = material

    return build


def _light_kiln(state: FarmState) -> None:
    cell = _ahead(state)
    is_cold = state.material(cell) == Material.KILN
    if is_cold and not state.raining and _pay(state, FIRE_COST):
        state.cells[cell] = Material.HOT_KILN


def _bake(state: FarmState) -> None:
    is_hot = state.is_near(state.farmer.position, Material.HOT_KILN, KILN_REACH)
    if is_hot and _pay(state, {"clay": 1}):
        _gain(state, "brick")


def _make(tool: str, cost: Mapping[str, int]) -> Callable[[FarmState], None]:
    def make(state: FarmState) -> None:
        is_at_barn = state.is_near(state.farmer.position, Material.BARN, BARN_REACH)
        if is_at_barn and _pay(state, cost):
            _gain(state, tool)

    return make


_DEEDS: Final[Mapping[Action, Callable[[FarmState], None]]] = {
    Action.EAT: _eat,
    Action.REST: _rest,
    Action.SOW: _sow,
    Action.THROW: _throw,
    Action.BUILD_FENCE: _build(Material.FENCE, FENCE_COST),
    Action.BUILD_WELL: _build(Material.WELL, WELL_COST),
    Action.LIGHT_KILN: _light_kiln,
    Action.BAKE: _bake,
    Action.MAKE_SPADE: _make("spade", SPADE_COST),
    Action.MAKE_MALLET: _make("mallet", MALLET_COST),
}


def _ahead(state: FarmState) -> Cell:
    return moved(state.farmer.position, state.farmer.gaze)


def _has(state: FarmState, item: str) -> bool:
    return state.farmer.basket[item] > 0


def _gain(state: FarmState, item: str, count: int = 1) -> None:
    basket = state.farmer.basket
    basket[item] = min(FULL, basket[item] + count)


def _pay(state: FarmState, cost: Mapping[str, int]) -> bool:
    """Take the cost out of the basket, if all of it is there."""
    basket = state.farmer.basket
    if any(basket[item] < count for item, count in cost.items()):
        return False
    for item, count in cost.items():
        basket[item] -= count
    return True
