"""A plan acted out, in the true world or inside a model of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import transition
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import Action
from evaluation.protocol import ModelError, Place
from worldmodels.interface import WorldModel

Plan = Callable[[WorldState], Action | None]
"""Chooses an action by the state it is shown alone; None when it has nothing left to do."""

Dynamics = Callable[[int, WorldState, Action], WorldState]
"""Key, state and action to the next state."""


class Trajectory(NamedTuple):
    """What a plan met with."""

    states: list[WorldState]  # one more than actions
    actions: list[Action]


def truth(key: int, state: WorldState, action: Action) -> WorldState:
    """The true world: its random numbers lie in the state."""
    del key  # the state holds the random numbers
    return transition(state, action)[0]


def imagined(name: str, model: WorldModel[WorldState, Any]) -> Dynamics:
    """The world as a model samples it; what the model raises becomes a `ModelError`.

    Args:
        name: of the model, for messages.
        model: any.
    """

    def sample(key: int, state: WorldState, action: Action) -> WorldState:
        try:
            next_state = model.sample(key, state, action)
        except Exception as error:  # the model may be anybody's: whatever it raises is reported
            raise ModelError(
                f"model {name!r}: sample of {action.slug} raised {type(error).__name__}: {error}"
            ) from error
        if not isinstance(next_state, WorldState):
            raise ModelError(
                f"model {name!r}: sample of {action.slug} returned a "
                f"{type(next_state).__name__}, not a WorldState"
            )
        return next_state

    return sample


def seeded(state: WorldState, place: Place) -> WorldState:
    """The same state in a life of its own: its random numbers are functions of the place."""
    fresh = state.copy()
    fresh.draws = KeyedDraws(place.key("world"))
    return fresh


def roll_out(
    plan: Plan, start: WorldState, dynamics: Dynamics, place: Place, max_steps: int
) -> Trajectory:
    """Let a plan act until it has nothing left to do, the player is dead, or time is up."""
    states, actions = [start], list[Action]()
    while len(actions) < max_steps and states[-1].player.health > 0:
        action = plan(states[-1])
        if action is None:
            break
        key = place._replace(step=len(actions)).key("sample")
        states.append(dynamics(key, states[-1], action))
        actions.append(action)
    return Trajectory(states, actions)
