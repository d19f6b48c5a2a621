"""Models of Crafter-OO from the hand-written laws, fitted to one recorded life."""

import functools
from collections.abc import Sequence
from typing import Final

from envs.assets import asset_path
from envs.crafter_oo.state import WorldState
from envs.crafter_oo.tables import Action
from worldmodels.onelife.crafter.handwritten import (
    ObservableSet,
    handwritten_laws,
    observables_named,
)
from worldmodels.onelife.fitting import FitConfig
from worldmodels.onelife.laws import Transition
from worldmodels.onelife.learning import learn
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.trajectories import load
from worldmodels.poeworld.learning import fit_poeworld
from worldmodels.poeworld.model import PoEWorld

LIFE: Final = ("trajectories", "scripted_life.jsonl.gz")
FIT: Final = FitConfig(num_steps=20, bounds="sigmoid", learning_rate=1.0)


@functools.cache
def recorded_life() -> Sequence[Transition[WorldState, Action | int | str]]:
    """The recorded life that ships with the package."""
    return load(asset_path(*LIFE))


def handwritten_model(observables: ObservableSet) -> OneLife[WorldState, Action | int | str]:
    """The hand-written laws with weights fitted to the recorded life."""
    return learn(
        handwritten_laws(observables), recorded_life(), observables_named(observables), FIT
    )


def poe_model(observables: ObservableSet) -> PoEWorld[WorldState, Action | int | str]:
    """The PoE-World baseline on the same laws and the same life."""
    return fit_poeworld(
        handwritten_laws(observables), recorded_life(), observables_named(observables)
    )
