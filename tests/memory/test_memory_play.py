"""What a person sees of the games, and what is refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import envs  # noqa: F401  # registers the ids
from envs.catalog import CATALOG, find_world, load_core, make_params
from envs.memory.game import Game
from envs.play import Pointable

KEY = jax.random.key(0)
GAMES = {world.core: name for name, world in CATALOG.items() if ".memory." in world.core}.values()
"""One id of each game, the last of its levels."""


def start(name: str) -> tuple[Any, Any, Any]:
    core, params = load_core(find_world(name)), make_params(find_world(name), {})
    return core, params, jax.jit(core.initial)(KEY, params)


def test_there_are_three_levels_of_fourteen_games_and_the_chain() -> None:
    names = [name for name, world in CATALOG.items() if ".memory." in world.core]
    assert len(names) == 1 + 3 * 14
    assert sorted(name for name in names if name.endswith("Easy-v0"))[:2] == [
        "PopAutoencodeEasy-v0",
        "PopBattleshipEasy-v0",
    ]


SIZES = {
    "Autoencode": ((6, 4), (6, 4), (6, 4)),
    "Battleship": ((2, 64), (2, 100), (2, 144)),
    "StatelessCartPole": ((2, 2), (2, 2), (2, 2)),
    "NoisyStatelessCartPole": ((2, 2), (2, 2), (2, 2)),
    "VelocityOnlyCartPole": ((2, 2), (2, 2), (2, 2)),
    "Concentration": ((156, 52), (312, 104), (728, 52)),
    "CountRecall": ((4, 27), (8, 27), (26, 17)),
    "HigherLower": ((13, 2), (13, 2), (13, 2)),
    "Minesweeper": ((3, 16), (7, 36), (10, 64)),
    "MultiArmedBandit": ((2, 10), (2, 20), (2, 30)),
    "RepeatFirst": ((4, 4), (4, 4), (4, 4)),
    "RepeatPrevious": ((4, 4), (4, 4), (4, 4)),
}
"""Numbers that are seen, and actions, by level."""
NUMBERS = {
    "StatelessCartPole": ("max_steps", (200, 400, 600)),
    "NoisyStatelessCartPole": ("noise", (0.1, 0.2, 0.3)),
    "VelocityOnlyCartPole": ("max_steps", (200, 400, 600)),
    "HigherLower": ("num_cards", (52, 104, 156)),
    "MultiArmedBandit": ("max_steps", (200, 400, 600)),
    "StatelessPendulum": ("max_steps", (200, 150, 100)),
    "NoisyStatelessPendulum": ("noise", (0.1, 0.2, 0.3)),
}
"""What the levels differ in where episodes of perfect players do not tell."""


def params_of(game: str) -> list[tuple[Any, Any]]:
    rows = [find_world(f"Pop{game}{level}-v0") for level in ("Easy", "Medium", "Hard")]
    return [(load_core(row), make_params(row, {})) for row in rows]


@pytest.mark.parametrize("game", SIZES)
def test_spaces_are_those_of_the_level(game: str) -> None:
    found = [
        (*core.observation_space(params).shape, int(core.action_space(params).n))
        for core, params in params_of(game)
    ]
    assert tuple(found) == SIZES[game]


@pytest.mark.parametrize("game", NUMBERS)
def test_levels_differ_as_published(game: str) -> None:
    name, values = NUMBERS[game]
    assert tuple(getattr(params, name) for _, params in params_of(game)) == values
    if name == "noise":
        assert [params.max_steps for _, params in params_of(game)] == [200] * 3


@pytest.mark.parametrize("name", GAMES)
def test_a_saved_state_is_read_back(name: str) -> None:
    core, _, state = start(name)
    again = core.loads(core.dumps(state))
    jax.tree.map(np.testing.assert_array_equal, again, state)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    with pytest.raises(ValueError, match="a state is a JSON object of the fields"):
        core.loads("{}")


@pytest.mark.parametrize("name", GAMES)
def test_a_step_changes_the_picture_and_the_panel_keeps_the_secret(name: str) -> None:
    core, params, state = start(name)
    space = core.action_space(params)
    space.seed(0)
    later, _ = jax.jit(core.step)(KEY, state, space.sample(), params)
    frames = [core.render(each, params, (120, 90)) for each in (state, later)]
    assert frames[0].shape == frames[1].shape == (90, 120, 3)
    assert (frames[0] != frames[1]).any()
    assert core.text(state, params) != core.text(later, params)
    panel = core.panel(later, params)["game"]
    assert panel
    assert "answer" not in panel
    assert all(isinstance(value, bool | int | float) for value in panel.values())


@pytest.mark.parametrize("name", [name for name in GAMES if not load_core(find_world(name)).keys()])
def test_a_click_means_the_square_under_it(name: str) -> None:
    core, params, state = start(name)
    assert isinstance(core, Pointable)
    size = (300, 200)
    spots = [((x + 0.5) / 45, (y + 0.5) / 30) for y in range(30) for x in range(45)]
    clicked = [core.action_at(state, params, spot, size) for spot in spots]
    number = int(core.action_space(params).n)
    assert set(clicked) == {None, *range(number)}
    seen = [square for square in clicked if square is not None]
    firsts = [seen.index(square) for square in range(number)]
    assert firsts == sorted(firsts), "squares are numbered row by row"


@pytest.mark.parametrize(
    ("name", "waits"),
    [("PopAutoencodeEasy-v0", 51), ("PopRepeatPreviousEasy-v0", 3), ("MemoryChain-v0", 10)],
)
def test_a_turn_based_game_waits_only_where_an_answer_counts(name: str, waits: int) -> None:
    core, params, state = start(name)
    step = jax.jit(core.transition)
    for _ in range(waits):
        assert not core.awaits_action(state, params)
        state = step(KEY, state, 0, params)
    assert core.awaits_action(state, params)


def test_a_table_tells_what_a_player_may_know() -> None:
    core, params, state = start("PopCountRecallHard-v0")
    right = core.facts(state, params)["answer"]
    after, _ = jax.jit(core.step)(KEY, state, right, params)
    words = core.text(after, params).split("\n")
    assert words[0] == "right"
    assert words[-1] == "score 1   206 in the deck"
    assert words[1].startswith("dealt: ")


def test_what_was_shot_at_is_marked() -> None:
    core, params, state = start("PopBattleshipHard-v0")
    ship = int(state.is_ship.argmax())
    for square in (ship, int((~state.is_ship).argmax())):
        state, _ = jax.jit(core.step)(KEY, state, square, params)
    text = core.text(state, params)
    assert (text.count(" x"), text.count(" o")) == (1, 1 + 1)  # and "of"
    assert text.endswith("1 of 12 hits   142 shots left")


def test_games_with_the_index_observe_small_numbers() -> None:
    for name, space, first in (
        ("PopCountRecallEasy-v0", "MultiDiscrete([2 2])", 2),
        ("PopHigherLowerEasy-v0", "Discrete(13)", None),
        ("PopAutoencodeEasy-v0", "MultiDiscrete([2 4])", 2),
    ):
        row = find_world(name)
        core, params = load_core(row), make_params(row, {"obs": "index"})
        assert str(core.observation_space(params)).startswith(space.removesuffix(")"))
        _, obs = jax.jit(core.reset)(KEY, params)
        assert obs.shape == (() if first is None else (first,))
        assert obs.dtype == jnp.int32


@pytest.mark.parametrize(
    ("name", "keywords", "why"),
    [
        ("PopRepeatFirstEasy-v0", {"decks": 0}, r"decks is a whole number, in 1\.\.1000; got 0"),
        ("PopRepeatFirstEasy-v0", {"obs": "flat"}, "obs is one of .*; got 'flat'"),
        ("PopRepeatPreviousEasy-v0", {"k": 52}, r"k is a whole number, in 1\.\.51; got 52"),
        ("PopAutoencodeEasy-v0", {"decks": 1001}, "decks is a whole number, .*; got 1001"),
        ("PopCountRecallEasy-v0", {"cards": "faces"}, "cards is one of .*; got 'faces'"),
        ("PopConcentrationEasy-v0", {"decks": True}, "decks is a whole number, .*; got True"),
        ("PopBattleshipEasy-v0", {"size": 5}, r"size is a whole number, in 6\.\.64; got 5"),
        ("PopMinesweeperEasy-v0", {"mines": 14}, r"mines is a whole number, in 1\.\.13; got 14"),
        ("PopMultiArmedBanditEasy-v0", {"arms": 0}, "arms is a whole number, .*; got 0"),
        ("PopStatelessCartPoleEasy-v0", {"noise": -0.1}, "noise is a number, 0 or more; got -0.1"),
        ("PopStatelessCartPoleEasy-v0", {"shows": "all"}, "shows is one of .*; got 'all'"),
        ("PopStatelessPendulumEasy-v0", {"max_steps": 0}, "max_steps is a whole number, 1 or more"),
        ("MemoryChain-v0", {"memory_length": 0}, "memory_length is a whole number, 1 or more"),
        ("MemoryChain-v0", {"num_bits": 0}, "num_bits is a whole number, 1 or more; got 0"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(
    name: str, keywords: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        make_params(find_world(name), keywords)


def test_no_game_is_without_a_source() -> None:
    for name in GAMES:
        assert isinstance(load_core(find_world(name)), Game)
        assert "Source: in-context-rl.md" in (type(load_core(find_world(name))).__doc__ or "")
