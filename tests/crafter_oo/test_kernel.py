"""The exact kernel against the distributions that follow from the rules, and against sampling."""

import math
from collections import Counter
from collections.abc import Callable

import pytest
from arena import meadow

from envs.crafter_oo.draws import SequentialDraws
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.kernel import fingerprint, successors
from envs.crafter_oo.state import (
    RIGHT,
    ArrowState,
    CowState,
    ObjectState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from worldmodels.kernel import CrafterKernel

# kind, offset of the creature from the player, then -x, +x, -y, +y, stay, and an arrow shot
ONE_STEP = [
    (ZombieState, (1, 0), (0, 0.025, 0.025, 0.025, 0.925), 0),
    (ZombieState, (3, 1), (0.745, 0.025, 0.205, 0.025, 0), 0),
    (ZombieState, (2, 2), (0.205, 0.025, 0.745, 0.025, 0), 0),
    (ZombieState, (9, 0), (0.25, 0.25, 0.25, 0.25, 0), 0),
    (SkeletonState, (1, 0), (0, 0.607, 0.007, 0.007, 0.379), 0),
    (SkeletonState, (2, 1), (0, 0.6, 0, 0.4, 0), 0),
    (SkeletonState, (4, 0), (0.1075, 0.0175, 0.0175, 0.0175, 0.84), 0.5),
    (SkeletonState, (3, 2), (0.1075, 0.0175, 0.0775, 0.0175, 0.78), 0.5),
    (SkeletonState, (6, 1), (0.215, 0.035, 0.155, 0.035, 0.56), 0),
    (SkeletonState, (9, 0), (0.05, 0.05, 0.05, 0.05, 0.8), 0),
    (CowState, (5, 3), (0.125, 0.125, 0.125, 0.125, 0.5), 0),
]


@pytest.mark.parametrize(("kind", "offset", "moves", "shot"), ONE_STEP)
def test_one_step_distribution_on_open_grass(
    kind: type[ObjectState], offset: tuple[int, int], moves: tuple[float, ...], shot: float
):
    world = meadow()
    creature = world.create_object(kind, world.player.position + offset)
    found: Counter[tuple[int, int]] = Counter()
    arrows = 0.0
    for state, probability in successors(world, "noop"):
        moved = state.find(creature.entity_id)
        assert moved is not None
        found[moved.position - creature.position] += probability
        arrows += probability * any(state.of_type(ArrowState))
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)]
    assert [found[step] for step in steps] == pytest.approx(moves, abs=5e-4)
    assert arrows == pytest.approx(shot)


def test_a_zombie_beside_the_player_strikes_if_it_stays():
    world = meadow()
    world.create_object(ZombieState, world.player.position + RIGHT)
    struck = sum(s.probability for s in successors(world, "noop") if s.state.player.health == 7)
    assert struck == pytest.approx(0.925)


def crowded(step: int) -> WorldState:
    world = meadow(size=(12, 12), step=step)
    world.create_object(ZombieState, Position(8, 6))
    world.create_object(CowState, Position(4, 5))
    return world


@pytest.mark.parametrize("step", [3, 200, 209])
def test_probabilities_sum_to_one_and_filtering_loses_nothing(step: int):
    world = crowded(step)
    everything = successors(world, "do")
    assert math.fsum(s.probability for s in everything) == pytest.approx(1.0)
    for likely in sorted(everything, key=lambda s: -s.probability)[:20]:
        alone = [
            s.probability
            for s in successors(world, "do", observed=likely.state)
            if fingerprint(s.state) == fingerprint(likely.state)
        ]
        assert alone == [pytest.approx(likely.probability)]


def _rules_sampler(world: WorldState) -> Callable[[int], WorldState]:
    draws = SequentialDraws.from_seed(0)
    return lambda key: transition(world, "noop", draws)[0]


def _model_sampler(world: WorldState) -> Callable[[int], WorldState]:
    kernel = CrafterKernel()
    return lambda key: kernel.sample(key << 40, world, "noop")  # all bits of a key count


@pytest.mark.parametrize(("sampler", "n"), [(_rules_sampler, 3000), (_model_sampler, 1500)])
def test_sampling_follows_the_kernel(
    sampler: Callable[[WorldState], Callable[[int], WorldState]], n: int
):
    world = crowded(209)  # the next step balances the chunk, in the dark
    expected = {fingerprint(s.state): s.probability for s in successors(world, "noop")}
    sample = sampler(world)
    found = Counter(fingerprint(sample(key)) for key in range(n))
    assert set(found) <= set(expected)
    for state, probability in expected.items():
        margin = 5 * math.sqrt(probability * (1 - probability) / n) + 2 / n
        assert abs(found[state] / n - probability) < margin


def test_every_step_of_a_real_episode_is_possible():
    state, kernel = initial_state(seed=1), CrafterKernel()
    for t in range(40):
        after, _ = transition(state, t % 6)
        if t % 10 < 9:  # creatures that vanish in the balance of a large world take minutes
            assert -60 < kernel.log_prob(state, t % 6, after) <= 1e-9
            wrong = after.copy()
            wrong.player.inventory.diamond += 1
            assert kernel.log_prob(state, t % 6, wrong) == -math.inf
        state = after


def test_too_many_successors_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("envs.crafter_oo.kernel.MAX_SUCCESSORS", 10)
    with pytest.raises(ValueError, match="more than 10 states may follow"):
        successors(crowded(3), "noop")


def test_kernel_samples_repeat_with_the_key():
    world, kernel = crowded(3), CrafterKernel()
    first, again = (kernel.sample(7, world, "noop") for _ in range(2))
    assert fingerprint(first) == fingerprint(again)
    assert len({fingerprint(kernel.sample(k, world, "noop")) for k in range(20)}) > 3
