"""An explorer without goals: it tries what it has not tried, and stays alive to try more.

At every step it does what safety asks for (`safety`). Otherwise it follows the wish that is worth
most for the steps it takes (`wishes`): news, proof, supplies, and what raises a need.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import Context, facing_of, held_by
from worldmodels.onelife.exploration.curiosity import Curiosity
from worldmodels.onelife.exploration.ground import Ground
from worldmodels.onelife.exploration.names import Names
from worldmodels.onelife.exploration.practice import STILL, Practice, has, target_of
from worldmodels.onelife.exploration.results import result_of
from worldmodels.onelife.exploration.routes import Place, Terrain, ways
from worldmodels.onelife.exploration.safety import Safety
from worldmodels.onelife.exploration.wishes import Wishes
from worldmodels.onelife.scenes import Scene

_HASTE: Final = 2.5  # how much more needs count shortly before danger
_WITHIN: Final = 23  # steps to something to try the first actions on
_LAST_STEPS: Final = 40  # at the end of a life, nothing is too dangerous to be tried
_FORESIGHT: Final = 10  # steps of a plan before it is made anew
_AT_ONCE: Final = 0.4  # worth of something on the spot for which a plan is dropped
_BORED: Final = 5  # steps of wandering before wishes are looked for again
_LAZY: Final = 0.8  # share of steps at rest without trying whether an action does anything


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
        self.wishes = Wishes(self.practice, self.curiosity, self.safety)
        self.max_steps = max_steps
        self.time = 0
        self._plan: list[str] = []
        self._is_refuge = False  # whether the plan is to get shut in
        self._expected: Place | None = None
        self._levels: list[int] = []  # of vital needs, when the plan was made
        self._bored_until = 0

    # What is seen.

    def see(self, scene: Scene, action: str, after: Scene) -> None:
        """Take in what an action led to."""
        practice = self.practice
        position, facing = scene.agent.position, facing_of(scene.agent)
        cell = (position[0] + facing[0], position[1] + facing[1])
        has_moved = after.agent.position != position
        self.ground.notice(scene, after, self.body.missiles)
        is_walk = action in practice.directions
        restless = set(self.body.restless)
        self.body.notice(scene, action, after, cell, self.time, is_walk=is_walk)
        for kind, attribute in sorted(self.body.restless - restless):
            self.practice.forget_touches(kind, attribute)
        self.safety.perils.notice(scene, after, self.time)
        self.time += 1
        context = self.curiosity.context(scene, (position, facing))
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

    # What is done.

    def act(self, scene: Scene) -> str:
        """The next action."""
        place: Place = (scene.agent.position, facing_of(scene.agent))
        context = self.curiosity.context(scene, place)
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
                return self.safety.strike(thing.kind) or self._least_tried(
                    self.curiosity.context(scene, place), held_by(scene)
                )
            if step in terrain.moves:
                return terrain.moves[step]
        for way in ways(terrain, place, {}, _WITHIN):
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
            for action in self.curiosity.trials.deeds
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
        self.wishes.look(scene, is_end=self.max_steps - self.time <= _LAST_STEPS)
        is_hiding = safety.is_hiding(scene)
        if safety.should_sleep(scene):
            rest = safety.rest_action()
            if rest is not None:
                self._plan = []
                return rest
        value, action = self.wishes.here(scene, context, held)
        if value < _AT_ONCE and self._plan and not self._is_refuge and self._is_as_planned(scene):
            return self._next_of_plan(terrain, place)
        if value >= _AT_ONCE:
            self._plan = []
            return action
        if self.time < self._bored_until and not value:
            return self._wander(terrain, place)
        worth, best = self.wishes.best(scene, terrain, held, (value, action))
        if is_hiding and (not best or worth < 0.1):
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
            level >= before for level, before in zip(levels, self._levels, strict=True)
        )

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
