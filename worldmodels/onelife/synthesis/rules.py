"""Rules of one slot, with where in the life they decided."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int

from worldmodels.onelife.synthesis.conditions import Condition, Test, simplified
from worldmodels.onelife.synthesis.experience import MISSING, Table
from worldmodels.onelife.synthesis.laws import Outcome, changes_something
from worldmodels.onelife.synthesis.search import FINAL_ROUNDS, Problem, product, winners
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import STAY, Template
from worldmodels.onelife.synthesis.terms import AGENT
from worldmodels.onelife.synthesis.vocabulary import STANDING, Tests, is_number, rank_of

Mask = Bool[np.ndarray, " rows"]

_LEAST_CHANCE: Final = 0.002  # of an outcome that is kept
_LEAST_COUNT: Final = 0.3  # occasions on which it must have come out so


@dataclasses.dataclass
class Rule:
    """A condition, and how a slot then changes."""

    condition: Condition
    outcomes: tuple[Outcome, ...]
    rows: Int[np.ndarray, " decided"]  # of the table, decided by it
    fired: Int[np.ndarray, " fired"]  # those in which something changed as it most likely does
    likely: int  # index of that template


@dataclasses.dataclass
class RuleList:
    """What was learned about one slot; of the rules that hold, the last decides."""

    slot: Slot
    templates: list[Template]
    explained: Bool[np.ndarray, "rows templates"]
    rules: list[Rule]

    @property
    def is_usual(self) -> bool:
        """Whether something changes where no rule but the first holds."""
        outcomes = self.rules[0].outcomes
        return changes_something(outcomes) and outcomes[0].chance < 0.5


def rule_list(
    table: Table,
    slot: Slot,
    templates: list[Template],
    explained: Bool[np.ndarray, "rows templates"],
    conditions: Sequence[Condition],
    masks: Sequence[Mask],
) -> RuleList:
    """Rules with their distributions, from conditions and the rows for which they hold."""
    problem = problem_of(table, slot, explained)
    winner = winners(masks)
    rules = []
    for i, condition in enumerate(conditions):
        mine = winner == i
        counts = product(problem.one_hot, mine.astype(np.float32))
        theta = problem.distribution(counts[None], FINAL_ROUNDS)[0][0]
        size = float(counts.sum())
        rows = np.flatnonzero(mine & (problem.weights > 0))
        outcomes = tuple(
            Outcome(
                _bounded(template, table, slot, rows.tolist()), float(chance), float(chance) * size
            )
            for template, chance in zip(templates, theta, strict=False)
            if chance >= _LEAST_CHANCE and chance * size >= _LEAST_COUNT
        )
        likely = 1 + int(np.argmax(theta[1 : len(templates)]))
        fired = np.flatnonzero(mine & explained[:, likely] & ~explained[:, 0])
        rules.append(Rule(condition, outcomes, rows, fired, likely))
    return RuleList(slot, templates, explained, rules)


def unchanging(table: Table, slot: Slot) -> RuleList:
    """Of a slot that was never seen to change."""
    rows = np.arange(len(table.views))
    stays = Rule((), (Outcome(STAY, 1.0, float(len(rows))),), rows, rows[:0], 0)
    return RuleList(slot, [STAY], np.ones((len(rows), 1), bool), [stays])


def refit(rules: RuleList, table: Table) -> None:
    """Work out again what the rules say, since one has another condition."""
    conditions = [rule.condition for rule in rules.rules]
    masks = [mask_of(table, condition) for condition in conditions]
    fresh = rule_list(table, rules.slot, rules.templates, rules.explained, conditions, masks)
    for old, new in zip(rules.rules, fresh.rules, strict=True):
        vars(old).update(vars(new))  # in place: events hold the rules of several slots


def mask_of(table: Table, condition: Condition) -> Mask:
    """Rows for which a condition holds."""
    mask = np.ones(len(table.views), bool)
    for test in condition:
        mask &= np.array([test.accepts(value) for value in table.column(test.term)], bool)
    return mask


def problem_of(
    table: Table,
    slot: Slot,
    explained: Bool[np.ndarray, "rows templates"],
    tests: Tests | None = None,
) -> Problem:
    """What a search is given; without tests, only good for weighing rules."""
    weights = np.array([new is not MISSING for _, new in table.outcomes(slot)], np.float32)
    if tests is None:
        tests = Tests([], [], np.zeros((0, len(weights)), bool), 0)
    columns = tests.masks.astype(np.float32)
    return Problem(columns, np.array(tests.costs, np.float32), explained, weights)


def joined(tests: Tests, chosen: Iterable[int]) -> Condition:
    """The conjunction of some of the tests."""
    return simplified(tuple(test for i in chosen for test in tests.tests[i]))


def rank_in(table: Table, slot: Slot) -> int:
    """When it is settled what becomes of a slot: numbers may depend on what the agent will be."""
    if slot == Slot(AGENT, "position"):
        return STANDING
    if slot.scope != AGENT or slot.what != "attribute":
        return 0
    return rank_of(table.views[0].thing.attributes[slot.detail[0]])


def needs_of(slot: Slot, template: Template) -> list[Test]:
    """What is taken must be there: counts never fall below what was seen."""
    amount: Any = template.argument
    if template.form != "add" or amount >= 0 or template.low is not None:
        return []
    return [Test(("own", slot.detail[0]), ">=", -amount)]


def _bounded(template: Template, table: Table, slot: Slot, rows: Iterable[int]) -> Template:
    """Bounds stay only where they were met: a number that could have passed them did not."""
    if template.form != "add":
        return template
    free = dataclasses.replace(template, low=None, high=None)
    outcomes = table.outcomes(slot)
    low = high = None
    for row in rows:
        old, new = outcomes[row]
        if not is_number(old) or not is_number(new):
            continue
        total: Any = free.value(table.views[row], old)
        if total > new and new == template.high:
            high = template.high
        if total < new and new == template.low:
            low = template.low
    return dataclasses.replace(template, low=low, high=high)
