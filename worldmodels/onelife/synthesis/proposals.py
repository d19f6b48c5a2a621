"""Templates worth trying for a slot: the few that explain most of what was seen to change."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any, Final

import numpy as np
from jaxtyping import Bool

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.synthesis.experience import MISSING, Missing, Table, direction_attributes
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import SKIP, STAY, Cycle, Template
from worldmodels.onelife.synthesis.terms import AGENT, STEPS
from worldmodels.onelife.synthesis.vocabulary import is_number

_MOST: Final = 9  # templates of a slot
_PRICE_OF_SET: Final = 2.5  # changes of an amount that must have ended alike, beyond others
_SELDOM: Final = 0.3  # share of steps in which amounts change
_BROAD: Final = 8.0  # changes that a far-fetched template must explain beyond others
_NEAR: Final = 1e-9  # numbers by the clock may differ by so much between cycles

_RETURNS: Final = 3  # times that a number must have come up to its bound
_OVERLAP: Final = 20  # steps of a cycle that must be seen again
_SMOOTH: Final = 0.05  # of its range: without a second cycle, a curve bends by less than this

Outcomes = Sequence[tuple[Value, Value | Missing]]


def proposals(table: Table, slot: Slot, attributes: Sequence[str]) -> list[Template]:
    """`STAY` and, in order of what they explain, the templates that are needed for the rest."""
    outcomes = table.outcomes(slot)
    changed = [row for row, (old, new) in enumerate(outcomes) if new is not MISSING and new != old]
    if not changed:
        return [STAY]
    chosen = [STAY]
    left = set(changed)
    explained = [
        (price, template, set(compress(changed, _explained(table, slot, template, changed))))
        for price, template in _candidates(table, slot, attributes, changed)
    ]
    if slot.what == "position" and slot.scope != AGENT:
        return [STAY, *(template for _, template, rows in explained if rows)]
    while left and len(chosen) <= _MOST:
        price, template, rows = max(explained, key=lambda entry: len(entry[2] & left) - entry[0])
        if len(rows & left) <= price:
            break
        chosen.append(template)
        left -= rows
    return chosen


def explains(table: Table, slot: Slot, templates: Sequence[Template]) -> Bool[np.ndarray, "rows t"]:
    """Which template is consistent with what happened, row by row; none where that is missing."""
    rows = range(len(table.views))
    columns = [list(_explained(table, slot, template, rows)) for template in templates]
    return np.array(columns, bool).T


def _explained(table: Table, slot: Slot, template: Template, rows: Iterable[int]) -> Iterator[bool]:
    """Whether a template is consistent with what happened."""
    outcomes, views = table.outcomes(slot), table.views
    if template.form == "mirror":
        others = table.outcomes(Slot(slot.scope, slot.what, (str(template.argument),)))
        for row in rows:
            new = outcomes[row][1]
            yield new is not MISSING and bool(others[row][1] == new)
        return
    if template.form == "scatter":
        for row in rows:
            new = outcomes[row][1]
            yield isinstance(new, tuple) and views[row].scene.material(new) == template.argument
        return
    for row in rows:
        old, new = outcomes[row]
        value = SKIP if new is MISSING else template.value(views[row], old)
        if value is SKIP:
            yield False
        elif template.form == "cycle":
            yield abs(value - new) <= _NEAR  # type: ignore[operator]  # numbers
        else:
            yield bool(value == new)


def _candidates(
    table: Table, slot: Slot, attributes: Sequence[str], changed: Sequence[int]
) -> list[tuple[float, Template]]:
    """Templates, with how many changes they have to explain to be worth it."""
    outcomes = table.outcomes(slot)
    pairs: list[tuple[Any, Any]] = [outcomes[row] for row in changed]
    found: list[tuple[float, Template]] = []
    if slot.what == "position":
        own = direction_attributes(table.views[changed[0]].thing.attributes)
        names = ("ahead", *STEPS[:4]) if slot.scope == AGENT else (*own, *STEPS)
        return found + [(0.0, Template("step", name)) for name in names]
    if slot.what == "spawn":
        return [(0.0, template) for template in _scatters(table, outcomes, changed)]
    values = Counter(new for _, new in pairs)
    if all(is_number(old) and is_number(new) for old, new in pairs):
        deltas = Counter(new - old for old, new in pairs)
        low, high = _bounds(table, outcomes)
        is_stock = slot.scope != AGENT and _is_stock(outcomes)
        found += [
            (0.0, Template("take", -d) if is_stock and d < 0 else Template("add", d, low, high))
            for d, _ in deltas.most_common(8)
        ]
        price = _PRICE_OF_SET if _is_amount(slot, outcomes, changed) else 0.5
        found += [(price, Template("set", value)) for value, _ in values.most_common(6)]
        if slot.what == "global":
            found += [(_BROAD, t) for t in _cycles(table, outcomes)]
        kind: Any = is_number
    else:
        sort = type(pairs[0][1])
        found += [(0.0, Template("set", value)) for value, _ in values.most_common(8)]
        if slot.what in ("attribute", "new"):
            turns = ("ahead",) if slot.scope == AGENT else STEPS
            if slot.what == "new":
                turns = (*direction_attributes(table.views[changed[0]].thing.attributes), *turns)
            found += [(-0.1, Template("direction", name)) for name in turns]
            found.append((1.5, Template("action")))

        def kind(value: Any) -> bool:
            return isinstance(value, sort)

    if slot.what == "attribute":
        like = [
            name
            for name in attributes
            if name != slot.detail[0] and kind(table.views[changed[0]].thing.attributes[name])
        ]
        found += [(_BROAD, Template("copy", name)) for name in like]
        earlier = attributes[: attributes.index(slot.detail[0])]  # so that none mirror each other
        found += [(_BROAD, Template("mirror", name)) for name in like if name in earlier]
    return found


def _is_stock(outcomes: Outcomes) -> bool:
    """Whether a number of a thing was whole throughout, and never below 0."""
    numbers = [value for pair in outcomes for value in pair if is_number(value)]
    return all(type(value) is int and value >= 0 for value in numbers)


def _is_amount(slot: Slot, outcomes: Outcomes, changed: Sequence[int]) -> bool:
    """Whether the agent may have so many of something: whole numbers that seldom change."""
    is_whole = all(type(old) is int and type(new) is int for old, new in outcomes)
    return slot.scope == AGENT and is_whole and len(changed) < _SELDOM * len(outcomes)


def _scatters(table: Table, outcomes: Outcomes, changed: Sequence[int]) -> list[Template]:
    """On which materials something appeared, and how near to the agent at least."""
    nearest: dict[str, int] = {}
    for row in changed:
        cell: Any = outcomes[row][1]
        view = table.views[row]
        material = view.scene.material(cell) if len(cell) == 2 else None
        if material is not None:
            i, j = view.agent_cell()
            distance = abs(cell[0] - i) + abs(cell[1] - j)
            nearest[material] = min(nearest.get(material, distance), distance)
    return [Template("scatter", name, low=distance) for name, distance in nearest.items()]


def _bounds(table: Table, outcomes: Outcomes) -> tuple[int | float | None, int | float | None]:
    """The smallest and the largest number, where something keeps it from going beyond.

    At the bottom that is known only if a fall was cut short there: taking from what is not there
    looks the same as taking nothing. At the top it is believed, too, if the number started there
    or came back often.
    """
    pairs: list[tuple[Any, Any, str]] = [
        (old, new, view.action)
        for (old, new), view in zip(outcomes, table.views, strict=True)
        if is_number(old) and is_number(new)
    ]
    low = min(min(old, new) for old, new, _ in pairs)
    high = max(max(old, new) for old, new, _ in pairs)
    rises = {new - old for old, new, _ in pairs if new > old}
    returns = sum(new == high for old, new, _ in pairs if new > old)
    is_top = pairs[0][0] == high or returns >= _RETURNS or len(rises) > 1
    return low if _is_cut(pairs, low) else None, high if is_top else None


def _is_cut(pairs: Sequence[tuple[Any, Any, str]], low: int | float) -> bool:
    """Whether a number fell to its least value by less than the same cause makes it fall."""
    actions: dict[float, set[str]] = {}
    for old, new, action in pairs:
        if new < old:
            actions.setdefault(old - new, set()).add(action)
    return any(
        new == low
        and any(
            size > old - new and old - size < low and (action in by or len(by) >= _RETURNS)
            for size, by in actions.items()
        )
        for old, new, action in pairs
        if new < old
    )


def _cycles(table: Table, outcomes: Outcomes) -> list[Template]:
    """The values a number takes by the clock, if there is a clock."""
    clock = table.views[0].known.clock
    if clock is None:
        return []
    first: Any = table.views[0].scene.globals[clock]
    values = [new for _, new in outcomes]
    if not all(is_number(value) for value in values):
        return []
    series = np.array(values, float)
    period = next(
        (
            p
            for p in range(2, len(series) - _OVERLAP)
            if np.abs(series[p:] - series[:-p]).max() <= _NEAR
        ),
        None,
    )
    bends = np.abs(np.diff(series, 2))
    is_smooth = len(bends) > 0 and bends.max() < _SMOOTH * np.ptp(series)
    if period is None and not is_smooth:
        return []
    return [Template("cycle", Cycle(first + 1, tuple(values), period))]
