"""Both engines side by side, on the same draws: every field must be equal after every step."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from numpy.random import Generator

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import initial_state, reward_of, transition
from envs.crafter_oo.scripted import ScriptedPlayer
from envs.crafter_oo.state import (
    DIRECTIONS,
    ArrowState,
    CowState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    daylight_at,
)
from envs.crafter_oo.stepper.convert import from_arrays, to_arrays
from envs.crafter_oo.stepper.engine import transition as array_transition
from envs.crafter_oo.stepper.env import CrafterStepper
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.tables import ITEMS, Action, Material

PARAMS = StepperParams(max_objects=128)


def facts(state: WorldState) -> dict[str, Any]:
    """Everything there is in a state, by name."""
    fields = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    return fields | {"draws": state.draws.dumps()}


def packed(arrays: StepperState) -> StepperState:
    """The same world without empty slots between objects, which mean nothing."""
    kept = np.flatnonzero(arrays.objects.kind)
    size = len(arrays.objects.kind)

    def moved(column: Any) -> Any:
        return np.concatenate([column[kept], np.zeros(size - len(kept), column.dtype)])

    objects = jax.tree.map(moved, arrays.objects)
    occupant = np.zeros_like(arrays.occupant)
    for slot in range(len(kept)):
        occupant[objects.x[slot], objects.y[slot]] = slot + 1
    count = np.array(len(kept), np.int32)
    return dataclasses.replace(arrays, objects=objects, occupant=occupant, num_slots=count)


def assert_same_arrays(left: StepperState, right: StepperState) -> None:
    def compare(path: Any, a: Any, b: Any) -> None:
        np.testing.assert_array_equal(a, b, err_msg=jax.tree_util.keystr(path))
        assert a.dtype == b.dtype, path

    jax.tree_util.tree_map_with_path(compare, left, right)


class Lockstep:
    """A batch of worlds that both engines step.

    Args:
        keys: one per world.
        step: a batched step of the arrays; by default the stepper's, jitted.
        params: of the stepper; the area and view are those of the worlds.
    """

    def __init__(self, keys: range, params: StepperParams = PARAMS, step: Any = None) -> None:
        self.params = params
        area, view = params.world.area, params.world.view
        self.keys = iter(range(10**9 + keys.start, 2 * 10**9))  # of the worlds that come after
        self.states = [initial_state(area, view, draws=KeyedDraws(key)) for key in keys]
        self.arrays = stack([to_arrays(state, params) for state in self.states])
        self._step = step or jitted(params)
        self.num_steps = 0

    def step(self, actions: list[int]) -> None:
        """Step both, and compare states and rewards."""
        before, fix = self.states, self.params.world.fix_edge_nearby
        self.arrays, rewards = jax.device_get(self._step(self.arrays, np.array(actions, np.int32)))
        pairs = zip(before, actions, strict=True)
        self.states = [transition(s, a, fix_edge_nearby=fix)[0] for s, a in pairs]
        for index, state in enumerate(self.states):
            ours = facts(from_arrays(row(self.arrays, index), self.params))
            for name, value in facts(state).items():
                assert ours[name] == value, f"world {index}, step {state.step_count}: {name}"
            # XLA divides by 10 by multiplying with 0.1, which may round the last bit otherwise
            reward = np.float32(reward_of(before[index], state))
            np.testing.assert_array_max_ulp(rewards[index], reward, maxulp=1)
        self.num_steps += len(actions)

    def check_round_trip(self) -> None:
        """The arrays, made anew from the objects, are the same arrays."""
        for index, state in enumerate(self.states):
            ours = packed(row(self.arrays, index))
            assert_same_arrays(to_arrays(state, self.params), ours)

    def put(self, index: int, state: WorldState) -> None:
        """Let a world go on from another state."""
        self.states[index] = state
        new = to_arrays(state, self.params)

        def replaced(leaf: Any, value: Any) -> Any:
            leaf = np.array(leaf)
            leaf[index] = value
            return leaf

        self.arrays = jax.tree.map(replaced, self.arrays, new)

    def bury(self) -> None:
        """Replace the worlds whose player is dead, one step in ten after the death."""
        for index, state in enumerate(self.states):
            if state.player.health <= 0 and state.step_count % 10 == 0:
                area, view = self.params.world.area, self.params.world.view
                self.put(index, initial_state(area, view, draws=KeyedDraws(next(self.keys))))


def stack(worlds: list[StepperState]) -> StepperState:
    batch: StepperState = jax.tree.map(lambda *leaves: np.stack(leaves), *worlds)
    return batch


def row(batch: StepperState, index: int) -> StepperState:
    world: StepperState = jax.tree.map(lambda leaf: np.asarray(leaf[index]), batch)
    return world


_JITTED: dict[StepperParams, Any] = {}


def jitted(params: StepperParams) -> Any:
    """(states, actions) -> (next states, rewards), compiled once for each set of parameters."""
    if params not in _JITTED:
        core = CrafterStepper()

        def step(state: StepperState, action: Any) -> Any:
            after = array_transition(state, action, params)
            return after, core.reward(state, action, after, params)

        _JITTED[params] = jax.jit(jax.vmap(step))
    return _JITTED[params]


Policy = Callable[[WorldState], int]


def random_policy(seed: int) -> Policy:
    random = np.random.default_rng(seed)
    return lambda state: int(random.integers(len(Action)))


def scripted_policy(seed: int) -> Policy:
    """Mines, builds, fights, sleeps, and dies in the end."""
    player = ScriptedPlayer(seed)
    return lambda state: int(player.act(state))


def edit(random: Generator, state: WorldState) -> WorldState:
    """A copy with something in it that rarely comes about by itself."""
    state = state.copy()
    choice = int(random.integers(6))
    if choice == 0:
        counts = random.integers(0, 10, len(ITEMS)).tolist()
        for item, count in zip(ITEMS, counts, strict=True):
            setattr(state.player.inventory, item, max(count, int(item == "health")))
        state.player.health = state.player.last_health = state.player.inventory.health
    elif choice == 1:
        for cell in _around(random, state, 2):
            state.set_material(*cell, Material(int(random.integers(1, len(Material)))))
    elif choice == 2:
        ground = (Material.GRASS, Material.PATH, Material.SAND)
        for cell in _around(random, state, 6):
            state.set_material(*cell, ground[int(random.integers(3))])
    elif choice == 3:
        for cell in _around(random, state, 4):
            _place(random, state, cell)
    elif choice == 4:
        state.step_count += int(random.integers(300))
        state.daylight = daylight_at(state.step_count)
        state.draws.at_step(state.step_count)
    else:
        edges = [(0, 1, length // 2, length - 1) for length in state.size]
        cell = Position(*(edge[int(random.integers(4))] for edge in edges))
        if state.get_tile(cell)[1] is None:
            state.relocate(state.player, cell)
    return state


def _around(random: Generator, state: WorldState, reach: int) -> list[Position]:
    """Some cells around the player, inside the area, its own excepted."""
    center = state.player.position
    offsets = random.integers(-reach, reach + 1, (int(random.integers(1, 8)), 2)).tolist()
    cells = [center + tuple(offset) for offset in offsets]
    return [cell for cell in cells if cell != center and state.contains(cell)]


def _place(random: Generator, state: WorldState, cell: Position) -> None:
    for other in [e for e in state.objects if e.position == cell]:
        state.remove_object(other)
    number, kind = int(random.integers(5)), int(random.integers(5))
    facing = DIRECTIONS[int(random.integers(4))]
    kinds: list[tuple[Any, dict[str, Any]]] = [
        (CowState, {"health": number}),
        (ZombieState, {"health": number, "cooldown": number}),
        (SkeletonState, {"health": number, "reload": number}),
        (PlantState, {"grown": 298 + number}),
        (ArrowState, {"facing": facing}),
    ]
    state.create_object(kinds[kind][0], cell, **kinds[kind][1])
