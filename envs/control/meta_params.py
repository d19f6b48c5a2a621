"""What can be chosen about many tasks behind random projections, and about the hidden cart-pole."""

from typing import Any, Final

from envs.control.params import check_installed, check_max_steps, check_scale
from envs.control.projections import KINDS, SPLITS, check_projection
from envs.control.task import Task
from envs.control.tasks import TRAINING, find_task
from envs.core import IntLike, pytree, static

LAYOUTS: Final = ("full", "paper")
LARGEST_SEED: Final = 2**31 - 1


@pytree
class MetaControlParams:
    """Parameters of one environment.

    Raises:
        ValueError: names the field, what it may be, and what came.
        ImportError: a task needs an extra that is not installed.
    """

    task_pool: Any = static(default=TRAINING)  # a tuple of names
    obs_dim: int = static(default=12)  # of a projected observation
    act_dim: int = static(default=2)  # of the agent's action
    num_episodes: int = static(default=1)  # inner episodes of a meta-episode
    fresh_start: bool = static(default=True)  # False: each inner episode starts as the first did
    projection: str = static(default="orthogonal")
    split: str = static(default="train")
    projection_seed: IntLike | None = None  # None: other projections in every meta-episode
    dynamics: tuple[float, float] = static(default=(1.0, 1.0))
    """Range of the scales of masses and of lengths; drawn in every meta-episode."""
    is_prescaled: bool = static(default=False)  # speeds divided by `Task.sees` before projecting
    layout: str = static(default="full")  # what the agent sees; "paper" leaves out its own action
    expose_projection: bool = static(default=False)  # put the matrices into `info`
    max_steps: IntLike | None = None  # of an inner episode; None: what its task says

    def __post_init__(self) -> None:
        if isinstance(self.task_pool, str) or not self.task_pool:
            raise ValueError(f"task_pool is one or more names of tasks; got {self.task_pool!r}")
        tasks = {name: find_task(name) for name in self.task_pool}
        if len(tasks) < len(self.task_pool):
            raise ValueError(f"task_pool names each task once; got {self.task_pool}")
        check_choice("split", self.split, SPLITS)
        check_choice("layout", self.layout, LAYOUTS)
        check_counts(self, ("obs_dim", "act_dim", "num_episodes"))
        sizes = {name: (task.obs_dim, task.num_actions) for name, task in tasks.items()}
        check_projection(self.projection, sizes, self.obs_dim, self.act_dim)
        check_seed(self.projection_seed)
        check_max_steps(self.max_steps)
        if len(self.dynamics) != 2 or self.dynamics[0] > self.dynamics[1]:
            raise ValueError(f"dynamics is (least, largest) scale; got {self.dynamics}")
        for name, task in tasks.items():
            check_installed(task)
            for value in self.dynamics:
                check_scale("dynamics", value, name, task)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of the pool."""
        return tuple(find_task(name) for name in self.task_pool)

    @property
    def largest_obs(self) -> int:
        """How much the task shows that shows most."""
        return max(task.obs_dim for task in self.tasks)

    @property
    def largest_action(self) -> int:
        """How many actions the task takes that takes most."""
        return max(task.num_actions for task in self.tasks)

    @property
    def largest_body(self) -> int:
        """How many numbers the largest body has."""
        return max(len(task.body) for task in self.tasks)


@pytree
class MetaCartPoleParams:
    """Parameters of one environment.

    Raises:
        ValueError: names the field, what it may be, and what came.
    """

    num_episodes: int = static(default=16)
    max_steps: int = static(default=200)  # of an inner episode
    parity: bool = static(default=False)  # True: as the released code does it
    obs_dim: int = static(default=4)
    projection: str = static(default="orthogonal")
    split: str = static(default="train")
    projection_seed: IntLike | None = None

    def __post_init__(self) -> None:
        check_counts(self, ("num_episodes", "max_steps", "obs_dim"))
        check_choice("split", self.split, SPLITS)
        check_choice("projection", self.projection, KINDS)
        check_projection(self.projection, {"the hidden cart-pole": (2, 1)}, self.obs_dim, 1)
        check_seed(self.projection_seed)
        if self.parity and (self.obs_dim, self.projection) != (4, "orthogonal"):
            raise ValueError(
                "parity means obs_dim 4 and projection 'orthogonal'; got "
                f"{self.obs_dim} and {self.projection!r}"
            )


def check_choice(field: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse what is not on offer.

    Raises:
        ValueError: lists what is.
    """
    if value not in choices:
        raise ValueError(f"{field} is one of {choices}; got {value!r}")


def check_counts(params: MetaControlParams | MetaCartPoleParams, fields: tuple[str, ...]) -> None:
    """Refuse counts that are no whole number above 0.

    Raises:
        ValueError: names the field.
    """
    for field in fields:
        value = getattr(params, field)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{field} is a whole number, 1 or more; got {value!r}")


def check_seed(seed: IntLike | None) -> None:
    """Refuse a seed that makes no key; a traced one is taken as it is.

    Raises:
        ValueError: says the range.
    """
    if isinstance(seed, int) and not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"projection_seed is in 0..{LARGEST_SEED}; got {seed}")
