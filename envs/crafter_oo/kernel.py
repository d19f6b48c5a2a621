"""The exact distribution of the next state: every way the random draws can fall, weighed.

Nothing of the rules is written twice: the engine's own stages run on draws that branch.
"""

import dataclasses
import operator
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from typing_extensions import override

from envs.crafter_oo.draws import Draws
from envs.crafter_oo.engine import Stage, stages
from envs.crafter_oo.rules.balance import BALANCE_EVERY
from envs.crafter_oo.rules.world import World
from envs.crafter_oo.state import OBJECT_TYPES, ObjectState, PlayerState, WorldState

MAX_SUCCESSORS: Final = 20_000


class Successor(NamedTuple):
    """A state that may come next; its draws are those of the state before, not advanced."""

    state: WorldState
    probability: float


def successors(
    state: WorldState, action: int | str, *, observed: WorldState | None = None
) -> list[Successor]:
    """All states that may follow, with their probabilities.

    Args:
        state: any state; it is not changed.
        action: index or slug.
        observed: leave out what cannot be this state. Without it all states are listed, which
            is feasible where few creatures are near (each has about five ways to go). With it
            a large world takes milliseconds, except where chunks are balanced (every tenth
            step): each creature that vanishes there may have stood on any of five cells.

    Raises:
        ValueError: there are more than `MAX_SUCCESSORS` of them.
    """
    is_possible = _filter(state, observed)
    current = [Successor(state, 1.0)]
    for num_done, stage in enumerate(stages(state, action)):
        branches = [
            Successor(after, before.probability * probability)
            for before in current
            for after, probability in _branches(before.state, stage)
            if is_possible(after, num_done)
        ]
        current = _merge(branches)
        if len(current) > MAX_SUCCESSORS:
            raise ValueError(
                f"more than {MAX_SUCCESSORS} states may follow; give the observed one, so that "
                "the others can be left out early"
            )
    return current


def _filter(state: WorldState, observed: WorldState | None) -> Callable[[WorldState, int], bool]:
    """Whether a state in which `num_done` objects have acted can still become `observed`.

    Nobody moves an object but itself: once it has acted, it stands where it is observed, or it
    is gone. Only the balance of chunks removes an object later.
    """
    if observed is None:
        return lambda after, num_done: True
    final = {entity.entity_id: entity.position for entity in observed.objects}
    order = {entity.entity_id: rank for rank, entity in enumerate(state.objects)}
    kept = [entity_id for entity_id in final if entity_id in order]
    may_vanish = (state.step_count + 1) % BALANCE_EVERY == 0

    def is_possible(after: WorldState, num_done: int) -> bool:
        present = {entity.entity_id: entity.position for entity in after.objects}
        if not all(entity_id in present for entity_id in kept):
            return False
        for entity_id, position in present.items():
            if order.get(entity_id, -1) >= num_done:
                continue  # has not acted yet
            if position != final.get(entity_id) and (entity_id in final or not may_vanish):
                return False
        return True

    return is_possible


def _branches(state: WorldState, stage: Stage) -> Iterator[tuple[WorldState, float]]:
    script: list[int] | None = []
    while script is not None:
        after = state.copy()
        draws = _BranchingDraws(script)
        stage(World(after), draws)
        yield after, draws.probability
        script = draws.next_script()


class _BranchingDraws(Draws):
    """Answers from a script, then with the first option; `next_script` leads to the next way."""

    __slots__ = ("_asked", "_script", "probability")

    def __init__(self, script: Sequence[int]) -> None:
        self._script = script
        self._asked: list[tuple[int, int]] = []  # (option taken, number of options)
        self.probability = 1.0

    def _take(self, probabilities: Sequence[float]) -> int:
        position = len(self._asked)
        option = self._script[position] if position < len(self._script) else 0
        self._asked.append((option, len(probabilities)))
        self.probability *= probabilities[option]
        return option

    def next_script(self) -> list[int] | None:
        asked = self._asked.copy()
        while asked:
            option, num_options = asked.pop()
            if option + 1 < num_options:
                return [*(taken for taken, _ in asked), option + 1]
        return None

    @override
    def chance(self, probability: float, owner: int, slot: int) -> bool:
        if probability >= 1:
            return True
        return self._take([probability, 1 - probability]) == 0

    @override
    def integer(self, owner: int, slot: int, n: int) -> int:
        return self._take([1 / n] * n)

    @override
    def uniform(self, owner: int, slot: int) -> float:
        raise TypeError("rules ask for chances and whole numbers, which can be listed")

    @override
    def copy(self) -> "_BranchingDraws":
        raise TypeError("branching draws belong to one stage of one step")

    @override
    def dumps(self) -> str:
        raise TypeError("branching draws belong to one stage of one step")


def _merge(branches: list[Successor]) -> list[Successor]:
    """Add up the probabilities of equal states."""
    if len(branches) < 2:
        return branches
    merged: dict[Hashable, Successor] = {}
    for state, probability in branches:
        key = fingerprint(state)
        known = merged.get(key)
        merged[key] = Successor(state, probability + (known.probability if known else 0.0))
    return list(merged.values())


def fingerprint(state: WorldState) -> Hashable:
    """Equal for states that are equal up to their draws and event bus."""
    player = state.player
    return (
        bytes(state.materials.cells),
        (state.size, state.view, state.chunk_size),
        (state.step_count, state.daylight, state.entity_id_counter_state),
        (_PLAYER(player), *player.inventory.values(), *player.achievements.values()),
        tuple((entity.name, _FIELDS[entity.name](entity)) for entity in state.objects),
        tuple(sorted((chunk.chunk_key, tuple(sorted(chunk.objects))) for chunk in state.chunks)),
    )


def _getter(kind: type[ObjectState], without: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    names = (field.name for field in dataclasses.fields(kind))
    return operator.attrgetter(*(name for name in names if name not in without))


_PLAYER: Final = _getter(PlayerState, without=("inventory", "achievements"))
_FIELDS: Final = {
    name: _getter(ObjectState if kind is PlayerState else kind)
    for name, kind in OBJECT_TYPES.items()
}
