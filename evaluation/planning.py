"""Whether a world model prefers the right plan, and whether a planner can use it.

Source of the three pairs of plans: arXiv 2510.12088. The planner and its goals are ours.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

import tyro
from rich.console import Console

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.plans.jobs import Job, Outcome
    from evaluation.record import Row

BENCHMARK: Final = "planning"
DEFAULT_MODELS: Final = ("kernel", "onelife")


@dataclasses.dataclass(frozen=True)
class Config:
    """Plan inside world models of Crafter-OO, and see what it is worth in the true world.

    Preferences: two scripted plans per scenario act in the true world and in the model, and the
    model should find the same one better. Planner: who imagines in the model acts in the true
    world, beside the same planner with the true rules and beside chance. Without
    arguments: kernel and onelife, both parts. Exit status: 0, 1 when a model fails, 2 for bad
    usage.
    """

    model: Annotated[
        tuple[tuple[str, ...], ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(
            help="Models to plan in: oracle, kernel, onelife, poe, null, random, random_crafter, "
            "folders that python -m worldmodels.onelife run wrote, or "
            "package.module:factory for your own, where factory() returns a "
            "worldmodels.interface.WorldModel and the current directory is searched too. "
            "Default: kernel and onelife."
        ),
    ] = ()
    only: Literal["preferences", "planner"] | None = None
    """One part only; None: both."""
    rollouts: int = 20
    """Preferences: rollouts of each plan in each world, at least 1."""
    episodes: int = 5
    """Planner: episodes of each goal, at least 1."""
    budget: int = 4000
    """Planner: imagined steps per decision, at least 1."""
    seed: int = 42
    """Seeds every random number, at least 0."""
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """A smoke run: 2 rollouts, 1 episode, a budget of 60 steps, whatever else is asked for."""
    out: Path = Path("results")
    """Folder for planning.json."""
    runner: Literal["serial", "process"] = "process"
    """Where to run; the results are the same."""
    jobs: int | None = None
    """Worker processes of --runner process. Default: one per CPU."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    from evaluation.models import UnknownModelError
    from evaluation.protocol import ModelError

    if config.quick:
        config = dataclasses.replace(config, rollouts=2, episodes=1, budget=60)
    try:
        models = _checked_models(config)
    except (UnknownModelError, ValueError, OSError) as error:
        return _complain(error, 2)
    try:
        _measure(config, models)
    except (ModelError, OSError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; no result was written", 1)
    return 0


def _checked_models(config: Config) -> list[str]:
    """Check everything that can be checked before the first measurement."""
    from evaluation.models import load_model

    least = {"rollouts": 1, "episodes": 1, "budget": 1, "seed": 0, "jobs": 1}
    for name, smallest in least.items():
        value = getattr(config, name)
        if value is not None and value < smallest:
            raise ValueError(f"--{name} must be at least {smallest}, got {value}")
    if config.out.exists() and not config.out.is_dir():
        raise ValueError(f"--out must be a folder, and {config.out} is a file")
    config.out.mkdir(parents=True, exist_ok=True)
    models = [name for group in config.model for name in group] or DEFAULT_MODELS
    for name in models:
        load_model("crafter_oo", name, "full")
    return list(dict.fromkeys(models))


def _complain(error: object, status: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(
        f"error: {' '.join(str(error).split())}"
    )
    return status


class _Plan(NamedTuple):
    """What to run, and the rows that will come of it."""

    jobs: "list[Job]"
    names: list[str]


def _plan(config: Config, models: Sequence[str]) -> _Plan:
    from evaluation.plans.choices import CHOICES
    from evaluation.plans.episodes import RANDOM
    from evaluation.plans.goals import GOALS
    from evaluation.plans.jobs import ChoiceJob, EpisodeJob
    from evaluation.plans.search import Settings
    from evaluation.plans.summary import REFERENCE_MODEL

    jobs: list[Job] = []
    names = list(models)
    if config.only != "planner":
        jobs += [ChoiceJob(m, c, config.rollouts, config.seed) for m in models for c in CHOICES]
    if config.only != "preferences":
        names = list(dict.fromkeys([REFERENCE_MODEL, *models, *RANDOM]))
        settings = Settings(budget=config.budget)
        jobs += [
            EpisodeJob(name, goal, number, settings, config.seed)
            for name in names
            for goal in GOALS
            for number in range(config.episodes)
        ]
    return _Plan(jobs, names)


def _measure(config: Config, models: Sequence[str]) -> None:
    from evaluation.plans.summary import rows_of
    from evaluation.published import PLANNING
    from evaluation.record import Result

    console = Console(quiet=config.quiet, highlight=False)
    start = time.perf_counter()
    plan = _plan(config, models)
    rows = rows_of(plan.names, _run(config, plan.jobs))
    settings = dataclasses.asdict(config) | {"model": list(models), "out": str(config.out)}
    seconds = time.perf_counter() - start
    path = Result(BENCHMARK, settings, config.seed, seconds, rows, PLANNING).write(config.out)
    _print(console, config, rows)
    console.print(f"{seconds:.1f} s; wrote {path}")


def _run(config: Config, jobs: "Sequence[Job]") -> "list[Outcome]":
    from rich.progress import Progress

    from evaluation.plans.jobs import run_job
    from evaluation.runner import run_all

    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        bar = progress.add_task("planning", total=len(jobs))

        def on_done(job: "Job") -> None:
            progress.update(bar, advance=1, description=job.title)

        return run_all(run_job, jobs, config.runner, config.jobs or os.cpu_count() or 1, on_done)


def _print(console: Console, config: Config, rows: "Sequence[Row]") -> None:
    from evaluation.plans.choices import CHOICES
    from evaluation.plans.summary import choices_table, goals_table, notes_of
    from evaluation.published import PLANNING

    for row in rows:
        if "preferences_right" in row.metrics:
            console.print(choices_table(row, PLANNING[0]))
            console.print(
                f"{row.name}: {row.metrics['preferences_right']:.0f} of {len(CHOICES)} "
                "preferences right, "
                f"relative reward error {row.metrics['relative_reward_error']:.3f}\n"
            )
    if config.only != "preferences":
        console.print(goals_table(rows))
        console.print(f"{config.budget} imagined steps per decision, {config.episodes} episodes")
    for note in notes_of(rows):
        console.print(note, style="yellow")


if __name__ == "__main__":
    sys.exit(main())
