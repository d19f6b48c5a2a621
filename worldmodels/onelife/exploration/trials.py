"""What it is worth to try an action that never had an effect."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from worldmodels.onelife.exploration.contexts import Context
from worldmodels.onelife.exploration.ground import Ground
from worldmodels.onelife.exploration.names import Names
from worldmodels.onelife.exploration.practice import Practice

_ENOUGH: Final = 5  # of an item, from which more is no news
_WORTHWHILE: Final = 0.25  # worth of a trial for which a station is gone to
_FIRST: Final = 0.75  # worth of a trial with a material that it was never tried with
_SHUT: Final = 0.1  # share of the worth of a trial on what is not open ground
_ASTRAY: Final = 0.6  # share of the worth of a trial away from stations that are known
_KIN_ASTRAY: Final = 0.1  # the same, away from stations that actions of a similar name need
_LACKING: Final = 0.1  # share of the worth of a trial without what the action's name mentions
_FITTING: Final = 2.0  # the same, with all that the name mentions


class Trials:
    """Weighs trials of mysteries: more with things at hand that they were never tried with."""

    def __init__(
        self, actions: Sequence[str], practice: Practice, ground: Ground, names: Names
    ) -> None:
        self.actions = actions
        self.practice = practice
        self.ground = ground
        self.names = names

    @property
    def deeds(self) -> list[str]:
        """Actions that do not turn the agent."""
        directions = self.practice.directions
        return [action for action in self.actions if action not in directions]

    @property
    def mysteries(self) -> list[str]:
        """Actions that never had an effect."""
        return [action for action in self.deeds if self.practice.is_mystery(action)]

    def worth(self, action: str, context: Context, held: Mapping[str, int]) -> float:
        """Worth of trying a mystery: more with things at hand that it was never tried with."""
        failures = self.practice.failures(action)
        if any(
            failure.target == context.target and failure.covers(context) for failure in failures
        ):
            return 0.0
        tries = sum(deed.tries for deed in self.practice.tried(action))
        share = 1.0 / (1 + 0.02 * tries)
        if not self._kin_stations(action) <= context.near:
            share *= _KIN_ASTRAY
        if self.names.lacks(action, held) or any(not held.get(i) for i in self.expected(action)):
            share *= _LACKING
        elif self.names.fits(action, held):
            share *= _FITTING
        is_new_place = not any(failure.near >= context.near for failure in failures)
        if failures and context.near and context.stock and is_new_place:
            return share * _FIRST  # whatever is faced
        name = context.target[1]
        if name not in self.ground.entered and not self._is_left(name):
            share *= _SHUT
        if any(failure.covers(context) for failure in failures):
            return share * (0.3 if context.stock else 0.04)
        known = {item for failure in failures for item in failure.kinds}
        if not context.kinds - self.tools <= known:
            return share * _FIRST
        if not self.practice.stations.keys() <= context.near:
            share *= _ASTRAY
        news = self._news(context, failures)
        if news:
            return share * (0.2 + 0.16 * min(max(held[item] for item in news), _ENOUGH))
        if not any(_covers_stock(failure, context) for failure in failures):
            return share * 0.5  # each was there once, but never together
        return share * 0.1  # only needs differ

    def _is_new_to(self, action: str, material: str, items: Collection[str]) -> bool:
        """Whether a mystery was never tried on some open ground with one of the items."""
        deed = self.practice.deeds[action].get(("material", material))
        known = set() if deed is None else {i for f in deed.failures for i in f.kinds}
        return material in self.ground.entered and not set(items) - self.tools <= known

    def is_awaited(self, item: str, held: Mapping[str, int]) -> bool:
        """Whether some mystery was not yet tried with an item on all open ground there is."""
        return any(
            self._is_new_to(action, material, (item,))
            for action in self.mysteries
            if not self.names.lacks(action, held)
            for material in self.ground.entered
        )

    def _kin_stations(self, action: str) -> set[str]:
        """What actions of a similar name had to be near."""
        practice = self.practice
        return {
            station
            for kin in self.names.kin[action]
            for target, deed in practice.deeds[kin].items()
            if deed.successes
            for station in practice.requirements(kin, target)[1]
        }

    def expected(self, action: str) -> frozenset[str]:
        """Items that a mystery may take: what actions of a similar name took, and what it names."""
        practice = self.practice
        taken = {
            item
            for kin in self.names.kin[action]
            for deed in practice.tried(kin)
            if deed.gains
            for item in deed.losses
        }
        return self.names.ingredients(action) | taken if taken else frozenset()

    def _is_left(self, material: str) -> bool:
        """Whether a material was left where something was taken away."""
        return not self.ground.refused[material] and any(
            material in deed.makes and deed.gains for _, _, deed in self.practice.all_deeds()
        )

    def _news(self, context: Context, failures: Sequence[Context]) -> list[str]:
        """Materials of which there was never as much, beside these stations."""
        beside = [dict(f.stock) for f in failures if f.near >= context.near]
        return [
            item
            for item, count in context.stock
            if item not in self.tools and all(stock.get(item, 0) < count for stock in beside)
        ]

    @property
    def tools(self) -> set[str]:
        """Items that were made at a cost and that nothing was seen to take."""
        deeds = [deed for _, _, deed in self.practice.all_deeds()]
        taken = {item for deed in deeds for item in deed.losses}
        return {item for deed in deeds if deed.losses for item in deed.gains} - taken

    def promise(self, context: Context, held: Mapping[str, int]) -> float:
        """Worth of the best trial of a mystery with all of this; 0 if none is worth a way."""
        best = max((self.worth(action, context, held) for action in self.mysteries), default=0.0)
        return best if best >= _WORTHWHILE else 0.0


def _covers_stock(failure: Context, context: Context) -> bool:
    stock = dict(failure.stock)
    return all(stock.get(item, 0) >= count for item, count in context.stock)
