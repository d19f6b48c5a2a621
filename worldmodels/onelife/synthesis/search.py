"""Finds a short list of rules for one thing that changes: arrays in, arrays out.

A row is one occasion. A template may or may not explain what happened there, and several may.
A rule is a condition with a distribution over templates; of the rules that hold, the last one
found decides. Rules are added while the description of the data gets shorter: the logarithm of
the likelihood must rise by more than the condition and the distribution cost.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

Mask = Bool[np.ndarray, " rows"]

SMOOTHING: Final = 0.02  # pseudo-count of every template in a rule's distribution
_USED: Final = 0.5  # occasions from which an outcome counts as a parameter
_BEAM: Final = 5
_ROUNDS: Final = 3  # of expectation maximisation, while searching
FINAL_ROUNDS: Final = 30


@dataclasses.dataclass(frozen=True)
class Limits:
    """What stops the search."""

    max_tests: int = 5
    max_rules: int = 14
    least_gain: float = 2.0  # nats, beyond what a rule costs
    least_gain_shared: float = 0.5  # the same, of a rule whose condition is known elsewhere


DEFAULT_LIMITS: Final = Limits()


@dataclasses.dataclass
class Found:
    """One rule."""

    tests: tuple[int, ...]  # columns, all of which must hold
    theta: Float[np.ndarray, " outcomes"]  # templates, and last what none of them explains
    num_rows: float  # decided by it


@dataclasses.dataclass
class Problem:
    """Rows, the tests that may be used, and what explains what.

    Equal tests (that hold for the same rows) should be given once.
    """

    columns: Float[np.ndarray, "tests rows"]  # 0 or 1
    costs: Float[np.ndarray, " tests"]  # nats
    explains: Bool[np.ndarray, "rows templates"]
    weights: Float[np.ndarray, " rows"]

    def __post_init__(self) -> None:
        patterns, index = np.unique(self.explains, axis=0, return_inverse=True)
        index = index.reshape(-1)
        nothing = ~patterns.any(axis=1, keepdims=True)
        self.patterns = np.concatenate([patterns, nothing], axis=1).astype(np.float32)
        self.pattern_of = index
        self.certain = self.patterns.sum(axis=1) == 1
        self.preference = np.full(self.patterns.shape[1], 0.02, np.float32)
        self.preference[0] = 0.5  # where several explain a row, the first is believed
        self.one_hot = np.zeros((len(patterns), len(index)), np.float32)
        self.one_hot[index, np.arange(len(index))] = self.weights

    def distribution(
        self, counts: Float[np.ndarray, "groups patterns"], rounds: int = _ROUNDS
    ) -> tuple[Float[np.ndarray, "groups outcomes"], Float[np.ndarray, "groups patterns"]]:
        """The likeliest distribution over templates for each group, and log p of each pattern."""
        certain = product(counts[:, self.certain], self.patterns[self.certain])
        whole = product(counts, self.patterns) >= counts.sum(axis=1, keepdims=True) - 1e-3
        soft = (
            certain
            + self.preference
            + counts.sum(axis=1, keepdims=True) * (whole & (np.cumsum(whole, axis=1) == 1))
        )  # where one template explains all, it is believed
        soft = soft * product(counts / product(soft, self.patterns.T), self.patterns)
        for _ in range(rounds):
            theta = soft + SMOOTHING
            theta /= theta.sum(axis=1, keepdims=True)
            chance = product(theta, self.patterns.T)
            soft = theta * product(counts / chance, self.patterns)
        return theta, np.log(chance)

    def mask(self, tests: Sequence[int]) -> Mask:
        """Rows for which all the tests hold."""
        if not tests:
            return np.ones(self.columns.shape[1], bool)
        mask: Mask = self.columns[list(tests)].min(axis=0) > 0
        return mask


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The matrix product.

    On some processors that of small matrices raises the flag of invalid numbers though all are
    finite; what is not shows in the result all the same.
    """
    with np.errstate(invalid="ignore"):
        found: np.ndarray = left @ right
    return found


def find_rules(
    problem: Problem, limits: Limits = DEFAULT_LIMITS, *, first: Sequence[int] = ()
) -> list[Found]:
    """A list of rules; the first has no tests and decides where no other does.

    Args:
        problem: What is to be explained.
        limits: When to stop.
        first: Columns that are tried alone, each as a condition of its own, before any others.
    """
    rules: list[tuple[int, ...]] = [()]
    masks = [problem.mask(())]
    single = dataclasses.replace(limits, max_tests=1, least_gain=limits.least_gain_shared)
    for columns, within in ((list(first), single), (None, limits)):
        while len(rules) <= limits.max_rules and columns != []:
            tests, gain = _best_condition(problem, masks, within, columns)
            if not tests or gain < limits.least_gain:
                break
            if tests in rules:  # said again, it decides before those found in between
                place = rules.index(tests)
                del rules[place], masks[place]
            rules.append(tests)
            masks.append(problem.mask(tests))
    rules, masks = _pruned(problem, rules, masks)
    thetas, _, sizes = _score(problem, masks)
    return [
        Found(tests, theta, size) for tests, theta, size in zip(rules, thetas, sizes, strict=True)
    ]


