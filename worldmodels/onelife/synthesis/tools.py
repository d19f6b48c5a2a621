"""What gave way only with tools at hand is not expected to give way without.

A life that tries something hard only once it has a tool cannot tell whether the tool mattered. It
is more often right to think so of obstacles that are cleared for nothing, and of blows: one law is
made for each tool that was always there, and none for bare hands.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from worldmodels.onelife.synthesis.conditions import Condition, Test, simplified
from worldmodels.onelife.synthesis.experience import Experience, Table
from worldmodels.onelife.synthesis.laws import Change
from worldmodels.onelife.synthesis.slots import Slot
from worldmodels.onelife.synthesis.templates import STAY
from worldmodels.onelife.synthesis.terms import AGENT

Rows = Int[np.ndarray, " decided"]


class Tools:
    """The tools of a life, and which laws are to be about them.

    Args:
        experience: The life.
    """

    def __init__(self, experience: Experience[Any]) -> None:
        self._tables = experience.tables
        self._restless = experience.restless
        self._grounds = experience.known.grounds[experience.known.agent_kind]  # no obstacles
        self.names = tools_of(self._tables[AGENT], {*self._restless, *experience.records})

    def versions(
        self, scope: str, condition: Condition, changes: Sequence[Change], rows: Rows
    ) -> list[Condition]:
        """The condition of a law with each tool that was always at hand.

        Args:
            scope: Of the law.
            condition: When it holds.
            changes: What it says.
            rows: On which it decided, of the table of the scope.

        Returns:
            Nothing if tools need not matter: bare hands did it, too, or it is no work for tools.
        """
        head = "own" if scope == AGENT else "agent"
        is_work = self._clears(changes, rows) if scope == AGENT else _is_blow(condition)
        if not is_work or any(t.term[0] == head and t.op == ">=" for t in condition):
            return []
        table, found = self._tables[scope], []
        for name in self.names:
            test = Test((head, name), ">=", 1)
            column = table.column(test.term)
            if all(test.accepts(column[row]) for row in rows.tolist()):
                found.append(simplified((*condition, test)))
        return found

    def _clears(self, changes: Sequence[Change], rows: Rows) -> bool:
        """Whether an obstacle is gone, or something was taken from it, at no cost."""
        for change in changes:
            slot = change.slot
            if slot.what not in ("attribute", "material"):
                return False
            if slot.what == "attribute" and slot.detail[0] in self._restless:
                return False
            for outcome in change.outcomes:
                template = outcome.template
                if template == STAY:
                    continue
                amount = template.argument
                is_loss = template.form == "add" and isinstance(amount, int | float) and amount < 0
                if is_loss or (slot.what == "material" and amount not in self._grounds):
                    return False
        faced = self._faced(rows)
        return bool(faced) and not faced & self._grounds and None not in faced

    def _faced(self, rows: Rows) -> set[str | None]:
        """What the agent faced; None where something stood on it, or it lay outside."""
        found: set[str | None] = set()
        for row in rows.tolist():
            view = self._tables[AGENT].views[row]
            for name, value in view.thing.attributes.items():
                if not isinstance(value, tuple):
                    continue
                cell = view.cell(name)
                assert cell is not None, "a direction leads somewhere"
                found.add(None if cell in view.scene.by_cell else view.scene.material(cell))
        return found


def _is_blow(condition: Condition) -> bool:
    """Whether the agent does something to the thing that it faces."""
    heads = {test.term[0] for test in condition if test.op == "=="}
    return {"action", "faced"} <= heads


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
