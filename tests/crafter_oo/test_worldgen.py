"""Generated worlds: cell by cell those of Crafter 1.8.3, from the same random numbers."""

import functools
import hashlib
import json
from collections import Counter

import numpy as np
import pytest

from envs.crafter_oo.draws import Draws, KeyedDraws, SequentialDraws
from envs.crafter_oo.state import CowState, Position, SkeletonState, ZombieState
from envs.crafter_oo.tables import WALKABLE, Material
from envs.crafter_oo.worldgen import NUM_SIMPLEX_SEEDS, World, generate

LETTERS = {
    Material.WATER: "~",
    Material.GRASS: ".",
    Material.STONE: "#",
    Material.PATH: "=",
    Material.SAND: ":",
    Material.TREE: "T",
    Material.LAVA: "L",
    Material.COAL: "C",
    Material.IRON: "I",
    Material.DIAMOND: "D",
}
SIMPLEX_SEEDS = (487388145, 1754490873, 756864386, 723669457, 893348039)
FIRST_UNIFORMS_AFTER = (
    0.9148672992236924,
    0.6822765371587963,
    0.9425051817054398,
    0.6575368162129698,
    0.2837853805802024,
)
MAP_DIGESTS = (
    "8b3c0f0ac7af6aee",
    "9a8d20a515499081",
    "0bfdd9f07eae740f",
    "805a20c32166a19e",
    "320a90bd92571e5a",
)
OBJECT_DIGESTS = (
    "5ab46a86d6365677",
    "a7a64f035cc48ddf",
    "3cf31db93206c760",
    "ccbc631409ba5b2a",
    "9ad830b7d9cd7fce",
)
SEED_0_TOP = """\
....:.~~.T..~~~~~~:.....................T..T.....==TT.#######=##
TTT..:.....................T...........T...TT.=###========CC#=##
T..TTT....T.#####.........T.............######II=====##====##=CT
T..T.T.....######.............T........######I#============C#=.T
....T.....#######.....................##======##L=========##....
T.........#C#####...........T........##====##C##LL===##==#IT...T
.........T####.................T....##====#####CCL===####I#.....
...............................T....##==###C####LL===####=I..T..
"""
SEED_0_CREATURES = [
    (CowState, (1, 41)),
    (CowState, (3, 30)),
    (CowState, (4, 6)),
    (CowState, (4, 29)),
    (CowState, (4, 32)),
    (CowState, (6, 47)),
    (ZombieState, (8, 32)),
    (CowState, (9, 30)),
    (CowState, (9, 45)),
    (CowState, (11, 60)),
    (ZombieState, (12, 7)),
]
# mean and standard deviation over seeds 0 to 29, smallest, largest, and seeds 0 to 4
COUNTS = {
    "water": ("917.3", "278.6", 232, 1595, (232, 559, 1225, 918, 676)),
    "grass": ("1688.4", "263.6", 1302, 2322, (2322, 1918, 1599, 1778, 1778)),
    "stone": ("588.6", "141.9", 361, 967, (613, 591, 476, 554, 687)),
    "path": ("372.1", "130.2", 133, 640, (449, 431, 249, 332, 357)),
    "sand": ("236.1", "62.2", 122, 402, (122, 247, 264, 240, 270)),
    "tree": ("186.9", "36.4", 114, 259, (259, 220, 186, 213, 214)),
    "lava": ("32.6", "18.8", 4, 82, (25, 53, 30, 4, 28)),
    "coal": ("53.8", "16.5", 22, 88, (58, 63, 44, 40, 67)),
    "iron": ("17.3", "7.2", 4, 35, (13, 11, 17, 15, 16)),
    "diamond": ("3.00", "1.53", 0, 7, (3, 3, 6, 2, 3)),
    "table": ("0.0", "0.0", 0, 0, (0, 0, 0, 0, 0)),
    "furnace": ("0.0", "0.0", 0, 0, (0, 0, 0, 0, 0)),
    "cow": ("24.43", "8.59", 12, 47, (44, 32, 24, 23, 26)),
    "zombie": ("14.43", "4.93", 6, 27, (18, 10, 13, 13, 13)),
    "skeleton": ("9.30", "3.36", 4, 18, (7, 8, 9, 7, 11)),
}
SIZES = ((9, 9), (5, 5), (16, 16), (1, 1), (1, 7), (24, 10), (10, 24), (100, 3))


@pytest.mark.parametrize("seed", range(5))
def test_map_is_that_of_crafter(seed: int) -> None:
    assert _digest(_text(_world(seed))) == MAP_DIGESTS[seed]


@pytest.mark.parametrize("seed", range(5))
def test_creatures_are_those_of_crafter_in_the_same_order(seed: int) -> None:
    creatures = [(kind.name.capitalize(), *where) for kind, where in _world(seed).creatures]
    assert _digest(json.dumps([("Player", 32, 32), *creatures])) == OBJECT_DIGESTS[seed]


@pytest.mark.parametrize("seed", range(5))
def test_generation_uses_exactly_the_numbers_that_crafter_uses(seed: int) -> None:
    draws = _draws(seed)
    assert draws.copy().integer(0, 7, NUM_SIMPLEX_SEEDS) == SIMPLEX_SEEDS[seed]
    generate((64, 64), draws)
    assert draws.uniform(0, 0) == FIRST_UNIFORMS_AFTER[seed]


def test_seed_0_begins_with_the_known_rows_and_creatures() -> None:
    assert _text(_world(0)).startswith(SEED_0_TOP)
    assert _world(0).creatures[: len(SEED_0_CREATURES)] == SEED_0_CREATURES


