"""What the explorer thinks a deed is worth."""

import dataclasses

import pytest
from onelife.toy_explorables import Field, ToyWorld, carve, explorer_after

from worldmodels.onelife.exploration.contexts import facing_of, held_by
from worldmodels.onelife.exploration.curiosity import Curiosity
from worldmodels.onelife.exploration.explorer import Explorer
from worldmodels.onelife.exploration.ground import Ground
from worldmodels.onelife.exploration.wishes import Wishes
from worldmodels.onelife.scenes import Cell

LAWN = ("#####", "#...#", "#.b.#", "#w..#", "#####")


def worth(explorer: Explorer, world: ToyWorld, state: Field, action: str) -> float:
    """Of a deed on what is faced."""
    scene = world.scene(state)
    place = (scene.agent.position, facing_of(scene.agent))
    context = explorer.curiosity.context(scene, place)
    return explorer.curiosity.on_target(scene, action, context, held_by(scene))


def test_bare_hands_are_tried_on_the_first_obstacles_that_withstand() -> None:
    world = ToyWorld(Field(LAWN, position=(3, 1)))
    facing_wall = Field(LAWN, position=(3, 1), facing=(1, 0))
    facing_well = Field(LAWN, position=(1, 2), facing=(0, 1))
    explorer, _ = explorer_after(world, "west", "east")
    explorer.practice.deed("take", ("material", "bush")).successes = 1  # no mystery any more
    before = worth(explorer, world, facing_well, "take")
    for letter in "#x":
        shut = facing_wall.put((4, 1), letter)
        explorer.see(world.scene(shut), "take", world.scene(shut))
    assert worth(explorer, world, facing_well, "take") < before / 2


def test_a_need_that_rose_once_under_a_deed_is_filled_at_once() -> None:
    thirsty = Field(LAWN, position=(1, 2), facing=(0, 1)).gain(water=-5)
    world = ToyWorld(thirsty)
    explorer, state = explorer_after(world, *["rest"] * 12, "take")
    explorer.body.falls["water"] |= {"rest", "take"}
    explorer.body.highest["water"] = 9
    scene = world.scene(state)
    context = explorer.curiosity.context(scene, (state.position, state.facing))
    assert explorer.curiosity.fills(scene, "take", context) > 1
    full = world.scene(state.gain(water=9))
    assert not explorer.curiosity.fills(full, "take", context)


@pytest.mark.parametrize(("other", "share"), [("carve_rope", 0.1), ("mould_rope", 1.0)])
def test_a_trial_is_worth_little_away_from_where_kin_worked(other: str, share: float) -> None:
    """Carving works beside a bench only, so other carving is not expected to work elsewhere."""
    cells = ("#######", *["#.....#"] * 4, "#....t#", "#######")
    first = Field(cells, position=(1, 1))
    far = first.gain(twig=2)
    near = dataclasses.replace(far, position=(4, 4))
    world = ToyWorld(first, {"carve_bowl": carve, other: lambda field: field})
    explorer, _ = explorer_after(world)
    for field in (far, near):  # in vain, and with success
        explorer.see(world.scene(field), "carve_bowl", world.scene(world.step(field, "carve_bowl")))
    assert not explorer.practice.is_mystery("carve_bowl")
    expected = explorer.curiosity.trials.expected(other)
    assert expected == ({"twig"} if other.startswith("carve") else set())
    scene = world.scene(far)
    context = explorer.curiosity.context(scene, (far.position, far.facing))
    trials = explorer.curiosity.trials
    found = trials.worth(other, context, held_by(scene))
    trials.names.kin[other] = frozenset()
    assert found == pytest.approx(share * trials.worth(other, context, held_by(scene)))


