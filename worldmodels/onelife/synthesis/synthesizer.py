"""What every synthesiser of laws can do."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from worldmodels.onelife.laws import Law, Transition

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")


@runtime_checkable
class LawSynthesizer(Protocol[StateT, ActionT]):
    """Finds candidates; how far each is to be trusted is for a fit of weights to say."""

    def propose(
        self, transitions: Sequence[Transition[StateT, ActionT]]
    ) -> list[Law[StateT, ActionT]]:
        """Laws with names of their own that may explain the transitions of one life."""
