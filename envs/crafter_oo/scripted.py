"""A scripted player that knows the recipes: for recorded lives, tests and demonstrations."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from envs.crafter_oo.state import (
    DIRECTIONS,
    CowState,
    ObjectState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import COLLECT, MAKE, MAX_ITEM, WALKABLE, Action, Make, Material

LOW_VITAL: Final = 4
TIRED: Final = 3
DARK: Final = 0.35  # daylight below which it is night

MOVES: Final = dict(
    zip(
        DIRECTIONS,
        (Action.MOVE_LEFT, Action.MOVE_RIGHT, Action.MOVE_UP, Action.MOVE_DOWN),
        strict=True,
    )
)
"""The action that steps, or turns, in a direction."""
_TOOLS: Final = (
    Action.MAKE_WOOD_PICKAXE,
    Action.MAKE_WOOD_SWORD,
    Action.MAKE_STONE_PICKAXE,
    Action.MAKE_STONE_SWORD,
    Action.MAKE_IRON_PICKAXE,
    Action.MAKE_IRON_SWORD,
)

Plan = Callable[[WorldState], Action | None]


class ScriptedPlayer:
    """Plays by a list of priorities and sees the whole map.

    Args:
        seed: of its own random numbers, which the world's do not depend on.
        curiosity: chance in [0, 1] that it tries any of the 17 actions instead, so that what
            fails is seen too.
    """

    def __init__(self, seed: int = 0, curiosity: float = 1 / 15) -> None:
        self._random = np.random.default_rng(seed)
        self.curiosity = curiosity

    def act(self, state: WorldState) -> Action:
        """Choose the next action."""
        if self._random.random() < self.curiosity:
            return Action(int(self._random.integers(len(Action))))
        if state.player.sleeping:
            return Action.NOOP
        plans = (
            _fight,
            _drink,
            _eat,
            _rest,
            _garden,
            _pave,
            *_craft_plans(),
            _hunt_skeleton,
            _stock_up,
        )
        actions = (plan(state) for plan in plans)
        found = next((action for action in actions if action is not None), None)
        return Action(int(self._random.integers(1, 5))) if found is None else found


def _fight(state: WorldState) -> Action | None:
    beside = (e.position for e in state.of_type(ZombieState) if state.adjacent_to_player(e))
    return _use(state, beside, Action.DO)


def _drink(state: WorldState) -> Action | None:
    if state.player.inventory.drink > LOW_VITAL:
        return None
    return _use(state, cells_of(state, Material.WATER), Action.DO)


def _eat(state: WorldState) -> Action | None:
    food = state.player.inventory.food
    ripe = [p.position for p in state.of_type(PlantState) if p.ripe and food < MAX_ITEM]
    if food > LOW_VITAL:
        near = [cell for cell in ripe if cell.distance(state.player.position) < 20]
        return _use(state, near, Action.DO)
    return _use(state, [*ripe, *places_of(state, CowState)], Action.DO)


def _rest(state: WorldState) -> Action | None:
    """Spend the night, and tired days, walled in: a zombie's blow costs a sleeper 7."""
    inventory = state.player.inventory
    is_night = state.daylight < DARK
    if not is_night and inventory.energy > TIRED:
        return None
    if _room(state, state.player.position) <= 2:
        return Action.SLEEP if inventory.energy < MAX_ITEM else Action.NOOP
    ahead = state.player.position + state.player.facing
    if inventory.stone and _is_open(state, ahead):
        if _room(state, state.player.position, shut=ahead) <= 2:
            return Action.PLACE_STONE
        exits = [d for d in DIRECTIONS if _is_open(state, state.player.position + d)]
        if len(exits) == 1 and _room(state, state.player.position) > 2:
            return MOVES[exits[0]]  # out of the hole, to shut it from inside
    if inventory.stone and inventory.wood_pickaxe and (rock := _deep_cells(state)):
        return _walk(state, rock)
    return Action.SLEEP if inventory.energy == 0 else None


