"""What hens, foxes, sprouts, pebbles and the weather do by themselves, one rule at a time."""

from typing import Any

import pytest
from farms import AHEAD, Fixed, after, farm, put

from envs.homestead.engine import initial_state, transition
from envs.homestead.rules.country import populate
from envs.homestead.state import Cell, FarmState, Fox, Hen, Pebble, Sprout, light_at
from envs.homestead.tables import DIRECTIONS, EAST, FULL, NORTH, Material

ROCKS = dict.fromkeys([(6, 3), (6, 5), (7, 4)], Material.ROCK)


def fox_at(cell: Cell, **fields: Any) -> FarmState:
    state = farm()
    state.add(Fox, cell, **fields)
    return state


def place_of(state: FarmState) -> Cell:
    return state.things[0].position


@pytest.mark.parametrize("number", range(4))
def test_a_lucky_hen_goes_one_step_in_the_direction_drawn(number: int):
    state = farm()
    state.add(Hen, (2, 6))
    step = DIRECTIONS[number]
    assert place_of(after(state, "wait", lucky=True, number=number)) == (2 + step[0], 6 + step[1])
    assert place_of(after(state, "wait", number=number)) == (2, 6)


def test_a_hen_stays_where_its_way_is_blocked():
    state = put(farm(), ROCKS)
    state.add(Hen, (6, 4))
    state.add(Sprout, (5, 4))
    for number in range(4):
        assert place_of(after(state, "wait", lucky=True, number=number)) == (6, 4)


def test_brood_counts_down_to_nothing():
    state = farm()
    state.add(Hen, (2, 6), brood=1)
    assert [next(after(state, *["wait"] * n).of_kind(Hen)).brood for n in (1, 2)] == [0, 0]


HUNTS: list[tuple[Cell, Cell]] = [
    ((8, 4), (7, 4)),
    ((8, 5), (7, 5)),
    ((5, 7), (5, 6)),
    ((6, 6), (5, 6)),
    ((2, 2), (3, 2)),
    ((3, 1), (3, 2)),
]


@pytest.mark.parametrize(("start", "end"), HUNTS)
def test_a_fox_comes_along_the_longer_way_and_along_x_if_both_are_as_long(start: Cell, end: Cell):
    draws = Fixed(lucky=True)
    assert place_of(transition(fox_at(start), "wait", draws)) == end
    assert draws.asked[0] == 0.7


def test_a_fox_wanders_without_luck_or_far_away():
    assert place_of(after(fox_at((8, 4)), "wait", number=0)) == (8, 3)
    far = farm()
    far.farmer.position = (0, 4)
    far.add(Fox, (7, 4))
    assert place_of(after(far, "wait", lucky=True, number=0)) == (7, 3)
    near = farm()
    near.farmer.position = (1, 4)
    near.add(Fox, (7, 4))
    assert place_of(after(near, "wait", lucky=True, number=0)) == (6, 4)


def test_a_fox_beside_the_farmer_bites_and_then_has_patience():
    state = after(fox_at(AHEAD), "wait")
    (fox,) = state.of_kind(Fox)
    assert (state.farmer.vigour, fox.patience, fox.position) == (FULL - 1, 4, AHEAD)
    vigour = [after(state, *["wait"] * n).farmer.vigour for n in range(1, 6)]
    assert vigour == [FULL - 1] * 4 + [FULL - 2]


def test_patience_passes_far_from_the_farmer_too():
    assert next(after(fox_at((8, 8), patience=2), "wait").of_kind(Fox)).patience == 1


def test_a_bite_at_rest_is_worse_and_wakes():
    state = fox_at(AHEAD)
    state.farmer.resting, state.farmer.rested = True, 3
    me = after(state, "wait").farmer
    assert (me.vigour, me.resting) == (FULL - 2, False)


def test_a_bite_can_end_a_life():
    state = fox_at(AHEAD)
    state.farmer.vigour = 1
    assert not state.is_over
    assert after(state, "wait").is_over


