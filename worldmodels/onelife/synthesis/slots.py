"""What can change in a scene, said in general: a slot stands for one observable per view."""

import dataclasses
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args

from worldmodels.onelife.distributions import Value
from worldmodels.onelife.observables import ABSENT
from worldmodels.onelife.scenes import Scene
from worldmodels.onelife.synthesis.terms import AGENT, Knowledge, View

What = Literal["attribute", "global", "position", "presence", "material", "new", "spawn"]

REGION: Final = "region"  # scope of laws about what appears somewhere in a region


@dataclasses.dataclass(frozen=True, order=True)
class Slot:
    """Something of every view in a scope.

    | what | detail | the observable |
    |---|---|---|
    | `attribute` | attribute | of the agent, or of every thing of the kind |
    | `position` | | the same, as long as a thing is there |
    | `presence` | | the position, ABSENT once a thing is gone |
    | `global` | name | of the scene |
    | `material` | offset | what the cell at an offset is made of |
    | `new` | kind, offset | a thing that appears on the cell at an offset |
    | `spawn` | kind | a thing that appears anywhere in a region |
    """

    scope: str  # AGENT, REGION or a kind
    what: What
    detail: tuple[str, ...] = ()

    def observable(self, view: View) -> str | None:
        """Name of the observable; None where the view has none, outside the map for instance."""
        match self.what:
            case "attribute":
                return f"{_owner(self, view)}.{self.detail[0]}"
            case "position" | "presence":
                return f"{_owner(self, view)}.position"
            case "global":
                return self.detail[0]
            case "spawn":
                assert view.region is not None, "regions are the views of spawns"
                return f"spawn.{self.detail[0]}.{view.region[0]}.{view.region[1]}"
        cell = view.cell(self.detail[-1])
        if cell is None or view.scene.material(cell) is None:
            return None
        if self.what == "material":
            return f"material.{cell[0]}.{cell[1]}"
        return f"new.{self.detail[0]}.{cell[0]}.{cell[1]}"

    def current(self, view: View) -> Value:
        """The value before the step."""
        match self.what:
            case "attribute":
                return view.thing.attributes[self.detail[0]]
            case "position":
                return view.thing.position
            case "presence":
                return True
            case "global":
                return view.scene.globals[self.detail[0]]
            case "material":
                cell = view.cell(self.detail[0])
                return None if cell is None else view.scene.material(cell)
        return ABSENT

    def to_json(self) -> list[Any]:
        """As JSON."""
        return [self.scope, self.what, *self.detail]

    @classmethod
    def from_json(cls, data: list[Any]) -> "Slot":
        """The inverse.

        Raises:
            ValueError: nothing of this sort can change.
        """
        scope, what, *detail = data
        if what not in get_args(What):
            raise ValueError(f"expected one of {', '.join(get_args(What))}, got {what!r}")
        return cls(scope, what, tuple(detail))


def views(scope: str, scene: Scene, action: str, known: Knowledge) -> Iterator[View]:
    """Everything in a scene that laws of a scope speak about."""
    if scope == AGENT:
        yield View(scene, action, scene.agent, known)
    elif scope == REGION:
        width, height = scene.region_size
        for x in range(0, scene.size[0], width):
            for y in range(0, scene.size[1], height):
                yield View(scene, action, scene.agent, known, (x, y))
    else:
        for thing in scene.by_kind.get(scope, ()):
            yield View(scene, action, thing, known)


def _owner(slot: Slot, view: View) -> str:
    return view.thing.kind if slot.scope == AGENT else f"object.{view.thing.id}"
