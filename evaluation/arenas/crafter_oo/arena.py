"""Crafter-OO, put together for the evaluation."""

from typing import Any

from envs.crafter_oo.engine import transition
from envs.crafter_oo.state import DIRECTIONS, DOWN, ArrowState, PlayerState, WorldState
from envs.crafter_oo.tables import Action
from evaluation.arena import Arena, ObservableSet, Picture
from evaluation.arenas.crafter_oo.corruption import RandomCrafter
from evaluation.arenas.crafter_oo.mutators import COMPAT_MUTATORS, STRICT_MUTATORS
from evaluation.arenas.crafter_oo.scenarios import ALL, COMPAT23, record, text_of
from evaluation.baselines import Random, null, oracle
from evaluation.published import STATE_RANKING
from worldmodels.interface import WorldModel

SIDE = 198  # pixels of a picture, 22 a cell


def crafter_arena() -> Arena[WorldState, Action]:
    """The published protocol and our own."""
    return Arena(
        name="crafter_oo",
        title="Crafter-OO",
        note="States are compared as JSON, without random state and event bus.",
        state_type=WorldState,
        copy=WorldState.copy,
        text_of=text_of,
        action_name=lambda action: action.slug.replace("_", " "),
        draw=_draw,
        record=record,
        scenario_sets={"compat23": tuple(COMPAT23), "all": tuple(ALL)},
        default_set={"compat": "compat23", "strict": "all"},
        mutators={"compat": COMPAT_MUTATORS, "strict": STRICT_MUTATORS},
        models={
            "oracle": lambda observables: oracle(_true_step, text_of),
            "kernel": _kernel,
            "onelife": _onelife,
            "poe": _poe,
            "null": lambda observables: null(WorldState.copy, text_of),
            "random": lambda observables: Random(WorldState.copy),
            "random_crafter": lambda observables: RandomCrafter(),
        },
        observable_sets=("full", "onelife"),
        references=STATE_RANKING,
    )


def _true_step(state: WorldState, action: Action) -> WorldState:
    return transition(state, action)[0]


def _kernel(observables: ObservableSet) -> WorldModel[WorldState, Any]:
    from worldmodels.kernel import kernel_model

    return kernel_model(observables)


def _onelife(observables: ObservableSet) -> WorldModel[WorldState, Any]:
    from worldmodels.onelife.crafter.fitted import handwritten_model  # imports torch

    return handwritten_model(observables)


def _poe(observables: ObservableSet) -> WorldModel[WorldState, Any]:
    from worldmodels.onelife.crafter.fitted import poe_model  # imports torch

    return poe_model(observables)


def _draw(state: WorldState) -> Picture:
    from envs.crafter_oo.render import render

    return render(_drawable(state), size=(SIDE, SIDE))


def _drawable(state: WorldState) -> WorldState:
    """A copy in which who faces no direction, as a wrong prediction may say, faces south."""
    copied = state.copy()
    for entity in copied.objects:
        if isinstance(entity, PlayerState | ArrowState) and entity.facing not in DIRECTIONS:
            entity.facing = DOWN
    return copied