@pytest.mark.parametrize(("raining", "height"), [(False, 4), (True, 5)])
def test_sprouts_grow_twice_as_fast_in_rain(raining: bool, height: int):
    state = farm()
    state.raining = raining
    state.add(Sprout, (1, 1), height=3)
    assert next(after(state, "wait").of_kind(Sprout)).height == height


@pytest.mark.parametrize("kind", [Hen, Fox])
@pytest.mark.parametrize(("cell", "is_eaten"), [((1, 2), True), ((2, 1), True), ((2, 2), False)])
def test_sprouts_die_beside_a_hen_or_a_fox(kind: type[Hen | Fox], cell: Cell, is_eaten: bool):
    around = [(1, 3), (2, 3), (3, 1), (3, 2), (0, 2), (2, 0)]
    state = put(farm(), dict.fromkeys(around, Material.ROCK))
    state.add(Sprout, (1, 1))
    state.add(kind, cell)
    assert any(after(state, "wait").of_kind(Sprout)) != is_eaten


def test_a_sprout_beside_a_sprout_lives():
    state = farm()
    state.add(Sprout, (1, 1))
    state.add(Sprout, (1, 2))
    assert len(after(state, "wait").things) == 2


@pytest.mark.parametrize("material", list(Material))
def test_what_a_pebble_flies_over(material: Material):
    state = put(farm(), {(6, 4): material})
    state.add(Pebble, AHEAD, heading=EAST)
    flies = {Material.MEADOW, Material.SOIL, Material.POND, Material.REEDS}
    places = [thing.position for thing in after(state, "wait").things]
    assert places == ([(6, 4)] if material in flies else [])


def test_a_pebble_vanishes_at_the_border_and_at_a_sprout():
    state = farm()
    state.add(Pebble, (3, 0), heading=NORTH)
    state.add(Pebble, (7, 7), heading=EAST)
    state.add(Sprout, (8, 7))
    assert [thing.kind for thing in after(state, "wait").things] == ["sprout"]


@pytest.mark.parametrize(("nerve", "left"), [(3, [1]), (2, []), (1, [])])
def test_a_pebble_frightens_a_fox(nerve: int, left: list[int]):
    state = put(farm(), {(7, 4): Material.ROCK})
    state.add(Pebble, AHEAD, heading=EAST)
    state.add(Fox, (6, 4), nerve=nerve)
    state = after(state, "wait")
    assert [fox.nerve for fox in state.of_kind(Fox)] == left
    assert not any(state.of_kind(Pebble))


def test_a_pebble_puts_a_hen_off_laying():
    state = farm()
    state.add(Pebble, AHEAD, heading=EAST)
    state.add(Hen, (6, 4))
    (hen,) = after(state, "wait").things
    assert isinstance(hen, Hen)
    assert hen.brood == 9


def test_light_falls_and_rises_within_sixty_hours():
    assert [light_at(hour) for hour in (0, 15, 30, 45, 60)] == [1, 0.5, 0, 0.5, 1]
    dark = [hour for hour in range(60) if farm(hour=hour).is_dark]
    assert dark == list(range(19, 42))


@pytest.mark.parametrize(("raining", "chance"), [(False, 0.02), (True, 0.1)])
def test_the_weather_changes_with_luck(raining: bool, chance: float):
    state = farm(hour=3)
    state.raining = raining
    draws = Fixed(lucky=True)
    changed = transition(state, "wait", draws)
    assert (changed.raining, changed.hour, draws.asked) == (not raining, 4, [chance])
    assert after(state, "wait").raining == raining


def test_rain_puts_every_kiln_out_and_rain_that_just_began_none():
    hot = {(1, 1): Material.HOT_KILN, (7, 7): Material.HOT_KILN}
    state = put(farm(), hot)
    begins = after(state, "wait", lucky=True)
    assert begins.raining
    assert begins.material((1, 1)) == Material.HOT_KILN
    ends = after(begins, "wait")
    assert [ends.material(cell) for cell in hot] == [Material.KILN] * 2


