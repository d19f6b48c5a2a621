"""Laws from one life by induction: no language model, and nothing known about the world.

For every slot (something that can change) the templates that explain what was seen are proposed,
and the shortest list of rules is searched for that says when each of them applies. Rules of
several slots that fired on the same occasions are one event with one cause: their condition is
searched for again, with the evidence of all. The rules then become laws.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from typing_extensions import override

from worldmodels.onelife.laws import Law, Transition
from worldmodels.onelife.scenes import Cell
from worldmodels.onelife.synthesis.analogies import alike, extend
from worldmodels.onelife.synthesis.appearances import (
    appearance_slots,
    periods_of,
    rhythm_of,
    spawning_steps,
)
from worldmodels.onelife.synthesis.assembly import laws_of
from worldmodels.onelife.synthesis.conditions import Test
from worldmodels.onelife.synthesis.events import (
    blame_actions,
    causes,
    pardon_actions,
    unite,
    with_causes,
)
from worldmodels.onelife.synthesis.experience import Experience, Table, direction_attributes
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.proposals import explains, proposals
from worldmodels.onelife.synthesis.rules import (
    RuleList,
    joined,
    problem_of,
    rank_in,
    rule_list,
    unchanging,
)
from worldmodels.onelife.synthesis.search import DEFAULT_LIMITS, Limits, find_rules
from worldmodels.onelife.synthesis.slots import REGION, Slot
from worldmodels.onelife.synthesis.synthesizer import LawSynthesizer
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge
from worldmodels.onelife.synthesis.tools import Tools
from worldmodels.onelife.synthesis.vocabulary import Tests, prejudice, terms_of, tests_of
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

_TURNS: Final = 0.7  # share of the occasions on which an action that turns must have turned


class InductiveSynthesizer(LawSynthesizer[StateT, Any], Generic[StateT]):
    """A `LawSynthesizer` that needs nothing but the transitions."""

    def __init__(self, world: World[StateT], limits: Limits = DEFAULT_LIMITS) -> None:
        self.world = world
        self.limits = limits

    @override
    def propose(self, transitions: Sequence[Transition[StateT, Any]]) -> list[Law[StateT, Any]]:
        book = induce(self.world, transitions, self.limits)
        return list(book.scene_laws())


def induce(
    world: World[StateT],
    transitions: Sequence[Transition[StateT, Any]],
    limits: Limits = DEFAULT_LIMITS,
    on_slot: Callable[[int, int], None] | None = None,
) -> Book[StateT]:
    """Laws of a world from transitions of it.

    Args:
        world: How its states are seen.
        transitions: One life, in order.
        limits: Of the search for rules.
        on_slot: Called after each slot with its number, from 1, and how many there are.

    Raises:
        ValueError: there are no transitions.
    """
    if not transitions:
        raise ValueError("laws are learned from at least one transition, got none")
    induction = _Induction(world, limits)
    for step in transitions:
        action = world.action_name(step.action)
        induction.experience.add(step.state, action, step.next_state)
    return induction.learn(on_slot)


class _Induction(Generic[StateT]):
    """The work on one life."""

    def __init__(self, world: World[StateT], limits: Limits) -> None:
        self.world = world
        self.limits = limits
        self.known = Knowledge()
        self.experience = Experience(world, self.known)
        self.lists: dict[Slot, RuleList] = {}
        self.periods: list[int] = []
        self.rhythm: Test | None = None
        self._tests: dict[str, Tests] = {}

    def learn(self, on_slot: Callable[[int, int], None] | None) -> Book[StateT]:
        """Everything, in the order in which one thing is needed for the next."""
        self._learn_basics()
        self.periods = periods_of(self.experience)
        self.rhythm = rhythm_of(self.experience, self.periods)
        ticks = spawning_steps(self.experience, self.rhythm)
        self.experience.tables[REGION] = self.experience.regions(ticks)
        slots = [slot for slot in self._slots() if slot not in self.lists]
        own = [slot for slot in (*self.lists, *slots) if slot.scope == AGENT]
        total = len(slots) + len(own)
        for number, slot in enumerate((*slots, *own), start=1):
            if number == len(slots) + 1:
                self._find_events()
            if number <= len(slots) or len(self.lists[slot].templates) > 1:
                self._learn(slot)
            if on_slot is not None:
                on_slot(number, total)
        self._unite()
        pardon_actions(self._own_lists().values(), self._life())
        lists = self._own_lists().values()
        first = self.experience.steps[0].scene.agent.attributes
        extend(lists, self._life(), alike(first, self.experience.restless, lists))
        restless = self.experience.restless
        laws = laws_of(
            self.lists.values(),
            self._life(),
            self._tests_of(AGENT),
            restless,
            Tools(self.experience),
        )
        return Book(self.world, laws, self.known)

    def _life(self) -> Table:
        return self.experience.tables[AGENT]

    def _own_lists(self) -> dict[Slot, RuleList]:
        return {
            slot: rules
            for slot, rules in self.lists.items()
            if slot.scope == AGENT and len(rules.templates) > 1
        }

    def _unite(self) -> None:
        unite(self._own_lists().values(), self._life(), self._tests_of(AGENT), self.limits)

    def _find_events(self) -> None:
        """From now on, that something has a cause makes it a likely cause of other things."""
        self._unite()
        lists, tests = self._own_lists(), self._tests_of(AGENT)
        kind = self.known.agent_kind
        events = causes(
            lists,
            self._life(),
            tests.before(0),
            self.limits,
            direction_attributes(self.experience.attributes[kind]),
            self.known.grounds[kind],
            self.experience.restless,
        )
        self._tests[AGENT] = with_causes(tests, lists.values(), events, self._life())

    def _learn_basics(self) -> None:
        """The clock, where actions turn the agent, where it then stands: terms need these."""
        for name in self.experience.steps[0].scene.globals:
            slot = Slot(AGENT, "global", (name,))
            self._learn(slot)
            if self.known.clock is None and _is_clock(self.lists[slot]):
                self.known.clock = name
        self.known.directions = self._directions()
        self._forget()
        self._learn(Slot(AGENT, "position"))
        Book(self.world, laws_of(self.lists.values()), self.known)  # tells where the agent goes
        self._forget()

    def _directions(self) -> dict[str, Cell]:
        """Where each action turns the agent: nearly always, and at least once from elsewhere."""
        found: dict[str, Cell] = {}
        for name in direction_attributes(self.experience.attributes[self.known.agent_kind]):
            ends: dict[str, Counter[Any]] = {}
            turned: set[tuple[str, Any]] = set()
            outcomes = self._life().outcomes(Slot(AGENT, "attribute", (name,)))
            for view, (old, new) in zip(self._life().views, outcomes, strict=True):
                ends.setdefault(view.action, Counter())[new] += 1
                if new != old:
                    turned.add((view.action, new))
            for action, counts in ends.items():
                end, number = counts.most_common(1)[0]
                if (action, end) in turned and number >= _TURNS * counts.total():
                    found.setdefault(action, end)
        return found

    def _slots(self) -> list[Slot]:
        """Everything that can change, in the order in which it was first seen."""
        slots = []
        for kind, attributes in self.experience.attributes.items():
            scope = AGENT if kind == self.known.agent_kind else kind
            slots.append(Slot(scope, "position"))
            slots += [Slot(scope, "presence")] * (scope != AGENT)
            slots += [Slot(scope, "attribute", (name,)) for name in attributes]
            slots += [Slot(scope, "material", (name,)) for name in direction_attributes(attributes)]
        return slots + appearance_slots(self.experience)

    def _learn(self, slot: Slot) -> None:
        """The rules of one slot."""
        table = self.experience.tables[slot.scope]
        kind = self.known.agent_kind if slot.scope in (AGENT, REGION) else slot.scope
        templates = proposals(table, slot, list(self.experience.attributes[kind]))
        if len(templates) == 1:
            self.lists[slot] = unchanging(table, slot)
            return
        explained = explains(table, slot, templates)
        tests = self._tests_of(slot.scope)
        tests = tests.before(rank_in(table, slot))
        problem = problem_of(table, slot, explained, tests)
        known = range(tests.num_plain, len(tests.tests))
        found = find_rules(problem, self.limits, first=known)
        conditions = [joined(tests, rule.tests) for rule in found]
        if slot.scope == REGION and self.rhythm is not None:
            conditions = [(self.rhythm, *condition) for condition in conditions]
        masks = [problem.mask(rule.tests) for rule in found]
        rules = rule_list(table, slot, templates, explained, conditions, masks)
        blame_actions(rules, table, self.experience.restless)
        self.lists[slot] = rules

    def _tests_of(self, scope: str) -> Tests:
        if scope not in self._tests:
            terms = terms_of(self.experience, scope, self.periods)
            unlikely = prejudice(self.experience, scope)
            self._tests[scope] = tests_of(self.experience.tables[scope], terms, unlikely)
        return self._tests[scope]

    def _forget(self) -> None:
        self.experience.forget()
        self._tests.clear()


def _is_clock(rules: RuleList) -> bool:
    only = [outcome.template for outcome in rules.rules[0].outcomes]
    return len(rules.rules) == 1 and len(only) == 1 and only[0].form == "add"
