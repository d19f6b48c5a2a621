"""Staying alive: fights, flight, and shutting oneself in."""

from collections import Counter
from typing import Final

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import facing_of, held_by
from worldmodels.onelife.exploration.curiosity import Curiosity
from worldmodels.onelife.exploration.perils import Perils
from worldmodels.onelife.exploration.practice import Deed, Practice, has
from worldmodels.onelife.exploration.routes import OPEN, Place, Terrain, ways
from worldmodels.onelife.exploration.shelter import Wall, burrow, shelter
from worldmodels.onelife.scenes import Cell, Scene

_SIGHT: Final = 10  # steps within which dangers count
_ALERT: Final = 4
_ROOM: Final = 60  # cells of a room that is still looked upon as closed
_NEAR: Final = 4  # steps around a danger that are better avoided
_FLIGHT: Final = 14  # steps looked ahead in flight
_TRIED: Final = 4  # fruitless tries after which a kind is not fought any more
_RESTED: Final = 0.75  # share of a need below which rest is taken where it is safe
_EXHAUSTED: Final = 0.12  # the same, below which nothing is more urgent
_HURT: Final = 0.7  # of the highest level of a vital need
_WOUNDED: Final = 0.4  # the same, at which nothing is approached that is no remedy
_SHAKEN: Final = 15  # steps after harm for which a safe place is looked for
_DYING: Final = 0.15  # the same, at which a need must be met whatever is outside
_FED: Final = 0.8  # share of a need below which it is met before danger comes
_RESOLVE: Final = 20  # steps for which a closed room is sought once there was a reason
_FAR: Final = 40  # steps that a closed room is worth when danger is usual
_CLOSE: Final = 10  # the same, when danger is near
_TIRED: Final = 0.35  # the same, below which a safe place is looked for


