"""Pictures: geometry, light, and the sprites in their places."""

from typing import Any

import numpy as np
import pytest
from arena import meadow
from hypothesis import given
from hypothesis import strategies as st

from envs.assets import asset_path
from envs.crafter_oo.render import (
    _mixed,
    inventory_strip,
    local_grid,
    local_view,
    night_noise,
    render,
)
from envs.crafter_oo.state import (
    DIRECTIONS,
    LEFT,
    ArrowState,
    CowState,
    FenceState,
    ObjectState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.tables import ITEMS, Material
from envs.render import blend, join_tiles, load_sprite, resize

NOON, DUSK, MIDNIGHT = 60, 170, 210
UNIT = (16, 16)


def sprite(name: str) -> np.ndarray:
    return load_sprite(asset_path("sprites", f"{name}.png"))


def at_noon(picture: np.ndarray) -> np.ndarray:
    """Remove what the light of step 60 changes: daylight is 1 there to 4 digits."""
    assert daylight_at(NOON) > 0.9999
    return picture.astype(int)


def crowded() -> WorldState:
    state = meadow(step=NOON)
    for kind, cell in (
        (CowState, (30, 32)),
        (ZombieState, (33, 31)),
        (SkeletonState, (35, 32)),
        (FenceState, (31, 31)),
        (PlantState, (31, 34)),
    ):
        state.create_object(kind, Position(*cell))
    state.create_object(ArrowState, Position(34, 32), facing=LEFT)
    state.create_object(PlantState, Position(32, 34), grown=301)
    for material in Material:
        if material:
            state.set_material(27 + material % 9 + 1, 29 + material // 9, material)
    return state


# Geometry


def test_default_picture_leaves_the_last_row_and_column_black() -> None:
    picture = render(crowded())
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    assert not picture[63].any()
    assert not picture[:, 63].any()
    assert picture[:49, :63].any(axis=-1).all()


def test_map_and_strip_fill_the_picture_of_an_exact_size() -> None:
    state = crowded()
    picture = render(state, (9 * 16, 9 * 16))
    np.testing.assert_array_equal(picture[: 7 * 16], local_view(state, UNIT))
    counts = tuple(state.player.inventory.values())
    np.testing.assert_array_equal(picture[7 * 16 :], inventory_strip(counts, 9, UNIT))


def test_border_is_shared_out_on_both_sides() -> None:
    picture = render(crowded(), (98, 95))  # units 10 and 10, 8 and 5 pixels left over
    assert picture.shape == (95, 98, 3)
    rows, columns, _ = np.nonzero(picture)
    assert (columns.min(), columns.max()) == (4, 93)
    assert rows.min() == 2


def test_cells_need_not_be_square() -> None:
    picture = render(meadow(step=NOON), (90, 180))
    expected = resize(sprite("grass")[..., :3], 10, 20)
    np.testing.assert_allclose(at_noon(picture)[:20, :10], expected, atol=1)


def test_cell_shows_the_material_that_lies_there() -> None:
    state = meadow(step=NOON)
    state.set_material(32 - 4 + 8, 32 - 3 + 1, Material.DIAMOND)  # column 8, row 1
    view = local_view(state, UNIT)
    np.testing.assert_allclose(at_noon(view)[16:32, 8 * 16 :], sprite("diamond")[..., :3], atol=1)
    np.testing.assert_allclose(at_noon(view)[:16, :16], sprite("grass")[..., :3], atol=1)


def test_cells_outside_the_area_are_grey() -> None:
    view = local_view(meadow(at=(0, 63), step=NOON), UNIT)
    np.testing.assert_allclose(at_noon(view)[:, : 4 * 16], 127, atol=1)
    np.testing.assert_allclose(at_noon(view)[4 * 16 :], 127, atol=1)
    np.testing.assert_allclose(
        at_noon(view)[:16, 4 * 16 : 5 * 16], sprite("grass")[..., :3], atol=1
    )


@pytest.mark.parametrize(
    ("kind", "fields", "name"),
    [
        (CowState, {}, "cow"),
        (ZombieState, {}, "zombie"),
        (SkeletonState, {}, "skeleton"),
        (FenceState, {}, "fence"),
        (PlantState, {"grown": 300}, "plant"),
        (PlantState, {"grown": 301}, "plant-ripe"),
        *(
            (ArrowState, {"facing": facing}, f"arrow-{name}")
            for facing, name in zip(DIRECTIONS, ("left", "right", "up", "down"), strict=True)
        ),
    ],
)
def test_object_is_painted_over_its_cell(
    kind: type[ObjectState], fields: dict[str, Any], name: str
) -> None:
    state = meadow(step=NOON)
    state.create_object(kind, Position(30, 33), **fields)  # column 2, row 4
    picture = at_noon(local_view(state, UNIT))[64:80, 32:48]
    expected = sprite("grass")[..., :3].copy()
    blend(expected, sprite(name), 0, 0)
    np.testing.assert_allclose(picture, expected, atol=1)


@pytest.mark.parametrize("sleeping", [False, True])
@pytest.mark.parametrize(
    ("facing", "name"), list(zip(DIRECTIONS, ("left", "right", "up", "down"), strict=True))
)
def test_player_stands_in_the_middle_and_looks_where_it_faces(
    facing: Position, name: str, sleeping: bool
) -> None:
    state = meadow(facing=facing, step=NOON, sleeping=sleeping)
    expected = sprite("grass")[..., :3].copy()
    blend(expected, sprite("player-sleep" if sleeping else f"player-{name}"), 0, 0)
    picture = at_noon(local_view(state, UNIT))[48:64, 64:80]
    if sleeping:
        expected = 0.5 * (expected @ [0.299, 0.587, 0.114])[..., None] + [0, 0, 8]
    np.testing.assert_allclose(picture, expected, atol=1)


def test_object_beyond_the_window_is_not_drawn() -> None:
    state = meadow(step=NOON)
    empty = render(state)
    for cell in ((27, 32), (37, 32), (32, 28), (32, 36)):
        state.create_object(ZombieState, Position(*cell))
    np.testing.assert_array_equal(render(state), empty)


# Inventory


def test_strip_shows_icon_and_number_of_what_is_held() -> None:
    counts = [0] * len(ITEMS)
    counts[9] = 5  # the first of the second row
    strip = inventory_strip(tuple(counts), 9, (20, 30))
    assert strip.shape == (60, 180, 3)
    assert not strip[:30].any()
    assert not strip[30:, 20:].any()
    expected = np.zeros((30, 20, 3), dtype=np.uint8)
    blend(expected, resize(sprite("diamond-item"), 16, 24), 3, 2)
    blend(expected, resize(sprite("5"), 12, 18), 12, 8)
    np.testing.assert_array_equal(strip[30:, :20], expected)


def test_number_above_nine_is_a_question_mark() -> None:
    strips = [inventory_strip((n, *[0] * 15), 9, (20, 20)) for n in (10, 99)]
    np.testing.assert_array_equal(strips[0], strips[1])
    assert not np.array_equal(strips[0], inventory_strip((9, *[0] * 15), 9, (20, 20)))


def test_items_wrap_at_the_width_of_the_view() -> None:
    assert local_grid((9, 9)) == (9, 7)
    assert local_grid((16, 5)) == (16, 4)
    assert local_grid((5, 8)) == (5, 4)


def test_view_that_the_items_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 4 rows"):
        local_grid((4, 4))


# Light


def noise(step: int, num_pixels: int) -> np.ndarray:
    return night_noise(np.array([step], np.uint32), np.arange(num_pixels, dtype=np.uint32))


def formula(canvas: np.ndarray, step: int) -> np.ndarray:
    """The light as published, in double precision and without the shortcuts."""
    daylight = daylight_at(step)
    height, width, _ = canvas.shape
    night = canvas.astype(float)
    if daylight < 0.5:
        x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        mask = 2 * (0.5 - daylight) * (1 - np.exp(-0.5 * (x**2 + y**2) / 0.5**2))
        grey = 2 * noise(step, height * width).reshape(height, width)
        night = (1 - mask)[..., None] * night + (mask * grey)[..., None]
    night = 0.4 * night + 0.6 * (night @ [0.299, 0.587, 0.114])[..., None]
    night = 0.5 * night + 0.5 * np.array([0, 16, 64])
    return daylight * canvas + (1 - daylight) * night


@pytest.mark.parametrize("step", [0, 30, 119, 147, 148, DUSK, MIDNIGHT, 260, 299])
def test_light_follows_the_published_formula(step: int) -> None:
    state = crowded()
    noon = local_view(state, (7, 7))
    state.step_count, state.daylight = step, daylight_at(step)
    np.testing.assert_allclose(local_view(state, (7, 7)).astype(float), formula(noon, step), atol=2)


def test_night_noise_is_even_and_without_pattern() -> None:
    first, second = noise(210, 576 * 448), noise(211, 576 * 448)
    counts, _ = np.histogram(first, bins=95, range=(16, 63.5))
    assert counts.sum() == first.size
    assert ((counts - first.size / 95) ** 2 / (first.size / 95)).sum() < 150  # chi2, 94: p < 2e-4
    for other in (first[1:], first[576:], second):
        paired = np.corrcoef(first[: other.size], other)[0, 1]
        assert abs(paired) < 4 / np.sqrt(other.size)


def test_night_noise_is_that_of_murmur_hash() -> None:
    """Known answers of `fmix32`: the hash of no bytes with seeds 1 and 0xffffffff."""
    words = np.array([1, 0xFFFFFFFF], np.uint32)
    assert _mixed(words).tolist() == [0x514E28B7, 0x81F16F39]


def test_sleep_is_grey_with_a_touch_of_blue() -> None:
    state = crowded()
    state.player.sleeping = True
    view = local_view(state, (7, 7)).astype(int)
    np.testing.assert_array_equal(view[..., 0], view[..., 1])
    np.testing.assert_array_equal(view[..., 2], view[..., 0] + 8)
    assert view[..., 0].max() <= 127


def test_middle_of_the_night_is_clearer_than_the_rim() -> None:
    views = []
    for step in (MIDNIGHT, MIDNIGHT + 300):  # the same hour of two days: only the noise differs
        views.append(local_view(meadow(step=step), UNIT).astype(int))
    difference = np.abs(views[0] - views[1])
    assert difference[3 * 16 : 4 * 16, 4 * 16 : 5 * 16].mean() < 2 < difference[:16, :16].mean()


# Purity


@pytest.mark.parametrize("step", [NOON, MIDNIGHT])
def test_drawing_changes_neither_the_state_nor_its_random_numbers(step: int) -> None:
    state = meadow(step=step)
    before = state.copy()
    first = render(state)
    assert state.draws.dumps() == before.draws.dumps()
    state.draws = before.draws
    assert state == before
    first[:] = 0  # what is returned is the caller's
    np.testing.assert_array_equal(render(state), render(before))
    assert render(state).any()


@given(
    view=st.tuples(st.integers(6, 18), st.integers(4, 12)),
    width=st.integers(18, 90),
    height=st.integers(12, 90),
    step=st.integers(0, 400),
    at=st.tuples(st.integers(0, 63), st.integers(0, 63)),
)
def test_any_size_gives_a_picture_of_that_size(
    view: tuple[int, int], width: int, height: int, step: int, at: tuple[int, int]
) -> None:
    state = meadow(at=at, step=step)
    state.view = view
    assert render(state, (width, height)).shape == (height, width, 3)


def test_size_below_the_view_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        render(meadow(), (8, 64))


# Tools of every world


def test_resize_takes_the_nearest_pixel() -> None:
    picture = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    doubled = resize(picture, 4, 4)[..., 0]
    assert doubled.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    np.testing.assert_array_equal(resize(resize(picture, 6, 6), 2, 2), picture)


def test_blend_mixes_by_opacity_and_cuts_at_the_edge() -> None:
    canvas = np.full((2, 2, 3), 100, dtype=np.uint8)
    patch = np.zeros((2, 2, 4), dtype=np.uint8)
    patch[0, 0] = (200, 200, 200, 51)  # a fifth
    patch[0, 1] = (255, 255, 255, 255)
    blend(canvas, patch, 1, 0)
    assert canvas[..., 0].tolist() == [[100, 100], [120, 255]]


def test_join_tiles_keeps_each_tile_whole() -> None:
    tiles = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    picture = join_tiles(tiles[np.array([[0, 1], [1, 1], [0, 0]])])
    assert picture.shape == (6, 6, 3)
    np.testing.assert_array_equal(picture[:2, 3:], tiles[1])
    np.testing.assert_array_equal(picture[4:, :3], tiles[0])


# Against Crafter itself


@pytest.mark.reproduction
@pytest.mark.parametrize("step", [0, NOON, 120, DUSK, MIDNIGHT])
@pytest.mark.parametrize("sleeping", [False, True])
@pytest.mark.parametrize("size", [(64, 64), (144, 144), (200, 117)])
def test_picture_equals_that_of_crafter_with_our_sprites(
    step: int, sleeping: bool, size: tuple[int, int]
) -> None:
    crafter = pytest.importorskip("crafter")
    state = crowded()
    state.step_count, state.daylight = step, daylight_at(step)
    state.player.sleeping = sleeping
    for item, count in zip(ITEMS, (9, 8, 7, 6, 5, 4, 0, 0, 0, 0, 1, 2, 3, 1, 2, 3), strict=True):
        setattr(state.player.inventory, item, count)
    textures = _Textures()
    world = crafter.engine.World((64, 64), [m.slug for m in Material if m], (12, 12))
    world.reset(seed=0)
    for x in range(64):
        for y in range(64):
            world[x, y] = Material(state.materials[x, y]).slug
    player = crafter.objects.Player(world, (32, 32))
    player.facing, player.sleeping = tuple(state.player.facing), sleeping
    world.add(player)
    for entity in state.objects[1:]:
        world.add(_peer(crafter.objects, world, entity, player))
    world.daylight = state.daylight
    world.random = _Noise(step)
    unit = np.array(size) // 9
    view = crafter.engine.LocalView(world, textures, (9, 7))(player, unit)
    held = dict(zip(ITEMS, state.player.inventory.values(), strict=True))
    strip = crafter.engine.ItemView(textures, (9, 2))(held, unit)
    expected = np.zeros((*size, 3), dtype=np.uint8)
    x, y = (np.array(size) - unit * 9) // 2
    joined = np.concatenate([view, strip], axis=1)
    expected[x : x + joined.shape[0], y : y + joined.shape[1]] = joined
    difference = np.abs(render(state, size).astype(int) - expected.transpose(1, 0, 2).astype(int))
    assert difference.max() <= 2  # Crafter rounds to whole levels in between


class _Textures:
    """Stands in for Crafter's textures, with our sprites, indexed [x, y]."""

    def get(self, name: str, size: np.ndarray) -> np.ndarray:
        return resize(sprite(name), int(size[0]), int(size[1])).swapaxes(0, 1)


class _Noise:
    """Stands in for Crafter's random numbers, to give its night our noise."""

    def __init__(self, step: int) -> None:
        self._step = step

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> np.ndarray:
        assert (low, high) == (32, 127)
        return 2 * noise(self._step, shape[0] * shape[1]).reshape(shape[::-1]).T


def _peer(objects: Any, world: Any, entity: ObjectState, player: Any) -> Any:
    cell = tuple(entity.position)
    if isinstance(entity, ZombieState | SkeletonState):
        return getattr(objects, type(entity).__name__.removesuffix("State"))(world, cell, player)
    if isinstance(entity, ArrowState):
        return objects.Arrow(world, cell, tuple(entity.facing))
    peer = getattr(objects, type(entity).__name__.removesuffix("State"))(world, cell)
    if isinstance(entity, PlantState):
        peer.grown = entity.grown
    return peer
