"""What the baselines must score, worked out by hand or published."""

import math

import numpy as np
import pytest

from envs.crafter_oo.state import ArrowState, CowState, SkeletonState, WorldState, ZombieState
from envs.crafter_oo.tables import ITEMS, Action, Material
from evaluation.arena import Protocol
from evaluation.arenas import arena_named
from evaluation.arenas.crafter_oo.corruption import RandomCrafter
from evaluation.arenas.crafter_oo.scenarios import ALL, COMPAT23, record, text_of
from evaluation.metrics import METRICS
from evaluation.protocol import Place, distractors
from evaluation.record import Row
from evaluation.runner import Job, run
from evaluation.summary import row_of
from worldmodels.interface import WorldModel

CRAFTER = arena_named("crafter_oo")
BASELINES = {
    name: CRAFTER.models[name]("full") for name in ("oracle", "null", "random", "random_crafter")
}


def _row(model: str, protocol: Protocol, trials: int = 5) -> Row:
    labels = COMPAT23 if protocol == "compat" else ALL
    jobs = [Job("crafter_oo", model, label, "full", protocol, trials, 42) for label in labels]
    return row_of(model, run(jobs, "serial", 1, lambda job: None))


@pytest.fixture
def state() -> WorldState:
    return record("eat_cow").transitions[1].state.copy()


@pytest.mark.parametrize("protocol", ["compat", "strict"])
def test_the_oracle_is_perfect(protocol: Protocol) -> None:
    row = _row("oracle", protocol, trials=2)
    assert [row.metrics[name] for name in METRICS] == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("protocol", ["compat", "strict"])
def test_the_null_model_never_wins_where_something_always_changes(protocol: Protocol) -> None:
    """Its own sample, the old state, beats the truth in every step, and the clock always moves."""
    row = _row("null", protocol, trials=2)
    assert row.metrics["rank_at_1"] == 0.0
    assert row.metrics["iou"] == 0.0
    assert row.metrics["mrr"] < 0.5


def test_the_null_model_changes_as_many_leaves_as_the_truth() -> None:
    """Clock, daylight, action and four counters in a step in which nothing else happens."""
    row = _row("null", "compat", trials=1)
    by_label = {part.name: part.metrics["raw_edit"] for part in row.by}
    assert by_label["place_stone"] == 7.0
    assert 7.0 < row.metrics["raw_edit"] < 8.0


def test_the_null_model_ranks_the_truth_last_but_for_ties() -> None:
    """Strict: the old state first, then truth and distractors tied: mean of 1/r, r = 2..n."""
    transition = record("collect_wood").transitions[0]
    num_others = len(distractors(CRAFTER, transition, "strict", Place(42, "collect_wood", 0, 0)))
    part = next(part for part in _row("null", "strict", 1).by if part.name == "collect_wood")
    expected = np.mean([1 / rank for rank in range(2, num_others + 3)])
    assert part.metrics["mrr"] == pytest.approx(expected)


def test_a_constant_model_is_at_the_published_chance_level_exactly() -> None:
    """Over shuffles, H_n / n and 1 / n for n candidates: about 0.353 and 13.3 % over the 23."""
    mrr, rank_at_1 = [], []
    for label in COMPAT23:
        sizes = [
            len(distractors(CRAFTER, transition, "compat", Place(42, label, step, 0))) + 2
            for step, transition in enumerate(record(label).transitions)
        ]
        mrr.append(np.mean([sum(1 / k for k in range(1, n + 1)) / n for n in sizes]))
        rank_at_1.append(np.mean([1 / n for n in sizes]))
    assert np.mean(mrr) == pytest.approx(0.353, abs=1e-3)
    assert np.mean(rank_at_1) == pytest.approx(0.133, abs=1e-3)


def test_a_constant_model_measures_at_chance_level() -> None:
    row = _row("random", "compat", trials=8)
    assert abs(row.metrics["mrr"] - 0.353) < 2 * row.stderr["mrr"]
    assert abs(row.metrics["rank_at_1"] - 0.133) < 2 * row.stderr["rank_at_1"]


def test_the_corrupting_model_is_as_far_from_the_truth_as_published() -> None:
    """Published: 121.538 operations, 0.809 per leaf."""
    row = _row("random_crafter", "compat", trials=1)
    assert row.metrics["raw_edit"] == pytest.approx(121.5, abs=1.5)
    assert row.metrics["normalized_edit"] == pytest.approx(0.809, abs=0.01)


def test_log_probabilities_of_the_baselines(state: WorldState) -> None:
    truth = record("eat_cow").transitions[1].next_state
    candidates = [truth, state.copy()]
    assert BASELINES["oracle"].log_probs(
        state, record("eat_cow").transitions[1].action, candidates
    ) == [
        0.0,
        -math.inf,
    ]
    assert BASELINES["null"].log_probs(state, Action.DO, candidates) == [-5.0, 0.0]
    assert BASELINES["random"].log_probs(state, Action.DO, candidates) == [0.0, 0.0]


@pytest.mark.parametrize("model", BASELINES.values(), ids=BASELINES)
def test_a_model_leaves_states_alone_and_repeats_itself(
    model: WorldModel[WorldState, Action], state: WorldState
) -> None:
    untouched = state.copy()
    samples = [model.sample(7, state, Action.DO) for _ in range(2)]
    assert text_of(samples[0]) == text_of(samples[1])
    scored = samples[0].copy()
    assert model.log_prob(state, Action.DO, scored) == model.log_prob(state, Action.DO, scored)
    assert state == untouched or text_of(state) == text_of(untouched)
    assert state.draws.dumps() == untouched.draws.dumps()
    assert text_of(scored) == text_of(samples[0])
    samples[0].player.inventory.wood += 1
    samples[0].set_material(0, 0, Material.LAVA)
    assert text_of(state) == text_of(untouched), "a sample shares nothing with its state"


def test_a_corrupted_state_stays_in_the_documented_ranges() -> None:
    start = ALL["zombie_defeat"].initial()
    for kind, x in ((CowState, 1), (SkeletonState, 2), (ArrowState, 3)):
        start.create_object(kind, start.player.position._replace(x=x))
    samples = [RandomCrafter().sample(key, start, Action.NOOP) for key in range(200)]
    tiles = np.stack([sample.materials.array for sample in samples])
    assert np.mean(tiles == Material.NONE) == pytest.approx(0.2, abs=0.02)
    assert {int(tile) for tile in np.unique(tiles)} == {int(material) for material in Material}
    zombies = [next(sample.of_type(ZombieState)) for sample in samples]
    assert {zombie.cooldown for zombie in zombies} == set(range(11))
    assert {zombie.health for zombie in zombies} == set(range(10))
    assert all(sample.contains(e.position) for sample in samples for e in sample.objects)
    items = {getattr(sample.player.inventory, item) for sample in samples for item in ITEMS}
    assert items == set(range(10))
    assert {sample.player.achievements.make_iron_sword for sample in samples} == {0, 1}
    assert {sample.player.achievements.collect_wood for sample in samples} == set(range(11))
    assert {sample.step_count for sample in samples} == set(range(11))
