"""The scenarios on which world models of Crafter-OO are ranked, and their true transitions.

Source: arXiv 2510.12088 and its released scenario factory (setups, policies, step limits).
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.serialise import canonical
from envs.crafter_oo.state import (
    RIGHT,
    CowState,
    ObjectState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import Action, Material
from evaluation.arena import Recording, recording_of
from evaluation.arenas.crafter_oo.policies import Policy, always, chase_and_hit, random_moves
from evaluation.metrics import canonical_text

ARENA: Final = (9, 9)  # cells, also the view
PLAYER_CELL: Final = Position(5, 5)
TARGET: Final = PLAYER_CELL + RIGHT  # the cell the player faces
BEHIND: Final = Position(4, 5)

Goal = Callable[[Sequence[WorldState]], bool]
"""Whether the states so far, the first included, show what the scenario is about."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A small world, a policy that acts in it, and what should come of it."""

    category: str
    policy: Policy
    max_steps: int
    goal: Goal
    target: Material = Material.GRASS  # what the player faces
    tiles: Mapping[Position, Material] = dataclasses.field(default_factory=dict)
    items: Mapping[str, int] = dataclasses.field(default_factory=dict)
    player: Mapping[str, int] = dataclasses.field(default_factory=dict)
    entity: tuple[type[ObjectState], Position, Mapping[str, Any]] | None = None
    plain: bool = False  # the generated world as it is, the player where it starts
    stops_at_goal: bool = True

    def initial(self) -> WorldState:
        """The first state: nine by nine cells of grass, the player at (5, 5) facing east."""
        state = initial_state(area=ARENA, view=ARENA, seed=1)
        if self.plain:
            return state
        for x in range(ARENA[0]):
            for y in range(ARENA[1]):
                state.set_material(x, y, Material.GRASS)
        for cell, material in {TARGET: self.target, **self.tiles}.items():
            state.set_material(*cell, material)
        state.relocate(state.player, PLAYER_CELL)
        state.player.facing = RIGHT
        for item, count in self.items.items():
            setattr(state.player.inventory, item, count)
        for field, value in self.player.items():
            setattr(state.player, field, value)
        if self.entity is not None:
            kind, cell, attributes = self.entity
            state.create_object(kind, cell, **attributes)
        return state


def text_of(state: WorldState) -> str:
    """Canonical JSON text of a state; two states are equal when their texts are.

    The random state and the event bus do not count, nor whether a counter is stored as 1 or 1.0.
    """
    data = canonical(state)
    player = data["player"]
    for counter in ("hunger", "thirst", "fatigue", "recover"):
        player[counter] = float(player[counter])
    return canonical_text(data)


@functools.cache
def record(label: str) -> Recording[WorldState, Action]:
    """Act out one scenario in the true world.

    Args:
        label: a key of `ALL` or of `COMPAT23`.
    """
    scenario = COMPAT23[label] if label in COMPAT23 else ALL[label]
    states = [scenario.initial()]
    actions: list[Action] = []
    for step in range(scenario.max_steps):
        actions.append(scenario.policy(states[-1], step))
        states.append(transition(states[-1], actions[-1])[0])
        if scenario.stops_at_goal and scenario.goal(states):
            break
    return recording_of(label, states, actions, text_of, scenario.category)


def _has(item: str, count: int) -> Goal:
    return lambda states: getattr(states[-1].player.inventory, item) == count


def _target_is(material: Material) -> Goal:
    return lambda states: states[-1].materials[TARGET] == material


def _plant_on_target(states: Sequence[WorldState]) -> bool:
    return isinstance(states[-1].get_tile(TARGET)[1], PlantState)


def _gone(kind: type[ObjectState]) -> Goal:
    return lambda states: not any(states[-1].of_type(kind))


def _ate_plant(states: Sequence[WorldState]) -> bool:
    plant = next(states[-1].of_type(PlantState))
    return states[-1].player.inventory.food == 4 and plant.grown == 1


def _slept_and_woke(states: Sequence[WorldState]) -> bool:
    return states[1].player.sleeping and not states[-1].player.sleeping


def _moved(kind: type[ObjectState]) -> Goal:
    def goal(states: Sequence[WorldState]) -> bool:
        return len({next(state.of_type(kind)).position for state in states}) > 1

    return goal


def _player_moved(states: Sequence[WorldState]) -> bool:
    return states[-1].player.position != states[0].player.position


def _not(goal: Goal) -> Goal:
    return lambda states: not goal(states)


def _pair(
    name: str, ok: Scenario, *, fail: Mapping[str, int], fail_goal: Goal | None = None
) -> dict[str, Scenario]:
    """Both variants: as given, and with other items, where the goal is that nothing comes of it."""
    failing = dataclasses.replace(ok, items=fail, goal=fail_goal or _not(ok.goal))
    return {f"{name}/ok": ok, f"{name}/fail": failing}


