"""What the farmer does and feels, one rule at a time."""

from typing import Any

import pytest
from farms import AHEAD, Fixed, after, farm, held, put

from envs.homestead.engine import transition
from envs.homestead.rules.farmer import RIPE
from envs.homestead.state import Fox, Hen, Pebble, Sprout
from envs.homestead.tables import EAST, FULL, OPEN_GROUND, SOUTH, WEST, Material


@pytest.mark.parametrize("material", list(Material))
def test_the_farmer_walks_on_open_ground_alone(material: Material):
    state = after(farm(material), "go_east")
    assert state.farmer.position == (AHEAD if material in OPEN_GROUND else (4, 4))


def test_the_farmer_turns_even_where_something_is_in_the_way():
    state = farm()
    state.add(Sprout, (4, 5))
    state = after(state, "go_south")
    assert (state.farmer.position, state.farmer.gaze) == ((4, 4), SOUTH)


def test_the_farmer_stays_on_the_farm():
    state = farm()
    state.farmer.position = (0, 4)
    assert after(state, "go_west").farmer.position == (0, 4)
    assert held(after(state, "go_west", "use", lucky=True)) == {}


USES: list[tuple[Material, dict[str, int], bool, dict[str, int], Material]] = [
    (Material.MEADOW, {}, False, {}, Material.MEADOW),
    (Material.MEADOW, {}, True, {"grain": 1}, Material.MEADOW),
    (Material.MEADOW, {"spade": 1}, False, {"spade": 1}, Material.SOIL),
    (Material.SOIL, {"spade": 1}, True, {"spade": 1}, Material.SOIL),
    (Material.GROVE, {}, False, {"wood": 1}, Material.GROVE),
    (Material.REEDS, {}, False, {}, Material.REEDS),
    (Material.REEDS, {}, True, {"reed": 1}, Material.REEDS),
    (Material.CLAY_PIT, {}, True, {}, Material.CLAY_PIT),
    (Material.CLAY_PIT, {"spade": 1}, False, {"spade": 1, "clay": 1}, Material.CLAY_PIT),
    (Material.CLAY_PIT, {"spade": 1}, True, {"spade": 1, "clay": 1}, Material.POND),
    (Material.ROCK, {}, False, {}, Material.ROCK),
    (Material.ROCK, {}, True, {"stone": 1}, Material.ROCK),
    (Material.ROCK, {"mallet": 1}, False, {"mallet": 1, "stone": 1}, Material.MEADOW),
    (Material.FENCE, {}, False, {"wood": 1}, Material.MEADOW),
    (Material.BARN, {}, True, {}, Material.BARN),
    (Material.KILN, {}, True, {}, Material.KILN),
]


@pytest.mark.parametrize(("material", "items", "lucky", "then", "left"), USES)
def test_use_on_a_material(
    material: Material, items: dict[str, int], lucky: bool, then: dict[str, int], left: Material
):
    state = after(farm(material, **items), "use", lucky=lucky)
    assert (held(state), state.material(AHEAD)) == (then, left)


@pytest.mark.parametrize(
    ("material", "chance"),
    [(Material.MEADOW, 0.1), (Material.REEDS, 0.3), (Material.ROCK, 0.2)],
)
def test_the_chance_of_a_find(material: Material, chance: float):
    draws = Fixed(lucky=False)
    transition(farm(material), "use", draws)
    assert draws.asked[0] == chance


def test_a_pit_that_cannot_be_dug_draws_nothing():
    draws = Fixed(lucky=True)
    transition(farm(Material.CLAY_PIT), "use", draws)
    assert draws.asked == [0.02], "the weather alone"


def test_the_basket_holds_twelve_of_an_item():
    assert held(after(farm(Material.GROVE, wood=FULL), "use")) == {"wood": FULL}
    state = farm(Material.SOIL, grain=11)
    state.add(Sprout, AHEAD, height=RIPE)
    assert held(after(state, "use")) == {"grain": FULL}


@pytest.mark.parametrize(("material", "watered"), [(Material.POND, 7), (Material.WELL, 9)])
def test_drinking_slakes_thirst_and_sets_its_counter_back(material: Material, watered: int):
    me = after(farm(material, watered=5, dryness=9.0), "use").farmer
    assert (me.watered, me.dryness) == (watered, 0.75)
    assert after(farm(material, watered=11), "use").farmer.watered == FULL


def test_a_hot_kiln_burns():
    assert after(farm(Material.HOT_KILN, vigour=5), "use").farmer.vigour == 4


def test_a_hen_lays_with_luck_and_then_broods():
    state = farm()
    state.add(Hen, AHEAD)
    draws = Fixed(lucky=True)
    lucky = transition(state, "use", draws)
    assert held(lucky) == {"egg": 1}
    assert next(lucky.of_kind(Hen)).brood == 9, "ten, less one for the step itself"
    assert draws.asked[0] == 0.4
    assert held(after(state, "use")) == {}


