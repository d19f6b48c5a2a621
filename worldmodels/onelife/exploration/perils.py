"""When it is dangerous: how many dangers were about at each level of what changes by itself."""

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Final, TypeGuard

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.scenes import Scene

_EVERY: Final = 4  # steps from one count to the next
_ABOUT: Final = 14  # steps within which dangers are counted
_ALIKE: Final = 0.15  # of the range of a number, within which its levels are alike
_AHEAD: Final = 25  # steps a number is thought to go on as it does now
_MANY: Final = 1.5  # dangers about, on the average, from which a time is perilous
_MORE: Final = 1.3  # times as many as on the average of all times


class Perils:
    """Counts of things around the agent beside the numbers that belong to no thing."""

    def __init__(self) -> None:
        self._counts: list[Counter[str]] = []
        self._levels: defaultdict[str, list[float]] = defaultdict(list)
        self._speeds: dict[str, float] = {}
        self._risen: set[str] = set()
        self._fallen: set[str] = set()

    def notice(self, scene: Scene, after: Scene, time: int) -> None:
        """Take in one step."""
        x, y = after.agent.position
        is_counted = time % _EVERY == 0
        for name, value in after.globals.items():
            before = scene.globals[name]
            if not _is_number(value) or not _is_number(before):
                continue
            self._speeds[name] = float(value) - float(before)
            if value != before:
                (self._risen if value > before else self._fallen).add(name)
            if is_counted:
                self._levels[name].append(float(value))
        if is_counted:
            self._counts.append(
                Counter(
                    thing.kind
                    for thing in after.things
                    if abs(thing.position[0] - x) + abs(thing.position[1] - y) <= _ABOUT
                )
            )

    def is_perilous(self, dangers: Collection[str], *, soon: bool) -> bool:
        """Whether many of these kinds are usual at such a time, or soon will be if asked."""
        if not dangers or not self._counts:
            return False
        numbers = np.array([sum(count[kind] for kind in dangers) for count in self._counts])
        limit = max(_MANY, _MORE * float(numbers.mean()))
        return any(
            float(numbers[near].mean()) >= limit
            for name in self._risen & self._fallen  # what only ever rises never comes back
            for near in self._alike(name, soon=soon)
        )

    def _alike(self, name: str, *, soon: bool) -> list[np.ndarray]:
        """Which counts were made at a level as it is now, and as it soon will be if asked."""
        levels = np.array(self._levels[name])
        low, high = float(levels.min()), float(levels.max())
        now = levels[-1]
        later = min(max(now + _AHEAD * self._speeds[name], low), high)
        asked = (now, later) if soon else (now,)
        found = [np.abs(levels - level) <= _ALIKE * (high - low) for level in asked]
        return [near for near in found if near.any()]


def _is_number(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
