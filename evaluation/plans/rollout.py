"""A choice between habits, where what has been reached may be lost again.

A habit is a macro that is kept up, with waiting while it has nothing to do. Habits are imagined up
to the horizon, half of them are given up in every round (sequential halving), and the last one is
followed until the next decision. Sources: Bertsekas, Tsitsiklis and Wu, "Rollout algorithms for
combinatorial optimization", J. Heuristics 3, 1997; Karnin, Koren and Somekh, "Almost optimal
exploration in multi-armed bandits", ICML 2013.
"""

import dataclasses
import math
import random
from collections.abc import Sequence
from typing import Final

from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import Action
from evaluation.plans.goals import Goal
from evaluation.plans.macros import MACROS, REST_STEPS, WAIT, Macro
from evaluation.plans.search import KEY_BITS, Settings
from evaluation.plans.simulation import Dynamics

HABITS: Final = tuple(macro for macro in MACROS if macro.max_steps > 1)
FADING: Final = 0.7  # weight of what was thought of a habit before, per decision


@dataclasses.dataclass(slots=True)
class Opinion:
    """What is thought of a habit: the mean value of the states it ended in."""

    total: float = 0.0
    weight: float = 0.0

    @property
    def mean(self) -> float:
        """Of all that was imagined, the latest with the most weight."""
        return self.total / self.weight


def best_habit(
    state: WorldState,
    goal: Goal,
    dynamics: Dynamics,
    settings: Settings,
    chance: random.Random,
    opinions: dict[str, Opinion],
) -> Macro:
    """What to do for the next few steps.

    Args:
        state: in which the goal is not yet reached.
        goal: says what states are worth.
        dynamics: the model to imagine in.
        settings: of the planner.
        chance: decides the keys of the samples, which all habits share.
        opinions: by name of the habits that ever had anything to do; brought up to date.
    """
    for opinion in opinions.values():
        opinion.total *= FADING
        opinion.weight *= FADING
    habits = [m for m in HABITS if m.name in opinions or m.plan(state) is not None]
    chance.shuffle(habits)
    num_rounds = max(1, math.ceil(math.log2(len(habits))))
    steps = settings.budget // num_rounds
    horizon = min(settings.horizon, max(1, steps // len(habits)))  # each can be imagined once
    for _ in range(num_rounds):
        for _ in range(max(1, steps // (len(habits) * horizon))):
            keys = [chance.getrandbits(KEY_BITS) for _ in range(horizon)]
            for habit in habits:
                opinion = opinions.setdefault(habit.name, Opinion())
                opinion.total += goal.value(_keep_up(habit, state, goal, dynamics, keys))
                opinion.weight += 1
        habits.sort(key=lambda habit: -opinions[habit.name].mean)
        habits = habits[: math.ceil(len(habits) / 2)]
    (best,) = habits
    return WAIT if best.plan(state) is None else best._replace(max_steps=REST_STEPS)


def _keep_up(
    habit: Macro, state: WorldState, goal: Goal, dynamics: Dynamics, keys: Sequence[int]
) -> WorldState:
    for key in keys:
        if goal.is_over(state):
            break
        action = habit.plan(state)
        state = dynamics(key, state, Action.NOOP if action is None else action)
    return state
