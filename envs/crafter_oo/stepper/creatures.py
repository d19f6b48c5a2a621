"""What creatures, arrows and plants do in one step: the rest of `rules/` over arrays.

They act one after the other, by ascending id, so that each sees what those before it did. Each
turn, every world of a batch lets its next one act, whatever its kind.
"""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from envs.crafter_oo.rules import arrow as arrows
from envs.crafter_oo.rules import cow as cows
from envs.crafter_oo.rules import skeleton as skeletons
from envs.crafter_oo.rules import zombie as zombies
from envs.crafter_oo.stepper import lookup
from envs.crafter_oo.stepper.batching import Words, count, largest, pack, pop, settle
from envs.crafter_oo.stepper.board import (
    Cell,
    Flag,
    Scalar,
    enter,
    is_one_of,
    look,
)
from envs.crafter_oo.stepper.draws import chance, draw, integer
from envs.crafter_oo.stepper.state import (
    ARROW,
    COW,
    EMPTY,
    PLANT,
    SKELETON,
    ZOMBIE,
    StepperParams,
    StepperState,
)
from envs.crafter_oo.tables import Material


def update_objects(state: StepperState, num_slots: Scalar, params: StepperParams) -> StepperState:
    """Let all that is near the player act; `num_slots` leaves out what was created in this step."""
    objects = state.objects
    x, y = objects.x.astype(jnp.int32), objects.y.astype(jnp.int32)
    slots = jnp.arange(params.max_objects, dtype=jnp.int32)
    is_near = jnp.abs(x - x[0]) + jnp.abs(y - y[0]) < params.reach
    acts = is_near & (objects.kind != EMPTY) & (slots > 0) & (slots < num_slots)
    words, player = pack(acts), (x[0], y[0])

    def turn(index: Scalar, carry: tuple[Words, StepperState]) -> tuple[Words, StepperState]:
        del index
        words, state = carry
        slot, rest = pop(words)
        return rest, _act(state, _read(state, slot, player, count(words) > 0), params)

    _, after = lax.fori_loop(0, largest(count(words)), turn, (words, state))
    updated: StepperState = after
    return updated


class _Body(NamedTuple):
    """The object whose turn it is, and where it is as seen from the player."""

    slot: Scalar
    kind: Scalar  # EMPTY where nobody is left to act
    x: Scalar
    y: Scalar
    health: Scalar
    timer: Scalar
    facing: Scalar
    dx: Scalar  # of the player
    dy: Scalar
    is_dead: Flag  # a creature whose health is gone: off the map, but it acts this once


class _Luck(NamedTuple):
    """What the draws of a turn say, whatever of it the object needs."""

    first: Flag  # a cow wanders, a zombie chases, a skeleton flees along the long axis
    long_axis: Flag  # of a zombie that chases, of a skeleton that approaches
    shoots: Flag
    approaches: Flag
    wanders: Flag
    is_vertical: Flag  # the random direction
    is_forward: Flag


class _Deed(NamedTuple):
    """What an object does with its turn."""

    is_vertical: Flag  # the direction
    is_forward: Flag
    stays: Flag  # it faces nowhere: no direction
    moves: Flag  # it tries to step that way
    shoots: Flag  # it tries to shoot that way


class _Outcome(NamedTuple):
    """What has come of it."""

    goes: Flag  # it is in the target cell now
    leaves: Flag  # it is off the map
    looses: Flag  # an arrow is in the target cell now
    breaks: Flag  # the target cell is a path now
    is_trampled: Flag
    is_beside: Flag  # a zombie next to the player
    strikes: Flag  # the player
    hits: Flag  # an arrow whoever is in the target cell


def _act(state: StepperState, me: _Body, params: StepperParams) -> StepperState:
    deed = _Deed(*settle(*_choose(state, me, _Luck(*settle(*_draw(state, me))))))
    dx, dy = _step(deed)
    target = look(state, me.x + dx, me.y + dy)
    outcome = _Outcome(*settle(*_judge(state, me, deed, target)))
    return _write(state, me, deed, target, outcome, params)


