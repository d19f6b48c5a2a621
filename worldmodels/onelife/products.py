"""The weighted product of what several laws say about one observable.

p(v) is proportional to exp(sum over laws i of w_i * l_i(v)). The values that no law names all
share one score, so they are counted and never listed: a domain of a hundred values costs as much
as one of two. Source: arXiv 2510.12088, section on inference, and its released code.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from worldmodels.onelife.distributions import Distribution, Value, clamped, logsumexp
from worldmodels.onelife.laws import Effect

Voice = tuple[int, Distribution]  # index of a law, and what it says about one observable


@dataclasses.dataclass(frozen=True, slots=True)
class Ballot:
    """What the laws that speak about one observable say, before weights.

    In an open domain the listed values are the named ones and the current one, and everything
    else is one more value.
    """

    domain: tuple[Value, ...] | None  # None: open
    noise: float  # log-score of every value that is not listed, from every law
    laws: tuple[int, ...]
    values: tuple[Value, ...]  # listed
    rows: tuple[tuple[float, ...], ...]  # log-scores, [law][listed value]

    @property
    def num_others(self) -> int:
        """How many values are not listed."""
        return 1 if self.domain is None else len(self.domain) - len(self.values)

    def contains(self, value: Value) -> bool:
        """Whether the value is possible at all."""
        return self.domain is None or value in self.domain


def by_observable(effects: Iterable[tuple[int, Effect]]) -> dict[str, list[Voice]]:
    """Regroup what laws say, from by law to by observable."""
    voices: dict[str, list[Voice]] = {}
    for law, effect in effects:
        for name, distribution in effect.items():
            voices.setdefault(name, []).append((law, distribution))
    return voices


def cast_votes(
    voices: Sequence[Voice], domain: tuple[Value, ...] | None, current: Value, noise: float
) -> Ballot:
    """Put what the laws say side by side.

    Args:
        voices: What each law that speaks about the observable says.
        domain: All values of the observable, or None if it is open.
        current: Its value before the step; listed if the domain is open.
        noise: Log-score of values that a law does not name.
    """
    named: dict[Value, None] = {}
    for _, distribution in voices:
        named.update(dict.fromkeys(distribution.support))
    if domain is None:
        values = tuple(named) if current in named else (*named, current)
    else:
        values = tuple(value for value in named if value in domain)
    noise = clamped(noise)
    rows = []
    for _, distribution in voices:
        scores = distribution.scores()
        rows.append(tuple([scores.get(value, noise) for value in values]))
    return Ballot(domain, noise, tuple([law for law, _ in voices]), values, tuple(rows))


@dataclasses.dataclass(frozen=True, slots=True)
class Product:
    """The normalised product: log-probabilities of the values of one observable."""

    ballot: Ballot
    listed: Mapping[Value, float]  # log-probability of each listed value
    other: float  # log-probability of each value that is not listed

    def log_prob(self, value: Value) -> float:
        """Log-probability of `value`; -inf outside the domain."""
        listed = self.listed.get(value)
        if listed is not None:
            return listed
        return self.other if self.ballot.contains(value) else -math.inf

    def sample(self, uniform: float) -> Value:
        """The value at `uniform`, a number in [0, 1), of the cumulative distribution.

        In an open domain nothing can be drawn for 'everything else': it is left out and the
        listed values share its probability.
        """
        if self.ballot.domain is None:
            uniform *= 1.0 - math.exp(self.other)
        for value, log_prob in self.listed.items():
            chance = math.exp(log_prob)
            if uniform < chance:
                return value
            uniform -= chance
        others = [value for value in self.ballot.domain or () if value not in self.listed] or list(
            self.listed
        )[-1:]  # rounding left a remainder
        index = int(uniform / math.exp(self.other)) if self.other > -700.0 else 0
        return others[min(index, len(others) - 1)]


def multiply(ballot: Ballot, weights: Sequence[float]) -> Product:
    """The product of what laws say; `weights` has one number for every law of the model."""
    active = [weights[law] for law in ballot.laws]
    base = ballot.noise * math.fsum(active)
    scores = [
        sum([weight * score for weight, score in zip(active, column, strict=True)])
        for column in zip(*ballot.rows, strict=True)
    ]
    others = ballot.num_others
    total = logsumexp([*scores, base + math.log(others)] if others else scores)
    listed = {value: score - total for value, score in zip(ballot.values, scores, strict=True)}
    return Product(ballot, listed, base - total if others else -math.inf)
