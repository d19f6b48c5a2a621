"""What the evaluation must know of a world. The rest of it is the same for every world.

To add a world, write a function that returns its `Arena` and a row in `evaluation.arenas`. A
state may be anything with a JSON form: an object, a dataclass, an array.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import UInt8

from evaluation.record import Reference
from worldmodels.interface import WorldModel

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

Protocol = Literal["compat", "strict"]
ObservableSet = Literal["onelife", "full"]
Picture = UInt8[np.ndarray, "height width 3"]

EVERYTHING = "all"  # the set that every arena has; its labels can be chosen one by one


@dataclasses.dataclass(frozen=True)
class Mutator(Generic[StateT, ActionT]):
    """One kind of error: how to turn a state into a plausible but wrong one.

    `edit` returns an edited copy, or None where this kind of error cannot be made.
    """

    name: str
    edit: Callable[[StateT, ActionT, np.random.Generator], StateT | None]


@dataclasses.dataclass(frozen=True)
class Transition(Generic[StateT, ActionT]):
    """One true step; the states are shared, so work on copies."""

    state: StateT
    action: ActionT
    next_state: StateT
    before: str  # canonical text of `state`
    after: str  # canonical text of `next_state`


@dataclasses.dataclass(frozen=True)
class Recording(Generic[StateT, ActionT]):
    """The transitions of one scenario, in order."""

    label: str
    transitions: tuple[Transition[StateT, ActionT], ...]
    category: str = ""


def recording_of(
    label: str,
    states: Sequence[StateT],
    actions: Sequence[ActionT],
    text_of: Callable[[StateT], str],
    category: str = "",
) -> Recording[StateT, ActionT]:
    """Put together what happened in a scenario: one state more than actions."""
    texts = list(map(text_of, states))
    steps = zip(states[:-1], actions, states[1:], texts[:-1], texts[1:], strict=True)
    return Recording(label, tuple(Transition(*step) for step in steps), category)


@dataclasses.dataclass(frozen=True)
class Arena(Generic[StateT, ActionT]):
    """One world as it is evaluated.

    Attributes:
        name: as in `evaluation.arenas.ARENAS`.
        title: for people.
        note: how states are compared, one sentence.
        state_type: what a model must return.
        copy: a state that shares nothing that can change.
        text_of: canonical JSON text; two states are equal when their texts are.
        action_name: for people.
        draw: a square picture, for reports.
        record: acts out the scenario of a label, of any set; worth caching.
        scenario_sets: labels by the name of the set; one set is called `all`. The two variants of
            one scenario are labelled `name/variant`.
        default_set: name of a set, for each protocol that the world supports.
        mutators: the distractors, in order, for each protocol that the world supports.
        models: built-in models by name, made for a set of observables.
        observable_sets: what the built-in models can be told to predict.
        references: published figures that the results may stand beside.
        load: reads a model from a folder, and raises ValueError where it cannot; None where such a
            folder holds laws, as `python -m worldmodels.onelife run` writes them.
    """

    name: str
    title: str
    note: str
    state_type: type[StateT]
    copy: Callable[[StateT], StateT]
    text_of: Callable[[StateT], str]
    action_name: Callable[[ActionT], str]
    draw: Callable[[StateT], Picture]
    record: Callable[[str], Recording[StateT, ActionT]]
    scenario_sets: Mapping[str, tuple[str, ...]]
    default_set: Mapping[Protocol, str]
    mutators: Mapping[Protocol, tuple[Mutator[StateT, ActionT], ...]]
    models: Mapping[str, Callable[[ObservableSet], WorldModel[StateT, Any]]]
    observable_sets: tuple[ObservableSet, ...] = ("full",)
    references: tuple[Reference, ...] = ()
    load: Callable[[Path], WorldModel[StateT, Any]] | None = None

    def select(self, names: str) -> tuple[str, ...]:
        """Labels of a set of scenarios.

        Args:
            names: name of a set, or a comma-separated list of labels, where the plain name of a
                scenario with variants stands for all of them.

        Raises:
            ValueError: a name is unknown.
        """
        if names in self.scenario_sets:
            return self.scenario_sets[names]
        known = self.scenario_sets[EVERYTHING]
        labels: dict[str, None] = {}
        for name in (part.strip() for part in names.split(",")):
            found = [label for label in known if name in (label, label.partition("/")[0])]
            if not found:
                raise ValueError(
                    f"unknown scenario {name!r}; expected {', '.join(self.scenario_sets)}, or a "
                    f"comma-separated list of: {', '.join(known)}"
                )
            labels.update(dict.fromkeys(found))
        return tuple(labels)

    def check(self, protocol: Protocol, observables: ObservableSet) -> None:
        """See that the world can be judged in this way.

        Raises:
            ValueError: it has no such protocol or set of observables.
        """
        for option, value, offered in (
            ("protocol", protocol, tuple(self.mutators)),
            ("observables", observables, self.observable_sets),
        ):
            if value not in offered:
                raise ValueError(
                    f"--world {self.name} has --{option} {' or '.join(offered)}, got {value}"
                )