def winners(masks: Sequence[Mask]) -> np.ndarray:
    """Index of the rule that decides each row."""
    winner = np.zeros(len(masks[0]), int)
    for i, mask in enumerate(masks):
        winner[mask] = i
    return winner


def log_likelihood(problem: Problem, masks: Sequence[Mask]) -> float:
    """Of all rows, each decided by the last rule that holds for it."""
    return float(_score(problem, masks)[1].sum())


def _score(
    problem: Problem, masks: Sequence[Mask]
) -> tuple[list[np.ndarray], Float[np.ndarray, " rows"], list[float]]:
    winner = winners(masks)
    logs_of_rows = np.zeros(len(winner), np.float32)
    thetas, sizes = [], []
    for i in range(len(masks)):
        mine = winner == i
        counts = product(problem.one_hot, mine.astype(np.float32))
        theta, logs = problem.distribution(counts[None])
        logs_of_rows[mine] = logs[0][problem.pattern_of[mine]]
        thetas.append(theta[0])
        sizes.append(float(counts.sum()))
    return thetas, logs_of_rows * problem.weights, sizes


def _best_condition(
    problem: Problem, masks: Sequence[Mask], limits: Limits, columns: Sequence[int] | None
) -> tuple[tuple[int, ...], float]:
    """The condition whose exception shortens the description most; of some columns, if given."""
    logs_of_rows = _score(problem, masks)[1]
    total = float(logs_of_rows.sum())
    beam: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    best: tuple[float, tuple[int, ...]] = (0.0, ())
    for _ in range(limits.max_tests):
        grown: dict[tuple[int, ...], float] = {}
        for _, tests in beam:
            gains = _gains(problem, logs_of_rows, tests)
            if columns is not None:
                gains = np.where(np.isin(np.arange(len(gains)), columns), gains, -np.inf)
            for column in np.argsort(-gains)[: 2 * _BEAM].tolist():
                if column not in tests and np.isfinite(gains[column]):
                    grown[tuple(sorted((*tests, column)))] = float(gains[column])
        likely = sorted(grown, key=lambda tests: -grown[tests])[: 2 * _BEAM]
        exact = [(_exact_gain(problem, masks, total, tests), tests) for tests in likely]
        beam = sorted(exact, reverse=True)[:_BEAM]
        if not beam or beam[0][0] <= best[0] + 1e-6:
            break
        best = beam[0]
    return best[1], best[0]


def _exact_gain(
    problem: Problem, masks: Sequence[Mask], total: float, tests: tuple[int, ...]
) -> float:
    """What an exception gains if the other rules are fitted again without its rows."""
    mask = problem.mask(tests)
    counts = product(problem.one_hot, mask.astype(np.float32))
    size = float(counts.sum())
    theta = problem.distribution(counts[None])[0][0]
    used = max(int((theta * size > _USED).sum()) - 1, 1)
    cost = float(problem.costs[list(tests)].sum()) + 0.5 * float(np.log1p(size)) * used
    return log_likelihood(problem, [*masks, mask]) - total - cost


def _gains(
    problem: Problem, logs_of_rows: Float[np.ndarray, " rows"], tests: tuple[int, ...]
) -> Float[np.ndarray, " tests"]:
    """What an exception for `tests` and one more test would gain, for each further test."""
    base = problem.mask(tests)
    told = np.concatenate([problem.one_hot, logs_of_rows[None]])
    if base.sum() * 4 < len(base):  # few rows: cut them out
        sums = product(problem.columns[:, base], told[:, base].T)
    else:
        sums = product(problem.columns, (told * base).T)
    counts, before = sums[:, :-1], sums[:, -1]
    theta, logs = problem.distribution(counts)
    gains: Float[np.ndarray, " tests"] = (counts * logs).sum(axis=1) - before
    sizes = counts.sum(axis=1)
    gains -= problem.costs + sum(problem.costs[i] for i in tests)
    used = (theta * sizes[:, None] > _USED).sum(axis=1)
    gains -= 0.5 * np.log1p(sizes) * np.maximum(used - 1, 1)  # the distribution itself
    gains[sizes <= 0] = -np.inf
    return gains


def _pruned(
    problem: Problem, rules: list[tuple[int, ...]], masks: list[Mask]
) -> tuple[list[tuple[int, ...]], list[Mask]]:
    """Without rules that later ones have made useless."""
    total = log_likelihood(problem, masks)
    for i in range(len(rules) - 1, 0, -1):
        others = masks[:i] + masks[i + 1 :]
        without = log_likelihood(problem, others)
        size = float(problem.weights[masks[i]].sum())
        cost = sum(problem.costs[j] for j in rules[i]) + 0.5 * np.log1p(size)
        if total - without < cost:
            rules, masks, total = rules[:i] + rules[i + 1 :], others, without
    return rules, masks
