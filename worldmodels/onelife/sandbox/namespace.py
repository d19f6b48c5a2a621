"""The namespace of a law. Runs in the child."""

import __future__

import builtins
import math
from typing import Any, Final, NamedTuple

from worldmodels.onelife.distributions import Distribution
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.sandbox.names import BUILTINS, MATH
from worldmodels.onelife.sandbox.views import Record

FILENAME: Final = "<law>"

# Annotations stay texts: laws may name types that do not exist here.
_FLAGS: Final = __future__.annotations.compiler_flag


class Rules(NamedTuple):
    """The two functions of a law."""

    precondition: Any
    effect: Any


def build(source: str) -> Rules:
    """Run a source that was checked, with nothing but the words of the language of laws."""
    words = {name: getattr(builtins, name) for name in (*BUILTINS, "__build_class__")}
    words["math"] = Record({name: getattr(math, name) for name in MATH})
    words["Distribution"], words["ABSENT"] = Distribution, ABSENT
    namespace: dict[str, Any] = {"__builtins__": words, "__name__": "law"}
    exec(compile(source, FILENAME, "exec", _FLAGS, dont_inherit=True), namespace)
    owner = next((value for value in namespace.values() if isinstance(value, type)), None)
    if owner is None:
        return Rules(namespace["precondition"], namespace["effect"])
    law = owner()
    return Rules(law.precondition, law.effect)
