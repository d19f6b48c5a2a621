"""What appears: where new things come from, and in which rhythm."""

from collections import Counter
from typing import Any, Final

from worldmodels.onelife.scenes import Cell
from worldmodels.onelife.synthesis.conditions import Test
from worldmodels.onelife.synthesis.experience import Experience, direction_attributes
from worldmodels.onelife.synthesis.slots import REGION, Slot, views
from worldmodels.onelife.synthesis.terms import AGENT, STEPS, View

_LONGEST: Final = 60  # steps; longer rhythms are not looked for
_SPARSE: Final = 7  # without a rhythm, one step in so many is looked at, besides the events
_FEWEST: Final = 5  # events that make a rhythm


def periods_of(experience: Experience[Any]) -> list[int]:
    """Rhythms of the clock in which things appear by themselves."""
    clock = experience.known.clock
    if clock is None:
        return []
    found = set()
    by_kind: dict[str, set[int]] = {}
    for time, name, _ in experience.appeared:
        if name.startswith("spawn."):
            now: Any = experience.steps[time].scene.globals[clock]
            by_kind.setdefault(name.split(".")[1], set()).add(now + 1)
    for ticks in by_kind.values():
        if len(ticks) < _FEWEST:
            continue
        rhythms = [p for p in range(2, _LONGEST) if len({tick % p for tick in ticks}) == 1]
        found.update(rhythms[-1:])
    return sorted(found)


def rhythm_of(experience: Experience[Any], periods: list[int]) -> Test | None:
    """When things appear by themselves, if that is always at one beat of a rhythm."""
    clock = experience.known.clock
    times = [time for time, name, _ in experience.appeared if name.startswith("spawn.")]
    if clock is None or not times:
        return None
    ticks: list[Any] = [experience.steps[time].scene.globals[clock] for time in times]
    for period in reversed(periods):
        beats = {(tick + 1) % period for tick in ticks}
        if len(beats) == 1:
            return Test(("phase", period), "==", beats.pop())
    return None


def spawning_steps(experience: Experience[Any], rhythm: Test | None) -> list[int]:
    """Steps at which things may appear by themselves."""
    times = {time for time, name, _ in experience.appeared if name.startswith("spawn.")}
    if not times:
        return []
    if rhythm is None:
        return sorted(times | set(range(0, len(experience.steps), _SPARSE)))
    return [
        i
        for i, step in enumerate(experience.steps)
        if rhythm.holds(View(step.scene, step.action, step.scene.agent, experience.known))
    ]


def appearance_slots(experience: Experience[Any]) -> list[Slot]:
    """Where things of each kind that appeared may have come from."""
    spawned = dict.fromkeys(
        name.split(".")[1] for _, name, _ in experience.appeared if name.startswith("spawn.")
    )
    slots = [Slot(REGION, "spawn", (kind,)) for kind in spawned]
    made: dict[str, list[tuple[int, Cell]]] = {}
    for time, name, _ in experience.appeared:
        if name.startswith("new."):
            _, kind, x, y = name.split(".")
            made.setdefault(kind, []).append((time, (int(x), int(y))))
    for kind, events in made.items():
        source = _source(experience, events)
        if source is not None:
            scope, offset = source
            slots.append(Slot(scope, "new", (kind, offset)))
    return slots


def _source(experience: Experience[Any], events: list[tuple[int, Cell]]) -> tuple[str, str] | None:
    """The scope and offset that explain most of the events and few other cells."""
    known = experience.known
    hits: Counter[tuple[str, str]] = Counter()
    for time, cell in events:
        step = experience.steps[time]
        for kind, attributes in experience.attributes.items():
            scope = AGENT if kind == known.agent_kind else kind
            offsets = (*direction_attributes(attributes), *(STEPS if scope != AGENT else ()))
            for view in views(scope, step.scene, step.action, known):
                hits.update((scope, name) for name in offsets if view.cell(name) == cell)
    if not hits:
        return None
    # The agent first: what it does is seen best. Then offsets, from the particular to the general.
    return max(hits, key=lambda key: (hits[key], key[0] == AGENT, key[1] not in STEPS[:4]))