def _is_open(state: WorldState, cell: Position) -> bool:
    return state.contains(cell) and state.materials[cell] in WALKABLE


def _room(state: WorldState, start: Position, shut: Position | None = None) -> int:
    """How many open cells can be reached, counted up to 4; `shut` is taken for a wall."""
    reached, frontier = {start}, [start]
    while frontier and len(reached) < 4:
        cell = frontier.pop()
        for step in DIRECTIONS:
            ahead = cell + step
            if ahead not in reached and ahead != shut and _is_open(state, ahead):
                reached.add(ahead)
                frontier.append(ahead)
    return len(reached)


def _deep_cells(state: WorldState) -> list[Position]:
    """Stone with nothing open in the 3x3 block around it."""
    array = state.materials.array
    is_closed = ~np.isin(array, list(WALKABLE))
    deep = array[1:-1, 1:-1] == Material.STONE
    width, height = array.shape
    for dx in (0, 1, 2):
        for dy in (0, 1, 2):
            deep = deep & is_closed[dx : width - 2 + dx, dy : height - 2 + dy]
    return [Position(int(x) + 1, int(y) + 1) for x, y in np.argwhere(deep)]


def _garden(state: WorldState) -> Action | None:
    if any(True for _ in state.of_type(PlantState)):
        return None
    action = Action.PLACE_PLANT if state.player.inventory.sapling else Action.DO
    taken = set(places_of(state, ObjectState))
    x, y = state.player.position
    near = (Position(x + dx, y + dy) for dx in range(-3, 4) for dy in range(-3, 4) if dx or dy)
    lawn = (cell for cell in near if state.contains(cell) and cell not in taken)
    return _use(state, (c for c in lawn if state.materials[c] == Material.GRASS), action)


def _pave(state: WorldState) -> Action | None:
    if state.player.achievements.place_stone or not state.player.inventory.stone:
        return None
    material, entity = state.get_target_tile()
    is_room = entity is None and material in ("grass", "sand", "path", "water", "lava")
    return Action.PLACE_STONE if is_room else None


def _craft_plans() -> Iterator[Plan]:
    for tool in _TOOLS:
        rule = MAKE[tool]
        yield lambda state, tool=tool, rule=rule: _craft(state, tool, rule)  # type: ignore[misc]
    yield lambda state: _gather(state, "diamond", 1)


def _craft(state: WorldState, tool: Action, rule: Make) -> Action | None:
    inventory = state.player.inventory
    if getattr(inventory, rule.item):
        return None
    stations = sorted(rule.nearby)
    for station in stations:
        if not cells_of(state, station):
            return _build(state, station)
    for item in ("wood", "stone", "coal", "iron"):
        action = _gather(state, item, rule.uses.get(item, 0))
        if action is not None:
            return action
    return _stand_near(state, stations) or tool


def _gather(state: WorldState, item: str, count: int) -> Action | None:
    if getattr(state.player.inventory, item) >= count:
        return None
    source = next(material for material, rule in COLLECT.items() if rule.item == item)
    return _use(state, cells_of(state, source), Action.DO)


def _build(state: WorldState, station: Material) -> Action | None:
    is_table = station is Material.TABLE
    missing = _gather(state, "wood", 7) if is_table else _gather(state, "stone", 5)
    if missing is not None:
        return missing
    if not is_table and (approach := _stand_near(state, [Material.TABLE])):
        return approach
    x, y = state.player.position
    around = [Position(x, y) + step for step in DIRECTIONS]
    room = [
        cell
        for cell in around
        if state.get_tile(cell)[1] is None
        and state.contains(cell)
        and state.materials[cell] in WALKABLE
    ]
    return _use(state, room, Action.PLACE_TABLE if is_table else Action.PLACE_FURNACE)


