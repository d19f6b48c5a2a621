"""How what the laws say about one (state, action) becomes a log-probability or a sample."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Effect
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.products import Ballot, Product, by_observable, cast_votes, multiply

StateT = TypeVar("StateT")

MIN_WEIGHT: Final = 0.01  # a law below it is pruned. Source: PoE-World, prune threshold
MAX_WEIGHT: Final = 10.0
INERTIA_SCALE: Final = 10.0  # as far as a named value lies above the noise
CHANGED_PENALTY: Final = -1.0  # published score of a change that no law speaks about
NO_LAWS_LOG_PROB: Final = -1000.0  # published score of everything, without laws


@dataclasses.dataclass(frozen=True)
class Scoring:
    """The rules of scoring that are not weights of laws.

    Attributes:
        inertia: Weight w of the rule that an observable no law speaks about stays as it is:
            log p(changed) = -10 w - log(1 + exp(-10 w)); 0 <= w <= 10.
        prune: Drop laws whose weight is below 0.01. A law of weight 0 is not silent: it would
            turn what it speaks about into a uniform draw.
        compat: Score as published: a flat -1 for a change that no law speaks about, nothing for
            what is missing from the next state, -1000 without laws.

    Raises:
        ValueError: the inertia is out of range.
    """

    inertia: float = 0.5
    prune: bool = True
    compat: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.inertia <= MAX_WEIGHT:
            raise ValueError(f"inertia is in [0, {MAX_WEIGHT:g}], got {self.inertia}")

    def silence(self, *, is_same: bool) -> float:
        """Score of an observable that no law speaks about."""
        if self.compat:
            return 0.0 if is_same else CHANGED_PENALTY
        stays = -math.log1p(math.exp(-INERTIA_SCALE * self.inertia))
        return stays if is_same else stays - INERTIA_SCALE * self.inertia


DEFAULT_SCORING: Final = Scoring()


def forecast(
    state: StateT, effects: Iterable[tuple[int, Effect]], observables: Observables[StateT]
) -> dict[str, Ballot]:
    """What the laws say about every observable that some law speaks about, sorted by name."""
    voices = by_observable(effects)
    domains = {name: observables.domain(name) for name in sorted(voices)}
    before: Mapping[str, Value] = {}
    if None in domains.values():
        before, _ = observables.compare(state, state)
    return {
        name: cast_votes(voices[name], domain, before.get(name, ABSENT), observables.noise_logscore)
        for name, domain in domains.items()
    }


def weigh(ballots: Mapping[str, Ballot], weights: Sequence[float]) -> dict[str, Product]:
    """The normalised product of every ballot."""
    return {name: multiply(ballot, weights) for name, ballot in ballots.items()}


def log_prob(
    products: Mapping[str, Product],
    before: Mapping[str, Value],
    after: Mapping[str, Value],
    scoring: Scoring,
) -> float:
    """Sum over observables: the product where laws speak, the rule of silence elsewhere."""
    terms = []
    for name, product in products.items():
        value = after.get(name, ABSENT)
        if not (scoring.compat and value is ABSENT):
            terms.append(product.log_prob(value))
    for name in after if scoring.compat else {**before, **after}:
        if name not in products:
            is_same = before.get(name, ABSENT) == after.get(name, ABSENT)
            terms.append(scoring.silence(is_same=is_same))
    return math.fsum(terms)


def draw(products: Mapping[str, Product], key: int) -> dict[str, Value]:
    """One value per product, each from a random number of its own."""
    uniforms = np.random.default_rng(key).random(len(products)).tolist()
    pairs = zip(products.items(), uniforms, strict=True)
    return {name: product.sample(uniform) for (name, product), uniform in pairs}


def checked_weights(weights: Sequence[float], num_laws: int) -> tuple[float, ...]:
    """Weights as a tuple of floats.

    Raises:
        ValueError: not one finite weight >= 0 per law.
    """
    checked = tuple(float(weight) for weight in weights)
    if len(checked) != num_laws:
        raise ValueError(f"expected one weight per law, {num_laws}; got {len(checked)}")
    for weight in checked:
        if not 0.0 <= weight < math.inf:
            raise ValueError(f"a weight is a finite number >= 0, got {weight}")
    return checked
