"""How a world is cut into the values that laws predict one by one."""

import abc
import enum
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from worldmodels.onelife.distributions import NOISE_LOGSCORE, Value

StateT = TypeVar("StateT")


class Absence(enum.Enum):
    """The type of `ABSENT`; an enum, so that copies and pickles stay the same object."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT  # the value of an observable that does not exist in a state


class Observables(abc.ABC, Generic[StateT]):
    """Names and values of what is predicted and scored in the states of one world.

    Given a state and an action, observables are taken to be independent of each other: what
    must be predicted jointly is one observable with a tuple as its value.
    """

    noise_logscore: float = NOISE_LOGSCORE

    @abc.abstractmethod
    def compare(
        self, state: StateT, next_state: StateT
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        """Values before and after, by name, of every observable that is scored.

        The two may have different keys; a missing key means `ABSENT`. The value before depends
        on `state` alone.
        """

    @abc.abstractmethod
    def domain(self, observable: str) -> tuple[Value, ...] | None:
        """All values the observable can take, each once; None if they cannot be listed.

        Where an observable can vanish, its domain contains `ABSENT`: a value outside its domain
        has probability 0.
        """

    @abc.abstractmethod
    def write(self, state: StateT, values: Mapping[str, Value]) -> StateT:
        """A copy of `state` that has the given values, and shares nothing that can change."""
