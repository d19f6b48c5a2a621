"""Lockstep with the `popgym` package: the same cards, boards and actions, all that is returned.

The peer draws; what it drew is put into our states, or dealt in the place of our draws. Noise is
left out, as it cannot be the same. The peer computes in 64 bits, so a pendulum drifts away.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from envs.catalog import find_world, load_core, make_params
from envs.memory.bandit import BanditState
from envs.memory.battleship import BattleshipState
from envs.memory.cartpole import CartPoleState
from envs.memory.concentration import ConcentrationState
from envs.memory.minesweeper import MinesweeperState
from envs.memory.pendulum import PendulumState

peers: Any = pytest.importorskip("popgym.envs", reason="pip install popgym==1.0.7")

pytestmark = pytest.mark.reproduction

KEY = jax.random.key(0)
ZERO, NONE = jnp.int32(0), jnp.int32(-1)
DRIFT = 1e-3  # of what is seen of the pendulum in 200 steps
LEVELS = ("Easy", "Medium", "Hard")
NAMES = {
    "Minesweeper": "MineSweeper",
    "MultiArmedBandit": "MultiarmedBandit",
    "StatelessCartPole": "PositionOnlyCartPole",
    "StatelessPendulum": "PositionOnlyPendulum",
}
"""What the peer calls a game, where that differs."""
SUIT_DECKS = {"Autoencode": "autoencode", "RepeatFirst": "repeat", "RepeatPrevious": "repeat"}


def peer_of(game: str, level: str) -> Any:
    peer = getattr(peers, f"{NAMES.get(game, game)}{level}")()
    return peer, peer.reset(seed=LEVELS.index(level))[0]


def ours_of(game: str, level: str) -> tuple[Any, Any]:
    world = find_world(f"Pop{game}{level}-v0")
    is_symbolic = "CartPole" not in game and "Pendulum" not in game
    return load_core(world), make_params(world, {"obs": "index"} if is_symbolic else {})


def play(peer: Any, core: Any, params: Any, state: Any, columns: int = 0, jit: bool = True) -> int:
    """Play at random until both end, and compare; the number of steps."""
    step = jax.jit(core.step) if jit else core.step
    space = core.action_space(params)
    space.seed(1)
    for count in range(1, 2000):
        action = space.sample()
        theirs = peer.step(divmod(int(action), columns) if columns else action)
        state, out = step(KEY, state, jnp.asarray(action), params)
        np.testing.assert_allclose(np.ravel(out.obs), np.ravel(theirs[0]), atol=DRIFT)
        np.testing.assert_allclose(out.reward, theirs[1], atol=DRIFT / 100)
        assert (bool(out.terminated), bool(out.truncated)) == theirs[2:4], count
        if theirs[2] or theirs[3]:
            return count
    raise AssertionError("neither ends")


def dealer(kinds: list[int]) -> Any:
    """In the place of `cards.draw`: deals these kinds."""
    left: Iterator[int] = iter(kinds)

    def draw(bits: Any, deck: Any) -> Any:
        kind = jnp.int32(next(left))
        return kind, deck - (jnp.arange(deck.shape[0]) >= kind).astype(jnp.int32)

    return draw


def order(deck: Any, kinds: Any) -> list[int]:
    """What a deck of the peer deals, first card first; its cards lie upside down."""
    found: list[int] = kinds[deck.idx][::-1].tolist()
    return found


each_level = pytest.mark.parametrize("level", LEVELS)


@each_level
@pytest.mark.parametrize("game", ["Autoencode", "RepeatFirst", "RepeatPrevious", "HigherLower"])
def test_games_of_one_deck(game: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    peer, first = peer_of(game, level)
    core, params = ours_of(game, level)
    kinds = peer.deck.ranks_idx if game == "HigherLower" else peer.deck.suits_idx
    cards = order(peer.deck, kinds)
    module = SUIT_DECKS.get(game, "higher_lower")
    # while suits are named none is dealt any more, so what is drawn then does not count
    monkeypatch.setattr(f"envs.memory.{module}.draw", dealer(cards + [0] * len(cards)))
    state, obs = core.reset(KEY, params)
    np.testing.assert_array_equal(np.ravel(obs), np.ravel(first))
    steps = 2 * len(cards) - 1 if game == "Autoencode" else len(cards) - 1
    assert play(peer, core, params, state, jit=False) == steps


@each_level
def test_count_recall(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    peer, first = peer_of("CountRecall", level)
    core, params = ours_of("CountRecall", level)
    kinds = {2: "colors_idx", 4: "suits_idx", 13: "ranks_idx"}[params.num_kinds]
    decks = [order(deck, getattr(deck, kinds)) for deck in (peer.value_deck, peer.query_deck)]
    cards = [kind for pair in zip(*decks, strict=True) for kind in pair]
    monkeypatch.setattr("envs.memory.count_recall.draw", dealer(cards))
    state, obs = core.reset(KEY, params)
    np.testing.assert_array_equal(obs, first)
    assert play(peer, core, params, state, jit=False) == len(decks[0]) - 1


@each_level
def test_concentration(level: str) -> None:
    peer, first = peer_of("Concentration", level)
    core, params = ours_of("Concentration", level)
    state = ConcentrationState(
        cards=jnp.asarray(peer.state, jnp.int32),
        is_up=jnp.zeros(params.num_cards, jnp.bool_),
        first=NONE,
        second=NONE,
        verdict=ZERO,
        time=ZERO,
    )
    np.testing.assert_array_equal(core.observe(state, params), first)
    assert play(peer, core, params, state) == params.last_step


@each_level
def test_battleship(level: str) -> None:
    peer, _ = peer_of("Battleship", level)
    core, params = ours_of("Battleship", level)
    board = jnp.asarray(peer.board.ravel() == 1)
    state = BattleshipState(is_ship=board, is_shot=jnp.zeros_like(board), verdict=ZERO, time=ZERO)
    assert play(peer, core, params, state, columns=params.size) > 12


@each_level
@pytest.mark.parametrize("seed", range(8))
def test_minesweeper(level: str, seed: int) -> None:
    peer, _ = peer_of("Minesweeper", level)
    peer.reset(seed=seed)
    core, params = ours_of("Minesweeper", level)
    is_mine = peer.hidden_grid.ravel() == peers.minesweeper.HiddenSquare.MINE
    state = MinesweeperState(
        is_mine=jnp.asarray(is_mine),
        is_open=jnp.zeros(params.size**2, jnp.bool_),
        last=NONE,
        outcome=ZERO,
        time=ZERO,
    )
    play(peer, core, params, state, columns=params.size)


@each_level
def test_multi_armed_bandit(level: str) -> None:
    peer, _ = peer_of("MultiArmedBandit", level)
    core, params = ours_of("MultiArmedBandit", level)
    peer.bandits = (np.arange(params.arms) % 2).astype(np.float32)  # what is certain is the same
    chances = jnp.asarray(peer.bandits)
    state = BanditState(verdict=ZERO, score=ZERO, chances=chances, arm=NONE, time=ZERO)
    assert play(peer, core, params, state) == params.max_steps


@each_level
@pytest.mark.parametrize("game", ["StatelessCartPole", "VelocityOnlyCartPole"])
def test_cart_pole(game: str, level: str) -> None:
    peer, _ = peer_of(game, level)
    core, params = ours_of(game, level)
    numbers = [jnp.float32(value) for value in peer.state]
    state = CartPoleState(*numbers, error=jnp.zeros(2, jnp.float32), time=ZERO)
    assert play(peer, core, params, state) > 8


@each_level
def test_pendulum(level: str) -> None:
    peer, first = peer_of("StatelessPendulum", level)
    core, params = ours_of("StatelessPendulum", level)
    angle, spin = (jnp.float32(value) for value in peer.state)
    state = PendulumState(angle=angle, spin=spin, error=jnp.zeros(2, jnp.float32), time=ZERO)
    np.testing.assert_allclose(core.observe(state, params), first, atol=1e-6)
    assert play(peer, core, params, state) == params.max_steps
