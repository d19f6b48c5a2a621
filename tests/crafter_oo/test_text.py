"""Text views: letters, words for directions, and what each view may tell."""

import hashlib

import pytest
from arena import meadow

from envs.crafter_oo.state import (
    LEFT,
    RIGHT,
    ArrowState,
    CowState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import OBJECT_KINDS, Material
from envs.crafter_oo.text import (
    MATERIAL_LETTERS,
    OBJECT_LETTERS,
    ascii_map,
    describe,
    map_text,
    observation_text,
)


def small_world() -> WorldState:
    """A 6 x 4 area, the player at (2, 1)."""
    state = meadow(size=(6, 4), at=(2, 1))
    for x, material in enumerate((Material.WATER, Material.SAND, Material.TREE, Material.LAVA)):
        state.set_material(x, 3, material)
    state.create_object(ZombieState, Position(4, 0))
    state.create_object(ArrowState, Position(1, 1), facing=LEFT)
    return state


def test_every_material_and_object_has_its_own_letter() -> None:
    assert len(MATERIAL_LETTERS) == len(Material)
    assert sorted(OBJECT_LETTERS) == sorted(OBJECT_KINDS)
    letters = [*MATERIAL_LETTERS, *OBJECT_LETTERS.values()]
    assert len(set(letters)) == len(letters)


def test_letters_are_those_of_the_golden_maps() -> None:
    named = {material.slug: MATERIAL_LETTERS[material] for material in Material if material}
    assert named == {
        "water": "~",
        "grass": ".",
        "stone": "#",
        "path": "=",
        "sand": ":",
        "tree": "T",
        "lava": "L",
        "coal": "C",
        "iron": "I",
        "diamond": "D",
        "table": "+",
        "furnace": "F",
    }


def test_map_text_has_a_line_per_row_from_north_to_south() -> None:
    assert map_text(small_world().materials) == "......\n......\n......\n~:TL.."


def test_map_text_of_plain_grass_has_a_known_digest() -> None:
    text = map_text(meadow().materials)
    assert text == "\n".join(["." * 64] * 64)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "428754d691d790b2"


def test_ascii_map_writes_objects_over_materials() -> None:
    assert ascii_map(small_world()) == "....Z.\n.^@...\n......\n~:TL.."


def test_ascii_map_with_a_reach_is_centred_and_blank_outside() -> None:
    assert ascii_map(small_world(), (3, 2)) == ("       \n ....Z.\n .^@...\n ......\n ~:TL..")


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        ((0, -2), "2 steps to your north"),
        ((1, 0), "1 step to your east"),
        ((-3, 2), "5 steps to your south-west"),
        ((4, -3), "7 steps to your north-east"),
    ],
)
def test_description_says_how_far_and_where(offset: tuple[int, int], words: str) -> None:
    state = meadow()
    state.create_object(CowState, state.player.position + offset)
    assert f"- cow {words}\n" in describe(state)


def test_description_names_the_nearest_of_a_kind() -> None:
    state = meadow()
    for x in (29, 34, 36):
        state.create_object(CowState, Position(x, 32))
    assert describe(state).count("cow") == 1
    assert "- cow 2 steps to your east" in describe(state)


def test_description_breaks_ties_towards_the_north_then_the_west() -> None:
    state = meadow()
    for cell in ((33, 32), (31, 32), (32, 31), (32, 33)):
        state.set_material(*cell, Material.TREE)
    assert "- tree 1 step to your north\n" in describe(state)
    state.set_material(32, 31, Material.GRASS)
    assert "- tree 1 step to your west\n" in describe(state)


def test_description_tells_nothing_beyond_the_window() -> None:
    state = meadow()
    text = describe(state)
    for x, y in ((27, 32), (37, 32), (32, 28), (32, 36)):
        state.set_material(x, y, Material.DIAMOND)
        state.create_object(ZombieState, Position(x, y))
    assert describe(state) == text


def test_description_faces_the_object_before_the_material() -> None:
    state = meadow(facing=RIGHT)
    state.set_material(33, 32, Material.SAND)
    assert "You face sand at your front." in describe(state)
    state.create_object(SkeletonState, Position(33, 32))
    assert "You face skeleton at your front." in describe(state)
    edge = meadow(at=(0, 0), facing=LEFT)
    assert "You face nothing." in describe(edge)


def test_description_says_asleep_or_dead_first() -> None:
    assert describe(meadow()).startswith("You see:")
    assert describe(meadow(sleeping=True)).startswith("You are sleeping.\n\nYou see:")
    assert describe(meadow(health=0, sleeping=True)).startswith("You are dead.")


def test_description_lists_vitals_and_only_what_is_held() -> None:
    text = describe(meadow(food=3, sapling=2))
    assert "- health: 9/9\n- food: 3/9\n- drink: 9/9\n- energy: 9/9" in text
    assert text.endswith("Your inventory:\n- sapling: 2")
    assert describe(meadow()).endswith("You have nothing in your inventory.")


def test_report_gives_counters_with_two_decimals_and_every_item() -> None:
    text = observation_text(meadow(hunger=3.5, thirst=20.0, fatigue=-8.0, recover=-0.5, wood=4))
    for line in (
        "- position: (32, 32)",
        "- facing: east",
        "- sleeping: no",
        "- hunger: 3.50",
        "- thirst: 20.00",
        "- fatigue: -8.00",
        "- recovery: -0.50",
        "- wood: 4",
        "- iron_sword: 0",
        "Target: grass at (33, 32)",
    ):
        assert line in text.split("\n"), line


def test_report_draws_nineteen_rows_and_objects_within_nine_steps() -> None:
    state = meadow(at=(5, 32))
    state.create_object(ZombieState, Position(14, 32))  # 9 steps
    state.create_object(CowState, Position(13, 34))  # 10 steps, inside the square
    view = observation_text(state).split("Local view (up to 9 steps):\n")[1].split("\n\n")[0]
    rows = view.split("\n")
    assert [len(row) for row in rows] == [19] * 19
    assert rows[9] == "    .....@........Z"
    assert "c" not in view


def test_report_separates_near_from_distant() -> None:
    state = meadow()
    state.set_material(32, 41, Material.IRON)  # 9 steps
    state.set_material(20, 32, Material.IRON)  # 12 steps
    state.create_object(PlantState, Position(33, 30))
    state.create_object(SkeletonState, Position(63, 0))
    near, distant = observation_text(state).split("Nearest in the distant view:\n")
    assert "- iron: distance 9, 9 steps south, at (32, 41)" in near
    assert "- plant: distance 3, 2 steps north, 1 step east, at (33, 30)" in near
    assert "- grass: distance 0, here, at (32, 32)" in near
    assert "- skeleton: not present" in near
    assert "- iron: distance 12, 12 steps west, at (20, 32)" in distant
    assert "- plant: not present" in distant
    assert "- skeleton: distance 63, 32 steps north, 31 steps east, at (63, 0)" in distant
