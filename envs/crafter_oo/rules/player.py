"""What the player does in one step, and what living costs.

Source: danijar/crafter 1.8.3, `objects.Player`.
"""

import operator
from typing import Final

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    CowState,
    Inventory,
    ObjectState,
    PlantState,
    PlayerState,
    Position,
    SkeletonState,
    ZombieState,
)
from envs.crafter_oo.tables import (
    COLLECT,
    ITEMS,
    MAKE,
    MAX_ITEM,
    PLACE,
    PLAYER_WALKABLE,
    SWORD_DAMAGE,
    Action,
    Material,
)

_STEPS: Final = {
    Action.MOVE_LEFT: LEFT,
    Action.MOVE_RIGHT: RIGHT,
    Action.MOVE_UP: UP,
    Action.MOVE_DOWN: DOWN,
}
MOVES: Final = {action.slug: step for action, step in _STEPS.items()}
_BY_SLUG: Final = {action.slug: action for action in Action}

COW_FOOD: Final = 6
PLANT_FOOD: Final = 4
HUNGRY_AFTER: Final = 25
THIRSTY_AFTER: Final = 20
TIRED_AFTER: Final = 30
RESTED_AFTER: Final = -10
HEALED_AFTER: Final = 25
HURT_AFTER: Final = -15

COLLECT_SLOT: Final = 0  # of the player's draws

_COUNTS: Final = operator.attrgetter(*ITEMS)  # faster than `Inventory.values`, every step


def update_player(world: World, player: PlayerState, draws: Draws) -> None:
    """One step of the player; the chosen action stands in `player.action`."""
    target = player.position + player.facing  # where it looked before it acts
    action = _BY_SLUG[player.action]
    if player.sleeping:
        if player.inventory.energy < MAX_ITEM:
            action = Action.SLEEP  # whatever was chosen
        else:
            player.sleeping = False
            player.achievements.wake_up += 1
    _act(world, player, action, target, draws)
    _grow_needy(player)
    _heal_or_suffer(player)
    _clamp(player)
    if player.health < player.last_health:
        player.sleeping = False
    player.last_health = player.health


def _act(world: World, player: PlayerState, action: Action, target: Position, draws: Draws) -> None:
    step = _STEPS.get(action)
    if step is not None:
        player.facing = step
        world.move(player, player.facing, PLAYER_WALKABLE)
        if world.material(player.position) == Material.LAVA:
            player.health = 0
    elif action is Action.DO:
        entity = world.object_at(target)
        if entity is None:
            _collect(world, player, target, draws)
        else:
            _do_object(world, player, entity)
    elif action is Action.SLEEP:
        if player.inventory.energy < MAX_ITEM:
            player.sleeping = True
    elif action in PLACE:
        _place(world, player, target, action)
    elif action in MAKE:
        _make(world, player, action)


def hit_damage(inventory: Inventory) -> int:
    """Damage of one blow with the best sword in the inventory."""
    return next((damage for sword, damage in SWORD_DAMAGE if getattr(inventory, sword)), 1)


def _do_object(world: World, player: PlayerState, entity: ObjectState) -> None:
    if isinstance(entity, PlantState):
        if entity.ripe:
            entity.grown = 0
            player.inventory.food += PLANT_FOOD
            player.achievements.eat_plant += 1
    elif isinstance(entity, ZombieState | SkeletonState | CowState):
        world.damage(entity, hit_damage(player.inventory))
        if entity.health > 0:
            return
        if isinstance(entity, ZombieState):
            player.achievements.defeat_zombie += 1
        elif isinstance(entity, SkeletonState):
            player.achievements.defeat_skeleton += 1
        else:
            player.inventory.food += COW_FOOD
            player.achievements.eat_cow += 1
            player.hunger = 0.0


def _collect(world: World, player: PlayerState, target: Position, draws: Draws) -> None:
    material = world.material(target)
    if material == Material.WATER:
        player.thirst = 0.0
    rule = COLLECT.get(Material(material))
    if rule is None or (rule.tool and not getattr(player.inventory, rule.tool)):
        return
    if material != rule.leaves:
        world.state.materials[target] = rule.leaves
    # Crafter draws always and tests u <= probability; no u of 53 bits equals 0.1 or 1, so that
    # u < probability is the same.
    if draws.chance(rule.probability, player.entity_id, COLLECT_SLOT):
        _gain(player, rule.item, 1)
        _unlock(player, f"collect_{rule.item}")


def _place(world: World, player: PlayerState, target: Position, action: Action) -> None:
    rule = PLACE[action]
    if not world.is_free(target, rule.where) or not _pay(player, rule.uses):
        return
    if rule.creates is None:
        world.add(PlantState(world.state.entity_id_counter_state, target))
    else:
        world.state.materials[target] = rule.creates
    _unlock(player, action.slug)


def _make(world: World, player: PlayerState, action: Action) -> None:
    rule = MAKE[action]
    if not rule.nearby <= world.materials_nearby(player.position):
        return
    if _pay(player, rule.uses):
        _gain(player, rule.item, 1)
        _unlock(player, action.slug)


def _pay(player: PlayerState, uses: dict[str, int]) -> bool:
    inventory = player.inventory
    if any(getattr(inventory, item) < count for item, count in uses.items()):
        return False
    for item, count in uses.items():
        _gain(player, item, -count)
    return True


def _gain(player: PlayerState, item: str, count: int) -> None:
    setattr(player.inventory, item, getattr(player.inventory, item) + count)


def _unlock(player: PlayerState, achievement: str) -> None:
    setattr(player.achievements, achievement, getattr(player.achievements, achievement) + 1)


def _grow_needy(player: PlayerState) -> None:
    inventory, pace = player.inventory, 0.5 if player.sleeping else 1.0
    player.hunger += pace
    if player.hunger > HUNGRY_AFTER:
        player.hunger = 0.0
        inventory.food -= 1
    player.thirst += pace
    if player.thirst > THIRSTY_AFTER:
        player.thirst = 0.0
        inventory.drink -= 1
    player.fatigue = min(player.fatigue - 1, 0.0) if player.sleeping else player.fatigue + 1
    if player.fatigue < RESTED_AFTER:
        player.fatigue = 0.0
        inventory.energy += 1
    if player.fatigue > TIRED_AFTER:
        player.fatigue = 0.0
        inventory.energy -= 1


def _heal_or_suffer(player: PlayerState) -> None:
    inventory, sleeping = player.inventory, player.sleeping
    if inventory.food > 0 and inventory.drink > 0 and (inventory.energy > 0 or sleeping):
        player.recover += 2 if sleeping else 1
    else:
        player.recover -= 0.5 if sleeping else 1
    if player.recover > HEALED_AFTER:
        player.recover = 0.0
        player.health += 1
    if player.recover < HURT_AFTER:
        player.recover = 0.0
        player.health -= 1


def _clamp(player: PlayerState) -> None:
    inventory = player.inventory
    inventory.health = player.health
    counts = _COUNTS(inventory)
    if min(counts) < 0 or max(counts) > MAX_ITEM:
        for item, count in zip(ITEMS, counts, strict=True):
            setattr(inventory, item, min(max(count, 0), MAX_ITEM))
    player.health = inventory.health
