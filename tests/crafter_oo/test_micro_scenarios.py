"""Small situations whose outcome was measured on Crafter 1.8.3: grass, no balance; both engines."""

import pytest
from arena import ONE, ZERO, meadow
from engines import ArrayEngine, Engine

from envs.crafter_oo.engine import transition
from envs.crafter_oo.state import (
    ArrowState,
    CowState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
)
from envs.crafter_oo.tables import Material

pytestmark = pytest.mark.usefixtures("quick_compilation")

AHEAD = Position(33, 32)


@pytest.fixture(scope="module", params=[Engine, ArrayEngine], ids=["objects", "arrays"])
def engine(request: pytest.FixtureRequest) -> Engine:
    made: Engine = request.param()
    return made


def changes(states: list[WorldState], item: str) -> dict[int, int]:
    """Step -> new value, wherever an item changed."""
    counts = [getattr(state.player.inventory, item) for state in states]
    return {t: counts[t] for t in range(1, len(counts)) if counts[t] != counts[t - 1]}


def countdown(steps: list[int], start: int) -> dict[int, int]:
    return {step: start - i for i, step in enumerate(steps)}


def test_idleness_starves_at_the_measured_steps(engine: Engine):
    states = engine.play(meadow(), "noop", 338)
    food = [26, 52, 78, 104, 130, 156, 182, 208, 234]
    health = [210, 226, 242, 258, 274, 290, 306, 322, 338]
    assert changes(states, "food") == countdown(food, 8)
    assert changes(states, "drink") == countdown(list(range(21, 190, 21)), 8)
    assert changes(states, "energy") == countdown(list(range(31, 280, 31)), 8)
    assert changes(states, "health") == countdown(health, 8)
    assert engine.transition_full(states[337], "noop", ONE).terminated


def test_sleep_restores_energy_and_ends_when_rested(engine: Engine):
    states = engine.play(meadow(energy=3), lambda t: "sleep" if t == 1 else "noop", 67)
    assert changes(states, "energy") == {11: 4, 22: 5, 33: 6, 44: 7, 55: 8, 66: 9}
    assert changes(states, "food") == {51: 8}
    assert changes(states, "drink") == {41: 8}
    assert states[66].player.sleeping
    assert not states[67].player.sleeping
    assert states[67].player.achievements.wake_up == 1


def test_wake_up_scenario_lasts_twelve_steps(engine: Engine):
    states = engine.play(meadow(energy=8), "sleep", 12)
    assert [state.player.fatigue for state in states[1:11]] == [-float(t) for t in range(1, 11)]
    assert states[11].player.inventory.energy == 9
    assert [state.player.sleeping for state in states[1:]] == [True] * 11 + [False]
    assert engine.transition(states[11], "sleep", ONE)[1] == 1.0


def test_zombie_strikes_every_sixth_step(engine: Engine):
    world = meadow()
    world.create_object(ZombieState, AHEAD)
    states = engine.play(world, "noop", 13, ZERO)
    assert changes(states, "health") == {1: 7, 7: 5, 13: 3}
    cooldowns = [next(state.of_type(ZombieState)).cooldown for state in states[1:8]]
    assert cooldowns == [5, 4, 3, 2, 1, 0, 5]


def test_zombie_hits_a_sleeper_harder(engine: Engine):
    world = meadow(energy=5, sleeping=True)
    world.create_object(ZombieState, AHEAD)
    states = engine.play(world, "noop", 7, ZERO)
    assert states[1].player.health == 2
    assert states[1].player.sleeping
    assert not states[2].player.sleeping
    assert states[7].player.health == 0


def test_plant_ripens_after_301_updates(engine: Engine):
    states = engine.play(meadow(sapling=1), lambda t: "place_plant" if t == 1 else "noop", 302)
    plants = [next(state.of_type(PlantState)) for state in states[1:]]
    assert engine.transition(states[0], "place_plant", ONE)[1] == 1.0
    assert plants[0].grown == 0
    assert [plant.ripe for plant in plants[299:302]] == [False, False, True]


def test_eating_a_ripe_plant_feeds_and_keeps_the_hunger_counter(engine: Engine):
    world = meadow(food=3, hunger=10.0)
    world.create_object(PlantState, AHEAD, grown=301)
    after, reward = engine.transition(world, "do", ONE)
    assert (after.player.inventory.food, after.player.hunger, reward) == (7, 11.0, 1.0)
    assert next(after.of_type(PlantState)).grown == 1


def test_killed_zombie_still_strikes_in_that_step(engine: Engine):
    world = meadow(iron_sword=1)
    world.create_object(ZombieState, AHEAD)
    after, reward = engine.transition(world, "do", ZERO)
    assert not list(after.of_type(ZombieState))
    assert (after.player.health, after.player.achievements.defeat_zombie) == (7, 1)
    assert reward == pytest.approx(0.8)


def test_lava_kills(engine: Engine):
    world = meadow()
    world.set_material(*AHEAD, Material.LAVA)
    result = engine.transition_full(world, "move_right", ONE)
    assert (result.state.player.health, result.terminated) == (0, True)
    assert result.reward == pytest.approx(-0.9)
    assert result.info["discount"] == 0.0


