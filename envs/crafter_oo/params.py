"""What can be chosen about a Crafter-OO world."""

import dataclasses
import math
from typing import Literal, get_args

from envs.crafter_oo.tables import ITEMS

Observation = Literal["classic1345", "entities", "oo", "pixels", "semantic", "symbolic"]


@dataclasses.dataclass(frozen=True)
class CrafterParams:
    """Parameters of one environment; the defaults are those of Crafter 1.8.3.

    Raises:
        ValueError: a size is not positive, or `obs` is unknown or not made for that view.
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
            if not isinstance(pair, tuple) or len(pair) != 2 or min(pair) < 1:
                raise ValueError(f"{name} is a pair of positive numbers (x, y); got {pair!r}")
        rows = math.ceil(len(ITEMS) / self.view[0])
        if self.view[1] <= rows:
            raise ValueError(
                f"view needs more than {rows} rows, since the inventory takes {rows} at "
                f"{self.view[0]} columns; got {self.view}"
            )
        if self.obs == "classic1345" and self.view != (9, 9):
            raise ValueError(
                "obs='classic1345' is the layout of Craftax-Classic, which has the view (9, 9); "
                f"got {self.view}: choose obs='symbolic', which fits any view"
            )
