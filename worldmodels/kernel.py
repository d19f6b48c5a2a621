"""The true rules of Crafter-OO as a world model: the best that any model can be."""

import math

from typing_extensions import override

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import transition
from envs.crafter_oo.kernel import fingerprint, successors
from envs.crafter_oo.state import WorldState
from worldmodels.interface import WorldModel
from worldmodels.onelife.crafter.handwritten import ObservableSet, observables_named
from worldmodels.onelife.observables import ABSENT, Observables


class CrafterKernel(WorldModel[WorldState, int | str]):
    """The exact conditional distribution of the rules, ignorant of the state's own draws.

    With `observables`, the distribution of these alone: a state's probability is that of all
    states which look like it, and a sample changes nothing but them.
    """

    def __init__(self, observables: Observables[WorldState] | None = None) -> None:
        self.observables = observables

    @override
    def sample(self, key: int, state: WorldState, action: int | str) -> WorldState:
        next_state, _ = transition(state, action, KeyedDraws(key))
        if self.observables is None:
            return next_state
        _, after = self.observables.compare(state, next_state)
        return self.observables.write(state, after)

    @override
    def log_prob(self, state: WorldState, action: int | str, next_state: WorldState) -> float:
        looks = self._looks(state, next_state)
        probability = math.fsum(
            successor.probability
            for successor in successors(state, action, observed=next_state)
            if self._looks(state, successor.state) == looks
        )
        return math.log(probability) if probability > 0 else -math.inf

    def _looks(self, state: WorldState, next_state: WorldState) -> object:
        if self.observables is None:
            return fingerprint(next_state)
        _, after = self.observables.compare(state, next_state)
        return {name: value for name, value in after.items() if value is not ABSENT}


def kernel_model(observables: ObservableSet = "full") -> CrafterKernel:
    """The kernel of one of the two sets of observables."""
    return CrafterKernel(None if observables == "full" else observables_named(observables))
