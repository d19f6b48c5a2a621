"""Hand-written laws of what the player does, and of what living does to it.

A law says when it speaks and what it then expects. Laws know nothing of each other; what they
share is `foresight`.
"""

from collections.abc import Mapping

from envs.crafter_oo.rules.player import HUNGRY_AFTER, MOVES, hit_damage
from envs.crafter_oo.state import PlantState, WorldState, daylight_at
from envs.crafter_oo.tables import (
    COLLECT,
    MAKE,
    MATERIAL_NAMES,
    PLACE,
    Action,
    Collect,
    Make,
    Material,
    Place,
)
from worldmodels.onelife.crafter import foresight
from worldmodels.onelife.crafter.foresight import chosen, is_asleep, limited, pace, target
from worldmodels.onelife.crafter.laws import CrafterLaw, Effects, always, health_is, law, sure
from worldmodels.onelife.distributions import Distribution


def player_laws() -> list[CrafterLaw]:
    """What the player does, and what happens to it by itself."""
    return [
        *_living_laws(),
        *(_collect_law(material, rule) for material, rule in COLLECT.items()),
        *(_place_law(action, rule) for action, rule in PLACE.items()),
        *(_make_law(action, rule) for action, rule in MAKE.items()),
        law("eating a ripe plant", _eats_plant, _plant_meal),
        law("eating a slain cow", _eats_cow, _cow_meal),
        law("blows wound creatures", _wounds, _wound),
        _defeats("zombie"),
        _defeats("skeleton"),
    ]


def _clock(state: WorldState, action: str) -> Effects:
    step = state.step_count + 1
    return {
        "step_count": Distribution.point(step),
        "daylight": Distribution.point(daylight_at(step)),
    }


def _moves(state: WorldState, action: str) -> bool:
    return chosen(state, action) in MOVES


def _hunger_grows(state: WorldState, action: str) -> Effects:
    hunger = state.player.hunger + pace(state, action)
    food = foresight.food_after_hunger(state, action)
    is_fed = food == state.player.inventory.food
    return sure(hunger=hunger) if is_fed else sure(hunger=0.0, inventory__food=limited(food))


def _thirst_grows(state: WorldState, action: str) -> Effects:
    thirst = state.player.thirst + pace(state, action)
    drink = foresight.drink_after_thirst(state, action)
    is_fine = drink == state.player.inventory.drink
    return sure(thirst=thirst) if is_fine else sure(thirst=0.0, inventory__drink=limited(drink))


def _fatigue_changes(state: WorldState, action: str) -> Effects:
    fatigue, change = foresight.fatigue_after(state, action)
    energy = limited(state.player.inventory.energy + change)
    return sure(fatigue=fatigue, inventory__energy=energy)


def _heals_or_suffers(state: WorldState, action: str) -> bool:
    return (
        foresight.recovery(state, action)[1] != 0
        and not foresight.dies_in_lava(state, action)
        and not foresight.strike_chances(state, action)
        and not foresight.incoming_arrows(state, action)
    )


def _sleeps(state: WorldState, action: str) -> Effects:
    health = foresight.health_before_blows(state, action)
    return sure(sleeping=is_asleep(state, action) and health >= state.player.last_health)


def _living_laws() -> list[CrafterLaw]:
    return [
        law("time passes", always, _clock),
        law("the action is remembered", always, lambda s, a: sure(action=a)),
        law(
            "moving turns the player",
            _moves,
            lambda s, a: sure(facing=MOVES[chosen(s, a)]),
        ),
        law(
            "moving goes to a free cell",
            _moves,
            lambda s, a: sure(position=foresight.stands_at(s, a)),
        ),
        law("lava kills", foresight.dies_in_lava, lambda s, a: health_is({0: 1.0})),
        law(
            "falling asleep, and waking when hurt",
            lambda s, a: is_asleep(s, a) or s.player.sleeping,
            _sleeps,
        ),
        law(
            "waking up rested",
            lambda s, a: foresight.wakes_rested(s),
            lambda s, a: sure(achievements__wake_up=s.player.achievements.wake_up + 1),
        ),
        law("hunger grows", lambda s, a: foresight.meal_of(s, a)[0] == 0, _hunger_grows),
        law("thirst grows", lambda s, a: not foresight.drinks(s, a), _thirst_grows),
        law("fatigue grows awake and falls asleep", always, _fatigue_changes),
        law(
            "recovery is counted",
            always,
            lambda s, a: sure(recover=foresight.recovery(s, a)[0]),
        ),
        law(
            "recovery heals and want hurts",
            _heals_or_suffers,
            lambda s, a: health_is({foresight.health_before_blows(s, a): 1.0}),
        ),
        law(
            "health is remembered",
            always,
            lambda s, a: sure(last_health=foresight.health_before_blows(s, a)),
        ),
    ]


def _achieve(state: WorldState, name: str, chance: float = 1.0) -> dict[str, Distribution]:
    count = getattr(state.player.achievements, name)
    return _gain(f"player.achievements.{name}", count, count + 1, chance)


