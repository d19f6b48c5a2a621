"""A tree search over macros that only asks a world model for samples.

States stay in the tree, so that the next simulation branches off without simulating the way there
again. A macro's value is the mean over its sampled outcomes of the best that was found to follow;
which macro is tried is decided by upper confidence bounds, and how many by the visits (progressive
widening). Sources: Kocsis and Szepesvari, "Bandit based Monte-Carlo planning", ECML 2006; Couetoux
et al., "Continuous upper confidence trees", LION 2011.
"""

import dataclasses
import math
import random
from collections.abc import Hashable
from typing import Final, NamedTuple

from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import VITALS
from evaluation.plans.goals import Goal
from evaluation.plans.macros import MACROS, WAIT, Macro, next_applicable, run_macro
from evaluation.plans.simulation import Dynamics

WIDENING: Final = 2.0  # macros tried per root of the visits to a node
TIME_COST: Final = 0.001  # per step, so that of two ways the shorter wins
KEY_BITS: Final = 63


class Settings(NamedTuple):
    """How a planner searches."""

    budget: int  # imagined steps per decision, overshot by at most one simulation
    horizon: int = 20  # steps
    replan: int = 4  # true steps between two decisions, at most
    exploration: float = 0.1  # weight of the confidence bound
    visits_per_outcome: int = 4  # a macro is sampled anew after so many visits


@dataclasses.dataclass(slots=True)
class _Node:
    """A state met in imagination."""

    state: WorldState
    time: int  # imagined steps from the root
    value: float  # of the state itself, then of the best that was found to follow
    is_end: bool
    untried: list[Macro]  # the next one last
    dull: list[Macro] = dataclasses.field(default_factory=list)  # tried, and led nowhere
    edges: list["_Edge"] = dataclasses.field(default_factory=list)
    visits: int = 0


@dataclasses.dataclass(slots=True)
class _Edge:
    """A macro tried in a node."""

    macro: Macro
    outcomes: list[_Node] = dataclasses.field(default_factory=list)
    visits: int = 0

    @property
    def value(self) -> float:
        return sum(outcome.value for outcome in self.outcomes) / len(self.outcomes)


class Decision(NamedTuple):
    """What a search came to."""

    macro: Macro
    num_steps: int  # imagined


def decide(
    state: WorldState, goal: Goal, dynamics: Dynamics, settings: Settings, chance: random.Random
) -> Decision:
    """The macro with the best prospects.

    Args:
        state: in which the goal is not yet reached.
        goal: says what states are worth.
        dynamics: the model to imagine in.
        settings: of the search.
        chance: decides what is tried, and the keys of the samples.
    """
    search = _Search(goal, dynamics, settings, chance)
    root = search.node(state, 0, [])
    while search.num_steps < settings.budget:
        search.simulate(root)
    best = max(root.edges, key=lambda edge: (edge.value, edge.visits), default=None)
    return Decision(WAIT if best is None else best.macro, search.num_steps)


class _Search:
    """One search: what it draws from, how much it has imagined, what it has seen."""

    def __init__(
        self, goal: Goal, dynamics: Dynamics, settings: Settings, chance: random.Random
    ) -> None:
        self.goal = goal
        self.dynamics = dynamics
        self.settings = settings
        self.chance = chance
        self.num_steps = 0
        self._seen: dict[Hashable, int] = {}  # looks of a state: imagined steps to the first such

    def node(self, state: WorldState, time: int, dull: list[Macro]) -> _Node:
        """A new node; macros that led nowhere in its parent come last."""
        is_end = time >= self.settings.horizon or self.goal.is_over(state)
        others = [macro for macro in MACROS if macro not in dull]
        self.chance.shuffle(others)
        looks = _looks(state)
        self._seen[looks] = min(time, self._seen.get(looks, time))
        value = self.goal.value(state) - TIME_COST * time
        return _Node(state, time, value, is_end, [*dull, *others])

    def simulate(self, root: _Node) -> None:
        """Go down the tree to something new, and tell everybody on the way what was found.

        Where values last, a new state is judged as it is; else the way goes on to the horizon,
        because only states of equal time can be compared.
        """
        path = [root]
        is_new = False
        while not path[-1].is_end and not (is_new and self.goal.is_lasting):
            node = path[-1]
            node.visits += 1
            edge = self._widen(node) or self._most_promising(node)
            if edge is None:
                break
            is_new = edge.visits == 0
            edge.visits += 1
            if edge.visits > len(edge.outcomes) * self.settings.visits_per_outcome:
                edge.outcomes.append(self._imagine(node, edge.macro))
                is_new = True
            path.append(edge.outcomes[-1] if is_new else self.chance.choice(edge.outcomes))
        self.num_steps += 1  # a path without a new sample must not be free, or it never ends
        for node in reversed(path):
            if node.edges:
                best = max(edge.value for edge in node.edges)
                node.value = max(node.value, best) if self.goal.is_lasting else best

    def _widen(self, node: _Node) -> _Edge | None:
        """Another macro that leads somewhere, while they are few for the visits."""
        if len(node.edges) >= WIDENING * math.sqrt(node.visits):
            return None
        while (macro := next_applicable(node.untried, node.state)) is not None:
            outcome = self._imagine(node, macro)
            if self._leads_on(node, outcome, macro):
                node.edges.append(_Edge(macro, [outcome]))
                return node.edges[-1]
            node.dull.append(macro)
        return None

    def _leads_on(self, node: _Node, outcome: _Node, macro: Macro) -> bool:
        """Whether an outcome is news: a new look where values last, else any change."""
        if self.goal.is_lasting:
            return self._seen[_looks(outcome.state)] == outcome.time and outcome.time > node.time
        return macro.may_idle or _looks(outcome.state) != _looks(node.state)

    def _most_promising(self, node: _Node) -> _Edge | None:
        log_visits = math.log(node.visits)
        return max(
            node.edges,
            key=lambda edge: (
                edge.value + self.settings.exploration * math.sqrt(log_visits / edge.visits)
            ),
            default=None,
        )

    def _imagine(self, node: _Node, macro: Macro) -> _Node:
        state, num_steps = run_macro(
            macro,
            node.state,
            self.dynamics,
            lambda: self.chance.getrandbits(KEY_BITS),
            max_steps=self.settings.horizon - node.time,
            is_over=self.goal.is_over,
        )
        self.num_steps += num_steps
        return self.node(state, node.time + num_steps, node.dull)


def _looks(state: WorldState) -> Hashable:
    """What an action can be for: what is held, what stands where, where the player is."""
    player = state.player
    items = tuple(player.inventory.values()[len(VITALS) :])
    return player.position, player.facing, items, bytes(state.materials.cells)
