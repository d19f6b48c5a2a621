"""Episodes in the true world, lived by a planner or by chance."""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from envs.crafter_oo.state import WorldState
from evaluation.plans.goals import Goal
from evaluation.plans.macros import MACROS, PRIMITIVES, Macro, next_applicable, run_macro
from evaluation.plans.search import KEY_BITS
from evaluation.plans.simulation import seeded, truth
from evaluation.protocol import Place

Chooser = Callable[[WorldState, random.Random], Macro]
"""What to do next, perhaps by chance."""


class Episode(NamedTuple):
    """How it went."""

    is_success: bool
    reward: float  # of the last state, 0..1
    num_steps: int


def random_actions(state: WorldState, chance: random.Random) -> Macro:
    """Any of the 17 actions."""
    del state
    return chance.choice(PRIMITIVES)


def random_macros(state: WorldState, chance: random.Random) -> Macro:
    """Any macro that has something to do: what macros do without a model."""
    macro = next_applicable(chance.sample(MACROS, len(MACROS)), state)
    assert macro is not None, "one can always wait"
    return macro


RANDOM: Final[dict[str, Chooser]] = {
    "random actions": random_actions,
    "random macros": random_macros,
}


def live(goal: Goal, chooser: Chooser, place: Place) -> Episode:
    """Act until the goal is reached, the player is dead, or time is up.

    Args:
        goal: what for.
        chooser: asked again when its macro has ended.
        place: seeds the world, and in a stream of its own the chooser.
    """
    state, num_steps = seeded(goal.initial(), place), 0
    chance = random.Random(place.key("chooser"))
    while num_steps < goal.max_steps and not goal.is_over(state):
        state, steps = run_macro(
            chooser(state, chance),
            state,
            truth,
            lambda: chance.getrandbits(KEY_BITS),
            max_steps=goal.max_steps - num_steps,
            is_over=goal.is_over,
        )
        num_steps += steps
    return Episode(goal.is_reached(state) and state.player.health > 0, goal.value(state), num_steps)
