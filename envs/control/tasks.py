"""The table of tasks."""

from typing import Final

from envs.control.bodies import (
    acrobot,
    ball_in_cup,
    cartpole,
    mountain_car,
    pendulum,
    point_mass,
    reacher,
)
from envs.control.task import Task

TASKS: Final[dict[str, Task]] = {
    "PendulumSwingup": pendulum.SWINGUP,
    "CartpoleBalance": cartpole.BALANCE,
    "CartpoleBalanceSparse": cartpole.BALANCE_SPARSE,
    "CartpoleSwingup": cartpole.SWINGUP,
    "CartpoleSwingupSparse": cartpole.SWINGUP_SPARSE,
    "AcrobotSwingup": acrobot.SWINGUP,
    "AcrobotSwingupSparse": acrobot.SWINGUP_SPARSE,
    "PointMassEasy": point_mass.EASY,
    "PointMassHard": point_mass.HARD,
    "ReacherEasy": reacher.EASY,
    "ReacherHard": reacher.HARD,
    "MountainCarContinuous": mountain_car.CONTINUOUS,
    "Pendulum": pendulum.CLASSIC,
    "BallInCupLite": ball_in_cup.CATCH,
}
TASK_IDS: Final = {name: index for index, name in enumerate(TASKS)}
"""The number that stands for each task in `info`."""

TRAINING: Final = ("CartpoleSwingup", "PointMassEasy", "ReacherEasy", "AcrobotSwingup")
HELD_OUT: Final = ("CartpoleBalance", "PendulumSwingup", "PointMassHard", "ReacherHard")


def find_task(name: str) -> Task:
    """The task of a name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name not in TASKS:
        raise ValueError(f"no task is called {name!r}; there are: {', '.join(TASKS)}")
    return TASKS[name]
