"""World models that need no learning, for any world: the top and the bottom of every ranking.

Source: arXiv 2510.12088 and its released baselines.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from typing_extensions import override

from worldmodels.interface import WorldModel

StateT = TypeVar("StateT")

UNCHANGED_LOG_PROB: Final = 0.0
CHANGED_LOG_PROB: Final = -5.0  # what the null model gives every state but the old one


class Foretold(WorldModel[StateT, Any]):
    """Knows one next state of each state and action, and scores the others all the same.

    Args:
        foretell: the next state; a state of its own.
        text_of: canonical text; two states are equal when their texts are.
        right: log-probability of the state that was foretold.
        wrong: that of every other state.
    """

    def __init__(
        self,
        foretell: Callable[[StateT, Any], StateT],
        text_of: Callable[[StateT], str],
        right: float,
        wrong: float,
    ) -> None:
        self._foretell = foretell
        self._text_of = text_of
        self._right = right
        self._wrong = wrong

    @override
    def sample(self, key: int, state: StateT, action: Any) -> StateT:
        del key  # deterministic
        return self._foretell(state, action)

    @override
    def log_prob(self, state: StateT, action: Any, next_state: StateT) -> float:
        return self.log_probs(state, action, [next_state])[0]

    @override
    def log_probs(self, state: StateT, action: Any, next_states: Sequence[StateT]) -> list[float]:
        expected = self._text_of(self._foretell(state, action))
        texts = map(self._text_of, next_states)
        return [self._right if text == expected else self._wrong for text in texts]


def oracle(
    step: Callable[[StateT, Any], StateT], text_of: Callable[[StateT], str]
) -> Foretold[StateT]:
    """The true world with the random numbers stored in the state: it knows what will come."""
    return Foretold(step, text_of, 0.0, -math.inf)


def null(copy: Callable[[StateT], StateT], text_of: Callable[[StateT], str]) -> Foretold[StateT]:
    """Nothing ever changes."""
    return Foretold(
        lambda state, action: copy(state), text_of, UNCHANGED_LOG_PROB, CHANGED_LOG_PROB
    )


class Random(WorldModel[StateT, Any]):
    """Finds every next state equally likely; samples the old one."""

    def __init__(self, copy: Callable[[StateT], StateT]) -> None:
        self._copy = copy

    @override
    def sample(self, key: int, state: StateT, action: Any) -> StateT:
        del key  # deterministic
        return self._copy(state)

    @override
    def log_prob(self, state: StateT, action: Any, next_state: StateT) -> float:
        return 0.0
