"""Laws from one life by induction: no language model, and nothing known about the world.

For every slot (something that can change) the templates that explain what was seen are proposed,
and the shortest list of rules is searched for that says when each of them applies. Rules of
several slots that fired on the same occasions are one event with one cause: their condition is
searched for again, with the evidence of all. The rules then become laws.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

import numpy as np

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.scenes import Cell
from worldmodels.onelife.synthesis.appearances import (
    appearance_slots,
    periods_of,
    rhythm_of,
    spawning_steps,
)
from worldmodels.onelife.synthesis.conditions import (
    Condition,
    Test,
    are_exclusive,
    simplified,
)
from worldmodels.onelife.synthesis.experience import (
    MISSING,
    Experience,
    Table,
    direction_attributes,
)
from worldmodels.onelife.synthesis.laws import (
    Book,
    Change,
    DataLaw,
    Outcome,
    changes_something,
)
from worldmodels.onelife.synthesis.naming import name_of
from worldmodels.onelife.synthesis.proposals import explains, proposals
from worldmodels.onelife.synthesis.search import (
    DEFAULT_LIMITS,
    FINAL_ROUNDS,
    Limits,
    Problem,
    find_rules,
    log_likelihood,
    winners,
)
from worldmodels.onelife.synthesis.slots import REGION, Slot
from worldmodels.onelife.synthesis.templates import STAY, Template
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge, Term
from worldmodels.onelife.synthesis.vocabulary import Tests, is_number, prejudice, terms_of, tests_of
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

_LEAST_CHANCE: Final = 0.002  # of an outcome that is kept
_LEAST_COUNT: Final = 0.3  # occasions on which it must have come out so
_TURNS: Final = 0.7  # share of the occasions on which an action that turns must have turned
_CAUSE: Final = 0.5  # nats, of a condition that is known to be the cause of something else
_SHARE: Final = 0.05  # of its own price, beyond that
_BY_CHANCE: Final = 0.2  # above, that all occasions were of one action means nothing
_LIFT: Final = 3.0  # how much more often an effect must follow the action than others
_MANY: Final = 20  # occasions after which what is not needed to tell them is left out
_VERSIONS: Final = 2  # of a law that compete with it
_PRICE: Final = 4.0  # of a test, in nats, when conditions are compared
_SAME_EVENT: Final = 0.8  # overlap of the occasions of two rules that have one cause


@dataclasses.dataclass
class Rule:
    """A condition, how a slot then changes, and where in the life it decided."""

    condition: Condition
    outcomes: tuple[Outcome, ...]
    rows: np.ndarray  # of the table, decided by it
    fired: np.ndarray  # those in which something changed as it most likely does
    likely: int = 0  # index of that template


@dataclasses.dataclass
class RuleList:
    """What was learned about one slot; of the rules that hold, the last decides."""

    slot: Slot
    templates: list[Template]
    explained: np.ndarray  # rows by templates
    rules: list[Rule]


class Induction(Generic[StateT]):
    """Learns from a growing life."""

    def __init__(self, world: World[StateT], limits: Limits = DEFAULT_LIMITS) -> None:
        self.world = world
        self.limits = limits
        self.known = Knowledge()
        self.experience = Experience(world, self.known)
        self.lists: dict[Slot, RuleList] = {}
        self.periods: list[int] = []
        self.rhythm: Test | None = None
        self._cached_tests: dict[str, Tests] = {}
        self.book = Book(world, (), self.known)

    def add(self, state: StateT, action: str, next_state: StateT) -> None:
        """Take in one transition."""
        self.experience.add(state, action, next_state)

    def learn(self, on_slot: Callable[[int, int], None] | None = None) -> Book[StateT]:
        """Learn everything anew.

        Args:
            on_slot: Called after each slot with its number, from 1, and how many there are.
        """
        self.lists = {}
        self._learn_basics()
        self.periods = periods_of(self.experience)
        self.rhythm = rhythm_of(self.experience, self.periods)
        ticks = spawning_steps(self.experience, self.rhythm)
        self.experience.tables[REGION] = self.experience.regions(ticks)
        slots = [slot for slot in self._slots() if slot not in self.lists]
        for number, slot in enumerate(slots, start=1):
            self._learn(slot)
            if on_slot is not None:
                on_slot(number, len(slots))
        self._unite_events()
        self._share_causes(self._events())
        self._unite_events()
        self._pardon_actions()
        self.book = self._assemble()
        return self.book

    def _pardon_actions(self) -> None:
        """An action that was always there, on many occasions, need not be the cause."""
        table = self.experience.tables[AGENT]
        for rules in self.lists.values():
            if rules.slot.scope != AGENT:
                continue
            for rule in rules.rules[1:]:
                rest = tuple(test for test in rule.condition if test.term != ("action",))
                if len(rest) == len(rule.condition) or not rest or len(rule.rows) < _MANY:
                    continue
                if np.array_equal(mask_of(table, rest), mask_of(table, rule.condition)):
                    rule.condition = rest

    def _events(self) -> list[Condition]:
        """Conditions under which an action brings about several things at once, however rarely."""
        table = self.experience.tables[AGENT]
        actions = table.column(("action",))
        totals = Counter(actions)
        atoms: list[set[tuple[Slot, int]]] = [set() for _ in actions]
        for slot, rules in self.lists.items():
            if slot.scope != AGENT or len(rules.templates) < 2:
                continue
            usual = rules.explained[:, rules.rules[0].likely] if _is_usual(rules) else False
            for index in range(1, len(rules.templates)):
                rare = rules.explained[:, index] & ~rules.explained[:, 0] & ~np.asarray(usual)
                for row in np.flatnonzero(rare).tolist():
                    atoms[row].add((slot, index))
        by_action = Counter(
            (action, atom) for action, found in zip(actions, atoms, strict=True) for atom in found
        )
        overall = Counter(atom for found in atoms for atom in found)
        signatures: dict[tuple[Value, frozenset[tuple[Slot, int]]], list[int]] = {}
        for row, (action, found) in enumerate(zip(actions, atoms, strict=True)):
            rest = max(len(actions) - totals[action], 1)
            caused = frozenset(
                atom
                for atom in found
                if by_action[action, atom] / totals[action]
                > _LIFT * (overall[atom] - by_action[action, atom]) / rest
            )
            if caused:
                signatures.setdefault((action, caused), []).append(row)
        found_conditions = []
        for (action, caused), rows in signatures.items():
            condition = self._cause_of(action, caused, rows, table)
            if condition is not None:
                found_conditions.append(condition)
        return found_conditions

    def _cause_of(
        self, action: Value, caused: frozenset[tuple[Slot, int]], rows: list[int], table: Table
    ) -> Condition | None:
        """When an action has a certain set of effects."""
        on_action = Test(("action",), "==", action)
        needs = [
            need
            for slot, index in caused
            for need in _needs_of(slot, self.lists[slot].templates[index])
        ]
        given = mask_of(table, (on_action, *needs))
        yes = np.zeros(len(table.views), bool)
        yes[rows] = True
        maybe = np.ones(len(table.views), bool)
        for slot, index in caused:
            maybe &= self.lists[slot].explained[:, index]
        among = np.flatnonzero(given)
        tests = self._tests(AGENT)
        grounds = [
            test
            for name in direction_attributes(self.experience.attributes[self.known.agent_kind])
            for test in _grounds(
                table,
                ("cell", name, "material"),
                yes & given,
                ~yes & given,
                self.known.grounds.get(self.known.agent_kind, set()),
            )
        ]
        masks = [mask_of(table, (test,))[None] for test in grounds]
        tests = Tests(
            [*tests.tests, *((test,) for test in grounds)],
            [*tests.costs, *(_PRICE + len(test.value) for test in grounds)],  # type: ignore[arg-type]  # a tuple
            np.concatenate([tests.masks, *masks]),
            tests.num_single,
        )
        problem = Problem(
            tests.masks[:, among].astype(np.float32),
            np.array(tests.costs, np.float32),
            np.stack([~yes[among], yes[among] | maybe[among]], axis=1),
            np.full(len(among), float(len(caused)), np.float32),
        )
        found = find_rules(problem, dataclasses.replace(self.limits, max_rules=1))
        rest = _joined(tests, found[1].tests) if len(found) > 1 else ()
        return simplified((on_action, *needs, *rest))

    def _share_causes(self, events: Collection[Condition]) -> None:
        """Learn the agent's slots again: that something else has a cause makes it a likely one."""
        table = self.experience.tables[AGENT]
        tests = self._tests(AGENT)
        causes = {
            rule.condition
            for rules in self.lists.values()
            if rules.slot.scope == AGENT
            for rule in rules.rules
            if rule.condition
        }
        prices = {test[0]: cost for test, cost in zip(tests.tests, tests.costs, strict=True)}
        best: dict[bytes, tuple[float, Condition, np.ndarray]] = {}
        for cause in sorted(causes | set(events), key=repr):
            mask = mask_of(table, cause)
            price = _CAUSE
            if cause not in events:
                price += _SHARE * sum(prices.get(test, 2 * _PRICE) for test in cause)
            key = np.packbits(mask).tobytes()
            if key not in best or price < best[key][0]:
                best[key] = price, cause, mask
        self._cached_tests[AGENT] = Tests(
            [*tests.tests, *(cause for _, cause, _ in best.values())],
            [*tests.costs, *(price for price, _, _ in best.values())],
            np.concatenate([tests.masks, *(mask[None] for _, _, mask in best.values())]),
            len(tests.tests),
        )
        for slot, rules in list(self.lists.items()):
            if slot.scope == AGENT and len(rules.templates) > 1:
                self._learn(slot)

    # What terms need comes first: the clock, where actions turn the agent, where it then stands.

    def _learn_basics(self) -> None:
        known, first = self.known, self.experience.steps[0].scene
        known.clock, known.directions = None, {}
        self._forget()
        for name in first.globals:
            self._learn(Slot(AGENT, "global", (name,)))
            if known.clock is None and _is_clock(self.lists[Slot(AGENT, "global", (name,))]):
                known.clock = name
        known.directions = self._directions()
        self._forget()
        self._learn(Slot(AGENT, "position"))
        self.book = self._assemble()
        self._forget()

    def _directions(self) -> dict[str, Cell]:
        """Where each action turns the agent: nearly always, and at least once from elsewhere."""
        table = self.experience.tables[AGENT]
        found: dict[str, Cell] = {}
        for name in direction_attributes(self.experience.attributes[self.known.agent_kind]):
            ends: dict[str, Counter[Any]] = {}
            turned: set[tuple[str, Any]] = set()
            slot = Slot(AGENT, "attribute", (name,))
            for view, (old, new) in zip(table.views, table.outcomes(slot), strict=True):
                ends.setdefault(view.action, Counter())[new] += 1
                if new != old:
                    turned.add((view.action, new))
            for action, counts in ends.items():
                end, number = counts.most_common(1)[0]
                if (action, end) in turned and number >= _TURNS * counts.total():
                    found.setdefault(action, end)
        return found

    def _slots(self) -> list[Slot]:
        experience, known = self.experience, self.known
        first = experience.steps[0].scene
        slots = [Slot(AGENT, "global", (name,)) for name in first.globals]
        for kind, attributes in sorted(experience.attributes.items()):
            scope = AGENT if kind == known.agent_kind else kind
            slots.append(Slot(scope, "position"))
            slots += [Slot(scope, "attribute", (name,)) for name in attributes]
            slots += [Slot(scope, "material", (name,)) for name in direction_attributes(attributes)]
        return slots + appearance_slots(experience)

    # One slot.

    def _learn(self, slot: Slot) -> None:
        table = self.experience.tables[slot.scope]
        kind = self.known.agent_kind if slot.scope in (AGENT, REGION) else slot.scope
        templates = proposals(table, slot, list(self.experience.attributes[kind]))
        if len(templates) == 1:
            rows = np.arange(len(table.views))
            stays = Rule((), (Outcome(STAY, 1.0),), rows, rows[:0])
            self.lists[slot] = RuleList(slot, templates, np.ones((len(rows), 1), bool), [stays])
            return
        explained = explains(table, slot, templates)
        tests = self._tests(slot.scope)
        problem = _problem(table, slot, tests, explained)
        causes = range(tests.num_single, len(tests.tests))
        found = find_rules(problem, self.limits, first=causes)
        conditions = [_joined(tests, rule.tests) for rule in found]
        if slot.scope == REGION and self.rhythm is not None:
            conditions = [(self.rhythm, *condition) for condition in conditions]
        masks = [problem.mask(rule.tests) for rule in found]
        self.lists[slot] = self._finish(slot, templates, explained, conditions, masks, problem)
        self._blame_actions(self.lists[slot], table)

    def _blame_actions(self, rules: RuleList, table: Table) -> None:
        """What happened on one action only, and not by chance, is taken for its effect."""
        column = table.column(("action",))
        usual = Counter(column)
        for rule in rules.rules[1:]:
            if any(test.term[0] in ("action", "turns") for test in rule.condition):
                continue
            blamed = {column[row] for row in rule.fired.tolist()}
            if len(blamed) != 1:
                continue
            action = blamed.pop()
            share = usual[action] / len(column)
            if share ** len(rule.fired) < _BY_CHANCE:
                rule.condition = simplified((*rule.condition, Test(("action",), "==", action)))
                self._redistribute(rules, table)

    def _tests(self, scope: str) -> Tests:
        if scope not in self._cached_tests:
            terms = terms_of(self.experience, scope, self.periods)
            self._cached_tests[scope] = tests_of(
                self.experience.tables[scope], terms, prejudice(self.experience, scope)
            )
        return self._cached_tests[scope]

    def _forget(self) -> None:
        self.experience.forget()
        self._cached_tests.clear()

    def _finish(
        self,
        slot: Slot,
        templates: list[Template],
        explained: np.ndarray,
        conditions: Sequence[Condition],
        masks: Sequence[np.ndarray],
        problem: Problem,
    ) -> RuleList:
        """Rules with their distributions, from conditions and the rows for which they hold."""
        table = self.experience.tables[slot.scope]
        winner = winners(masks)
        rules = []
        for i, condition in enumerate(conditions):
            mine = winner == i
            counts = problem.one_hot @ mine.astype(np.float32)
            theta = problem.distribution(counts[None], FINAL_ROUNDS)[0][0]
            rows = np.flatnonzero(mine & (problem.weights > 0))
            outcomes = tuple(
                Outcome(
                    _bounded(template, table, slot, rows),
                    float(chance),
                    float(chance * counts.sum()),
                )
                for template, chance in zip(templates, theta, strict=False)
                if chance >= _LEAST_CHANCE and chance * counts.sum() >= _LEAST_COUNT
            )
            likely = 1 + int(np.argmax(theta[1 : len(templates)]))
            fired = np.flatnonzero(mine & explained[:, likely] & ~explained[:, 0])
            rules.append(Rule(condition, outcomes, rows, fired, likely))
        return RuleList(slot, templates, explained, rules)

    # Events: rules of several slots that have one cause.

    def _unite_events(self) -> None:
        members = [
            (rules, rule)
            for rules in self.lists.values()
            if rules.slot.scope == AGENT
            for rule in rules.rules[1:]
            if len(rule.fired)
        ]
        groups: list[list[tuple[RuleList, Rule]]] = []
        for member in sorted(members, key=lambda entry: -len(entry[1].fired)):
            group = next((g for g in groups if _overlap(g[0][1], member[1]) >= _SAME_EVENT), None)
            if group is None:
                groups.append([member])
            elif all(rules is not member[0] for rules, _ in group):
                group.append(member)
        table = self.experience.tables[AGENT]
        tests = self._tests(AGENT)
        for group in groups:
            if len(group) > 1:
                self._unite(group, table, tests)

    def _unite(self, group: list[tuple[RuleList, Rule]], table: Table, tests: Tests) -> None:
        """Search for one condition with the evidence of all slots of an event."""
        needs = _needs(group)
        allowed = np.ones(len(table.views), bool)
        for need in needs:
            allowed &= np.array([need.accepts(value) for value in table.column(need.term)])
        happened = np.zeros(len(table.views), int)
        possible = np.zeros(len(table.views), int)
        for rules, rule in group:
            says = rules.explained[:, rule.likely]
            happened += says & ~rules.explained[:, 0]
            possible += says
        size = len(group)
        yes = happened * 2 > size
        maybe = (possible == size) & ~yes
        rows = np.flatnonzero(allowed)
        if not yes[rows].any():
            return
        explained = np.stack([~yes[rows], yes[rows] | maybe[rows]], axis=1)
        problem = Problem(
            tests.masks[:, rows].astype(np.float32),
            np.array(tests.costs, np.float32),
            explained,
            np.full(len(rows), float(size), np.float32),
        )
        found = find_rules(problem, dataclasses.replace(self.limits, max_rules=1))
        if len(found) < 2:
            return
        condition = simplified((*needs, *_joined(tests, found[1].tests)))
        if self._is_no_worse(group, condition, table):
            for rules, rule in group:
                rule.condition = condition
                self._redistribute(rules, table)

    def _is_no_worse(
        self, group: list[tuple[RuleList, Rule]], condition: Condition, table: Table
    ) -> bool:
        """Whether one condition for all describes the slots as well as the conditions they had."""
        gain = 0.0
        for rules, rule in group:
            problem = _problem(table, rules.slot, None, rules.explained)
            old = [mask_of(table, other.condition) for other in rules.rules]
            new = [
                mask_of(table, condition) if other is rule else mask
                for other, mask in zip(rules.rules, old, strict=True)
            ]
            gain += log_likelihood(problem, new) - log_likelihood(problem, old)
            gain += _PRICE * (len(rule.condition) - (len(condition) if rules is group[0][0] else 0))
        return gain >= 0.0

    def _redistribute(self, rules: RuleList, table: Table) -> None:
        """Work out again what the rules of a slot say, since one has another condition."""
        explained = rules.explained
        conditions = [rule.condition for rule in rules.rules]
        masks = [mask_of(table, condition) for condition in conditions]
        problem = _problem(table, rules.slot, None, explained)
        fresh = self._finish(rules.slot, rules.templates, explained, conditions, masks, problem)
        for old, new in zip(rules.rules, fresh.rules, strict=True):
            old.outcomes, old.rows = new.outcomes, new.rows
            old.fired, old.likely = new.fired, new.likely

    # Laws.

    def _assemble(self) -> Book[StateT]:
        """One law per condition and scope; a rule that says that nothing changes is no law."""
        laws: dict[tuple[str, Condition], list[tuple[Change, int]]] = {}
        for rules in self.lists.values():
            for i, rule in enumerate(rules.rules):
                if not len(rule.rows) or not changes_something(rule.outcomes):
                    continue
                unless = tuple(
                    later.condition
                    for later in rules.rules[i + 1 :]
                    if not are_exclusive(rule.condition, later.condition)
                )
                change = Change(rules.slot, rule.outcomes, unless)
                key = (rules.slot.scope, rule.condition)
                if not rule.condition:
                    key = (rules.slot.scope, (Test(("own", str(rules.slot)), "==", None),))
                laws.setdefault(key, []).append((change, len(rule.rows)))
        names: Counter[str] = Counter()
        made = []
        for (scope, condition), changes in laws.items():
            if condition and condition[0].term[-1] == str(changes[0][0].slot):
                condition = ()
            parts = tuple(change for change, _ in changes)
            size = max(n for _, n in changes)
            for version in (condition, *self._versions(scope, condition, parts)):
                name = name_of(scope, version, parts)
                names[name] += 1
                if names[name] > 1:
                    name = f"{name} ({names[name]})"
                made.append(DataLaw(name, scope, version, parts, size))
        return Book(self.world, made, self.known)

    def _versions(
        self, scope: str, condition: Condition, changes: Sequence[Change]
    ) -> list[Condition]:
        """Conditions that differ in one thing that is held, and fit the life just as well."""
        if scope != AGENT or not any(test.term == ("action",) for test in condition):
            return []
        table, tests = self.experience.tables[AGENT], self._tests(AGENT)
        mask = mask_of(table, condition)
        needs = {
            need
            for change in changes
            for outcome in change.outcomes
            for need in _needs_of(change.slot, outcome.template)
        }
        found: list[tuple[float, Condition]] = []
        for test in condition:
            if test.term[0] != "own" or test.op != ">=" or test in needs:
                continue
            others = tuple(other for other in condition if other != test)
            rest = mask_of(table, others)
            for (other, *more), cost, holds in zip(
                tests.tests, tests.costs, tests.masks, strict=True
            ):
                is_like = not more and other.term[0] == "own" and other.op == ">="
                if is_like and other.term != test.term and np.array_equal(rest & holds, mask):
                    found.append((cost, simplified((*others, other))))
        return [version for _, version in sorted(found, key=lambda entry: entry[0])[:_VERSIONS]]


