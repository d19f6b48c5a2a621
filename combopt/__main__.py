"""`python -m combopt {label,train,solve}`."""

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from combopt import solve
from combopt.bq import command as training
from combopt.solvers import SOLVERS, Problem

PROGRAM: Final = "python -m combopt"

Quiet = Annotated[bool, tyro.conf.FlagCreatePairsOff]
SolverName = Annotated[
    str | None,
    tyro.conf.arg(
        metavar="{" + ",".join(solver.name for solver in SOLVERS) + "}",
        help="None: the best one that is installed; more come with the extra 'solvers'.",
    ),
]


@dataclasses.dataclass(frozen=True)
class Label:
    """Draw random instances and solve them by a classical solver, for training and tests.

    The command goes on where it was killed when it is given again. The result is the same whatever
    the number of workers. Exit status: 0, 1 when something cannot be read or written, 2 for bad
    usage.
    """

    problem: Problem
    """What to solve."""
    size: int
    """Nodes to visit, to which CVRP and OP add a depot; or items of a knapsack."""
    out: Path
    """Folder of the set: labels.safetensors and manifest.json."""
    count: int = 1000
    """How many instances."""
    seed: int = 0
    """Of instances and solver."""
    distribution: str = "uniform"
    """Where nodes lie; envs.routing.generators says what there is."""
    solver: SolverName = None
    iterations: int | None = None
    """Budget for each instance; None: what the solver usually needs."""
    workers: int = os.cpu_count() or 1
    """Processes."""
    quiet: Quiet = False
    """Print nothing but errors."""


Command = Label | training.Train | solve.Solve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    said = sys.argv[1:] if arguments is None else list(arguments)
    command: Command = tyro.extras.subcommand_cli_from_dict(
        {"label": Label, "train": training.with_defaults(said), "solve": solve.Solve},
        args=said,
        prog=PROGRAM,
        description="Combinatorial problems: classical solvers label, networks learn, both solve.",
    )
    run = {Label: _label, training.Train: training.run, solve.Solve: solve.run}
    try:
        run[type(command)](command)  # type: ignore[operator]  # each takes what it stands beside
    except (ValueError, ImportError) as error:
        return _fail(f"error: {error}", 2)
    except OSError as error:
        return _fail(f"error: {error}", 1)
    except KeyboardInterrupt:
        kept = "" if isinstance(command, solve.Solve) else "; the same command goes on from here"
        return _fail(f"interrupted{kept}", 1)
    return 0


def _label(command: Label) -> None:
    from combopt.label import label, new_request

    request = new_request(
        command.problem,
        command.size,
        command.count,
        command.seed,
        command.distribution,
        command.solver,
        command.iterations,
    )
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    is_silent = command.quiet or not errors.is_terminal
    start = time.perf_counter()
    with Progress(*columns, console=errors, transient=True, disable=is_silent) as progress:
        bar = progress.add_task(f"{request.problem} by {request.solver}", total=request.count)
        manifest = label(
            request, command.out, command.workers, lambda done: progress.advance(bar, done)
        )
    seconds = time.perf_counter() - start
    Console(quiet=command.quiet, highlight=False, soft_wrap=True).print(
        f"{command.out}: {manifest.count} of {manifest.problem}, size {manifest.size}, by "
        f"{manifest.solver}, mean {manifest.mean_cost:.6g}; {seconds:.1f} s"
    )


def _fail(message: str, status: int) -> int:
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    errors.print(message, markup=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
