"""What the explorer carries and consumes, and what it takes for an effect of its deeds."""

import dataclasses

import pytest
from onelife.toy_explorables import Field, ToyWorld, explorer_after

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import Context, facing_of, held_by
from worldmodels.onelife.exploration.explorer import Explorer
from worldmodels.onelife.exploration.names import Names
from worldmodels.onelife.exploration.practice import Practice, Result
from worldmodels.onelife.exploration.safety import Safety
from worldmodels.onelife.scenes import Scene, Thing

LAWN = ("#####", "#...#", "#...#", "#w..#", "#####")


def drink(field: Field) -> Field:
    """A twig is juicy, and so is a brick; nothing else is."""
    for item in ("twig", "brick"):
        if field.counts[item]:
            return field.gain(**{item: -1, "water": 3})
    return field


def meal(explorer: Explorer, world: ToyWorld, state: Field) -> float:
    """Worth of drinking, whatever is faced."""
    scene = world.scene(state)
    context = explorer.curiosity.context(scene, (state.position, facing_of(scene.agent)))
    return explorer.curiosity.meal(scene, "drink", context, held_by(scene))


def thirsty_explorer() -> tuple[Explorer, ToyWorld, Field]:
    """One that has drunk a twig once, beside many times in vain, and is thirsty again."""
    first = Field(LAWN, position=(1, 1), facing=(0, 1)).gain(water=-5)
    world = ToyWorld(first, {"drink": drink})
    explorer, state = explorer_after(world, *["rest"] * 12, *["drink"] * 20)
    rich = state.gain(twig=1)
    explorer.see(world.scene(rich), "drink", world.scene(world.step(rich, "drink")))
    explorer.body.falls["water"] |= {"rest", "drink"}
    explorer.body.highest["water"] = 9
    return explorer, world, state


def test_who_is_thirsty_drinks_what_is_at_hand_whatever_is_faced() -> None:
    explorer, world, state = thirsty_explorer()
    assert meal(explorer, world, state.gain(twig=1)) > 1
    assert meal(explorer, world, dataclasses.replace(state.gain(twig=1), facing=(0, -1))) > 1
    assert meal(explorer, world, state) == 0  # nothing is at hand
    assert explorer.wishes.here(*here(explorer, world, state.gain(twig=1)))[1] == "drink"


def here(
    explorer: Explorer, world: ToyWorld, state: Field
) -> tuple[Scene, Context, dict[str, int]]:
    """What `Wishes.here` is asked."""
    scene = world.scene(state)
    place = (state.position, facing_of(scene.agent))
    return scene, explorer.curiosity.context(scene, place), held_by(scene)


def test_in_vain_without_what_it_takes_a_deed_is_no_less_a_remedy() -> None:
    explorer, _, _ = thirsty_explorer()
    assert explorer.body.remedies(explorer.practice, "water")


def test_what_else_may_be_drunk_is_tried_when_the_need_is_there() -> None:
    explorer, world, state = thirsty_explorer()
    assert meal(explorer, world, state.gain(brick=1)) > 1
    poor = state.gain(brick=1)
    explorer.see(world.scene(poor), "drink", world.scene(poor))  # as if bricks were dry
    assert meal(explorer, world, poor) == 0


def test_what_was_consumed_for_nothing_is_tried_again_when_a_need_has_no_remedy() -> None:
    """Who eats when full learns only that it is gone."""
    state = Field(LAWN, position=(1, 1), facing=(0, 1))
    world = ToyWorld(state, {"drink": drink})
    explorer, _ = explorer_after(world)
    rich = state.gain(twig=1)
    explorer.see(world.scene(rich), "drink", world.scene(world.step(rich, "drink")))
    explorer.body.falls["water"] |= {"rest", "drink"}
    explorer.body.highest["water"] = 9
    assert meal(explorer, world, state.gain(twig=1)) == 0
    assert meal(explorer, world, state.gain(twig=1, water=-6)) > 1


def test_what_a_mystery_may_need_is_kept_for_it_while_there_is_time() -> None:
    explorer, world, state = thirsty_explorer()
    fair = state.gain(twig=1, water=3)
    assert not explorer.body.is_low(world.scene(fair), "water")
    kept = meal(explorer, world, fair)
    for mystery in explorer.curiosity.trials.mysteries:  # in vain, with a twig at hand
        explorer.see(world.scene(fair), mystery, world.scene(fair))
    assert 0 < kept < 1 < meal(explorer, world, fair)
    assert meal(explorer, world, state.gain(twig=1)) > 1


def test_a_danger_that_is_faced_is_struck_though_actions_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    field = Field(LAWN, position=(2, 2), facing=(1, 0), hunter=(3, 2))
    world = ToyWorld(field)
    explorer, _ = explorer_after(world, "west", "east")
    deed = explorer.practice.deed("take", ("kind", "hunter"))
    deed.tries, deed.successes, deed.touches["teeth"] = 2, 1, 2
    explorer.body.grounds["hunter"].add("lawn")
    assert "rest" not in explorer.practice.turns
    assert explorer.act(world.scene(field)) != "east"
    monkeypatch.setattr(Body, "is_danger", lambda self, kind: True)
    assert {explorer.act(world.scene(field)) for _ in range(9)} == {"take"}


