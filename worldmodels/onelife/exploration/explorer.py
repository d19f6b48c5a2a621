"""An explorer without goals: it tries what it has not tried, and stays alive to try more.

At every step it weighs wishes and follows the one that is worth most for the steps it takes:

- an action on a target, or with things at hand, of which the outcome is not known;
- an action that would tell the narrow from the wide reading of what was learned (the same deed
  without one of the things that were at hand at every success);
- once more what worked only a few times, or what has just changed something;
- more of an item, while there are actions that never had an effect: they may lack it;
- what restores a need that has fallen, or harms or escapes a kind near which harm was done.

What is an item, a need, a danger or a station it has learned itself (`practice`).
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from worldmodels.onelife.exploration.practice import (
    AMOUNTS,
    STILL,
    Context,
    Deed,
    Practice,
    Target,
    context_of,
    facing_of,
    fallen,
    counts_of,
    is_count,
    result_of,
    target_of,
)
from worldmodels.onelife.exploration.routes import Clearing, Place, Way, ways
from worldmodels.onelife.exploration.shelter import Skills, shelter
from worldmodels.onelife.scenes import Cell, Scene

_PATIENCE: Final = 0.97  # what a wish is worth is multiplied by this for every step it is away
_FAR: Final = 60  # steps; wishes further away are not looked for
_LAST_STEPS: Final = 40  # at the end of a life, nothing is too dangerous to be tried
_COMMON: Final = 0.025  # share of the map from which a material is worth the risk of entering it
_LOW: Final = 0.55  # of its highest level: below, a need is looked after
_DANGER_SIGHT: Final = 3


_AT_ONCE: Final = 1.1  # worth of something on the spot for which a plan is dropped
_FORESIGHT: Final = 12  # steps of a plan before it is made anew
_NEIGHBOURHOOD: Final = 12  # steps within which an existing station is walked to
_ALARM: Final = 12  # steps after harm for which it is thought dangerous
_TIRED: Final = 0.4  # of the highest level of a need: below, it is rested for
_ENTER: Final = "enter"


class Wish(NamedTuple):
    """Something worth doing at a target."""

    value: float
    action: str


_NOTHING: Final = Wish(0.0, "")


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
        self.max_steps = max_steps
        self.time = 0
        self.entered: set[str] = {first.material(first.agent.position) or ""}
        self.stood: set[str] = set()  # materials on which something was seen to stay
        self.refused: Counter[str] = Counter()  # times a material could not be entered
        self.highest: dict[str, int] = {}
        self._last: str | None = None
        self._plan: list[str] = []
        self._walling: list[str] = []
        self._harmed = -_ALARM
        self._despair = 0.0
        self._shares: dict[str, float] = {}
        self._here_at: Cell = first.agent.position
        self._stations: list[tuple[str, Cell]] = []
        self._expected: tuple[Cell, Cell] | None = None
        self._levels: tuple[int, ...] = ()
        self._look_around(first)

    # What is seen.

    def see(self, scene: Scene, action: str, after: Scene) -> None:
        """Take in what an action led to."""
        practice = self.practice
        cell = self._target_cell(scene)
        has_moved = after.agent.position != scene.agent.position
        self._notice_falls(scene, after, cell)
        context = context_of(practice, scene, cell)
        if action in practice.directions and not any(value for _, value in context.flags):
            direction = practice.directions[action]
            x, y = scene.agent.position
            ahead = (x + direction[0], y + direction[1])
            target = target_of(scene, ahead)
            deed = practice.deed(action, target)
            deed.tries += 1
            deed.successes += has_moved
            if target[0] == "material":
                if has_moved:
                    self.entered.add(target[1])
                else:
                    self.refused[target[1]] += 1
        else:
            result = result_of(practice, scene, after, cell, has_moved=has_moved)
            practice.learn(action, context, result)
            if result.makes is not None and result.losses:
                practice.stations.add(result.makes)
        facing = facing_of(after.agent)
        if facing is not None and not any(value for _, value in context.flags):
            practice.turns.setdefault(action, Counter())[
                facing if facing != facing_of(scene.agent) or has_moved else STILL
            ] += 1
        self.time += 1
        self._last = action
        self._look_around(after)

    def _notice_falls(self, scene: Scene, after: Scene, cell: Cell) -> None:
        practice = self.practice
        agent = scene.agent
        target = scene.by_cell.get(cell)
        near: set[str] = set()
        beside: set[str] = set()
        for thing in scene.things:
            (x, y), (i, j) = thing.position, agent.position
            distance = abs(x - i) + abs(y - j)
            if distance > _FAR // 4:
                continue
            now = after.by_id.get(thing.id)
            if thing is not target and now is not None:
                practice.restless.update((thing.kind, name) for name in fallen(thing, now))
            if now is not None and now.position == thing.position:
                self.stood.add(scene.material(thing.position) or "")
            if distance <= 2:
                near.add(thing.kind)
            if distance <= 1:
                beside.add(thing.kind)
        practice.presence.update(near)
        is_harmed = False
        flag = next((name for name, value in agent.attributes.items() if value is True), "")
        practice.steps[flag] += 1
        for name in practice.needs:
            before, now_at = agent.attributes[name], after.agent.attributes[name]
            if now_at > before:  # type: ignore[operator]  # counts
                practice.rises[flag, name] += 1
            if now_at < before:  # type: ignore[operator]  # counts
                practice.falling.add(name)
                if before - now_at > 1:  # type: ignore[operator]  # counts
                    practice.vital.add(name)
                    is_harmed = True
        if is_harmed:
            practice.dangers.update(beside or near)
            self._harmed = self.time
            self._walling = []

    def _look_around(self, scene: Scene) -> None:
        for name in self.practice.needs:
            value: Any = scene.agent.attributes[name]
            self.highest[name] = max(self.highest.get(name, 0), value)

    def _target_cell(self, scene: Scene) -> Cell:
        (x, y), step = scene.agent.position, facing_of(scene.agent) or (0, 0)
        return x + step[0], y + step[1]

    # What is done.

    def act(self, scene: Scene) -> str:
        """The next action."""
        unknown = [
            action
            for action in self.actions
            if self.practice.turns.get(action, Counter()).total() < 1
        ]
        directions = self.practice.directions
        if unknown and self.time < 6 * len(self.actions):
            return unknown[int(self.random.integers(len(unknown)))]
        if not directions:
            return self._any_action()
        context = context_of(self.practice, scene, self._target_cell(scene))
        if any(value for _, value in context.flags) and self._is_held(scene, context):
            return self._idle()
        return self._follow(scene, context)

    def _is_held(self, scene: Scene, context: Context) -> bool:
        """Whether a flag is up that was raised on purpose: it is waited out."""
        del scene
        return any(
            name in deed.sets for name, value in context.flags if value
            for deed in self.practice.deeds.values()
        )

    def _idle(self) -> str:
        """The action that has most often had no effect."""
        return max(
            self.actions,
            key=lambda action: (
                self.practice.is_mystery(action) and action not in self.practice.directions,
                sum(deed.tries for deed in self.practice.tried(action)),
            ),
        )

    def _any_action(self) -> str:
        return self.actions[int(self.random.integers(len(self.actions)))]

    def _follow(self, scene: Scene, context: Context) -> str:
        """Weigh all wishes, and go on with the best until something unexpected happens."""
        self._survey(scene)
        defence = self._defend(scene)
        if defence is not None:
            self._plan = []
            return defence
        refuge = self._refuge(scene)
        if refuge is not None:
            return refuge
        value, action = self._here(scene, context)
        if value >= _AT_ONCE and action is not None:
            self._plan = []
            return action
        if self._plan and self._is_as_planned(scene):
            return self._next_of_plan(scene)
        wishes: dict[tuple[Target, tuple[int, ...]], Wish] = {}
        bound = self._bound(scene, context, wishes)
        best: list[str] = [] if action is None else [action]
        for way in self._ways(scene):
            discount = _PATIENCE**way.steps
            if value >= bound * discount:
                break
            wish = self._wish_at(scene, way.place, context, wishes)
            if wish.value * discount > value:
                value, best = wish.value * discount, [*way.actions, wish.action]
        if not best:
            return self._wander(scene)
        self._plan, self._levels = best[:_FORESIGHT], self._needs_of(scene)
        self._expected = None
        return self._next_of_plan(scene)

    def _next_of_plan(self, scene: Scene) -> str:
        action, *self._plan = self._plan
        self._expected = None
        step = self.practice.directions.get(action)
        if step is not None:
            x, y = scene.agent.position
            ahead = (x + step[0], y + step[1])
            is_free = self._is_enterable(scene, ahead)
            self._expected = (ahead if is_free else (x, y), step)
        return action

    def _is_as_planned(self, scene: Scene) -> bool:
        """Whether the agent is where it wanted to be, unharmed."""
        here = (scene.agent.position, facing_of(scene.agent))
        if self._expected is not None and self._expected != here:
            return False
        return all(
            now >= before
            for now, before in zip(self._needs_of(scene), self._levels, strict=True)
        )

    def _needs_of(self, scene: Scene) -> tuple[int, ...]:
        levels: list[Any] = [scene.agent.attributes[need] for need in self.practice.needs]
        return tuple(levels)

    def _bound(
        self,
        scene: Scene,
        context: Context,
        wishes: dict[tuple[Target, tuple[int, ...]], Wish],
    ) -> float:
        """The most that any wish on the map is worth."""
        values = [0.0]
        for index in np.unique(scene.cells).tolist():
            target = ("material", scene.materials[index])
            values.append(self._wish(scene, context, target, (), wishes).value)
        for thing in scene.things:
            target = ("kind", thing.kind)
            values.append(self._wish(scene, context, target, counts_of(thing), wishes).value)
        return max(values)

    def _wish_at(
        self,
        scene: Scene,
        place: Place,
        context: Context,
        wishes: dict[tuple[Target, tuple[int, ...]], Wish],
    ) -> Wish:
        """The best wish at a place."""
        (x, y), step = place
        cell = (x + step[0], y + step[1])
        thing = scene.by_cell.get(cell)
        if thing is scene.agent:
            return _NOTHING
        target = target_of(scene, cell)
        ripeness = () if thing is None else counts_of(thing)
        wish = self._wish(scene, context, target, ripeness, wishes)
        if wish.action == _ENTER:
            moves = [a for a, d in self.practice.directions.items() if d == step]
            return Wish(wish.value, moves[0]) if moves else _NOTHING
        return wish

    def _wish(
        self,
        scene: Scene,
        context: Context,
        target: Target,
        ripeness: tuple[int, ...],
        wishes: dict[tuple[Target, tuple[int, ...]], Wish],
    ) -> Wish:
        """The best thing to do at a target."""
        if (target, ripeness) not in wishes:
            there = dataclasses.replace(
                context, target=target, ripeness=ripeness, near=frozenset()
            )
            found = [Wish(self._wish_to_enter(scene, target), _ENTER)]
            found += [
                Wish(self._value(scene, action, there), action)
                for action in self.actions
                if action not in self.practice.directions
            ]
            wishes[target, ripeness] = max(found, key=lambda wish: wish.value)
        return wishes[target, ripeness]

    def _is_place_for(self, deed: Deed, context: Context) -> bool:
        """Whether other stations are here, or none of the kind stands near."""
        if context.near or len(self.practice.stations) == 1:
            return not any(
                abs(x - self._here_at[0]) + abs(y - self._here_at[1]) <= _NEIGHBOURHOOD
                for material, (x, y) in self._stations
                if material in deed.makes and not context.near
            )
        return False

    def _wish_to_enter(self, scene: Scene, target: Target) -> float:
        """What it is worth to try whether a material can be entered."""
        sort, name = target
        if sort != "material" or name in self.entered or self.refused[name]:
            return 0.0
        return 0.0 if self._is_risky(scene, name) else 0.4 + self._despair

    def _is_risky(self, scene: Scene, material: str) -> bool:
        """Whether stepping on it might be the end: nothing was seen there, and it is rare."""
        if material in self.entered or self.refused[material] or material in self.stood:
            return False
        if material not in self._shares:
            share = (scene.cells == scene.materials.index(material)).mean()
            self._shares[material] = float(share)
        is_common = self._shares[material] >= _COMMON
        return not is_common and self.max_steps - self.time > _LAST_STEPS

    # Wishes.

    def _here(self, scene: Scene, context: Context) -> tuple[float, str | None]:
        """The best thing to do on the spot: what has never worked, with what is at hand now."""
        best: tuple[float, str | None] = (0.0, None)
        if self.time - self._harmed < _ALARM:
            return best
        calm = max((self._urgency(scene, need) for need in self.practice.falling), default=0) < 1
        for action in self.actions:
            if action in self.practice.directions:
                continue
            value = self._value_here(action, context) * (1.0 if calm else 0.3)
            if value > best[0]:
                best = (value, action)
        return best

    def _value_here(self, action: str, context: Context) -> float:
        practice = self.practice
        if practice.is_mystery(action):
            tries = sum(deed.tries for deed in practice.tried(action))
            if not practice.known_to_fail(action, self._sated(context), any_target=True):
                return 1.3 / (1 + 0.04 * tries)
            if not practice.known_to_fail(action, context, any_target=True):
                return 0.8 / (1 + 0.25 * tries)
            return 0.0
        deed = practice.deed(action, context.target)
        needed, near = practice.requirements(action, context.target)
        has = dict(context.stock)
        if deed.makes & practice.stations and not deed.makes & context.near:
            can = all(has.get(item, 0) >= count for item, count in needed.items())
            if can and self._is_promising(context) and self._is_place_for(deed, context):
                return 1.15
        lacking = {item: n for item, n in needed.items() if has.get(item, 0) < n}
        lacking |= dict.fromkeys(near - context.near, 1)
        if len(lacking) == 1 and not practice.failed_without(action, *next(iter(lacking.items()))):
            return 1.2  # tells the narrow reading from the wide one
        if deed.successes and not lacking and deed.successes < 3:
            return 0.3 / deed.successes
        return 0.0

    def _value(self, scene: Scene, action: str, context: Context) -> float:
        practice = self.practice
        deed = practice.deeds.get((action, context.target), Deed())
        value = 0.0
        held = dict(context.stock)
        if not deed.successes and any(
            held.get(item, 0) < count for item, count in practice.cost(action).items()
        ):
            return 0.0
        if not deed.tries:
            if practice.is_mystery(action):
                value = 0.5
            else:
                value = 0.9 + self._despair if practice.acts_on_targets(action) else 0.1
                if practice.cost(action):
                    value *= 0.5
        elif not deed.successes:
            if practice.known_to_fail(action, context):
                value = 0.25 / deed.tries if deed.tries < 4 else 0.0
                if self._has_ripened(deed, context):
                    value = 0.8
            elif self._works_on_something(action):
                value = 0.7
        else:
            value = self._value_of_more(scene, action, deed, context)
        if context.target[0] == "kind" and self._is_danger(context.target[1]):
            return value * 0.3 if self._is_weak(scene) else value
        if context.target[1] in practice.stations and self._is_promising(context):
            return max(value, 0.8)
        return value

    def _is_promising(self, context: Context) -> bool:
        """Whether what never worked has not been tried with all of this beside every station."""
        rich = dataclasses.replace(
            self._sated(context), near=frozenset(self.practice.stations)
        )
        return any(
            self.practice.is_mystery(action)
            and not self.practice.known_to_fail(action, rich, any_target=True)
            for action in self.actions
            if action not in self.practice.directions
        )

    def _sated(self, context: Context) -> Context:
        """The same, with all needs met."""
        return dataclasses.replace(
            context, want=tuple((need, self.highest[need]) for need, _ in context.want)
        )

    def _value_of_more(
        self, scene: Scene, action: str, deed: Deed, context: Context
    ) -> float:
        """What is expected of a deed that has worked before."""
        practice = self.practice
        needed, near = practice.requirements(action, context.target)
        has = dict(context.stock)
        if any(has.get(item, 0) < count for item, count in needed.items()) or near:
            return 0.0
        chance = deed.successes / deed.tries
        value = 0.3 / deed.successes if deed.successes < 4 else 0.0
        if deed.last_worked and action == self._last and context.target[0] == "kind":
            value = max(value, 0.8)  # go on while it works
        for item in deed.gains:
            held = int(scene.agent.attributes[item])  # type: ignore[call-overload]  # a count
            value = max(value, self._value_of_item(held))
        value *= math.sqrt(chance)
        for need in practice.falling:
            if practice.restores(deed, need):
                value = max(value, self._urgency(scene, need))
        return value

    def _value_of_item(self, held: int) -> float:
        """What one more of an item is worth while some actions are mysteries."""
        mysteries = sum(
            self.practice.is_mystery(action)
            for action in self.actions
            if action not in self.practice.directions
        )
        if held >= AMOUNTS[-1]:
            return 0.02
        return (0.9 if mysteries > 1 else 0.3) / (1 + 0.25 * held)

    def _works_on_something(self, action: str) -> bool:
        """Whether the action has gained something from some target, so that a tool may be lacking."""
        return any(deed.gains or deed.makes for deed in self.practice.tried(action))

    def _has_ripened(self, deed: Deed, context: Context) -> bool:
        """Whether a number of the target is twice what it was at any failure."""
        if not context.ripeness or not deed.failures:
            return False
        tried = [failure.ripeness for failure in deed.failures if failure.ripeness]
        return all(
            any(now > 2 * max(then, 2) for now, then in zip(context.ripeness, old, strict=False))
            for old in tried
        )

    # Staying alive.

    def _urgency(self, scene: Scene, need: str) -> float:
        if need not in self.practice.falling:
            return 0.0
        level: Any = scene.agent.attributes[need]
        share = level / max(self.highest[need], 1)
        if share > _LOW:
            return 0.1 * (share < 1)
        return 1.0 + 2.0 * (1 - share / _LOW)

    def _is_danger(self, kind: str) -> bool:
        harm = self.practice.dangers[kind]
        return harm > 0 and harm >= 0.04 * self.practice.presence[kind]

    def _is_weak(self, scene: Scene) -> bool:
        levels: list[Any] = [scene.agent.attributes[name] for name in self.practice.vital]
        return bool(levels) and min(levels) <= 3

    def _survey(self, scene: Scene) -> None:
        """Where the stations are, and how badly something unknown is needed."""
        self._despair = max(
            (
                self._urgency(scene, need)
                for need in self.practice.falling
                if need not in self.practice.vital and not self.practice.remedies(need)
            ),
            default=0.0,
        )
        self._here_at = scene.agent.position
        self._stations = [
            (material, (int(x), int(y)))
            for material in self.practice.stations
            for x, y in np.argwhere(scene.cells == scene.materials.index(material))
        ]

    def _defend(self, scene: Scene) -> str | None:
        """Strike a danger that is close, or get away from it."""
        x, y = scene.agent.position
        close = sorted(
            (abs(t.position[0] - x) + abs(t.position[1] - y), t.id, t)
            for t in scene.things
            if abs(t.position[0] - x) + abs(t.position[1] - y) <= _DANGER_SIGHT
            and self._is_danger(t.kind)
        )
        if not close:
            return None
        distance, _, thing = close[0]
        strike = self._strike(thing.kind)
        step = (thing.position[0] - x, thing.position[1] - y)
        if distance == 1 and strike is not None and not self._is_weak(scene):
            if facing_of(scene.agent) == step:
                return strike
            return next((a for a, d in self.practice.directions.items() if d == step), None)
        if not self._is_weak(scene):
            return None
        moves = {
            a: (x + d[0], y + d[1])
            for a, d in self.practice.directions.items()
            if self._is_enterable(scene, (x + d[0], y + d[1]))
        }
        if not moves:
            return strike
        return max(
            moves,
            key=lambda a: sum(
                min(abs(t.position[0] - moves[a][0]) + abs(t.position[1] - moves[a][1]), 5)
                for _, _, t in close
            ),
        )

    def _refuge(self, scene: Scene) -> str | None:
        """Shut oneself in when it is dangerous or before sleep, and stay until that is over."""
        rest = self._rest(scene)
        is_alarmed = self.time - self._harmed < _ALARM or self._is_surrounded(scene)
        if not is_alarmed and rest is None:
            return None
        if self._walling:
            action, *self._walling = self._walling
            return action
        skills = self._skills(scene)
        if skills.wall is None:
            return None
        found = shelter(
            scene.agent.position,
            facing_of(scene.agent) or (0, 1),
            skills,
            lambda cell: None if cell in scene.by_cell else scene.material(cell),
            lambda cell: scene.material(cell) in self.entered,
            lambda cell: self._is_solid(scene, cell),
        )
        if found is None:
            return self._way_to_refuge(scene, skills)
        if found:
            action, *self._walling = found
            return action
        if rest is not None:
            return rest
        return None if self.time - self._harmed > _ALARM // 2 else self._idle()

    def _way_to_refuge(self, scene: Scene, skills: Skills) -> str | None:
        """Towards the nearest place where one can dig in: two cells deep, with walls beside."""

        def is_shut(cell: Cell) -> bool:
            return scene.material(cell) not in self.entered

        for way in self._ways(scene):
            (x, y), (dx, dy) = way.place
            tunnel = [(x + dx, y + dy), (x + 2 * dx, y + 2 * dy)]
            walls = [(i + side * dy, j + side * dx) for i, j in tunnel for side in (-1, 1)]
            walls.append((x + 3 * dx, y + 3 * dy))
            can_dig = all(
                scene.material(cell) in skills.dig and cell not in scene.by_cell for cell in tunnel
            )
            if can_dig and all(map(is_shut, walls)):
                return way.actions[0] if way.actions else skills.dig[scene.material(tunnel[0]) or ""]
        return None

    def _ways(self, scene: Scene) -> Iterator[Way]:
        """Places that can be reached, the nearest first."""
        threats = self._threats(scene)
        return ways(
            scene,
            (scene.agent.position, facing_of(scene.agent) or (0, 1)),
            {step: action for action, step in self.practice.directions.items()},
            lambda cell: self._is_enterable(scene, cell),
            lambda cell: self._is_solid(scene, cell),
            self._clearings(scene),
            lambda cell: self._risk(threats, cell),
            _FAR,
        )

    def _rest(self, scene: Scene) -> str | None:
        """The action that raises a flag under which a need rises, if that need is low."""
        for (action, _), deed in self.practice.deeds.items():
            for need in self.practice.falling:
                if deed.sets and self.practice.restores(deed, need):
                    level: Any = scene.agent.attributes[need]
                    if level <= _TIRED * self.highest[need]:
                        return action
        return None

    def _skills(self, scene: Scene) -> Skills:
        stock = {n: v for n, v in scene.agent.attributes.items() if is_count(v)}
        wall, walls, grounds = None, 0, set()
        for (action, (sort, name)), deed in self.practice.deeds.items():
            if sort == "material" and name in self.entered and deed.makes and deed.losses:
                if deed.makes & self.entered:
                    continue
                number = min(stock.get(i, 0) // n for i, n in deed.losses.items())  # type: ignore[operator]  # counts
                if number > walls:
                    wall, walls, grounds = action, number, set()
                if action == wall:
                    grounds.add(name)
        dig = {name: actions[0] for name, actions in self._clearings(scene).items()}
        return Skills(
            {step: action for action, step in self.practice.directions.items()},
            dig,
            wall,
            lambda cell: scene.material(cell) in grounds and cell not in scene.by_cell,
            walls,
        )

    def _strike(self, kind: str) -> str | None:
        """The action that has done most to a kind, or one that was not tried on it."""
        touches: Counter[str] = Counter()
        tries: Counter[str] = Counter()
        for (action, (sort, name)), deed in self.practice.deeds.items():
            if sort == "kind" and action not in self.practice.directions:
                weight = 3 if name == kind else 1
                touches[action] += weight * deed.touches
                tries[action] += weight * deed.tries
        known = {action: n / (tries[action] + 3) for action, n in touches.items() if n}
        if known:
            return max(known, key=lambda action: known[action])
        new = [
            action
            for action in self.actions
            if action not in self.practice.directions
            and not self.practice.deed(action, ("kind", kind)).tries
        ]
        acting = [action for action in new if self.practice.acts_on_targets(action)]
        chosen = acting or new
        return chosen[int(self.random.integers(len(chosen)))] if chosen else None

    def _is_surrounded(self, scene: Scene) -> bool:
        """Whether several dangers are in sight."""
        x, y = scene.agent.position
        sight = 2 * _DANGER_SIGHT
        return sum(abs(i - x) + abs(j - y) <= sight for i, j in self._threats(scene)) > 1

    def _threats(self, scene: Scene) -> list[Cell]:
        x, y = scene.agent.position
        return [
            thing.position
            for thing in scene.things
            if abs(thing.position[0] - x) + abs(thing.position[1] - y) <= _FAR // 4
            and self._is_danger(thing.kind)
        ]

    def _risk(self, threats: Sequence[Cell], cell: Cell) -> int:
        return sum(
            2
            for x, y in threats
            if abs(x - cell[0]) + abs(y - cell[1]) <= _DANGER_SIGHT
        )

    # Ways.

    def _is_enterable(self, scene: Scene, cell: Cell) -> bool:
        return scene.material(cell) in self.entered and cell not in scene.by_cell

    def _is_solid(self, scene: Scene, cell: Cell) -> bool:
        """Whether walking against a cell is safe: it is shut, or taken, or worth a try."""
        material = scene.material(cell)
        return material is None or cell in scene.by_cell or not self._is_risky(scene, material)

    def _clearings(self, scene: Scene) -> dict[str, Clearing]:
        """Materials that known deeds turn into what can be entered."""
        stock = {
            name: value for name, value in scene.agent.attributes.items() if is_count(value)
        }
        found: dict[str, Clearing] = {}
        for (action, (sort, name)), deed in self.practice.deeds.items():
            if sort != "material" or name in self.entered or not deed.makes:
                continue
            if deed.makes <= self.entered and deed.successes >= 0.7 * deed.tries:
                needed, _ = self.practice.requirements(action, (sort, name))
                if all(stock.get(i, 0) >= n for i, n in needed.items()):  # type: ignore[operator]
                    found[name] = (action,)
        return found

    def _wander(self, scene: Scene) -> str:
        """Go somewhere else."""
        moves = [
            action
            for action, (dx, dy) in self.practice.directions.items()
            if self._is_enterable(
                scene, (scene.agent.position[0] + dx, scene.agent.position[1] + dy)
            )
        ]
        if self._last in moves and self.random.random() < 0.9:
            return self._last  # type: ignore[return-value]  # it is in the list
        return moves[int(self.random.integers(len(moves)))] if moves else self._any_action()