def _read(state: StepperState, slot: Scalar, player: tuple[Scalar, Scalar], acts: Flag) -> _Body:
    objects = state.objects
    columns = objects.kind, objects.x, objects.y, objects.health, objects.timer, objects.facing
    kind, x, y, health, timer, facing = (
        column.at[slot].get(mode="promise_in_bounds").astype(jnp.int32) for column in columns
    )
    kind = jnp.where(acts, kind, EMPTY)
    mortal = (kind == COW) | (kind == ZOMBIE) | (kind == SKELETON)
    is_dead = mortal & (health <= 0)
    return _Body(slot, kind, x, y, health, timer, facing, player[0] - x, player[1] - y, is_dead)


def _draw(state: StepperState, me: _Body) -> _Luck:
    """The draws of a turn; their slots and chances are those of `rules/`."""
    owner = state.objects.entity_id.at[me.slot].get(mode="promise_in_bounds")
    is_cow, is_zombie = me.kind == COW, me.kind == ZOMBIE

    def by_kind(cow: int, zombie: int, skeleton: int) -> Scalar:
        return jnp.where(is_cow, cow, jnp.where(is_zombie, zombie, skeleton))

    def bits(slot: Scalar | int) -> Array:
        return draw(state.key, state.step_count, owner, slot)

    first = bits(by_kind(cows.WANDER_SLOT, zombies.CHASE_SLOT, skeletons.FLEE_AXIS_SLOT))
    axis_slot = jnp.where(is_zombie, zombies.AXIS_SLOT, skeletons.APPROACH_AXIS_SLOT)
    axis = bits(axis_slot)
    way = integer(
        bits(by_kind(cows.DIRECTION_SLOT, zombies.DIRECTION_SLOT, skeletons.DIRECTION_SLOT)), 4
    )
    return _Luck(
        first=jnp.where(
            is_cow,
            chance(first, cows.WANDER),
            jnp.where(is_zombie, chance(first, zombies.CHASE), chance(first, skeletons.LONG_AXIS)),
        ),
        long_axis=jnp.where(
            is_zombie, chance(axis, zombies.LONG_AXIS), chance(axis, skeletons.LONG_AXIS)
        ),
        shoots=chance(bits(skeletons.SHOOT_SLOT), skeletons.SHOOT),
        approaches=chance(bits(skeletons.APPROACH_SLOT), skeletons.APPROACH),
        wanders=chance(bits(skeletons.WANDER_SLOT), skeletons.WANDER),
        is_vertical=way >= 2,
        is_forward=(way & 1) == 1,
    )


def _choose(state: StepperState, me: _Body, luck: _Luck) -> _Deed:
    """What the object wants to do."""
    is_cow, is_zombie, is_skeleton = me.kind == COW, me.kind == ZOMBIE, me.kind == SKELETON
    distance = jnp.abs(me.dx) + jnp.abs(me.dy)
    chases = is_zombie & (distance <= zombies.SIGHT) & luck.first

    flight = _toward(me, luck.first)._replace(moves=jnp.bool_(True))
    flight_dx, flight_dy = _step(flight)
    away = look(state, me.x - flight_dx, me.y - flight_dy)
    is_clear = _is_empty(away, me) & is_one_of(away.material, lookup.IS_WALKABLE)
    flees = is_skeleton & (distance <= skeletons.FLEE_WITHIN) & is_clear
    shoots = is_skeleton & ~flees & (distance <= skeletons.SHOOT_WITHIN) & luck.shoots
    goes_on = is_skeleton & ~flees & ~shoots
    approaches = goes_on & (distance <= skeletons.APPROACH_WITHIN) & luck.approaches
    wanders = goes_on & ~approaches & luck.wanders
    wanders |= (is_cow & luck.first) | (is_zombie & ~chases)

    is_arrow = me.kind == ARROW
    # along the long axis for a shot, along either for a chase, and away when fleeing
    course = _toward(me, jnp.where(flees, luck.first, shoots | luck.long_axis))
    is_vertical = jnp.where(wanders, luck.is_vertical, course.is_vertical)
    is_forward = jnp.where(wanders, luck.is_forward, course.is_forward ^ flees)
    return _Deed(
        is_vertical=jnp.where(is_arrow, me.facing >= 2, is_vertical),
        is_forward=jnp.where(is_arrow, (me.facing & 1) == 1, is_forward),
        stays=course.stays & ~wanders & ~is_arrow,
        moves=wanders | chases | approaches | flees | is_arrow,
        shoots=shoots,
    )


