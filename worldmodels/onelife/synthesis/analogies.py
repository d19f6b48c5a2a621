"""What one number of the agent does when it is low, others of its kind do, too.

A life that was lived well has seen few needs at their end. What is known of one is the best guess
for the others, as long as they were never seen so low.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.synthesis.conditions import Condition, Test, simplified
from worldmodels.onelife.synthesis.experience import Table
from worldmodels.onelife.synthesis.rules import Rule, RuleList


def alike(
    first: Mapping[str, Value], restless: Collection[str], lists: Iterable[RuleList]
) -> dict[str, list[str]]:
    """Restless whole numbers, each with the others that start where it starts.

    Numbers of which one repeats the other are left out: they are one thing twice.
    """
    mirrors = {
        name
        for rules in lists
        for template in rules.templates
        if template.form == "mirror"
        for name in (rules.slot.detail[0], str(template.argument))
    }
    counts = [
        name
        for name, value in first.items()
        if name in restless and type(value) is int and name not in mirrors
    ]
    return {
        name: [other for other in counts if other != name and first[other] == first[name]]
        for name in counts
    }


def extend(lists: Iterable[RuleList], table: Table, kin: Mapping[str, list[str]]) -> None:
    """Add rules for numbers that were never as low as one of their kind; the rest have priority."""
    for rules in lists:
        rules.rules[1:] = [
            same
            for rule in rules.rules[1:]
            for same in (*_likewise(rule, rules.slot.detail, table, kin), rule)
        ]


def _likewise(
    rule: Rule, about: tuple[str, ...], table: Table, kin: Mapping[str, list[str]]
) -> list[Rule]:
    found = []
    for test in rule.condition:
        if test.term[0] not in ("own", "soon") or test.op != "<=":
            continue
        for name in kin.get(str(test.term[1]), ()):
            other = Test((test.term[0], name), "<=", test.value)
            is_new = name not in about and other not in rule.condition
            if is_new and not any(map(other.accepts, table.column(other.term))):
                found.append(dataclasses.replace(rule, condition=_swapped(rule, test, other)))
    return found


def _swapped(rule: Rule, old: Test, new: Test) -> Condition:
    return simplified(tuple(new if test == old else test for test in rule.condition))
