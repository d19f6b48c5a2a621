"""What the agent has learned about its own needs, and near which kinds it comes to harm."""

from collections import Counter, defaultdict
from typing import Final

from worldmodels.onelife.exploration.contexts import Wants, fallen
from worldmodels.onelife.exploration.practice import Deed, Practice
from worldmodels.onelife.scenes import Cell, Scene, Thing

_SIGHT: Final = 15  # steps within which things are watched
_SHOT: Final = 6  # steps from which something may do harm
_SUSPECT: Final = 0.03  # harm for each step that a kind is near, from which it is suspected
_HARM: Final = 1.5  # lost beside a kind, beyond what is lost anyway, to think it dangerous
_FLEETING: Final = 3  # times a kind must vanish by itself to be taken for a missile
_BRIEF: Final = 0.1  # times it must vanish for each step it is in sight
_NOTICE: Final = 3  # steps of a missile ahead of it
_OFTEN: Final = 0.1  # the same, for each step beside it
_SELDOM: Final = 0.03  # the same, of what once took much at a time
_WHATEVER: Final = 3  # actions under which something falls by itself
_WEAK: Final = 0.35  # of the highest level of a vital need
_LOW: Final = 0.5  # of the highest level of a need
_GOOD: Final = 0.8  # the same, above which it can wait
_CRITICAL: Final = 0.25  # of the highest level of a need