def test_waking_and_collecting_in_one_step_rewards_once(engine: Engine):
    world = meadow(sleeping=True)
    world.set_material(*AHEAD, Material.TREE)
    after, reward = engine.transition(world, "do", ONE)
    achievements = after.player.achievements
    assert (achievements.wake_up, achievements.collect_wood, reward) == (1, 1, 1.0)


def test_collecting_with_full_pockets_still_fells_the_tree(engine: Engine):
    world = meadow(wood=9)
    world.set_material(*AHEAD, Material.TREE)
    after, reward = engine.transition(world, "do", ONE)
    assert (after.player.inventory.wood, reward) == (9, 1.0)
    assert after.get_tile(AHEAD)[0] == "grass"
    assert after.player.achievements.collect_wood == 1


def test_arrow_flies_and_hurts(engine: Engine):
    world = meadow()
    world.create_object(ArrowState, Position(35, 32), facing=Position(-1, 0))
    states = engine.play(world, "noop", 3)
    flights = [[tuple(a.position) for a in state.of_type(ArrowState)] for state in states[1:]]
    assert flights == [[(34, 32)], [(33, 32)], []]
    assert states[3].player.health == 7


@pytest.mark.parametrize("station", [Material.TABLE, Material.FURNACE])
def test_arrow_breaks_tables_and_furnaces(engine: Engine, station: Material):
    world = meadow()
    world.set_material(34, 40, station)
    world.create_object(ArrowState, Position(35, 40), facing=Position(-1, 0))
    after, _ = engine.transition(world, "noop", ONE)
    assert after.get_tile((34, 40)) == ("path", None)
    assert not list(after.of_type(ArrowState))


def test_health_recovers_every_26_steps(engine: Engine):
    states = engine.play(meadow(health=5), "noop", 52)
    assert changes(states, "health") == {26: 6, 52: 7}


@pytest.mark.parametrize(
    ("cell", "works"), [((0, 5), False), ((5, 0), False), ((63, 5), True), ((1, 1), True)]
)
def test_crafting_fails_on_the_left_column_and_top_row(
    engine: Engine, cell: tuple[int, int], works: bool
):
    world = meadow(at=cell, wood=1)
    x, y = cell
    world.set_material(x - 1 if x == 63 else x + 1, y, Material.TABLE)
    made = engine.transition(world, "make_wood_pickaxe", ONE)[0].player.inventory.wood_pickaxe
    assert bool(made) == works
    mended, _ = transition(world, "make_wood_pickaxe", ONE, fix_edge_nearby=True)
    assert mended.player.inventory.wood_pickaxe == 1  # of arrays: see test_stepper


@pytest.mark.parametrize(
    ("sword", "hits"),
    [
        (None, (5, 3, 3)),
        ("wood_sword", (3, 2, 2)),
        ("stone_sword", (2, 1, 1)),
        ("iron_sword", (1, 1, 1)),
    ],
)
def test_blows_to_kill(engine: Engine, sword: str | None, hits: tuple[int, int, int]):
    for kind, expected in zip((ZombieState, CowState, SkeletonState), hits, strict=True):
        state = meadow(**({sword: 1} if sword else {}))
        state.set_material(33, 33, Material.STONE)  # where the zombie would step aside
        state.create_object(kind, AHEAD)
        states = engine.play(state, "do", expected)
        assert [bool(list(s.of_type(kind))) for s in states] == [True] * expected + [False]


def test_cow_feeds_and_stills_hunger(engine: Engine):
    world = meadow(food=2, hunger=20.0)
    world.create_object(CowState, AHEAD, health=1)
    after, reward = engine.transition(world, "do", ONE)
    assert (after.player.inventory.food, after.player.hunger, reward) == (8, 1.0, 1.0)


def test_zombie_beside_a_plant_tramples_it(engine: Engine):
    world = meadow()
    world.create_object(PlantState, Position(40, 32))
    world.create_object(CowState, Position(41, 32))
    assert not list(engine.transition(world, "noop", ONE)[0].of_type(PlantState))


def test_objects_out_of_range_stand_still(engine: Engine):
    world = meadow()
    world.create_object(PlantState, Position(32 + 18, 32))
    world.create_object(PlantState, Position(32 + 17, 31))
    world.create_object(PlantState, Position(32 + 17, 32))
    after, _ = engine.transition(world, "noop", ONE)
    assert [plant.grown for plant in after.of_type(PlantState)] == [0, 0, 1]


def test_skeleton_reloads_for_four_steps(engine: Engine):
    world = meadow()
    world.create_object(SkeletonState, Position(36, 32))
    states = engine.play(world, "noop", 5, ZERO)
    assert [next(state.of_type(SkeletonState)).reload for state in states[1:]] == [4, 3, 2, 1, 4]
    assert sum(len(list(states[t].of_type(ArrowState))) > 0 for t in (1, 2)) == 2


def test_player_health_wins_over_the_inventory():
    world = meadow()
    world.player.health = 2
    after, _ = transition(world, "noop", ONE)
    assert (after.player.health, after.player.inventory.health) == (2, 2)


@pytest.mark.parametrize("action", [-1, 17, "jump", "Move West (left)"])
def test_unknown_actions_are_refused(action: int | str):
    with pytest.raises(ValueError, match=r"an action is an index 0\.\.16 or one of noop"):
        transition(meadow(), action)
