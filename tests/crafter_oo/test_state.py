"""States: copies, JSON, invariants, and the purity of the transition."""

import json
from typing import Any

import pytest
from arena import meadow
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.crafter_oo.draws import KeyedDraws
from envs.crafter_oo.engine import initial_state, transition
from envs.crafter_oo.kernel import fingerprint
from envs.crafter_oo.serialise import canonical, dumps, from_dict, loads, to_dict
from envs.crafter_oo.state import (
    ArrowState,
    CowState,
    PlantState,
    Position,
    SkeletonState,
    WorldState,
    ZombieState,
    check_invariants,
)

EPISODES: dict[int, list[WorldState]] = {}


def visited(seed: int, num_steps: int) -> WorldState:
    """A state reached by random play; episodes are extended on demand."""
    states = EPISODES.setdefault(seed, [initial_state(area=(24, 24), seed=seed)])
    while len(states) <= num_steps:
        action = (len(states) * 7919 + seed * 31) % 17
        states.append(transition(states[-1], action)[0])
    return states[num_steps]


@settings(max_examples=100)
@given(seed=st.integers(0, 3), num_steps=st.integers(0, 150))
def test_json_round_trip_is_the_identity_on_visited_states(seed: int, num_steps: int):
    check_round_trip(visited(seed, num_steps))


@pytest.mark.reproduction  # for the minute that so many cases take
@settings(max_examples=1000)
@given(seed=st.integers(0, 9), num_steps=st.integers(0, 250))
def test_json_round_trip_is_the_identity_on_a_thousand_visited_states(seed: int, num_steps: int):
    check_round_trip(visited(seed, num_steps))


def check_round_trip(state: WorldState) -> None:
    check_invariants(state)
    twin = loads(dumps(state))
    assert dumps(twin) == dumps(state)
    assert fingerprint(twin) == fingerprint(state)
    assert canonical(twin) == canonical(state)
    assert twin.player is twin.objects[0]
    assert dumps(transition(twin, 5)[0]) == dumps(transition(state, 5)[0])


@settings(max_examples=100)
@given(seed=st.integers(0, 3), num_steps=st.integers(0, 150), action=st.integers(0, 16))
def test_transition_leaves_its_input_alone_and_repeats(seed: int, num_steps: int, action: int):
    state = visited(seed, num_steps)
    before = dumps(state)
    first, second = transition(state, action), transition(state, action)
    assert dumps(state) == before
    assert dumps(first[0]) == dumps(second[0])
    assert first[1] == second[1]


def test_a_copy_shares_nothing_that_can_change():
    state = zoo()
    before = dumps(state)
    twin = state.copy()
    for entity in twin.objects:
        entity.position += (1, 1)
        entity.health += 1
    twin.player.inventory.wood += 1
    twin.player.achievements.wake_up += 1
    twin.materials[0, 0] = 3
    twin.chunks[0].objects.append(99)
    twin.event_bus.append("x")
    twin.draws.uniform(0, 0)
    assert dumps(state) == before


def test_keyed_draws_survive_the_round_trip():
    state = zoo()
    state.draws = KeyedDraws(2**63 + 5)
    after = transition(state, "noop")[0]
    twin = transition(loads(dumps(state)), "noop")[0]
    assert dumps(after) == dumps(twin)


def zoo() -> WorldState:
    """One of each kind."""
    state = meadow(size=(20, 14))
    state.create_object(CowState, Position(1, 1))
    state.create_object(ZombieState, Position(2, 1), cooldown=3)
    state.create_object(SkeletonState, Position(3, 1), reload=2)
    state.create_object(ArrowState, Position(4, 1), facing=Position(-1, 0))
    state.create_object(PlantState, Position(5, 1), grown=301)
    return state


def paths(data: Any, prefix: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where every leaf of a JSON document stands, but only the first cells of the map."""
    if isinstance(data, dict):
        return [p for key, value in data.items() for p in paths(value, (*prefix, key))]
    if isinstance(data, list) and data:
        few = data[:1] if prefix and prefix[0] == "materials" else data
        return [p for i, value in enumerate(few) for p in paths(value, (*prefix, i))]
    return [prefix]


def spelled(path: tuple[str | int, ...]) -> str:
    return "state" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)


@pytest.mark.parametrize("path", paths(to_dict(zoo())), ids=spelled)
@pytest.mark.parametrize("junk", [{"junk": 1}, "junk", float("nan")], ids=["dict", "text", "nan"])
def test_every_malformed_field_is_named(path: tuple[str | int, ...], junk: Any):
    data = to_dict(zoo())
    data["player"] = json.loads(json.dumps(data["player"]))
    place: Any = data
    for part in path[:-1]:
        place = place[part]
    if path[0] == "event_bus":
        junk = [3]
    place[path[-1]] = junk
    with pytest.raises(ValueError, match="state") as caught:
        from_dict(data)
    named = spelled(path)
    assert str(caught.value).startswith(named) or (
        junk == "junk" and path[0] == "player" and "state.player" in str(caught.value)
    )


@pytest.mark.parametrize("path", [p for p in paths(to_dict(zoo())) if isinstance(p[-1], str)])
def test_every_missing_field_is_named(path: tuple[str | int, ...]):
    data = json.loads(json.dumps(to_dict(zoo())))
    place: Any = data
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    with pytest.raises(ValueError, match=r"missing|expected") as caught:
        from_dict(data)
    assert str(caught.value).startswith(spelled(path[:-1]))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null"])
def test_what_is_no_state_is_refused(text: str):
    with pytest.raises(ValueError, match="state"):
        loads(text)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda s: setattr(s.player.inventory, "wood", 10), "player.inventory.wood is 10"),
        (lambda s: setattr(s.player, "health", 3), "must agree"),
        (lambda s: setattr(s.player, "hunger", 26.0), "player.hunger"),
        (lambda s: setattr(s.player, "hunger", 0.3), "in halves"),
        (lambda s: setattr(s.player, "facing", Position(1, 1)), "facing"),
        (lambda s: setattr(s, "daylight", 0.2), "daylight"),
        (lambda s: setattr(s, "entity_id_counter_state", 2), "unique ids"),
        (lambda s: s.objects.reverse(), "must be the player"),
        (lambda s: setattr(s.objects[1], "position", Position(-1, 0)), "outside"),
        (lambda s: setattr(s.objects[1], "position", Position(2, 1)), "shares its cell"),
        (lambda s: setattr(s.objects[1], "position", Position(13, 1)), "not inside chunk"),
        (lambda s: setattr(s.objects[1], "health", -1), "health -1"),
        (lambda s: s.chunks[0].objects.append(77), "exactly one chunk"),
    ],
)
def test_broken_invariants_are_named(edit: Any, message: str):
    state = zoo()
    check_invariants(state)
    edit(state)
    with pytest.raises(ValueError, match=message):
        check_invariants(state)
