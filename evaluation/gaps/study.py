"""Solve sets by every policy, and make rows of what came out."""

import importlib
import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import torch

from combopt.attempts import for_network, gap_percent
from combopt.bq.checkpoint import load_network
from combopt.bq.decoding import NUM_SYMMETRIES, PLACED, Decoding
from combopt.bq.decoding import solve as decode
from combopt.bq.reconstruction import improved
from combopt.solvers import Problem, cost_of, problem_of, solve, solver_named
from combopt.solvers.budget import Budget
from evaluation.gaps.sets import InstanceSet
from evaluation.record import Row
from evaluation.runner import RunnerName, run_all

Policy = Literal["greedy", "beam", "search", "classical"]
BEAM: Final = 16  # as published
BATCH_ROWS: Final = 2**13  # of a batch, orientations counted
TITLES: Final[dict[Policy, str]] = {
    "greedy": "network, greedy",
    "beam": f"network, beam {BEAM}",
    "search": "network + search",
    "classical": "classical",
}


class Settings(NamedTuple):
    """How instances are solved."""

    rounds: int  # of search
    neighbours: int
    solver_seconds: float | None
    seed: int


class Job(NamedTuple):
    """One policy on one set."""

    instances: InstanceSet
    policy: Policy
    network: Path | None  # the folder of its checkpoint
    settings: Settings


class Outcome(NamedTuple):
    """What came of a job."""

    costs: list[float]
    cpu_seconds: list[float]  # of each instance; batches are shared out evenly
    solver: str


class Measured(NamedTuple):
    """All policies on one set; rows in the order of the policies, the classical one last."""

    instances: InstanceSet
    rows: tuple[Row, ...]
    titles: tuple[str, ...]
    is_known: bool  # whether optima are known; otherwise the classical solver stands for them


def study(
    sets: Sequence[InstanceSet],
    policies: Sequence[Policy],
    networks: Mapping[Problem, Path],
    settings: Settings,
    runner: RunnerName,
    num_workers: int,
    on_done: Callable[[Job], None],
) -> list[Measured]:
    """Solve everything.

    Args:
        sets: what to solve.
        policies: of the network; the classical solver is always beside.
        networks: folders of checkpoints; problems without one have the classical solver alone.
        settings: how.
        runner: see `run_all`; the results are the same but for seconds.
        num_workers: likewise.
        on_done: called after each of `jobs_of`.
    """
    jobs = jobs_of(sets, policies, networks, settings)
    outcomes = run_all(run_job, jobs, runner, num_workers, on_done)
    pairs = list(zip(jobs, outcomes, strict=True))
    grouped = itertools.groupby(pairs, key=lambda pair: id(pair[0].instances))
    return [_measured(list(group)) for _, group in grouped]


def jobs_of(
    sets: Sequence[InstanceSet],
    policies: Sequence[Policy],
    networks: Mapping[Problem, Path],
    settings: Settings,
) -> list[Job]:
    """Policies of the network, and then the classical solver, set by set."""
    jobs = []
    for each in sets:
        folder = networks.get(network_problem(each))
        jobs += [Job(each, policy, folder, settings) for policy in policies if folder is not None]
        jobs.append(Job(each, "classical", None, settings))
    return jobs


def network_problem(instances: InstanceSet) -> Problem:
    """Of the network that solves a set."""
    return problem_of(for_network(instances.instances[0]))


def run_job(job: Job) -> Outcome:
    """Solve the instances of a job, on one thread.

    Raises:
        ValueError: the network cannot solve them, or the solver found nothing.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that seconds compare with those of the solvers
    try:
        return _by_solver(job) if job.policy == "classical" else _by_network(job)
    finally:
        torch.set_num_threads(threads)


def _by_solver(job: Job) -> Outcome:
    limit = job.settings.solver_seconds
    budget = None if limit is None else Budget(seconds=limit)
    chosen = solver_named(job.instances.problem, None)
    if chosen.package:
        importlib.import_module(chosen.package)  # takes longer than many a solution
    costs, seconds = [], []
    for number, instance in enumerate(job.instances.instances):
        start = time.process_time()
        solved = solve(instance, budget, job.settings.seed + number, chosen.name)
        seconds.append(time.process_time() - start)
        costs.append(solved.cost)
    return Outcome(costs, seconds, chosen.name)


def _by_network(job: Job) -> Outcome:
    assert job.network is not None
    network, settings = load_network(job.network), job.settings
    seen = [for_network(instance) for instance in job.instances.instances]
    is_search = job.policy == "search"
    decoding = Decoding(
        beam=BEAM if job.policy == "beam" else 1,
        neighbours=settings.neighbours,
        symmetries=is_search and network.config.problem in PLACED,
        scaled=True,
    )
    plain = Decoding(neighbours=settings.neighbours, scaled=True)
    costs: list[float] = []
    seconds: list[float] = []
    for _, group in itertools.groupby(seen, key=lambda instance: instance.size):
        for batch in _batches(
            list(group), NUM_SYMMETRIES if decoding.symmetries else decoding.beam
        ):
            start = time.process_time()
            solutions: list[Any] = list(decode(network, batch, decoding))
            shared = (time.process_time() - start) / len(batch)
            for instance, found in zip(batch, solutions, strict=True):
                start, solution = time.process_time(), found
                if is_search and settings.rounds:
                    seed = settings.seed + len(costs)
                    budget = Budget(settings.rounds)
                    solution = improved(network, instance, found, budget, plain, seed)
                seconds.append(shared + time.process_time() - start)
                costs.append(cost_of(instance, solution))
    return Outcome(costs, seconds, "")


def _batches(instances: Sequence[Any], copies: int) -> list[Sequence[Any]]:
    """Of instances of one size."""
    count = max(1, BATCH_ROWS // (copies * instances[0].size))
    return [instances[first : first + count] for first in range(0, len(instances), count)]


def _measured(pairs: Sequence[tuple[Job, Outcome]]) -> Measured:
    instances = pairs[0][0].instances
    classical = pairs[-1][1]
    optima = [instance.optimum for instance in instances.instances]
    references = [
        cost if optimum is None else optimum
        for optimum, cost in zip(optima, classical.costs, strict=True)
    ]
    rows, titles = [], []
    for job, outcome in pairs:
        title = outcome.solver or TITLES[job.policy]
        titles.append(title)
        rows.append(_row(instances, title, outcome, references))
    return Measured(instances, tuple(rows), tuple(titles), None not in optima)


def _row(instances: InstanceSet, title: str, outcome: Outcome, references: Sequence[float]) -> Row:
    gaps = [
        gap_percent(instances.problem, cost, reference) or 0.0
        for cost, reference in zip(outcome.costs, references, strict=True)
    ]
    values = {
        "gap_percent": gaps,
        "cost": outcome.costs,
        "cpu_seconds_per_instance": outcome.cpu_seconds,
    }
    by = tuple(
        Row(label, {name: each[number] for name, each in values.items()}, {}, 1)
        for number, label in enumerate(instances.labels)
    )
    count = len(gaps)
    std = {name: statistics.stdev(each) for name, each in values.items()} if count > 1 else {}
    return Row(
        f"{instances.name}: {title}",
        {name: float(np.mean(each)) for name, each in values.items()},
        {name: value / count**0.5 for name, value in std.items()},
        count,
        std,
        by,
    )
