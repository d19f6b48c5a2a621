"""Observation modes: every value lies in its space, at its index, and tells no more than it may."""

from typing import Any, get_args

import gymnasium
import numpy as np
import pytest
from arena import meadow
from gymnasium.spaces.utils import flatdim, flatten

from envs.crafter_oo import params as parameters
from envs.crafter_oo.observe import NUM_OBJECTS, OBJECT_FEATURES, observe, space
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.render import render
from envs.crafter_oo.state import (
    LEFT,
    UP,
    ArrowState,
    CowState,
    FenceState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.tables import ITEMS, Material

MODES = get_args(parameters.Observation)
CHANNELS = 20


def crowded() -> WorldState:
    """More creatures in the window than the table of objects has rows."""
    state = meadow()
    kinds = (CowState, ZombieState, SkeletonState, ArrowState, PlantState, FenceState)
    cells = [(x, y) for x in range(29, 36) for y in range(30, 35) if (x, y) != (32, 32)]
    for number, cell in enumerate(cells):
        state.create_object(kinds[number % len(kinds)], Position(*cell))
    return state


def edited() -> WorldState:
    """Values an editor may leave: far beyond what play reaches."""
    state = meadow(wood=12, food=-1)
    state.create_object(ZombieState, Position(30, 32), health=40, cooldown=5)
    state.create_object(PlantState, Position(34, 32), grown=5000)
    return state


def every_material() -> WorldState:
    state = meadow(at=(5, 5))
    for material in Material:
        state.set_material(material % 9 + 1, 4 + material // 9, material)
    return state


STATES = {
    "plain": meadow(),
    "corner": meadow(at=(0, 0), facing=(-1, 0)),
    "far corner": meadow(at=(63, 63), facing=(0, 1)),
    "small area": meadow(size=(5, 4)),
    "midnight": meadow(step=210),
    "asleep": meadow(step=170, sleeping=True),
    "dead": meadow(health=0),
    "crowded": crowded(),
    "edited": edited(),
    "every material": every_material(),
}


def look(state: WorldState, obs: Any, **fields: Any) -> Any:
    return observe(state, CrafterParams(area=state.size, obs=obs, **fields))


# All modes


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STATES)
def test_observation_lies_in_its_space(mode: Any, name: str) -> None:
    state = STATES[name]
    params = CrafterParams(area=state.size, obs=mode)
    assert space(params).contains(observe(state, params))


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "classic1345"])
def test_observation_lies_in_its_space_for_another_view(mode: Any) -> None:
    state = crowded()
    state.view = (7, 11)
    params = CrafterParams(view=state.view, obs=mode, size=(50, 80))
    assert space(params).contains(observe(state, params))


