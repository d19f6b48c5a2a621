"""The true rules of Homestead as a world model: the best that any model can be.

Nothing of the rules is written twice: the engine's own stages run on draws that branch.
"""

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import Final, NamedTuple

from typing_extensions import override

from envs.homestead.draws import Draws, KeyedDraws
from envs.homestead.engine import Stage, stages, transition
from envs.homestead.state import FarmState, Fox
from worldmodels.interface import WorldModel

MAX_SUCCESSORS: Final = 20_000


class HomesteadKernel(WorldModel[FarmState, int | str]):
    """The exact conditional distribution of the rules, ignorant of the state's own key."""

    @override
    def sample(self, key: int, state: FarmState, action: int | str) -> FarmState:
        return transition(state, action, KeyedDraws(key, state.hour))

    @override
    def log_prob(self, state: FarmState, action: int | str, next_state: FarmState) -> float:
        looks = next_state.fingerprint()
        probability = math.fsum(
            successor.probability
            for successor in successors(state, action, observed=next_state)
            if successor.state.fingerprint() == looks
        )
        return math.log(probability) if probability > 0 else -math.inf


class Successor(NamedTuple):
    """A state that may come next; its key is that of the state before."""

    state: FarmState
    probability: float


def successors(
    state: FarmState, action: int | str, *, observed: FarmState | None = None
) -> list[Successor]:
    """All states that may follow, each once, with their probabilities.

    Args:
        state: Any state; it is not changed.
        action: Index or slug.
        observed: Leave out what cannot be this state, which keeps large farms feasible.

    Raises:
        ValueError: there are more than `MAX_SUCCESSORS` of them.
    """
    current = [Successor(state, 1.0)]
    for num_done, stage in enumerate(stages(state, action), start=1):
        merged: dict[Hashable, Successor] = {}
        for before in current:
            for after, probability in _branches(before, stage):
                if observed is not None and not _can_become(after, observed, state, num_done):
                    continue
                looks = after.fingerprint()
                total = probability + (merged[looks].probability if looks in merged else 0.0)
                merged[looks] = Successor(after, total)
        current = list(merged.values())
        if len(current) > MAX_SUCCESSORS:
            raise ValueError(
                f"more than {MAX_SUCCESSORS} states may follow; give the observed one, so that "
                "the others can be left out early, or take a smaller farm"
            )
    return current


def _can_become(after: FarmState, observed: FarmState, state: FarmState, num_done: int) -> bool:
    """Whether a state after `num_done` stages of a step from `state` can still be `observed`.

    Once the farmer has acted, nobody else moves him or reaches into his basket; once a thing has
    acted it stays where it is, but a fox may leave the farm.
    """
    me, seen = after.farmer, observed.farmer
    if (me.position, me.gaze, me.basket) != (seen.position, seen.gaze, seen.basket):
        return False
    places = {thing.id: thing.position for thing in observed.things}
    acted = {thing.id for thing in state.things[: num_done - 1]}
    for thing in after.things:
        is_new = thing.id >= state.next_id
        place = places.get(thing.id)
        if place is None and (is_new or (thing.id in acted and not isinstance(thing, Fox))):
            return False
        if place is not None and place != thing.position and (is_new or thing.id in acted):
            return False
    present = {thing.id for thing in after.things}
    return all(number in present or number >= state.next_id for number in places)


def _branches(before: Successor, stage: Stage) -> Iterator[Successor]:
    """Every way a stage can go: each draw takes each of its outcomes in turn."""
    script: list[int] | None = []
    while script is not None:
        after = before.state.copy()
        draws = _BranchingDraws(script)
        stage(after, draws)
        yield Successor(after, before.probability * draws.probability)
        script = draws.next_script()


class _BranchingDraws(Draws):
    """Answers from a script, then with the first option; `next_script` leads to the next way."""

    def __init__(self, script: Sequence[int]) -> None:
        self._script = script
        self._asked: list[tuple[int, int]] = []  # (option taken, number of options)
        self.probability = 1.0

    @override
    def chance(self, probability: float) -> bool:
        return self._take([probability, 1 - probability]) == 0

    @override
    def integer(self, n: int) -> int:
        return self._take([1 / n] * n)

    def next_script(self) -> list[int] | None:
        """The way to the next combination of outcomes; None after the last."""
        asked = self._asked.copy()
        while asked:
            option, num_options = asked.pop()
            if option + 1 < num_options:
                return [*(taken for taken, _ in asked), option + 1]
        return None

    def _take(self, probabilities: Sequence[float]) -> int:
        position = len(self._asked)
        option = self._script[position] if position < len(self._script) else 0
        self._asked.append((option, len(probabilities)))
        self.probability *= probabilities[option]
        return option