def test_a_brooding_hen_lays_nothing():
    state = farm()
    state.add(Hen, AHEAD, brood=1)
    assert held(after(state, "use", lucky=True)) == {}


@pytest.mark.parametrize(("items", "nerve"), [({}, 2), ({"spade": 1}, 1)])
def test_a_fox_loses_nerve_and_more_to_a_spade(items: dict[str, int], nerve: int):
    state = farm(**items)
    state.add(Fox, AHEAD)
    assert next(after(state, "use").of_kind(Fox)).nerve == nerve


def test_a_fox_without_nerve_is_gone_before_it_bites():
    state = farm()
    state.add(Fox, AHEAD, nerve=1)
    state = after(state, "use")
    assert state.things == []
    assert state.farmer.vigour == FULL


@pytest.mark.parametrize(("height", "grain"), [(RIPE - 1, {}), (RIPE, {"grain": 3})])
def test_ripe_sprouts_are_harvested(height: int, grain: dict[str, int]):
    state = farm(Material.SOIL)
    state.add(Sprout, AHEAD, height=height)
    state = after(state, "use")
    assert held(state) == grain
    assert len(state.things) == (0 if grain else 1)


def test_a_pebble_is_picked_up():
    state = farm()
    state.add(Pebble, AHEAD)
    assert held(after(state, "use")) == {"stone": 1}


def test_an_egg_is_eaten_first_and_cures():
    state = after(farm(egg=1, grain=1, fed=3, vigour=5, appetite=7.0), "eat")
    me = state.farmer
    assert (held(state), me.fed, me.vigour, me.appetite) == ({"grain": 1}, 7, 6, 0.5)
    state = after(state, "eat")
    assert (held(state), state.farmer.fed, state.farmer.vigour) == ({}, 9, 6)
    assert after(state, "eat").farmer.fed == 9


@pytest.mark.parametrize("material", list(Material))
def test_grain_is_sown_in_soil_alone(material: Material):
    state = after(farm(material, grain=2), "sow")
    is_sown = material == Material.SOIL
    assert held(state) == {"grain": 1 if is_sown else 2}
    assert [thing.position for thing in state.things] == ([AHEAD] if is_sown else [])


def test_a_new_sprout_does_not_grow_in_the_step_of_its_sowing():
    state = after(farm(Material.SOIL, grain=1), "sow")
    assert next(state.of_kind(Sprout)).height == 0


def test_nothing_is_sown_or_built_or_thrown_onto_somebody():
    state = farm(Material.SOIL, grain=1, wood=1, stone=2, brick=1)
    state.add(Sprout, AHEAD)
    before = held(state)
    for action in ("sow", "build_fence", "build_well", "throw"):
        assert held(after(state, action)) == before


def test_a_stone_is_thrown_ahead():
    state = after(farm(stone=1), "throw")
    (pebble,) = state.of_kind(Pebble)
    assert (pebble.position, pebble.heading, held(state)) == (AHEAD, EAST, {})
    assert held(after(farm(Material.ROCK, stone=1), "throw")) == {"stone": 1}
    assert after(farm(), "throw").things == []


@pytest.mark.parametrize("material", list(Material))
def test_fences_are_built_on_open_ground(material: Material):
    state = after(farm(material, wood=1), "build_fence")
    is_built = material in OPEN_GROUND
    assert state.material(AHEAD) == (Material.FENCE if is_built else material)
    assert held(state) == ({} if is_built else {"wood": 1})


PRICES: list[tuple[str, dict[str, int]]] = [
    ("build_fence", {"wood": 1}),
    ("build_well", {"stone": 2, "brick": 1}),
    ("light_kiln", {"wood": 1}),
    ("bake", {"clay": 1}),
    ("make_spade", {"wood": 1, "reed": 1}),
    ("make_mallet", {"wood": 1, "brick": 1}),
]


@pytest.mark.parametrize(("action", "price"), PRICES)
def test_deeds_cost_their_price_and_all_of_it_is_needed(action: str, price: dict[str, int]):
    ahead = Material.KILN if action == "light_kiln" else Material.MEADOW
    place = {(4, 3): Material.HOT_KILN, (4, 2): Material.BARN}
    gain = {"bake": "brick", "make_spade": "spade", "make_mallet": "mallet"}.get(action)
    done = after(put(farm(ahead, **price), place), action)
    assert held(done) == ({gain: 1} if gain else {})
    for item, count in price.items():
        short = {**price, item: count - 1}
        state = after(put(farm(ahead, **short), place), action)
        assert held(state) == {each: n for each, n in short.items() if n}
        assert state.material(AHEAD) == ahead


def test_a_well_is_built():
    assert after(farm(stone=2, brick=1), "build_well").material(AHEAD) == Material.WELL


