"""What it is worth to do again what has worked, and to do it to something else."""

from collections.abc import Mapping, Sequence
from typing import Final

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import AMOUNTS, Context, Target, context_at
from worldmodels.onelife.exploration.ground import Ground
from worldmodels.onelife.exploration.names import Names
from worldmodels.onelife.exploration.practice import Deed, Practice, has, target_of
from worldmodels.onelife.exploration.routes import Place
from worldmodels.onelife.exploration.trials import Trials
from worldmodels.onelife.scenes import Scene

_REPEATS: Final = 3  # times what worked is done again
_ENOUGH: Final = 4  # of an item, while there are actions that never had an effect
_PLENTY: Final = 8
_NEW: Final = 0.8  # worth of a known action on an unknown target
_FLEETING: Final = 1.3  # the same for a thing: it may go away
_BARE: Final = 4.0  # worth of bare hands on one of the first obstacles
_FEW: Final = 2  # obstacles that count as the first
_NEW_TOOL: Final = 5.0  # worth of what failed, with something new at hand
_WALL: Final = 1.2  # worth of an item to shut oneself in with
_NAMED: Final = 3.0  # worth of what never worked on what its name mentions
_NAMED_AGAIN: Final = 0.3  # the same, where it has failed with as much at hand
_HINT: Final = 8.0  # worth of doing at once again what may have had an effect
_RETRY: Final = 0.25  # worth of doing a second time what failed: its chance may be small
_RETRY_LATER: Final = 2.0  # the same, once there is a way to be safe
_RETRY_COMMON: Final = 6.0  # the same, of doing it again to what is everywhere
_PERSISTENT: Final = 25  # times something is done to what is everywhere
_STUBBORN: Final = 12  # times something is done that never worked
_REMEDY: Final = 6.0  # worth of finding what raises an empty need
_REMEDY_LATER: Final = 30.0  # the same, once there is a way to be safe
_CONTENT: Final = 0.75  # of the highest level of a need, above which it is not thought of
_CONTENT_LATER: Final = 0.95  # the same, once there is a way to be safe
_PATIENT: Final = 8  # times something is done to a thing in the hope for a remedy
_SAVED: Final = 0.3  # worth of taking what something else may need, before it is needed
_HARDLY: Final = 3  # times that tell little of what comes of waiting under a flag
_FILL: Final = 5.1  # worth of raising a need further that is being raised
_INGREDIENT: Final = 3.0  # worth of what is all that is missing by the name of an action
_EXPECTED: Final = 8.0  # worth of what actions of a similar name have taken
_PROVISION: Final = 2.5  # the same, of what stations take that may have to be made anew
_GROUND: Final = 0.3  # worth of a step on new ground
_GROUND_FIRST: Final = 0.5  # the same, while nothing that works is known
_GROUND_LATER: Final = 1.5  # the same, once there is a way to be safe
_SPARE: Final = 4  # of an item, left after a repetition while there are mysteries
_PROOF: Final = 0.38  # worth of telling the narrow from the wide reading of what was learned


