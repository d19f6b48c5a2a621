"""Which changes of a life a language model is asked about: the first of every kind.

A kind of change is the name of an observable without what tells one case from the next, and the
way its value goes:

| observable | kinds |
|---|---|
| `player.inventory.wood`, or any other number | `player.inventory.wood.up`, `.down` |
| `object.7.position`, where 7 is a cow | `object.cow.position`; `.gone` if it is there no more |
| `material.3.4` | `material.<before>.<after>` |
| `new.plant.3.4`, `spawn.cow.0.0` | `new.plant`, `spawn.cow` |

Going up and going down are two kinds, and so are stone that becomes path and grass that becomes
table, because a different rule of the world is behind each.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final, TypeVar

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

NUM_EXAMPLES: Final = 2  # a second case shows what in the first was chance


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One observable that a transition changed; `ABSENT` where it did not exist."""

    observable: str
    before: Value
    after: Value


@dataclasses.dataclass(frozen=True, slots=True)
class Aspect:
    """All that one kind of change did in one transition."""

    index: int  # of the transition
    kind: str
    changes: tuple[Change, ...]


def first_aspects(
    transitions: Sequence[Transition[StateT, str]],
    world: World[StateT],
    num_examples: int = NUM_EXAMPLES,
) -> list[Aspect]:
    """The earliest examples of every kind of change, in order of time, then of kind.

    Raises:
        ValueError: no examples are wanted.
    """
    if num_examples < 1:
        raise ValueError(f"num_examples is a positive number, got {num_examples}")
    seen: dict[str, int] = {}
    aspects = []
    for index, step in enumerate(transitions):
        for kind, changes in sorted(_by_kind(step, world).items()):
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] <= num_examples:
                aspects.append(Aspect(index, kind, tuple(changes)))
    return aspects


def changes_of(step: Transition[StateT, str], world: World[StateT]) -> list[Change]:
    """Everything that a transition changed, by name of the observable."""
    before, after = world.observables.compare(step.state, step.next_state)
    return [
        Change(name, old, new)
        for name in sorted({**before, **after})
        if (old := before.get(name, ABSENT)) != (new := after.get(name, ABSENT))
    ]


def _by_kind(step: Transition[StateT, str], world: World[StateT]) -> dict[str, list[Change]]:
    kinds = {thing.id: thing.kind for thing in world.scene(step.state).things}
    groups: dict[str, list[Change]] = {}
    for change in changes_of(step, world):
        groups.setdefault(_kind(change, kinds), []).append(change)
    return groups


def _kind(change: Change, kinds: dict[int, str]) -> str:
    head, _, rest = change.observable.partition(".")
    if head == "material":
        return f"material.{change.before}.{change.after}"
    if head in ("new", "spawn"):
        return change.observable.rsplit(".", 2)[0]
    if head == "object":
        number, _, attribute = rest.partition(".")
        if change.after is ABSENT:
            return f"object.{kinds[int(number)]}.gone"
        return f"object.{kinds[int(number)]}.{attribute}{_way(change)}"
    return f"{change.observable}{_way(change)}"


def _way(change: Change) -> str:
    old, new = change.before, change.after
    if isinstance(old, int | float) and isinstance(new, int | float):
        return ".up" if new > old else ".down"
    return ""
