"""What the player does in one step, and what living costs: `rules/player.py` over arrays."""

import dataclasses
from typing import Final, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Int32

from envs.crafter_oo.rules.player import (
    COLLECT_SLOT,
    COW_FOOD,
    HEALED_AFTER,
    HUNGRY_AFTER,
    HURT_AFTER,
    PLANT_FOOD,
    RESTED_AFTER,
    THIRSTY_AFTER,
    TIRED_AFTER,
)
from envs.crafter_oo.stepper import lookup
from envs.crafter_oo.stepper.board import Cell, Flag, Scalar, add, enter, is_one_of, look, pick
from envs.crafter_oo.stepper.draws import draw
from envs.crafter_oo.stepper.state import COW, PLANT, SKELETON, ZOMBIE, StepperParams, StepperState
from envs.crafter_oo.tables import (
    ITEMS,
    MAX_ITEM,
    RIPE_AFTER,
    SWORD_DAMAGE,
    Action,
    Material,
)

FOOD: Final = lookup.item_index("food")
DRINK: Final = lookup.item_index("drink")
ENERGY: Final = lookup.item_index("energy")
HEALTH: Final = lookup.item_index("health")

Items = Int32[Array, " items"]


def update_player(state: StepperState, params: StepperParams) -> StepperState:
    """One step of the player; the chosen action stands in `state.action`."""
    objects = state.objects
    x, y, facing = (part[0].astype(jnp.int32) for part in (objects.x, objects.y, objects.facing))
    is_rested = state.inventory[ENERGY] >= MAX_ITEM
    wakes = state.sleeping & is_rested
    action = jnp.where(state.sleeping & ~is_rested, int(Action.SLEEP), state.action)
    moves = (action >= Action.MOVE_LEFT) & (action <= Action.MOVE_DOWN)
    facing = jnp.where(moves, action - Action.MOVE_LEFT, facing)
    target = look(state, x + pick(lookup.DX, facing), y + pick(lookup.DY, facing))
    here = look(state, x, y)
    is_near = _is_near(state, here, action, params)
    state = dataclasses.replace(
        state,
        sleeping=(state.sleeping & ~is_rested) | ((action == Action.SLEEP) & ~is_rested),
        achievements=state.achievements + _int(wakes) * lookup.achieved("wake_up"),
    )
    state = _do_object(state, target, (action == Action.DO) & (target.occupant > 0))
    state = _collect_or_craft(state, target, action, is_near, params)
    state = _move(state, here, target, facing, moves, params)
    return _live(state)


def _move(
    state: StepperState,
    here: Cell,
    ahead: Cell,
    facing: Scalar,
    moves: Flag,
    params: StepperParams,
) -> StepperState:
    """Turn, and step if the cell is free; lava kills, also whoever stands in it and is blocked."""
    objects = state.objects
    goes = moves & (ahead.occupant == 0) & is_one_of(ahead.material, lookup.IS_PLAYER_WALKABLE)
    burns = moves & (jnp.where(goes, ahead.material, here.material) == Material.LAVA)
    x, y = jnp.where(goes, ahead.x, here.x), jnp.where(goes, ahead.y, here.y)
    beyond = params.world.area[0]
    columns = jnp.where(goes, jnp.stack([here.x, ahead.x]), beyond)
    who = jnp.array([0, 1], jnp.uint8)
    state = dataclasses.replace(
        state,
        objects=dataclasses.replace(
            objects,
            x=objects.x.at[0].set(x.astype(jnp.int16)),
            y=objects.y.at[0].set(y.astype(jnp.int16)),
            facing=objects.facing.at[0].set(facing.astype(jnp.int8)),
            health=objects.health.at[0].multiply(1 - burns.astype(jnp.int16)),
        ),
        occupant=state.occupant.at[columns, jnp.stack([here.y, ahead.y])].set(who, mode="drop"),
    )
    return enter(state, x, y, params, goes)


def _do_object(state: StepperState, target: Cell, does: Flag) -> StepperState:
    objects, inventory = state.objects, state.inventory
    slot = jnp.maximum(target.occupant - 1, 0)
    kind = objects.kind.at[slot].get(mode="promise_in_bounds").astype(jnp.int32)
    health = objects.health.at[slot].get(mode="promise_in_bounds").astype(jnp.int32)
    timer = objects.timer.at[slot].get(mode="promise_in_bounds")
    eats_plant = does & (kind == PLANT) & (timer > RIPE_AFTER)
    hits = does & ((kind == ZOMBIE) | (kind == SKELETON) | (kind == COW))
    left = jnp.maximum(health - _damage(inventory), 0)
    kills = hits & (left == 0)
    eats_cow = kills & (kind == COW)
    meal = jnp.where(eats_cow, COW_FOOD, 0) + jnp.where(eats_plant, PLANT_FOOD, 0)
    gains = (
        _int(eats_plant) * lookup.achieved("eat_plant")
        + _int(eats_cow) * lookup.achieved("eat_cow")
        + _int(kills & (kind == ZOMBIE)) * lookup.achieved("defeat_zombie")
        + _int(kills & (kind == SKELETON)) * lookup.achieved("defeat_skeleton")
    )
    slots = objects.kind.shape[0]
    return dataclasses.replace(
        state,
        objects=dataclasses.replace(
            objects,
            health=objects.health.at[jnp.where(hits, slot, slots)].set(
                left.astype(jnp.int16), mode="drop"
            ),
            timer=objects.timer.at[jnp.where(eats_plant, slot, slots)].set(0, mode="drop"),
        ),
        inventory=inventory.at[FOOD].add(meal),
        achievements=state.achievements + gains,
        hunger=jnp.where(eats_cow, 0.0, state.hunger),
    )


