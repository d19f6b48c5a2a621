"""What every world model can do, whatever the world."""

import abc
from collections.abc import Sequence
from typing import Generic, TypeVar

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


class WorldModel(abc.ABC, Generic[StateT, ActionT]):
    """Stands in for a world's `transition`: samples the next state and scores a given one.

    States go in and come out whole; a model never changes the state it is given.
    """

    @abc.abstractmethod
    def sample(self, key: int, state: StateT, action: ActionT) -> StateT:
        """Draw a next state. Equal keys (0 <= key < 2**63) give equal samples."""

    @abc.abstractmethod
    def log_prob(self, state: StateT, action: ActionT, next_state: StateT) -> float:
        """Natural logarithm of the (possibly unnormalised) probability of `next_state`.

        `-inf` says impossible; `nan` is an error.
        """

    def samples(self, keys: Sequence[int], state: StateT, action: ActionT) -> list[StateT]:
        """Draw one next state per key."""
        return [self.sample(key, state, action) for key in keys]

    def log_probs(
        self, state: StateT, action: ActionT, next_states: Sequence[StateT]
    ) -> list[float]:
        """Score several candidates for the same transition."""
        return [self.log_prob(state, action, candidate) for candidate in next_states]

    def notes(self) -> dict[str, float]:
        """Counts worth reporting beside the scores, such as laws that had to be skipped."""
        return {}
