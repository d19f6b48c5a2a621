"""What gave way only with tools at hand is not expected to give way without.

A life that tries something hard only once it has a tool cannot tell whether the tool mattered. It
is more often right to think so of obstacles that are cleared for nothing: one law is made for each
tool that was always there, and none for bare hands.
"""

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Int

from worldmodels.onelife.synthesis.conditions import Condition, Test, simplified
from worldmodels.onelife.synthesis.experience import Table
from worldmodels.onelife.synthesis.laws import Change
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import STAY
from worldmodels.onelife.synthesis.terms import AGENT


def tools_of(table: Table, ignored: Collection[str]) -> list[str]:
    """Numbers of the agent that rose from 0 at the cost of others, and never fell.

    Args:
        table: The life of the agent.
        ignored: Attributes that are no items.
    """
    names = [
        name
        for name, value in table.views[0].thing.attributes.items()
        if type(value) is int and name not in ignored
    ]
    pairs: dict[str, list[tuple[int, int]]] = {
        name: table.outcomes(Slot(AGENT, "attribute", (name,)))  # type: ignore[misc]  # numbers
        for name in names
    }
    changes = {name: np.array([new - old for old, new in found]) for name, found in pairs.items()}
    falls = np.any([change < 0 for change in changes.values()], axis=0)
    return [
        name
        for name, change in changes.items()
        if pairs[name][0][0] == 0
        and (change > 0).any()
        and not (change < 0).any()
        and falls[change > 0].all()
    ]


def with_tools(
    condition: Condition,
    changes: Sequence[Change],
    rows: Int[np.ndarray, " decided"],
    table: Table,
    tools: Collection[str],
    restless: Collection[str],
    grounds: Collection[str],
) -> list[Condition]:
    """The condition with each tool that was always at hand; none where tools need not matter.

    Args:
        condition: Of a law about the agent.
        changes: What it says.
        rows: On which it decided.
        table: The life.
        tools: As `tools_of` finds them.
        restless: Attributes of the agent that change by themselves, too.
        grounds: Materials that the agent can enter: no obstacles.
    """
    if not _clears_an_obstacle(changes, rows, table, restless, grounds):
        return []
    if any(test.term[0] == "own" and test.term[1] in tools for test in condition):
        return []
    found = []
    for name in tools:
        test = Test(("own", name), ">=", 1)
        column = table.column(test.term)
        if all(test.accepts(column[row]) for row in rows.tolist()):
            found.append(simplified((*condition, test)))
    return found


def _clears_an_obstacle(
    changes: Sequence[Change],
    rows: Int[np.ndarray, " decided"],
    table: Table,
    restless: Collection[str],
    grounds: Collection[str],
) -> bool:
    """Whether something that was in the way is gone, or was taken, at no cost."""
    for change in changes:
        slot = change.slot
        if slot.what not in ("attribute", "material"):
            return False
        if slot.what == "attribute" and slot.detail[0] in restless:
            return False
        for outcome in change.outcomes:
            template = outcome.template
            if template == STAY:
                continue
            amount = template.argument
            is_loss = template.form == "add" and isinstance(amount, int | float) and amount < 0
            if is_loss or (slot.what == "material" and amount not in grounds):
                return False
    faced = _faced(table, rows)
    return bool(faced) and not faced & set(grounds) and None not in faced


def _faced(table: Table, rows: Int[np.ndarray, " decided"]) -> set[str | None]:
    """What the agent faced, where nothing stood on it."""
    found: set[str | None] = set()
    for row in rows.tolist():
        view = table.views[row]
        for name, value in view.thing.attributes.items():
            if not isinstance(value, tuple):
                continue
            cell = view.cell(name)
            assert cell is not None, "a direction leads somewhere"
            found.add(None if cell in view.scene.by_cell else view.scene.material(cell))
    return found
