"""What a law is: when it speaks, and what it then says about which observables."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar, runtime_checkable

from worldmodels.onelife.distributions import Distribution, Value

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")
StateT_contra = TypeVar("StateT_contra", contravariant=True)
ActionT_contra = TypeVar("ActionT_contra", contravariant=True)

Effect = Mapping[str, Distribution]  # observable -> what the law says about its next value


@runtime_checkable
class Law(Protocol[StateT_contra, ActionT_contra]):
    """One rule of a world. It must not change the state it is shown."""

    @property
    def name(self) -> str:
        """Unique among the laws of one model; fitted weights are stored under it."""

    def precondition(self, state: StateT_contra, action: ActionT_contra) -> bool:
        """Whether the law speaks about what `action` does in `state`."""

    def effect(self, state: StateT_contra, action: ActionT_contra) -> Effect:
        """What it says; it is silent about every observable that is not a key."""


@runtime_checkable
class DependentLaw(Law[StateT_contra, ActionT_contra], Protocol):
    """A law about observables that depend on what becomes of others in the same step."""

    def effect_given(
        self, state: StateT_contra, action: ActionT_contra, after: Mapping[str, Value]
    ) -> Effect | None:
        """What it says once the others are known, by name; None where it does not speak.

        Others that are not named have not changed. What it says must not be about these others,
        nor about anything that they depend on.
        """


@dataclasses.dataclass(frozen=True)
class FunctionLaw(Generic[StateT, ActionT]):
    """A law written as two functions."""

    name: str
    when: Callable[[StateT, ActionT], bool]
    then: Callable[[StateT, ActionT], Effect]

    def precondition(self, state: StateT, action: ActionT) -> bool:
        """See `Law.precondition`."""
        return self.when(state, action)

    def effect(self, state: StateT, action: ActionT) -> Effect:
        """See `Law.effect`."""
        return self.then(state, action)


@dataclasses.dataclass(frozen=True, slots=True)
class Transition(Generic[StateT, ActionT]):
    """One step of a world."""

    state: StateT
    action: ActionT
    next_state: StateT