def induce(world: World[StateT], transitions: Iterable[Transition[StateT, Any]]) -> Book[StateT]:
    """Laws of a world from transitions of it."""
    induction = Induction(world)
    for step in transitions:
        induction.add(step.state, str(step.action), step.next_state)
    return induction.learn()


def mask_of(table: Table, condition: Condition) -> np.ndarray:
    """Rows for which a condition holds."""
    mask = np.ones(len(table.views), bool)
    for test in condition:
        mask &= np.array([test.accepts(value) for value in table.column(test.term)], bool)
    return mask


def _problem(table: Table, slot: Slot, tests: Tests | None, explained: np.ndarray) -> Problem:
    outcomes = table.outcomes(slot)
    weights = np.array([new is not MISSING for _, new in outcomes], np.float32)
    if tests is None:
        tests = Tests([], [], np.zeros((0, len(weights)), bool), 0)
    return Problem(
        tests.masks.astype(np.float32), np.array(tests.costs, np.float32), explained, weights
    )


def _joined(tests: Tests, chosen: Iterable[int]) -> Condition:
    return simplified(tuple(test for i in chosen for test in tests.tests[i]))


def _is_clock(rules: RuleList) -> bool:
    only = [o.template for o in rules.rules[0].outcomes]
    return len(rules.rules) == 1 and len(only) == 1 and only[0].form == "add"