class Body(Wants):
    """Needs and dangers, as learned from the scenes of a life."""

    def __init__(self, first: Scene) -> None:
        super().__init__(first)
        self.falls: defaultdict[str, set[str]] = defaultdict(set)  # need -> actions it fell under
        self.healing: set[str] = set()  # needs that rise by themselves, as when walking
        self.vital: set[str] = set()  # needs that have fallen by more than one at once
        self.restless: set[tuple[str, str]] = set()  # attributes of kinds that fall by themselves
        self._fell_under: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # actions
        self.vanishing: Counter[str] = Counter()  # times things of a kind went by themselves
        self._sighted: Counter[str] = Counter()  # steps that things of a kind were in sight
        self.grounds: defaultdict[str, set[str]] = defaultdict(set)  # materials a kind was seen on
        self.positions: dict[int, Cell] = {}  # of things, one step ago
        self.harmed_at = -100
        self._steps: Counter[str] = Counter()  # by the name of a flag; "" where none is up
        self._rises: Counter[tuple[str, str]] = Counter()  # of a need, by flag
        self._beside: Counter[str] = Counter()  # steps beside a kind
        self._harm: Counter[tuple[str, str]] = Counter()  # lost of a need beside a kind
        self._losses: Counter[str] = Counter()  # of a need, beside nothing
        self._near: Counter[str] = Counter()  # steps that a kind was near
        self._suspected: Counter[str] = Counter()  # times much was lost while a kind was near
        self._struck: set[str] = set()  # kinds beside which much was lost at once
        self._alone = 1

    @property
    def falling(self) -> list[str]:
        """Needs that fall whatever is done."""
        return [need for need in self.needs if len(self.falls[need]) > 1]

    def notice(
        self, scene: Scene, action: str, after: Scene, target: Cell, time: int, *, is_walk: bool
    ) -> None:
        """Take in one step."""
        flag = next((n for n, value in scene.agent.attributes.items() if value is True), "")
        self._steps[flag] += 1
        kinds = sorted(self._watch(scene, action, after, target))
        self._beside.update(kinds)
        self._near.update(self._kinds_near(scene))
        self._alone += not kinds
        for need in self.needs:
            change = self.level(after, need) - self.level(scene, need)
            self.highest[need] = max(self.highest[need], self.level(after, need))
            if change > 0:
                self._rises[flag, need] += 1
                if is_walk:
                    self.healing.add(need)
            if change >= 0:
                continue
            self.falls[need].add(action)
            if change < -1:
                self.vital.add(need)
                if self.harmed_at != time:
                    self._suspected.update(self._kinds_near(scene))
                self.harmed_at = time
            elif kinds and any(self.is_danger(kind) for kind in kinds) and need in self.vital:
                self.harmed_at = time
            if kinds:
                suspects = self._suspects(kinds, need)
                if change < -1 and len(suspects) == 1:
                    self._struck.update(suspects)
                for kind in suspects:
                    self._harm[kind, need] -= change
            else:
                self._losses[need] -= change
        self.vital |= {need for kind, need in self._harm if self._is_harm(kind, need)}

    def _watch(self, scene: Scene, action: str, after: Scene, target: Cell) -> set[str]:
        """Learn what things do by themselves; returns the kinds beside the agent."""
        x, y = scene.agent.position
        beside = set()
        self.positions = {}
        for thing in scene.things:
            distance = abs(thing.position[0] - x) + abs(thing.position[1] - y)
            if distance > _SIGHT:
                continue
            self.positions[thing.id] = thing.position
            self._sighted[thing.kind] += 1
            self.grounds[thing.kind].add(scene.material(thing.position) or "")
            if distance <= 1:
                beside.add(thing.kind)
            now = after.by_id.get(thing.id)
            if thing.position == target:
                for name in () if now is None else fallen(thing, now):
                    self._fell_under[thing.kind, name].add(action)
                    if len(self._fell_under[thing.kind, name]) >= _WHATEVER:
                        self.restless.add((thing.kind, name))
            elif now is None:
                self.vanishing[thing.kind] += 1
            else:
                self.restless.update((thing.kind, name) for name in fallen(thing, now))
        return beside

    def _kinds_near(self, scene: Scene) -> set[str]:
        x, y = scene.agent.position
        return {
            thing.kind
            for thing in scene.things
            if abs(thing.position[0] - x) + abs(thing.position[1] - y) <= _SHOT
        }

    def is_suspect(self, kind: str) -> bool:
        """Whether the agent came to harm unusually often while a kind was near."""
        return self._suspected[kind] > _SUSPECT * self._near[kind]

    def _suspects(self, kinds: list[str], need: str) -> list[str]:
        """Of the kinds beside the agent, those beside which most was lost."""
        rates = {kind: self._harm[kind, need] / self._beside[kind] for kind in kinds}
        return [kind for kind in kinds if rates[kind] == max(rates.values())]

    def _excess(self, kind: str, need: str) -> float:
        """What was lost beside a kind more than twice what is lost anyway."""
        usual = self._losses[need] / self._alone
        return self._harm[kind, need] - 2 * usual * self._beside[kind]

    @property
    def kinds(self) -> list[str]:
        """Kinds that were beside the agent."""
        return list(self._beside)

    def is_danger(self, kind: str) -> bool:
        """Whether the agent comes to harm beside a kind."""
        if kind in self._struck:
            most = max(self._harm[kind, need] for need in self.needs)
            return most >= _SELDOM * self._beside[kind]
        return any(self._is_harm(kind, need) for need in self.needs)

    def _is_harm(self, kind: str, need: str) -> bool:
        harm = self._excess(kind, need)
        return harm >= _HARM and harm >= _OFTEN * self._beside[kind]

    def threats(self, scene: Scene, within: int) -> list[Thing]:
        """Dangers near the agent that do not vanish by themselves, the nearest first.

        A kind that was never seen on any ground that is near cannot come.
        """
        x, y = scene.agent.position
        around = {scene.material((x + dx, y + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
        dangers = {
            kind for kind in scene.by_kind if self.grounds[kind] & around and self.is_danger(kind)
        } - self.missiles
        found = [
            (abs(thing.position[0] - x) + abs(thing.position[1] - y), thing.id, thing)
            for kind in sorted(dangers)
            for thing in scene.by_kind[kind]
        ]
        return [thing for distance, _, thing in sorted(found)[:20] if distance <= within]

    @property
    def missiles(self) -> set[str]:
        """Kinds that keep vanishing."""
        return {
            kind
            for kind, number in self.vanishing.items()
            if number >= max(_FLEETING, _BRIEF * self._sighted[kind])
        }

    def approaching(self, scene: Scene) -> list[Cell]:
        """Directions in which dangerous missiles fly at the agent."""
        x, y = scene.agent.position
        found = []
        for kind in sorted(self.missiles & scene.by_kind.keys()):
            if not self.is_danger(kind):
                continue
            for thing in scene.by_kind[kind]:
                before = self.positions.get(thing.id)
                if before is None:
                    continue
                (i, j), (dx, dy) = thing.position, _difference(thing.position, before)
                ahead = [(i + k * dx, j + k * dy) for k in range(1, _NOTICE + 1)]
                if (dx, dy) != (0, 0) and (x, y) in ahead:
                    found.append((dx, dy))
        return found

    def share(self, scene: Scene, need: str) -> float:
        """Level of a need, of its highest."""
        return self.level(scene, need) / max(self.highest[need], 1)

    def health(self, scene: Scene) -> float:
        """The lowest share of a vital need."""
        return min((self.share(scene, need) for need in self.vital), default=1.0)

    def is_weak(self, scene: Scene) -> bool:
        """Whether little more harm can be borne."""
        return self.health(scene) < _WEAK

    def is_low(self, scene: Scene, need: str) -> bool:
        """Whether a need should be met soon."""
        return self.share(scene, need) <= _LOW

    def is_nearly_empty(self, scene: Scene, need: str) -> bool:
        """Whether a need should be met at once."""
        return self.share(scene, need) <= _CRITICAL

    def urgency(self, scene: Scene, need: str) -> float:
        """What it is worth to raise a need: a little when it is high, all when it is low."""
        if len(self.falls[need]) < 2:
            return 0.0
        share = self.share(scene, need)
        if share <= _CRITICAL:
            return 7.0
        if share <= _LOW:
            return 4.0
        if share >= 1:
            return 0.0
        return 2.5 if share <= _GOOD else 0.3

    def is_critical(self, scene: Scene, practice: Practice) -> bool:
        """Whether a need that can be met by a deed is nearly empty."""
        return any(
            self.is_nearly_empty(scene, need)
            and need not in self.vital
            and not self.is_rested(practice, need)
            for need in self.falling
        )

    def is_rested(self, practice: Practice, need: str) -> bool:
        """Whether a need rises under a flag that the agent can raise."""
        return any(d.sets and self.restores(d, need) for _, _, d in practice.all_deeds())

    def remedies(self, practice: Practice, need: str) -> bool:
        """Whether a deed on a target is known to restore a need."""
        return any(self.restores(d, need) and not d.sets for _, _, d in practice.all_deeds())

    def restores(self, deed: Deed, need: str) -> bool:
        """Whether a deed makes a need rise more often than it rises anyway.

        Of what takes something, only the times count at which it took it, unless the need rises
        by itself.
        """
        usual = self._rises["", need] / max(self._steps[""], 1)
        is_told = deed.losses and need not in self.healing
        times = deed.successes if is_told else deed.tries
        if deed.restores[need] > max(0.08, 3 * usual) * times:
            return True
        return any(
            self._rises[flag, need] > 2 * usual * self._steps[flag] and self._rises[flag, need] > 0
            for flag in deed.sets
        )


def _difference(now: Cell, before: Cell) -> Cell:
    return now[0] - before[0], now[1] - before[1]