def _collect(
    item: str, material: Material, items: Mapping[str, int], fail: Mapping[str, int]
) -> dict[str, Scenario]:
    ok = Scenario("Resource", always(Action.DO), 1, _has(item, 1), target=material, items=items)
    return _pair(f"collect_{item}", ok, fail=fail, fail_goal=_has(item, 0))


def _craft(name: str, action: Action, items: Mapping[str, int]) -> dict[str, Scenario]:
    item = action.slug.removeprefix("make_")
    ok = Scenario("Tool", always(action), 1, _has(item, 1), target=Material.TABLE, items=items)
    if "iron" in items:
        ok = dataclasses.replace(ok, tiles={BEHIND: Material.FURNACE})
    return _pair(f"craft_{name}", ok, fail={**items, "wood": 0})


def _place(action: Action, item: str, enough: int, goal: Goal) -> dict[str, Scenario]:
    ok = Scenario("World", always(action), 1, goal, items={item: enough})
    return _pair(action.slug, ok, fail={item: enough - 1})


_PLANT: Final = Scenario(
    "Health",
    always(Action.DO),
    1,
    _ate_plant,
    items={"food": 0},
    entity=(PlantState, TARGET, {"grown": 301}),
)

ALL: Final[dict[str, Scenario]] = {
    **_collect("coal", Material.COAL, {"wood_pickaxe": 1}, {}),
    **_collect("diamond", Material.DIAMOND, {"iron_pickaxe": 1}, {"wood": 1, "stone": 1}),
    **_collect("iron", Material.IRON, {"stone_pickaxe": 1}, {"wood_pickaxe": 1}),
    **_collect("stone", Material.STONE, {"wood_pickaxe": 1}, {}),
    "collect_drink": Scenario(
        "Resource",
        always(Action.DO),
        1,
        _has("drink", 1),
        target=Material.WATER,
        items={"drink": 0},
    ),
    "collect_wood": Scenario(
        "Resource", always(Action.DO), 1, _has("wood", 1), target=Material.TREE
    ),
    **_craft("wooden_pickaxe", Action.MAKE_WOOD_PICKAXE, {"wood": 1}),
    **_craft("wooden_sword", Action.MAKE_WOOD_SWORD, {"wood": 1}),
    **_craft("stone_pickaxe", Action.MAKE_STONE_PICKAXE, {"wood": 1, "stone": 1}),
    **_craft("stone_sword", Action.MAKE_STONE_SWORD, {"wood": 1, "stone": 1}),
    **_craft("iron_pickaxe", Action.MAKE_IRON_PICKAXE, {"wood": 1, "coal": 1, "iron": 1}),
    **_craft("iron_sword", Action.MAKE_IRON_SWORD, {"wood": 1, "coal": 1, "iron": 1}),
    "eat_plant/ok": _PLANT,
    "eat_plant/fail": dataclasses.replace(
        _PLANT, goal=_not(_ate_plant), entity=(PlantState, TARGET, {"grown": 100})
    ),
    "eat_cow": Scenario(
        "Health", chase_and_hit(CowState), 15, _gone(CowState), entity=(CowState, TARGET, {})
    ),
    "wake_up": Scenario("Health", always(Action.SLEEP), 12, _slept_and_woke, items={"energy": 8}),
    **_place(Action.PLACE_FURNACE, "stone", 4, _target_is(Material.FURNACE)),
    **_place(Action.PLACE_PLANT, "sapling", 1, _plant_on_target),
    **_place(Action.PLACE_STONE, "stone", 1, _target_is(Material.STONE)),
    **_place(Action.PLACE_TABLE, "wood", 2, _target_is(Material.TABLE)),
    "zombie_defeat": Scenario(
        "Combat",
        always(Action.DO),
        5,
        _gone(ZombieState),
        items={"wood_sword": 1},
        entity=(ZombieState, TARGET, {}),
    ),
    "defeat_skeleton": Scenario(
        "Combat",
        chase_and_hit(SkeletonState),
        10,
        _gone(SkeletonState),
        entity=(SkeletonState, TARGET, {}),
    ),
    "cow_movement": Scenario(
        "Movement",
        always(Action.NOOP),
        30,
        _moved(CowState),
        entity=(CowState, Position(6, 6), {}),
        stops_at_goal=False,
    ),
    "random_movement": Scenario(
        "Movement", random_moves(10), 10, _player_moved, plain=True, stops_at_goal=False
    ),
    "player_death": Scenario(
        "Combat",
        always(Action.NOOP),
        1,
        lambda states: states[-1].player.health == 0,
        items={"health": 2},
        player={"health": 2, "last_health": 2},
        entity=(ZombieState, TARGET, {}),
    ),
}
"""Every scenario by its label, the two variants of a pair as `name/ok` and `name/fail`."""

COMPAT23: Final[dict[str, Scenario]] = {
    label.removesuffix("/fail"): scenario
    for label, scenario in ALL.items()
    if not label.endswith("/ok") and label != "player_death"
}
"""The published set.

The released factory keys its results by name and both variants of a pair share one, so the
failing variant, registered last, replaces the other.
"""
