"""Who remembers all earns 1 in each game at each level; who guesses earns what chance gives."""

import math
from typing import Any

import numpy as np
import pytest
from plays import LEVELS, LONGEST, PERFECT, PLAYERS, RANDOM, Plays, plays

LENGTHS = {
    "Autoencode": (103, 207, 311),
    "RepeatFirst": (51, 415, 831),
    "RepeatPrevious": (51, 103, 155),
    "CountRecall": (51, 103, 207),
    "Minesweeper": (14, 30, 54),
    "Battleship": (12, 12, 12),
    "Concentration": (52, 104, 52),
}
LIMITS = {"Battleship": (64, 100, 144), "Concentration": (104, 208, 104)}
WORST = {
    "Battleship": -144 / 132,
    "Concentration": -1.0,
    "Minesweeper": -0.5 - 1 / 14 - 13 * 0.5 / 12,
}
CARDS = {"RepeatPrevious": (52, 104, 156), "CountRecall": (52, 104, 208)}
GROUP_SIZES = (4, 32, 64)  # k of RepeatPrevious

each = pytest.mark.parametrize(
    ("game", "level"), [(game, level) for game in LENGTHS for level in LEVELS]
)
each_level = pytest.mark.parametrize("level", LEVELS)


def played(game: str, level: str) -> Plays:
    longest = LONGEST.get(game) or LIMITS.get(game, LENGTHS[game])[LEVELS.index(level)]
    return plays(game, level, longest)


@each
def test_a_perfect_player_earns_one_in_the_steps_there_are(game: str, level: str) -> None:
    found = played(game, level)
    np.testing.assert_allclose(found.returns()[:PERFECT], 1.0, atol=2e-5)
    assert set(found.lengths()[:PERFECT]) == {LENGTHS[game][LEVELS.index(level)]}
    assert not found.truncated[np.arange(PERFECT), found.lengths()[:PERFECT] - 1].any()


@each
def test_nobody_earns_more_than_one_or_less_than_the_worst(game: str, level: str) -> None:
    found = played(game, level)
    guessed = found.returns()[PERFECT:]
    assert guessed.max() < 1
    assert guessed.min() >= WORST.get(game, -1.0) - 1e-5
    assert found.ended.any(axis=1).all()
    limits = LIMITS.get(game, LENGTHS[game])
    assert found.lengths().max() <= limits[LEVELS.index(level)]


@each_level
@pytest.mark.parametrize("game", ["Autoencode", "RepeatFirst", "RepeatPrevious"])
def test_a_guess_among_four_suits_is_right_one_time_in_four(game: str, level: str) -> None:
    found = played(game, level)
    answers = {"Autoencode": 52, "RepeatFirst": 51, "RepeatPrevious": 48}[game]  # at the least
    deviation = math.sqrt(1 - 0.5**2) / math.sqrt(answers * RANDOM)
    assert abs(found.returns()[PERFECT:].mean() + 0.5) < 5 * deviation


def symbols(found: Plays, kinds: int) -> Any:
    """What one-hot observations of the perfect players show, by copy and time."""
    obs = found.obs[:PERFECT]
    parts = obs.reshape(*obs.shape[:2], -1, kinds)
    assert (parts.sum(axis=-1) == 1).all()
    return parts.argmax(axis=-1)


@each_level
def test_the_first_card_is_the_one_shown_first(level: str) -> None:
    found, steps = played("RepeatFirst", level), LENGTHS["RepeatFirst"][LEVELS.index(level)]
    suits = symbols(found, 4)[..., 0]
    assert (found.action[:PERFECT, :steps] == suits[:, :1]).all()
    counts = [np.bincount(row[: steps + 1], minlength=4).tolist() for row in suits]
    assert counts == [[(steps + 1) // 4] * 4] * PERFECT, "a whole number of decks is dealt"


@each_level
def test_the_previous_card_was_shown_k_cards_ago(level: str) -> None:
    found, place = played("RepeatPrevious", level), LEVELS.index(level)
    k, cards = GROUP_SIZES[place], CARDS["RepeatPrevious"][place]
    suits = symbols(found, 4)[..., 0]
    assert (found.action[:PERFECT, k - 1 : cards - 1] == suits[:, : cards - k]).all()
    assert not found.reward[:, : k - 1].any(), "nothing is asked before k cards were seen"
    np.testing.assert_allclose(np.abs(found.reward[:, k - 1 : cards - 1]), 1 / (cards - k), 1e-6)


def test_as_published_the_previous_card_is_one_further_back() -> None:
    k, cards = 4, 52
    found = plays("RepeatPrevious", "Easy", cards, compat=True)
    suits = symbols(found, 4)[..., 0]
    assert set(found.lengths()) == {cards}
    assert (found.action[:PERFECT, k:cards] == suits[:, : cards - k]).all()
    np.testing.assert_allclose(found.returns()[:PERFECT], 1.0, atol=2e-5)
    assert not found.reward[:, :k].any()
    counts = np.bincount(suits[0, :cards], minlength=4).tolist()
    assert counts == [13] * 4, "the last step deals none"


@each_level
def test_the_suits_to_name_were_shown_while_watching(level: str) -> None:
    found, cards = played("Autoencode", level), 52 * (LEVELS.index(level) + 1)
    obs = found.obs[:PERFECT]
    is_watch, suits = obs[..., 1] == 1, obs[..., 2:].argmax(axis=-1)
    assert (obs[..., 0] + obs[..., 1] == 1).all()
    assert is_watch[:, : cards - 1].all()
    assert not is_watch[:, cards - 1 :].any()
    assert (found.action[:PERFECT, cards - 1 :] == suits[:, cards - 1 :: -1]).all()
    assert not found.reward[:, : cards - 1].any()
    assert not suits[:, cards:].any(), "nothing is shown while suits are named"


@each_level
def test_counts_are_of_the_cards_shown(level: str) -> None:
    place = LEVELS.index(level)
    found, kinds = played("CountRecall", level), (2, 4, 13)[place]
    values, queries = np.moveaxis(symbols(found, kinds), -1, 0)
    seen = np.cumsum(np.eye(kinds, dtype=np.int64)[values], axis=1)
    counts = np.take_along_axis(seen, queries[..., None], axis=2)[..., 0]
    assert (found.action[:PERFECT] == counts[:, :-1]).all()
    for dealt in (values, queries):
        cards = CARDS["CountRecall"][place]
        assert np.bincount(dealt[0]).tolist() == [cards // kinds] * kinds


def test_every_game_of_a_perfect_player_is_tested() -> None:
    assert set(PLAYERS) == set(LENGTHS)
