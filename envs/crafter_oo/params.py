"""What can be chosen about a Crafter-OO world."""

import dataclasses
from typing import Literal, get_args

Observation = Literal["entities", "oo", "pixels", "semantic", "symbolic"]


@dataclasses.dataclass(frozen=True)
class CrafterParams:
    """Parameters of one environment; the defaults are those of Crafter 1.8.3.

    Raises:
        ValueError: a size is not positive, or `obs` is unknown.
    """

    area: tuple[int, int] = (64, 64)  # cells (x, y)
    view: tuple[int, int] = (9, 9)  # cells; two rows of it show the inventory
    length: int | None = 10_000  # steps until truncation; None: no limit
    obs: Observation = "entities"
    size: tuple[int, int] = (64, 64)  # pixels (width, height) of `obs="pixels"`
    fix_edge_nearby: bool = False  # True: crafting works on the left column and top row too

    def __post_init__(self) -> None:
        if self.obs not in get_args(Observation):
            raise ValueError(f"obs is one of {', '.join(get_args(Observation))}; got {self.obs!r}")
        for name in ("area", "view", "size"):
            pair = getattr(self, name)
            if len(pair) != 2 or min(pair) < 1:
                raise ValueError(f"{name} is a pair of positive numbers (x, y); got {pair!r}")
        if self.view[1] < 3:
            raise ValueError(f"view needs 3 rows or more, two show the inventory; got {self.view}")