def _stand_near(state: WorldState, stations: list[Material]) -> Action | None:
    """Walk until all stations are in the 3x3 block around the player; None when there."""
    nearby, _ = state.nearby(state.player.position, 1)
    missing = [station for station in stations if station.slug not in nearby]
    if not missing:
        return None
    goals = [
        Position(x, y)
        for x, y in cells_of(state, missing[0])
        for x, y in ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        if state.contains((x, y)) and min(x, y) > 0
    ]
    return _walk(state, goals)


def _hunt_skeleton(state: WorldState) -> Action | None:
    if state.player.achievements.defeat_skeleton or state.player.health < 6:
        return None
    return _use(state, places_of(state, SkeletonState), Action.DO)


def _stock_up(state: WorldState) -> Action | None:
    return _gather(state, "stone", MAX_ITEM) or _gather(state, "wood", MAX_ITEM)


def cells_of(state: WorldState, material: Material) -> list[Position]:
    """All cells of a material, column by column."""
    return [Position(int(x), int(y)) for x, y in np.argwhere(state.materials.array == material)]


def places_of(state: WorldState, kind: type[ObjectState]) -> list[Position]:
    """Where the objects of a kind stand, the oldest first."""
    return [entity.position for entity in state.of_type(kind)]


def _use(state: WorldState, targets: Iterable[Position], action: Action) -> Action | None:
    """Go next to the nearest target, face it, and act; None if there is no way."""
    wanted = set(targets)
    if state.player.position + state.player.facing in wanted:
        return action
    for step in DIRECTIONS:
        cell = state.player.position + step
        material, entity = state.get_tile(cell)
        is_blocked = entity is not None or material not in ("grass", "sand", "path", "lava")
        if cell in wanted and is_blocked:
            return MOVES[step]  # only turns, since something is in the way
    spots = {cell + step for cell in wanted for step in DIRECTIONS}
    if action is not Action.DO or state.player.position not in spots:
        return _walk(state, spots - {state.player.position})
    return (
        _walk(state, spots - {state.player.position})
        or MOVES[next(s for s in DIRECTIONS if state.player.position + s in wanted)]
    )


def _walk(state: WorldState, goals: Iterable[Position]) -> Action | None:
    """The first action on the cheapest way to a goal, through stone where there is a pickaxe."""
    height = state.size[1]
    wanted = {x * height + y for x, y in goals if state.contains((x, y))}
    if not wanted:
        return None
    prices = _prices(state).ravel().tolist()
    x, y = state.player.position
    queue: list[tuple[float, int, Position | None]] = [(0.0, x * height + y, None)]
    seen: set[int] = set()
    while queue:
        cost, cell, first = heapq.heappop(queue)
        if cell in seen:
            continue
        seen.add(cell)
        if cell in wanted and first is not None:
            return _step(state, first)
        for step in DIRECTIONS:
            if step.x == 0 and not 0 <= cell % height + step.y < height:
                continue
            ahead = cell + step.x * height + step.y
            if 0 <= ahead < len(prices) and ahead not in seen and prices[ahead]:
                heapq.heappush(queue, (cost + prices[ahead], ahead, first or step))
    return None


def _prices(state: WorldState) -> NDArray[np.float64]:
    """What a step onto each cell costs, [x, y]; 0 where it cannot be done."""
    materials, inventory = state.materials.array, state.player.inventory
    lava = np.pad(materials == Material.LAVA, 1)
    is_beside_lava = lava[:-2, 1:-1] | lava[2:, 1:-1] | lava[1:-1, :-2] | lava[1:-1, 2:]
    prices = np.where(is_beside_lava, 4.0, 1.0) * np.isin(materials, list(WALKABLE))
    if inventory.wood_pickaxe:
        prices[materials == Material.STONE] = 3.0
    if inventory.stone > 2:
        prices[materials == Material.WATER] = 6.0
    for entity in state.objects:
        prices[entity.position] = 0.0
    return prices


def _step(state: WorldState, direction: Position) -> Action:
    ahead = state.player.position + direction
    material = state.materials[ahead]
    if material in WALKABLE or state.player.facing != direction:
        return MOVES[direction]
    return Action.PLACE_STONE if material == Material.WATER else Action.DO