class Curiosity:
    """Weighs single deeds; where they are to be done is for others."""

    def __init__(
        self, actions: Sequence[str], practice: Practice, body: Body, ground: Ground, names: Names
    ) -> None:
        self.names = names
        self.trials = Trials(actions, practice, ground, names)
        self.haste = 1.0  # how much more needs count than usual
        self.practice = practice
        self.body = body
        self.ground = ground

    def context(self, scene: Scene, place: Place) -> Context:
        """The context of an action at a place."""
        (x, y), (dx, dy) = place
        target = target_of(scene, (x + dx, y + dy))
        return context_at(scene, place, target, self.body, self.practice.places)

    def on_the_spot(self, action: str, context: Context, held: Mapping[str, int]) -> float:
        """Worth of a deed that needs no walking: a proof, or once more."""
        practice = self.practice
        deed = practice.deeds[action].get(context.target)
        if deed is None or not deed.successes or deed.sets:
            return 0.0
        if any(failure.covers(context) for failure in deed.failures):
            return 0.0
        needed, near = practice.requirements(action, context.target)
        lacking = [(item, n) for item, n in needed.items() if held.get(item, 0) < n]
        lacking += [(station, 1) for station in sorted(near - context.near)]
        if len(lacking) == 1 and not practice.failed_without(action, *lacking[0]):
            return _PROOF
        is_possible = practice.can(action, context, held)
        if is_possible and deed.successes < _REPEATS and self._can_spare(deed, held):
            return 0.3 / deed.successes
        return 0.0

    def on_target(
        self, scene: Scene, action: str, context: Context, held: Mapping[str, int]
    ) -> float:
        """Worth of a deed on a target that has to be walked to."""
        practice = self.practice
        deed = practice.deeds[action].get(context.target)
        if deed is not None and deed.last_hinted and not deed.last_worked:
            return _HINT + self.hope(scene) + self._despair(scene)
        if practice.is_mystery(action):
            value = 0.0
            if context.target[1] in self.ground.entered:
                value = 0.9 * self.trials.worth(action, context, held)
            elif context.target[1] in self.names.targets(action):
                value = self._on_named(action, context)
            if deed is not None:
                return value
            if self.names.lacks(action, held):
                return value
            if any(map(practice.is_free, self.trials.deeds)):
                return max(value, 0.06)
            sort, name = context.target
            is_open = sort == "material" and not self.ground.refused[name]
            return 0.06 if is_open and not self.ground.is_risky(name, practice) else 0.5
        if deed is None or not deed.tries:
            return self._on_new(scene, action, context, held)
        if not deed.successes:
            return self._once_more(scene, action, deed, context, held)
        return self._again(scene, action, deed, context, held)

    def _on_named(self, action: str, context: Context) -> float:
        """Worth of a mystery on what its name mentions."""
        deed = self.practice.deeds[action].get(context.target)
        if deed is None:
            return _NAMED
        if any(failure.covers(context) for failure in deed.failures):
            return _NAMED_AGAIN / deed.tries
        return _NAMED / (1 + deed.tries)

    def _on_new(
        self, scene: Scene, action: str, context: Context, held: Mapping[str, int]
    ) -> float:
        practice = self.practice
        if not has(held, practice.cost(action)):
            return 0.0
        if practice.is_free(action):
            if not context.target[1]:
                return _NEW  # nothing is there
            hope = self.hope(scene)
            if context.kinds & self.trials.tools and self._is_obstacle(context.target):
                return _NEW_TOOL + hope
            value = _NEW + self._despair(scene)
            if self._is_obstacle(context.target) and self._has_few_comparisons():
                value = max(value, _BARE)
            return (_FLEETING * value if context.target[0] == "kind" else value) + hope
        return 0.25 if practice.acts_on_targets(action) else 0.05

    def _has_few_comparisons(self) -> bool:
        """Whether few obstacles have withstood bare hands: tools are compared with these."""
        shut = {
            target
            for action, target, deed in self.practice.all_deeds()
            if self.practice.is_free(action)
            and self._is_obstacle(target)
            and any(not failure.kinds & self.trials.tools for failure in deed.failures)
        }
        return len(shut) < _FEW

    def _is_obstacle(self, target: Target) -> bool:
        """Whether a target is in the way, and nothing was ever done to it."""
        if target[0] != "material" or target[1] in self.ground.entered:
            return False
        deeds = (deeds.get(target) for deeds in self.practice.deeds.values())
        return not any(deed is not None and deed.successes for deed in deeds)

    def _once_more(
        self, scene: Scene, action: str, deed: Deed, context: Context, held: Mapping[str, int]
    ) -> float:
        practice, body = self.practice, self.body
        if not has(held, practice.cost(action)):
            return 0.0
        hoped = max((body.urgency(scene, need) for need in self._hoped(deed)), default=0.0)
        if hoped:
            return _HINT + hoped
        missed = {n for n in self._unmet(scene) if not any(n in f.want for f in deed.failures)}
        if missed and practice.is_free(action):
            return _NEW + self._despair(scene)
        if self._has_ripened(deed, context):
            return 0.8
        if practice.is_free(action):
            known = {kind for failure in deed.failures for kind in failure.kinds}
            if not context.kinds & self.trials.tools <= known:
                return _NEW_TOOL if self._is_obstacle(context.target) else 0.3
            if self.walls and self.ground.is_common(context.target[1]):
                return _RETRY_COMMON if deed.tries < _PERSISTENT else 0.02
            retry = _RETRY_LATER if self.walls else _RETRY
            if context.target[0] == "kind":
                retry += self.hope(scene)
            return retry / deed.tries if deed.tries < _STUBBORN else 0.02
        return 0.1 / deed.tries if deed.tries < 3 else 0.0

    def _hoped(self, deed: Deed) -> list[str]:
        """Needs that rose under a deed, but too seldom to be sure that it was the reason."""
        if 3 * deed.hints < deed.tries:
            return []
        return [n for n in self.body.falling if deed.restores[n] and n not in self.body.healing]

    def _again(
        self, scene: Scene, action: str, deed: Deed, context: Context, held: Mapping[str, int]
    ) -> float:
        practice, body = self.practice, self.body
        if deed.sets or not practice.can(action, context, held):
            return 0.0
        value = 0.01
        if deed.successes <= _REPEATS and self._can_spare(deed, held):
            value = 0.3 / deed.successes
        key = (action, context.target, context.near, context.kinds)
        if practice.is_free(action):
            value = max(value, 0.12 / (1 + practice.keys[key]))
        if deed.touches and deed.last_worked and deed.successes < 20:
            value = max(value, 0.35 if deed.successes > 5 else 3.0)  # go on while it works
            if deed.tries <= _PATIENT and not any(deed.restores[n] for n in body.falling):
                value += self.hope(scene) + self._despair(scene)
        for item, amount in deed.gains.items():
            chance = min(1.0, amount / deed.tries)
            value = max(value, self._supply(item, held) * chance)
            value = max(value, self.haste * self._relief(scene, item, held) * chance**0.5)
        for need in body.falling:
            if body.restores(deed, need) and not deed.sets:
                value = max(value, self.haste * body.urgency(scene, need))
        return value

    def _relief(self, scene: Scene, item: str, held: Mapping[str, int]) -> float:
        """Worth of an item for the needs that are raised where it is taken."""
        if held.get(item, 0) >= _ENOUGH:
            return 0.0
        uses = [deed for _, _, deed in self.practice.all_deeds() if item in deed.losses]
        return max(
            (
                self.body.urgency(scene, need)
                for need in self.body.falling
                if any(self.body.restores(deed, need) for deed in uses)
            ),
            default=0.0,
        )

    def meal(self, scene: Scene, action: str, context: Context, held: Mapping[str, int]) -> float:
        """Worth of taking what is at hand and raises a need, whatever is faced.

        What took something for nothing may have been meant for a need that was met.
        """
        deeds = [d for d in self.practice.tried(action) if d.losses and not d.sets]
        here = self.practice.deeds[action].get(context.target)
        if here is not None and any(failure.covers(context) for failure in here.failures):
            return 0.0
        known = {item for deed in deeds for item in deed.losses if held.get(item)}
        failed = {item for failure in self.practice.failures(action) for item in failure.kinds}
        if not known and not context.kinds - failed - self.trials.tools:
            return 0.0  # at hand is only what it does not take
        body = self.body
        needs = [
            need
            for need in body.falling
            if need not in body.healing and any(body.restores(deed, need) for deed in deeds)
        ]
        if needs:
            is_early = known and not any(body.is_low(scene, need) for need in needs)
            if is_early and all(self.trials.is_awaited(item, held) for item in known):
                return _SAVED
            return max(self.haste * body.urgency(scene, need) for need in needs)
        is_for_nothing = known and not any(d.makes or d.creates or d.gains for d in deeds)
        return self.hope(scene) if is_for_nothing else 0.0

    def respite(self, scene: Scene, action: str) -> float:
        """Worth of raising a flag that is good for nothing known when a need is nearly empty."""
        body = self.body
        deeds = [deed for deed in self.practice.tried(action) if deed.sets]
        if not 0 < sum(deed.tries for deed in deeds) <= _HARDLY:
            return 0.0
        if any(body.restores(deed, need) for deed in deeds for need in body.falling):
            return 0.0
        needs = [need for need in self._unmet(scene) if body.is_nearly_empty(scene, need)]
        return max((body.urgency(scene, need) for need in needs), default=0.0)

    def is_remedy(self, action: str, target: Target) -> bool:
        """Whether a deed was seen to raise a need."""
        deed = self.practice.deeds[action].get(target)
        return deed is not None and any(self.body.restores(deed, n) for n in self.body.falling)

    def fills(self, scene: Scene, action: str, context: Context) -> float:
        """Worth of going on to raise a need by what is faced."""
        deed = self.practice.deeds[action].get(context.target)
        if deed is None or deed.sets or deed.losses or context.target[0] != "material":
            return 0.0
        if not deed.successes and not deed.last_hinted:
            return 0.0
        return max(
            (
                _FILL
                for need in self.body.falling
                if need not in self.body.vital
                and self.body.share(scene, need) < 1
                and self.body.restores(deed, need)
            ),
            default=0.0,
        )

    def _can_spare(self, deed: Deed, held: Mapping[str, int]) -> bool:
        spare = _SPARE if self.trials.mysteries else 0
        return all(held.get(item, 0) >= n + spare for item, n in deed.losses.items())

    def _supply(self, item: str, held: Mapping[str, int]) -> float:
        """What one more of an item is worth."""
        count = held.get(item, 0)
        if not self.practice.is_taken(item) and count >= 1 and not self.trials.mysteries:
            return 0.0
        takers = sum(item in self.trials.expected(a) for a in self.trials.mysteries)
        if takers:
            enough = min(max(takers, 2), _ENOUGH)
            if count < enough:
                return _EXPECTED
            if count < enough + self._cost_of_stations(item):
                return _PROVISION
        if count < 2 and any(
            self.names.is_ingredient(item, a, held) for a in self.trials.mysteries
        ):
            return _INGREDIENT
        wanted = bool(self.trials.mysteries) or self.practice.is_taken(item)
        if count < _ENOUGH and item in self.walls:
            return _WALL
        if not wanted or count >= AMOUNTS[-1]:
            return 0.01
        if count >= _PLENTY:
            return 0.01
        if count >= _ENOUGH:
            return 0.15
        return 1.0 - 0.08 * count

    def _cost_of_stations(self, item: str) -> int:
        """How many of an item it takes to make all stations once more."""
        practice = self.practice
        return sum(practice.cost(maker).get(item, 0) for maker in practice.stations.values())

    @property
    def walls(self) -> set[str]:
        """Items that can be turned into something shut, and taken back."""
        deeds = list(self.practice.all_deeds())
        made = {name for _, _, deed in deeds if deed.losses for name in deed.makes}
        taken = {name for _, (_, name), deed in deeds if deed.gains and deed.makes}
        return {item for _, _, deed in deeds if deed.makes & made & taken for item in deed.losses}

    def hope(self, scene: Scene) -> float:
        """What a remedy would be worth for a need that falls and that nothing was seen to raise."""
        body = self.body
        worth, content = (_REMEDY_LATER, _CONTENT_LATER) if self.walls else (_REMEDY, _CONTENT)
        return max(
            (
                worth * max(0.0, content - body.share(scene, need))
                for need in body.falling
                if need not in body.vital
                and not body.remedies(self.practice, need)
                and not body.is_rested(self.practice, need)
            ),
            default=0.0,
        )

    def _despair(self, scene: Scene) -> float:
        """How badly something is needed for which no remedy is known."""
        return max((self.body.urgency(scene, need) for need in self._unmet(scene)), default=0.0)

    def _unmet(self, scene: Scene) -> list[str]:
        """Needs that are low and for which no remedy is known."""
        body = self.body
        return [
            need
            for need in body.falling
            if body.is_low(scene, need)
            and need not in body.vital
            and not body.remedies(self.practice, need)
        ]

    def entering(self, material: str, *, is_end: bool) -> float:
        """Worth of trying whether a material can be entered."""
        if not self.ground.is_new(material):
            return 0.0
        if self.ground.is_risky(material, self.practice):
            return 0.9 if is_end else 0.0
        is_made = any(material in deed.makes for _, _, deed in self.practice.all_deeds())
        if is_made or material in self.ground.stood:
            return 0.7
        if self.walls:
            return _GROUND_LATER
        return _GROUND if any(map(self.practice.is_free, self.trials.deeds)) else _GROUND_FIRST

    def _has_ripened(self, deed: Deed, context: Context) -> bool:
        """Whether a number of the target is twice what it was at any failure."""
        if not context.ripeness or not deed.failures:
            return False
        return all(
            any(
                value > 2 * max(former, 2)
                for value, former in zip(context.ripeness, old.ripeness, strict=False)
            )
            for old in deed.failures
        )
