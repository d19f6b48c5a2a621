"""Every tenth step creatures appear and vanish: `rules/balance.py` over arrays.

This is done for a whole batch, since few of its worlds are due at a time: those are worked on, a
part of the batch after the other, in place. So states have a leading axis of worlds here, and a
world is a number on that axis.
"""

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Int32

from envs.crafter_oo.rules.balance import (
    BALANCE_EVERY,
    BALANCES,
    CELL_SLOT,
    DESPAWN_SLOT,
    SPAWN_SLOT,
    WHICH_SLOT,
)
from envs.crafter_oo.state import CHUNK_SIZE
from envs.crafter_oo.stepper import lookup
from envs.crafter_oo.stepper.batching import (
    Words,
    batchwise,
    count,
    nth,
    pack,
    parts,
    pop,
    with_leaves,
)
from envs.crafter_oo.stepper.board import Flag, Scalar, chunk_of, pick
from envs.crafter_oo.stepper.draws import chance, draw, integer
from envs.crafter_oo.stepper.state import EMPTY, StepperParams, StepperState
from envs.crafter_oo.tables import DAY_LENGTH, OBJECT_KINDS

CLASSES: Final = len(BALANCES)
KINDS: Final = np.array([1 + OBJECT_KINDS.index(rule.kind.name) for rule in BALANCES], np.int32)
GROUNDS: Final = np.array([rule.ground for rule in BALANCES], np.int32)
LEAST_GROUND: Final = np.array([rule.least_ground for rule in BALANCES], np.int32)
SPAWN_DISTANCES: Final = np.array([rule.spawn_distance for rule in BALANCES], np.int32)
DESPAWN_DISTANCES: Final = np.array([rule.despawn_distance for rule in BALANCES], np.int32)

Worlds = Int32[Array, " part"]


def balance(state: StepperState, params: StepperParams) -> StepperState:
    """Spawn or remove at most one creature of each class in each chunk, if this step is a tenth."""

    def work(states: StepperState) -> StepperState:
        return _balance_batch(states, params)

    return batchwise(work)(state)


def _balance_batch(states: StepperState, params: StepperParams) -> StepperState:
    def work(states: StepperState, worlds: Worlds, is_due: Bool[Array, " part"]) -> StepperState:
        plans = jax.vmap(lambda world: _plan(states, world, params))(worlds)
        words = tuple(jnp.where(is_due, word, 0) for word in plans.words)

        def turn(index: Scalar, carry: tuple[Words, StepperState]) -> tuple[Words, StepperState]:
            del index
            words, states = carry
            change, rest = jax.vmap(lambda world, plan: _next_change(states, world, plan, params))(
                worlds, plans._replace(words=words)
            )
            return rest, _make(states, worlds, change, params)

        after: tuple[Words, StepperState]
        after = lax.fori_loop(0, count(words).max(), turn, (words, states))
        return after[1]

    is_due = states.step_count % BALANCE_EVERY == 0
    return parts(work, states, is_due)


class _Plan(NamedTuple):
    """What is to happen in a world; an event is 3 * rank + class, a pair 3 * chunk + class."""

    words: Words  # a bit an event
    pairs: Int32[Array, " events"]  # the pair of each event
    is_spawn: Bool[Array, " pairs"]
    members: Int32[Array, " slots"]  # the pair that each creature belongs to, -1: none
    crowd: Int32[Array, " pairs"]  # how many belong to each


class _Change(NamedTuple):
    """One object that appears or vanishes, or nothing."""

    appears: Flag
    vanishes: Flag
    is_refused: Flag  # it would appear, but no slot is left
    slot: Scalar
    kind: Scalar
    x: Scalar
    y: Scalar


def _plan(states: StepperState, world: Scalar, params: StepperParams) -> _Plan:
    """All that the draws of a world say, in the order of its chunks; room is looked at later."""
    num_chunks = int(np.prod(params.chunk_grid))
    size = num_chunks * CLASSES
    members, crowd = _members(states, world, size, params)
    step, key = states.step_count[world], states.key[world]
    limits = pick(lookup.balance_limits(), step % DAY_LENGTH)
    rank = states.chunk_rank[world].astype(jnp.int32)
    chunks = jnp.arange(num_chunks, dtype=jnp.int32)
    is_event, is_spawn = [], []
    for index, rule in enumerate(BALANCES):
        owner = _owner(chunks, index)
        amount, fewest, most = crowd[index::CLASSES], limits[index, 0], limits[index, 1]
        is_spawn.append(amount < fewest)
        spawns = chance(draw(key, step, owner, SPAWN_SLOT), rule.spawn_chance)
        despawns = chance(draw(key, step, owner, DESPAWN_SLOT), rule.despawn_chance)
        happens = jnp.where(is_spawn[-1], spawns, (amount > most) & despawns)
        is_event.append(happens & (rank >= 0))
    classes = jnp.arange(CLASSES, dtype=jnp.int32)[None, :]
    events = rank[:, None] * CLASSES + classes
    to = jnp.where(jnp.stack(is_event, axis=1), events, size).ravel()
    pairs = jnp.full(size, -1, jnp.int32).at[to].set(jnp.arange(size, dtype=jnp.int32), mode="drop")
    return _Plan(pack(pairs >= 0), pairs, jnp.stack(is_spawn, axis=1).ravel(), members, crowd)


def _owner(chunk: Array, rule: Scalar | int) -> Array:
    """`draws.balance_owner` over arrays."""
    return -1 - (CLASSES * chunk + rule)


