"""The array stepper is the object engine, field by field, on the same draws."""

import functools
from typing import Any

import jax
import numpy as np
import pytest
from arena import meadow
from lockstep import (
    PARAMS,
    Lockstep,
    assert_same_arrays,
    edit,
    jitted,
    packed,
    random_policy,
    row,
    scripted_policy,
    stack,
)

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import initial_state
from envs.crafter_oo.params import CrafterParams
from envs.crafter_oo.rules.balance import BALANCES
from envs.crafter_oo.state import (
    UP,
    ArrowState,
    CowState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.stepper.convert import from_arrays, to_arrays
from envs.crafter_oo.stepper.engine import transition
from envs.crafter_oo.stepper.env import CrafterStepper
from envs.crafter_oo.stepper.lookup import balance_limits
from envs.crafter_oo.stepper.state import StepperParams
from envs.crafter_oo.tables import ACHIEVEMENTS, DAY_LENGTH, Action, Material

pytestmark = pytest.mark.usefixtures("quick_compilation")

NUM = 16
"""Worlds in a batch, the same in all tests, which share what is compiled."""

SMALL = StepperParams(
    world=CrafterParams(area=(15, 9), view=(5, 6), fix_edge_nearby=True), max_objects=96
)


def live(worlds: Lockstep, steps: int, scripted: int, edited: int) -> set[str]:
    """Play: some worlds scripted, the others at random; the last `edited` are meddled with."""
    num = len(worlds.states)
    policies = [scripted_policy(i) if i < scripted else random_policy(i) for i in range(num)]
    random, unlocked = np.random.default_rng(worlds.states[0].draws.key), set()
    for step in range(1, steps + 1):
        for index in range(num - edited, num):
            if random.random() < 0.3:
                worlds.put(index, edit(random, worlds.states[index]))
        pairs = zip(policies, worlds.states, strict=True)
        worlds.step([policy(state) for policy, state in pairs])
        if step % 5 == 0:
            worlds.check_round_trip()
        for state in worlds.states:
            unlocked.update(state.player.achievements.unlocked())
        worlds.bury()
    return unlocked


def test_both_engines_agree_on_scripted_random_and_edited_worlds() -> None:
    unlocked = live(Lockstep(range(NUM)), steps=80, scripted=6, edited=8)
    everyday = {"collect_wood", "collect_stone", "collect_drink", "place_table", "place_plant"}
    assert unlocked >= everyday | {"make_wood_pickaxe", "defeat_zombie", "eat_cow", "wake_up"}


def test_both_engines_agree_in_a_small_odd_world_with_crafting_mended_at_the_border() -> None:
    worlds = Lockstep(range(8), SMALL)
    live(worlds, 80, 2, 4)
    for index, cell in enumerate([(0, 4), (5, 0), (14, 4), (1, 1)]):
        state = meadow(SMALL.world.area, cell, wood=1)
        state.view, state.draws = SMALL.world.view, KeyedDraws(index)
        state.set_material(
            *(cell[0] - 1 if cell[0] == 14 else cell[0] + 1, cell[1]), Material.TABLE
        )
        worlds.put(index, state)
    worlds.step([Action.MAKE_WOOD_PICKAXE] * 8)
    assert [state.player.inventory.wood_pickaxe for state in worlds.states[:4]] == [1] * 4


@pytest.mark.reproduction
def test_a_hundred_thousand_transitions_are_equal(capsys: pytest.CaptureFixture[str]) -> None:
    worlds, unlocked = [], set()
    for first in range(0, 200, 50):
        worlds.append(Lockstep(range(first, first + 50)))
        unlocked |= live(worlds[-1], steps=500, scripted=20, edited=15)
    with capsys.disabled():
        count = sum(each.num_steps for each in worlds)
        print(f"\nlockstep: {count} transitions, 0 differences; {len(unlocked)} achievements")  # noqa: T201  # the point of the run
    assert unlocked == set(ACHIEVEMENTS)


def test_both_engines_agree_on_a_dead_skeleton_in_line_with_the_player() -> None:
    worlds = Lockstep(range(NUM))
    for key in range(NUM):  # it flees along its own cell, in which it does not stand any more
        state = meadow()
        state.draws = KeyedDraws(key)
        state.create_object(SkeletonState, Position(34, 32), health=0)
        worlds.put(key, state)
    worlds.step([0] * NUM)


def test_both_engines_agree_on_a_player_who_is_blocked_beside_or_in_lava() -> None:
    worlds = Lockstep(range(NUM))
    for key in range(NUM):
        state = meadow()
        state.draws = KeyedDraws(key)
        state.set_material(33, 32, Material.LAVA)
        if key % 2:  # an arrow is in the way: the player stays where it is, unharmed
            state.create_object(ArrowState, Position(33, 32), facing=UP)
        if key % 3 == 0:  # it stands in lava already, and finds out when it tries to move
            state.set_material(32, 32, Material.LAVA)
            state.set_material(33, 32, Material.STONE if key % 4 else Material.LAVA)
        worlds.put(key, state)
    worlds.step([Action.MOVE_RIGHT] * NUM)


@functools.cache
def some_states() -> tuple[WorldState, ...]:
    """Worlds with a bit of everything."""
    random = np.random.default_rng(5)
    worlds = [initial_state(draws=KeyedDraws(key)) for key in range(NUM)]
    return tuple(edit(random, edit(random, edit(random, state))) for state in worlds)


@functools.cache
def single() -> Any:
    """One step of one world, jitted; compiled once for all tests."""
    return jax.jit(lambda state, action: transition(state, action, PARAMS))


@pytest.mark.reproduction  # for the time it takes to compile; environments are compared by default
def test_a_batch_is_its_worlds_one_by_one() -> None:
    states = [to_arrays(state, PARAMS) for state in some_states()]
    actions = np.arange(NUM, dtype=np.int32) % 17
    together, _ = jax.device_get(jitted(PARAMS)(stack(states), actions))
    for index, state in enumerate(states):
        one = jax.device_get(single()(state, actions[index]))
        assert_same_arrays(packed(one), packed(row(together, index)))


@pytest.mark.reproduction  # for the time it takes to compile
def test_a_batch_of_batches_is_a_batch() -> None:
    states = stack([to_arrays(state, PARAMS) for state in some_states()])
    actions = np.arange(NUM, dtype=np.int32) % 17
    flat, _ = jax.device_get(jitted(PARAMS)(states, actions))
    nested = jax.tree.map(lambda leaf: leaf.reshape(4, NUM // 4, *leaf.shape[1:]), states)
    twice = jax.jit(jax.vmap(jax.vmap(lambda state, action: transition(state, action, PARAMS))))
    deep = jax.device_get(twice(nested, actions.reshape(4, NUM // 4)))
    flat_again = jax.tree.map(lambda leaf: leaf.reshape(NUM, *leaf.shape[2:]), deep)
    for index in range(NUM):
        assert_same_arrays(packed(row(flat_again, index)), packed(row(flat, index)))


@pytest.mark.reproduction  # for the time it takes without a compiler
def test_without_jit_a_step_is_the_same() -> None:
    state = to_arrays(some_states()[0], PARAMS)
    action = np.int32(Action.MOVE_LEFT)
    plain = jax.device_get(transition(jax.tree.map(jax.numpy.asarray, state), action, PARAMS))
    assert_same_arrays(plain, jax.device_get(single()(state, action)))


def test_an_unknown_action_is_a_noop() -> None:
    states = stack([to_arrays(some_states()[0], PARAMS)] * NUM)
    actions = np.zeros(NUM, np.int32)
    actions[1:3] = -1, 17
    after, _ = jax.device_get(jitted(PARAMS)(states, actions))
    for index in (1, 2):
        assert_same_arrays(row(after, index), row(after, 0))


SLOTS = PARAMS.max_objects


def crowded(count: int, kind: Any, step: int = 0, **player: Any) -> WorldState:
    """A meadow with so many creatures, the first of them around the player."""
    state = meadow(step=step, **player)
    state.draws = KeyedDraws(1, step)
    cells = sorted(
        (Position(x, y) for x in range(0, 64, 4) for y in range(0, 64, 4) if (x, y) != (32, 32)),
        key=lambda cell: cell.distance((32, 32)),
    )
    for cell in cells[:count]:
        state.create_object(kind, cell)
    return state


def run(state: WorldState, steps: int, action: int = 0) -> Any:
    """The world after so many steps, by the batched step, which is compiled already."""
    batch = stack([to_arrays(state, PARAMS)] * NUM)
    for _ in range(steps):
        batch, _ = jitted(PARAMS)(batch, np.full(NUM, action, np.int32))
    return row(jax.device_get(batch), 0)


def test_arrows_beyond_the_slots_are_refused_and_counted() -> None:
    full = run(crowded(SLOTS - 1, SkeletonState), steps=9)
    assert int(full.overflow) > 0
    assert int(full.num_slots) <= SLOTS
    assert int(run(crowded(SLOTS // 2, SkeletonState), steps=9).overflow) == 0


def test_creatures_beyond_the_slots_are_refused_and_counted() -> None:
    night = run(crowded(SLOTS - 2, SkeletonState, step=209), steps=1)  # zombies come
    assert int(night.overflow) > 0
    assert int(night.num_slots) == SLOTS


def test_a_sapling_beyond_the_slots_stays_in_the_pocket() -> None:
    after = run(crowded(SLOTS - 1, CowState, sapling=1), 1, Action.PLACE_PLANT)
    assert int(after.overflow) == 1
    assert from_arrays(after, PARAMS).player.inventory.sapling == 1


def test_the_count_of_what_was_refused_comes_in_info() -> None:
    after = run(crowded(SLOTS - 1, CowState, sapling=1), 1, Action.PLACE_PLANT)
    assert int(CrafterStepper().info(after, PARAMS)["overflow"]) == 1


def test_gaps_are_closed_when_slots_run_short() -> None:
    state = crowded(0, CowState)
    for index in range(100):  # arrows that fly up into stone, and are gone
        state.create_object(ArrowState, Position(25 + index % 15, 22 + index // 15), facing=UP)
    for column in range(64):
        state.set_material(column, 21, Material.STONE)
    state.create_object(ZombieState, Position(50, 50))
    after = run(state, steps=12)
    assert int(after.num_slots) < len(state.objects) - 10
    assert from_arrays(after, PARAMS).objects[1].name == "zombie"


def test_too_many_objects_are_refused_with_the_remedy() -> None:
    state = initial_state(draws=KeyedDraws(0))
    with pytest.raises(ValueError, match=r"do not fit into 8 slots; .* larger max_objects"):
        to_arrays(state, StepperParams(max_objects=8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: setattr(s.player, "health", 3), "player.health 3 and player.inventory.health"),
        (lambda s: s.event_bus.append("hello"), "arrays hold no events"),
        (lambda s: setattr(s, "daylight", 0.3), "daylight 0.3 is not that of step 0"),
        (lambda s: setattr(s, "draws", initial_state(seed=0).draws), "needs KeyedDraws"),
        (lambda s: setattr(s, "view", (7, 7)), "the parameters are for area"),
        (lambda s: setattr(s.player, "facing", Position(1, 1)), "none of the four directions"),
        (lambda s: setattr(s.objects[1], "health", 2**15), "beyond what arrays hold"),
        (
            lambda s: s.create_object(ArrowState, Position(32, 40), facing=Position(0, 0)),
            "which is none of the four directions",
        ),
    ],
)
def test_what_arrays_cannot_say_is_refused(change: Any, message: str) -> None:
    state = initial_state(draws=KeyedDraws(0))
    state.objects = [e for e in state.objects if e.position != (32, 40)]
    state = from_arrays(to_arrays(_renumbered(state), PARAMS), PARAMS)
    change(state)
    with pytest.raises(ValueError, match=message):
        to_arrays(state, PARAMS)


def _renumbered(state: WorldState) -> WorldState:
    """Chunks that hold just the objects that are left."""
    ids = {entity.entity_id for entity in state.objects}
    for chunk in state.chunks:
        chunk.objects = [i for i in chunk.objects if i in ids]
    return state


def test_a_batch_is_not_taken_for_a_world() -> None:
    batch = stack([to_arrays(state, PARAMS) for state in some_states()])
    with pytest.raises(ValueError, match="takes one world, got a batch"):
        from_arrays(batch, PARAMS)


@pytest.mark.parametrize("slots", [1, 256])
def test_a_number_of_slots_out_of_range_is_refused(slots: int) -> None:
    with pytest.raises(ValueError, match=r"max_objects is in 2\.\.255"):
        StepperParams(max_objects=slots)


def test_the_limits_of_a_day_hold_for_every_day() -> None:
    table = balance_limits()
    for step in range(20_000):
        light = daylight_at(step)
        limits = [[int(rule.fewest(light)), int(rule.most(light))] for rule in BALANCES]
        assert table[step % DAY_LENGTH].tolist() == limits
