"""Runs the jobs of a measurement, here or in worker processes; the results are the same."""

import concurrent.futures
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, Literal, NamedTuple, TypeVar

from evaluation.arena import Arena, ObservableSet, Protocol
from evaluation.arenas import arena_named
from evaluation.metrics import METRICS
from evaluation.models import load_model
from evaluation.protocol import ModelError, Place, judge
from worldmodels.interface import WorldModel

JobT = TypeVar("JobT")
OutcomeT = TypeVar("OutcomeT")
RunnerName = Literal["serial", "process"]

COLUMNS: Final = (*METRICS, "candidates")
"""What is written down about one prediction; the last is the number of candidates."""

Scores = tuple[float, ...]
"""One value per name in `COLUMNS`."""


class Job(NamedTuple):
    """One model on one scenario, all trials."""

    world: str  # as in `evaluation.arenas.ARENAS`
    model: str
    label: str
    observables: ObservableSet
    protocol: Protocol
    trials: int
    seed: int


class Outcome(NamedTuple):
    """What came of a job."""

    job: Job
    scores: list[list[Scores]]  # indexed [trial][transition]
    notes: dict[str, float]  # what the model counted meanwhile, as laws that failed


def run_job(job: Job) -> Outcome:
    """Judge every prediction of a job.

    Raises:
        ModelError: the model failed.
        UnknownModelError: the model cannot be made.
    """
    model = load_model(job.world, job.model, job.observables)
    return outcome_of(job, arena_named(job.world), model)


def outcome_of(job: Job, arena: Arena[Any, Any], model: WorldModel[Any, Any]) -> Outcome:
    """Judge every prediction of a job by a model that is made already.

    Raises:
        ModelError: the model failed.
    """
    notes_before = model.notes()
    transitions = arena.record(job.label).transitions
    scores: list[list[Scores]] = []
    for trial in range(job.trials):
        scores.append([])
        for step, transition in enumerate(transitions):
            place = Place(job.seed, job.label, step, trial)
            judgement = judge(arena, job.model, model, transition, job.protocol, place)
            row = (*judgement.ranking, *judgement.fidelity, float(len(judgement.candidates)))
            scores[-1].append(row)
    notes = {name: count - notes_before.get(name, 0.0) for name, count in model.notes().items()}
    return Outcome(job, scores, notes)


def run(
    jobs: Sequence[Job], runner: RunnerName, num_workers: int, on_done: Callable[[Job], None]
) -> list[Outcome]:
    """Run all jobs of a ranking, see `run_all`."""
    return run_all(run_job, jobs, runner, num_workers, on_done)


def run_all(
    work: Callable[[JobT], OutcomeT],
    jobs: Sequence[JobT],
    runner: RunnerName,
    num_workers: int,
    on_done: Callable[[JobT], None],
) -> list[OutcomeT]:
    """Do all jobs and return their outcomes in the order of the jobs.

    Args:
        work: does one job; a function that can be pickled.
        jobs: what to do.
        runner: `serial` here, `process` in fresh worker processes.
        num_workers: number of processes, >= 1; ignored by `serial`.
        on_done: called after each job.

    Raises:
        ModelError: of the first job that failed, or a worker died; the rest are given up.
    """
    if runner == "serial":
        return _gather(map(work, jobs), jobs, on_done)
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of jax, torch
    with concurrent.futures.ProcessPoolExecutor(num_workers, mp_context=context) as pool:
        try:
            return _gather(pool.map(work, jobs), jobs, on_done)
        except BrokenProcessPool as error:
            raise ModelError(
                "a worker process died, perhaps for want of memory; try --jobs 1 or --runner serial"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _gather(
    outcomes: Iterable[OutcomeT], jobs: Sequence[JobT], on_done: Callable[[JobT], None]
) -> list[OutcomeT]:
    gathered = []
    for outcome, job in zip(outcomes, jobs, strict=True):
        gathered.append(outcome)
        on_done(job)
    return gathered
