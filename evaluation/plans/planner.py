"""A planner with a memory: what it has set out to do, and where it has been."""

import random
from collections import Counter
from collections.abc import Sequence

from envs.crafter_oo.state import WorldState
from evaluation.plans.goals import Goal
from evaluation.plans.macros import WAIT, Macro, run_macro
from evaluation.plans.rollout import Opinion, best_habit
from evaluation.plans.search import KEY_BITS, Settings, Situation, find_way, situation
from evaluation.plans.simulation import Dynamics


class Planner:
    """Decides what to do next in one episode, by asking a model for samples.

    Where values last it keeps to the way it has found while the model says that it still leads as
    far. When a search finds nothing better than where the player is, the way leads to a situation
    that was visited less often (as in learning real-time A*: Korf, "Real-time heuristic search",
    Artificial Intelligence 42, 1990).

    Args:
        goal: says what states are worth.
        dynamics: the model to imagine in.
        settings: how much to imagine.
    """

    def __init__(self, goal: Goal, dynamics: Dynamics, settings: Settings) -> None:
        self._goal = goal
        self._dynamics = dynamics
        self._means = goal, dynamics, settings
        self._ahead: Sequence[Macro] = ()  # what is left of the way
        self._reward = 0.0  # where it leads
        self._visits: Counter[Situation] = Counter()
        self._opinions: dict[str, Opinion] = {}

    def __call__(self, state: WorldState, chance: random.Random) -> Macro:
        """The macro to follow now."""
        if not self._goal.is_lasting:
            return best_habit(state, *self._means, chance, self._opinions)
        self._visits[situation(state)] += 1
        if not self._leads_on(state, chance):
            found = find_way(state, *self._means, chance, self._visits)
            if found is None:
                return WAIT
            self._ahead, self._reward = found
        macro, *self._ahead = self._ahead
        return macro

    def _leads_on(self, state: WorldState, chance: random.Random) -> bool:
        """Whether the rest of the way is as good as was thought, alive to the end."""
        for macro in self._ahead:
            state, num_steps = run_macro(
                macro,
                state,
                self._dynamics,
                lambda: chance.getrandbits(KEY_BITS),
                max_steps=macro.max_steps,
                is_over=self._goal.is_over,
            )
            if num_steps == 0:
                return False
        return len(self._ahead) > 0 and self._goal.value(state) >= self._reward