def test_a_kiln_is_lit_in_dry_weather_alone():
    state = farm(Material.KILN, wood=1)
    assert after(state, "light_kiln").material(AHEAD) == Material.HOT_KILN
    state.raining = True
    state = after(state, "light_kiln")
    assert (state.material(AHEAD), held(state)) == (Material.KILN, {"wood": 1})


NEAR: list[tuple[str, dict[str, int], Material, int]] = [
    ("bake", {"clay": 1}, Material.HOT_KILN, 1),
    ("make_spade", {"wood": 1, "reed": 1}, Material.BARN, 2),
    ("make_mallet", {"wood": 1, "brick": 1}, Material.BARN, 2),
]


@pytest.mark.parametrize(("action", "items", "material", "reach"), NEAR)
def test_work_is_done_near_its_place(
    action: str, items: dict[str, int], material: Material, reach: int
):
    for distance in range(1, 5):
        state = put(farm(**items), {(4, 4 - distance): material})
        assert (held(after(state, action)) != items) == (distance <= reach)
    diagonal = put(farm(**items), {(5, 5): material})
    assert (held(after(diagonal, action)) != items) == (reach == 2)


COUNTERS: list[tuple[str, str, int]] = [
    ("fed", "appetite", 21),
    ("watered", "dryness", 17),
    ("rested", "weariness", 31),
]


@pytest.mark.parametrize(("need", "counter", "steps"), COUNTERS)
def test_needs_fall_by_one_after_so_many_waking_steps(need: str, counter: str, steps: int):
    state = after(farm(), *["wait"] * (steps - 1))
    assert getattr(state.farmer, need) == FULL
    state = after(state, "wait")
    assert (getattr(state.farmer, need), getattr(state.farmer, counter)) == (FULL - 1, 0.0)


def test_needs_fall_more_slowly_at_rest_and_rest_comes_back():
    me = after(farm(rested=3, resting=True), "wait").farmer
    assert (me.appetite, me.dryness, me.weariness) == (0.25, 0.25, -1.0)
    me = after(farm(rested=3, resting=True), *["wait"] * 4).farmer
    assert (me.rested, me.weariness, me.resting) == (4, 0.0, True)


def test_one_who_rests_does_nothing_else():
    state = after(farm(Material.GROVE, rested=3), "rest", "use", "go_west")
    assert (held(state), state.farmer.gaze, state.farmer.resting) == ({}, EAST, True)


def test_the_farmer_gets_up_when_rested():
    state = after(farm(rested=11), "rest", *["go_west"] * 3)
    assert (state.farmer.rested, state.farmer.resting) == (FULL, False)
    assert after(state, "go_west").farmer.gaze == WEST
    assert not after(farm(), "rest").farmer.resting


@pytest.mark.parametrize(("needs", "strain"), [(1, 0.5), (2, 1.0), (3, 1.5)])
def test_each_unmet_need_strains(needs: int, strain: float):
    unmet: Any = dict.fromkeys(("fed", "watered", "rested")[:needs], 0)
    assert after(farm(**unmet), "wait").farmer.strain == strain


def test_strain_costs_vigour_above_six_and_eases_when_needs_are_met():
    me = after(farm(fed=0, strain=6.0), "wait").farmer
    assert (me.vigour, me.strain) == (FULL - 1, 0.0)
    assert after(farm(fed=0, strain=5.5), "wait").farmer.vigour == FULL
    assert after(farm(strain=6.0), "wait").farmer.strain == 5.75
    assert after(farm(strain=0.0), "wait").farmer.strain == 0.0


def test_rest_mends_and_twice_as_fast_by_the_barn():
    weak: Any = {"vigour": 5, "rested": 3, "resting": True}
    assert after(farm(**weak), "wait").farmer.mending == 1.0
    by_barn = put(farm(**weak), {(4, 2): Material.BARN})
    assert after(by_barn, "wait").farmer.mending == 2.0
    me = after(farm(**weak, mending=10.0), "wait").farmer
    assert (me.vigour, me.mending) == (6, 0.0)
    assert after(farm(vigour=5, mending=10.0), "wait").farmer.mending == 10.0


@pytest.mark.parametrize("need", ["fed", "watered"])
def test_the_hungry_and_thirsty_do_not_mend(need: str):
    weak: Any = {"vigour": 5, "rested": 3, "resting": True, need: 0}
    assert after(farm(**weak), "wait").farmer.mending == 0.0


def test_after_the_end_of_a_life_nothing_changes():
    state = farm(vigour=0)
    state.add(Hen, AHEAD)
    assert after(state, "go_west", "use", lucky=True) == state


@pytest.mark.parametrize("action", [16, -1, "fly"])
def test_an_unknown_action_is_refused(action: Any):
    with pytest.raises(ValueError, match=r"0\.\.15 or one of wait, .*make_mallet; got"):
        transition(farm(), action)


def test_indices_and_slugs_name_the_same_actions():
    assert transition(farm(), 4) == transition(farm(), "go_east")