def _toward(me: _Body, long_axis: Flag) -> _Deed:
    """The direction of `Position.toward`, as seen from the object."""
    along_x = (jnp.abs(me.dx) > jnp.abs(me.dy)) == long_axis
    offset = jnp.where(along_x, me.dx, me.dy)
    no = jnp.bool_(False)
    return _Deed(~along_x, offset > 0, offset == 0, no, no)


def _step(deed: _Deed) -> tuple[Scalar, Scalar]:
    """The unit step of a direction; `DIRECTIONS` are left, right, up, down."""
    size = jnp.where(deed.stays, 0, jnp.where(deed.is_forward, 1, -1))
    return jnp.where(deed.is_vertical, 0, size), jnp.where(deed.is_vertical, size, 0)


def _is_empty(cell: Cell, me: _Body) -> Flag:
    """Whether nobody stands there; a dead creature is in its own way no more."""
    return (cell.occupant == 0) | ((cell.occupant == me.slot + 1) & me.is_dead)


def _judge(state: StepperState, me: _Body, deed: _Deed, target: Cell) -> _Outcome:
    """What comes of it, as things stand."""
    is_arrow, is_plant = me.kind == ARROW, me.kind == PLANT
    is_free = _is_empty(target, me) & jnp.where(
        is_arrow | deed.shoots,
        is_one_of(target.material, lookup.IS_ARROW_WALKABLE),
        is_one_of(target.material, lookup.IS_WALKABLE),
    )
    goes = deed.moves & is_free & ~me.is_dead
    dx, dy = _step(deed)
    dx, dy = me.dx - jnp.where(goes, dx, 0), me.dy - jnp.where(goes, dy, 0)
    is_beside = (me.kind == ZOMBIE) & (jnp.abs(dx) + jnp.abs(dy) <= 1)
    hits = is_arrow & (target.occupant > 0)
    is_brittle = (target.material == Material.TABLE) | (target.material == Material.FURNACE)
    is_trampled = is_plant & _is_beside_creature(state, me)
    withers = is_plant & (me.health - is_trampled.astype(jnp.int32) <= 0)
    return _Outcome(
        goes=goes,
        leaves=me.is_dead | (is_arrow & ~is_free) | withers,
        looses=deed.shoots & is_free & (me.timer <= 1),
        breaks=is_arrow & ~hits & is_brittle,
        is_trampled=is_trampled,
        is_beside=is_beside,
        strikes=is_beside & (me.timer == 0),
        hits=hits,
    )


def _is_beside_creature(state: StepperState, me: _Body) -> Flag:
    found: Flag = jnp.bool_(False)
    for dx, dy in zip(lookup.DX.tolist(), lookup.DY.tolist(), strict=True):
        occupant = look(state, me.x + dx, me.y + dy).occupant
        slot = jnp.maximum(occupant - 1, 0)
        kind = state.objects.kind.at[slot].get(mode="promise_in_bounds")
        found |= (occupant > 0) & ((kind == ZOMBIE) | (kind == SKELETON) | (kind == COW))
    return found


