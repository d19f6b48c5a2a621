"""The laws that fired in a step and what they voted for, as a table of a results page."""

import html
import itertools
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol, runtime_checkable

from worldmodels.interface import WorldModel
from worldmodels.onelife.distributions import Distribution, Value
from worldmodels.onelife.model import Vote
from worldmodels.onelife.observables import ABSENT, Observables

MAX_VALUES: Final = 3  # of one vote that are listed
_NOBODY: Final = "no law speaks"
_CLOSE: Final = 1e-9  # log-probabilities this close to the highest are the highest

Verdict = Literal["right", "partly", "wrong"]
_MARKS: Final[Mapping[Verdict, str]] = {"right": "✓", "partly": "~", "wrong": "✗"}


@runtime_checkable
class Explaining(Protocol):
    """A model that can say which laws made its prediction."""

    @property
    def observables(self) -> Observables[Any]:
        """How it cuts states."""

    def explain(self, state: Any, action: Any) -> list[Vote]:
        """One entry for each law and observable that it speaks about."""


def votes_table(model: WorldModel[Any, Any], state: Any, action: Any, next_state: Any) -> str:
    """HTML of the votes on a step, folded; empty where the model has no laws.

    The states must be copies: laws are foreign code.

    Args:
        model: any model.
        state: before the step.
        action: what was done.
        next_state: what truly came.
    """
    if not isinstance(model, Explaining):
        return ""
    before, after = model.observables.compare(state, next_state)
    votes = model.explain(state, action)
    spoken = {vote.observable for vote in votes}
    unforeseen = [
        name
        for name in sorted({**before, **after})
        if name not in spoken and before.get(name, ABSENT) != after.get(name, ABSENT)
    ]
    groups = itertools.groupby(votes, key=lambda vote: vote.observable)
    bodies = [_group(name, list(group), after.get(name, ABSENT)) for name, group in groups]
    bodies += [_silence(name, after.get(name, ABSENT)) for name in unforeseen]
    return (
        f"<details class=votes><summary>{_summary(votes, after, unforeseen)}</summary>"
        "<div class=scroll><table><tr><th>observable<th>truth<th>p(truth)<th>law"
        f"<th>weight<th>its vote{''.join(bodies)}</table></div></details>"
    )


def verdict(opinion: Distribution, truth: Value) -> Verdict:
    """Whether a law finds the truth likeliest, names it at all, or does not."""
    log_prob = opinion.log_prob(truth)
    if log_prob >= max(opinion.log_probs()) - _CLOSE:
        return "right"
    return "partly" if truth in opinion.support else "wrong"


def _summary(votes: list[Vote], after: Mapping[str, Value], unforeseen: list[str]) -> str:
    laws = len({vote.law for vote in votes})
    found = [verdict(vote.opinion, after.get(vote.observable, ABSENT)) for vote in votes]
    parts = [f"{laws} laws fired, {len(votes)} votes"]
    parts += [
        f"<b class={kind}>{mark} {found.count(kind)}</b>"
        for kind, mark in _MARKS.items()
        if kind in found
    ]
    if unforeseen:
        parts.append(f"<b class=wrong>{len(unforeseen)} changed unforeseen</b>")
    return " · ".join(parts)


def _group(name: str, votes: list[Vote], truth: Value) -> str:
    """All votes on one observable."""
    chance = math.exp(votes[0].product.log_prob(truth))
    kind = "right" if chance > 0.5 else "partly" if chance > 0.01 else "wrong"
    head = (
        f"<tr><th rowspan={len(votes)}>{_text(name)}<td rowspan={len(votes)}>{_value(truth)}"
        f'<td rowspan={len(votes)} class="number {kind}">{_percent(chance)}'
    )
    return f"<tbody>{head}{'<tr>'.join(_vote(vote, truth) for vote in votes)}"


def _vote(vote: Vote, truth: Value) -> str:
    kind = verdict(vote.opinion, truth)
    return (
        f"<td>{_text(vote.law)}<td class=number>{vote.weight:.2f}"
        f"<td><b class={kind}>{_MARKS[kind]}</b> {_opinion(vote.opinion, truth)}"
    )


def _silence(name: str, truth: Value) -> str:
    return (
        f"<tbody><tr><th>{_text(name)}<td>{_value(truth)}<td><td colspan=3>"
        f"<b class=wrong>{_MARKS['wrong']}</b> {_NOBODY}"
    )


def _opinion(opinion: Distribution, truth: Value) -> str:
    """The likeliest values and the truth, each with its probability."""
    pairs = zip(opinion.support, opinion.log_probs(), strict=True)
    ranked = sorted(pairs, key=lambda pair: -pair[1])  # stable: ties in the law's own order
    shown = [pair for i, pair in enumerate(ranked) if i < MAX_VALUES or pair[0] == truth]
    texts = [
        _value(value) if len(ranked) == 1 else f"{_value(value)}: {_percent(math.exp(log_prob))}"
        for value, log_prob in shown
    ]
    if len(ranked) > len(shown):
        texts.append(f"{len(ranked) - len(shown)} more")
    return ", ".join(texts)


def _value(value: Value) -> str:
    if value is ABSENT:
        return "gone"
    if isinstance(value, tuple):
        return f"({', '.join(map(_value, value))})"
    return _text(f"{value:.4g}" if isinstance(value, float) else str(value))


def _percent(chance: float) -> str:
    return "&lt; 0.1 %" if 0 < chance < 0.001 else f"{100 * chance:.3g} %"


def _text(text: str) -> str:
    return html.escape(text)
