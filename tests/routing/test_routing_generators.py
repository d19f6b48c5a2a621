"""Random instances: of the published kinds, the same for the same seed, alike in numpy and jax."""

from typing import Any

import jax
import numpy as np
import pytest

from envs.catalog import find_world, load_core, make_params
from envs.routing.generators import (
    BLAST,
    DISTRIBUTIONS,
    NUM_CLUSTERS,
    PlaceDraws,
    capacity_for,
    coords_of,
    generate,
    max_length_for,
)

PROBLEMS: Any = ("tsp", "atsp", "cvrp", "op")


def places(distribution: Any, size: int = 40, count: int = 100) -> Any:
    instances: Any = generate("tsp", size, count, 0, distribution)
    return np.stack([each.coords for each in instances])


def jax_places(distribution: str, size: int = 40, count: int = 100) -> Any:
    core = load_core(find_world("TSP-v0"))
    params = make_params(find_world("TSP-v0"), {"num_nodes": size, "generator": distribution})
    keys = jax.random.split(jax.random.key(0), count)
    return np.asarray(jax.jit(jax.vmap(core.drawn, in_axes=(0, None)))(keys, params).coords)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_same_seed_gives_the_same_and_more_begin_with_fewer(problem: Any) -> None:
    few, many = generate(problem, 7, 2, 5), generate(problem, 7, 4, 5)
    for left, right in zip(few, many, strict=False):
        np.testing.assert_array_equal(left.distances(), right.distances())
    others = [*many[1:], *generate(problem, 7, 1, 6)]
    assert all((other.distances() != many[0].distances()).any() for other in others)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_depot_comes_on_top_of_the_size(problem: Any) -> None:
    assert generate(problem, 7, 1, 0)[0].size == (8 if problem in ("cvrp", "op") else 7)


@pytest.mark.parametrize("source", [places, jax_places])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_places_lie_in_the_unit_square_as_the_distribution_says(
    source: Any, distribution: str
) -> None:
    coords = source(distribution)
    assert coords.min() >= 0
    assert coords.max() <= 1
    nearest = np.sort(np.linalg.norm(coords[:, :, None] - coords[:, None], axis=-1))[:, :, 1]
    spacing = nearest.mean()
    low, high = {
        "uniform": (0.0825, 0.087),
        "cluster": (0.034, 0.040),
        "mixed": (0.071, 0.077),
        "explosion": (0.0775, 0.0822),
    }[distribution]
    assert low < spacing < high, "mean distance to the nearest other node"


def test_an_explosion_leaves_a_hole_and_clusters_have_their_width() -> None:
    random = np.random.default_rng(0)
    draws = PlaceDraws(
        uniform=random.random((2000, 2)),
        normal=random.standard_normal((2000, 2)),
        centres=np.array([[0.5, 0.5], [0.0, 0.0], [1.0, 1.0]]),
        choices=random.random((2000, 2)),
        exponential=random.standard_exponential(2000),
    )
    away = np.linalg.norm(coords_of("explosion", draws, np) - 0.5, axis=1)
    assert away.min() == pytest.approx(BLAST, abs=1e-3)
    moved = np.linalg.norm(draws.uniform - 0.5, axis=1) < BLAST
    assert (away[moved] - BLAST).mean() == pytest.approx(0.1, abs=0.01)
    centres = np.array([[0.5, 0.5], [0.2, 0.2], [0.8, 0.8]])
    clustered = coords_of("cluster", draws, np)
    nearest = np.linalg.norm(clustered[:, None] - centres, axis=-1)
    counts = np.bincount(nearest.argmin(1), minlength=NUM_CLUSTERS)
    assert counts.min() > 600
    assert nearest.min(1).mean() == pytest.approx(0.07 * np.sqrt(np.pi / 2), rel=0.05)
    mixed = coords_of("mixed", draws, np)
    assert (mixed == draws.uniform).all(1).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("source", ["numpy", "jax"])
def test_no_detour_is_shorter_than_a_distance_of_atsp(source: str) -> None:
    if source == "numpy":
        matrices = [each.distances() for each in generate("atsp", 20, 20, 0)]
    else:
        core, row = load_core(find_world("ATSP-v0")), find_world("ATSP-v0")
        drawn = jax.jit(jax.vmap(core.drawn, in_axes=(0, None)))
        layout = drawn(jax.random.split(jax.random.key(0), 20), make_params(row, {}))
        matrices = list(np.asarray(layout.matrix))
    for matrix in matrices:
        detours = (matrix[:, :, None] + matrix[None]).min(1)
        assert (matrix <= detours + 1e-6).all()
        assert not matrix.diagonal().any()
        assert (matrix != matrix.T).any()
    assert np.mean(matrices) == pytest.approx(0.16, abs=0.02), "and most are detours themselves"


def test_capacities_and_lengths_are_those_of_the_table() -> None:
    assert [capacity_for(size) for size in (1, 20, 50, 100, 1000, 5000)] == [
        20, 30, 40, 50, 150, 150,
    ]  # fmt: skip
    assert [max_length_for(size) for size in (5, 20, 35, 50, 100, 500)] == [2, 2, 2, 3, 4, 4]
    instance: Any = generate("cvrp", 200, 1, 0)[0]
    assert instance.capacity == 70
    assert set(instance.demands[1:].tolist()) == set(range(1, 10))


@pytest.mark.parametrize("prize_type", ["distance", "uniform", "constant"])
def test_prizes_are_of_the_type_asked_for(prize_type: str) -> None:
    row = find_world("OP-v0")
    params = make_params(row, {"num_nodes": 200, "prize_type": prize_type, "max_length": 3.5})
    layout = load_core(row).drawn(jax.random.key(0), params)
    prizes, away = np.asarray(layout.prizes), np.asarray(layout.way_home)
    assert prizes[0] == 0
    assert float(layout.max_length) == 3.5
    hundredths = prizes[1:] * 100
    np.testing.assert_allclose(hundredths, np.round(hundredths), atol=1e-4)
    if prize_type == "distance":
        assert (prizes.max(), prizes.argmax()) == (1, away.argmax())
        assert (np.diff(prizes[np.argsort(away)]) >= 0).all()
    elif prize_type == "uniform":
        assert (hundredths.round().min(), hundredths.round().max()) >= (1, 97)
        assert prizes[1:].mean() == pytest.approx(0.5, abs=0.06)
        assert hundredths.max() < 99.5
    else:
        assert set(prizes[1:].tolist()) == {1}
    drawn: Any = generate("op", 50, 1, 0)[0]
    far = drawn.distances()[0]
    np.testing.assert_allclose(drawn.prizes[1:], (1 + (99 * far / far.max() // 1)[1:]) / 100)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("vrp", 5, 1, 0), "problem is one of tsp, atsp, cvrp, op; got 'vrp'"),
        (("tsp", 1, 1, 0), "size is 2 or more"),
        (("op", 0, 1, 0), "size is 1 or more"),
        (("tsp", 5, -1, 0), "count and seed 0 or more; got size=5, count=-1"),
        (("tsp", 5, 1, -1), "count and seed 0 or more"),
        (("tsp", 5, 1, 0, "spiral"), "distribution is one of .*; got 'spiral'"),
        (("atsp", 5, 1, 0, "cluster"), "ATSP has no places"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        generate(*arguments)