def _write(
    state: StepperState,
    me: _Body,
    deed: _Deed,
    target: Cell,
    outcome: _Outcome,
    params: StepperParams,
) -> StepperState:
    """Enter what has come of a turn.

    Each array is written once, at places that depend on all that was read of it; so the compiler
    can write in place, where it would otherwise copy the array in every turn.
    """
    objects, none = state.objects, params.max_objects
    fits = outcome.looses & (state.num_slots < none)
    slots = jnp.stack(
        [jnp.where(me.kind == EMPTY, none, me.slot), jnp.where(fits, state.num_slots, none)]
    )
    x = jnp.stack([jnp.where(outcome.goes, target.x, me.x), target.x])
    y = jnp.stack([jnp.where(outcome.goes, target.y, me.y), target.y])
    kind = jnp.stack([jnp.where(outcome.leaves, EMPTY, me.kind), jnp.int32(ARROW)])
    timer = jnp.stack([_timer(me, outcome), jnp.int32(0)])
    wounded = jnp.where(outcome.hits, target.occupant - 1, 0)
    blow = jnp.where(state.sleeping, zombies.DAMAGE_ASLEEP, zombies.DAMAGE)
    left = objects.health.at[wounded].get(mode="promise_in_bounds").astype(jnp.int32)
    left = jnp.maximum(left - jnp.where(outcome.hits, arrows.DAMAGE, blow), 0)
    own = jnp.maximum(me.health - outcome.is_trampled.astype(jnp.int32), 0)
    health = jnp.stack([own, jnp.int32(lookup.FIRST_HEALTH[ARROW]), left])
    mortal = jnp.append(slots, jnp.where(outcome.hits | outcome.strikes, wounded, none))
    facing = 2 * deed.is_vertical.astype(jnp.int8) + deed.is_forward.astype(jnp.int8)
    beyond = params.world.area[0]
    left_x = jnp.where(outcome.goes | outcome.leaves, me.x, beyond)
    taken_x = jnp.where(outcome.goes | fits, target.x, beyond)
    newcomer = jnp.where(outcome.goes, me.slot, state.num_slots) + 1
    who = jnp.stack([jnp.int32(0), newcomer]).astype(jnp.uint8)
    broken_x = jnp.where(outcome.breaks, target.x, beyond)
    one = fits.astype(jnp.int32)
    state = dataclasses.replace(
        state,
        objects=dataclasses.replace(
            objects,
            kind=objects.kind.at[slots].set(kind.astype(jnp.int8), mode="drop"),
            x=objects.x.at[slots].set(x.astype(jnp.int16), mode="drop"),
            y=objects.y.at[slots].set(y.astype(jnp.int16), mode="drop"),
            health=objects.health.at[mortal].set(health.astype(jnp.int16), mode="drop"),
            timer=objects.timer.at[slots].set(timer, mode="drop"),
            facing=objects.facing.at[slots[1]].set(facing, mode="drop"),
            entity_id=objects.entity_id.at[slots[1]].set(state.next_id, mode="drop"),
        ),
        occupant=state.occupant.at[jnp.stack([left_x, taken_x]), jnp.stack([me.y, target.y])].set(
            who, mode="drop"
        ),
        materials=state.materials.at[broken_x, target.y].set(int(Material.PATH), mode="drop"),
        num_slots=state.num_slots + one,
        next_id=state.next_id + one,
        overflow=state.overflow + (outcome.looses & ~fits).astype(jnp.int32),
    )
    return enter(state, target.x, target.y, params, outcome.goes | fits)


def _timer(me: _Body, outcome: _Outcome) -> Scalar:
    """Age of a plant, reload of a skeleton, cooldown of a zombie."""
    reload = jnp.where(outcome.looses, skeletons.RELOAD, jnp.maximum(me.timer - 1, 0))
    cooldown = jnp.where(outcome.strikes, zombies.COOLDOWN, me.timer - 1)
    timer = jnp.where(me.kind == PLANT, me.timer + 1, me.timer)
    timer = jnp.where(me.kind == SKELETON, reload, timer)
    return jnp.where(outcome.is_beside, cooldown, timer)
