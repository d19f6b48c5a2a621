"""`python -m combopt solve`. Heavy imports wait until they are needed."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import tyro
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from combopt.attempts import Attempt
    from combopt.solvers import Problem
    from envs.knapsack.instances import Knapsack
    from envs.routing.instances import Instance

SEARCH_SECONDS: Final = 3.0
"""Of the search on top of a network; with the imports, a small file takes less than 10 s."""


@dataclasses.dataclass(frozen=True)
class Solve:
    """Solve the instance of a file, print and draw the solution, and its gap if it is known.

    Files: .tsp, .atsp, .vrp and .oplib in TSPLIB format, .npz and .txt of many instances, and texts
    of one knapsack. Writes solve.json, a picture, and a .tour or .sol file. Exit status: 0, 1 when
    something cannot be read or written, 2 for bad usage.
    """

    file: Annotated[Path, tyro.conf.Positional]
    """What to solve."""
    policy: Literal["bq", "classical", "both"] = "bq"
    """bq: a network, alone and with search on top; classical: the best solver installed."""
    budget: float | None = None
    """Seconds for network and search together, and for the solver. None: 3, and what the solver
    usually takes."""
    index: int | None = None
    """Of the instance, from 0, in a file of several."""
    checkpoint: Path | None = None
    """Folder of a run of python -m combopt train; None: the shipped network of the problem."""
    seed: int = 0
    """Of search and solver."""
    out: Path = Path("results")
    """Folder of what is written."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def run(command: Solve) -> None:
    """Solve, print and write.

    Raises:
        ValueError: bad usage, or a file that is malformed.
        ImportError: something is not installed.
        OSError: something cannot be read or written.
    """
    from combopt.attempts import MAXIMISED
    from combopt.solvers import problem_of

    instance, name = _chosen(command)
    problem = problem_of(instance)
    console = Console(quiet=command.quiet, highlight=False, soft_wrap=True)
    with console.status(f"solving {escape(name)}"):
        attempts = list(_attempts(command, instance))
    sign = 1 if problem in MAXIMISED else -1
    best = max(attempts, key=lambda attempt: sign * attempt.cost)
    written = _written(command, instance, name, attempts, best)
    console.print(_table(instance, problem, name, attempts))
    if instance.optimum is None:
        console.print("no optimum is known, so there is no gap")
    console.print(_said(problem, best.solution), markup=False)
    console.print(f"wrote {', '.join(map(str, written))}", markup=False)


def _chosen(command: Solve) -> "tuple[Instance | Knapsack, str]":
    """The instance, and what to call it."""
    from combopt.attempts import read_instances

    if command.budget is not None and not 0 < command.budget < float("inf"):
        raise ValueError(f"--budget is more than 0 seconds, got {command.budget:g}")
    if command.seed < 0:
        raise ValueError(f"--seed is 0 or more, got {command.seed}")
    if command.out.exists() and not command.out.is_dir():
        raise ValueError(f"--out must be a folder, and {command.out} is a file")
    if not command.file.is_file():
        raise ValueError(
            f"there is no file {command.file}: give one of an instance, as berlin52.tsp"
        )
    instances = read_instances(command.file)
    count = len(instances)
    if command.index is None and count > 1:
        raise ValueError(
            f"{command.file} holds {count} instances: choose one of 0..{count - 1} by --index"
        )
    index = command.index or 0
    if not 0 <= index < count:
        raise ValueError(f"--index is one of 0..{count - 1}, got {index}")
    stem = command.file.stem
    return instances[index], stem if count == 1 else f"{stem}-{index}"


def _attempts(command: Solve, instance: "Instance | Knapsack") -> "Iterator[Attempt]":
    from combopt.attempts import by_network, by_solver, checkpoint_of, for_network
    from combopt.solvers import problem_of

    if command.policy != "classical":
        seen = for_network(instance)
        folder = command.checkpoint or checkpoint_of(problem_of(seen))
        import torch

        from combopt.bq.checkpoint import load_network

        torch.set_num_threads(1)  # a second one gains little, and costs much on a busy machine
        network = load_network(folder)
        if network.config.problem != problem_of(seen):
            raise ValueError(
                f"{folder} holds a network of {network.config.problem}, and {command.file} is of "
                f"{problem_of(seen)}: give another --checkpoint, or none"
            )
        budget = SEARCH_SECONDS if command.budget is None else command.budget
        yield from by_network(network, seen, budget, command.seed)
    if command.policy != "bq":
        yield by_solver(instance, command.budget, command.seed)


def _table(
    instance: "Instance | Knapsack", problem: "Problem", name: str, attempts: "Sequence[Attempt]"
) -> Table:
    from combopt.attempts import MEASURES, gap_percent

    known = "" if instance.optimum is None else f", best known {instance.optimum:.6g}"
    items = "items" if problem == "knapsack" else "nodes"
    table = Table(
        title=f"{escape(name)}: {problem} of {instance.size} {items}{known}",
        title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    table.show_edge = False
    table.add_column("policy", no_wrap=True)
    for title in (MEASURES[problem], "gap %", "seconds"):
        table.add_column(title, justify="right")
    for attempt in attempts:
        gap = gap_percent(problem, attempt.cost, instance.optimum)
        table.add_row(
            attempt.policy,
            f"{attempt.cost:.6g}",
            "" if gap is None else f"{gap:.2f}",
            f"{attempt.seconds:.2f}",
        )
    return table


def _said(problem: "Problem", solution: Any) -> str:
    """The solution in words, with the numbers that files of the problem have."""
    if problem == "cvrp":
        return "\n".join(
            f"route {number}: {' '.join(map(str, route))}"
            for number, route in enumerate(solution, 1)
        )
    numbers = [place + 1 for place in ([0, *solution] if problem == "op" else solution)]
    what = "items" if problem == "knapsack" else "tour"
    return f"{what}, counted from 1: {' '.join(map(str, numbers)) or 'none'}"


def _written(
    command: Solve,
    instance: "Instance | Knapsack",
    name: str,
    attempts: "Sequence[Attempt]",
    best: "Attempt",
) -> list[Path]:
    """Write everything, and return where it is."""
    from combopt.attempts import MEASURES, gap_percent
    from combopt.picture import png_of
    from combopt.solvers import problem_of
    from envs.files import write_bytes, write_text
    from envs.routing.files import write_routes, write_tour

    problem, out = problem_of(instance), command.out
    solution: Any = best.solution
    gap = gap_percent(problem, best.cost, instance.optimum)
    parts = [name, f"{MEASURES[problem]} {best.cost:.6g}"]
    parts += [] if gap is None else [f"gap {gap:.2f} %"]
    picture, record = out / f"{name}.png", out / "solve.json"
    write_bytes(picture, png_of(instance, solution, "   ".join([*parts, best.policy])))
    about = {
        "file": str(command.file),
        "name": name,
        "problem": problem,
        "size": instance.size,
        "optimum": instance.optimum,
        "seed": command.seed,
        "attempts": [
            attempt._asdict()
            | {"gap_percent": gap_percent(problem, attempt.cost, instance.optimum)}
            for attempt in attempts
        ],
    }
    write_text(record, json.dumps(about) + "\n")
    written = [picture, record]
    if problem in ("tsp", "atsp"):
        written.append(out / f"{name}.tour")
        write_tour(written[-1], solution, name)
    if problem == "cvrp":
        written.append(out / f"{name}.sol")
        write_routes(written[-1], solution, best.cost)
    return written