def test_of_what_serves_in_turn_nothing_is_the_price_but_some_must_be_at_hand() -> None:
    practice = Practice(ToyWorld(Field(LAWN)).scene(Field(LAWN)))
    context = Context(("material", "lawn"), (), (), frozenset(), frozenset(), frozenset())
    for item in ("twig", "brick"):
        practice.learn("drink", dataclasses.replace(context, stock=((item, 1),)), used(item))
    assert practice.cost("drink") == {}
    assert practice.can("drink", context, {"brick": 1})
    assert not practice.can("drink", context, {"rope": 1})
    practice.learn("plait", context, used("twig"))
    assert practice.cost("plait") == {"twig": 1}


def used(item: str) -> Result:
    """One of an item is gone."""
    none: frozenset[str] = frozenset()
    return Result({}, none, {item: 1}, None, none, none, none, False)


def changed(makes: str | None = None, *, gains: str = "") -> Result:
    """The target is something else at the cost of a twig, or something is gained."""
    none: frozenset[str] = frozenset()
    losses = {"twig": 1} if makes and not gains else {}
    return Result({gains: 1} if gains else {}, none, losses, makes, none, none, none, False)


def test_what_can_be_taken_back_is_no_station() -> None:
    practice = Practice(ToyWorld(Field(LAWN)).scene(Field(LAWN)))
    on_lawn = Context(("material", "lawn"), (), (), frozenset(), frozenset(), frozenset())
    practice.learn("build", on_lawn, changed("bench"))
    assert practice.stations == {"bench": "build"}
    on_bench = dataclasses.replace(on_lawn, target=("material", "bench"))
    practice.learn("carve", on_bench, changed(gains="rope"))  # beside it, not of it
    assert practice.stations == {"bench": "build"}
    practice.learn("take", on_bench, changed("lawn", gains="twig"))
    practice.learn("build", on_lawn, changed("bench"))
    assert practice.stations == {}


def test_a_cell_that_only_changes_may_have_changed_by_itself() -> None:
    """It must do so again before the action is believed to have done it."""
    practice = Practice(ToyWorld(Field(LAWN)).scene(Field(LAWN)))
    context = Context(("material", "well"), (), (), frozenset(), frozenset(), frozenset())
    none: frozenset[str] = frozenset()
    result = Result({}, none, {}, "lawn", none, none, none, False)
    practice.learn("stamp", context, result)
    assert practice.is_mystery("stamp")
    practice.learn("stamp", context, result)
    assert not practice.is_mystery("stamp")


def test_what_falls_whatever_is_done_was_not_done() -> None:
    """A counter that runs down under three actions is no wound."""
    field = Field(LAWN, position=(1, 1), facing=(1, 0), hunter=(2, 1))
    world = ToyWorld(field, {"poke": lambda f: f, "shout": lambda f: f})
    explorer, _ = explorer_after(world)
    before, after = (with_teeth(world.scene(field), n) for n in (3, 2))
    for action in ("poke", "poke", "shout"):
        explorer.see(before, action, after)
    assert explorer.practice.deed("poke", ("kind", "hunter")).successes
    assert explorer.safety.strike("hunter") == "poke"
    explorer.see(before, "rest", after)
    assert not explorer.practice.deed("poke", ("kind", "hunter")).successes
    assert explorer.safety.strike("hunter") is None
    explorer.see(before, "poke", after)
    assert explorer.practice.is_mystery("poke")


def with_teeth(scene: Scene, teeth: int) -> Scene:
    """With another number of the hunter."""
    hunter = Thing(7, "hunter", scene.things[0].position, {"teeth": teeth})
    return dataclasses.replace(scene, things=(hunter,))


def test_a_mystery_is_tried_on_what_its_name_mentions() -> None:
    first = Field(("#####", "#...#", "#..w#", "#####"), position=(2, 2), facing=(1, 0))
    world = ToyWorld(first, {"seal_well": lambda field: field, "seal": lambda field: field})
    explorer, _ = explorer_after(world, "east", "take", "west", "east")
    scene, context, held = here(explorer, world, first)
    named = explorer.curiosity.on_target(scene, "seal_well", context, held)
    assert named > 2 * explorer.curiosity.on_target(scene, "seal", context, held) > 0
    names = Names(("seal_well", "twist_twig"), world.scene(first))
    assert names.targets("seal_well") == {"well"}
    assert names.targets("twist_twig") == frozenset()


def test_an_unknown_flag_is_raised_when_a_need_is_nearly_empty() -> None:
    first = Field(LAWN, position=(1, 1)).gain(water=-7)
    world = ToyWorld(first)
    explorer, state = explorer_after(world, "south")
    explorer.body.falls["water"] |= {"rest", "take"}
    explorer.body.highest["water"] = 9
    scene = world.scene(state)
    assert explorer.curiosity.respite(scene, "rest") == 0  # it raises no flag
    deed = explorer.practice.deed("rest", ("material", "lawn"))
    deed.tries = deed.successes = 1
    deed.sets = {"asleep"}
    assert explorer.curiosity.respite(scene, "rest") > 1
    assert explorer.curiosity.respite(world.scene(state.gain(water=5)), "rest") == 0
    deed.tries = 9
    assert explorer.curiosity.respite(scene, "rest") == 0  # enough is known of it


@pytest.mark.parametrize(("rested", "leaves"), [(1, False), (5, True)])
def test_who_falls_asleep_soon_stays_in_though_hungry(
    rested: int, leaves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Field(LAWN, position=(1, 1)).gain(water=-9)
    world = ToyWorld(first)
    explorer, state = explorer_after(world, "south")
    explorer.body.falls["water"] |= {"rest", "take"}
    explorer.body.highest["water"] = 9
    monkeypatch.setattr(Safety, "_is_tired", lambda self, scene, share: rested / 9 < share)
    assert explorer.safety._must_leave(world.scene(state)) is leaves
