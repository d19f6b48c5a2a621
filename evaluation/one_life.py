"""World models learned from one life each, judged over many lives.

Source: arXiv 2510.12088, which judges one life.
"""

import dataclasses
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import tyro
from rich.console import Console

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.arena import Arena
    from evaluation.lives.learning import Life
    from evaluation.record import Row

BENCHMARK: Final = "one_life"
PICTURE: Final = f"{BENCHMARK}.png"
CURVE: Final = (100, 250, 500, 1000, 2000)
"""Numbers of transitions after which --curve learns."""
_PUBLISHED_CELL: Final = "compat/onelife"
_KINDS: Final = ("lives", "mechanics", "curve")

JobT = TypeVar("JobT")


@dataclasses.dataclass(frozen=True)
class Config:
    """Learn world models from one life, for many lives, and judge them beside others.

    For each seed: explore, induce laws, fit their weights; then state ranking of all models, by
    every protocol and set of observables that the world has. Whatever is done is kept in the
    folder and not repeated; what the program itself has changed is not noticed. Exit status: 0, 1
    when a model fails, 2 for bad usage.
    """

    world: Literal["crafter_oo", "homestead"] = "crafter_oo"
    """Where to live."""
    seeds: tuple[int, int] = (0, 10)
    """Of world and explorer: the first seed, and the one after the last."""
    steps: Annotated[int, tyro.conf.arg(metavar="N")] = 2000
    """The most steps of a life, which may end before."""
    explorer: Literal["curious", "random"] = "curious"
    """Who lives: one that seeks what it does not know yet, or one that acts at random."""
    curve: Annotated[
        bool,
        tyro.conf.FlagCreatePairsOff,
        tyro.conf.arg(
            help=f"Also learn from the first {', '.join(map(str, CURVE))} transitions of each "
            f"life that has so many, and draw {PICTURE}."
        ),
    ] = False
    relearn: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Remove the laws in the folder and learn them anew from the same lives."""
    trials: int = 5
    """Repetitions of state ranking with other samples, distractors and shuffles, at least 1."""
    seed: int = 42
    """Seeds every random number of state ranking, at least 0."""
    jobs: int | None = None
    """Processes; the results are the same. Default: one per CPU."""
    out: Path = Path("results/one_life")
    """Folder for one_life.json, and for lives, laws and judgements: one folder a seed."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    from evaluation.models import UnknownModelError
    from evaluation.protocol import ModelError

    try:
        lives = _plan(config)
    except (ValueError, OSError) as error:
        return _complain(error, 2)
    try:
        _study(config, lives)
    except (ModelError, UnknownModelError, ValueError, OSError) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; what is done is kept, the same command goes on", 1)
    return 0


def _plan(config: Config) -> "list[Life]":
    """Check everything that can be checked before the first life."""
    for name, least in (("steps", 1), ("trials", 1), ("seed", 0), ("jobs", 1)):
        value = getattr(config, name)
        if value is not None and value < least:
            raise ValueError(f"--{name} must be at least {least}, got {value}")
    first, end = config.seeds
    if not 0 <= first < end:
        raise ValueError(
            f"--seeds must be the first, at least 0, and the one after the last, got {first} {end}"
        )
    if config.curve and config.steps < CURVE[0]:
        raise ValueError(f"--curve takes --steps of at least {CURVE[0]}, got {config.steps}")
    if config.out.exists() and not config.out.is_dir():
        raise ValueError(f"--out must be a folder, and {config.out} is a file")
    from evaluation.lives.learning import lives_of

    seeds = range(first, end)
    return lives_of(config.world, config.explorer, seeds, config.steps, config.out)


def _complain(error: object, status: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(
        f"error: {' '.join(str(error).split())}"
    )
    return status


def _study(config: Config, lives: "Sequence[Life]") -> None:
    from evaluation.lives.judging import judge_model, missing
    from evaluation.lives.learning import forget, learn, live
    from evaluation.lives.study import lessons_of, plan_of, rows_of
    from evaluation.record import Result

    start = time.perf_counter()
    points = CURVE if config.curve else ()
    if config.relearn:
        forget(lives)
    _do(config, "living", live, [life for life in lives if not life.file.exists()])
    lessons = lessons_of(lives, points)
    _do(config, "learning", learn, [lesson for lesson in lessons if not lesson.is_done])
    plan = plan_of(config.world, lives, points, config.trials, config.seed, config.out)
    todo = map(missing, plan.all_tasks)
    _do(config, "judging", judge_model, [task for task in todo if task.protocols])
    rows = tuple(rows_of(plan, lessons))
    settings = dataclasses.asdict(config) | {"seeds": list(config.seeds), "out": str(config.out)}
    seconds = time.perf_counter() - start
    result = Result(BENCHMARK, settings, config.seed, seconds, rows, plan.arena.references)
    written = [result.write(config.out), *_draw(config, rows)]
    console = Console(quiet=config.quiet, highlight=False)
    _print(console, config, rows, plan.arena)
    console.print(f"{seconds:.0f} s; wrote {', '.join(map(str, written))}")


def _do(config: Config, title: str, work: Callable[[JobT], None], jobs: Sequence[JobT]) -> None:
    """Do what is left to do."""
    if not jobs:
        return
    from rich.progress import Progress

    from evaluation.runner import run_all

    workers = min(config.jobs or os.cpu_count() or 1, len(jobs))
    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        bar = progress.add_task(title, total=len(jobs))
        runner: Literal["serial", "process"] = "serial" if workers == 1 else "process"
        run_all(work, jobs, runner, workers, lambda job: progress.advance(bar))


def _draw(config: Config, rows: "Sequence[Row]") -> list[Path]:
    """Draw the curve, if there is one: it takes a life that was long enough."""
    from evaluation.lives.models import KERNEL
    from evaluation.lives.picture import draw_curve

    curve = next((row for row in rows if row.name.startswith("curve/")), None)
    if curve is None:
        return []
    cell = curve.name.partition("/")[2]
    kernel = next(row for row in rows if row.name == f"{cell}/{KERNEL}")
    path = config.out / PICTURE
    draw_curve(path, f"State ranking on {config.world}, {cell}", curve, kernel.metrics["mrr"])
    return [path]


def _print(
    console: Console, config: Config, rows: "Sequence[Row]", arena: "Arena[Any, Any]"
) -> None:
    from evaluation.lives.table import curve_table, lives_text, mechanics_table, models_table
    from evaluation.table import notes_of

    groups: dict[str, list[Row]] = {}
    for row in rows:
        kind = row.name.partition("/")[0]
        groups.setdefault(kind if kind in _KINDS else row.name.rpartition("/")[0], []).append(row)
    (lives,) = groups.pop("lives")
    mechanics, curve = groups.pop("mechanics"), groups.pop("curve", None)
    console.print(f"{config.world}, {config.explorer} explorer, {lives_text(lives)}\n")
    for cell, models in groups.items():
        references = arena.references if cell == _PUBLISHED_CELL else ()
        console.print(models_table(cell, models, references))
        for note in notes_of(models):
            console.print(note, style="yellow")
    console.print(mechanics_table(mechanics))
    if curve is not None:
        console.print(curve_table(curve[0]))
    console.print(arena.note, style="dim")


if __name__ == "__main__":
    sys.exit(main())
