"""Many lives in the array stepper at once, in the form in which `evaluation.parity` judges them."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from envs.core import seed_keys
from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import initial_state
from envs.crafter_oo.stepper.env import CrafterStepper
from envs.crafter_oo.stepper.state import StepperParams, StepperState
from envs.crafter_oo.tables import ACHIEVEMENTS, MAX_ITEM, OBJECT_KINDS, VITALS, Material

PARAMS: Final = StepperParams()
CORE: Final = CrafterStepper()


class Lives(NamedTuple):
    """What is kept of a batch of lives, all axes led by the lives."""

    length: np.ndarray  # steps until death, or until the end of the run
    total: np.ndarray  # sum of rewards until then
    unlocked: np.ndarray  # bool, by achievement
    creatures: np.ndarray  # by step from 0 on, and by kind of object
    overflow: np.ndarray  # objects for which no slot was left

    def mobs(self, index: int, steps: Sequence[int]) -> dict[int, dict[str, int]]:
        """Creatures of one life at those of the steps at which it lasted."""
        kept = [step for step in steps if step < self.length[index]]
        counts = self.creatures[index, kept].tolist()
        return {
            step: dict(zip(OBJECT_KINDS, row, strict=True))
            for step, row in zip(kept, counts, strict=True)
        }

    def achievements(self, index: int) -> list[str]:
        """Names of what one life reached."""
        return [
            name
            for name, is_reached in zip(ACHIEVEMENTS, self.unlocked[index], strict=True)
            if is_reached
        ]


def new_worlds(seeds: range) -> list[Mapping[str, int]]:
    """Cells of each material and creatures of each kind in the first worlds of some seeds."""
    states = _begin(seed_keys(seeds))
    materials, kinds = np.asarray(states.materials), np.asarray(states.objects.kind)
    return [
        {m.slug: int((cells == m).sum()) for m in Material}
        | {name: int((kind == 1 + i).sum()) for i, name in enumerate(OBJECT_KINDS)}
        for cells, kind in zip(materials, kinds, strict=True)
    ]


def live(seeds: range, num_actions: int, num_steps: int, *, is_fed: bool = False) -> Lives:
    """Play a life of each seed, uniform over the first `num_actions` actions.

    Args:
        seeds: Of the worlds and of the actions.
        num_actions: 1 is noop alone, 6 are noop, the moves and do, 17 all.
        num_steps: How long to watch.
        is_fed: Reset the vitals and wake the player before every step, so that only lava kills.
    """
    keys = seed_keys(seeds)
    states = _begin(keys)
    last, seen = _watch(states, keys, num_actions, num_steps, is_fed)
    is_dead, rewards, achievements, creatures = (np.asarray(part).swapaxes(0, 1) for part in seen)
    length = np.where(is_dead.any(axis=1), is_dead.argmax(axis=1) + 1, num_steps)
    lasts = np.arange(num_steps)[None, :] < length[:, None]
    final = achievements[np.arange(len(length)), length - 1]
    first = np.asarray(jax.vmap(_creatures)(states))[:, None]
    return Lives(
        length=length,
        total=(rewards * lasts).sum(axis=1),
        unlocked=final > 0,
        creatures=np.concatenate([first, creatures], axis=1),
        overflow=np.asarray(last.overflow),
    )


def odd_cells(seeds: range) -> list[int]:
    """How many cells of the first world of each seed differ from the object engine's."""
    states = jax.device_get(_begin(seed_keys(seeds)))
    keys = (high << 32 | low for high, low in states.key.tolist())
    twins = (initial_state(draws=KeyedDraws(key)) for key in keys)
    return [
        int((twin.materials.array != materials).sum())
        for twin, materials in zip(twins, states.materials, strict=True)
    ]


@jax.jit
def _begin(keys: Any) -> Any:
    return jax.vmap(CORE.initial, in_axes=(0, None))(keys, PARAMS)


@functools.partial(jax.jit, static_argnums=(2, 3, 4))
def _watch(states: Any, keys: Any, num_actions: int, num_steps: int, is_fed: bool) -> Any:
    def step(states: Any, time: Any) -> Any:
        step_keys = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys, time)
        actions = jax.vmap(lambda key: jax.random.randint(key, (), 0, num_actions))(step_keys)
        before = jax.vmap(_fed)(states) if is_fed else states
        states = jax.vmap(CORE.transition, in_axes=(0, 0, 0, None))(keys, before, actions, PARAMS)
        reward = jax.vmap(CORE.reward, in_axes=(0, 0, 0, None))(before, actions, states, PARAMS)
        is_dead = jax.vmap(CORE.terminated, in_axes=(0, None))(states, PARAMS)
        return states, (is_dead, reward, states.achievements, jax.vmap(_creatures)(states))

    return jax.lax.scan(step, states, jnp.arange(num_steps, dtype=jnp.int32))


def _fed(state: StepperState) -> StepperState:
    health = state.objects.health.at[0].set(MAX_ITEM)
    return dataclasses.replace(
        state,
        objects=dataclasses.replace(state.objects, health=health),
        inventory=state.inventory.at[: len(VITALS)].set(MAX_ITEM),
        sleeping=jnp.zeros_like(state.sleeping),
    )


def _creatures(state: StepperState) -> Any:
    kinds = jnp.arange(1, 1 + len(OBJECT_KINDS), dtype=jnp.int8)[None, :]
    return (state.objects.kind[:, None] == kinds).sum(axis=0, dtype=jnp.int32)
