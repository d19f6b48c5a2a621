"""What changed in a step by the agent's doing."""

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import fallen, is_count
from worldmodels.onelife.exploration.practice import Result
from worldmodels.onelife.scenes import Cell, Scene, Thing


def result_of(body: Body, scene: Scene, after: Scene, cell: Cell) -> Result:
    """Items, needs raised, flags, and the target cell."""
    gains: dict[str, int] = {}
    losses: dict[str, int] = {}
    restores, sets = set(), set()
    old = scene.agent.attributes
    for name, value in after.agent.attributes.items():
        before = old[name]
        if isinstance(value, bool):
            if value and not before:
                sets.add(name)
        elif is_count(value) and is_count(before) and name not in scene.agent.records:
            change = value - before
            if name in body.needs:
                if change > 0:
                    restores.add(name)
            elif change > 0:
                gains[name] = change
            elif change < 0:
                losses[name] = -change
    material, made = scene.material(cell), after.material(cell)
    target, left = scene.by_cell.get(cell), after.by_cell.get(cell)
    is_new = left is not None and target is None and left.id not in scene.by_id
    is_made = is_new and left is not after.agent and bool(losses)
    return Result(
        gains,
        frozenset(restores),
        losses,
        made if made != material else None,
        frozenset({left.kind} if is_made and left is not None else ()),
        frozenset(sets),
        frozenset() if target is None or target is scene.agent else _touched(body, target, after),
        bool(restores - body.healing),
    )


def _touched(body: Body, thing: Thing, after: Scene) -> frozenset[str]:
    """What a thing lost, "" if it is gone; not what such things lose by themselves."""
    now = after.by_id.get(thing.id)
    if now is None:
        return frozenset() if thing.kind in body.vanishing else frozenset({""})
    return frozenset(n for n in fallen(thing, now) if (thing.kind, n) not in body.restless)
