"""What is worth doing, where, and how to get there."""

import dataclasses
from typing import Final

import numpy as np

from worldmodels.onelife.exploration.contexts import (
    Context,
    Target,
    counts_of,
    facing_of,
    stations_around,
)
from worldmodels.onelife.exploration.curiosity import Curiosity
from worldmodels.onelife.exploration.practice import Practice, has, target_of
from worldmodels.onelife.exploration.routes import Place, Terrain, Way, is_sealed, ways
from worldmodels.onelife.exploration.safety import Safety
from worldmodels.onelife.scenes import Cell, Scene

_PATIENCE: Final = 0.95  # what a wish is worth is multiplied by this for every step it is away
_PURSUIT: Final = 0.92  # the same, besides, for what may walk away
_FAR: Final = 70  # steps; wishes further away are not looked for
_WORKSHOP: Final = 4.0  # worth of getting to where all stations are, for each worth of a trial
_LEFT: Final = 2  # of what a station costs, at hand when another one is made
_NEIGHBOURHOOD: Final = 12  # steps within which an existing station is walked to
_TOGETHER: Final = 5  # the same, when it shall be near others too
_MOST: Final = 8.0  # no wish is worth more
_CALM: Final = 7  # steps within which no danger may be, to try what never worked

Wish = tuple[float, str]
"""Worth and action."""


