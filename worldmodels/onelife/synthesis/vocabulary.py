"""Which terms and tests the conditions of a scope may use, and what each costs to say."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.synthesis.conditions import Condition, Test
from worldmodels.onelife.synthesis.experience import Experience, Table, direction_attributes
from worldmodels.onelife.synthesis.slots import REGION
from worldmodels.onelife.synthesis.terms import AGENT, FROM_WHERE_IT_WILL_STAND, Term

_MAX_CUTS: Final = 64  # of a number; more are thinned out
_COSTS: Final = {  # nats, of naming a term of this head
    "action": 1.0,
    "turns": 1.0,
    "cell": 1.5,
    "faced": 1.5,
    "own": 1.8,
    "distance": 1.5,
    "reach": 2.0,
    "beside": 2.0,
    "risen": 2.0,
    "near": 1.8,
    "phase": 2.0,
    "agent": 2.5,
    "soon": 1.0,
    "pointed": 2.5,
    "nearest": 2.5,
    "ready": 2.0,
    "global": 3.0,
    "crowd": 3.0,
    "count": 2.0,
    "ground": 3.0,
}
_REMOTE: Final = 1.5  # nats, of what the agent is or does, where other things are concerned
_RESTLESS: Final = 4.5  # nats, of a number that has a life of its own
_ABSENT: Final = 5.0  # nats, of what is not there
_STATION: Final = 1.5  # nats less, of being near what the agent has made, or a landmark
_LANDSCAPE: Final = 1.0  # nats, of being near anything else
_ELSEWHERE: Final[Mapping[str | int, float]] = {"here": 1.0, "ahead": 0.5}
"""Nats, of cells that an action is less likely to be about than the one that is faced."""


STANDING: Final = -1
"""Rank of where the agent will stand, which is settled before all else."""
UNTOLD: Final = -2
"""Of conditions that tell nothing of the agent after the step."""


class Tests(NamedTuple):
    """Tests that differ on the rows at hand: of those that agree, the cheapest.

    Facing a thing and acting, as one test, may agree with a half of it.
    """

    tests: list[Condition]
    costs: list[float]
    masks: Bool[np.ndarray, "tests rows"]
    num_plain: int  # the first so many are tests as such; the rest are known causes

    def before(self, rank: int) -> "Tests":
        """Without what speaks of things after the step that are not settled before this rank."""
        kept = [i for i, tests in enumerate(self.tests) if foresight(tests) < rank]
        return Tests(
            [self.tests[i] for i in kept],
            [self.costs[i] for i in kept],
            self.masks[kept],
            sum(i < self.num_plain for i in kept),
        )


def rank_of(value: Value) -> int:
    """When it is settled what an attribute of the agent will be.

    Truth values come first, then whole numbers, then others: each may depend on what those before
    it will be, and none on itself.
    """
    if isinstance(value, bool):
        return 0
    return 1 if isinstance(value, int) else 2 if isinstance(value, float) else 0


def foresight(condition: Condition) -> int:
    """The highest rank of what is told of the agent after the step; `UNTOLD` if nothing is."""
    return max((_foresight_of(test) for test in condition), default=UNTOLD)


def _foresight_of(test: Test) -> int:
    if test.term[0] == "soon":
        return rank_of(test.value)
    return STANDING if test.term[0] in FROM_WHERE_IT_WILL_STAND else UNTOLD


def terms_of(experience: Experience[Any], scope: str, periods: Sequence[int]) -> list[Term]:
    """Terms that can be read off the views of a scope."""
    known = experience.known
    kinds = [kind for kind in experience.attributes if kind != known.agent_kind]
    agent = experience.attributes[known.agent_kind]
    records = experience.records
    causes = [name for name in agent if name not in records]
    turns = direction_attributes(agent)
    first = experience.steps[0].scene
    terms: list[Term] = [("global", name) for name in first.globals if name != known.clock]
    if known.clock is not None:
        terms += [("phase", period) for period in periods]
    if scope == REGION:
        terms += [("count", kind) for kind in kinds]
        terms += [("ground", material) for material in first.materials]
        return terms
    terms += [("action",), ("turns",)]
    if scope == AGENT:
        terms += [("own", name) for name in causes]
        restless = experience.restless
        terms += [
            ("soon", name)
            for name in causes
            if isinstance(agent[name], bool) or (isinstance(agent[name], int) and name in restless)
        ]
        for offset in (*turns, "ahead"):
            terms += [("cell", offset, what) for what in ("material", "kind", "free")]
            terms += [
                ("cell", offset, name)
                for name in dict.fromkeys(n for kind in kinds for n in experience.attributes[kind])
            ]
        terms.append(("cell", "here", "material"))
        terms += [("near", material) for material in first.materials]
        for kind in kinds:
            terms += [("nearest", kind, "distance"), ("pointed", kind)]
            terms += [("nearest", kind, name) for name in experience.attributes[kind]]
            terms += [
                ("ready", kind, name)
                for name, value in experience.attributes[kind].items()
                if is_number(value)
            ]
            terms += [("risen", kind, name) for name in experience.sudden(kind)]
        return terms
    own = experience.attributes[scope]
    terms += [("own", name) for name in own]
    terms += [("agent", name) for name in causes]
    terms += [("faced", name) for name in turns]
    terms += [("distance",), ("reach",), ("crowd",)]
    terms += [("beside", kind) for kind in (*kinds, known.agent_kind)]
    for name in direction_attributes(own):
        terms += [("cell", name, what) for what in ("material", "kind", "free")]
    return terms


def prejudice(experience: Experience[Any], scope: str) -> Callable[[Term], float]:
    """What it takes to believe that a term matters: more for what has a life of its own.

    What is restless goes with everything that takes time, and so does the clock. A material that
    was not there at first may have been made for a purpose, and one of which there is little may
    have one.
    """
    restless = experience.restless
    stations = experience.made | experience.steps[0].scene.landmarks()

    def cost(term: Term) -> float:
        if term[0] == "cell":
            return _ELSEWHERE.get(term[1], 0.0)
        if term[0] == "near":
            return -_STATION if term[1] in stations else _LANDSCAPE
        if scope == AGENT and term[0] in ("phase", "global"):
            return _RESTLESS
        if scope == AGENT and term[0] in ("own", "soon"):
            return _RESTLESS if term[1] in restless else 0.0
        return 0.0

    return cost


def tests_of(table: Table, terms: Iterable[Term], unlikely: Callable[[Term], float]) -> Tests:
    """Every comparison of a term with a constant that tells rows apart.

    Args:
        table: The rows.
        terms: What may be compared.
        unlikely: What it costs, in nats, to believe that a term matters at all.
    """
    by_mask: dict[bytes, tuple[float, Test, np.ndarray]] = {}
    groups: dict[tuple[str, bool, bool], list[Term]] = {}
    for term in terms:
        values = table.column(term) if term[0] in ("own", "soon") else [None]
        is_flag = all(isinstance(value, bool) for value in values)
        groups.setdefault((str(term[0]), unlikely(term) != 0, is_flag), []).append(term)
    for (head, *_), members in groups.items():
        base = _COSTS[head] - 0.5 + math.log(len(members))
        if table.scope != AGENT and head in ("action", "turns", "agent"):
            base += _REMOTE
        for term in members:
            for test, cost, mask in _comparisons(term, table.column(term)):
                key = np.packbits(mask).tobytes()
                total = base + cost + unlikely(term) + _absence(test, table.scope)
                if key not in by_mask or total < by_mask[key][0]:
                    by_mask[key] = (total, test, mask)
    costs: list[float] = []
    tests: list[Condition] = []
    masks = []
    for cost, test, mask in by_mask.values():
        costs.append(cost)
        tests.append((test,))
        masks.append(mask)
    for blow, cost, mask in _blows(tests, costs, masks):
        tests.append(blow)
        costs.append(cost)
        masks.append(mask)
    size = len(table.views)
    stacked = np.array(masks) if masks else np.zeros((0, size), bool)
    return Tests(tests, costs, stacked, len(tests))


def _blows(
    tests: Sequence[Condition], costs: Sequence[float], masks: Sequence[np.ndarray]
) -> list[tuple[Condition, float, np.ndarray]]:
    """What the agent does to the thing that it faces: neither half of it tells much alone."""
    faced = [i for i, (t,) in enumerate(tests) if t.term[0] == "faced" and t.value is True]
    deeds = [i for i, (t,) in enumerate(tests) if t.term == ("action",) and t.op == "=="]
    return [
        ((*tests[i], *tests[j]), costs[i] + costs[j], mask)
        for i in faced
        for j in deeds
        if (mask := masks[i] & masks[j]).any()
    ]


def _absence(test: Test, scope: str) -> float:
    """Nats, of a cause that consists in something being far away, or missing from the agent."""
    is_distance = test.term[0] in ("near", "ready") or test.term[::2] == ("nearest", "distance")
    is_far = is_distance and test.op == ">="
    is_missing = scope == AGENT and test.term[0] == "own" and test.op == "<=" and test.value == 0
    return _ABSENT if is_far or is_missing else 0.0


def _comparisons(term: Term, values: list[Value]) -> list[tuple[Test, float, np.ndarray]]:
    distinct = set(values)
    numbers = sorted(v for v in distinct if is_number(v))  # type: ignore[type-var]  # numbers
    if len(numbers) > 1 and len(numbers) + 1 >= len(distinct):
        return _thresholds(term, values, numbers)
    if len(distinct) < 2:
        return []
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    column = np.array([codes[value] for value in values])
    spread = math.log(len(codes))
    found = []
    for value, code in codes.items():
        mask = column == code
        found.append((Test(term, "==", value), 0.8 * spread, mask))
        if len(codes) > 2:
            found.append((Test(term, "!=", value), 0.8 * spread + 2.0, ~mask))
    return found


def _thresholds(
    term: Term, values: list[Value], numbers: list[Any]
) -> list[tuple[Test, float, np.ndarray]]:
    as_float = {v: float(v) if is_number(v) else np.nan for v in set(values)}  # type: ignore[arg-type]
    column = np.array([as_float[value] for value in values])
    step = max(1, len(numbers) // _MAX_CUTS)
    spread = math.log(len(numbers))
    found = []
    for i in range(1, len(numbers), step):
        order = 0.02 * min(i, 25)  # of equals, the smallest threshold
        at_least = Test(term, ">=", numbers[i])
        found.append((at_least, 0.8 * spread + order, column >= numbers[i]))
        at_most = Test(term, "<=", numbers[i - 1])
        found.append((at_most, 0.8 * spread + order + 0.3, column <= numbers[i - 1]))
    return found


def is_number(value: Any) -> bool:
    """Whether a value can be compared in size; truth values cannot."""
    return isinstance(value, int | float) and not isinstance(value, bool)
