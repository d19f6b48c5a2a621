"""Rules of single games, from states whose outcome is known."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from envs.catalog import find_world, load_core, make_params
from envs.memory.bandit import BanditState
from envs.memory.battleship import placed
from envs.memory.cards import deck_of
from envs.memory.cartpole import CartPoleState
from envs.memory.chain import MemoryChainState
from envs.memory.concentration import ConcentrationState
from envs.memory.higher_lower import HigherLowerState
from envs.memory.minesweeper import AGAIN, CLEAR, EXPLODED, MinesweeperState, num_near
from envs.memory.params import MemoryChainParams
from envs.memory.pendulum import PendulumState

KEY = jax.random.key(0)
ZERO = jnp.int32(0)
NUM = 64  # random states


def world(name: str, **keywords: Any) -> tuple[Any, Any]:
    row = find_world(f"Pop{name}-v0")
    return load_core(row), make_params(row, keywords)


@functools.cache
def compiled(name: str) -> Any:
    return jax.jit(world(name)[0].step)


def test_a_guess_is_judged_by_the_next_rank() -> None:
    core, params = world("HigherLowerMedium")
    cases = np.array(
        [(now, later, guess) for now in range(13) for later in range(13) for guess in (0, 1)]
    )

    def judge(now: Any, later: Any, guess: Any) -> tuple[Any, Any]:
        deck = (jnp.arange(13, dtype=jnp.int32) >= later).astype(jnp.int32)
        state = HigherLowerState(verdict=ZERO, score=ZERO, deck=deck, rank=now)
        after, out = core.step(KEY, state, guess, params)
        return out.reward, (after.rank, out.terminated)

    reward, (rank, terminated) = jax.jit(jax.vmap(judge))(*jnp.asarray(cases.T, jnp.int32))
    np.testing.assert_array_equal(rank, cases[:, 1])
    assert terminated.all(), "it was the last card"
    expected = np.sign(cases[:, 1] - cases[:, 0]) * np.where(cases[:, 2] == 0, 1, -1) / 104
    np.testing.assert_allclose(reward, expected, rtol=1e-6)


def test_an_arm_pays_as_often_as_it_should() -> None:
    core, params = world("MultiArmedBanditEasy")
    chances = jnp.linspace(0, 1, 10, dtype=jnp.float32)
    state = BanditState(
        verdict=ZERO, score=ZERO, chances=chances, arm=jnp.int32(-1), time=jnp.int32(198)
    )
    assert core.observe(state, params).tolist() == [1, 0]
    pulls = 4000
    pull = jax.vmap(core.step, in_axes=(0, None, None, None))
    many = jax.jit(jax.vmap(pull, in_axes=(None, None, 0, None)))
    keys = jax.random.split(KEY, pulls)
    after, out = many(keys, state, jnp.arange(10, dtype=jnp.int32), params)
    np.testing.assert_allclose(np.abs(out.reward), 1 / 200, rtol=1e-6)
    np.testing.assert_array_equal(out.obs[..., 1] == 1, out.reward > 0)
    assert not out.truncated.any()
    bounds = 5 * np.sqrt(chances * (1 - chances) / pulls) + 1e-9
    assert (np.abs(out.obs[..., 1].mean(axis=1) - chances) <= bounds).all()
    last = jax.tree.map(lambda leaf: leaf[3, 0], after)
    _, out = compiled("MultiArmedBanditEasy")(KEY, last, 3, params)
    assert (bool(out.terminated), bool(out.truncated)) == (False, True)
    assert int(out.info["answer"]) == 9


def numpy_push(cart: Any, force: Any) -> Any:
    x, speed, angle, spin = cart
    sine, cosine = np.sin(angle), np.cos(angle)
    drive = (force + 0.05 * spin**2 * sine) / 1.1
    spin_up = (9.8 * sine - cosine * drive) / (0.5 * (4 / 3 - 0.1 * cosine**2 / 1.1))
    speed_up = drive - 0.05 * spin_up * cosine / 1.1
    return x + 0.02 * speed, speed + 0.02 * speed_up, angle + 0.02 * spin, spin + 0.02 * spin_up


def carts() -> Any:
    spread = np.array([[2.5], [3.0], [0.22], [3.0]])
    return np.random.default_rng(0).uniform(-spread, spread, (4, NUM))


def test_the_cart_moves_as_published_and_half_of_it_is_seen() -> None:
    actions = np.arange(NUM) % 2
    after = numpy_push(carts(), np.where(actions == 1, 10.0, -10.0))
    for name, seen in (("Stateless", after[::2]), ("VelocityOnly", after[1::2])):
        core, params = world(f"{name}CartPoleMedium")

        def step(cart: Any, action: Any, time: Any, core: Any = core, params: Any = params) -> Any:
            state = CartPoleState(*cart, error=jnp.zeros(2, jnp.float32), time=time)
            return core.step(KEY, state, action, params)[1]

        times = np.where(np.arange(NUM) < 8, 399, 5)
        inputs = [jnp.asarray(each, jnp.int32) for each in (actions, times)]
        cart = tuple(jnp.asarray(carts(), jnp.float32))
        out = jax.jit(jax.vmap(step))(cart, *inputs)
        np.testing.assert_allclose(out.obs, np.stack(seen, axis=1), atol=2e-5)
        np.testing.assert_allclose(out.reward, 1 / 400)
        has_fallen = (np.abs(after[0]) > 2.4) | (np.abs(after[2]) > np.deg2rad(12))
        assert 5 < has_fallen.sum() < NUM - 5
        np.testing.assert_array_equal(out.terminated, has_fallen)
        np.testing.assert_array_equal(out.truncated, times == 399)


def test_noise_is_normal_and_what_is_seen_stays_in_bounds() -> None:
    core, params = world("NoisyStatelessCartPoleHard")
    still = CartPoleState(*jnp.zeros(4, jnp.float32), error=jnp.zeros(2, jnp.float32), time=ZERO)
    keys = jax.random.split(KEY, 4000)
    step = jax.jit(jax.vmap(core.step, in_axes=(0, None, None, None)))
    states, out = step(keys, still, 0, params)
    errors = np.asarray(states.error)
    assert abs(errors.mean()) < 5 * 0.3 / np.sqrt(8000)
    assert abs(errors.std() - 0.3) < 5 * 0.3 / np.sqrt(16_000)
    assert abs(np.corrcoef(errors.T)[0, 1]) < 5 / np.sqrt(4000)
    angles = np.asarray(out.obs)[:, 1]
    np.testing.assert_allclose(angles, np.clip(errors[:, 1], -0.4188790, 0.4188790), atol=1e-6)
    assert (np.abs(angles) > 0.41).any(), "some are cut off"
    assert core.observation_space(params).contains(np.asarray(out.obs)[np.abs(angles).argmax()])


def test_the_pendulum_swings_as_published_and_its_speed_is_hidden() -> None:
    core, params = world("StatelessPendulumHard")
    random = np.random.default_rng(1)
    angle, spin = random.uniform(-9, 9, NUM), random.uniform(-8, 8, NUM)
    torque = random.uniform(-2.5, 2.5, NUM)
    used = np.clip(torque, -2, 2)
    folded = (angle + np.pi) % (2 * np.pi) - np.pi
    cost = folded**2 + 0.1 * spin**2 + 0.001 * used**2
    faster = np.clip(spin + (15 * np.sin(angle) + 3 * used) * 0.05, -8, 8)
    later = angle + 0.05 * faster

    def step(angle: Any, spin: Any, torque: Any, time: Any) -> Any:
        state = PendulumState(angle=angle, spin=spin, error=jnp.zeros(2, jnp.float32), time=time)
        return core.step(KEY, state, torque[None], params)

    times = np.where(np.arange(NUM) < 8, 99, 5)
    numbers = [jnp.asarray(each, jnp.float32) for each in (angle, spin, torque)]
    after, out = jax.jit(jax.vmap(step))(*numbers, jnp.asarray(times, jnp.int32))
    np.testing.assert_allclose(out.obs, np.stack([np.cos(later), np.sin(later)], 1), atol=1e-5)
    np.testing.assert_allclose(after.spin, faster, atol=1e-5)
    np.testing.assert_allclose(out.reward, (1 - cost / 8.1368022) / 100, atol=1e-6)
    np.testing.assert_array_equal(out.truncated, times == 99)
    assert not out.terminated.any()
    assert core.action_space(params).shape == (1,)


@pytest.mark.parametrize("name", ["StatelessCartPoleEasy", "StatelessPendulumEasy"])
def test_as_published_a_time_that_is_up_terminates(name: str) -> None:
    core, params = world(name, compat=True)
    _, plain = world(name)
    state = dataclasses.replace(core.initial(KEY, params), time=jnp.int32(200))
    flags = [
        (core.terminated(state, each), core.truncated(state, each)) for each in (params, plain)
    ]
    assert [tuple(map(bool, pair)) for pair in flags] == [(True, False), (False, True)]


def free_places(sea: Any, length: int) -> list[bytes]:
    """Each sea with one more ship that is allowed."""
    found = []
    for board in (sea, sea.T):
        for row, column in np.ndindex(board.shape[0], board.shape[1] - length + 1):
            if not board[row, column : column + length].any():
                after = board.copy()
                after[row, column : column + length] = True
                found.append(after if board is sea else after.T)
    return [np.ascontiguousarray(board).tobytes() for board in found]


@pytest.mark.parametrize("length", [2, 3, 4])
def test_every_free_place_of_a_ship_is_as_likely_as_any_other(length: int) -> None:
    sea = np.zeros((6, 6), np.bool_)
    if length > 2:
        sea[1:4, 2] = sea[5, 0:2] = sea[0, 5] = True
    places = free_places(sea, length)
    bits = [(2 * place + 1) * 2**31 // len(places) for place in range(len(places))]
    found = jax.jit(jax.vmap(placed, in_axes=(0, None, None)), static_argnums=2)(
        jnp.array(bits, jnp.uint32), jnp.asarray(sea), length
    )
    assert sorted(board.tobytes() for board in np.asarray(found)) == sorted(places)


def test_ships_are_of_twelve_squares_and_shots_are_paid() -> None:
    core, params = world("BattleshipEasy")
    state = jax.jit(core.initial)(KEY, params)
    assert int(state.is_ship.sum()) == 12
    ship, water = int(state.is_ship.argmax()), int((~state.is_ship).argmax())
    rewards, hits = [], []
    for square in (ship, ship, water):
        state, out = compiled("BattleshipEasy")(KEY, state, square, params)
        rewards.append(float(out.reward))
        hits.append(int(out.obs.argmax()))
    assert hits == [1, 0, 0]
    np.testing.assert_allclose(rewards, [1 / 12, -1 / 52, -1 / 52], rtol=1e-6)


def test_mines_are_counted_in_blocks_of_nine() -> None:
    core, params = world("MinesweeperHard")
    keys = jax.random.split(KEY, 400)
    boards = jax.jit(jax.vmap(core.initial, in_axes=(0, None)))(keys, params).is_mine
    assert (boards.sum(axis=1) == 10).all()
    share, deviation = 10 / 64, np.sqrt(10 / 64 * 54 / 64 / 400)
    assert np.abs(boards.mean(axis=0) - share).max() < 5 * deviation
    squares = jnp.arange(64, dtype=jnp.int32)
    near = jax.vmap(jax.vmap(num_near, in_axes=(None, 0, None)), in_axes=(0, None, None))
    found = jax.jit(near, static_argnums=2)(boards, squares, 8)
    padded = np.pad(np.asarray(boards).reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    blocks = [
        padded[:, down : down + 8, right : right + 8] for down in range(3) for right in range(3)
    ]
    np.testing.assert_array_equal(found, np.sum(blocks, axis=0).reshape(-1, 64))


def test_opening_a_square_pays_by_what_is_there() -> None:
    core, params = world("MinesweeperEasy")
    is_mine = jnp.zeros(16, jnp.bool_).at[jnp.array([0, 5])].set(True)
    closed = MinesweeperState(
        is_mine=is_mine, is_open=is_mine, last=jnp.int32(-1), outcome=ZERO, time=ZERO
    )
    start = dataclasses.replace(closed, is_open=jnp.zeros(16, jnp.bool_))
    step = compiled("MinesweeperEasy")
    assert core.observe(start, params).tolist() == [1, 0, 0]
    opened, out = step(KEY, start, 1, params)
    assert (int(opened.outcome), float(out.reward)) == (CLEAR, pytest.approx(1 / 14))
    assert out.obs.tolist() == [0, 0, 1]
    again, out = step(KEY, opened, 1, params)
    assert (int(again.outcome), float(out.reward)) == (AGAIN, pytest.approx(-0.5 / 12))
    assert not out.terminated
    exploded, out = step(KEY, again, 5, params)
    assert (int(exploded.outcome), float(out.reward)) == (EXPLODED, pytest.approx(-0.5 - 1 / 14))
    assert bool(out.terminated)
    assert not bool(out.info["is_success"])
    late = dataclasses.replace(again, time=jnp.int32(13))
    _, out = step(KEY, late, 2, params)
    assert (bool(out.terminated), bool(out.truncated)) == (False, True)


UNIT = -1 / 104  # what a useless card costs
TURNS = {
    "one card is turned": ([0], [0.0], "0--------"),
    "unlike cards go down again": ([0, 1, 4], [0, 2 * UNIT, 0], "----0----"),
    "unlike cards are shown first": ([0, 1], [0, 2 * UNIT], "01-------"),
    "a card is no pair with itself": ([0, 0], [0, 2 * UNIT], "0--------"),
    "like cards stay": ([0, 2, 1], [0, 1 / 26, 0], "010------"),
    "an open card costs one": ([0, 2, 0, 1], [0, 1 / 26, UNIT, 0], "010------"),
    "an open card as the second costs two": (
        [0, 2, 1, 0, 3],
        [0, 1 / 26, 0, 2 * UNIT, 0],
        "0-01-----",
    ),
}


@pytest.mark.parametrize("case", TURNS)
def test_cards_are_turned_by_pairs(case: str) -> None:
    turns, rewards, shown = TURNS[case]
    _, params = world("ConcentrationEasy", obs="index")
    state = ConcentrationState(
        cards=jnp.arange(52, dtype=jnp.int32) % 2,
        is_up=jnp.zeros(52, jnp.bool_),
        first=jnp.int32(-1),
        second=jnp.int32(-1),
        verdict=ZERO,
        time=ZERO,
    )
    found = []
    for place in turns:
        state, out = compiled("ConcentrationEasy")(KEY, state, place, params)
        found.append(float(out.reward))
    np.testing.assert_allclose(found, rewards, rtol=1e-6)
    assert "".join("01-"[kind] for kind in out.obs[:9].tolist()) == shown


LENGTHS = np.array([1, 2, 5, 1500])


@functools.cache
def chains(legacy_obs: bool, num_bits: int = 3) -> tuple[Any, Any]:
    """First states, and what each step returns, answering right at even copies; by copy, time."""
    core = load_core(find_world("MemoryChain-v0"))

    def play(key: Any, length: Any, is_right: Any) -> Any:
        params = MemoryChainParams(length, num_bits, legacy_obs)
        state, first_obs = core.reset(key, params)
        answer = jnp.where(is_right, core.info(state, params)["answer"], 1)
        answer = jnp.where(is_right, answer, 1 - core.info(state, params)["answer"])

        def advance(state: Any, _: Any) -> Any:
            return core.step(KEY, state, answer, params)

        return (state, first_obs), jax.lax.scan(advance, state, length=1502)[1]

    keys = jax.random.split(KEY, 2 * len(LENGTHS))
    lengths = jnp.asarray(np.repeat(LENGTHS, 2), jnp.int32)
    played = jax.jit(jax.vmap(play))(keys, lengths, jnp.arange(2 * len(LENGTHS)) % 2 == 0)
    return jax.tree.map(np.asarray, played)


def test_the_chain_pays_once_after_all_its_steps_however_long_it_is() -> None:
    (state, first_obs), out = chains(legacy_obs=False)
    for copy, length in enumerate(np.repeat(LENGTHS, 2)):
        expected = np.zeros(1502)
        expected[length] = 1 if copy % 2 == 0 else -1
        np.testing.assert_array_equal(out.reward[copy], expected)
        assert out.terminated[copy].argmax() == length
        assert not out.truncated[copy].any()
        assert out.info["is_success"][copy, length] == (copy % 2 == 0)
        obs = np.concatenate([first_obs[copy, None], out.obs[copy]])[: length + 2]
        times = np.arange(length + 2)
        np.testing.assert_allclose(obs[:, 0], np.maximum(1 - times / length, 0), atol=1e-6)
        np.testing.assert_array_equal(obs[:, 1], (times == length - 1) * state.query[copy])
        signs = 2 * state.context[copy] - 1
        np.testing.assert_array_equal(obs[:, 2:], (times == 0)[:, None] * signs)


def test_as_published_the_chain_shows_what_was_before_the_step() -> None:
    (_, first_obs), out = chains(legacy_obs=True)
    (_, plain_first), plain = chains(legacy_obs=False)
    np.testing.assert_array_equal(first_obs, plain_first)
    np.testing.assert_array_equal(out.obs[:, 0], first_obs)
    np.testing.assert_array_equal(out.obs[:, 1:], plain.obs[:, :-1])
    np.testing.assert_array_equal(out.reward, plain.reward)


def test_bits_and_queries_are_fair() -> None:
    core, params = load_core(find_world("MemoryChain-v0")), MemoryChainParams(num_bits=3)
    keys = jax.random.split(KEY, 3000)
    states: MemoryChainState = jax.jit(jax.vmap(core.initial, in_axes=(0, None)))(keys, params)
    assert np.abs(states.context.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(3000)
    counts = np.bincount(states.query)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(3000 * 2 / 9)
    assert np.abs(np.corrcoef(states.context.T, states.query)[3, :3]).max() < 5 / np.sqrt(3000)


def test_decks_stay_as_they_were_counted() -> None:
    core, params = world("RepeatFirstEasy")
    state = core.initial(KEY, params)
    lone = dataclasses.replace(state, deck=deck_of((0, 0, 1, 0)))
    after, out = compiled("RepeatFirstEasy")(KEY, lone, 0, params)
    assert (int(after.suit), bool(out.terminated), int(out.info["cards_left"])) == (2, True, 0)
