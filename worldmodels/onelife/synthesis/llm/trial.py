"""Trial of proposed laws: what is no law, is wrong, or says what another says, is sorted out."""

import dataclasses
import math
from collections.abc import Hashable, Sequence
from typing import Final, Literal, TypeVar

from worldmodels.onelife.laws import Transition
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.python_laws import PythonLaw, asked_at_once
from worldmodels.onelife.sandbox.client import Sandbox
from worldmodels.onelife.sandbox.codec import Codec
from worldmodels.onelife.sandbox.errors import Kind, LawError
from worldmodels.onelife.sandbox.limits import Limits
from worldmodels.onelife.synthesis.llm.book import StoredLaw

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

NUM_OTHERS: Final = 50  # transitions of the rest of the life that every law is tried on
MIN_GAIN: Final = math.log(2.0)  # over inertia; to repeat what stays as it is gains less
LIMITS: Final = Limits(seconds=0.05)

Reason = Literal[Kind, "silent", "wrong", "duplicate"]


@dataclasses.dataclass(frozen=True, slots=True)
class Rejection:
    """Why a law is not kept.

    | reason | what happened |
    |---|---|
    | kinds of `LawError` | it is outside the language of laws, or fails somewhere in the life |
    | `silent` | it says nothing about the transition it was proposed for |
    | `wrong` | it does not make that transition twice as likely as inertia does |
    | `duplicate` | a law before it says the same wherever they were tried |
    """

    name: str
    reason: Reason
    text: str


def try_laws(
    candidates: Sequence[StoredLaw],
    transitions: Sequence[Transition[StateT, ActionT]],
    observables: Observables[StateT],
    codec: Codec[StateT, ActionT],
) -> list[Rejection | None]:
    """Try every law on its own transition, those of the others, and some of the rest of the life.

    Args:
        candidates: In the order of preference; of two that say the same, the first is kept.
        transitions: The life.
        observables: How states are cut into observables.
        codec: How laws see states.

    Returns:
        For each candidate why it is rejected, or None.
    """
    probes = _probes({law.transition for law in candidates}, len(transitions))
    steps = [transitions[i] for i in probes]
    known: dict[Hashable, str] = {}  # what was said -> name of the law that said it first
    verdicts: list[Rejection | None] = []
    with Sandbox(codec, LIMITS) as sandbox:
        loaded = [_loaded(candidate, sandbox) for candidate in candidates]
        with asked_at_once([law for law in loaded if isinstance(law, PythonLaw)], steps):
            for candidate, law in zip(candidates, loaded, strict=True):
                name, own = candidate.name, transitions[candidate.transition]
                try:
                    if isinstance(law, LawError):
                        raise law
                    signature = _signature(law, steps)
                    verdict = _judged(law, own, observables)
                except LawError as error:
                    verdict = error.kind, error.text
                else:
                    first = known.setdefault(signature, name) if verdict is None else name
                    if first != name:
                        verdict = "duplicate", f"it says what {first} says"
                verdicts.append(None if verdict is None else Rejection(name, *verdict))
    return verdicts


def _probes(sources: set[int], length: int) -> list[int]:
    """The given transitions and, evenly spread over the others, some more."""
    others = [i for i in range(length) if i not in sources]
    count = min(NUM_OTHERS, len(others))
    return sorted([*sources, *(others[i * len(others) // count] for i in range(count))])


def _loaded(
    law: StoredLaw, sandbox: Sandbox[StateT, ActionT]
) -> PythonLaw[StateT, ActionT] | LawError:
    try:
        return PythonLaw(law.name, law.source, sandbox)
    except LawError as error:
        return error


def _judged(
    law: PythonLaw[StateT, ActionT],
    step: Transition[StateT, ActionT],
    observables: Observables[StateT],
) -> tuple[Reason, str] | None:
    """Whether what a law says about its own transition is worth something."""
    if not law.effect(step.state, step.action):
        return "silent", "it says nothing about the transition it is for"
    inertia: OneLife[StateT, ActionT] = OneLife([], [], observables)
    model = OneLife([law], [1.0], observables, time_limit=None)
    arguments = step.state, step.action, step.next_state
    gain = model.log_prob(*arguments) - inertia.log_prob(*arguments)
    if not gain >= MIN_GAIN:
        return "wrong", f"expected a gain of {MIN_GAIN:.2f} nats over inertia, got {gain:.2f}"
    return None


def _signature(
    law: PythonLaw[StateT, ActionT], steps: Sequence[Transition[StateT, ActionT]]
) -> Hashable:
    """Equal for laws that say the same about the steps, whatever the order in which they do.

    Raises:
        LawError: the law fails on one of them.
    """
    effects = [law.effect(step.state, step.action) for step in steps]
    return tuple(
        frozenset((name, frozenset(said.scores().items())) for name, said in effect.items())
        for effect in effects
    )
