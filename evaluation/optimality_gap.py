"""How far solutions of networks are from the best, beside a classical solver.

Source: the protocol of arXiv 2301.03313 and 2310.07985; bq-nco.md 4.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro
from rich.console import Console

from combopt.solvers import PROBLEMS, Problem

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.gaps.sets import InstanceSet
    from evaluation.gaps.study import Measured

BENCHMARK: Final = "optimality_gap"


@dataclasses.dataclass(frozen=True)
class Config:
    """Measure networks of BQ-NCO, alone and with search on top, beside a classical solver.

    Without files: random instances of all problems. Where no optimum is known, the classical
    solver's cost stands for it, so that a gap may be below 0. Exit status: 0, 1 when something
    cannot be read or written, 2 for bad usage.
    """

    files: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(
            help="Files of TSPLIB, CVRPLIB and others that python -m combopt solve reads, and "
            "folders of them. Tours of a folder are shown by size, routes by the first letter."
        ),
    ] = ()
    problems: tuple[Problem, ...] = ()
    """Of random instances; none: all problems, unless files are given."""
    sizes: tuple[int, ...] = (20, 50, 100)
    """Nodes to visit, or items."""
    count: int = 8
    """Random instances of each size, at least 1."""
    distribution: str = "uniform"
    """Where nodes lie; envs.routing.generators says what there is."""
    policies: tuple[Literal["greedy", "beam", "search"], ...] = ("greedy", "search")
    """Of the network. search: the best of 8 orientations, then random parts solved again."""
    rounds: int = 20
    """In which the search solves parts again."""
    neighbours: int = 100
    """Rows the network sees, the nearest ones; 0 for all."""
    checkpoints: tuple[Path, ...] = ()
    """Folders of runs of python -m combopt train, each instead of the shipped network."""
    solver_seconds: float | None = None
    """For the classical solver and each instance; None: as long as it usually takes."""
    exact: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Do not round distances of files, and compare with the optima of rounded ones all the same, as
    published figures of networks do."""
    runner: Literal["serial", "process"] = "serial"
    """Where the work is done; process: in --jobs processes. The solutions are the same."""
    jobs: int = os.cpu_count() or 1
    """Worker processes."""
    seed: int = 0
    """Of instances, search and solver, at least 0."""
    out: Path = Path("results")
    """Folder for optimality_gap.json."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    start = time.perf_counter()
    try:
        _check(config)
        sets = _sets(config)
        networks, notes = _networks(config, sets)
    except (ValueError, ImportError) as error:
        return _complain(error, 2)
    except OSError as error:
        return _complain(error, 1)
    from evaluation.protocol import ModelError

    try:
        measured = _study(config, sets, networks)
        _report(config, measured, notes, start)
    except (ValueError, ImportError) as error:
        return _complain(error, 2)
    except (OSError, ModelError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; no result was written", 1)
    return 0


def _check(config: Config) -> None:
    for name, least in (("count", 1), ("rounds", 0), ("jobs", 1), ("seed", 0)):
        if getattr(config, name) < least:
            raise ValueError(f"--{name} must be at least {least}, got {getattr(config, name)}")
    if config.solver_seconds is not None and not 0 < config.solver_seconds < float("inf"):
        raise ValueError(f"--solver-seconds is more than 0, got {config.solver_seconds:g}")
    if config.out.exists() and not config.out.is_dir():
        raise ValueError(f"--out must be a folder, and {config.out} is a file")
    from combopt.bq.decoding import Decoding

    Decoding(neighbours=config.neighbours)


def _sets(config: Config) -> "list[InstanceSet]":
    from evaluation.gaps.sets import drawn_set, file_sets

    problems = config.problems or (() if config.files else PROBLEMS)
    drawn = [
        drawn_set(problem, size, config.count, config.seed, _distribution(config, problem))
        for problem in problems
        for size in config.sizes
    ]
    return [*drawn, *file_sets(config.files, is_exact=config.exact)]


def _distribution(config: Config, problem: Problem) -> str:
    """Problems without places have one distribution, unless nothing else is asked for."""
    has_places = problem in ("tsp", "cvrp", "op")
    return config.distribution if has_places or config.problems else "uniform"


def _networks(
    config: Config, sets: "Sequence[InstanceSet]"
) -> tuple[dict[Problem, Path], list[str]]:
    """Folders of the networks, and what to say about those that are missing."""
    from combopt.attempts import checkpoint_of
    from combopt.bq.checkpoint import load_network
    from evaluation.gaps.study import network_problem

    networks = {load_network(path).config.problem: path for path in config.checkpoints}
    notes = []
    for problem in dict.fromkeys(network_problem(each) for each in sets):
        if problem not in networks:
            try:
                networks[problem] = checkpoint_of(problem)
            except ValueError:
                notes.append(
                    f"no network for {problem} is shipped: train one by python -m combopt train "
                    f"--problem {problem} and give its folder as --checkpoints"
                )
    return networks, notes


def _study(
    config: Config, sets: "Sequence[InstanceSet]", networks: dict[Problem, Path]
) -> "list[Measured]":
    from rich.progress import Progress

    from evaluation.gaps.study import Settings, jobs_of, study

    settings = Settings(config.rounds, config.neighbours, config.solver_seconds, config.seed)
    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        total = len(jobs_of(sets, config.policies, networks, settings))
        bar = progress.add_task("solving", total=total)
        return study(
            sets,
            config.policies,
            networks,
            settings,
            config.runner,
            config.jobs,
            lambda job: progress.update(bar, advance=1, description=job.instances.name),
        )


def _report(
    config: Config, measured: "Sequence[Measured]", notes: Sequence[str], start: float
) -> None:
    from evaluation.gaps import table
    from evaluation.published import OPTIMALITY_GAP
    from evaluation.record import Result

    rows = tuple(row for each in measured for row in each.rows)
    arguments = dataclasses.asdict(config) | {
        "files": list(map(str, config.files)),
        "checkpoints": list(map(str, config.checkpoints)),
        "out": str(config.out),
    }
    seconds = time.perf_counter() - start
    result = Result(BENCHMARK, arguments, config.seed, seconds, rows, OPTIMALITY_GAP)
    path = result.write(config.out)
    console = Console(quiet=config.quiet, highlight=False)
    for problem in dict.fromkeys(each.instances.problem for each in measured):
        group = [each for each in measured if each.instances.problem == problem]
        console.print(table.problem_table(group, OPTIMALITY_GAP), "")
    for source in table.sources_of(measured, OPTIMALITY_GAP):
        console.print(source, style="dim", markup=False)
    for note in notes:
        console.print(note, style="yellow", markup=False)
    console.print(f"{seconds:.0f} s; wrote {path}", markup=False)


def _complain(error: object, status: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(
        f"error: {' '.join(str(error).split())}"
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
