"""The arena of any world of things on a grid that `worldmodels.onelife` can learn."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evaluation.arena import EVERYTHING, Arena, ObservableSet, Picture, Recording, recording_of
from evaluation.arenas.object_mutators import object_mutators
from evaluation.baselines import Random, null, oracle
from evaluation.metrics import canonical_text
from worldmodels.interface import WorldModel
from worldmodels.onelife.worlds import StateT, World


def object_arena(
    world: World[StateT],
    *,
    title: str,
    note: str,
    state_type: type[StateT],
    copy: Callable[[StateT], StateT],
    draw: Callable[[StateT], Picture],
    play: Callable[[str], tuple[Sequence[StateT], Sequence[str]]],
    labels: tuple[str, ...],
    items: str,
    models: Mapping[str, Callable[[ObservableSet], WorldModel[StateT, Any]]],
) -> Arena[StateT, str]:
    """Judge models of a world by the strict protocol.

    Args:
        world: the world; its actions are texts, and its states hold their random state.
        title: see `Arena`, like the next four.
        note: how states are compared.
        state_type: what a model must return.
        copy: a state that shares nothing that can change, the random state included.
        draw: a square picture.
        play: acts out the scenario of a label: the states, and the actions between them.
        labels: of all scenarios.
        items: how the names of the agent's attributes begin that count what it carries.
        models: built-in models beside the oracle, the null and the random model.
    """

    def text_of(state: StateT) -> str:
        return canonical_text(world.to_dict(state))

    @functools.cache
    def record(label: str) -> Recording[StateT, str]:
        states, actions = play(label)
        return recording_of(label, states, actions, text_of)

    return Arena(
        name=world.name,
        title=title,
        note=note,
        state_type=state_type,
        copy=copy,
        text_of=text_of,
        action_name=lambda action: action.replace("_", " "),
        draw=draw,
        record=record,
        scenario_sets={EVERYTHING: labels},
        default_set={"strict": EVERYTHING},
        mutators={"strict": object_mutators(world, items)},
        models={
            "oracle": lambda observables: oracle(world.step, text_of),
            **models,
            "null": lambda observables: null(copy, text_of),
            "random": lambda observables: Random(copy),
        },
    )
