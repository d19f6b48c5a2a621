"""The one interface of all layers with a memory.

**The reset flag belongs to the observation**: `reset[t]` says that `features[t]` is the first of a
new episode, so nothing seen before `t` may reach step `t` or a later one. It is the end flag that
the *previous* step of the world returned. What a layer carries out of a sequence is what it knows
after the last step; whether the next step begins an episode is said by the next flag.
"""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array, Bool, Float

Carry = Any
"""What a layer knows between two calls: a tree of arrays, each led by B, of zeros at first."""

Sequence = Float[Array, "time batch width"]
Resets = Bool[Array, "time batch"]


@runtime_checkable
class SequenceLayer(Protocol):
    """A layer of a network that runs along time; step mode is the same call with T = 1."""

    def init_carry(self, batch: int) -> Carry:
        """What is known before anything was seen."""
        ...

    def __call__(self, carry: Carry, features: Sequence, reset: Resets) -> tuple[Carry, Sequence]:
        """Run along a sequence.

        Args:
            carry: What is known of the steps before the first one.
            features: Of every step.
            reset: Whether a step is the first of its episode.

        Returns:
            What is known after the last step, and the features of every step.
        """
        ...