def _damage(inventory: Items) -> Scalar:
    """Of one blow with the best sword."""
    damage: Scalar = jnp.int32(1)
    for sword, blow in reversed(SWORD_DAMAGE):  # the best is asked for last
        damage = jnp.where(inventory[ITEMS.index(sword)] > 0, blow, damage)
    return damage


def _collect_or_craft(
    state: StepperState, target: Cell, action: Scalar, is_near: Flag, params: StepperParams
) -> StepperState:
    """Take what is in front, place something there, or make something."""
    material, inventory = target.material, state.inventory
    is_empty = target.occupant == 0
    does = (action == Action.DO) & is_empty
    has_tool = (inventory >= pick(lookup.TOOL, material)).all()
    takes = does & is_one_of(material, lookup.IS_COLLECTABLE) & has_tool
    bits = draw(state.key, state.step_count, 0, COLLECT_SLOT)
    gains = takes & (bits < pick(lookup.COLLECT_BITS, material))

    cost = pick(lookup.COST, action)
    may_place = pick(lookup.MAY_PLACE_ON, action).at[material].get(mode="promise_in_bounds")
    is_possible = (may_place & is_empty) | ((action >= Action.MAKE_WOOD_PICKAXE) & is_near)
    can = is_possible & (inventory >= cost).all()
    plants = can & (action == Action.PLACE_PLANT)
    crafts = can & (~plants | (state.num_slots < params.max_objects))
    builds = crafts & (action >= Action.PLACE_STONE) & (action <= Action.PLACE_FURNACE)

    change = _int(gains) * pick(lookup.COLLECTED, material)
    change += _int(crafts) * (pick(lookup.PRODUCT, action) - cost)
    achieved = _int(gains) * pick(lookup.COLLECT_ACHIEVEMENT, material)
    achieved += _int(crafts) * pick(lookup.CRAFT_ACHIEVEMENT, action)
    laid = jnp.where(takes, pick(lookup.LEAVES, material), pick(lookup.PLACES, action))
    column = jnp.where(takes | builds, target.x, params.world.area[0])
    state = dataclasses.replace(
        state,
        materials=state.materials.at[column, target.y].set(laid, mode="drop"),
        inventory=inventory + change,
        achievements=state.achievements + achieved,
        thirst=jnp.where(does & (material == Material.WATER), 0.0, state.thirst),
    )
    return add(state, PLANT, target.x, target.y, params, plants)


def _is_near(state: StepperState, here: Cell, action: Scalar, params: StepperParams) -> Flag:
    """Whether all that an action needs lies in the 3x3 block around the player.

    On the left column and the top row nothing does, as in Crafter, unless that is mended.
    """
    needs = pick(lookup.NEEDS_NEARBY, action)
    around = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    cells = [look(state, here.x + dx, here.y + dy).material for dx, dy in around]
    found = [
        ~needs[station] | jnp.stack([cell == station for cell in cells]).any()
        for station in (Material.TABLE, Material.FURNACE)
    ]
    is_cut_off = (here.x == 0) | (here.y == 0)
    return found[0] & found[1] & (params.world.fix_edge_nearby | ~is_cut_off)


def _int(flag: Flag) -> Scalar:
    return flag.astype(jnp.int32)


class _Need(NamedTuple):
    counter: Array
    change: Scalar


def _live(state: StepperState) -> StepperState:
    """Hunger, thirst, fatigue, and what they do to health."""
    sleeping, items = state.sleeping, state.inventory
    pace = jnp.where(sleeping, 0.5, 1.0)
    hunger = _worn(state.hunger + pace, HUNGRY_AFTER)
    thirst = _worn(state.thirst + pace, THIRSTY_AFTER)
    fatigue = jnp.where(sleeping, jnp.minimum(state.fatigue - 1, 0.0), state.fatigue + 1)
    rests, tires = fatigue < RESTED_AFTER, fatigue > TIRED_AFTER
    items = items.at[FOOD].add(hunger.change).at[DRINK].add(thirst.change)
    items = items.at[ENERGY].add(_int(rests) - _int(tires))
    is_well = (items[FOOD] > 0) & (items[DRINK] > 0) & ((items[ENERGY] > 0) | sleeping)
    recover = state.recover + jnp.where(
        is_well, jnp.where(sleeping, 2.0, 1.0), jnp.where(sleeping, -0.5, -1.0)
    )
    heals, suffers = recover > HEALED_AFTER, recover < HURT_AFTER
    health = state.objects.health[0].astype(jnp.int32)
    health = health + _int(heals) - _int(suffers)
    items = jnp.clip(items.at[HEALTH].set(health), 0, MAX_ITEM)
    health = items[HEALTH]
    return dataclasses.replace(
        state,
        objects=dataclasses.replace(
            state.objects, health=state.objects.health.at[0].set(health.astype(jnp.int16))
        ),
        inventory=items,
        hunger=hunger.counter,
        thirst=thirst.counter,
        fatigue=jnp.where(rests | tires, 0.0, fatigue),
        recover=jnp.where(heals | suffers, 0.0, recover),
        sleeping=sleeping & (health >= state.last_health),
        last_health=health,
    )


def _worn(counter: Array, limit: int) -> _Need:
    """A counter that starts again past its limit, and takes one of its item then."""
    is_over = counter > limit
    return _Need(jnp.where(is_over, 0.0, counter), -_int(is_over))