@pytest.mark.parametrize("thing", COUNTS)
def test_counts_over_30_seeds_are_those_of_crafter(thing: str) -> None:
    mean, deviation, smallest, largest, first = COUNTS[thing]
    counts = [_counts(seed)[thing] for seed in range(30)]
    digits = len(mean.split(".")[1])
    assert tuple(counts[:5]) == first
    assert (min(counts), max(counts)) == (smallest, largest)
    assert f"{np.mean(counts):.{digits}f}" == mean
    assert f"{np.std(counts, ddof=1):.{digits}f}" == deviation


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_any_size_gives_a_legal_world(size: tuple[int, int], seed: int) -> None:
    world = generate(size, _draws(seed))
    center = Position(size[0] // 2, size[1] // 2)
    places = [place for _, place in world.creatures]
    assert (world.materials.width, world.materials.height) == world.tunnels.shape == size
    assert world.materials[center] == Material.GRASS
    assert set(world.materials.cells) <= set(LETTERS)
    assert places == sorted(set(places))
    assert all(place.distance(center) > 3 for place in places)
    assert all(world.materials[place] in WALKABLE for place in places)


def test_a_world_without_a_cell_to_draw_for_uses_one_number() -> None:
    draws, other = _draws(0), _draws(0)
    generate((1, 1), draws)
    other.integer(0, 7, NUM_SIMPLEX_SEEDS)
    assert draws.uniform(0, 0) == other.uniform(0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_creatures_stand_where_their_kind_may_appear(seed: int) -> None:
    world = _world(seed)
    for kind, place in world.creatures:
        euclidean = np.hypot(place.x - 32, place.y - 32)
        if kind is CowState:
            assert world.materials[place] == Material.GRASS
            assert euclidean > 3
        elif kind is ZombieState:
            assert euclidean > 10
        else:
            assert kind is SkeletonState
            assert world.tunnels[place]
            assert world.materials[place] == Material.PATH


def test_tunnels_are_paths_but_not_all_paths_are_tunnels() -> None:
    world = _world(0)
    is_path = world.materials.array == Material.PATH
    assert (world.tunnels & ~is_path).sum() == 0
    assert 0 < world.tunnels.sum() < is_path.sum()


def test_equal_draws_give_equal_worlds() -> None:
    once, again = (generate((20, 30), _draws(8)) for _ in range(2))
    assert once.materials == again.materials
    assert once.creatures == again.creatures


def test_worlds_share_no_memory() -> None:
    once, again = (generate((9, 9), _draws(8)) for _ in range(2))
    once.materials[0, 0] = Material.TABLE
    assert again.materials[0, 0] != Material.TABLE


def test_every_draw_names_its_cell_and_has_a_slot_of_its_own() -> None:
    draws = _Recorder(_draws(0))
    generate((64, 64), draws)
    assert draws.asked[0] == (0, 7)
    assert len(set(draws.asked)) == len(draws.asked)
    assert {slot for _, slot in draws.asked} == set(range(8))
    assert {owner for owner, _ in draws.asked} <= set(range(64 * 64))
    terrain = [owner for owner, slot in draws.asked[1:] if slot < 4]
    creatures = [owner for owner, slot in draws.asked[1:] if slot >= 4]
    assert terrain == sorted(terrain)
    assert creatures == sorted(creatures)


def test_keyed_draws_make_worlds_of_the_same_kind() -> None:
    worlds = [generate((32, 32), KeyedDraws(key)) for key in (1, 1, 2)]
    assert worlds[0].materials == worlds[1].materials != worlds[2].materials
    assert all(len(set(world.materials.cells)) > 4 for world in worlds)
    assert all(world.creatures for world in worlds)


@pytest.mark.reproduction
@pytest.mark.filterwarnings("ignore")  # the reference uses an API that has been retired
@pytest.mark.parametrize("size", [(64, 64), (9, 9), (5, 5), (24, 10), (10, 24)])
def test_world_equals_that_of_the_installed_crafter(size: tuple[int, int]) -> None:
    crafter = pytest.importorskip("crafter")
    for seed in range(10, 13):
        reference = crafter.Env(area=size, seed=seed)
        reference.reset()
        world = generate(size, _draws(seed))
        np.testing.assert_array_equal(world.materials.array, reference._world._mat_map)
        assert [(kind.name, place) for kind, place in world.creatures] == [
            (type(thing).__name__.lower(), tuple(thing.pos.tolist()))
            for thing in reference._world.objects[1:]
        ]


class _Recorder(Draws):
    """Passes requests on and notes (owner, slot) of each."""

    def __init__(self, source: SequentialDraws) -> None:
        self.source = source
        self.asked: list[tuple[int, int]] = []

    def uniform(self, owner: int, slot: int) -> float:
        self.asked.append((owner, slot))
        return self.source.uniform(owner, slot)

    def integer(self, owner: int, slot: int, n: int) -> int:
        self.asked.append((owner, slot))
        return self.source.integer(owner, slot, n)

    def copy(self) -> "_Recorder":
        raise NotImplementedError

    def dumps(self) -> str:
        raise NotImplementedError


def _draws(seed: int) -> SequentialDraws:
    """The stream of Crafter's first episode."""
    return SequentialDraws.from_seed(hash((seed, 1)) % (2**31 - 1))


@functools.cache
def _world(seed: int) -> World:
    return generate((64, 64), _draws(seed))


def _text(world: World) -> str:
    rows = world.materials.array.T.tolist()
    return "\n".join("".join(LETTERS[material] for material in row) for row in rows)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _counts(seed: int) -> Counter[str]:
    materials = [Material(material).slug for material in _world(seed).materials.cells]
    return Counter(materials + [kind.name for kind, _ in _world(seed).creatures])
