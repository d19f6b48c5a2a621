"""Laws written as text: they say, and fit, what the same laws in this process do."""

from collections.abc import Iterator
from typing import Any

import pytest
from onelife.test_llm_prompt import meadow, step
from onelife.toy_worlds import (
    SWITCH_LAWS,
    SWITCHES,
    Switches,
    Toggle,
    first_three_quarters,
    random_walk,
    toggle,
)

from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.state import OBJECT_TYPES, Position, WorldState
from worldmodels.onelife.crafter.handwritten import handwritten_laws, observables_named
from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.fitting import FitConfig
from worldmodels.onelife.laws import Law
from worldmodels.onelife.learning import learn
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.panel import LawPanel
from worldmodels.onelife.python_laws import PythonLaw, asked_at_once
from worldmodels.onelife.sandbox import Sandbox, fields_codec
from worldmodels.onelife.sandbox.crafter import CRAFTER
from worldmodels.onelife.sandbox.crafter_view import crafter_view

ALWAYS = "def precondition(state, action): return True\n"


@pytest.fixture
def switches() -> Iterator[Sandbox[Switches, Toggle]]:
    with Sandbox(fields_codec("a", "b")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def crafter() -> Iterator[Sandbox[WorldState, Any]]:
    with Sandbox(CRAFTER) as sandbox:
        yield sandbox


def switch_source(action: str, field: str, says: str) -> str:
    return (
        f'def precondition(state, action):\n    return action == "{action}"\n\n'
        f"def effect(state, action):\n    value = state.{field}\n"
        f'    return {{"{field}": Distribution.point({says})}}\n'
    )


SWITCH_SOURCES = [  # of `SWITCH_LAWS`
    switch_source("toggle_a", "a", "1 - value"),
    switch_source("toggle_b", "b", "1 - value"),
    switch_source("toggle_a", "a", "value"),
    switch_source("toggle_b", "b", "value"),
    switch_source("toggle_a", "b", "1 - value"),
    switch_source("toggle_b", "a", "1 - value"),
]


def test_a_toy_is_fitted_as_with_laws_of_this_process(switches: Sandbox[Switches, Toggle]):
    laws = [
        PythonLaw(law.name, source, switches)
        for law, source in zip(SWITCH_LAWS, SWITCH_SOURCES, strict=True)
    ]
    transitions = first_three_quarters(random_walk(Switches(), toggle, Toggle, 100))
    expected = learn(SWITCH_LAWS, transitions, SWITCHES)
    with asked_at_once(laws, transitions):
        model = learn(laws, transitions, SWITCHES)
    assert model.weights == expected.weights
    assert [law.name for law in model.laws] == [law.name for law in expected.laws]
    assert not model.skipped
    state = Switches(1, 1)
    assert model.sample(3, state, Toggle.A) == expected.sample(3, state, Toggle.A)


def test_a_python_law_is_a_law(switches: Sandbox[Switches, Toggle]):
    law = PythonLaw("a flips", SWITCH_SOURCES[0], switches)
    assert isinstance(law, Law)
    assert law.precondition(Switches(0, 1), Toggle.A)
    assert law.effect(Switches(0, 1), Toggle.A) == {"a": Distribution.point(1)}
    assert not law.precondition(Switches(0, 1), Toggle.B)
    assert law.effect(Switches(0, 1), Toggle.B) == {}


def test_a_law_may_be_a_class_with_constants_and_methods(switches: Sandbox[Switches, Toggle]):
    source = (
        "class Flip:\n"
        '    """Flips."""\n\n'
        "    top: int = 1\n\n"
        '    def precondition(self, state: "Switches", action: str) -> bool:\n'
        "        return self.has(state)\n\n"
        "    def has(self, state):\n"
        "        return state.a < self.top\n\n"
        "    def effect(self, state, action) -> dict[str, Unknown]:\n"
        "        chances = {value: 0.5 for value in range(2)}\n"
        '        return {"a": Distribution.of(chances)}\n'
    )
    law = PythonLaw("class", source, switches)
    assert law.effect(Switches(), Toggle.A) == {"a": Distribution.of({0: 0.5, 1: 0.5})}


def test_values_of_every_kind_arrive_as_they_were(switches: Sandbox[Switches, Toggle]):
    values = (None, True, 2, 2.5, "text", (1, (2, "x")), ABSENT, float(2**60))
    listed = "(None, True, 2, 2.5, 'text', (1, (2, 'x')), ABSENT, 2.0**60)"
    law = switches.load(
        ALWAYS + f"def effect(state, action): return {{'a': Distribution.uniform({listed})}}"
    )
    (effect,) = switches.ask(switches.questions([law], Switches(), Toggle.A))
    assert isinstance(effect, dict)
    assert effect["a"] == Distribution.uniform(values)
    assert [type(value) for value in effect["a"].support] == [type(value) for value in values]


def test_an_effect_may_follow_a_change_of_the_state(switches: Sandbox[Switches, Toggle]):
    law = PythonLaw("a flips", SWITCH_SOURCES[0], switches)
    assert law.effect(Switches(0, 1), Toggle.A) == {"a": Distribution.point(1)}
    assert law.effect(Switches(1, 1), Toggle.A) == {"a": Distribution.point(0)}


def test_sets_iterate_alike_in_every_process(switches: Sandbox[Switches, Toggle]):
    source = (
        ALWAYS + "def effect(state, action):\n"
        "    return {'a': Distribution.uniform({'x', 'y', 'z', 'one', 'two', 'three'})}"
    )
    questions = switches.questions([switches.load(source)], Switches(), Toggle.A)
    first = switches.ask(questions)
    switches.close()
    assert switches.ask(questions) == first


HUNGER = """
SWORDS = (("iron_sword", 5), ("stone_sword", 3), ("wood_sword", 2))

def pace(me, action):
    asleep = (me.sleeping or action == "sleep") and me.inventory.energy < 9
    return 0.5 if asleep else 1.0

def damage(inventory):
    if inventory.iron_sword:
        return 5
    if inventory.stone_sword:
        return 3
    return 2 if inventory.wood_sword else 1

def precondition(state, action):
    me = state.player
    material, entity = state.get_target_tile()
    acts = action == "do" and not (me.sleeping and me.inventory.energy < 9)
    if not acts or entity is None:
        return True
    if entity.name == "plant":
        return not entity.ripe
    return entity.name != "cow" or entity.health > damage(me.inventory)

def effect(state, action):
    hunger = state.player.hunger + pace(state.player, action)
    if hunger <= 25:
        return {"player.hunger": Distribution.point(hunger)}
    food = max(state.player.inventory.food - 1, 0)
    return {
        "player.hunger": Distribution.point(0.0),
        "player.inventory.food": Distribution.point(food),
    }
"""
MOVING = """
STEPS = {"move_left": (-1, 0), "move_right": (1, 0), "move_up": (0, -1), "move_down": (0, 1)}

class Moving:
    def precondition(self, state, action):
        tired = state.player.sleeping and state.player.inventory.energy < 9
        return action in STEPS and not tired

    def effect(self, state, action):
        goal = state.player.position + STEPS[action]
        material, entity = state.get_tile(goal)
        free = entity is None and material in ("grass", "sand", "path", "lava")
        return {"player.position": Distribution.point(goal if free else state.player.position)}
"""
WOOD = """
def precondition(state, action):
    me = state.player
    if action != "do" or me.sleeping and me.inventory.energy < 9:
        return False
    return state.get_target_tile() == ("tree", None)

def effect(state, action):
    me = state.player
    x, y = me.position + me.facing
    return {
        "player.inventory.wood": Distribution.point(min(me.inventory.wood + 1, 9)),
        "player.achievements.collect_wood": Distribution.point(me.achievements.collect_wood + 1),
        f"material.{x}.{y}": Distribution.point("grass"),
    }
"""
CRAFTER_SOURCES = {
    "hunger grows": HUNGER,
    "moving goes to a free cell": MOVING,
    "collecting wood from tree": WOOD,
}


def test_crafter_laws_as_text_say_and_fit_what_those_of_this_process_do(
    crafter: Sandbox[WorldState, Any],
):
    builtin = [law for law in handwritten_laws() if law.name in CRAFTER_SOURCES]
    laws = [PythonLaw(law.name, CRAFTER_SOURCES[law.name], crafter) for law in builtin]
    assert len(laws) == len(CRAFTER_SOURCES)
    transitions, cut = [], observables_named("full")
    state = meadow()
    for time in range(70):  # more than are asked about at once
        transitions.append(step(state, ("do", "move_left", "noop", "move_right")[time % 4]))
        state = transitions[-1].next_state
    with asked_at_once(laws, transitions):
        panel, truth = LawPanel(laws), LawPanel(builtin)
        for seen in transitions:
            effects = panel.effects(seen.state, seen.action)
            assert effects == truth.effects(seen.state, seen.action)
        model = learn(laws, transitions, cut, FitConfig(num_steps=2))
    assert {i for seen in transitions for i, _ in truth.effects(seen.state, seen.action)} == {
        0,
        1,
        2,
    }
    expected = learn(builtin, transitions, cut, FitConfig(num_steps=2))
    assert not panel.skipped
    assert model.weights == expected.weights
    for seen in transitions[::14]:
        arguments = seen.state, seen.action, seen.next_state
        assert model.log_prob(*arguments) == expected.log_prob(*arguments)


def test_crafter_positions_come_back_as_positions(crafter: Sandbox[WorldState, Any]):
    law = PythonLaw("moving", MOVING, crafter)
    effect = law.effect(initial_state(seed=3), "move_left")
    assert type(effect["player.position"].support[0]) is Position


def busy_state() -> WorldState:
    state = initial_state(seed=5)
    for t in range(40):
        state, _ = transition(state, t % 5)
    for kind, x in (("arrow", 3), ("plant", 4), ("fence", 5)):
        state.create_object(OBJECT_TYPES[kind], Position(x, 2))
    return state


def test_the_view_of_crafter_answers_as_the_state_does():
    state = busy_state()
    view = crafter_view(CRAFTER.encode(state))
    me, cells = state.player, [(x, y) for x in range(-1, 65, 3) for y in range(-1, 65, 3)]

    def ids(objects: Any) -> list[int]:
        return [entity.entity_id for entity in objects]

    for cell in [*cells, *(entity.position for entity in state.objects)]:
        material, entity = state.get_tile(cell)
        seen, other = view.get_tile(cell)
        assert seen == material
        assert not state.contains(cell) or view.materials[cell[0]][cell[1]] == material
        assert (other and other.entity_id) == (entity and entity.entity_id)
        assert view.contains(cell) == state.contains(cell)
        assert view.player.distance(cell) == me.distance(cell)
        for axis in (True, False):
            assert view.player.toward(cell, axis) == me.toward(cell, axis)
            assert view.player.position.toward(cell, axis) == me.position.toward(cell, axis)
    for reach in (0, 1, 9):
        materials, objects = state.nearby(me.position, reach)
        assert view.nearby(me.position, reach)[0] == materials
        assert ids(view.nearby(me.position, reach)[1]) == ids(objects)
    assert view.get_target_tile()[0] == state.get_target_tile()[0]
    assert view.update_distance == state.update_distance
    assert ids(view.get_objects_in_update_range()) == ids(state.get_objects_in_update_range())
    for name, kind in OBJECT_TYPES.items():
        assert ids(view.of_type(name)) == ids(state.of_type(kind))
    for entity in state.objects:
        twin = view.find(entity.entity_id)
        assert view.adjacent_to_player(twin) == state.adjacent_to_player(entity)
        assert (twin.name, twin.position, twin.health) == (
            entity.name,
            entity.position,
            entity.health,
        )
    assert view.find(99_999) is None


def test_laws_are_not_shown_what_will_be_drawn():
    assert "random" not in " ".join(CRAFTER.encode(initial_state(seed=1)))
