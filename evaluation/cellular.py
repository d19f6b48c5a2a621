"""How well simulators of Life foretell one generation and many.

Source: the measures of arXiv 2409.12182.
"""

import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro
from rich.console import Console

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.automata.models import Simulator
    from evaluation.automata.study import Settings, Study

BENCHMARK: Final = "cellular"
LEAST_SIDE: Final = 5  # of a grid on which a square of 3x3 has room around it


@dataclasses.dataclass(frozen=True)
class Config:
    """Measure simulators of Conway's Life on a torus, each by its likeliest answer.

    One generation of random grids, of known patterns and of all 512 neighbourhoods; rollouts, in
    which each answer is the next question; other sizes of grids; the ten published test grids,
    for models that take 32x32. Models that are told the torus stand apart from those that are
    not. Exit status: 0, 1 when a result cannot be written, 2 for bad usage.
    """

    models: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        tyro.conf.arg(
            help="rule, convolution, majority, names of shipped checkpoints such as "
            "lifegpt-torus-16 or lifegpt-agnostic-8, and folders that python -m "
            "worldmodels.lifegpt train wrote. Default: all but folders."
        ),
    ] = ()
    side: int = 0
    """Rows and columns of the grids; 0: of those that the given checkpoints were trained on, 16
    if none is given."""
    sizes: tuple[int, ...] = (5, 8, 12, 16, 24, 32)
    """Rows and columns of the comparison of sizes."""
    grids: int = 10
    """Random grids of each density (0, 0.05, .. 1), places of each pattern, a third of the grids
    of each size; at least 2."""
    lives: int = 32
    """Grids of rollouts, of densities 0.1 to 0.7; at least 2."""
    steps: int = 20
    """Generations of a rollout, at least 1; the published ones have 9 and 249."""
    device: str = "auto"
    """Where checkpoints compute: cpu, cuda, or auto: cuda where there is one."""
    seed: int = 0
    """Seeds every random number, at least 0."""
    out: Path = Path("results")
    """Folder for cellular.json, plots (cellular-*.png) and films of rollouts (cellular-*.gif)."""
    verbose: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Also print tables with a line per density and pattern."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    start = time.perf_counter()
    try:
        _check(config)
        models, sides = _plan(config)
    except (ValueError, OSError) as error:
        return _complain(error, 2)
    try:
        _measure(config, models, sides, start)
    except OSError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; no result was written", 1)
    return 0


def _check(config: Config) -> None:
    least = {"side": 0, "grids": 2, "lives": 2, "steps": 1, "seed": 0}
    for name, bound in least.items():
        if getattr(config, name) < bound:
            raise ValueError(f"--{name} must be at least {bound}, got {getattr(config, name)}")
    for name, sides in (("sizes", config.sizes), ("side", (config.side or LEAST_SIDE,))):
        if min(sides, default=LEAST_SIDE) < LEAST_SIDE:
            raise ValueError(f"--{name} must be at least {LEAST_SIDE}, got {min(sides)}")
    if config.out.exists() and not config.out.is_dir():
        raise ValueError(f"--out must be a folder, and {config.out} is a file")


def _plan(config: Config) -> "tuple[list[Simulator], tuple[int, ...]]":
    """The models, and the sides of the grids on which they are measured in detail."""
    from evaluation.automata.models import load_simulators, model_names
    from evaluation.automata.study import sides_of

    models = load_simulators(config.models or model_names(), config.device, config.seed)
    config.out.mkdir(parents=True, exist_ok=True)
    return models, sides_of(models, config.side)


def _complain(error: object, status: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(
        f"error: {' '.join(str(error).split())}"
    )
    return status


def _measure(
    config: Config, models: "Sequence[Simulator]", sides: Sequence[int], start: float
) -> None:
    from evaluation.automata.film import write_film
    from evaluation.automata.plots import draw_all
    from evaluation.automata.study import Settings
    from evaluation.published import CELLULAR
    from evaluation.record import Result

    settings = Settings(config.grids, config.lives, config.steps, config.sizes, config.seed)
    found = _study(config, models, sides, settings)
    told = {model.name: model.told for model in models}
    arguments = dataclasses.asdict(config) | {
        "models": list(told),
        "told": told,
        "sides": list(sides),
        "sizes": list(config.sizes),
        "out": str(config.out),
    }
    seconds = time.perf_counter() - start
    result = Result(BENCHMARK, arguments, config.seed, seconds, found.rows, CELLULAR)
    written = [result.write(config.out), *draw_all(found.measured, config.out)]
    written += [write_film(one, config.out) for one in found.measured if one.model.sides]
    _print(config, found, seconds, written)


def _study(
    config: Config, models: "Sequence[Simulator]", sides: Sequence[int], settings: "Settings"
) -> "Study":
    from rich.progress import Progress

    from evaluation.automata.study import num_pieces, study

    with Progress(console=Console(stderr=True), transient=True, disable=config.quiet) as progress:
        bar = progress.add_task("measuring", total=num_pieces(models, sides))

        def on_begin(name: str) -> None:
            progress.update(bar, advance=1, description=name)

        return study(models, sides, settings, on_begin)


def _print(config: Config, found: "Study", seconds: float, written: Sequence[Path]) -> None:
    from evaluation.automata import table
    from evaluation.published import CELLULAR

    console = Console(quiet=config.quiet, highlight=False)
    for side in dict.fromkeys(one.side for one in found.measured):
        group = [one for one in found.measured if one.side == side]
        console.print(table.side_table(side, group, config.steps), "")
        if config.verbose:
            console.print(table.parts_table(side, group), "")
    if config.sizes:
        console.print(table.sizes_table(found.sized, config.sizes), "")
    if found.published:
        console.print(table.published_table(found.published, CELLULAR, config.steps), "")
    for note in table.notes_of(found.sized):
        console.print(note, style="yellow")
    console.print(f"{seconds:.0f} s; wrote {', '.join(map(str, written))}")


if __name__ == "__main__":
    sys.exit(main())
