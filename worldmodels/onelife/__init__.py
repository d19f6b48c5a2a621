"""World models made of laws, each weighted by how well it predicts.

What needs torch is imported from its module: `learning`, `fitting`, `predictions`, `bayes`.
"""

from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.laws import FunctionLaw, Law, Transition
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import ABSENT, Observables
from worldmodels.onelife.posterior import PosteriorOneLife
from worldmodels.onelife.scoring import Scoring
from worldmodels.onelife.storage import load_onelife, save_onelife

__all__ = [
    "ABSENT",
    "Distribution",
    "FunctionLaw",
    "Law",
    "Observables",
    "OneLife",
    "PosteriorOneLife",
    "Scoring",
    "Transition",
    "Value",
    "load_onelife",
    "save_onelife",
]
