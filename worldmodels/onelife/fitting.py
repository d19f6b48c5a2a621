"""Maximum-likelihood weights of laws: L-BFGS on an L1-penalised likelihood."""

import dataclasses
import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from worldmodels.onelife.predictions import Predictions


@dataclasses.dataclass(frozen=True)
class FitConfig:
    """How weights are fitted; the defaults are those of the code released with arXiv 2510.12088.

    Raises:
        ValueError: a number is out of its range.
    """

    learning_rate: float = 0.1  # runbook and constructor
    num_steps: int = 3  # runbook; the constructor's default is 100
    inner_iterations: int = 5  # of L-BFGS, in each step
    batch_size: int | None = 1000  # transitions kept, drawn once; None: all
    l1: float = 0.001  # penalty on the sum of weights, beside a summed likelihood
    max_weight: float = 10.0
    initial_weight: float = 0.5
    min_weight: float = 0.01  # a law below it is pruned; Source: PoE-World
    refit: bool = False  # fit once more without the pruned laws
    seed: int = 0  # of the choice of a batch

    def __post_init__(self) -> None:
        for name in ("learning_rate", "num_steps", "inner_iterations", "max_weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is a positive number, got {getattr(self, name)}")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size is at least 1, or None for all; got {self.batch_size}")
        if not self.l1 >= 0:
            raise ValueError(f"l1 is 0 or more, got {self.l1}")


@dataclasses.dataclass(frozen=True)
class Fit:
    """Fitted weights and what they achieve."""

    weights: tuple[float, ...]  # one per law, 0 <= w <= max_weight
    inertia: float  # weight of "what no law speaks about stays as it is"
    nll: float  # summed over the transitions and the predicted observables
    losses: tuple[float, ...]  # penalised, before each step


def fit_weights(
    predictions: Predictions,
    config: FitConfig = FitConfig(),
    *,
    initial: Sequence[float] | None = None,
    on_step: Callable[[int, float], None] | None = None,
) -> Fit:
    """Fit one weight per law.

    Args:
        predictions: What the laws said and what happened.
        config: Step sizes, penalty and bounds.
        initial: Weights to start from, instead of `config.initial_weight` for each law.
        on_step: Called after each outer step with its number, from 1, and the loss before it.

    Source: the code released with arXiv 2510.12088. Weights are clamped inside the closure, as
    there: the result is where that procedure stops, which need not be the optimum.
    """
    start = [config.initial_weight] * predictions.num_laws if initial is None else initial
    weights = torch.tensor(list(start), dtype=torch.float32, requires_grad=True)
    losses: list[float] = []
    if predictions.num_laws and predictions.buckets:
        optimizer = torch.optim.LBFGS(
            [weights],
            lr=config.learning_rate,
            max_iter=config.inner_iterations,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Float[Tensor, ""]:
            with torch.no_grad():
                weights.clamp_(0.0, config.max_weight)
            optimizer.zero_grad()
            loss = predictions.nll(weights) + config.l1 * weights.abs().sum()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            return loss

        for step in range(1, config.num_steps + 1):
            losses.append(float(optimizer.step(closure)))  # type: ignore[arg-type, no-untyped-call]
            if on_step is not None:
                on_step(step, losses[-1])
    with torch.no_grad():
        weights.clamp_(0.0, config.max_weight)
        nll = float(predictions.nll(weights))
    return Fit(
        weights=tuple(weights.tolist()),
        inertia=fit_inertia(predictions, config),
        nll=nll,
        losses=tuple(losses),
    )


def fit_inertia(
    predictions: Predictions, config: FitConfig = FitConfig(), noise: float = -10.0
) -> float:
    """Weight w_0 of the rule for observables that no law speaks about, in closed form.

    It minimises c k w + n log(1 + exp(-k w)) + l1 w over [0, max_weight] with k = -noise, where
    c of n such observables changed. Without any of them it is the initial weight.
    """
    changed, total = predictions.num_changed, predictions.num_unchanged + predictions.num_changed
    if total == 0:
        return config.initial_weight
    scale = -noise
    penalty = scale * changed + config.l1
    odds = scale * total / penalty - 1.0 if penalty > 0 else math.inf
    if odds <= 1.0:
        return 0.0
    return min(math.log(odds) / scale if odds < math.inf else math.inf, config.max_weight)
