"""Homestead, put together for the evaluation."""

from collections.abc import Sequence

from envs.homestead import scenarios
from envs.homestead.state import FarmState
from evaluation.arena import Arena, ObservableSet, Picture
from evaluation.arenas.object_world import object_arena
from worldmodels.interface import WorldModel
from worldmodels.onelife.worlds import world_named

SIDE = 160  # pixels of a picture, bars of needs included


def homestead_arena() -> Arena[FarmState, str]:
    """The strict protocol on every scenario of the world."""
    return object_arena(
        world_named("homestead"),
        title="Homestead",
        note="States are compared as JSON, without the key of the random numbers.",
        state_type=FarmState,
        copy=FarmState.copy,
        draw=_draw,
        play=_play,
        labels=tuple(scenarios.ALL),
        items="basket.",
        models={"kernel": _kernel},
    )


def _play(label: str) -> tuple[Sequence[FarmState], Sequence[str]]:
    states, actions = scenarios.record(label)
    return states, [action.slug for action in actions]


def _kernel(observables: ObservableSet) -> WorldModel[FarmState, int | str]:
    del observables  # there is one set
    from worldmodels.onelife.homestead.kernel import HomesteadKernel

    return HomesteadKernel()


def _draw(state: FarmState) -> Picture:
    from envs.homestead.render import render

    return render(state, (SIDE, SIDE))
