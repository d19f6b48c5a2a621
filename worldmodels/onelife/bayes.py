"""The weights of laws as random variables, in Pyro.

Model: w_i ~ prior truncated to (0, max_weight) for each law i; every prediction is a Categorical
over its columns with logits sum_i w_i l_i. Equal predictions were merged when they were
collected, so each counts as many times as it was met: `poutine.scale` with the counts. That keeps
them observed sample sites, which can be conditioned, replayed and scored one by one; a
`pyro.factor` of the summed likelihood would have the same value and hide them.

The loss is convex, so the maximum a posteriori is unique in what it predicts; single weights
need not be identified, since laws that say the same share their weight.
"""

# mypy: allow-untyped-calls
# (most of Pyro has no annotations)

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

import pyro
import pyro.distributions as dist
import torch
from jaxtyping import Float
from pyro import poutine
from pyro.infer import MCMC, NUTS, SVI, Trace_ELBO
from pyro.infer.autoguide import (
    AutoDelta,
    AutoGuide,
    AutoLowRankMultivariateNormal,
    AutoNormal,
    init_to_value,
)
from pyro.optim import ClippedAdam
from torch import Tensor

from worldmodels.onelife.predictions import Predictions
from worldmodels.onelife.scoring import MAX_WEIGHT


@dataclasses.dataclass(frozen=True)
class Prior:
    """Prior of every weight, truncated to (0, max_weight).

    The default is the published L1 penalty: -log p(w) = rate * w + constant.

    Raises:
        ValueError: a number is not positive.
    """

    family: Literal["exponential", "half_normal", "gamma"] = "exponential"
    rate: float = 0.001  # of the exponential, and of the gamma
    shape: float = 2.0  # of the gamma
    scale: float = 1.0  # of the half-normal
    max_weight: float = MAX_WEIGHT

    def __post_init__(self) -> None:
        for name in ("rate", "shape", "scale", "max_weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is a positive number, got {getattr(self, name)}")

    def log_density(self, weights: Float[Tensor, " laws"]) -> Float[Tensor, ""]:
        """Logarithm of the density of all weights, before truncation, up to a constant."""
        if self.family == "exponential":
            return -self.rate * weights.sum()
        if self.family == "half_normal":
            return -0.5 * (weights / self.scale).square().sum()
        return ((self.shape - 1.0) * weights.log() - self.rate * weights).sum()


def law_weights(predictions: Predictions, prior: Prior = Prior()) -> Float[Tensor, " laws"]:
    """The Pyro model: sample sites `weights` and, per bucket k, `happened_k`."""
    zeros = torch.zeros(predictions.num_laws, dtype=torch.float64)
    with pyro.plate("laws", predictions.num_laws):
        weights = pyro.sample("weights", dist.Uniform(zeros, zeros + prior.max_weight))
    pyro.factor("prior", prior.log_density(weights))
    for k, bucket in enumerate(predictions.buckets):
        happened = torch.zeros(len(bucket.counts), dtype=torch.int64)  # always column 0
        with pyro.plate(f"items_{k}", len(happened)), poutine.scale(scale=bucket.counts):
            logits = bucket.logits(weights)
            pyro.sample(f"happened_{k}", dist.Categorical(logits=logits), obs=happened)
    return weights


def penalised_loss(
    predictions: Predictions, weights: Float[Tensor, " laws"], prior: Prior = Prior()
) -> Float[Tensor, ""]:
    """Negative log joint density up to a constant.

    With the default prior it is what `fit_weights` minimises.
    """
    return predictions.nll(weights) - prior.log_density(weights)


def map_by_svi(
    predictions: Predictions,
    prior: Prior = Prior(),
    *,
    num_steps: int = 1000,
    learning_rate: float = 0.1,
    seed: int = 0,
) -> Float[Tensor, " laws"]:
    """The weights of highest posterior density, by gradient steps on a point-mass guide.

    Weights whose best value is 0 only creep towards it; `map_by_lbfgs` is faster and closer.
    """
    guide = AutoDelta(law_weights, init_loc_fn=_start(predictions))
    with _isolated(seed):
        _maximise_elbo(guide, predictions, prior, num_steps, learning_rate)
        weights: Float[Tensor, " laws"] = guide.median()["weights"]
        return weights.detach()