def _members(
    states: StepperState, world: Scalar, size: int, params: StepperParams
) -> tuple[Int32[Array, " slots"], Int32[Array, " pairs"]]:
    """The pair of chunk and class that each creature belongs to, and how many each pair has."""
    objects = states.objects
    kind, x, y = (
        column.at[world].get(mode="promise_in_bounds").astype(jnp.int32)
        for column in (objects.kind, objects.x, objects.y)
    )
    chunk, pair = chunk_of(x, y, params), jnp.full(kind.shape, -1, jnp.int32)
    for index, number in enumerate(KINDS.tolist()):
        pair = jnp.where(kind == number, chunk * CLASSES + index, pair)
    to = jnp.where(pair < 0, size, pair)
    return pair, jnp.zeros(size, jnp.int32).at[to].add(1, mode="drop")


def _next_change(
    states: StepperState, world: Scalar, plan: _Plan, params: StepperParams
) -> tuple[_Change, Words]:
    """What the next event of a world changes."""
    event, rest = pop(plan.words)
    pair = jnp.maximum(plan.pairs.at[event].get(mode="promise_in_bounds"), 0)
    is_event = count(plan.words) > 0
    is_spawn = plan.is_spawn.at[pair].get(mode="promise_in_bounds")
    crowd = plan.crowd.at[pair].get(mode="promise_in_bounds")
    rule, chunk = pair % CLASSES, pair // CLASSES
    key, step = states.key[world], states.step_count[world]

    bits = draw(key, step, _owner(chunk, rule), jnp.where(is_spawn, CELL_SLOT, WHICH_SLOT))
    x, y, room = _cell(states, world, chunk, rule, bits, params)
    slot = nth(plan.members == pair, integer(bits, crowd))
    objects = states.objects
    x = jnp.where(is_spawn, x, objects.x[world, slot].astype(jnp.int32))
    y = jnp.where(is_spawn, y, objects.y[world, slot].astype(jnp.int32))
    away = jnp.abs(x - objects.x[world, 0].astype(jnp.int32))
    away += jnp.abs(y - objects.y[world, 0].astype(jnp.int32))
    is_free = states.occupant.at[world, x, y].get(mode="fill", fill_value=0) == 0
    spawns = is_event & is_spawn & (room >= pick(LEAST_GROUND, rule)) & is_free
    spawns &= away >= pick(SPAWN_DISTANCES, rule)
    vanishes = is_event & ~is_spawn & (away >= pick(DESPAWN_DISTANCES, rule))
    num_slots = states.num_slots[world]
    is_room = num_slots < params.max_objects
    return _Change(
        appears=spawns & is_room,
        vanishes=vanishes,
        is_refused=spawns & ~is_room,
        slot=jnp.where(is_spawn, num_slots, slot),
        kind=pick(KINDS, rule),
        x=x,
        y=y,
    ), rest


def _cell(
    states: StepperState,
    world: Scalar,
    chunk: Scalar,
    rule: Scalar,
    bits: Array,
    params: StepperParams,
) -> tuple[Scalar, Scalar, Scalar]:
    """One cell of the right ground in a chunk, counted off x-major; and how many there are."""
    rows, (wide, high) = params.chunk_grid[1], CHUNK_SIZE
    cells = np.arange(wide * high, dtype=np.int32)
    x = chunk // rows * wide + cells // high
    y = chunk % rows * high + cells % high
    material = states.materials.at[world, x, y].get(mode="fill", fill_value=0)
    is_ground = material == pick(GROUNDS, rule).astype(jnp.uint8)
    room = is_ground.sum(dtype=jnp.int32)
    cell = nth(is_ground, integer(bits, room))
    return chunk // rows * wide + cell // high, chunk % rows * high + cell % high, room


def _make(
    states: StepperState, worlds: Worlds, change: _Change, params: StepperParams
) -> StepperState:
    """Let one object appear or vanish in each of some worlds."""
    objects, beyond = states.objects, params.max_objects
    to = jnp.where(change.appears | change.vanishes, change.slot, beyond)
    new = jnp.where(change.appears, change.slot, beyond)
    kind = jnp.where(change.appears, change.kind, EMPTY).astype(jnp.int8)
    health = pick(lookup.FIRST_HEALTH, change.kind).astype(jnp.int16)
    column = jnp.where(change.appears | change.vanishes, change.x, params.world.area[0])
    who = jnp.where(change.appears, change.slot + 1, 0).astype(jnp.uint8)
    ids = states.next_id.at[worlds].get(mode="promise_in_bounds")
    one = change.appears.astype(jnp.int32)
    zero = jnp.zeros_like(one)
    return with_leaves(
        states,
        objects=with_leaves(
            objects,
            kind=objects.kind.at[worlds, to].set(kind, mode="drop"),
            x=objects.x.at[worlds, new].set(change.x.astype(jnp.int16), mode="drop"),
            y=objects.y.at[worlds, new].set(change.y.astype(jnp.int16), mode="drop"),
            health=objects.health.at[worlds, new].set(health, mode="drop"),
            timer=objects.timer.at[worlds, new].set(zero, mode="drop"),
            facing=objects.facing.at[worlds, new].set(zero.astype(jnp.int8), mode="drop"),
            entity_id=objects.entity_id.at[worlds, new].set(ids, mode="drop"),
        ),
        occupant=states.occupant.at[worlds, column, change.y].set(who, mode="drop"),
        num_slots=states.num_slots.at[worlds].add(one, mode="drop"),
        next_id=states.next_id.at[worlds].add(one, mode="drop"),
        overflow=states.overflow.at[worlds].add(change.is_refused.astype(jnp.int32), mode="drop"),
    )
