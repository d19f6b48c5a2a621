"""Data laws as Python that a person can read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.synthesis.conditions import Condition, Test
from worldmodels.onelife.synthesis.laws import Book, Change, DataLaw, Outcome
from worldmodels.onelife.synthesis.slots import REGION, Slot
from worldmodels.onelife.synthesis.templates import STAY, Cycle, Template
from worldmodels.onelife.synthesis.terms import AGENT, WITHIN, Term

_SURE: Final = 0.995  # chances from here on are not told


def book_text(book: Book[Any], weights: Mapping[str, float] | None = None) -> str:
    """All laws as a page of Markdown, those about the agent first."""
    lines = [
        f"# Laws of {book.world.name}",
        "",
        f"{len(book.laws)} laws, learned from one life. A law says nothing about what it does",
        "not name; where no law says anything, things stay as they are. A number behind an effect",
        "is its probability; without one it is (nearly) sure.",
    ]
    scopes = sorted({law.scope for law in book.laws}, key=lambda s: (s != AGENT, s == REGION, s))
    for scope in scopes:
        title = book.known.agent_kind if scope == AGENT else scope
        lines += ["", f"## {title}", ""]
        for law in book.laws:
            if law.scope == scope:
                weight = None if weights is None else weights.get(law.name, 0.0)
                lines += ["```python", law_text(law, book.known.agent_kind, weight), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def law_text(law: DataLaw, agent_kind: str, weight: float | None = None) -> str:
    """One law as a Python function."""
    me = agent_kind if law.scope == AGENT else law.scope
    seen = f"  # {law.num_rows} occasions" + ("" if weight is None else f", weight {weight:.2f}")
    lines = [f"def {_identifier(law.name)}({me}, action):{seen}"]
    indent = "    "
    if law.condition:
        lines.append(f"{indent}if {_condition(law.condition, me, agent_kind)}:")
        indent += "    "
    for change in law.changes:
        deeper = indent
        if change.unless:
            told = " or ".join(f"({_condition(c, me, agent_kind)})" for c in change.unless)
            lines.append(f"{indent}if not ({told}):")
            deeper += "    "
        lines += [deeper + line for line in _change(change, me)]
    return "\n".join(lines)


def _identifier(name: str) -> str:
    name = name.replace("+", " plus ").replace("-", " minus ").replace(":=", " becomes ")
    return re.sub(r"\W+", "_", name).strip("_").lower()


def _condition(condition: Condition, me: str, agent_kind: str) -> str:
    return " and ".join(_test(test, me, agent_kind) for test in condition)


def _test(test: Test, me: str, agent_kind: str) -> str:
    term = _term(test.term, me, agent_kind)
    if test.value is True and test.op == "==":
        return term
    if test.value is False and test.op == "==":
        return f"not {term}"
    if test.op == "in":
        return f"{term} in {tuple(test.value)!r}"  # type: ignore[arg-type]  # a tuple
    op = "is" if test.value is None and test.op == "==" else test.op
    return f"{term} {op} {_value(test.value)}"


def _term(term: Term, me: str, agent_kind: str) -> str:
    head, *rest = term
    names = [str(part) for part in rest]
    match head:
        case "action":
            return "action"
        case "turns":
            return "action.turns"
        case "own":
            return f"{me}.{names[0]}"
        case "agent":
            return f"{agent_kind}.{names[0]}"
        case "soon":
            return f"{agent_kind}.{names[0]}_after"
        case "global":
            return f"world.{names[0]}"
        case "phase":
            return f"world.clock % {names[0]}"
        case "cell":
            return f"{_cell(me, names[0])}.{names[1]}"
        case "near":
            return f"{me}.distance_to({names[0]!r})"
        case "nearest":
            return f"nearest({names[0]!r}).{names[1]}"
        case "ready":
            return f"{me}.steps_to({names[0]!r}, {names[1]}=0)"
        case "pointed":
            return f"{me}.is_aimed_at_by({names[0]!r})"
        case "beside":
            return f"{me}.is_beside({names[0]!r})"
        case "risen":
            return f"any({names[0]!r}, within={WITHIN}).{names[1]}_rises"
        case "distance":
            return f"{me}.steps_to({agent_kind})"
        case "reach":
            return f"{me}.king_moves_to({agent_kind})"
        case "faced":
            return f"{agent_kind}.faces({me})"
        case "crowd":
            return f"region.count({me!r})"
        case "count":
            return f"region.count({names[0]!r})"
    return f"region.cells({names[0]!r})"


def _cell(me: str, offset: str) -> str:
    return f"{me}.here" if offset == "here" else f"{me}.at({offset!r})"


def _change(change: Change, me: str) -> Iterator[str]:
    outcomes = [outcome for outcome in change.outcomes if outcome.template != STAY]
    for outcome in sorted(outcomes, key=lambda o: -o.chance):
        chance = "" if outcome.chance >= _SURE else f"  # {_share(outcome, change.outcomes):.3g}"
        yield _effect(change.slot, outcome.template, me) + chance


def _share(outcome: Outcome, outcomes: Sequence[Outcome]) -> float:
    return outcome.chance / sum(o.chance for o in outcomes)


def _effect(slot: Slot, template: Template, me: str) -> str:
    match slot.what:
        case "spawn":
            place = f"a cell of {template.argument!r}, {template.low or 0:g} steps away or more"
            return f"create({slot.detail[0]!r}, at={place!r})"
        case "new":
            return f"create({slot.detail[0]!r}, at={_cell(me, slot.detail[1])}{_way(template)})"
        case "global":
            target = f"world.{slot.detail[0]}"
        case "material":
            target = f"{_cell(me, slot.detail[0])}.material"
        case "position" | "presence":
            target = f"{me}.position"
        case _:
            target = f"{me}.{slot.detail[0]}"
    return _assignment(target, template, me)


def _way(template: Template) -> str:
    if template.form == "direction":
        return f", heading={template.argument!r}"
    return "" if template.argument is True else f", heading={_value(template.argument)}"


def _assignment(target: str, template: Template, me: str) -> str:
    argument: Any = template.argument
    match template.form:
        case "set":
            return f"remove({me})" if argument is ABSENT else f"{target} = {_value(argument)}"
        case "add":
            return f"{target} {'-=' if argument < 0 else '+='} {abs(argument):g}{_limits(template)}"
        case "take":
            return f"{target} -= {argument:g}"
        case "copy":
            return f"{target} = {me}.{argument}  # as it was"
        case "mirror":
            return f"{target} = {me}.{argument}  # as it will be"
        case "step":
            return f"{me}.step({argument!r})"
        case "direction":
            return f"{target} = direction({argument!r})"
        case "action":
            return f"{target} = action"
    assert isinstance(argument, Cycle), "the last form"
    rhythm = "once" if argument.period is None else f"every {argument.period} steps"
    return f"{target} = cycle[world.clock]  # {len(argument.values)} values seen, {rhythm}"


def _limits(template: Template) -> str:
    parts = [
        f"{word} {limit:g}"
        for word, limit in (("at least", template.low), ("at most", template.high))
        if limit is not None
    ]
    return f"  # {', '.join(parts)}" if parts else ""


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        return repr(tuple(value))
    return repr(value)
