"""The parts of a planning measurement that can run anywhere; equal jobs have equal outcomes."""

from typing import NamedTuple

from envs.crafter_oo.scripted import cells_of
from envs.crafter_oo.tables import Action, Material
from evaluation.models import load_model
from evaluation.plans.choices import CHOICES, Option
from evaluation.plans.episodes import RANDOM, Episode, live
from evaluation.plans.goals import GOALS
from evaluation.plans.planner import Planner
from evaluation.plans.search import Settings
from evaluation.plans.simulation import Dynamics, Trajectory, imagined, roll_out, seeded, truth
from evaluation.protocol import Place


class ChoiceJob(NamedTuple):
    """Both plans of one scenario, in the true world and in a model."""

    model: str
    choice: str
    rollouts: int
    seed: int

    @property
    def title(self) -> str:
        """For a progress bar."""
        return f"{self.model}: {self.choice}"


class EpisodeJob(NamedTuple):
    """One episode of a planner; its policy is a model to plan in, or a key of `RANDOM`."""

    policy: str
    goal: str
    number: int
    settings: Settings
    seed: int

    @property
    def title(self) -> str:
        """For a progress bar."""
        return f"{self.policy}: {self.goal}"


class Samples(NamedTuple):
    """What came of one plan in one world, a value per rollout."""

    rewards: list[float]
    steps: list[float]
    tables_lost: int  # rollouts in which a table was placed and none stands in the end


class ChoiceOutcome(NamedTuple):
    """Samples of the plans in their order."""

    job: ChoiceJob
    true: tuple[Samples, Samples]
    model: tuple[Samples, Samples]


class EpisodeOutcome(NamedTuple):
    """What came of an episode."""

    job: EpisodeJob
    episode: Episode


Job = ChoiceJob | EpisodeJob
Outcome = ChoiceOutcome | EpisodeOutcome


def run_job(job: Job) -> Outcome:
    """Do one job.

    Raises:
        ModelError: the model failed.
        UnknownModelError: the model cannot be made.
    """
    return _compare(job) if isinstance(job, ChoiceJob) else _live(job)


def _compare(job: ChoiceJob) -> ChoiceOutcome:
    dynamics = imagined(job.model, load_model("crafter_oo", job.model, "full"))
    first, second = CHOICES[job.choice].options
    return ChoiceOutcome(
        job,
        (_samples(job, first, truth), _samples(job, second, truth)),
        (_samples(job, first, dynamics), _samples(job, second, dynamics)),
    )


def _samples(job: ChoiceJob, option: Option, dynamics: Dynamics) -> Samples:
    choice = CHOICES[job.choice]
    places = [Place(job.seed, f"{choice.name}/{option.name}", 0, i) for i in range(job.rollouts)]
    trajectories = [
        roll_out(option.plan, seeded(choice.initial(), place), dynamics, place, option.max_steps)
        for place in places
    ]
    return Samples(
        [choice.reward(trajectory) for trajectory in trajectories],
        [float(len(trajectory.actions)) for trajectory in trajectories],
        sum(map(_loses_table, trajectories)),
    )


def _loses_table(trajectory: Trajectory) -> bool:
    is_placed = Action.PLACE_TABLE in trajectory.actions
    return is_placed and not cells_of(trajectory.states[-1], Material.TABLE)


def _live(job: EpisodeJob) -> EpisodeOutcome:
    goal = GOALS[job.goal]
    chooser = RANDOM.get(job.policy)
    if chooser is None:
        dynamics = imagined(job.policy, load_model("crafter_oo", job.policy, "full"))
        chooser = Planner(goal, dynamics, job.settings)
    place = Place(job.seed, job.goal, 0, job.number)
    return EpisodeOutcome(job, live(goal, chooser, place))
