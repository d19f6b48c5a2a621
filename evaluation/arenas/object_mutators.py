"""Distractors for any world of things on a grid, made through the names of its observables.

They follow the published mutators of Crafter-OO: each makes one kind of error that no rule of the
world explains, and is applied to the true next state. Source: arXiv 2510.12088.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from evaluation.arena import Mutator
from worldmodels.onelife.distributions import Value
from worldmodels.onelife.scenes import UNIT_VECTORS, Cell, Scene, Thing
from worldmodels.onelife.worlds import StateT, World

LEAST_JUMP: Final = 2  # cells, and units of a number: more than one step of a rule
MOST_JUMP: Final = 5  # units of a number
MOST_OFF: Final = 3  # units by which a number of the agent is wrong
MOST_ITEMS: Final = 9

Values = Mapping[str, Value]
Change = Callable[[Scene, np.random.Generator], Values]


def object_mutators(world: World[StateT], items: str) -> tuple[Mutator[StateT, str], ...]:
    """All mutators, in a fixed order.

    Args:
        world: says how states are seen and written.
        items: how the names of the agent's attributes begin that count what it carries.
    """
    changes: dict[str, Change] = {
        "thing_numbers": _thing_numbers,
        "thing_positions": _thing_positions,
        "agent_number": lambda scene, random: _agent_number(scene, random, items),
        "all_items": lambda scene, random: _all_items(scene, random, items),
        "extra_item": lambda scene, random: _extra_item(scene, random, items),
        "agent_position": _agent_position,
        "target_material": _target_material,
    }
    return tuple(Mutator(name, _edit(world, change)) for name, change in changes.items())


def _edit(
    world: World[StateT], change: Change
) -> Callable[[StateT, str, np.random.Generator], StateT | None]:
    def edit(state: StateT, action: str, random: np.random.Generator) -> StateT | None:
        del action
        values = change(world.scene(state), random)
        return world.observables.write(state, values) if values else None

    return edit


def _thing_numbers(scene: Scene, random: np.random.Generator) -> Values:
    """Every number of every thing jumps by 2 to 5, to 0 at the least."""
    values: dict[str, Value] = {}
    for thing in scene.things:
        for name, number in _numbers(thing).items():
            jump = int(random.integers(LEAST_JUMP, MOST_JUMP + 1))
            is_down = random.random() < 0.5 and number >= jump
            values[f"object.{thing.id}.{name}"] = number - jump if is_down else number + jump
    return values


def _thing_positions(scene: Scene, random: np.random.Generator) -> Values:
    """Every thing jumps to a free cell that is no neighbour, diagonally or not."""
    free = _free_cells(scene)
    values: dict[str, Value] = {}
    for thing in scene.things:
        far = [cell for cell in free if _chebyshev(cell, thing.position) >= LEAST_JUMP]
        if far:
            cell = far[random.integers(len(far))]
            free.remove(cell)
            values[f"object.{thing.id}.position"] = cell
    return values


def _agent_number(scene: Scene, random: np.random.Generator, items: str) -> Values:
    """One number of the agent, none that it carries, is wrong by 1 to 3; none falls below 0."""
    numbers = {
        name: number for name, number in _numbers(scene.agent).items() if not name.startswith(items)
    }
    if not numbers:
        return {}
    name = list(numbers)[random.integers(len(numbers))]
    error = int(random.integers(1, MOST_OFF + 1))
    is_down = random.random() < 0.5 and numbers[name] >= error
    return {_own(scene, name): numbers[name] - error if is_down else numbers[name] + error}


def _all_items(scene: Scene, random: np.random.Generator, items: str) -> Values:
    """Whatever the agent can carry becomes 0 to 9 of it."""
    names = _item_names(scene, items)
    return {_own(scene, name): int(random.integers(0, MOST_ITEMS + 1)) for name in names}


def _extra_item(scene: Scene, random: np.random.Generator, items: str) -> Values:
    """The agent carries one thing more than it should."""
    names = _item_names(scene, items)
    if not names:
        return {}
    name = names[random.integers(len(names))]
    return {_own(scene, name): _numbers(scene.agent)[name] + 1}


def _agent_position(scene: Scene, random: np.random.Generator) -> Values:
    """The agent turns somewhere and takes one step there, whatever the cell is made of."""
    free = set(_free_cells(scene))
    x, y = scene.agent.position
    steps = [step for step in UNIT_VECTORS if (x + step[0], y + step[1]) in free]
    if not steps:
        return {}
    dx, dy = steps[random.integers(len(steps))]
    gaze = _gaze(scene.agent)
    turned: dict[str, Value] = {} if gaze is None else {_own(scene, gaze): (dx, dy)}
    return {_own(scene, "position"): (x + dx, y + dy), **turned}


def _target_material(scene: Scene, random: np.random.Generator) -> Values:
    """The cell before the agent is made of something else."""
    gaze = _gaze(scene.agent)
    if gaze is None:
        return {}
    direction = scene.agent.attributes[gaze]
    assert isinstance(direction, tuple)
    x, y = scene.agent.position[0] + direction[0], scene.agent.position[1] + direction[1]
    current = scene.material((x, y))
    if current is None:
        return {}
    others = [material for material in scene.materials if material != current]
    return {f"material.{x}.{y}": others[random.integers(len(others))]}


def _numbers(thing: Thing) -> dict[str, int | float]:
    """Attributes that are numbers; a truth value is none."""
    return {
        name: value
        for name, value in thing.attributes.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _gaze(thing: Thing) -> str | None:
    """Name of the first attribute that is a direction."""
    return next((name for name, value in thing.attributes.items() if value in UNIT_VECTORS), None)


def _own(scene: Scene, name: str) -> str:
    return f"{scene.agent.kind}.{name}"


def _item_names(scene: Scene, items: str) -> list[str]:
    return [name for name in _numbers(scene.agent) if name.startswith(items)]


def _free_cells(scene: Scene) -> list[Cell]:
    width, height = scene.size
    cells = [(x, y) for x in range(width) for y in range(height)]
    return [cell for cell in cells if scene.thing(cell) is None]


def _chebyshev(first: Cell, second: Cell) -> int:
    return max(abs(first[0] - second[0]), abs(first[1] - second[1]))
