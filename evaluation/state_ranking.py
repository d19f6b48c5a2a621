"""State ranking and state fidelity of world models.

Source: arXiv 2510.12088.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import tyro
from rich.console import Console

from evaluation.arenas import ARENAS

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.arena import Arena
    from evaluation.record import Row
    from evaluation.runner import Job, Outcome

BENCHMARK: Final = "state_ranking"


@dataclasses.dataclass(frozen=True)
class Config:
    """Rank world models by how well they tell the true next state from wrong ones.

    In each scenario a model sees a state and an action. It scores the true next state, its own
    sample and distractors (edits of a state), and its sample is compared with the truth. Without
    arguments: every built-in model, strict protocol, all scenarios. Exit status: 0, 1 when a
    model fails, 2 for bad usage.
    """

    model: Annotated[
        tuple[tuple[str, ...], ...],
        tyro.conf.UseAppendAction,
        tyro.conf.arg(
            help="Models to judge: built-in ones (of crafter_oo: oracle, kernel, onelife, poe, "
            "null, random, random_crafter; of homestead: oracle, kernel, null, random; of life: "
            "rule, convolution, majority, null, random, and those of the shipped checkpoints "
            "lifegpt-torus-16 and lifegpt-agnostic-8 that take its size); "
            "folders that python -m worldmodels.onelife run wrote, or for life python -m "
            "worldmodels.lifegpt train; package.module:factory for your own, "
            "where factory() returns a worldmodels.interface.WorldModel and the current directory "
            "is searched too. Default: all built-in models of the world."
        ),
    ] = ()
    protocol: Annotated[
        Literal["compat", "strict"],
        tyro.conf.arg(
            help="compat: as published (distractors edit the state before, ties are broken by a "
            "shuffle), crafter_oo only. strict: distractors edit the true next state, edits "
            "without effect are dropped, ties count their expected rank."
        ),
    ] = "strict"
    observables: Literal["onelife", "full"] = "full"
    """What kernel and models of laws predict: published fields (crafter_oo only), or all."""
    scenarios: Annotated[
        str | None,
        tyro.conf.arg(
            help="compat23 (the published set of crafter_oo), all (of crafter_oo: 38 and "
            "player_death), or a comma-separated list. Default: compat23 with --protocol compat, "
            "all with --protocol strict."
        ),
    ] = None
    trials: int = 5
    """Repetitions with other samples, distractors and shuffles, at least 1."""
    seed: int = 42
    """Seeds every random number, at least 0."""
    out: Path = Path("results")
    """Folder for state_ranking.json, and for state_ranking.html with --report."""
    verbose: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Also print a table per model with a line per scenario."""
    report: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Also write one self-contained HTML page: what each model chose, and which laws voted."""
    runner: Literal["serial", "process"] = "serial"
    """Where to run; the results are the same."""
    jobs: int | None = None
    """Worker processes of --runner process. Default: one per CPU."""
    world: Annotated[
        str,
        tyro.conf.arg(
            help=f"The world to model: {', '.join(ARENAS)}. Life is on a torus of 8x8 cells, "
            "which all shipped checkpoints know, of 16x16 or of 32x32."
        ),
    ] = "crafter_oo"
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    from evaluation.models import UnknownModelError
    from evaluation.protocol import ModelError

    try:
        plan = _plan(config)
    except (UnknownModelError, ValueError, OSError) as error:
        return _complain(error, 2)
    try:
        _measure(config, plan)
    except (ModelError, OSError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; no result was written", 1)
    return 0


class Plan(NamedTuple):
    """What to run, checked."""

    arena: "Arena[Any, Any]"
    models: list[str]  # each once, in the order given
    scenarios: str  # name of the set, or the list as typed
    labels: tuple[str, ...]


def _plan(config: Config) -> Plan:
    """Check everything that can be checked before the first measurement."""
    from evaluation.arenas import arena_named
    from evaluation.models import load_model

    for name, least in (("trials", 1), ("seed", 0), ("jobs", 1)):
        value = getattr(config, name)
        if value is not None and value < least:
            raise ValueError(f"--{name} must be at least {least}, got {value}")
    if config.out.exists() and not config.out.is_dir():
        raise ValueError(f"--out must be a folder, and {config.out} is a file")
    arena = arena_named(config.world)
    arena.check(config.protocol, config.observables)
    config.out.mkdir(parents=True, exist_ok=True)
    scenarios = config.scenarios or arena.default_set[config.protocol]
    labels = arena.select(scenarios)
    models = [name for group in config.model for name in group] or list(arena.models)
    for name in models:
        load_model(config.world, name, config.observables)
    return Plan(arena, list(dict.fromkeys(models)), scenarios, labels)


def _complain(error: object, status: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(
        f"error: {' '.join(str(error).split())}"
    )
    return status


def _measure(config: Config, plan: Plan) -> None:
    from evaluation.record import Result
    from evaluation.runner import Job
    from evaluation.summary import row_of

    console = Console(quiet=config.quiet, highlight=False)
    start = time.perf_counter()
    num_transitions = sum(len(plan.arena.record(label).transitions) for label in plan.labels)
    console.print(
        f"State ranking on {config.world}: protocol {config.protocol}, scenarios "
        f"{plan.scenarios} ({len(plan.labels)}, {num_transitions} transitions), observables "
        f"{config.observables}, {config.trials} trials, seed {config.seed}"
    )
    jobs = [
        Job(
            config.world,
            name,
            label,
            config.observables,
            config.protocol,
            config.trials,
            config.seed,
        )
        for name in plan.models
        for label in plan.labels
    ]
    outcomes = _run(config, jobs)
    rows = tuple(row_of(name, [o for o in outcomes if o.job.model == name]) for name in plan.models)
    settings = dataclasses.asdict(config) | {
        "model": plan.models,
        "scenarios": list(plan.labels),
        "scenario_set": plan.scenarios,
        "out": str(config.out),
    }
    seconds = time.perf_counter() - start
    result = Result(BENCHMARK, settings, config.seed, seconds, rows, plan.arena.references)
    written = [result.write(config.out)]
    if config.report:
        from evaluation.report import write_report

        written.append(write_report(result, outcomes, config.out))
    _print(console, config, plan.arena, rows)
    console.print(f"{seconds:.1f} s; wrote {', '.join(map(str, written))}")


def _run(config: Config, jobs: "Sequence[Job]") -> "list[Outcome]":
    from rich.progress import Progress

    from evaluation.runner import run

    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        task = progress.add_task("judging", total=len(jobs))

        def on_done(job: "Job") -> None:
            progress.update(task, advance=1, description=job.model)

        return run(jobs, config.runner, config.jobs or os.cpu_count() or 1, on_done)


def _print(
    console: Console, config: Config, arena: "Arena[Any, Any]", rows: "Sequence[Row]"
) -> None:
    from evaluation.table import notes_of, overall_table, scenario_table

    compat = config.protocol == "compat"
    if config.verbose:
        for row in rows:
            console.print(scenario_table(row, arena.references, compat), "")
    console.print(overall_table(rows, arena.references))
    published = (
        "Published rows compare only with --protocol compat --observables onelife on compat23. "
    )
    console.print(f"{published if arena.references else ''}{arena.note}", style="dim")
    for note in notes_of(rows):
        console.print(note, style="yellow")


if __name__ == "__main__":
    sys.exit(main())
