"""What a task of continuous control is made of: free functions on the numbers of its body."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

from jaxtyping import Array, Bool, Float, PRNGKeyArray

from envs.core import FloatLike, pytree

Scalar = Float[Array, ""]
Body = tuple[Scalar, ...]
"""Places, then speeds, then what stays fixed in an episode; the task names them."""
Action = tuple[Scalar, ...]  # each in -1..1

CONTROL_STEPS: Final = 1000  # of an episode, unless a task says otherwise


@pytree
class Scale:
    """By what the masses and the lengths of a body are multiplied; 1 is the published body."""

    mass: FloatLike = 1.0
    length: FloatLike = 1.0


@dataclasses.dataclass(frozen=True)
class Task:
    """A body, what it may do, and what that is worth.

    A reward is of a step: the body before it, the action, and the body after it.
    """

    family: str  # of bodies that are drawn alike
    body: tuple[str, ...]
    sees: Mapping[str, float]
    """What is observed -> for speeds, their standard deviation under random actions; else 1."""
    num_actions: int
    start: Callable[[PRNGKeyArray, Scale], Body]
    step: Callable[[Body, Action, Scale], Body]
    observe: Callable[[Body, Scale], Body]
    reward: Callable[[Body, Action, Body, Scale], Scalar]
    terminated: Callable[[Body], Bool[Array, ""]] | None = None  # None: never
    max_steps: int = CONTROL_STEPS
    is_scalable: bool = True  # whether `Scale` means something
    pays: tuple[float, float] = (0.0, 1.0)
    """Rewards of this least and this largest size are 0 and 1 in a suite of many tasks."""
    target: float = 0.0  # m, radius of the target, where tasks of a family differ in it
    needs: Callable[[], object] | None = None
    """Raises an ImportError where what the task needs is not installed; None: it needs nothing."""

    def named(self, body: Body) -> dict[str, float]:
        """The numbers of a body by name; what pads it is left out."""
        return {name: float(value) for name, value in zip(self.body, body, strict=False)}

    @property
    def obs_dim(self) -> int:
        """How many numbers are observed."""
        return len(self.sees)
