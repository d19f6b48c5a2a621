"""What an agent is tried on that it was not trained on, as keywords of its world.

Source: in-context-rl.md 4.5, held-out axes i-iv.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from envs.catalog import find_world, make_params
from envs.control.meta_params import MetaCartPoleParams, MetaControlParams
from envs.control.projections import DRAWN, KINDS, SPLITS
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
    params = make_params(find_world(env), dict(keywords))
    axes = [Axis(TRAINED, {})]
    if not isinstance(params, MetaControlParams | MetaCartPoleParams):
        return axes
    unseen: dict[str, Any] = {"split": next(split for split in SPLITS if split != params.split)}
    axes.append(Axis(MATRICES, unseen))
    if isinstance(params, MetaControlParams):
        others = tuple(task for task in HELD_OUT if task not in params.task_pool)
        axes += [Axis("unseen tasks", {**unseen, "task_pool": others})] if others else []
    elif params.parity:
        return axes
    kinds = [kind for kind in KINDS if kind not in (params.projection, "identity")]
    kinds.sort(key=lambda kind: kind not in DRAWN)
    axes += [Axis(f"unseen kind: {kind}", {**unseen, "projection": kind}) for kind in kinds]
    if isinstance(params, MetaControlParams):
        axes.append(Axis("unseen dynamics", {**unseen, "dynamics": UNSEEN_SCALES}))
    return axes
