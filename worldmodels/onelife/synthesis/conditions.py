"""Conditions: conjunctions of comparisons of terms with constants."""

import dataclasses
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.synthesis.terms import Term, View, value_of

Operator = Literal["==", "!=", ">=", "<=", "in"]

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "in": lambda found, values: found in values,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Test:
    """One comparison; `in` takes a tuple of values.

    An order holds for numbers only; a missing value is never in order.
    """

    __test__ = False  # no test of pytest's

    term: Term
    op: Operator
    value: Value

    def accepts(self, found: Value) -> bool:
        """Whether it holds for a value of the term."""
        if self.op in (">=", "<=") and (found is None or isinstance(found, str | tuple)):
            return False
        return _COMPARE[self.op](found, self.value)

    def holds(self, view: View) -> bool:
        """Whether it holds for a view."""
        return self.accepts(value_of(self.term, view))

    def excludes(self, other: "Test") -> bool:
        """Whether the two can be seen to exclude each other."""
        if self.term != other.term:
            return False
        if self.op == "==":
            return not other.accepts(self.value)
        if other.op == "==":
            return not self.accepts(other.value)
        if self.op == other.op == "in":
            return not any(other.accepts(value) for value in self.value)  # type: ignore[attr-defined]  # a tuple
        low, high = (self, other) if self.op == ">=" else (other, self)
        is_range = low.op == ">=" and high.op == "<="
        return is_range and low.value > high.value  # type: ignore[operator]  # both are numbers


def checked_operator(name: Any) -> Operator:
    """An operator by name.

    Raises:
        ValueError: there is no such operator.
    """
    if name not in tuple(_COMPARE):  # a tuple: what came may not be hashable
        raise ValueError(f"expected an operator, one of {', '.join(_COMPARE)}, got {name!r}")
    operator_name: Operator = name
    return operator_name


Condition = tuple[Test, ...]
"""All of them hold."""


def holds(condition: Condition, view: View) -> bool:
    """Whether every test holds."""
    return all(test.holds(view) for test in condition)


def are_exclusive(first: Iterable[Test], second: Condition) -> bool:
    """Whether two conditions can be seen never to hold together."""
    return any(test.excludes(other) for test in first for other in second)


def simplified(condition: Condition) -> Condition:
    """Without tests that others of the same term imply; in an order of their own."""
    kept = [
        test
        for i, test in enumerate(condition)
        if not any(
            _implies(other, test) and not (_implies(test, other) and i < j)
            for j, other in enumerate(condition)
            if i != j
        )
    ]
    return tuple(sorted(kept, key=_order))


def _implies(first: Test, second: Test) -> bool:
    if first.term != second.term:
        return False
    if first == second:
        return True
    if first.op == "==":
        return second.accepts(first.value)
    if first.op == second.op == ">=":
        return bool(first.value >= second.value)  # type: ignore[operator]  # numbers
    if first.op == second.op == "<=":
        return bool(first.value <= second.value)  # type: ignore[operator]  # numbers
    return False


_RANK: Final = ("action", "cell", "faced", "own", "agent", "near", "nearest")


def _order(test: Test) -> tuple[int, str]:
    head = str(test.term[0])
    return (_RANK.index(head) if head in _RANK else len(_RANK), repr(test))
