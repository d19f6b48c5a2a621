"""What can be chosen about a world of the knapsack."""

import dataclasses
from pathlib import Path
from typing import Any, Final

from envs.core import IntLike, pytree, static
from envs.knapsack.generators import capacity_for
from envs.knapsack.instances import Knapsack
from envs.knapsack.state import Items, items_of

_CHOICES: Final = {"reward": ("dense", "sparse"), "invalid": ("terminate", "noop", "raise")}


@pytree
class KnapsackParams:
    """Parameters of one environment.

    An `instance`, or the file of one, is what every episode is about; it decides the number of
    items, and is kept as `Items`.

    Raises:
        ValueError: names the field, what it may be, and what came.
    """

    num_items: int = static(default=50)
    instance: Any = None
    budget: IntLike | None = None  # None: the capacity of the instance, or `capacity_for` the items
    reward: str = static(default="dense")
    invalid: str = static(default="terminate")  # what an illegal action leads to
    max_steps: IntLike | None = None  # None: two for each item

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {choices}; got {getattr(self, name)!r}")
        if isinstance(self.budget, int) and self.budget < 0:
            raise ValueError(f"budget is 0 or more; got {self.budget}")
        if isinstance(self.max_steps, int) and self.max_steps < 1:
            raise ValueError(f"max_steps is 1 or more; got {self.max_steps}")
        if self.instance is not None and not isinstance(self.instance, Items):
            self._take(self.instance)
        if not isinstance(self.num_items, int) or self.num_items < 1:
            raise ValueError(f"num_items is a whole number, 1 or more; got {self.num_items!r}")

    def _take(self, given: Any) -> None:
        instance = _read(given) if isinstance(given, str | Path) else given
        if not isinstance(instance, Knapsack):
            raise ValueError(
                "instance is a Knapsack of envs.knapsack.instances, or the path of a file with "
                f"one; got {type(instance).__name__}"
            )
        if self.budget is not None:
            instance = dataclasses.replace(instance, capacity=self.budget, optimum=None)
        object.__setattr__(self, "instance", items_of(instance))
        object.__setattr__(self, "num_items", instance.size)

    @property
    def capacity(self) -> IntLike:
        """Capacity where instances are drawn."""
        return capacity_for(self.num_items) if self.budget is None else self.budget

    @property
    def last_step(self) -> IntLike:
        """Steps after which an episode is cut short."""
        return 2 * self.num_items if self.max_steps is None else self.max_steps


def _read(path: str | Path) -> Knapsack:
    from envs.knapsack.files import read

    try:
        return read(path)
    except OSError as error:
        raise ValueError(f"instance cannot be read from {path}: {error.strerror}") from error
