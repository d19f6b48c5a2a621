"""What can be chosen about one task of continuous control."""

from envs.control.task import Scale, Task
from envs.control.tasks import find_task
from envs.core import FloatLike, IntLike, pytree, static


@pytree
class ControlParams:
    """Parameters of one environment.

    Raises:
        ValueError: names the field, what it may be, and what came.
        ImportError: the task needs an extra that is not installed.
    """

    task: str = static(default="CartpoleSwingup")
    mass_scale: FloatLike = 1.0  # of all masses of the body
    length_scale: FloatLike = 1.0
    max_steps: IntLike | None = None  # None: what the task says

    def __post_init__(self) -> None:
        task = find_task(self.task)
        check_installed(task)
        for name in ("mass_scale", "length_scale"):
            check_scale(name, getattr(self, name), self.task, task)
        check_max_steps(self.max_steps)

    @property
    def rules(self) -> Task:
        """The task itself."""
        return find_task(self.task)

    @property
    def scale(self) -> Scale:
        """By what the body is scaled."""
        return Scale(self.mass_scale, self.length_scale)

    @property
    def last_step(self) -> IntLike:
        """Steps after which an episode is cut short."""
        return self.rules.max_steps if self.max_steps is None else self.max_steps


def check_installed(task: Task) -> None:
    """Refuse a task that needs what is not installed.

    Raises:
        ImportError: names the extra.
    """
    if task.needs is not None:
        task.needs()


def check_scale(field: str, value: FloatLike, name: str, task: Task) -> None:
    """Refuse a scale that makes no sense; a traced one is taken as it is.

    Raises:
        ValueError: it is not above 0, or the task has no masses and lengths.
    """
    if not isinstance(value, float | int):
        return
    if not 0 < value < float("inf"):
        raise ValueError(f"{field} is a number above 0; got {value}")
    if value != 1 and not task.is_scalable:
        raise ValueError(f"{name} has neither masses nor lengths to scale; got {field} {value}")


def check_max_steps(value: IntLike | None) -> None:
    """Refuse a limit that makes no sense; a traced one is taken as it is.

    Raises:
        ValueError: it is below 1.
    """
    if isinstance(value, int) and value < 1:
        raise ValueError(f"max_steps is 1 or more; got {value}")