def test_what_is_everywhere_is_tried_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a way to be safe: a chance may be small, and here it costs no way."""
    field = Field(LAWN, position=(1, 1), facing=(1, 0))
    world = ToyWorld(field)
    explorer, _ = explorer_after(world, "west", "east")
    explorer.practice.deed("take", ("material", "bush")).successes = 1  # no mystery any more
    scene = world.scene(field)
    for _ in range(6):
        explorer.see(scene, "take", scene)
    assert explorer.ground.is_common("lawn")
    assert not explorer.ground.is_common("well")
    before = worth(explorer, world, field, "take")
    monkeypatch.setattr(Curiosity, "walls", {"brick"})
    assert worth(explorer, world, field, "take") > 10 * before
    for _ in range(20):
        explorer.see(scene, "take", scene)
    assert worth(explorer, world, field, "take") < before  # enough is enough


def test_as_much_is_fetched_as_stations_take_that_may_have_to_be_made_anew() -> None:
    cells = ("#######", *["#.....#"] * 4, "#....t#", "#######")
    first = Field(cells, position=(4, 4))
    world = ToyWorld(first, {"carve_bowl": carve, "carve_spoon": lambda field: field})
    explorer, _ = explorer_after(world)
    rich = first.gain(twig=2)
    explorer.see(world.scene(rich), "carve_bowl", world.scene(world.step(rich, "carve_bowl")))
    supply = [explorer.curiosity._supply("twig", {"twig": count}) for count in range(5)]
    assert supply[1] > 2 * supply[2]
    explorer.practice.stations["bench"] = "build_bench"
    deed = explorer.practice.deed("build_bench", ("material", "lawn"))
    deed.tries = deed.successes = 1
    deed.losses["twig"] = 2
    provision = [explorer.curiosity._supply("twig", {"twig": count}) for count in range(5)]
    assert provision[:2] == supply[:2]
    assert provision[2] == provision[3] > 2 * supply[2]
    assert provision[4] == supply[4]


def test_what_flies_over_ground_does_not_show_that_it_is_safe() -> None:
    chasm = ("######", *["#..xx#"] * 3, "######")
    still = Field(chasm, hunter=(3, 1))
    world = ToyWorld(still)
    scene = world.scene(still)
    ground = Ground(scene)
    ground.notice(scene, scene, missiles=())
    assert "abyss" in ground.stood
    ground.notice(scene, scene, missiles={"hunter"})
    assert "abyss" not in ground.stood


WORKSHOP = ("###############", "#.............#", "#t...........w#", "###############")
"""A bench at the western end, a well at the eastern one, 12 steps from it."""


@pytest.mark.parametrize(
    ("position", "is_built"),
    [((2, 1), True), ((6, 1), False), ((13, 1), False)],
    ids=["beside the bench", "far from both, the well in reach", "beside the well"],
)
def test_a_station_is_made_again_where_it_can_stand_beside_another(
    position: Cell, is_built: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dug_at(position, WORKSHOP, monkeypatch) == is_built


def test_a_station_is_not_made_again_where_one_is_close_enough_for_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close = tuple(row[:-9] + row[-2:] for row in WORKSHOP)  # the well is 5 steps from the bench
    assert not dug_at((2, 1), close, monkeypatch)


def test_a_station_is_not_made_where_that_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not dug_at((2, 1), WORKSHOP, monkeypatch, failures=1)


def dug_at(
    position: Cell, cells: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, failures: int = 0
) -> bool:
    """Whether someone who made a bench and a well once, elsewhere, would make a well here."""
    monkeypatch.setattr(Wishes, "_promise", lambda *_: 1.0)
    field = Field(cells, position=position, facing=(0, -1)).put((position[0], 0), ".")
    world = ToyWorld(field, {"dig_well": lambda field: field})
    explorer, _ = explorer_after(world)
    explorer.practice.stations = {"bench": "build_bench", "well": "dig_well"}
    deed = explorer.practice.deed("dig_well", ("material", "wall"))
    deed.tries = deed.successes = 1
    deed.losses["twig"] = 1
    explorer.practice.deed("dig_well", ("material", "lawn")).tries = failures
    scene = world.scene(field.gain(twig=9))
    explorer.wishes.look(scene, is_end=False)
    context = explorer.curiosity.context(scene, (position, (0, -1)))
    return explorer.wishes.here(scene, context, held_by(scene))[1] == "dig_well"
