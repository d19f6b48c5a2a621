"""The models of a study: those that are fitted to a life, and those that need none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from evaluation.arena import Arena, ObservableSet
from evaluation.models import load_model
from worldmodels.interface import WorldModel
from worldmodels.onelife.learned import laws_about, load_learned, observables_of
from worldmodels.onelife.learning import learn
from worldmodels.onelife.pipeline import LIFE_FILE
from worldmodels.onelife.synthesis.storage import LAWS_FILE, load_book
from worldmodels.onelife.trajectories import load
from worldmodels.poeworld.learning import fit_poeworld

INDUCTIVE: Final = "onelife_inductive"
POE: Final = "poe_inductive"
HAND_WRITTEN: Final = "onelife_handwritten"
POE_HAND_WRITTEN: Final = "poe_handwritten"
KERNEL: Final = "kernel"

FILES: Final[Mapping[str, tuple[str, ...]]] = {
    POE: (LIFE_FILE, LAWS_FILE),
    POE_HAND_WRITTEN: (LIFE_FILE,),
    HAND_WRITTEN: (LIFE_FILE,),
    INDUCTIVE: (LAWS_FILE,),
}
"""Model that is fitted to a life -> the files of the life's folder that it is made from."""

_WITH_LAWS_BY_HAND: Final = "crafter_oo"
_BUILT_IN: Final = ("random", "random_crafter", "null", KERNEL, "oracle")
_TITLES: Final = {
    POE: "PoE-World inductive",
    POE_HAND_WRITTEN: "PoE-World hand-written",
    HAND_WRITTEN: "OneLife hand-written",
    INDUCTIVE: "OneLife inductive",
}


def model_names(arena: Arena[Any, Any]) -> tuple[str, ...]:
    """The models of a world in the order of the tables, those that should do worst first."""
    fitted = [
        name
        for name in FILES
        if arena.name == _WITH_LAWS_BY_HAND or name not in (HAND_WRITTEN, POE_HAND_WRITTEN)
    ]
    built_in = [name for name in _BUILT_IN if name in arena.models]
    last = built_in.index(KERNEL)
    return (*built_in[:last], *fitted, *built_in[last:])


def title_of(name: str) -> str:
    """The name of a model for people."""
    return _TITLES.get(name, name.replace("_", " "))


def make_model(
    world: str, name: str, observables: ObservableSet, home: Path
) -> WorldModel[Any, Any]:
    """Make a model, fitted to a life where it needs one.

    Models of laws are fitted in terms of the observables they are judged on, but for the
    inductive one, whose weights are those of its file.

    Args:
        world: as in `evaluation.arenas.ARENAS`.
        name: one of `model_names`.
        observables: what it predicts.
        home: folder of the life and its laws.
    """
    if name not in FILES:
        return load_model(world, name, observables)
    if name == INDUCTIVE:
        return load_learned(home, observables)
    life = load(home / LIFE_FILE)
    if name == POE:
        book, _, _ = load_book(home / LAWS_FILE)
        return fit_poeworld(laws_about(book, observables), life, observables_of(book, observables))
    from worldmodels.onelife.crafter.fitted import FIT
    from worldmodels.onelife.crafter.handwritten import handwritten_laws, observables_named

    laws, named = handwritten_laws(observables), observables_named(observables)
    if name == POE_HAND_WRITTEN:
        return fit_poeworld(laws, life, named)
    return learn(laws, life, named, FIT)
