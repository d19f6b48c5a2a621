"""A search for a sequence of macros, where what has been reached stays reached.

Best-first width search: of the states met in imagination, those that show something new are
followed up first, and among them the most valuable. New is above all a set of items in hand, then
a place to be with them, a number of items, or a cell of the map that no state of equal reward has
shown. Source: Lipovetzky and Geffner, "Best-first width search", AAAI 2017.
"""

import heapq
import itertools
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, NamedTuple

from envs.crafter_oo.state import Position, WorldState
from envs.crafter_oo.tables import VITALS
from evaluation.plans.goals import Goal
from evaluation.plans.macros import MACROS, Macro, run_macro
from evaluation.plans.simulation import Dynamics

TIME_COST: Final = 0.001  # per step, so that of two ways the shorter wins
VISIT_COST: Final = 0.05  # per visit of a situation, so that one does not stay on a plateau
KEY_BITS: Final = 63

Situation = tuple[Position, tuple[bool, ...]]
"""Where the player is, and which kinds of items it holds."""


class Settings(NamedTuple):
    """How much a planner imagines."""

    budget: int  # steps per decision; a search ends sooner once it has reached its goal
    horizon: int = 80  # steps ahead, at most


class Found(NamedTuple):
    """The most promising way that a search has found."""

    macros: Sequence[Macro]
    reward: float  # of the state where they led


class _Node(NamedTuple):
    """A state met in imagination, and the way there."""

    state: WorldState
    time: int  # imagined steps from the root
    macros: tuple[Macro, ...]


def find_way(
    state: WorldState,
    goal: Goal,
    dynamics: Dynamics,
    settings: Settings,
    chance: random.Random,
    visits: Mapping[Situation, int],
) -> Found | None:
    """The way to the goal, or else to the most valuable of the least visited situations.

    Args:
        state: in which the goal is not yet reached.
        goal: says what states are worth.
        dynamics: the model to imagine in; one sample is taken of what comes of a macro.
        settings: of the search.
        chance: decides in which order macros are tried, and the keys of the samples.
        visits: how often the player has been in a `situation`.

    Returns:
        None if nothing the model was asked about leads anywhere.
    """
    order = itertools.count()
    novelty = _Novelty(goal)
    novelty.is_repeated(state)
    frontier = [(0, 0.0, next(order), _Node(state, 0, ()))]
    best, best_score, num_steps = None, -float("inf"), 0
    while frontier:
        node = heapq.heappop(frontier)[-1]
        for macro in chance.sample(MACROS, len(MACROS)):
            if num_steps >= settings.budget:
                return best
            after, steps = run_macro(
                macro,
                node.state,
                dynamics,
                lambda: chance.getrandbits(KEY_BITS),
                max_steps=settings.horizon - node.time,
                is_over=goal.is_over,
            )
            num_steps += steps
            if steps == 0 or after.player.health <= 0 or novelty.is_repeated(after):
                continue
            child = _Node(after, node.time + steps, (*node.macros, macro))
            value = goal.value(after) - TIME_COST * child.time
            score = value - VISIT_COST * visits.get(situation(after), 0)
            if score > best_score:
                best, best_score = Found(child.macros, goal.value(after)), score
            if goal.is_reached(after):
                return Found(child.macros, goal.value(after))
            heapq.heappush(frontier, (novelty.rank(after), -value, next(order), child))
    return best


class _Novelty:
    """What the states of one search have shown, for each reward apart."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._states: set[Hashable] = set()
        self._atoms: set[Hashable] = set()

    def is_repeated(self, state: WorldState) -> bool:
        """Whether the same things lay in the same places before; creatures do not count."""
        player = state.player
        looks = (player.position, player.facing, _items(state), bytes(state.materials.cells))
        is_known = looks in self._states
        self._states.add(looks)
        return is_known

    def rank(self, state: WorldState) -> int:
        """0 for items that were never in hand together at this reward, 1 for other news, else 2."""
        reward, (position, held) = self._goal.value(state), situation(state)
        atoms: set[Hashable] = {(reward, position, held)}
        atoms |= {(reward, "item", *item) for item in enumerate(_items(state))}
        atoms |= {(reward, "cell", *cell) for cell in enumerate(state.materials.cells)}
        is_hand_new = (reward, held) not in self._atoms
        is_new = not atoms <= self._atoms
        self._atoms |= {*atoms, (reward, held)}
        return 0 if is_hand_new else 1 if is_new else 2


def _items(state: WorldState) -> tuple[int, ...]:
    return tuple(state.player.inventory.values()[len(VITALS) :])


def situation(state: WorldState) -> Situation:
    """What counts as the same place to have been."""
    return state.player.position, tuple(count > 0 for count in _items(state))
