"""From rules to laws: one law per condition, and versions where the life cannot decide."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np

from worldmodels.onelife.synthesis.conditions import Condition, are_exclusive, simplified
from worldmodels.onelife.synthesis.experience import Table
from worldmodels.onelife.synthesis.laws import Change, DataLaw, changes_something
from worldmodels.onelife.synthesis.naming import name_of
from worldmodels.onelife.synthesis.rules import RuleList, mask_of, needs_of
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.terms import AGENT
from worldmodels.onelife.synthesis.tools import Rows, Tools
from worldmodels.onelife.synthesis.vocabulary import Tests

_VERSIONS: Final = 2  # of a law that compete with it
_AT_HAND: Final = (("own", ">="), ("near", "<="))


def laws_of(
    lists: Iterable[RuleList],
    table: Table | None = None,
    tests: Tests | None = None,
    restless: Collection[str] = (),
    tools: Tools | None = None,
) -> list[DataLaw]:
    """One law per scope and condition; a rule that says that nothing changes is no law.

    Args:
        lists: The rules.
        table: The life of the agent, and
        tests: what conditions may say, for competing versions; without them there are none.
        restless: Attributes of the agent that change by themselves; no version is about them.
        tools: Of the life, for laws that are to be about them.
    """
    grouped: dict[tuple[str, Condition, Slot | None], list[tuple[Change, Rows]]] = {}
    for rules in lists:
        for i, rule in enumerate(rules.rules):
            if not len(rule.rows) or not changes_something(rule.outcomes):
                continue
            unless = tuple(
                later.condition
                for later in rules.rules[i + 1 :]
                if not are_exclusive(rule.condition, later.condition)
            )
            # What always holds is no common cause: such rules stay apart.
            apart = None if rule.condition else rules.slot
            key = (rules.slot.scope, rule.condition, apart)
            change = Change(rules.slot, rule.outcomes, unless)
            grouped.setdefault(key, []).append((change, rule.rows))
    names: Counter[str] = Counter()
    laws = []
    for (scope, condition, _), entries in grouped.items():
        changes = tuple(change for change, _ in entries)
        rows = max((rows for _, rows in entries), key=len)
        versions = [] if tools is None else tools.versions(scope, condition, changes, rows)
        if not versions:
            versions = [condition]
            if table is not None and tests is not None and scope == AGENT:
                versions += _versions(condition, changes, table, tests, restless)
        for version in versions:
            name = name_of(scope, version, changes)
            names[name] += 1
            if names[name] > 1:
                name = f"{name} ({names[name]})"
            laws.append(DataLaw(name, scope, version, changes, len(rows)))
    return laws


def _versions(
    condition: Condition,
    changes: Sequence[Change],
    table: Table,
    tests: Tests,
    restless: Collection[str],
) -> list[Condition]:
    """Conditions that differ in one thing that is at hand, and fit the life just as well."""
    if not any(test.term == ("action",) for test in condition):
        return []
    mask = mask_of(table, condition)
    needs = {
        need
        for change in changes
        for outcome in change.outcomes
        for need in needs_of(change.slot, outcome.template)
    }
    found: list[tuple[float, Condition]] = []
    for test in condition:
        if (test.term[0], test.op) not in _AT_HAND or test in needs:
            continue
        others = tuple(other for other in condition if other != test)
        rest = mask_of(table, others)
        for (other, *more), cost, holds in zip(tests.tests, tests.costs, tests.masks, strict=True):
            is_like = not more and (other.term[0], other.op) == (test.term[0], test.op)
            is_like &= other.term[0] != "own" or other.term[1] not in restless
            if is_like and other.term != test.term and np.array_equal(rest & holds, mask):
                found.append((cost, simplified((*others, other))))
    return [version for _, version in sorted(found, key=lambda entry: entry[0])[:_VERSIONS]]
