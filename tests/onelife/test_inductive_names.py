"""Nothing hangs on names or on the order of hashes: worlds may call things what they like."""

import dataclasses
import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.scenes import UNIT_VECTORS, Scene, Thing
from worldmodels.onelife.synthesis.inductive import induce
from worldmodels.onelife.synthesis.storage import law_to_json
from worldmodels.onelife.worlds import World, world_named

KEPT = {"position", "object", "new", "spawn", "material", "several"}
"""Words of the pattern of names that all worlds share."""


def token(word: str) -> str:
    """Another name, which sorts elsewhere."""
    return "n" + hashlib.sha256(word.encode()).hexdigest()[:10]


class RenamedObservables(Observables[Any]):
    """Observables of a world under other names."""

    def __init__(self, inner: Observables[Any]) -> None:
        self.inner = inner

    def compare(self, state: Any, next_state: Any) -> tuple[dict[str, Value], dict[str, Value]]:
        before, after = self.inner.compare(state, next_state)
        return self._renamed(before), self._renamed(after)

    def domain(self, observable: str) -> tuple[Value, ...] | None:
        return None

    def write(self, state: Any, values: Mapping[str, Value]) -> Any:
        raise NotImplementedError("nothing is sampled here")

    def _renamed(self, values: Mapping[str, Value]) -> dict[str, Value]:
        return {_observable(name): _value(value) for name, value in values.items()}


class RenamedWorld:
    """A world in which everything that has a name has another."""

    def __init__(self, inner: World[Any]) -> None:
        self.inner = inner
        self.name = inner.name
        self.actions = tuple(token(action) for action in inner.actions)
        self.observables = RenamedObservables(inner.observables)

    def action_name(self, action: Any) -> str:
        return token(self.inner.action_name(action))

    def initial(self, seed: int) -> Any:
        return self.inner.initial(seed)

    def step(self, state: Any, action: str) -> Any:
        raise NotImplementedError("the life is given")

    def is_over(self, state: Any) -> bool:
        return self.inner.is_over(state)

    def scene(self, state: Any) -> Scene:
        scene = self.inner.scene(state)
        return dataclasses.replace(
            scene,
            agent=_thing(scene.agent),
            things=tuple(map(_thing, scene.things)),
            globals={token(name): _value(value) for name, value in scene.globals.items()},
            materials=tuple(map(token, scene.materials)),
        )

    def to_dict(self, state: Any) -> dict[str, Any]:
        raise NotImplementedError("nothing is stored")

    def from_dict(self, data: Mapping[str, Any]) -> Any:
        raise NotImplementedError("nothing is stored")


def _value(value: Value) -> Value:
    return token(value) if isinstance(value, str) else value


def _thing(thing: Thing) -> Thing:
    return dataclasses.replace(
        thing,
        kind=token(thing.kind),
        attributes={token(name): _value(value) for name, value in thing.attributes.items()},
        records=frozenset(map(token, thing.records)),
    )


def _observable(name: str) -> str:
    head, _, rest = name.partition(".")
    if head == "material":
        return name
    if head in ("new", "spawn"):
        kind, _, place = rest.partition(".")
        return f"{head}.{token(kind)}.{place}"
    owner, _, rest = rest.partition(".") if head == "object" else (head, "", rest)
    attribute = rest if rest in ("", "position") else token(rest)
    start = f"object.{owner}" if head == "object" else token(head)
    return f"{start}.{attribute}" if attribute else start


def life(world: World[Any], length: int) -> list[Transition[Any, Any]]:
    """What an explorer without aims lives through."""
    from worldmodels.onelife.exploration.life import live

    lived = live(world, 5, length, "random")
    befores = (lived.first, *lived.states)
    return [Transition(*step) for step in zip(befores, lived.actions, lived.states, strict=False)]


def laws(name: str, length: int, *, is_renamed: bool) -> list[Any]:
    """What is learned, as JSON with the names of laws left out."""
    world = world_named(name)
    steps = life(world, length)
    book = induce(RenamedWorld(world) if is_renamed else world, steps)
    found = [law_to_json(law) for law in book.laws]
    text = json.dumps([{k: v for k, v in law.items() if k != "name"} for law in found])
    plain: list[Any] = json.loads(text)
    return plain


@functools.cache
def learned(name: str, length: int, hash_seed: int, *, is_renamed: bool = False) -> list[Any]:
    """The same in another process, with other hashes and without checks of types."""
    call = f"laws({name!r}, {length}, is_renamed={is_renamed})"
    program = (
        f"import json; from onelife.test_inductive_names import laws; print(json.dumps({call}))"
    )
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def canonical(laws: list[Any], words: Mapping[str, str]) -> list[Any]:
    """Conditions as sets of tests, and texts under the names that `words` gives them."""

    def said(data: Any) -> Any:
        if isinstance(data, str):
            return words.get(data, data)
        if isinstance(data, list):
            return [said(part) for part in data]
        if isinstance(data, dict):
            return {key: said(value) for key, value in data.items()}
        return data

    def condition(tests: list[Any]) -> list[str]:
        tests = [[t, op, sorted(v) if op == "in" else v] for t, op, v in said(tests)]
        return sorted(json.dumps(test) for test in tests)

    return [
        {
            "scope": said(law["scope"]),
            "if": condition(law["if"]),
            "then": [
                {**said(change), "unless": sorted(condition(c) for c in change["unless"])}
                for change in law["then"]
            ],
            "num_rows": law["num_rows"],
        }
        for law in laws
    ]


def vocabulary(world: World[Any]) -> dict[str, str]:
    """Token -> word, of everything in a short life."""
    words: set[str] = {*world.actions}
    for step in life(world, 60):
        scene = world.scene(step.state)
        words |= {*scene.globals, *scene.materials}
        for thing in (scene.agent, *scene.things):
            texts = {value for value in thing.attributes.values() if isinstance(value, str)}
            words |= {thing.kind, *thing.attributes, *texts}
    return {token(word): word for word in words}


@pytest.mark.parametrize("name", ["crafter_oo", "homestead"])
def test_laws_are_the_same_whatever_things_are_called(name: str) -> None:
    plain = learned(name, 60, 1)
    assert len(plain) > 10
    words = vocabulary(world_named(name))
    renamed = learned(name, 60, 2, is_renamed=True)
    assert canonical(renamed, words) == canonical(plain, {})


def test_laws_are_the_same_however_names_are_hashed() -> None:
    assert learned("homestead", 60, 3) == learned("homestead", 60, 1)


def test_renaming_leaves_no_word_of_the_world() -> None:
    world = world_named("homestead")
    [step, *_] = life(world, 3)
    words = {*vocabulary(world).values()}
    scene = RenamedWorld(world).scene(step.state)
    _, after = RenamedWorld(world).observables.compare(step.state, step.next_state)
    seen = {part for name in after for part in name.split(".")}
    seen |= {*scene.globals, *scene.materials, scene.agent.kind, *scene.agent.attributes}
    assert not (seen & words) - KEPT
    assert all(value in UNIT_VECTORS for value in [scene.agent.attributes[token("gaze")]])
