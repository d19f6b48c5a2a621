"""How the player acts in a scenario: functions of the state and the number of the step."""

import random
from collections.abc import Callable
from typing import Final

from envs.crafter_oo.state import DIRECTIONS, ObjectState, Position, WorldState
from envs.crafter_oo.tables import Action

Policy = Callable[[WorldState, int], Action]
"""Chooses an action; the number is that of the step, counted from 0."""

MOVES: Final = (Action.MOVE_LEFT, Action.MOVE_RIGHT, Action.MOVE_UP, Action.MOVE_DOWN)
"""In the order of `DIRECTIONS`."""


def always(action: Action) -> Policy:
    """The same action in every step."""
    return lambda state, step: action


def chase_and_hit(kind: type[ObjectState]) -> Policy:
    """Go to the first creature of a kind and strike it; wait when there is none."""

    def policy(state: WorldState, step: int) -> Action:
        del step
        target = next(state.of_type(kind), None)
        if target is None:
            return Action.NOOP
        player = state.player
        direction = player.toward(target.position)
        if target.distance(player.position) == 1 and player.facing == direction:
            return Action.DO
        return _move(direction)

    return policy


def random_moves(num_steps: int, seed: int = 1) -> Policy:
    """Moves drawn once, uniformly, with Python's own generator."""
    generator = random.Random(seed)
    moves = [generator.choice(MOVES) for _ in range(num_steps)]
    return lambda state, step: moves[step]


def _move(direction: Position) -> Action:
    return MOVES[DIRECTIONS.index(direction)]
