"""Random numbers: equal to numpy's stream, equal in Python and JAX, copied cheaply."""

import copy
import pickle

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.extend.random import threefry_2x32 as jax_threefry

from envs.crafter_oo.draws import (
    KeyedDraws,
    SequentialDraws,
    balance_owner,
    loads_draws,
    threefry_2x32,
)
from envs.crafter_oo.stepper.draws import chance, draw, integer

words = st.integers(0, 2**32 - 1)


@given(seed=words, bounds=st.lists(st.integers(0, 400), max_size=60), skip=st.integers(0, 1300))
def test_sequential_draws_equal_numpy(seed: int, bounds: list[int], skip: int):
    numpy, ours = np.random.RandomState(seed), SequentialDraws.from_seed(seed)
    for _ in range(skip):
        assert ours.uniform(0, 0) == numpy.uniform()
    for bound in bounds:
        if bound:
            assert ours.integer(3, 1, bound) == numpy.randint(0, bound)
        else:
            assert ours.chance(0.37, 0, 0) == (numpy.uniform() < 0.37)
    assert ours.position == numpy.get_state()[2]
    assert ours.random_state().randint(2**31) == numpy.randint(2**31)


def test_sequential_draws_take_any_simplex_seed():
    numpy, ours = np.random.RandomState(5), SequentialDraws.from_seed(5)
    for _ in range(50):
        assert ours.integer(0, 0, 2**31 - 1) == numpy.randint(0, 2**31 - 1)


def test_a_copy_goes_its_own_way():
    first = SequentialDraws.from_seed(1)
    twin = first.copy()
    numbers = [first.uniform(0, 0) for _ in range(700)]
    assert [twin.uniform(0, 0) for _ in range(700)] == numbers


@given(key=st.tuples(words, words), counter=st.tuples(words, words))
def test_threefry_equals_jax(key: tuple[int, int], counter: tuple[int, int]):
    expected = jax_threefry(np.array(key, np.uint32), np.array(counter, np.uint32))
    assert threefry_2x32(key, counter) == tuple(jax.device_get(expected).tolist())


def test_threefry_known_answers():
    # Random123 1.14, kat_vectors, threefry2x32 with 20 rounds
    assert threefry_2x32((0, 0), (0, 0)) == (0x6B200159, 0x99BA4EFE)
    assert threefry_2x32((2**32 - 1,) * 2, (2**32 - 1,) * 2) == (0x1CB996FC, 0xBB002BE7)
    assert threefry_2x32((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)) == (
        0xC4923A9C,
        0x483DF7A0,
    )


@given(
    key=st.integers(0, 2**64 - 1),
    step=st.integers(0, 2**31 - 1),
    owner=st.integers(-(2**20), 2**20),
    slot=st.integers(0, 7),
)
def test_keyed_draws_are_the_same_in_jax(key: int, step: int, owner: int, slot: int):
    draws = KeyedDraws(key, step)
    halves = jax.numpy.array([key >> 32, key & 0xFFFFFFFF], "uint32")
    bits = draw(halves, jax.numpy.int32(step), jax.numpy.int32(owner), slot)
    assert int(bits) / 2**24 == draws.uniform(owner, slot)
    for n in (1, 4, 144, 256):
        assert int(integer(bits, n)) == draws.integer(owner, slot, n)


@pytest.mark.parametrize("probability", [0.0, 0.01, 0.1, 0.3, 0.5, 0.6, 0.85, 0.9, 1.0])
def test_a_chance_is_decided_exactly_in_jax(probability: float):
    edge = int(probability * 2**24)
    for k in {max(0, edge - 1), min(edge, 2**24 - 1), min(edge + 1, 2**24 - 1)}:
        assert bool(chance(jax.numpy.uint32(k), probability)) == (k / 2**24 < probability)


def test_keyed_draws_do_not_depend_on_order():
    draws = KeyedDraws(123)
    draws.at_step(4)
    asked = [(owner, slot) for owner in (0, 1, 77, balance_owner(35, 2)) for slot in range(6)]
    forth = {name: draws.uniform(*name) for name in asked}
    assert {name: draws.uniform(*name) for name in reversed(asked)} == forth
    assert len(set(forth.values())) == len(asked)
    draws.at_step(5)
    assert all(draws.uniform(*name) != forth[name] for name in asked)


def test_keyed_draws_are_uniform():
    draws = KeyedDraws(2**40 + 1)
    numbers = [draws.uniform(owner, 1) for owner in range(4000)]
    assert abs(np.mean(numbers) - 0.5) < 5 * np.sqrt(1 / 12 / 4000)
    counts = np.bincount([draws.integer(owner, 2, 4) for owner in range(4000)])
    assert np.all(np.abs(counts - 1000) < 5 * np.sqrt(750))


def test_balance_owners_are_never_entities():
    owners = {balance_owner(chunk, kind) for chunk in range(36) for kind in range(3)}
    assert len(owners) == 108
    assert max(owners) < 0


@pytest.mark.parametrize("draws", [SequentialDraws.from_seed(3), KeyedDraws(9, step=4)])
def test_draws_survive_serialisation(draws: SequentialDraws | KeyedDraws):
    twin = loads_draws(draws.dumps())
    assert type(twin) is type(draws)
    assert [twin.uniform(1, 2) for _ in range(9)] == [draws.uniform(1, 2) for _ in range(9)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"kind": "sequential"}',
        '{"kind": "sequential", "key": "AAAA", "position": 3}',
        '{"kind": "keyed", "key": -1, "step": 0}',
        '{"kind": "dice"}',
    ],
)
def test_a_broken_random_state_is_refused(text: str):
    with pytest.raises(ValueError, match=r"random state|64-bit"):
        loads_draws(text)


def test_an_early_copy_of_a_long_stream_can_be_pickled_and_deepcopied() -> None:
    draws = SequentialDraws.from_seed(3)
    early = draws.copy()
    for _ in range(624 * 1500 // 2):  # far more blocks than Python may recurse
        draws.uniform(0, 0)
    for twin in (pickle.loads(pickle.dumps(early)), copy.deepcopy(early)):
        assert twin.uniform(0, 0) == early.copy().uniform(0, 0)
