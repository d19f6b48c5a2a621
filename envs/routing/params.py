"""What can be chosen about the routing worlds."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from envs.core import FloatLike, IntLike, pytree, static
from envs.routing.generators import (
    DISTRIBUTIONS,
    LARGEST_DEMAND,
    PRIZE_TYPES,
    capacity_for,
    max_length_for,
)
from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance
from envs.routing.state import Layout, layout_of

Generator = str | Callable[[Any, int], Any]
"""One of `DISTRIBUTIONS`, or a jax function (key, number of nodes) -> places, shape (nodes, 2)."""

STEPS_PER_NODE: Final = 4  # before an episode is cut short
_CHOICES: Final = {
    "reward": ("dense", "sparse"),
    "invalid": ("terminate", "noop", "raise"),
    "prize_type": PRIZE_TYPES,
    "action_mode": ("node", "via"),
}


@pytree
class RoutingParams:
    """What all four worlds have in common.

    An `instance`, or the file of one, is what every episode is about; it decides the number of
    nodes, and is kept as a `Layout`.

    Raises:
        ValueError: names the field, what it may be, and what came.
    """

    kind: ClassVar[type[Any]]  # of the instances
    has_depot: ClassVar[bool]  # not counted as a node

    num_nodes: int = static(default=20)
    instance: Any = None
    reward: str = static(default="dense")
    invalid: str = static(default="terminate")  # what an illegal action leads to
    max_steps: IntLike | None = None  # None: `STEPS_PER_NODE` for each node

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            choices = _CHOICES.get(field.name)
            value = getattr(self, field.name)
            if choices is not None and value not in choices:
                raise ValueError(f"{field.name} is one of {choices}; got {value!r}")
        self._check_generator()
        if self.instance is not None and not isinstance(self.instance, Layout):
            self._take(self.instance)
        least = 1 if self.has_depot else 2
        if not isinstance(self.num_nodes, int) or self.num_nodes < least:
            raise ValueError(
                f"num_nodes is a whole number, {least} or more; got {self.num_nodes!r}"
            )
        if isinstance(self.max_steps, int) and self.max_steps < 1:
            raise ValueError(f"max_steps is 1 or more; got {self.max_steps}")

    def _check_generator(self) -> None:
        generator = getattr(self, "generator", "uniform")  # ATSP has none
        if generator not in DISTRIBUTIONS and not callable(generator):
            raise ValueError(
                f"generator is one of {DISTRIBUTIONS}, or a function (key, nodes) -> places; got "
                f"{generator!r}"
            )

    def _take(self, given: Any) -> None:
        instance = _read(given) if isinstance(given, str | Path) else given
        if not isinstance(instance, self.kind):
            raise ValueError(
                f"instance is a {self.kind.__name__} of envs.routing.instances, or the path of a "
                f"file with one; got {type(instance).__name__}"
            )
        layout = layout_of(self._adjusted(instance))
        object.__setattr__(self, "instance", layout)
        object.__setattr__(self, "num_nodes", instance.size - self.has_depot)

    def _adjusted(self, instance: Any) -> Any:
        """The instance with what other fields ask for."""
        return instance

    @property
    def size(self) -> int:
        """Number of nodes, a depot included."""
        return self.num_nodes + self.has_depot

    @property
    def last_step(self) -> IntLike:
        """Steps after which an episode is cut short."""
        return STEPS_PER_NODE * self.num_nodes if self.max_steps is None else self.max_steps


@pytree
class ATSPParams(RoutingParams):
    """Parameters of ATSP."""

    kind: ClassVar[type[Any]] = ATSP
    has_depot: ClassVar[bool] = False

    free_start: bool = static(default=False)  # whether the first action chooses where to begin


@pytree
class TSPParams(ATSPParams):
    """Parameters of TSP."""

    kind: ClassVar[type[Any]] = TSP

    generator: Generator = static(default="uniform")


@pytree
class CVRPParams(RoutingParams):
    """Parameters of CVRP; `num_nodes` counts customers."""

    kind: ClassVar[type[Any]] = CVRP
    has_depot: ClassVar[bool] = True

    generator: Generator = static(default="uniform")
    capacity: IntLike | None = None  # None: that of the instance, or `capacity_for` the customers
    action_mode: str = static(default="node")

    def __post_init__(self) -> None:
        super().__post_init__()
        is_drawn = self.instance is None
        if is_drawn and isinstance(self.capacity, int) and self.capacity < LARGEST_DEMAND:
            raise ValueError(
                f"capacity is {LARGEST_DEMAND} or more, the largest demand; got {self.capacity}"
            )

    def _adjusted(self, instance: Any) -> Any:
        if self.capacity is None:
            return instance
        return dataclasses.replace(instance, capacity=self.capacity, optimum=None)

    @property
    def load(self) -> IntLike:
        """Capacity where instances are drawn."""
        return capacity_for(self.num_nodes) if self.capacity is None else self.capacity


@pytree
class OPParams(RoutingParams):
    """Parameters of OP; `num_nodes` does not count the depot."""

    kind: ClassVar[type[Any]] = OP
    has_depot: ClassVar[bool] = True

    generator: Generator = static(default="uniform")
    prize_type: str = static(default="distance")
    max_length: FloatLike | None = None  # None: that of the instance, or `max_length_for` the nodes

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.max_length, int | float) and not 0 <= self.max_length < float("inf"):
            raise ValueError(f"max_length is finite, 0 or more; got {self.max_length}")

    def _adjusted(self, instance: Any) -> Any:
        if self.max_length is None:
            return instance
        return dataclasses.replace(instance, max_length=self.max_length, optimum=None)

    @property
    def reach(self) -> FloatLike:
        """Length of a tour where instances are drawn."""
        return max_length_for(self.num_nodes) if self.max_length is None else self.max_length


def _read(path: str | Path) -> Instance:
    from envs.routing.files import read

    try:
        return read(path)
    except OSError as error:
        raise ValueError(f"instance cannot be read from {path}: {error.strerror}") from error
