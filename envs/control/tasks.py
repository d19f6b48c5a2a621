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
from envs.control.mjx import ball_in_cup as mjx_ball_in_cup
from envs.control.mjx import finger as mjx_finger
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
MJX_TASKS: Final[dict[str, Task]] = {
    "FingerSpinMjx": mjx_finger.SPIN,
    "FingerTurnEasyMjx": mjx_finger.TURN_EASY,
    "FingerTurnHardMjx": mjx_finger.TURN_HARD,
    "BallInCupCatchMjx": mjx_ball_in_cup.CATCH,
}
"""Those that need the extra `mjx`."""
TASK_IDS: Final = {name: index for index, name in enumerate((*TASKS, *MJX_TASKS))}
"""The number that stands for each task in `info`."""

TRAINING: Final = ("CartpoleSwingup", "PointMassEasy", "ReacherEasy", "AcrobotSwingup")
HELD_OUT: Final = ("CartpoleBalance", "PendulumSwingup", "PointMassHard", "ReacherHard")


def find_task(name: str) -> Task:
    """The task of a name.

    Raises:
        ValueError: there is none; the message lists them.
    """
    if name not in TASK_IDS:
        raise ValueError(f"no task is called {name!r}; there are: {', '.join(TASK_IDS)}")
    return TASKS[name] if name in TASKS else MJX_TASKS[name]
