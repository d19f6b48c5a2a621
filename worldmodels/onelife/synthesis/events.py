"""Events: several things that change on the same occasions have one cause.

What one slot alone could not tell, because it happened once or twice, all slots of an event
together can: each is a witness.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.synthesis.conditions import Condition, Test, simplified
from worldmodels.onelife.synthesis.experience import Table, direction_attributes
from worldmodels.onelife.synthesis.rules import (
    Mask,
    Rule,
    RuleList,
    joined,
    mask_of,
    needs_of,
    problem_of,
    rank_in,
    refit,
)
from worldmodels.onelife.synthesis.search import Limits, Problem, find_rules, log_likelihood
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import Template
from worldmodels.onelife.synthesis.terms import AGENT, Term
from worldmodels.onelife.synthesis.vocabulary import Tests

Atom = tuple[Slot, int]  # a slot, and the index of the template by which it changed
Member = tuple[RuleList, Rule]

_ACTION: Final[Term] = ("action",)
_SAME_EVENT: Final = 0.8  # overlap of the occasions of two rules that have one cause
_PRICE: Final = 4.0  # of a test, in nats, when conditions are compared
_LIFT: Final = 3.0  # how much more often an effect must follow its action than others
_CAUSE: Final = 0.5  # nats, of a condition that is known to be the cause of something else
_SHARE: Final = 0.05  # of its own price, beyond that
_FATE: Final = 4  # occasions before an action is blamed for what happens by itself, too
_BY_CHANCE: Final = 0.2  # above, that all occasions were of one action means nothing
_MANY: Final = 20  # occasions after which what is not needed to tell them is left out


def unite(lists: Collection[RuleList], table: Table, tests: Tests, limits: Limits) -> None:
    """Give rules that fired on the same occasions one condition, if it serves all."""
    members: list[Member] = [
        (rules, rule) for rules in lists for rule in rules.rules[1:] if len(rule.fired)
    ]
    groups: list[list[Member]] = []
    for member in sorted(members, key=lambda entry: -len(entry[1].fired)):
        group = next((g for g in groups if _overlap(g[0][1], member[1]) >= _SAME_EVENT), None)
        if group is None:
            groups.append([member])
        elif all(rules is not member[0] for rules, _ in group):
            group.append(member)
    for group in groups:
        if len(group) > 1:
            rank = min(rank_in(table, rules.slot) for rules, _ in group)
            _unite(group, table, tests.before(rank), limits)


def _unite(group: list[Member], table: Table, tests: Tests, limits: Limits) -> None:
    needs = [
        need
        for rules, rule in group
        for outcome in rule.outcomes
        for need in needs_of(rules.slot, outcome.template)
    ]
    happened = np.zeros(len(table.views), int)
    possible = np.zeros(len(table.views), int)
    for rules, rule in group:
        says = rules.explained[:, rule.likely]
        happened += says & ~rules.explained[:, 0]
        possible += says
    yes = 2 * happened > len(group)
    found = _search(tests, mask_of(table, tuple(needs)), yes, possible == len(group), group, limits)
    if not found:
        return
    condition = simplified((*needs, *found))
    if _is_no_worse(group, condition, table):
        for rules, rule in group:
            rule.condition = condition
            refit(rules, table)


def _search(
    tests: Tests,
    given: Mask,
    yes: Mask,
    maybe: Mask,
    witnesses: Collection[Any],
    limits: Limits,
) -> Condition:
    """What tells the rows in which something happened from the others, among some rows."""
    rows = np.flatnonzero(given)
    if not yes[rows].any():
        return ()
    problem = Problem(
        tests.masks[:, rows].astype(np.float32),
        np.array(tests.costs, np.float32),
        np.stack([~yes[rows], yes[rows] | maybe[rows]], axis=1),
        np.full(len(rows), float(len(witnesses)), np.float32),
    )
    found = find_rules(problem, dataclasses.replace(limits, max_rules=1))
    return joined(tests, found[1].tests) if len(found) > 1 else ()


def _is_no_worse(group: list[Member], condition: Condition, table: Table) -> bool:
    """Whether one condition for all describes the slots as well as the conditions they had."""
    gain = -_PRICE * len(condition)
    for rules, rule in group:
        problem = problem_of(table, rules.slot, rules.explained)
        old = [mask_of(table, other.condition) for other in rules.rules]
        new = [
            mask_of(table, condition) if other is rule else mask
            for other, mask in zip(rules.rules, old, strict=True)
        ]
        gain += log_likelihood(problem, new) - log_likelihood(problem, old)
        gain += _PRICE * len(rule.condition)
    return gain >= 0.0


@dataclasses.dataclass(frozen=True)
class Event:
    """What an action brings about, and when."""

    action: Value
    condition: Condition
    happened: Mask  # at least in part
    needs: list[Test]  # of what it takes
    is_remedy: bool = False  # whether something changes by it that changes by itself, too

    @property
    def is_about_a_cell(self) -> bool:
        """Whether it matters what is on some cell."""
        return any(test.term[0] == "cell" for test in self.condition)


def causes(
    lists: Mapping[Slot, RuleList],
    table: Table,
    tests: Tests,
    limits: Limits,
    turns: Sequence[str],
    grounds: Collection[str],
    restless: Collection[str],
) -> list[Condition]:
    """When an action brings about several things at once, however rarely that was.

    Args:
        lists: What was learned about the slots so far.
        table: The life.
        tests: What conditions may say.
        limits: Of the search.
        turns: Attributes of the agent that are directions.
        grounds: Materials that the agent can enter.
        restless: Attributes of the agent that change by themselves, too.
    """
    found: list[Event] = []
    for action, caused, rows in _signatures(lists, table, restless):
        on_action = Test(_ACTION, "==", action)
        needs = [n for slot, i in caused for n in needs_of(slot, lists[slot].templates[i])]
        given = mask_of(table, (on_action, *needs))
        yes = np.zeros(len(table.views), bool)
        yes[rows] = True
        maybe = np.ones(len(table.views), bool)
        for slot, index in caused:
            maybe &= lists[slot].explained[:, index]
        awake = _wakefulness(table, given, yes)
        given &= mask_of(table, awake)
        wider = _with_grounds(tests, table, yes & given, ~yes & given, turns, grounds)
        rest = _search(wider, given, yes, maybe, caused, limits)
        any_of_it = given & np.any([_happened(lists[slot], i) for slot, i in caused], axis=0)
        condition = simplified((on_action, *needs, *awake, *rest))
        is_remedy = any(s.what == "attribute" and s.detail[0] in restless for s, _ in caused)
        found.append(Event(action, condition, yes | any_of_it, needs, is_remedy))
    return [by_analogy(table, event, found) for event in found]


def _wakefulness(table: Table, given: Mask, yes: Mask) -> Condition:
    """That flags are down under which nothing can be done, if that explains some failures.

    Who sleeps does nothing, whatever is at hand.
    """
    found = []
    for name, value in table.views[0].thing.attributes.items():
        if isinstance(value, bool):
            is_up = np.array(table.column(("own", name)), bool)
            if (is_up & given).any() and not (is_up & yes).any() and _paralyses(table, is_up):
                found.append(Test(("own", name), "==", False))
    return tuple(found)


def _paralyses(table: Table, is_up: Mask) -> bool:
    """Whether actions that turn the agent never do so in some rows."""
    turned = []
    for name in direction_attributes(table.views[0].thing.attributes):
        outcomes = table.outcomes(Slot(AGENT, "attribute", (name,)))
        for row in np.flatnonzero(is_up).tolist():
            view, (old, new) = table.views[row], outcomes[row]
            goal = view.known.directions.get(view.action)
            if goal is not None and old != goal:
                turned.append(new == goal)
    return len(turned) > 0 and not any(turned)


def _happened(rules: RuleList, index: int) -> Mask:
    """Where something changed by a template."""
    happened: Mask = rules.explained[:, index] & ~rules.explained[:, 0]
    return happened


def by_analogy(
    table: Table,
    event: Event,
    found: Sequence[Event],
) -> Condition:
    """With what the same action needs elsewhere, if it was at hand whenever this happened.

    Tools are for obstacles: what meets a need is taken with bare hands.
    """
    if (
        event.is_remedy
        or not event.is_about_a_cell
        or any(_is_tool(test, event) for test in event.condition)
    ):
        return event.condition
    tools = dict.fromkeys(
        test
        for other in found
        if other.action == event.action and other.is_about_a_cell
        for test in other.condition
        if _is_tool(test, other)
    )
    more = [tool for tool in tools if mask_of(table, (tool,))[event.happened].all()]
    return simplified((*event.condition, *more[:1]))


def _is_tool(test: Test, event: Event) -> bool:
    """Whether something must be at hand that is not used up."""
    return test.term[0] == "own" and test.op == ">=" and test not in event.needs


def _signatures(
    lists: Mapping[Slot, RuleList], table: Table, restless: Collection[str]
) -> list[tuple[Value, list[Atom], list[int]]]:
    """Actions, what they brought about at once, and on which rows.

    Only what follows the action far more often than it follows others counts.
    """
    actions = table.column(_ACTION)
    totals = Counter(actions)
    atoms: list[list[Atom]] = [[] for _ in actions]
    for slot, rules in lists.items():
        usual = rules.explained[:, rules.rules[0].likely] & rules.is_usual
        for index in range(1, len(rules.templates)):
            rare = rules.explained[:, index] & ~rules.explained[:, 0] & ~usual
            for row in np.flatnonzero(rare).tolist():
                atoms[row].append((slot, index))
    pairs = list(zip(actions, atoms, strict=True))
    by_action = Counter((action, atom) for action, found in pairs for atom in found)
    overall = Counter(atom for found in atoms for atom in found)

    def is_caused(action: Value, atom: Atom) -> bool:
        here, rest = by_action[action, atom], max(len(actions) - totals[action], 1)
        slot, index = atom
        if here < _FATE and _is_fate(slot, lists[slot].templates[index], restless):
            return False
        if here / totals[action] <= _LIFT * (overall[atom] - here) / rest:
            return False
        is_it = np.array([other == action for other in actions])
        return is_due_to(is_it, _happened(lists[slot], index), table)

    signatures: dict[tuple[Value, tuple[Atom, ...]], list[int]] = {}
    for row, (action, found) in enumerate(pairs):
        caused = tuple(atom for atom in found if is_caused(action, atom))
        if caused:
            signatures.setdefault((action, caused), []).append(row)
    return [(action, list(caused), rows) for (action, caused), rows in signatures.items()]


def is_due_to(is_action: Mask, happened: Mask, table: Table) -> bool:
    """Whether an action did more than others where flags are up that were up when it did it.

    What an agent always does in its sleep did not bring about all that comes about in its sleep.
    """
    within = np.ones(len(happened), bool)
    for name, value in table.views[0].thing.attributes.items():
        if isinstance(value, bool):
            is_up = np.array(table.column(("own", name)), bool)
            if is_up[happened & is_action].all():
                within &= is_up
    if within.all():
        return True
    here, others = within & is_action, within & ~is_action
    share = (happened & here).sum() / here.sum()
    rest = ((happened & others).sum() + 0.5) / (others.sum() + 1)
    return bool(share > _LIFT * rest)


def _with_grounds(
    tests: Tests,
    table: Table,
    yes: Mask,
    no: Mask,
    turns: Sequence[str],
    grounds: Collection[str],
) -> Tests:
    """Tests for several materials at once, where these tell successes from failures."""
    more: list[Test] = []
    for name in turns:
        term: Term = ("cell", name, "material")
        column = table.column(term)
        good = dict.fromkeys(column[row] for row in np.flatnonzero(yes).tolist())
        bad = {column[row] for row in np.flatnonzero(no).tolist()}
        if any(material in grounds for material in good):  # one open ground is like another
            materials = table.views[0].scene.materials  # in an order that no hash decides
            good |= dict.fromkeys(m for m in materials if m in grounds and m not in bad)
        if len(good) > 1 and bad and not bad & good.keys():
            more.append(Test(term, "in", tuple(good)))
    masks = [mask_of(table, (test,))[None] for test in more]
    costs = [_PRICE + len(test.value) for test in more]  # type: ignore[arg-type]  # a tuple
    return Tests(
        [*tests.tests, *((test,) for test in more)],
        [*tests.costs, *costs],
        np.concatenate([tests.masks, *masks]),
        tests.num_plain,
    )


def with_causes(
    tests: Tests, lists: Collection[RuleList], events: Sequence[Condition], table: Table
) -> Tests:
    """Tests, and beside them conditions that are known to be the cause of something."""
    known = Counter(rule.condition for rules in lists for rule in rules.rules if rule.condition)
    prices = {test[0]: cost for test, cost in zip(tests.tests, tests.costs, strict=True)}
    best: dict[bytes, tuple[float, Condition, Mask]] = {}
    for cause in dict.fromkeys((*known, *events)):
        mask = mask_of(table, cause)
        price = _CAUSE
        if cause not in events:
            share = _SHARE if known[cause] > 1 else 1.0
            price += share * sum(prices.get(test, 2 * _PRICE) for test in cause)
        key = np.packbits(mask).tobytes()
        if key not in best or price < best[key][0]:
            best[key] = price, cause, mask
    return Tests(
        [*tests.tests, *(cause for _, cause, _ in best.values())],
        [*tests.costs, *(price for price, _, _ in best.values())],
        np.concatenate([tests.masks, *(mask[None] for _, _, mask in best.values())]),
        len(tests.tests),
    )


def _is_fate(slot: Slot, template: Template, restless: Collection[str]) -> bool:
    """Whether this happens by itself, too, so that an action is not soon to blame.

    The world at large changes by itself, and what is restless falls by itself.
    """
    if slot.what == "global":
        return True
    amount: Any = template.argument
    is_fall = template.form == "add" and amount < 0
    return is_fall and slot.what == "attribute" and slot.detail[0] in restless


def _is_expense(slot: Slot, template: Template, restless: Collection[str]) -> bool:
    """Whether the agent has less of something that does not fall by itself."""
    amount: Any = template.argument
    is_fall = template.form == "add" and amount < 0
    own = slot.scope == AGENT and slot.what == "attribute"
    return own and is_fall and slot.detail[0] not in restless


def blame_actions(rules: RuleList, table: Table, restless: Collection[str]) -> None:
    """What happened on one action only, and not by chance, is taken for its effect.

    So is what happened to a thing that the agent faced, however seldom; and what the agent has
    is spent on those actions only on which it was seen to be spent.
    """
    column = table.column(_ACTION)
    usual = Counter(column)
    for i in range(1, len(rules.rules)):
        rule = rules.rules[i]
        is_faced = any(test.term[0] == "faced" for test in rule.condition)
        given = ("action", "soon") if is_faced else ("action", "turns", "soon")
        if any(test.term[0] in given for test in rule.condition):
            continue
        if any(test.term[0] == "own" and test.value is True for test in rule.condition):
            continue  # while this lasts, actions may mean nothing
        blamed = {column[row] for row in rule.fired.tolist()}
        if len(blamed) > 1 and _is_expense(rules.slot, rules.templates[rule.likely], restless):
            paid = tuple(sorted(map(str, blamed)))
            rule.condition = simplified((*rule.condition, Test(_ACTION, "in", paid)))
            refit(rules, table)
        if len(blamed) != 1:
            continue
        action = blamed.pop()
        is_fate = _is_fate(rules.slot, rules.templates[rule.likely], restless)
        if is_fate and len(rule.fired) < _FATE:
            continue
        if is_faced or (usual[action] / len(column)) ** len(rule.fired) < _BY_CHANCE:
            rest = tuple(test for test in rule.condition if test.term[0] != "turns")
            rule.condition = simplified((*rest, Test(_ACTION, "==", action)))
            refit(rules, table)


def pardon_actions(lists: Collection[RuleList], table: Table) -> None:
    """An action that was always there, on many occasions, need not be the cause."""
    for rules in lists:
        for rule in rules.rules[1:]:
            rest = tuple(test for test in rule.condition if test.term != _ACTION)
            if len(rest) == len(rule.condition) or not rest or len(rule.rows) < _MANY:
                continue
            if np.array_equal(mask_of(table, rest), mask_of(table, rule.condition)):
                rule.condition = rest


def _overlap(first: Rule, second: Rule) -> float:
    both = len(np.intersect1d(first.fired, second.fired))
    return both / (len(first.fired) + len(second.fired) - both)
