"""How one prediction is judged: candidates, log-probabilities, rank, distance.

Source: arXiv 2510.12088 and its released code (`compat`); `strict` mends what makes the published
figures hard to read: there, distractors differ from the truth in one thing only, edits without
effect are dropped, and ties count their expected rank.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from evaluation.arena import ActionT, Arena, Protocol, StateT, Transition
from evaluation.metrics import (
    Fidelity,
    Ranking,
    expected_ranking,
    fidelity,
    shuffled_ranking,
)
from worldmodels.interface import WorldModel

TRUTH: Final = "true next state"
SAMPLE: Final = "own sample"


class Place(NamedTuple):
    """Which prediction is meant; every random number is a function of this."""

    seed: int
    label: str  # of the scenario
    step: int  # index of the transition
    trial: int

    def key(self, purpose: str) -> int:
        """A number in [0, 2**63), the same on every machine and for every model."""
        text = f"{self.seed}/{self.label}/{self.step}/{self.trial}/{purpose}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    def generator(self, purpose: str) -> np.random.Generator:
        """A stream of random numbers of its own."""
        return np.random.default_rng(self.key(purpose))


class Candidate(NamedTuple):
    """A state that may have come next."""

    name: str  # TRUTH, SAMPLE or the mutator's
    state: Any  # of the arena's type
    text: str  # canonical


class Judgement(NamedTuple):
    """One prediction, judged."""

    candidates: list[Candidate]  # the truth first
    log_probs: list[float]  # one per candidate
    ranking: Ranking
    fidelity: Fidelity


class ModelError(Exception):
    """A model raised, or answered with something that is no prediction."""


def judge(
    arena: Arena[StateT, ActionT],
    name: str,
    model: WorldModel[StateT, ActionT],
    transition: Transition[StateT, ActionT],
    protocol: Protocol,
    place: Place,
) -> Judgement:
    """Ask a model for a sample and for the log-probability of every candidate.

    Args:
        arena: the world.
        name: of the model, for error messages.
        model: is given copies, so it cannot change what others are judged on.
        transition: the true step.
        protocol: how candidates are made and ties are counted.
        place: seeds everything random.

    Raises:
        ModelError: the model raised, or returned no state, too few numbers, or nan.
    """
    where = f"model {name!r}, scenario {place.label}, step {place.step}, trial {place.trial}"
    state, action = arena.copy(transition.state), transition.action
    sample = _ask(f"{where}: sample", model.sample, place.key("sample"), state, action)
    if not isinstance(sample, arena.state_type):
        raise ModelError(
            f"{where}: sample returned a {type(sample).__name__}, not a {arena.state_type.__name__}"
        )
    text = _ask(f"{where}: the JSON form of its sample", arena.text_of, sample)
    sampled = Candidate(SAMPLE, sample, text)
    candidates = candidates_of(arena, transition, sampled, protocol, place)
    states = [arena.copy(candidate.state) for candidate in candidates]
    log_probs = _ask(
        f"{where}: log_probs", _log_probs, model, arena.copy(transition.state), action, states
    )
    if len(log_probs) != len(candidates):
        raise ModelError(
            f"{where}: {len(log_probs)} log-probabilities for {len(candidates)} states"
        )
    for candidate, value in zip(candidates, log_probs, strict=True):
        if math.isnan(value):
            raise ModelError(f"{where}: log_prob of the {candidate.name} candidate is nan")
    if protocol == "strict":
        ranking = expected_ranking(log_probs, truth=0)
    else:
        is_true = [candidate.text == transition.after for candidate in candidates]
        order = place.generator("shuffle").permutation(len(candidates)).tolist()
        ranking = shuffled_ranking(log_probs, is_true, order)
    distance = fidelity(transition.before, sampled.text, transition.after)
    return Judgement(candidates, log_probs, ranking, distance)


def candidates_of(
    arena: Arena[StateT, ActionT],
    transition: Transition[StateT, ActionT],
    sample: Candidate,
    protocol: Protocol,
    place: Place,
) -> list[Candidate]:
    """The truth, the model's sample and the distractors, in this order.

    A sample equal to the truth is listed again in `compat` only.
    """
    truth = Candidate(TRUTH, transition.next_state, transition.after)
    with_sample = protocol == "compat" or sample.text != truth.text
    others = distractors(arena, transition, protocol, place)
    return [truth, *([sample] if with_sample else []), *others]


def distractors(
    arena: Arena[StateT, ActionT],
    transition: Transition[StateT, ActionT],
    protocol: Protocol,
    place: Place,
) -> list[Candidate]:
    """Wrong next states: `compat` edits the state before, `strict` the true state after.

    Edits that give the true next state are dropped.
    """
    start = transition.state if protocol == "compat" else transition.next_state
    random = place.generator("mutate")
    kept = []
    for mutator in arena.mutators[protocol]:
        edited = mutator.edit(start, transition.action, random)
        if edited is None:
            continue
        text = arena.text_of(edited)
        if text != transition.after:
            kept.append(Candidate(mutator.name, edited, text))
    return kept


def _log_probs(
    model: WorldModel[StateT, ActionT], state: StateT, action: ActionT, candidates: list[StateT]
) -> list[float]:
    return [float(value) for value in model.log_probs(state, action, candidates)]


def _ask(what: str, method: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return method(*arguments)
    except Exception as error:  # the model may be anybody's: whatever it raises is reported
        raise ModelError(f"{what} raised {type(error).__name__}: {error}") from error
