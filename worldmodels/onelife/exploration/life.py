"""One life of an explorer in a world, and what can be counted about it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from worldmodels.onelife.exploration.body import Body
from worldmodels.onelife.exploration.contexts import Target, context_at, facing_of, is_count
from worldmodels.onelife.exploration.explorer import Explorer
from worldmodels.onelife.exploration.practice import target_of
from worldmodels.onelife.scenes import Scene
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")
Key = tuple[str, Target, frozenset[str], frozenset[str]]  # action, target, landmarks, items

DEFAULT_STEPS: Final = 2000
RARE: Final = 4  # cells: of which there are at most so many is a landmark


class SceneExplorer(Protocol):
    """Chooses actions from scenes; `act` and `see` take turns."""

    def act(self, scene: Scene) -> str:
        """The next action."""

    def see(self, scene: Scene, action: str, after: Scene) -> None:
        """Take in what an action led to."""


class RandomExplorer:
    """Chooses uniformly, whatever it sees."""

    def __init__(self, actions: Sequence[str], first: Scene, seed: int, max_steps: int) -> None:
        del first, max_steps
        self.actions = tuple(actions)
        self.random = np.random.default_rng(seed)

    def act(self, scene: Scene) -> str:
        """The next action."""
        del scene
        return self.actions[int(self.random.integers(len(self.actions)))]

    def see(self, scene: Scene, action: str, after: Scene) -> None:
        """Nothing is learned."""


EXPLORERS: Final[dict[str, Callable[[Sequence[str], Scene, int, int], SceneExplorer]]] = {
    "curious": Explorer,
    "random": RandomExplorer,
}
"""By name; made from the actions, the first scene, a seed and the most steps."""


@dataclasses.dataclass(frozen=True)
class Life(Generic[StateT]):
    """A first state, and the actions and states that followed."""

    first: StateT
    actions: tuple[str, ...]
    states: tuple[StateT, ...]  # after each action


def live(
    world: World[StateT],
    seed: int,
    max_steps: int = DEFAULT_STEPS,
    explorer: str = "curious",
    on_step: Callable[[int], None] | None = None,
) -> Life[StateT]:
    """Live until death or the last step; the same seed gives the same life.

    Args:
        world: Where.
        seed: Of the first state and of the explorer's choices.
        max_steps: The most steps of the life.
        explorer: One of `EXPLORERS`.
        on_step: Called with the number of steps lived, after each.

    Raises:
        ValueError: unknown explorer, or not at least one step.
    """
    if explorer not in EXPLORERS:
        known = ", ".join(sorted(EXPLORERS))
        raise ValueError(f"unknown explorer {explorer!r}; expected one of {known}")
    if max_steps < 1:
        raise ValueError(f"a life needs max_steps of at least 1, got {max_steps}")
    first = state = world.initial(seed)
    scene = world.scene(first)
    mind = EXPLORERS[explorer](world.actions, scene, seed, max_steps)
    actions: list[str] = []
    states: list[StateT] = []
    while len(actions) < max_steps and not world.is_over(state):
        action = mind.act(scene)
        state = world.step(state, action)
        after = world.scene(state)
        mind.see(scene, action, after)
        scene = after
        actions.append(action)
        states.append(state)
        if on_step is not None:
            on_step(len(actions))
    return Life(first, tuple(actions), tuple(states))


@dataclasses.dataclass(frozen=True)
class LifeStatistics:
    """What can be counted about a life in any world."""

    steps: int
    keys: int  # different actions in different contexts
    records: dict[str, int]  # records of the agent that went up -> the step at which they first did


def statistics_of(
    world: World[StateT], life: Life[StateT], steps: int | None = None
) -> LifeStatistics:
    """Count a life, or its first steps.

    Args:
        world: In which it was lived.
        life: The life.
        steps: How many of its steps count; all without.
    """
    scene = first = world.scene(life.first)
    body = Body(first)
    keys: set[Key] = set()
    records: dict[str, int] = {}
    number = len(life.actions) if steps is None else min(steps, len(life.actions))
    for time in range(number):
        keys.add(_key(scene, life.actions[time], body))
        scene = world.scene(life.states[time])
        for name in sorted(scene.agent.records):
            value, start = scene.agent.attributes[name], first.agent.attributes[name]
            if name not in records and is_count(value) and is_count(start) and value > start:
                records[name] = time + 1
    return LifeStatistics(number, len(keys), records)


def _key(scene: Scene, action: str, body: Body) -> Key:
    (x, y), (dx, dy) = place = scene.agent.position, facing_of(scene.agent)
    target = target_of(scene, (x + dx, y + dy))
    context = context_at(scene, place, target, body, scene.landmarks(RARE))
    return action, target, context.near, context.kinds