class Safety:
    """Decides whether something must be done at once."""

    def __init__(self, practice: Practice, body: Body, curiosity: Curiosity) -> None:
        self.practice = practice
        self.body = body
        self.curiosity = curiosity
        self.room: set[Cell] | None = None  # the closed room the agent is in
        self.perils = Perils()
        self._failed_at: tuple[Cell, int] | None = None
        self._resolved_until = 0

    def look(self, scene: Scene, terrain: Terrain) -> None:
        """Find out whether the agent is shut in, with no danger inside."""
        room = terrain.room(scene.agent.position, _ROOM)
        if room is not None and any(
            thing.position in room for thing in self.body.threats(scene, 2 * _ROOM)
        ):
            room = None
        self.room = room

    def avoided(self, scene: Scene) -> dict[Cell, int]:
        """Extra cost of cells near dangers."""
        cost: dict[Cell, int] = {}
        is_weak = self.body.is_weak(scene)
        is_critical = self.body.is_critical(scene, self.practice)
        for thing in self.body.threats(scene, 2 * _SIGHT):
            x, y = thing.position
            for dx in range(-_NEAR, _NEAR + 1):
                for dy in range(abs(dx) - _NEAR, _NEAR + 1 - abs(dx)):
                    cell = (x + dx, y + dy)
                    is_close = abs(dx) + abs(dy) <= 2
                    extra = 2 * is_close if is_critical else (1 + 2 * is_close) * (1 + 2 * is_weak)
                    cost[cell] = cost.get(cell, 0) + extra
        return cost

    # Fight and flight.

    def boldness(self, scene: Scene) -> float:
        """How far things are approached that are no remedy: not far after harm."""
        return min(1.0, max(0.0, (self.body.health(scene) - _WOUNDED) / (_HURT - _WOUNDED)))

    def defend(self, scene: Scene, terrain: Terrain) -> str | None:
        """Strike a danger beside the agent, or get away from it."""
        dodge = self._dodge(scene, terrain)
        if dodge is not None:
            return dodge
        x, y = scene.agent.position
        beside = [t for t in self.body.threats(scene, 1) if self.strike(t.kind) is not None]
        facing = facing_of(scene.agent)
        ahead = (x + facing[0], y + facing[1])
        beside.sort(key=lambda thing: thing.position != ahead)
        if beside and self.room is None:
            thing = beside[0]
            if self.body.health(scene) <= 0.25:
                flight = self.flee(scene, terrain)
                if flight is not None:
                    return flight
            if thing.position == ahead:
                return self.strike(thing.kind)
            return terrain.moves.get((thing.position[0] - x, thing.position[1] - y))
        if self.body.is_weak(scene) and self.room is None and self.body.threats(scene, _ALERT):
            return self.flee(scene, terrain)
        return None

    def _dodge(self, scene: Scene, terrain: Terrain) -> str | None:
        """A step out of the way of a missile."""
        x, y = scene.agent.position
        for dx, dy in self.body.approaching(scene):
            for step, action in terrain.moves.items():
                aside = (x + step[0], y + step[1])
                if step[0] * dx + step[1] * dy == 0 and terrain.code(aside) == OPEN:
                    return action
        return None

    def flee(self, scene: Scene, terrain: Terrain) -> str | None:
        """Towards the cell within reach that dangers are furthest from."""
        threats = [thing.position for thing in self.body.threats(scene, _SIGHT)]
        best, actions = 0.0, list[str]()
        place = (scene.agent.position, facing_of(scene.agent))
        for way in ways(terrain, place, self.avoided(scene), _FLIGHT):
            (x, y), _ = way.place
            nearest = min((abs(i - x) + abs(j - y) for i, j in threats), default=0)
            value = nearest - 0.3 * way.steps
            if value > best:
                best, actions = value, way.actions
        return actions[0] if actions else None

    def strike(self, kind: str) -> str | None:
        """The action that has done most to a kind, or one that was not tried on it."""
        touches: Counter[str] = Counter()
        tries: Counter[str] = Counter()
        for action, (sort, name), deed in self.practice.all_deeds():
            if sort != "kind" or action in self.practice.directions:
                continue
            weight = 3 if name == kind else 1
            touches[action] += weight * deed.touches.total()
            tries[action] += weight * deed.tries
            if name == kind and not deed.touches and deed.tries >= _TRIED:
                touches[action] = -1000
        known = {action: n / (tries[action] + 3) for action, n in touches.items() if n > 0}
        if known:
            return max(known, key=lambda action: known[action])
        new = [
            action
            for action in self.curiosity.trials.deeds
            if self.practice.is_free(action) and touches[action] >= 0
        ]
        return new[0] if new else None

    # Shutting oneself in.

    def is_hiding(self, scene: Scene) -> bool:
        """Whether it is better to stay in the closed room."""
        if self.room is None or self._must_leave(scene):
            return False
        is_hurt = self.body.health(scene) < _HURT
        is_near = bool(self.body.threats(scene, _ALERT))
        return is_hurt or is_near or self._needs_rest(scene, _RESTED)

    def _must_leave(self, scene: Scene) -> bool:
        """Whether a need is more urgent than safety; to fall asleep anywhere is the worst."""
        if self._is_tired(scene, _EXHAUSTED):
            return self.body.health(scene) <= _DYING
        if not self.body.is_critical(scene, self.practice):
            is_low = any(
                self.body.is_low(scene, need) and need not in self.body.vital
                for need in self.body.falling
                if not self.body.is_rested(self.practice, need)
            )
            is_well = self.body.health(scene) >= _HURT
            return is_low and is_well and not self.is_perilous()
        return self.body.health(scene) <= _DYING or not self.is_perilous()

    def _needs_rest(self, scene: Scene, share: float) -> bool:
        """Whether a need that rest restores is low, or much harm was done."""
        if self.rest_action() is None:
            return False
        return self.body.is_weak(scene) or self._is_tired(scene, share)

    def should_sleep(self, scene: Scene) -> bool:
        """Whether to rest before anything else: in a closed room, when it is dangerous outside."""
        return (
            self.room is not None
            and self.rest_action() is not None
            and not self._must_leave(scene)
            and (self.is_perilous() or self._is_tired(scene, _TIRED))
            and self._is_tired(scene, _RESTED)
        )

    def _is_tired(self, scene: Scene, share: float) -> bool:
        return any(self.body.share(scene, need) < share for need in self._rested_needs())

    def rest_action(self) -> str | None:
        """An action that raises a flag under which a need rises."""
        for action, _, deed in self.practice.all_deeds():
            if deed.sets and any(self.body.restores(deed, need) for need in self.body.falling):
                return action
        return None

    def _rested_needs(self) -> list[str]:
        return [
            need
            for need in self.body.falling
            if need not in self.body.vital
            and any(d.sets and self.body.restores(d, need) for _, _, d in self.practice.all_deeds())
        ]

    def can_rest(self, scene: Scene) -> bool:
        """Whether resting would do anything."""
        return any(self.body.share(scene, need) < 1 for need in self._rested_needs())

    def refuge_within(self, scene: Scene, time: int) -> int:
        """How many steps a closed room is worth: many when danger is usual, few after harm.

        Who is rested and unhurt stays outside at any time.
        """
        if self.room is not None or self.has_time(scene):
            return 0
        if self._must_leave(scene):
            return 0
        threats = len(self.body.threats(scene, _SIGHT))
        is_hurt = self.body.health(scene) < _HURT
        is_weak = self.body.is_weak(scene)
        would_rest = is_hurt or self._is_tired(scene, _RESTED)
        is_usual = (self.is_perilous() and would_rest) or self._needs_rest(scene, _TIRED)
        if is_usual or (threats > 0 and is_weak):
            self._resolved_until = time + _RESOLVE
        if time < self._resolved_until:
            return _FAR
        is_harmed = time - self.body.harmed_at < _SHAKEN
        is_peril = threats > 1 or (threats > 0 and is_hurt)
        return _CLOSE if is_peril or (is_harmed and is_hurt) else 0

    def is_perilous(self, *, soon: bool = True) -> bool:
        """Whether dangers are usual at such a time, or soon will be if asked."""
        kinds = {k for k in self.body.kinds if self.body.is_danger(k)} - self.body.missiles
        return self.perils.is_perilous(kinds, soon=soon)

    def has_time(self, scene: Scene) -> bool:
        """Whether there is still time to meet needs before it gets dangerous."""
        body = self.body
        if body.health(scene) < _HURT or body.threats(scene, 2 * _SIGHT):
            return False
        if self.is_perilous(soon=False):
            return False
        return self.curiosity.hope(scene) > 0 or any(
            body.share(scene, need) <= _FED and body.remedies(self.practice, need)
            for need in body.falling
            if need not in body.vital
        )

    def refuge(self, scene: Scene, terrain: Terrain, time: int, reach: int) -> list[str] | None:
        """At most so many actions after which, or nearer to where, the agent is shut in."""
        wall = self.wall(scene)
        place: Place = (scene.agent.position, facing_of(scene.agent))
        if wall is None:
            return None
        if self._failed_at is not None and time - self._failed_at[1] < 5:
            return None
        if wall.number or terrain.clearings:
            found = shelter(terrain, place, wall)
            if found and len(found) <= reach:
                return found
        for way in ways(terrain, place, self.avoided(scene), reach):
            dug = burrow(terrain, way)
            if dug is not None:
                return dug
        self._failed_at = (scene.agent.position, time)
        return None

    def wall(self, scene: Scene) -> Wall | None:
        """The action that shuts a cell and can be done most often."""
        held = held_by(scene)
        found: dict[str, tuple[int, set[str]]] = {}
        for action, (sort, name), deed in self.practice.all_deeds():
            if sort != "material" or not deed.makes or not deed.losses:
                continue
            if deed.makes & self.curiosity.ground.entered:
                continue
            number = min(held.get(item, 0) // count for item, count in deed.losses.items())
            _, grounds = found.get(action, (0, set()))
            found[action] = (number, grounds | {name})
        if not found:
            return None
        regained = {
            item for _, _, deed in self.practice.all_deeds() if deed.makes for item in deed.gains
        }
        action = max(
            found, key=lambda name: (self.practice.cost(name).keys() <= regained, found[name][0])
        )
        number, grounds = found[action]
        return Wall(action, grounds | self._likely_grounds(action), number)

    def _likely_grounds(self, action: str) -> set[str]:
        """Open materials on which a wall was not seen to fail with all it takes at hand."""
        cost = self.practice.cost(action)
        deeds = self.practice.deeds[action]
        return {
            name
            for name in self.curiosity.ground.entered
            if not any(
                has(dict(failure.stock), cost)
                for failure in deeds.get(("material", name), Deed()).failures
            )
        }
