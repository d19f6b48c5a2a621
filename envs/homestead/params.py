"""What can be chosen about a farm."""

import dataclasses

from envs.homestead.worldgen import SMALLEST


@dataclasses.dataclass(frozen=True)
class HomesteadParams:
    """Parameters of one environment.

    Raises:
        ValueError: a farm of that size cannot be generated, or the length is not positive.
    """

    size: tuple[int, int] = (14, 14)  # cells (x, y)
    length: int | None = 2_000  # steps until truncation; None: no limit

    def __post_init__(self) -> None:
        if not isinstance(self.size, tuple) or len(self.size) != 2 or min(self.size) < SMALLEST:
            raise ValueError(
                f"size is a pair of numbers (x, y), each {SMALLEST} or more; got {self.size!r}"
            )
        if self.length is not None and self.length < 1:
            raise ValueError(f"length is 1 or more, or None for no limit; got {self.length!r}")