def _gain(name: str, before: int, after: int, chance: float) -> dict[str, Distribution]:
    if chance >= 1 or before == after:
        return {name: Distribution.point(after)}
    return {name: Distribution.of({after: chance, before: 1 - chance})}


def _collect_law(material: Material, rule: Collect) -> CrafterLaw:
    def when(state: WorldState, action: str) -> bool:
        if chosen(state, action) != "do" or state.get_target_tile() != (material.slug, None):
            return False
        return rule.tool is None or getattr(state.player.inventory, rule.tool) > 0

    def then(state: WorldState, action: str) -> Effects:
        x, y = target(state)
        before = getattr(state.player.inventory, rule.item)
        return {
            **_gain(f"player.inventory.{rule.item}", before, limited(before + 1), rule.probability),
            **_achieve(state, f"collect_{rule.item}", rule.probability),
            f"material.{x}.{y}": Distribution.point(MATERIAL_NAMES[rule.leaves]),
            **(sure(thirst=pace(state, action)) if rule.item == "drink" else {}),
        }

    return law(f"collecting {rule.item} from {material.slug}", when, then)


def _can_pay(state: WorldState, uses: Mapping[str, int]) -> bool:
    return all(getattr(state.player.inventory, item) >= count for item, count in uses.items())


def _pay(state: WorldState, uses: Mapping[str, int]) -> dict[str, Distribution]:
    inventory = state.player.inventory
    return {
        f"player.inventory.{item}": Distribution.point(getattr(inventory, item) - count)
        for item, count in uses.items()
    }


def _place_law(action: Action, rule: Place) -> CrafterLaw:
    grounds = frozenset(MATERIAL_NAMES[material] for material in rule.where)

    def when(state: WorldState, slug: str) -> bool:
        material, entity = state.get_target_tile()
        is_room = entity is None and material in grounds
        return chosen(state, slug) == action.slug and is_room and _can_pay(state, rule.uses)

    def then(state: WorldState, slug: str) -> Effects:
        x, y = target(state)
        if rule.creates is None:
            made = {f"new.plant.{x}.{y}": Distribution.point(True)}
        else:
            made = {f"material.{x}.{y}": Distribution.point(MATERIAL_NAMES[rule.creates])}
        return {**made, **_pay(state, rule.uses), **_achieve(state, action.slug)}

    return law(action.slug.replace("_", " "), when, then)


def _make_law(action: Action, rule: Make) -> CrafterLaw:
    stations = {MATERIAL_NAMES[material] for material in rule.nearby}

    def when(state: WorldState, slug: str) -> bool:
        if chosen(state, slug) != action.slug or not _can_pay(state, rule.uses):
            return False
        position = state.player.position
        return min(position) > 0 and stations <= state.nearby(position, 1)[0]

    def then(state: WorldState, slug: str) -> Effects:
        count = limited(getattr(state.player.inventory, rule.item) + 1)
        made = {f"player.inventory.{rule.item}": Distribution.point(count)}
        return {**made, **_pay(state, rule.uses), **_achieve(state, action.slug)}

    return law(action.slug.replace("_", " "), when, then)


def _eats_plant(state: WorldState, action: str) -> bool:
    entity = foresight.target_object(state, action)
    return isinstance(entity, PlantState) and entity.ripe


def _plant_meal(state: WorldState, action: str) -> Effects:
    hunger = state.player.hunger + pace(state, action)
    is_hungry = hunger > HUNGRY_AFTER
    return {
        **sure(
            inventory__food=limited(foresight.food_after_hunger(state, action)),
            hunger=0.0 if is_hungry else hunger,
        ),
        **_achieve(state, "eat_plant"),
    }


def _eats_cow(state: WorldState, action: str) -> bool:
    return foresight.meal_of(state, action)[1]


def _cow_meal(state: WorldState, action: str) -> Effects:
    food = limited(foresight.food_after_hunger(state, action))
    return {
        **sure(inventory__food=food, hunger=pace(state, action)),
        **_achieve(state, "eat_cow"),
    }


def _wounds(state: WorldState, action: str) -> bool:
    entity = foresight.target_object(state, action)
    return (
        entity is not None
        and entity.name in ("cow", "zombie", "skeleton")
        and not foresight.is_slain(state, action, entity)
    )


def _wound(state: WorldState, action: str) -> Effects:
    entity = foresight.target_object(state, action)
    assert entity is not None, "the precondition has seen it"
    left = entity.health - hit_damage(state.player.inventory)
    return {f"object.{entity.entity_id}.health": Distribution.point(left)}


def _defeats(kind: str) -> CrafterLaw:
    def when(state: WorldState, action: str) -> bool:
        entity = foresight.target_object(state, action)
        return (
            entity is not None and entity.name == kind and foresight.is_slain(state, action, entity)
        )

    return law(f"slaying a {kind}", when, lambda s, a: _achieve(s, f"defeat_{kind}"))
