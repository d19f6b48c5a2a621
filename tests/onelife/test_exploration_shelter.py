"""Shutting oneself in: what is found is done in a world, and the room is looked at."""

from onelife.toy_explorables import STEPS, Field, ToyWorld, quarry, wall_up

from worldmodels.onelife.exploration.routes import Terrain, Way, ways
from worldmodels.onelife.exploration.shelter import Wall, burrow, shelter
from worldmodels.onelife.scenes import Cell

ROCK = ("#########", "#.......#", "#.......#", "#########", "#########", "#########", "#########")
WORLD = ToyWorld(Field(ROCK), {"take": quarry, "wall": wall_up})
MOVES = {step: action for action, step in STEPS.items()}


def terrain_of(field: Field) -> Terrain:
    scene = WORLD.scene(field)
    return Terrain(scene, {"lawn"}, {"wall"}, {"wall"}, {"wall": "take"}, MOVES)


def done(field: Field, actions: list[str]) -> Field:
    for action in actions:
        field = WORLD.step(field, action)
    return field


def room_of(field: Field) -> set[Cell] | None:
    return terrain_of(field).room(field.position, 3)


def test_from_a_hole_in_rock_it_digs_on_and_closes_the_hole() -> None:
    field = Field(ROCK, position=(4, 3), facing=(0, 1)).put((4, 3), ".")
    found = shelter(terrain_of(field), (field.position, field.facing), Wall("wall", {"lawn"}, 0))
    assert found is not None
    assert room_of(field) is None
    assert room_of(done(field, found)) is not None


def test_what_is_shut_in_already_does_nothing() -> None:
    cell = ("#####", "##.##", "#####")
    field = Field(cell, position=(2, 1))
    assert shelter(terrain_of(field), ((2, 1), (0, 1)), Wall("wall", {"lawn"}, 0)) == []


def test_whoever_stands_in_the_room_is_not_shut_in_with() -> None:
    cell = ("#####", "#..##", "#####")
    field = Field(cell, position=(2, 1), hunter=(1, 1))
    found = shelter(terrain_of(field), ((2, 1), (-1, 0)), Wall("wall", {"lawn"}, 0))
    assert found != []


def test_open_ground_without_anything_to_place_is_no_shelter() -> None:
    lawn = ("#" * 12, *("#" + "." * 10 + "#" for _ in range(8)), "#" * 12)
    field = Field(lawn, position=(5, 4))
    assert shelter(terrain_of(field), ((5, 4), (0, 1)), Wall("wall", {"lawn"}, 0)) is None


def test_a_burrow_is_dug_where_two_cells_have_rock_around() -> None:
    field = Field(ROCK, position=(4, 1))
    start = (field.position, field.facing)
    plans = [burrow(terrain_of(field), way) for way in ways(terrain_of(field), start, {}, 20)]
    found = next(plan for plan in plans if plan is not None)
    assert done(field, found).position[1] == 3


def test_no_burrow_is_dug_where_a_wall_would_be_missing() -> None:
    thin = ("#######", "#.....#", "##...##", "##.#.##", "##...##", "#######")
    field = Field(thin, position=(3, 2))
    assert burrow(terrain_of(field), Way(((3, 2), (0, 1)), 0, {})) is None


def test_a_shut_room_is_not_broken_open_on_the_way() -> None:
    cells = ("#######", "#.#...#", "#######", "#######", "#######")
    field = Field(cells, position=(1, 1))
    room = {(1, 1)}
    reached = {way.place[0] for way in ways(terrain_of(field), ((1, 1), (1, 0)), {}, 12, room)}
    assert (1, 3) in reached
    assert (3, 1) not in reached
