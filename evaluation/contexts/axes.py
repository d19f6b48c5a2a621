"""What an agent is tried on that it was not trained on, as keywords of its world.

Source: in-context-rl.md 4.5, held-out axes i-iv.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from envs.catalog import find_world
from envs.control.projections import DRAWN, KINDS
from envs.control.tasks import HELD_OUT

TRAINED: Final = "as trained"
MATRICES: Final = "unseen matrices"
UNSEEN_SCALES: Final = (0.75, 1.25)
"""Of masses and lengths."""


class Axis(NamedTuple):
    """One way in which lives differ from those of training."""

    name: str
    keywords: dict[str, Any]


def axes_of(env: str, keywords: Mapping[str, Any]) -> list[Axis]:
    """Those that make sense in a world.

    Args:
        env: Id of the world.
        keywords: What the agent was trained with.
    """
    axes = [Axis(TRAINED, {})]
    core = find_world(env).core
    if core not in ("envs.control.meta:MetaControl", "envs.control.meta_cartpole:MetaCartPole"):
        return axes
    unseen: dict[str, Any] = {"split": "test"}
    axes.append(Axis(MATRICES, unseen))
    trained = keywords.get("projection", "orthogonal")
    if not keywords.get("parity", False):
        kinds = [kind for kind in KINDS if kind not in (trained, "identity")]
        kinds.sort(key=lambda kind: kind not in DRAWN)
        axes += [Axis(f"unseen kind: {kind}", {**unseen, "projection": kind}) for kind in kinds]
    if core == "envs.control.meta:MetaControl":
        axes.insert(2, Axis("unseen tasks", {**unseen, "task_pool": HELD_OUT}))
        axes.append(Axis("unseen dynamics", {**unseen, "dynamics": UNSEEN_SCALES}))
    return axes
