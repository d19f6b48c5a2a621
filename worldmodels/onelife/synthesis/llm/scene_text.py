"""A scene of any world in words: what language models are shown of the surroundings."""

import string
from collections.abc import Iterator
from typing import Any, Final

from worldmodels.onelife.scenes import UNIT_VECTORS, Cell, Scene, Thing

REACH: Final = 9  # cells shown on each side of the agent. Source: arXiv 2510.12088, released code

_WAYS: Final = dict(zip(UNIT_VECTORS, ("left", "right", "up", "down"), strict=True))
_AGENT: Final = "@"


def map_text(scene: Scene, reach: int = REACH) -> str:
    """The cells around the agent, one line per y, and what the letters mean.

    Beyond the edge of the world nothing is drawn. Things hide what they stand on.
    """
    letters = _letters(scene)
    center_x, center_y = scene.agent.position
    lines, used = [], dict.fromkeys([scene.agent.kind])
    for y in range(center_y - reach, center_y + reach + 1):
        line = ""
        for x in range(center_x - reach, center_x + reach + 1):
            shown = _shown((x, y), scene)
            line += " " if shown is None else letters[shown]
            if shown is not None:
                used[shown] = None
        if line.strip():
            lines.append(line.rstrip())
    legend = ", ".join(f"{letters[name]} {name}" for name in sorted(used))
    return "\n".join([*lines, f"({legend}; x grows to the right, y grows downward)"])


def nearest(scene: Scene, reach: int = REACH) -> list[str]:
    """One line for each material and kind at most so many steps away: where the nearest is."""
    x, y = scene.agent.position
    found: dict[str, Cell] = {}
    cells = [
        (dx, dy)
        for dx in range(-reach, reach + 1)
        for dy in range(abs(dx) - reach, reach - abs(dx) + 1)
        if (dx, dy) != (0, 0)
    ]
    for dx, dy in sorted(cells, key=lambda cell: (_steps(cell), cell)):
        material, thing = scene.material((x + dx, y + dy)), scene.thing((x + dx, y + dy))
        for name in (material, thing.kind if thing else None):
            if name is not None:
                found.setdefault(name, (dx, dy))
    return [
        f"{name}: {_steps(offset)} away, {_direction(offset)}" for name, offset in found.items()
    ]


def agent_text(scene: Scene) -> list[str]:
    """Lines about the agent: position, attributes, and what lies where it is directed.

    Attributes whose names share a beginning are one line, which leaves out what is 0.
    """
    agent = scene.agent
    lines = [f"position: {tuple(agent.position)}"]
    groups: dict[str, list[str]] = {}
    for name, value in agent.attributes.items():
        group, _, leaf = name.rpartition(".")
        if group:
            entries = groups.setdefault(group, [])
            if value:
                entries.append(f"{leaf} {value_text(value)}")
        elif way := _way(value):
            there = cell_text(_moved(agent.position, value), scene)
            lines.append(f"{name}: {way}; there is {there}")
        else:
            lines.append(f"{name}: {value_text(value)}")
    for group, entries in groups.items():
        lines.append(f"{group}: {', '.join(entries) or 'nothing'}")
    return lines


def cell_text(cell: Cell, scene: Scene) -> str:
    """What is on a cell."""
    material, thing = scene.material(cell), scene.thing(cell)
    if material is None:
        return "the end of the world"
    where = f"at {tuple(cell)}"
    return f"{material} {where}" if thing is None else f"{thing.kind} on {material} {where}"


def value_text(value: Any) -> str:
    """A value of an attribute, short."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, tuple):
        return str(tuple(value))
    return str(value)


def kinds_of(scene: Scene) -> dict[str, Thing]:
    """One example of every kind of thing, the agent first."""
    examples = {scene.agent.kind: scene.agent}
    for thing in scene.things:
        examples.setdefault(thing.kind, thing)
    return examples


def _shown(cell: Cell, scene: Scene) -> str | None:
    thing = scene.thing(cell)
    return thing.kind if thing else scene.material(cell)


def _letters(scene: Scene) -> dict[str, str]:
    """One letter for each name: small for materials, capital for kinds, where there are enough."""
    letters = {scene.agent.kind: _AGENT}
    free = dict.fromkeys(string.ascii_letters + string.digits + string.punctuation)
    del free[_AGENT]
    for name, wished in _wishes(scene):
        if name not in letters:
            letter = next((c for c in wished if c in free), None) or next(iter(free), "?")
            free.pop(letter, None)
            letters[name] = letter
    return letters


def _wishes(scene: Scene) -> Iterator[tuple[str, str]]:
    for material in scene.materials:
        yield material, material.lower() + string.ascii_lowercase
    for kind in sorted(scene.by_kind):
        yield kind, kind.upper() + string.ascii_uppercase


def _way(value: Any) -> str | None:
    return _WAYS.get(value) if isinstance(value, tuple) else None


def _moved(cell: Cell, by: Any) -> Cell:
    return cell[0] + by[0], cell[1] + by[1]


def _steps(offset: Cell) -> int:
    return abs(offset[0]) + abs(offset[1])


def _direction(offset: Cell) -> str:
    dx, dy = offset
    parts = []
    if dx:
        parts.append(f"{abs(dx)} {'right' if dx > 0 else 'left'}")
    if dy:
        parts.append(f"{abs(dy)} {'down' if dy > 0 else 'up'}")
    return " and ".join(parts)
