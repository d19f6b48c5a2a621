"""What a law says about one observable: scores for the values it names."""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Final

Value = Hashable

SCORE_FLOOR: Final = -50.0  # lowest log-score; also stands for scores that are not finite
NOISE_LOGSCORE: Final = -10.0  # log-score of a value that a law does not name


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Unnormalised log-scores of the values in `support`; a value not named is noise.

    Values that compare equal are one value, so `True` and `1` are the same.

    Raises:
        ValueError: the support is empty or repeats a value, or the lengths differ.
        TypeError: a value cannot be hashed.
    """

    support: tuple[Value, ...]
    logscores: tuple[float, ...] = ()  # empty: 0 for every value

    def __post_init__(self) -> None:
        if not self.logscores:
            object.__setattr__(self, "logscores", (0.0,) * len(self.support))
        if not self.support or len(set(self.support)) != len(self.support):
            raise ValueError(f"a support names each of its values once, got {self.support}")
        if len(self.logscores) != len(self.support):
            raise ValueError(
                f"one log-score per value: {len(self.support)} values, "
                f"{len(self.logscores)} log-scores"
            )

    @classmethod
    def point(cls, value: Value) -> "Distribution":
        """Certainty, up to noise, that the value is `value`."""
        return cls((value,))

    @classmethod
    def uniform(cls, values: Iterable[Value]) -> "Distribution":
        """Log-score 0 for each of the values, as certain of each as `point` is of one."""
        return cls(tuple(values))

    @classmethod
    def of(cls, probabilities: Mapping[Value, float]) -> "Distribution":
        """Log-scores that are the logarithms of probabilities.

        Raises:
            ValueError: a probability is negative or they do not sum to 1 (within 1e-6).
        """
        total = math.fsum(probabilities.values())
        if not abs(total - 1.0) <= 1e-6 or min(probabilities.values()) < 0:
            raise ValueError(f"probabilities are >= 0 and sum to 1, got {dict(probabilities)}")
        logs = (math.log(p) if p > 0 else SCORE_FLOOR for p in probabilities.values())
        return cls(tuple(probabilities), tuple(logs))

    def expand(self, domain: tuple[Value, ...], noise: float = NOISE_LOGSCORE) -> "Distribution":
        """The same scores over `domain`: noise where no value is named.

        Named values outside the domain are dropped. Scores are clamped, see `clamped`.
        """
        named = self.scores()
        floor = clamped(noise)
        return Distribution(domain, tuple(named.get(value, floor) for value in domain))

    def scores(self) -> dict[Value, float]:
        """Clamped log-score of each named value."""
        return dict(zip(self.support, map(clamped, self.logscores), strict=True))

    def log_probs(self) -> tuple[float, ...]:
        """Normalised log-probabilities, in the order of the support."""
        scores = [clamped(score) for score in self.logscores]
        total = logsumexp(scores)
        return tuple(score - total for score in scores)

    def log_prob(self, value: Value) -> float:
        """Log-probability of `value`; -inf where it is not in the support."""
        if value not in self.support:
            return -math.inf
        return self.log_probs()[self.support.index(value)]

    def sample(self, uniform: float) -> Value:
        """The value at `uniform`, a number in [0, 1), of the cumulative distribution."""
        for value, log_prob in zip(self.support, self.log_probs(), strict=True):
            uniform -= math.exp(log_prob)
            if uniform < 0:
                return value
        return self.support[-1]  # rounding left a remainder


def clamped(score: float) -> float:
    """A log-score that is finite and not below the floor of -50.

    Source: the code released with arXiv 2510.12088, which also sends +inf to the floor.
    """
    return max(score, SCORE_FLOOR) if math.isfinite(score) else SCORE_FLOOR


def logsumexp(scores: Iterable[float]) -> float:
    """log(sum(exp(scores))), of at least one score."""
    scores = list(scores)
    top = max(scores)
    if math.isinf(top):
        return top
    return top + math.log(math.fsum(math.exp(score - top) for score in scores))
