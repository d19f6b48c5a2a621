"""Weights of laws by maximum likelihood: L-BFGS on an L1-penalised likelihood."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from worldmodels.onelife.predictions import Predictions
from worldmodels.onelife.scoring import INERTIA_SCALE, MAX_WEIGHT


@dataclasses.dataclass(frozen=True)
class FitConfig:
    """How weights are fitted; the defaults are those of the code released with arXiv 2510.12088.

    Raises:
        ValueError: a number is out of its range.
    """

    learning_rate: float = 0.1  # the released runbook, and its constructor
    num_steps: int = 3  # the released runbook; its constructor says 100
    inner_iterations: int = 5  # of L-BFGS in each step
    batch_size: int | None = 1000  # transitions kept, drawn once; None keeps all
    l1: float = 0.001  # penalty on the sum of weights, beside a likelihood that is a sum too
    max_weight: float = MAX_WEIGHT
    initial_weight: float = 0.5
    bounds: Literal["clamp", "sigmoid"] = "clamp"  # how weights are held in [0, max_weight]
    compat: bool = False  # float32, one prediction after the other: the published figures
    prune: bool = True  # drop laws below MIN_WEIGHT before the model is used
    refit: bool = False  # fit once more without the dropped laws
    seed: int = 0  # of the choice of the batch

    def __post_init__(self) -> None:
        for name in ("learning_rate", "num_steps", "inner_iterations", "max_weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is a positive number, got {getattr(self, name)}")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size is at least 1, or None for all; got {self.batch_size}")
        if not self.l1 >= 0:
            raise ValueError(f"l1 is 0 or more, got {self.l1}")
        if not 0 < self.initial_weight < self.max_weight:
            raise ValueError(
                f"initial_weight is between 0 and {self.max_weight}, got {self.initial_weight}"
            )

    @property
    def dtype(self) -> torch.dtype:
        """Of everything that is fitted."""
        return torch.float32 if self.compat else torch.float64


RUNBOOK: Final = FitConfig()  # the released settings


@dataclasses.dataclass(frozen=True)
class Fit:
    """Fitted weights and what they achieve on the data they were fitted to."""

    weights: tuple[float, ...]  # one per law, in [0, max_weight]
    inertia: float  # weight of the rule that what no law speaks about stays as it is
    nll: float  # of all predicted observables, without the penalty
    losses: tuple[float, ...]  # penalised, before each step


def fit_weights(
    predictions: Predictions,
    config: FitConfig,
    *,
    initial: Sequence[float] | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> Fit:
    """Fit one weight per law.

    With bounds "clamp" the weights are clamped inside the closure, as published. Where the
    optimum has a weight of 0 the line search then stalls: the result is where the procedure
    stops, not the optimum. The loss is convex in the weights, and "sigmoid" finds its minimum.
    A law that never spoke keeps the weight it started with.

    Args:
        predictions: What the laws said and what happened.
        config: Step sizes, penalty and bounds.
        initial: Weights to start from, one per law, in place of `config.initial_weight`.
        on_step: Called after each step with its number, from 1, and the loss before it.

    Raises:
        ValueError: the number of initial weights is not the number of laws.
    """
    start = [config.initial_weight] * predictions.num_laws if initial is None else [*initial]
    if len(start) != predictions.num_laws:
        raise ValueError(f"expected {predictions.num_laws} initial weights, got {len(start)}")
    objective = predictions.nll_one_by_one if config.compat else predictions.nll
    top = config.max_weight
    values = torch.tensor(start, dtype=config.dtype)
    if config.bounds == "sigmoid":
        values = torch.logit(values / top, eps=1e-4)
    values.requires_grad_()
    optimizer = torch.optim.LBFGS(
        [values],
        lr=config.learning_rate,
        max_iter=config.inner_iterations,
        line_search_fn="strong_wolfe",
    )

    def bounded() -> Float[Tensor, " laws"]:
        if config.bounds == "sigmoid":
            return top * torch.sigmoid(values)
        with torch.no_grad():
            values.clamp_(0.0, top)
        return values

    def closure() -> Float[Tensor, ""]:
        optimizer.zero_grad()
        weights = bounded()
        loss = objective(weights) + config.l1 * weights.abs().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss.detach()

    losses: list[float] = []
    with _one_thread():
        for step in range(1, config.num_steps + 1) if predictions.buckets else ():
            loss = optimizer.step(closure)  # type: ignore[no-untyped-call]  # untyped in torch
            losses.append(float(loss))
            if on_step is not None:
                on_step(step, losses[-1])
        with torch.no_grad():
            fitted = bounded()
            nll = float(predictions.nll(fitted))
    speakers = predictions.speakers()
    weights = tuple(
        weight if law in speakers else start[law] for law, weight in enumerate(fitted.tolist())
    )
    return Fit(weights, fit_inertia(predictions, config), nll, tuple(losses))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """The tensors of a fit are so small that a second thread only slows it down."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def fit_inertia(predictions: Predictions, config: FitConfig) -> float:
    """Weight w of the rule for observables that no law speaks about, in closed form.

    It minimises 10 c w + n log(1 + exp(-10 w)) + l1 w over [0, max_weight], where c of n such
    observables changed. Where there are none it is `config.initial_weight`.
    """
    total = predictions.num_unchanged + predictions.num_changed
    if total == 0:
        return config.initial_weight
    slope = INERTIA_SCALE * predictions.num_changed + config.l1
    if slope == 0:
        return config.max_weight
    odds = INERTIA_SCALE * total / slope - 1.0  # of staying to changing, at the minimum
    return min(math.log(max(odds, 1.0)) / INERTIA_SCALE, config.max_weight)
