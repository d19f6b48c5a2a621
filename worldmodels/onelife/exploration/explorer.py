"""An explorer without goals: it tries what it has not tried, and stays alive to try more.

At every step it does what safety asks for (`safety`). Otherwise it follows the wish that is worth
most for the steps it takes (`curiosity`): news, proof, supplies, and what raises a need.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import (
    Context,
    Target,
    context_at,
    counts_of,
    facing_of,
    held_by,
    stations_around,
)
from worldmodels.onelife.exploration.curiosity import Curiosity
from worldmodels.onelife.exploration.ground import Ground
from worldmodels.onelife.exploration.names import Names
from worldmodels.onelife.exploration.practice import STILL, Practice, has, target_of
from worldmodels.onelife.exploration.results import result_of
from worldmodels.onelife.exploration.routes import Place, Terrain, Way, is_sealed, ways
from worldmodels.onelife.exploration.safety import Safety
from worldmodels.onelife.scenes import Cell, Scene

_PATIENCE: Final = 0.95  # what a wish is worth is multiplied by this for every step it is away
_PURSUIT: Final = 0.92  # the same, besides, for what may walk away
_HASTE: Final = 2.5  # how much more needs count shortly before danger
_FAR: Final = 70  # steps; wishes further away are not looked for
_LAST_STEPS: Final = 40  # at the end of a life, nothing is too dangerous to be tried
_FORESIGHT: Final = 10  # steps of a plan before it is made anew
_AT_ONCE: Final = 0.4  # worth of something on the spot for which a plan is dropped
_WORKSHOP: Final = 2.0  # worth of getting to where all stations are, for each worth of a trial
_LEFT: Final = 2  # of what a station costs, at hand when another one is made
_NEIGHBOURHOOD: Final = 12  # steps within which an existing station is walked to
_MOST: Final = 8.0  # no wish is worth more
_BORED: Final = 5  # steps of wandering before wishes are looked for again
_LAZY: Final = 0.8  # share of steps at rest without trying whether an action does anything
_CALM: Final = 7  # steps within which no danger may be, to try what never worked

Wish = tuple[float, str]


class Explorer:
    """Chooses actions from scenes; `act` and `see` take turns.

    Args:
        actions: Names of the actions.
        first: The first scene.
        seed: Of the choice between equals.
        max_steps: How long the life may be.
    """

    def __init__(self, actions: Sequence[str], first: Scene, seed: int, max_steps: int) -> None:
        self.actions = tuple(actions)
        self.random = np.random.default_rng(seed)
        self.practice = Practice(first)
        self.body = Body(first)
        self.ground = Ground(first)
        self.names = Names(self.actions, first)
        self.curiosity = Curiosity(self.actions, self.practice, self.body, self.ground, self.names)
        self.safety = Safety(self.practice, self.body, self.curiosity)
        self.max_steps = max_steps
        self.time = 0
        self._plan: list[str] = []
        self._is_refuge = False  # whether the plan is to get shut in
        self._expected: Place | None = None
        self._levels: list[int] = []  # of vital needs, when the plan was made
        self._worth = 0.0  # of the best wish
        self._bored_until = 0
        self._within_reach: set[str] = set()  # stations that are not far to go

    # What is seen.

    def see(self, scene: Scene, action: str, after: Scene) -> None:
        """Take in what an action led to."""
        practice = self.practice
        position, facing = scene.agent.position, facing_of(scene.agent)
        cell = (position[0] + facing[0], position[1] + facing[1])
        has_moved = after.agent.position != position
        self.ground.notice(scene, after)
        is_walk = action in practice.directions
        self.body.notice(scene, action, after, cell, self.time, is_walk=is_walk)
        self.safety.perils.notice(scene, after, self.time)
        self.time += 1
        context = self._context(scene, (position, facing))
        if context.flags:
            return
        step = practice.directions.get(action)
        if step is not None:
            target = target_of(scene, (position[0] + step[0], position[1] + step[1]))
            self.ground.walked(target, has_moved=has_moved)
            deed = practice.deed(action, target)
            deed.tries += 1
            deed.successes += has_moved
        else:
            practice.learn(action, context, result_of(self.body, scene, after, cell))
        turned = facing_of(after.agent)
        has_turned = turned != facing or has_moved or turned == step
        practice.turns[action][turned if has_turned else STILL] += 1

    def _context(self, scene: Scene, place: Place) -> Context:
        (x, y), (dx, dy) = place
        target = target_of(scene, (x + dx, y + dy))
        return context_at(scene, place, target, self.body, self.practice.stations)

    # What is done.

    def act(self, scene: Scene) -> str:
        """The next action."""
        place: Place = (scene.agent.position, facing_of(scene.agent))
        context = self._context(scene, place)
        unknown = [
            action
            for action in self.actions
            if action not in self.practice.turns and not self.names.lacks(action, held_by(scene))
        ]
        if unknown and self.time < 6 * len(self.actions):
            action = self._to_something(scene, place)
            return action or unknown[int(self.random.integers(len(unknown)))]
        if not self.practice.directions:
            return self._any_action()
        if context.flags & self._own_flags():
            return self._idle() if self.random.random() < _LAZY else self._any_action()
        return self._follow(scene, place, context)

    def _to_something(self, scene: Scene, place: Place) -> str | None:
        """A step towards something to try actions on, by the directions known so far."""
        terrain = self.ground.terrain(scene, self.practice, held_by(scene))
        if not terrain.moves:
            return None
        for thing in self.body.threats(scene, 1):
            step = (thing.position[0] - place[0][0], thing.position[1] - place[0][1])
            if step == place[1]:
                return None
            if step in terrain.moves:
                return terrain.moves[step]
        for way in ways(terrain, place, {}, _FAR // 3):
            (x, y), (dx, dy) = way.place
            sort, name = target_of(scene, (x + dx, y + dy))
            if sort != "outside" and name not in self.ground.entered:
                return way.actions[0] if way.actions else None
        return None

    def _own_flags(self) -> set[str]:
        """Flags that were raised on purpose: they are waited out."""
        return {flag for _, _, deed in self.practice.all_deeds() for flag in deed.sets}

    def _idle(self) -> str:
        """The action that has most often had no effect."""
        return max(
            self.actions,
            key=lambda action: (
                self.practice.is_mystery(action) and action not in self.practice.directions,
                sum(deed.tries for deed in self.practice.tried(action)),
            ),
        )

    def _least_tried(self, context: Context, held: dict[str, int]) -> str:
        """What was done least to what is faced, and takes nothing; to pass the time."""
        practice = self.practice
        free = [
            action
            for action in self.curiosity.deeds
            if not (cost := practice.cost(action)) or not has(held, cost)
        ]
        return min(free, key=lambda action: practice.deed(action, context.target).tries)

    def _any_action(self) -> str:
        return self.actions[int(self.random.integers(len(self.actions)))]

    def _follow(self, scene: Scene, place: Place, context: Context) -> str:
        held = held_by(scene)
        terrain = self.ground.terrain(scene, self.practice, held)
        safety = self.safety
        safety.look(scene, terrain)
        self.curiosity.haste = _HASTE if safety.has_time(scene) else 1.0
        defence = safety.defend(scene, terrain)
        if defence is not None:
            self._plan = []
            return defence
        reach = safety.refuge_within(scene, self.time)
        if reach:
            if not (self._plan and self._is_refuge and self._is_as_planned(scene)):
                found = safety.refuge(scene, terrain, self.time, reach)
                if found:
                    self._set_plan(scene, found, refuge=True)
            if self._plan and self._is_refuge:
                return self._next_of_plan(terrain, place)
        self._within_reach = self._stations_within(scene, place[0])
        is_hiding = safety.is_hiding(scene)
        if safety.should_sleep(scene):
            rest = safety.rest_action()
            if rest is not None:
                self._plan = []
                return rest
        value, action = self._here(scene, context, held)
        if value < _AT_ONCE and self._plan and not self._is_refuge and self._is_as_planned(scene):
            return self._next_of_plan(terrain, place)
        if value >= _AT_ONCE:
            self._plan = []
            return action
        if self.time < self._bored_until and not value:
            return self._wander(terrain, place)
        best = self._best_plan(scene, terrain, place, held, (value, action))
        if is_hiding and (not best or self._worth < 0.1):
            rest = safety.rest_action()
            if rest is not None and safety.can_rest(scene):
                return rest
            return self._least_tried(context, held)
        if not best:
            self._bored_until = self.time + _BORED
            return self._wander(terrain, place)
        self._set_plan(scene, best[:_FORESIGHT], refuge=False)
        return self._next_of_plan(terrain, place)

    def _set_plan(self, scene: Scene, plan: list[str], *, refuge: bool) -> None:
        self._plan, self._is_refuge, self._expected = plan, refuge, None
        self._levels = [self.body.level(scene, need) for need in sorted(self.body.vital)]

    def _next_of_plan(self, terrain: Terrain, place: Place) -> str:
        action, *self._plan = self._plan
        x, y = place[0]
        step = self.practice.directions.get(action)
        if step is None:
            self._expected = place
        else:
            ahead = (x + step[0], y + step[1])
            is_open = terrain.is_ground(ahead) and ahead not in terrain.scene.by_cell
            self._expected = (ahead if is_open else (x, y), step)
        return action

    def _is_as_planned(self, scene: Scene) -> bool:
        """Whether the agent is where it wanted to be, unharmed."""
        if self._expected != (scene.agent.position, facing_of(scene.agent)):
            return False
        levels = [self.body.level(scene, need) for need in sorted(self.body.vital)]
        return len(levels) == len(self._levels) and all(
            now >= before for now, before in zip(levels, self._levels, strict=True)
        )

    # Wishes.

    def _here(self, scene: Scene, context: Context, held: dict[str, int]) -> Wish:
        """The best thing to do on the spot, with what is at hand now."""
        best: Wish = (0.0, "")
        is_calm = not self.body.threats(scene, _CALM) or self.safety.room is not None
        if self.body.is_critical(scene, self.practice):
            return best
        for action in self.curiosity.deeds:
            if self.practice.is_mystery(action):
                value = self.curiosity.trial(action, context, held) if is_calm else 0.0
            else:
                value = self.curiosity.on_the_spot(action, context, held)
                value = max(value, self._building(action, context, held))
                value = max(value, self.curiosity.fills(scene, action, context))
            if value > best[0]:
                best = (value, action)
        return best

    def _building(self, action: str, context: Context, held: dict[str, int]) -> float:
        """Worth of making a station that is missing beside others."""
        practice = self.practice
        made = {m for m, maker in practice.stations.items() if maker == action} - context.near
        cost = practice.cost(action)
        if not made or not has(held, cost) or not practice.deed(action, context.target).successes:
            return 0.0
        if made & self._within_reach:
            return 0.0
        left = {item: count - cost.get(item, 0) for item, count in held.items()}
        if not has(left, dict.fromkeys(cost, _LEFT)):
            return 0.0
        stock = tuple((item, n) for item, n in context.stock if left[item] >= n)
        promise = self._promise(dataclasses.replace(context, stock=stock), left)
        return _WORKSHOP * promise if context.near else promise

    def _stations_within(self, scene: Scene, position: Cell) -> set[str]:
        """Stations that are not far to go."""
        x, y = position
        part = scene.cells[
            max(0, x - _NEIGHBOURHOOD) : x + _NEIGHBOURHOOD + 1,
            max(0, y - _NEIGHBOURHOOD) : y + _NEIGHBOURHOOD + 1,
        ]
        present = {scene.materials[index] for index in np.unique(part).tolist()}
        return present & self.practice.stations.keys()

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
        return self.curiosity.promise(everywhere, held)

    def _best_plan(
        self, scene: Scene, terrain: Terrain, place: Place, held: dict[str, int], here: Wish
    ) -> list[str]:
        """The wish on the map that is worth most for the steps it takes."""
        wishes: dict[tuple[Target, tuple[int, ...]], Wish] = {}
        room = self.safety.room if self.safety.is_hiding(scene) else None
        context = self._context(scene, place)
        promise = self._promise(context, held) if self.practice.stations else 0.0
        value, best = here[0], ([here[1]] if here[1] else [])
        for way in ways(terrain, place, self.safety.avoided(scene), _FAR, room):
            discount = _PATIENCE**way.steps
            if value >= _MOST * discount:
                break
            wish = self._wish_at(scene, terrain, way, held, wishes, room)
            if wish[0] * discount > value:
                value, best = wish[0] * discount, [*way.actions, wish[1]]
            if promise and room is None:
                there = promise * self._workshop(scene, way.place, context, held)
                if there * discount > value and way.actions:
                    value, best = there * discount, way.actions
        self._worth = value
        return best

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
        context = context_at(scene, place, target, self.body, self.practice.stations)
        best: Wish = (0.0, "")
        if target[0] == "material":
            is_end = self.max_steps - self.time <= _LAST_STEPS
            best = (self.curiosity.entering(target[1], is_end=is_end), "")
        for action in self.curiosity.deeds:
            value = self.curiosity.on_target(scene, action, context, held)
            if target[0] == "kind" and self.body.is_danger(target[1]):
                value *= 0.3
            if value > best[0]:
                best = (value, action)
        return best

    def _wander(self, terrain: Terrain, place: Place) -> str:
        """Go somewhere else."""
        (x, y), facing = place
        moves = {
            step: action
            for step, action in terrain.moves.items()
            if terrain.is_ground((x + step[0], y + step[1]))
        }
        if facing in moves and self.random.random() < 0.9:
            return moves[facing]
        options = sorted(moves.values(), key=self.actions.index)
        return options[int(self.random.integers(len(options)))] if options else self._any_action()
