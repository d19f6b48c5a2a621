"""How agents learn within a life: return of every inner episode, trained and held out.

Source: the protocol of arXiv 2303.03982, sections 4.2 and 5.3; in-context-rl.md 4.
"""

import dataclasses
import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import tyro
from rich.console import Console

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.contexts.scaling import Cost
    from evaluation.contexts.study import Found, Runs
    from evaluation.record import Reference, Row

BENCHMARK: Final = "in_context"


@dataclasses.dataclass(frozen=True)
class Config:
    """Measure agents that learn in context: return of each inner episode of a life.

    Lives are as trained, and in worlds with projections behind unseen matrices, unseen families of
    them, on unseen tasks and with unseen masses and lengths. Without folders: the agents that are
    shipped. Exit status: 0, 1 when something cannot be read or written, 2 for bad usage.
    """

    agents: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(help="Folders that python -m worldmodels.incontext train wrote."),
    ] = ()
    lives: int = 64
    """Lives of each agent on each axis, at least 2."""
    episodes: int | None = None
    """Inner episodes of a life, where the world has several; None: twice as many as in training."""
    scaling: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Measure what memories cost along sequences of 64 to 8192 steps, instead of agents."""
    lengths: tuple[int, ...] = (64, 256, 1024, 4096, 8192)
    """Steps of the sequences of --scaling."""
    seed: int = 0
    """Of the first world, and of the actions; at least 0."""
    out: Path = Path("results")
    """Folder for in_context.json and the pictures."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    start = time.perf_counter()
    try:
        _check(config)
        runs = [] if config.scaling else _runs(config)
        config.out.mkdir(parents=True, exist_ok=True)
        if config.scaling:
            _measure_scaling(config, start)
        else:
            _measure_agents(config, runs, start)
    except ValueError as error:
        return _complain(error, 2)
    except OSError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted; no result was written", 1)
    return 0


def _check(config: Config) -> None:
    for name, least in (("lives", 2), ("episodes", 1), ("seed", 0)):
        value = getattr(config, name)
        if value is not None and value < least:
            raise ValueError(f"--{name} must be at least {least}, got {value}")
    if not config.lengths or min(config.lengths) < 2:
        raise ValueError(f"--lengths are numbers of at least 2, got {config.lengths}")
    if config.out.exists() and not config.out.is_dir():
        raise ValueError(f"--out must be a folder, and {config.out} is a file")
    if config.scaling and config.agents:
        raise ValueError("--scaling measures new networks: give it without folders")


def _runs(config: Config) -> "list[Runs]":
    from envs.assets import asset_path
    from evaluation.contexts.study import find_runs

    folders = config.agents or tuple(sorted(asset_path("checkpoints").glob("incontext-*")))
    if not folders:
        raise ValueError(
            "no agents are shipped: train some by python -m worldmodels.incontext train, and give "
            "their folder"
        )
    return [find_runs(folder) for folder in folders]


def _measure_agents(config: Config, runs: "list[Runs]", start: float) -> None:
    from rich.progress import Progress

    from evaluation.contexts.plots import draw_curves
    from evaluation.contexts.study import RANDOM, num_pieces, study
    from evaluation.contexts.table import results_table
    from evaluation.published import IN_CONTEXT

    found: list[Found] = []
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=config.quiet) as progress:
        bar = progress.add_task("measuring", total=num_pieces(runs))

        def on_begin(name: str) -> None:
            progress.update(bar, advance=1, description=name)

        for each in runs:
            known = {(one.agent, one.env) for one in found if one.agent == RANDOM}
            news = study(each, config.lives, config.episodes, config.seed, on_begin)
            found += [one for one in news if (one.agent, one.env) not in known]
    envs = {each.run["env"] for each in runs}
    references = [each for each in IN_CONTEXT if each.world in envs]
    shown = [each.reference for each in references]
    path = _write(config, [each.row for each in found], start, shown)
    written = [path]
    for env in sorted(envs):
        of_world = [each for each in found if each.env == env]
        written.append(draw_curves(of_world, config.out / env))
    output = Console(quiet=config.quiet, highlight=False)
    output.print(results_table(found, shown), "")
    for about, alike in itertools.groupby(shown, lambda each: (each.source, each.conditions)):
        names = "; ".join(each.name for each in alike)
        output.print(f"{names}: {'; '.join(about)}", style="dim")
    output.print(f"{time.perf_counter() - start:.0f} s; wrote {', '.join(map(str, written))}")


def _measure_scaling(config: Config, start: float) -> None:
    from rich.progress import Progress

    from evaluation.contexts.plots import draw_scaling
    from evaluation.contexts.scaling import MEMORIES, measure
    from evaluation.contexts.table import scaling_tables

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=config.quiet) as progress:
        bar = progress.add_task("measuring", total=len(MEMORIES) * len(config.lengths))

        def on_begin(name: str) -> None:
            progress.update(bar, advance=1, description=name)

        costs = list(measure(MEMORIES, config.lengths, config.seed, on_begin))
    path = _write(config, [_row_of(each) for each in costs], start, [])
    picture = draw_scaling(costs, config.out)
    output = Console(quiet=config.quiet, highlight=False)
    for table in scaling_tables(costs):
        output.print(table, "")
    output.print(f"{time.perf_counter() - start:.0f} s; wrote {path}, {picture}")


def _row_of(cost: "Cost") -> "Row":
    from evaluation.record import Row

    metrics = {
        "cpu_seconds": cost.cpu_seconds,
        "mebibytes": cost.mebibytes,
        "num_weights": float(cost.num_weights),
    }
    return Row(f"{cost.memory}, {cost.length} steps", metrics, {}, 1)


def _write(
    config: Config, rows: "Sequence[Row]", start: float, references: "Sequence[Reference]"
) -> Path:
    from evaluation.record import Result

    settings = dataclasses.asdict(config) | {
        "agents": [str(path) for path in config.agents],
        "lengths": list(config.lengths),
        "out": str(config.out),
    }
    seconds = time.perf_counter() - start
    result = Result(BENCHMARK, settings, config.seed, seconds, tuple(rows), tuple(references))
    return result.write(config.out)


def _complain(error: object, status: int) -> int:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(
        f"error: {' '.join(str(error).split())}"
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
