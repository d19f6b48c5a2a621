"""What trying has taught: which action, on what, with what at hand, changed what.

Nothing here knows a world. A context says what an action was tried on, and with what at hand;
where an action failed, it will fail with less, too.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from worldmodels.onelife.exploration.contexts import Context, Target
from worldmodels.onelife.scenes import Cell, Scene

STILL: Final = (0, 0)  # the direction of an action that turns nowhere
_SURE: Final = 0.7  # share of tries from which an action is believed to do something


@dataclasses.dataclass
class Deed:
    """An action on a kind of target, over all times it was tried."""

    tries: int = 0
    successes: int = 0
    failures: list[Context] = dataclasses.field(default_factory=list)  # those with most at hand
    gains: Counter[str] = dataclasses.field(default_factory=Counter)  # items
    restores: Counter[str] = dataclasses.field(default_factory=Counter)  # times a need rose
    losses: Counter[str] = dataclasses.field(default_factory=Counter)  # largest amount taken
    always: set[str] | None = None  # items taken at every success
    makes: set[str] = dataclasses.field(default_factory=set)  # materials put in place of the target
    creates: set[str] = dataclasses.field(default_factory=set)  # kinds of things
    sets: set[str] = dataclasses.field(default_factory=set)  # flags raised
    touches: Counter[str] = dataclasses.field(default_factory=Counter)  # see `Result.touched`
    hints: int = 0  # times it may have had an effect that might also have been chance
    stock: dict[str, int] | None = None  # the least of each item over all successes
    near: frozenset[str] | None = None  # stations that were there at every success
    last_worked: bool = False
    last_hinted: bool = False

    @property
    def price(self) -> dict[str, int]:
        """What it takes every time; of what serves in turn, nothing is part of it."""
        always = self.losses if self.always is None else self.always
        return {item: n for item, n in self.losses.items() if item in always}


@dataclasses.dataclass(frozen=True)
class Result:
    """What an action brought about."""

    gains: Mapping[str, int]
    restores: frozenset[str]
    losses: Mapping[str, int]
    makes: str | None
    creates: frozenset[str]
    sets: frozenset[str]
    touched: frozenset[str]  # attributes that the target thing lost some of; "" if it went
    helped: bool  # a need rose that does not rise by itself

    @property
    def is_plain(self) -> bool:
        """Whether the action must have had an effect."""
        return bool(self.gains or self.losses or self.sets or self.creates)

    @property
    def is_hint(self) -> bool:
        """Whether it seems so, but such things also happen by themselves."""
        return bool(self.touched) or self.helped or self.makes is not None


class Practice:
    """Deeds by action and target, and which actions turn the agent where."""

    def __init__(self, first: Scene) -> None:
        self.deeds: defaultdict[str, dict[Target, Deed]] = defaultdict(dict)
        self.stations: dict[str, str] = {}  # material that only the agent makes -> the action
        self._taken: set[str] = set()  # materials that can be taken away, and are no stations
        self._natural = {name for name, number in first.counts().items() if number}
        self.landmarks = first.landmarks()
        self.turns: defaultdict[str, Counter[Cell]] = defaultdict(Counter)
        self.keys: Counter[tuple[str, Target, frozenset[str], frozenset[str]]] = Counter()

    @property
    def directions(self) -> dict[str, Cell]:
        """Where an action turns the agent."""
        found = {}
        for action, ends in self.turns.items():
            end, number = ends.most_common(1)[0]
            if end != STILL and number >= _SURE * ends.total():
                found[action] = end
        return found

    @property
    def places(self) -> frozenset[str]:
        """Materials near which actions may do what they do nowhere else."""
        return self.landmarks.union(self.stations)

    def deed(self, action: str, target: Target) -> Deed:
        """What is known about an action on a target."""
        return self.deeds[action].setdefault(target, Deed())

    def tried(self, action: str) -> list[Deed]:
        """All deeds with an action."""
        return list(self.deeds[action].values())

    def all_deeds(self) -> Iterator[tuple[str, Target, Deed]]:
        """Everything that was tried."""
        for action, deeds in self.deeds.items():
            for target, deed in deeds.items():
                yield action, target, deed

    def is_mystery(self, action: str) -> bool:
        """Whether the action never had an effect."""
        return not any(deed.successes for deed in self.deeds[action].values())

    def acts_on_targets(self, action: str) -> bool:
        """Whether the action has changed what it was done to."""
        return any(deed.makes or deed.creates or deed.touches for deed in self.tried(action))

    def is_free(self, action: str) -> bool:
        """Whether the action has had an effect and cost nothing."""
        return any(
            deed.successes and not deed.losses and not deed.sets for deed in self.tried(action)
        )

    def cost(self, action: str) -> dict[str, int]:
        """What an action takes at least, over all it was done to with success."""
        prices = [deed.price for deed in self.tried(action) if deed.successes]
        items = [item for price in prices for item in price]
        return {item: min(price.get(item, 0) for price in prices) for item in items}

    def is_taken(self, item: str) -> bool:
        """Whether some action takes an item."""
        return any(item in deed.losses for _, _, deed in self.all_deeds())

    def failures(self, action: str) -> list[Context]:
        """Contexts in which an action failed, on any target."""
        return [failure for deed in self.tried(action) for failure in deed.failures]

    def failed_without(self, action: str, missing: str, count: int) -> bool:
        """Whether the action is known to fail without an item or a station."""
        return any(
            missing not in failure.near
            if missing in self.places
            else dict(failure.stock).get(missing, 0) < count
            for failure in self.failures(action)
        )

    def learn(self, action: str, context: Context, result: Result) -> None:
        """Take in one try."""
        deed = self.deed(action, context.target)
        deed.tries += 1
        deed.hints += result.is_hint
        deed.last_hinted = result.is_hint
        is_borne_out = result.is_hint and deed.hints > 1 and 3 * deed.hints >= deed.tries
        deed.last_worked = result.is_plain or is_borne_out
        deed.restores.update(result.restores)
        self.keys[action, context.target, context.near, context.kinds] += 1
        if not deed.last_worked:
            if result.is_hint:
                return
            if not any(failure.covers(context) for failure in deed.failures):
                deed.failures = [f for f in deed.failures if not context.covers(f)] + [context]
            return
        deed.successes += 1
        deed.gains.update(result.gains)
        for item, amount in result.losses.items():
            deed.losses[item] = max(deed.losses[item], amount)
        deed.always = set(result.losses) & (
            set(result.losses) if deed.always is None else deed.always
        )
        if result.makes is not None:
            deed.makes.add(result.makes)
            if result.gains:
                self._taken.add(context.target[1])
                self.stations.pop(context.target[1], None)
            if result.losses and result.makes not in self._natural | self._taken:
                self.stations[result.makes] = action
        deed.creates |= result.creates
        deed.sets |= result.sets
        deed.touches.update(result.touched)
        stock = dict(context.stock)
        if deed.stock is None or deed.near is None:
            deed.stock, deed.near = stock, context.near
        else:
            deed.stock = {k: min(n, stock.get(k, 0)) for k, n in deed.stock.items()}
            deed.near &= context.near

    def forget_touches(self, kind: str, attribute: str) -> None:
        """Take back what was learned from the fall of an attribute that falls by itself."""
        for deeds in self.deeds.values():
            deed = deeds.get(("kind", kind))
            if deed is None or not deed.touches.pop(attribute, 0):
                continue
            if not (deed.gains or deed.losses or deed.sets or deed.creates or deed.touches):
                deed.successes = deed.hints = 0
                deed.last_worked = deed.last_hinted = False

    def requirements(self, action: str, target: Target) -> tuple[dict[str, int], frozenset[str]]:
        """What is believed to be needed: what is taken, and what no failure had.

        An item counts as a tool if every success had it and no failure on the target did; if
        several items do, those that nothing ever took. A station counts if every success had it
        and some failure of the action had not.
        """
        deed = self.deed(action, target)
        needed = deed.price
        failures = [dict(failure.stock) for failure in deed.failures]
        tools = [
            item
            for item, count in (deed.stock or {}).items()
            if count and failures and not any(failure.get(item) for failure in failures)
        ]
        kept = [item for item in tools if not self.is_taken(item)]
        for item in kept or tools:
            needed.setdefault(item, 1)
        everywhere = [failure.near for failure in self.failures(action)]
        near = frozenset(
            station
            for station in deed.near or ()
            if any(station not in failed for failed in everywhere)
        )
        return needed, near

    def can(self, action: str, context: Context, held: Mapping[str, int]) -> bool:
        """Whether all that is believed to be needed is at hand."""
        needed, near = self.requirements(action, context.target)
        losses = self.deed(action, context.target).losses
        is_paid = not losses or any(held.get(item, 0) for item in losses)
        return near <= context.near and has(held, needed) and is_paid


def has(held: Mapping[str, int], needed: Mapping[str, int]) -> bool:
    """Whether enough of everything is held."""
    return all(held.get(item, 0) >= count for item, count in needed.items())


def target_of(scene: Scene, cell: Cell) -> Target:
    """What an action on a cell acts on."""
    thing = scene.by_cell.get(cell)
    if thing is not None:
        return "kind", thing.kind
    material = scene.material(cell)
    return ("outside", "") if material is None else ("material", material)