@pytest.mark.parametrize("mode", MODES)
def test_observation_is_fresh_at_each_call(mode: Any) -> None:
    state = crowded()
    first, before = look(state, mode), state.copy()
    for array in _arrays(first):
        array[...] = 1
    assert all(
        np.array_equal(a, b)
        for a, b in zip(_arrays(look(state, mode)), _arrays(look(before, mode)), strict=True)
    )
    assert state.materials == before.materials


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "semantic"])
def test_nothing_beyond_the_window_is_seen(mode: Any) -> None:
    state, other = meadow(), meadow()
    for x, y in ((27, 32), (37, 32), (32, 28), (32, 36), (60, 3)):
        other.set_material(x, y, Material.DIAMOND)
        other.create_object(ZombieState, Position(x, y))
    pairs = zip(_arrays(look(state, mode)), _arrays(look(other, mode)), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("mode", ["classic1345", "entities", "symbolic", "semantic", "pixels"])
def test_flat_modes_can_be_flattened(mode: Any) -> None:
    params = CrafterParams(obs=mode)
    flat = flatten(space(params), observe(crowded(), params))
    assert isinstance(flat, np.ndarray)
    assert flat.shape == (flatdim(space(params)),)


# Entities


def test_entities_space_is_flat_boxes_that_no_library_takes_for_images() -> None:
    boxes = space(CrafterParams())
    assert isinstance(boxes, gymnasium.spaces.Dict)
    for name, box in boxes.items():
        assert isinstance(box, gymnasium.spaces.Box), name
        assert len(box.shape) < 3, name


def test_entities_pass_the_check_of_stable_baselines() -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(_Still(), warn=False)  # it would advise against tables, and flattens them


def test_entities_show_the_window_with_zeros_outside() -> None:
    state = meadow(at=(0, 63))
    state.set_material(2, 61, Material.IRON)
    materials = look(state, "entities")["materials"]
    assert materials.shape == (9, 7)
    assert materials[4 + 2, 3 - 2] == Material.IRON
    assert not materials[:4].any()
    assert not materials[:, 4:].any()
    assert (materials[4:, :4] > 0).all()


def test_entities_describe_each_object_in_a_row() -> None:
    state = meadow()
    state.create_object(SkeletonState, Position(34, 31), health=2, reload=3)
    state.create_object(ArrowState, Position(32, 31), facing=UP)
    state.create_object(PlantState, Position(28, 35), grown=400)
    obs = look(state, "entities")
    assert obs["objects_mask"].tolist() == [1, 1, 1] + [0] * (NUM_OBJECTS - 3)
    assert not obs["objects"][3:].any()
    rows = [dict(zip(OBJECT_FEATURES, row.tolist(), strict=True)) for row in obs["objects"][:3]]
    named = [{name: value for name, value in row.items() if value} for row in rows]
    assert named == [
        {"is_arrow": 1, "dy": -1, "facing_y": -1},
        {"is_skeleton": 1, "dx": 2, "dy": -1, "health": 2, "timer": 3},
        {"is_plant": 1, "dx": -4, "dy": 3, "health": 1, "timer": 301},
    ]


def test_entities_keep_the_nearest_when_there_are_too_many() -> None:
    obs = look(crowded(), "entities")
    assert obs["objects_mask"].all()
    steps = np.abs(obs["objects"][:, 7:9]).sum(axis=1)
    assert steps.tolist() == sorted(steps.tolist())
    assert steps.tolist() == [1] * 4 + [2] * 8 + [3] * 4
    assert OBJECT_FEATURES[7:9] == ("dx", "dy")


def test_entities_tell_of_the_player() -> None:
    obs = look(meadow(facing=LEFT, sleeping=True, drink=2, iron=5, step=210), "entities")
    assert obs["facing"].tolist() == [-1, 0]
    assert obs["sleeping"].tolist() == [1]
    assert obs["inventory"][ITEMS.index("drink")] == 2
    assert obs["inventory"][ITEMS.index("iron")] == 5
    assert obs["daylight"] == np.float32(daylight_at(210))


# The others


def test_oo_names_what_the_player_sees() -> None:
    state = meadow(coal=3, sleeping=True)
    cow = state.create_object(CowState, Position(30, 33))
    state.create_object(CowState, Position(10, 10))
    obs = look(state, "oo")
    (seen,) = obs["objects"]
    assert seen["entity_id"] == cow.entity_id
    assert seen["kind"] == 1
    assert seen["position"].tolist() == [30, 33]
    assert seen["health"] == 3
    assert obs["player"]["position"].tolist() == [32, 32]
    assert obs["player"]["sleeping"] == 1
    assert obs["player"]["inventory"]["coal"] == 3


def test_pixels_are_the_picture_of_the_asked_size() -> None:
    state = crowded()
    picture = look(state, "pixels", size=(72, 90))
    assert picture.shape == (90, 72, 3)
    np.testing.assert_array_equal(picture, render(state, (72, 90)))


def test_semantic_is_the_whole_area_with_objects_over_materials() -> None:
    state = meadow()
    state.set_material(3, 60, Material.DIAMOND)
    state.create_object(FenceState, Position(60, 3))
    ids = look(state, "semantic")
    assert ids.shape == (64, 64)
    assert (ids[3, 60], ids[60, 3], ids[32, 32], ids[0, 0]) == (10, 19, 13, 2)


def test_symbolic_cells_are_one_hot_by_row_then_column() -> None:
    state = meadow(at=(0, 32))
    state.set_material(3, 30, Material.FURNACE)  # column 7, row 1
    state.create_object(ZombieState, Position(3, 30))
    cells = look(state, "symbolic")[: 7 * 9 * CHANNELS].reshape(7, 9, CHANNELS)
    assert np.flatnonzero(cells[1, 7]).tolist() == [11, 15]  # furnace, zombie
    assert np.flatnonzero(cells[3, 4]).tolist() == [1, 13]  # grass, player
    assert np.flatnonzero(cells[0, 3]).tolist() == [12]  # outside
    np.testing.assert_array_equal(cells[..., :13].sum(axis=-1), 1)


def test_symbolic_ends_with_what_the_player_has() -> None:
    vector = look(meadow(facing=(0, -1), sleeping=True, food=3, step=170), "symbolic")
    assert vector.shape == (1282,)
    tail = vector[1260:]
    np.testing.assert_allclose(tail[:5], np.array([9, 3, 9, 9, 0]) / 9, rtol=1e-6)
    assert tail[16:20].tolist() == [0, 0, 1, 0]  # left, right, up, down
    assert tail[20] == np.float32(daylight_at(170))
    assert tail[21] == 1


def test_classic_refuses_a_view_it_was_not_made_for() -> None:
    with pytest.raises(ValueError, match="Craftax-Classic"):
        CrafterParams(obs="classic1345", view=(9, 7))


def test_classic_numbers_the_blocks_as_craftax_does() -> None:
    state = every_material()
    cells = look(state, "classic1345")[:1323].reshape(7, 9, 21)
    blocks = {
        "water": 3,
        "grass": 2,
        "stone": 4,
        "path": 7,
        "sand": 13,
        "tree": 5,
        "lava": 14,
        "coal": 8,
        "iron": 9,
        "diamond": 10,
        "table": 11,
        "furnace": 12,
    }
    for material in Material:
        if material:
            cell = cells[2 + material // 9, material % 9]
            assert np.flatnonzero(cell).tolist() == [blocks[material.slug]]


def test_classic_shows_creatures_over_blocks_and_plants_as_blocks() -> None:
    state = meadow(at=(0, 32))
    state.set_material(3, 30, Material.SAND)
    for kind, x, y, fields in (
        (ZombieState, 3, 30, {}),
        (CowState, 2, 30, {}),
        (SkeletonState, 1, 30, {}),
        (ArrowState, 0, 30, {}),
        (PlantState, 3, 33, {"grown": 300}),
        (PlantState, 2, 33, {"grown": 301}),
        (FenceState, 1, 33, {}),
    ):
        state.create_object(kind, Position(x, y), **fields)
    cells = look(state, "classic1345")[:1323].reshape(7, 9, 21)
    seen = [np.flatnonzero(cell).tolist() for cell in cells[1, 3:]]
    assert seen == [[1], [2, 20], [2, 19], [2, 18], [13, 17], [2]]
    assert [np.flatnonzero(cell).tolist() for cell in cells[4, 5:]] == [[2], [16], [15], [2]]
    assert np.flatnonzero(cells[3, 4]).tolist() == [2]  # the player is not shown


def test_classic_ends_with_what_the_player_has() -> None:
    held = {"wood": 1, "stone": 2, "coal": 3, "iron": 4, "diamond": 5, "sapling": 6}
    tools = {"wood_pickaxe": 7, "stone_pickaxe": 8, "iron_pickaxe": 9}
    swords = {"wood_sword": 4, "stone_sword": 3, "iron_sword": 2}
    vitals = {"health": 9, "food": 8, "drink": 7, "energy": 6}
    state = meadow(facing=(0, 1), sleeping=True, step=170, **held, **tools, **swords, **vitals)
    vector = look(state, "classic1345")
    assert vector.shape == (1345,)
    tail = vector[1323:]
    counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 4, 3, 2, 9, 8, 7, 6]
    np.testing.assert_allclose(tail[:16], np.array(counts) / 10, rtol=1e-6)
    assert tail[16:20].tolist() == [0, 0, 0, 1]  # left, right, up, down
    assert tail[20] == np.float32(daylight_at(170))
    assert tail[21] == 1


def _arrays(observation: Any) -> list[np.ndarray]:
    if isinstance(observation, dict):
        return [array for part in observation.values() for array in _arrays(part)]
    if isinstance(observation, tuple):
        return [array for part in observation for array in _arrays(part)]
    return [observation] if isinstance(observation, np.ndarray) else [np.array(observation)]


class _Still(gymnasium.Env[Any, Any]):
    """A world that stands still, to show its observations to a library."""

    def __init__(self) -> None:
        self.observation_space = space(CrafterParams())
        self.action_space = gymnasium.spaces.Discrete(17)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return observe(crowded(), CrafterParams()), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return observe(crowded(), CrafterParams()), 0.0, False, False, {}
