"""The Pyro model has the fit's likelihood, the fit's optimum, and a calibrated posterior."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pyro
import pytest
import torch
from onelife.toy_worlds import (
    PANEL,
    PANEL_LAWS,
    SWITCH_LAWS,
    SWITCHES,
    Panel,
    Press,
    Switches,
    Toggle,
    first_three_quarters,
    press,
    random_walk,
    toggle,
)
from pyro import poutine

from worldmodels.onelife.bayes import (
    Prior,
    law_weights,
    map_by_lbfgs,
    map_by_svi,
    nuts_draws,
    penalised_loss,
    variational_draws,
)
from worldmodels.onelife.fitting import FitConfig, fit_weights
from worldmodels.onelife.laws import FunctionLaw, Transition
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.posterior import PosteriorOneLife
from worldmodels.onelife.predictions import Predictions, collect, consult

PANEL_WALK = first_three_quarters(random_walk(Panel(), press, Press, 100))
SWITCH_WALK = first_three_quarters(random_walk(Switches(), toggle, Toggle, 50))
EXPONENTIAL = Prior()  # the published penalty
HALF_NORMAL = Prior("half_normal", scale=1.0)


def predictions_of(laws: Any, walk: Any, observables: Any) -> Predictions:
    return collect(consult(LawPanel(laws), walk, observables), range(len(laws)), observables)


def panel_predictions() -> Predictions:
    return predictions_of(PANEL_LAWS, PANEL_WALK, PANEL)


def loss_at(predictions: Predictions, weights: torch.Tensor, prior: Prior = EXPONENTIAL) -> float:
    return float(penalised_loss(predictions, weights, prior))


@pytest.mark.parametrize(
    "prior", [Prior(), HALF_NORMAL, Prior("gamma", shape=2.0, rate=2.0)], ids=lambda p: p.family
)
def test_the_log_joint_is_the_penalised_loss_up_to_a_constant(prior: Prior) -> None:
    predictions = panel_predictions()
    generator = torch.Generator().manual_seed(0)
    offsets = []
    for _ in range(4):
        weights = 3.0 * torch.rand(9, generator=generator, dtype=torch.float64)
        fixed = poutine.condition(law_weights, {"weights": weights})
        log_joint = float(poutine.trace(fixed).get_trace(predictions, prior).log_prob_sum())
        offsets.append(log_joint + loss_at(predictions, weights, prior))
    assert offsets == pytest.approx([-9 * math.log(10.0)] * 4)


def test_each_prediction_is_an_observed_site_that_counts_as_often_as_it_was_met() -> None:
    predictions = panel_predictions()
    trace = poutine.trace(law_weights).get_trace(predictions)
    sites = [trace.nodes[name] for name in trace.observation_nodes if name.startswith("happened")]
    counts = torch.cat([torch.as_tensor(site["scale"]) for site in sites])
    assert int(counts.sum()) == len(PANEL_WALK)


def test_both_maps_and_the_converged_fit_have_the_same_penalised_loss() -> None:
    predictions = panel_predictions()
    config = FitConfig(num_steps=50, bounds="sigmoid")
    fitted = torch.tensor(fit_weights(predictions, config).weights, dtype=torch.float64)
    expected = loss_at(predictions, fitted)
    assert loss_at(predictions, map_by_lbfgs(predictions)) == pytest.approx(expected, abs=1e-4)
    assert loss_at(predictions, map_by_svi(predictions)) == pytest.approx(expected, abs=0.01)
    clamped = torch.tensor(
        fit_weights(predictions, FitConfig(num_steps=50)).weights, dtype=torch.float64
    )
    assert loss_at(predictions, clamped) == pytest.approx(expected, abs=0.01)


def test_both_maps_agree_on_every_weight_that_is_identified() -> None:
    predictions = predictions_of([PANEL_LAWS[0], PANEL_LAWS[2]], PANEL_WALK, PANEL)
    smooth = map_by_lbfgs(predictions, HALF_NORMAL)
    stochastic = map_by_svi(predictions, HALF_NORMAL)
    assert loss_at(predictions, stochastic, HALF_NORMAL) == pytest.approx(
        loss_at(predictions, smooth, HALF_NORMAL), abs=1e-3
    )
    assert stochastic.tolist() == pytest.approx(smooth.tolist(), abs=1e-3)


def biased(share: float) -> Predictions:
    """One law says a coin stays at 1; it does so in `share` of 100 throws."""
    law = FunctionLaw[Switches, Toggle]("stays", lambda s, a: True, SWITCH_LAWS[2].then)
    before = Switches(1, 1)
    throws = [Transition(before, Toggle.A, Switches(int(i < 100 * share), 1)) for i in range(100)]
    return predictions_of([law], throws, SWITCHES)


def test_nuts_agrees_with_the_posterior_by_quadrature() -> None:
    predictions = biased(0.8)
    grid = torch.linspace(0.001, 9.999, 20_000, dtype=torch.float64)
    losses = torch.tensor([loss_at(predictions, w[None], HALF_NORMAL) for w in grid[:2000]])
    density = torch.exp(-(losses - losses.min()))  # nothing is left beyond weight 1
    mean = float((density * grid[:2000]).sum() / density.sum())
    spread = math.sqrt(float((density * (grid[:2000] - mean) ** 2).sum() / density.sum()))
    draws = nuts_draws(predictions, HALF_NORMAL, num_draws=150, num_warmup=50)
    assert draws.shape == (150, 1)
    assert float(draws.mean()) == pytest.approx(mean, abs=0.3 * spread)
    assert float(draws.std()) == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize("guide", ["normal", "low_rank"])
def test_a_variational_posterior_agrees_with_nuts_where_it_is_nearly_normal(guide: Any) -> None:
    predictions = biased(0.8)
    exact = math.log(4.0) / 10.0
    draws = variational_draws(
        predictions, HALF_NORMAL, guide=guide, num_steps=400, learning_rate=0.05
    )
    assert draws.shape == (100, 1)
    assert float(draws.mean()) == pytest.approx(exact, abs=0.02)
    assert 0.01 < float(draws.std()) < 0.06


def test_the_posterior_is_wider_with_less_data() -> None:
    few = predictions_of(PANEL_LAWS[:3], PANEL_WALK[:6], PANEL)
    many = predictions_of(PANEL_LAWS[:3], PANEL_WALK * 4, PANEL)
    narrow, wide = (
        variational_draws(p, HALF_NORMAL, num_steps=300, learning_rate=0.05) for p in (many, few)
    )
    assert float(wide[:, 0].mean()) < float(narrow[:, 0].mean())
    assert float((wide[:, 0] < 0.3).double().mean()) > float((narrow[:, 0] < 0.3).double().mean())


def test_posterior_predictive_probabilities_sum_to_one() -> None:
    laws = SWITCH_LAWS[:4]
    predictions = predictions_of(laws, SWITCH_WALK, SWITCHES)
    draws = variational_draws(predictions, HALF_NORMAL, num_draws=20, num_steps=100)
    model = PosteriorOneLife(laws, draws.tolist(), SWITCHES)
    everything = [Switches(a, b) for a in (0, 1) for b in (0, 1)]
    scores = model.log_probs(Switches(), Toggle.A, everything)
    assert sum(map(math.exp, scores)) == pytest.approx(1.0)
    assert scores[3] == max(scores)  # a flips to 1, b stays at 1
    told = model.explain(Switches(), Toggle.A)
    assert {vote.law for vote in told} <= {law.name for law in laws}
    means = {law.name: mean for law, mean in zip(laws, draws.mean(0).tolist(), strict=True)}
    assert told
    assert [vote.weight for vote in told] == pytest.approx([means[vote.law] for vote in told])


@pytest.mark.parametrize(
    "infer",
    [
        lambda p, seed: map_by_svi(p, num_steps=20, seed=seed),
        lambda p, seed: variational_draws(p, num_steps=20, num_draws=3, seed=seed),
        lambda p, seed: nuts_draws(p, HALF_NORMAL, num_draws=3, num_warmup=3, seed=seed),
    ],
    ids=["map", "variational", "nuts"],
)
def test_inference_is_seeded_and_leaves_no_trace_in_global_state(
    infer: Callable[[Predictions, int], torch.Tensor],
) -> None:
    predictions = predictions_of(SWITCH_LAWS[:2], SWITCH_WALK, SWITCHES)
    pyro.clear_param_store()
    pyro.param("mine", torch.tensor(1.0))
    python, legacy = random.getstate(), repr(np.random.get_state())  # noqa: NPY002  # global
    before = torch.random.get_rng_state()
    first, again = infer(predictions, 1), infer(predictions, 1)
    assert torch.equal(first, again)
    assert torch.equal(before, torch.random.get_rng_state())
    assert random.getstate() == python
    assert repr(np.random.get_state()) == legacy  # noqa: NPY002  # global
    assert list(pyro.get_param_store().keys()) == ["mine"]
    pyro.clear_param_store()


def test_a_prior_needs_positive_numbers() -> None:
    with pytest.raises(ValueError, match="rate is a positive number"):
        Prior(rate=0.0)