def test_creatures_come_every_eighth_step_and_in_each_region():
    counts = [len(after(farm(hour=hour), "wait", lucky=True).things) for hour in range(16)]
    assert [hour for hour, count in enumerate(counts) if count] == [7, 15]
    assert counts[7] == 4
    assert farm().regions() == [(0, 0), (0, 7), (7, 0), (7, 7)]


@pytest.mark.parametrize(("hour", "kind", "chance"), [(24, Fox, 0.2), (8, Hen, 0.1)])
def test_foxes_come_in_the_dark_and_hens_by_day(hour: int, kind: type[Fox | Hen], chance: float):
    state, draws = farm(hour=hour), Fixed(lucky=True)
    populate((0, 0), state, draws)
    (thing,) = state.things
    assert (type(thing), thing.position, draws.asked[0]) == (kind, (0, 0), chance)
    populate((0, 0), state, Fixed(lucky=True))
    foxes_by_day = [type(each) for each in state.things]
    assert foxes_by_day == [kind], "one in a region is enough"


def test_one_that_comes_keeps_its_distance_and_needs_a_free_meadow():
    state, draws = farm(hour=24), Fixed(lucky=True)
    populate((0, 0), state, draws)
    far = [(x, y) for x in range(7) for y in range(7) if abs(x - 4) + abs(y - 4) >= 4]
    assert draws.asked[1] == len(far)
    walled = farm(hour=24)
    walled.cells[:7, :7] = Material.SOIL
    populate((0, 0), walled, draws)
    assert walled.things == []


def test_nobody_comes_onto_somebody_else():
    state, draws = farm(hour=24), Fixed(lucky=True)
    state.add(Hen, (0, 0))
    populate((0, 0), state, draws)
    assert [thing.position for thing in state.things] == [(0, 0), (0, 1)]


def test_foxes_leave_by_day_with_luck_and_others_stay():
    state, draws = farm(hour=8), Fixed(lucky=True)
    state.add(Fox, (1, 1))
    state.add(Hen, (2, 2))
    state.add(Fox, (8, 8))
    populate((0, 0), state, draws)
    assert [(thing.kind, thing.id) for thing in state.things] == [("hen", 2), ("fox", 3)]
    assert draws.asked == [0.3]
    night = farm(hour=24)
    night.add(Fox, (1, 1))
    populate((0, 0), night, Fixed(lucky=True))
    assert len(night.things) == 1


@pytest.mark.parametrize("seed", [*range(10), 146, 156])  # the first draw of the last two fails
def test_a_farm_has_every_material_within_reach_and_hens_at_a_distance(seed: int):
    state = initial_state(seed)
    built = {Material.FENCE, Material.WELL, Material.HOT_KILN}
    assert set(state.cells.ravel().tolist()) == set(Material) - built
    assert state.is_near(state.farmer.position, Material.BARN, 2)
    assert state.material(state.farmer.position) == Material.MEADOW
    assert [thing.kind for thing in state.things] == ["hen"] * 3
    reached, pending = {state.farmer.position}, [state.farmer.position]
    beside = set()
    for x, y in pending:
        for cell in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            material = state.material(cell)
            beside.add(material)
            if material in (Material.MEADOW, Material.SOIL) and cell not in reached:
                reached.add(cell)
                pending.append(cell)
    assert beside >= set(Material) - built


def test_seeds_and_episodes_give_farms_of_their_own():
    assert initial_state(1) == initial_state(1)
    assert initial_state(1) != initial_state(2)
    assert initial_state(1) != initial_state(1, episode=2)
    assert initial_state(1).key != initial_state(2).key
    with pytest.raises(ValueError, match=r"at least 12 x 12 cells, got size \(9, 12\)"):
        initial_state(0, size=(9, 12))