def map_by_lbfgs(
    predictions: Predictions, prior: Prior = Prior(), *, num_steps: int = 50
) -> Float[Tensor, " laws"]:
    """The weights of highest posterior density, by L-BFGS on the log joint of the same model."""
    raw = torch.logit(_initial(predictions) / prior.max_weight).requires_grad_()
    optimizer = torch.optim.LBFGS([raw], lr=1.0, line_search_fn="strong_wolfe")

    def closure() -> Float[Tensor, ""]:
        optimizer.zero_grad()
        fixed = poutine.condition(law_weights, {"weights": prior.max_weight * torch.sigmoid(raw)})
        trace = poutine.trace(fixed).get_trace(predictions, prior)
        loss = -torch.as_tensor(trace.log_prob_sum())
        loss.backward()
        return loss.detach()

    for _ in range(num_steps):
        optimizer.step(closure)
    return (prior.max_weight * torch.sigmoid(raw)).detach()


def variational_draws(
    predictions: Predictions,
    prior: Prior = Prior(),
    *,
    guide: Literal["normal", "low_rank"] = "normal",
    num_draws: int = 100,
    num_steps: int = 1000,
    learning_rate: float = 0.02,
    seed: int = 0,
) -> Float[Tensor, "draws laws"]:
    """Draws from a variational posterior, normal in the unconstrained weights.

    "normal" takes the weights to be independent; "low_rank" lets laws that share what they
    explain vary together.
    """
    start = _start(predictions)
    approximation: AutoGuide = (
        AutoNormal(law_weights, init_loc_fn=start)
        if guide == "normal"
        else AutoLowRankMultivariateNormal(law_weights, init_loc_fn=start)
    )
    with _isolated(seed):
        _maximise_elbo(approximation, predictions, prior, num_steps, learning_rate)
        draws = [approximation(predictions, prior)["weights"] for _ in range(num_draws)]
    return torch.stack(draws).detach()


def nuts_draws(
    predictions: Predictions,
    prior: Prior = Prior(),
    *,
    num_draws: int = 200,
    num_warmup: int = 200,
    max_tree_depth: int = 6,
    seed: int = 0,
) -> Float[Tensor, "draws laws"]:
    """Draws by the No-U-Turn sampler: exact in the limit, for small sets of laws.

    A draw takes up to 2**max_tree_depth evaluations of the likelihood. Under the default prior
    weights that the data do not bound wander up to max_weight: a half-normal one mixes faster.
    """
    with _isolated(seed):
        kernel = NUTS(law_weights, init_strategy=_start(predictions), max_tree_depth=max_tree_depth)
        sampler = MCMC(kernel, num_draws, warmup_steps=num_warmup, disable_progbar=True)
        sampler.run(predictions, prior)
        draws: Float[Tensor, "draws laws"] = sampler.get_samples()["weights"]
        return draws.detach()


@contextmanager
def _isolated(seed: int) -> Iterator[None]:
    """Own random numbers and own parameters inside; the caller's are as before afterwards."""
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        torch.manual_seed(seed)
        yield


def _initial(predictions: Predictions) -> Float[Tensor, " laws"]:
    return torch.full((predictions.num_laws,), 0.5, dtype=torch.float64)


def _start(predictions: Predictions) -> partial[Tensor]:
    return partial(init_to_value, values={"weights": _initial(predictions)})


def _maximise_elbo(
    guide: AutoGuide,
    predictions: Predictions,
    prior: Prior,
    num_steps: int,
    learning_rate: float,
) -> None:
    decay = 0.01 ** (1.0 / num_steps)  # the last step is a hundredth of the first
    optimizer = ClippedAdam({"lr": learning_rate, "lrd": decay})
    svi = SVI(law_weights, guide, optimizer, Trace_ELBO())
    for _ in range(num_steps):
        svi.step(predictions, prior)