class Wishes:
    """Weighs what could be done on the spot, on all that can be walked to, and at stations."""

    def __init__(self, practice: Practice, curiosity: Curiosity, safety: Safety) -> None:
        self.practice = practice
        self.curiosity = curiosity
        self.safety = safety
        self.body = curiosity.body
        self._is_end = False
        self._within_reach: set[str] = set()  # stations that are not far to go
        self._close: set[str] = set()  # stations that may be near a place that is near others

    def look(self, scene: Scene, *, is_end: bool) -> None:
        """Take in where the agent is, and whether its life is about to end anyway."""
        self._is_end = is_end
        self._within_reach = self._stations_within(scene, _NEIGHBOURHOOD)
        self._close = self._stations_within(scene, _TOGETHER)

    def _stations_within(self, scene: Scene, steps: int) -> set[str]:
        x, y = scene.agent.position
        part = scene.cells[max(0, x - steps) : x + steps + 1, max(0, y - steps) : y + steps + 1]
        present = {scene.materials[index] for index in np.unique(part).tolist()}
        return present & self.practice.stations.keys()

    def here(self, scene: Scene, context: Context, held: dict[str, int]) -> Wish:
        """The best thing to do on the spot, with what is at hand now."""
        best = self._meal(scene, context, held)
        is_calm = not self.body.threats(scene, _CALM) or self.safety.room is not None
        if self.body.is_critical(scene, self.practice) and not self.curiosity.hope(scene):
            return best
        for action in self.curiosity.trials.deeds:
            if self.practice.is_mystery(action):
                value = self.curiosity.trials.worth(action, context, held) if is_calm else 0.0
            else:
                value = self.curiosity.on_the_spot(action, context, held)
                value = max(value, self._building(action, context, held))
                value = max(value, self.curiosity.fills(scene, action, context))
                if is_calm:
                    value = max(value, self.curiosity.respite(scene, action))
            if value > best[0]:
                best = (value, action)
        return best

    def _meal(self, scene: Scene, context: Context, held: dict[str, int]) -> Wish:
        """The best thing to consume."""
        meals = [
            (worth, action)
            for action in self.curiosity.trials.deeds
            if (worth := self.curiosity.meal(scene, action, context, held))
        ]
        return max(meals, key=lambda wish: wish[0], default=(0.0, ""))

    def _building(self, action: str, context: Context, held: dict[str, int]) -> float:
        """Worth of making a station that is missing beside others."""
        practice = self.practice
        made = {m for m, maker in practice.stations.items() if maker == action} - context.near
        cost = practice.cost(action)
        if not made or not has(held, cost) or not self._is_site(action, context.target):
            return 0.0
        if made & (self._close if context.near else self._within_reach):
            return 0.0
        left = {item: count - cost.get(item, 0) for item, count in held.items()}
        if not has(left, dict.fromkeys(cost, _LEFT)):
            return 0.0
        stock = tuple((item, n) for item, n in context.stock if left[item] >= n)
        promise = self._promise(dataclasses.replace(context, stock=stock), left)
        return _WORKSHOP * promise if context.near else promise

    def _is_site(self, action: str, target: Target) -> bool:
        """Whether a station was made there, or may be as far as is known."""
        deed = self.practice.deeds[action].get(target)
        if deed is None or not deed.tries:
            return target[0] == "material" and target[1] in self.curiosity.ground.entered
        return deed.successes > 0

    def _promise(self, context: Context, held: dict[str, int]) -> float:
        """Worth of a trial with the same things at hand beside all stations."""
        everywhere = Context(
            context.target,
            context.ripeness,
            context.stock,
            frozenset(),
            frozenset(self.practice.stations),
            context.flags,
        )
        return self.curiosity.trials.promise(everywhere, held)

    def best(
        self, scene: Scene, terrain: Terrain, held: dict[str, int], here: Wish
    ) -> tuple[float, list[str]]:
        """The wish on the map that is worth most for the steps it takes: its worth, and how."""
        place: Place = (scene.agent.position, facing_of(scene.agent))
        wishes: dict[tuple[Target, tuple[int, ...]], Wish] = {}
        room = self.safety.room if self.safety.is_hiding(scene) else None
        context = self.curiosity.context(scene, place)
        promise = self._promise(context, held) if self.practice.stations else 0.0
        visits = self._visits(scene, context, held)
        value, best = here[0], ([here[1]] if here[1] else [])
        for way in ways(terrain, place, self.safety.avoided(scene), _FAR, room):
            discount = _PATIENCE**way.steps
            if value >= _MOST * discount:
                break
            wish = self._wish_at(scene, terrain, way, held, wishes, room)
            if wish[0] * discount > value:
                value, best = wish[0] * discount, [*way.actions, wish[1]]
            visit = visits.get(way.place[0], 0.0) if room is None else 0.0
            if visit * discount > value and way.actions:
                value, best = visit * discount, way.actions
            if promise and room is None:
                there = promise * self._workshop(scene, way.place, context, held)
                if there * discount > value and way.actions:
                    value, best = there * discount, way.actions
        return value, best

    def _visits(self, scene: Scene, context: Context, held: dict[str, int]) -> dict[Cell, float]:
        """Worth of being on the cells around landmarks."""
        worth: dict[Cell, float] = {}
        for name in sorted(self.practice.landmarks - context.near):
            near = context.near | {name}
            promise = self.curiosity.trials.promise(dataclasses.replace(context, near=near), held)
            if not promise or name not in scene.materials:
                continue
            for x, y in np.argwhere(scene.cells == scene.materials.index(name)).tolist():
                for dx in (-1, 0, 1):
                    for dy in (-1, 0, 1):
                        worth[x + dx, y + dy] = max(worth.get((x + dx, y + dy), 0.0), promise)
        return worth

    def _workshop(
        self, scene: Scene, place: Place, context: Context, held: dict[str, int]
    ) -> float:
        """Worth of being at a place for the stations around it."""
        stations = self.practice.stations
        near = stations_around(scene, place[0], stations)
        if not near or near <= context.near:
            return 0.0
        missing = [m for m in stations if m not in near]
        if not missing:
            return _WORKSHOP
        cost: dict[str, int] = {}
        for material in missing:
            for item, count in self.practice.cost(stations[material]).items():
                cost[item] = cost.get(item, 0) + count
        return 0.7 * _WORKSHOP if has(held, cost) else 0.1

    def _wish_at(
        self,
        scene: Scene,
        terrain: Terrain,
        way: Way,
        held: dict[str, int],
        wishes: dict[tuple[Target, tuple[int, ...]], Wish],
        room: set[Cell] | None,
    ) -> Wish:
        """The best deed on what is faced at a place."""
        (x, y), (dx, dy) = way.place
        cell = (x + dx, y + dy)
        thing = scene.by_cell.get(cell)
        if thing is scene.agent:
            return (0.0, "")
        if room is not None and cell not in room and not is_sealed(terrain, cell, room):
            return (0.0, "")
        target = target_of(scene, cell)
        ripeness = () if thing is None else counts_of(thing)
        if (target, ripeness) not in wishes:
            wishes[target, ripeness] = self._wish(scene, way.place, target, held)
        value, action = wishes[target, ripeness]
        if action:
            if target[0] == "kind" and not self.curiosity.is_remedy(action, target):
                if self.body.is_suspect(target[1]):
                    value *= self.safety.boldness(scene)
                if self.body.is_suspect(target[1]) or not self.curiosity.hope(scene):
                    value *= _PURSUIT**way.steps
            return value, action
        walk = terrain.moves.get((dx, dy))
        return (0.0, "") if walk is None else (value, walk)

    def _wish(self, scene: Scene, place: Place, target: Target, held: dict[str, int]) -> Wish:
        """The best deed on a target; an empty name stands for walking there."""
        context = self.curiosity.context(scene, place)
        best: Wish = (0.0, "")
        if target[0] == "material":
            best = (self.curiosity.entering(target[1], is_end=self._is_end), "")
        for action in self.curiosity.trials.deeds:
            value = self.curiosity.on_target(scene, action, context, held)
            if target[0] == "kind" and self.body.is_danger(target[1]):
                value *= 0.3
            if value > best[0]:
                best = (value, action)
        return best
