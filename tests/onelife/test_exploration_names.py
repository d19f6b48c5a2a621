"""What the explorer reads from the names of actions."""

import numpy as np
import pytest

from worldmodels.onelife.exploration.names import Names
from worldmodels.onelife.scenes import Scene, Thing

ACTIONS = ("wait", "carve_clay_bowl", "raise_wall", "place_clay", "blend")


def names(prefix: str = "bag.", actions: tuple[str, ...] = ACTIONS) -> Names:
    counts = {f"{prefix}{item}": 0 for item in ("clay", "clay_bowl", "reed")}
    agent = Thing(0, "agent", (0, 0), {"life": 9, "glad": False, **counts})
    cells = np.zeros((2, 2), dtype=np.uint8)
    return Names(actions, Scene(agent, (), {}, cells, ("lawn", "wall"), (2, 2)))


@pytest.mark.parametrize("action", ["carve_clay_bowl", "raise_wall", "place_clay"])
def test_what_mentions_a_thing_is_not_expected_to_work_with_empty_hands(action: str) -> None:
    assert names().lacks(action, {})


@pytest.mark.parametrize("action", ["wait", "blend"])
def test_what_mentions_nothing_lacks_nothing_and_fits_nothing(action: str) -> None:
    assert not names().lacks(action, {})
    assert not names().fits(action, {"bag.clay": 3})


def test_the_shorter_name_within_a_longer_one_is_an_ingredient() -> None:
    with_reed, with_clay = {"bag.reed": 1}, {"bag.clay": 1}
    assert names().lacks("carve_clay_bowl", with_reed)
    assert names().fits("carve_clay_bowl", with_clay)
    assert names().is_ingredient("bag.clay", "carve_clay_bowl", {})
    assert not names().is_ingredient("bag.clay_bowl", "carve_clay_bowl", {})


def test_the_only_item_that_is_mentioned_may_be_made_or_used() -> None:
    assert not names().lacks("place_clay", {"bag.reed": 1})
    assert names().fits("place_clay", {"bag.clay": 1})
    assert not names().is_ingredient("bag.clay", "place_clay", {})


def test_names_without_common_words_say_nothing() -> None:
    codes = names(prefix="x_", actions=("q1", "q2"))
    assert not any(codes.lacks(action, {}) for action in ("q1", "q2"))
    assert not any(codes.fits(action, {"x_clay": 4}) for action in ("q1", "q2"))


def test_actions_of_one_first_word_are_kin() -> None:
    kin = names(actions=("carve_clay_bowl", "carve_reed", "place_clay", "carve", "wait")).kin
    assert kin["carve_clay_bowl"] == {"carve_reed"}
    assert kin["carve_reed"] == {"carve_clay_bowl"}
    assert not kin["place_clay"] | kin["carve"] | kin["wait"]
