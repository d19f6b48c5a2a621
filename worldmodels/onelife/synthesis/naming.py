"""Short names for laws, made of what they say."""

from collections.abc import Sequence
from typing import Final

from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.synthesis.conditions import Condition
from worldmodels.onelife.synthesis.laws import Change
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import STAY, Template
from worldmodels.onelife.synthesis.terms import AGENT

_MOST: Final = 3  # changes that a name tells


def name_of(scope: str, condition: Condition, changes: Sequence[Change]) -> str:
    """What happens, when the agent does what to what."""
    told = [f"{_slot(change.slot)} {_effect(change)}" for change in changes[:_MOST]]
    if len(changes) > _MOST:
        told.append("...")
    when = [str(test.value) for test in condition if test.term == ("action",) and test.op == "=="]
    when += [
        str(test.value)
        for test in condition
        if test.term[0] == "cell" and test.op == "==" and isinstance(test.value, str)
    ]
    about = [] if scope == AGENT else [scope]
    head = " ".join([*about, *when])
    return f"{head}: {', '.join(told)}" if head else ", ".join(told)


def _slot(slot: Slot) -> str:
    if slot.what in ("attribute", "global"):
        return slot.detail[0]
    return "position" if slot.what == "presence" else slot.what


def _effect(change: Change) -> str:
    likely = max(
        (o for o in change.outcomes if o.template != STAY), key=lambda outcome: outcome.chance
    )
    return effect_text(likely.template)


def effect_text(template: Template) -> str:
    """A template in a few signs."""
    argument = template.argument
    match template.form:
        case "add":
            return f"{argument:+}"
        case "take":
            return f"-{argument}"
        case "set":
            return "gone" if argument is ABSENT else f":= {argument}"
        case "cycle":
            return "by the clock"
        case "stay":
            return "stays"
        case "action":
            return ":= action"
    return f"{template.form} {argument}"
