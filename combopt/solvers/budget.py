"""How long a solver may work."""

import dataclasses
import time
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Budget:
    """A number of iterations, or seconds; exactly one of them.

    With iterations the same instance and seed give the same solution. What an iteration is
    differs: `combopt.solvers.SOLVERS` says it of each solver.
    """

    iterations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.iterations is None) == (self.seconds is None):
            raise ValueError("a budget is a number of iterations or of seconds; give one of them")
        if self.iterations is not None and self.iterations < 1:
            raise ValueError(f"a budget has 1 iteration or more; got {self.iterations}")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise ValueError(f"a budget has more than 0 seconds; got {self.seconds}")

    def shares(self) -> Iterator[float]:
        """For each iteration, the share of the budget that is used up; there is one at least."""
        if self.iterations is not None:
            yield from (done / self.iterations for done in range(self.iterations))
            return
        assert self.seconds is not None
        start = time.perf_counter()
        share = 0.0
        while share < 1:
            yield share
            share = (time.perf_counter() - start) / self.seconds