def _overlap(first: Rule, second: Rule) -> float:
    both = len(np.intersect1d(first.fired, second.fired))
    return both / (len(first.fired) + len(second.fired) - both)


def _needs(group: list[tuple[RuleList, Rule]]) -> list[Test]:
    """Counts that an event takes from must be there: they never fall below what was seen."""
    return [
        need
        for rules, rule in group
        for outcome in rule.outcomes
        for need in _needs_of(rules.slot, outcome.template)
    ]


def _needs_of(slot: Slot, template: Template) -> list[Test]:
    amount: Any = template.argument
    if template.form != "add" or amount >= 0 or template.low is not None:
        return []
    return [Test(("own", slot.detail[0]), ">=", -amount)]


def _grounds(
    table: Table, term: Term, yes: np.ndarray, no: np.ndarray, grounds: set[str]
) -> list[Test]:
    """Whether a term has one of several values, if these tell successes from failures."""
    column = table.column(term)
    good: set[Any] = {column[row] for row in np.flatnonzero(yes).tolist()}
    bad: set[Any] = {column[row] for row in np.flatnonzero(no).tolist()}
    if good & grounds:
        good |= grounds - bad  # what holds for one open ground holds for all
    if len(good) < 2 or not bad or good & bad:
        return []
    return [Test(term, "in", tuple(sorted(good, key=repr)))]


def _is_usual(rules: RuleList) -> bool:
    """Whether something changes where no rule says otherwise."""
    return changes_something(rules.rules[0].outcomes) and rules.rules[0].outcomes[0].chance < 0.5


def _bounded(template: Template, table: Table, slot: Slot, rows: np.ndarray) -> Template:
    """Bounds stay only where they were met: a number that could have passed them did not."""
    if template.form != "add":
        return template
    free = dataclasses.replace(template, low=None, high=None)
    outcomes = table.outcomes(slot)
    low = high = None
    for row in rows:
        old, new = outcomes[row]
        if new is ABSENT or not is_number(old) or not is_number(new):
            continue
        total = free.value(table.views[row], old)
        if total > new and new == template.high:  # type: ignore[operator]  # numbers
            high = template.high
        if total < new and new == template.low:  # type: ignore[operator]  # numbers
            low = template.low
    return dataclasses.replace(template, low=low, high=high)
