"""Terms read off a scene what they say."""

import numpy as np
import pytest

from worldmodels.onelife.scenes import Cell, Scene, Thing
from worldmodels.onelife.synthesis.terms import SIGHT, Knowledge, Term, View, value_of

READY: Term = ("ready", "snake", "venom")


def view_of(snakes: dict[Cell, int], next_cell: Cell = (2, 2)) -> View:
    """Of an agent at (2, 2), and snakes by their venom that is not there yet."""
    agent = Thing(0, "agent", (2, 2), {"life": 9})
    things = [Thing(i, "snake", at, {"venom": v}) for i, (at, v) in enumerate(snakes.items(), 1)]
    scene = Scene(agent, tuple(things), {}, np.zeros((9, 9), np.uint8), ("lawn",), (9, 9))
    return View(scene, "wait", agent, Knowledge("agent", next_cell=lambda *_: next_cell))


@pytest.mark.parametrize(
    ("snakes", "distance"),
    [
        ({(2, 3): 4, (5, 4): 0, (8, 8): 0}, 5),  # the nearest one is not ready
        ({(2, 3): 4}, SIGHT),
        ({}, SIGHT),
    ],
)
def test_what_is_ready_is_the_nearest_whose_counter_is_zero(
    snakes: dict[Cell, int], distance: int
) -> None:
    assert value_of(READY, view_of(snakes)) == distance


def test_it_is_seen_from_where_the_agent_will_stand() -> None:
    assert value_of(READY, view_of({(5, 4): 0}, next_cell=(3, 2))) == 4
