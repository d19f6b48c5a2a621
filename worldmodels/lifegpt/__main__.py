"""`python -m worldmodels.lifegpt {train,test,rollout,speed,generate}`."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import tyro
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from worldmodels.lifegpt.config import PRESETS, TrainConfig

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from worldmodels.lifegpt.data import Grids
    from worldmodels.lifegpt.decoding import Decoding
    from worldmodels.lifegpt.measure import Score
    from worldmodels.lifegpt.simulate import Model

PROGRAM: Final = "python -m worldmodels.lifegpt"
DEFAULT_PRESET: Final = "torus-16"

Quiet = Annotated[bool, tyro.conf.FlagCreatePairsOff]


@dataclasses.dataclass(frozen=True)
class Train:
    """Train a model; the command goes on where it was killed when it is given again.

    Exit status of all commands: 0, 1 when something cannot be read or written, 2 for bad usage.
    """

    preset: Literal[tuple(PRESETS)] = DEFAULT_PRESET  # type: ignore[valid-type]  # names are data
    """Where the defaults of the other options come from."""
    out: Path = Path("results/lifegpt")
    """Folder of the run: config.json, metrics.jsonl and the last checkpoint."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
    threads: int = 0
    """Of the processor; 0 leaves it to torch."""
    quiet: Quiet = False
    """Print nothing but errors."""
    config: tyro.conf.OmitArgPrefixes[TrainConfig] = PRESETS[DEFAULT_PRESET]


@dataclasses.dataclass(frozen=True)
class Asking:
    """What commands take that ask a model."""

    run: tyro.conf.Positional[Path] = Path("results/lifegpt")
    """Folder of a run."""
    method: Literal["auto", "sequential", "fixed-point", "parallel"] = "auto"
    """How answers are written; auto: parallel if trained for it, else fixed-point."""
    temperature: float = 0.0
    """0: the likeliest cells."""
    free: Quiet = False
    """Let the model write any token, not only cells."""
    top_k: int = 0
    """Draw among so many of the likeliest tokens; 0: among all."""
    seed: int = 0
    """Of everything random."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
    out: Path | None = None
    """A file for the result."""
    quiet: Quiet = False
    """Print nothing but errors."""


@dataclasses.dataclass(frozen=True)
class Test(Asking):
    """Measure one generation: random grids, all 512 neighbourhoods, the published test grids.

    --out gets JSON. Neighbourhoods are for grids up to 16x16; the published test grids for models
    of 32x32, and for those that know the torus.
    """

    grids: int = 1000
    """Number of random grids of each kind."""


@dataclasses.dataclass(frozen=True)
class Rollout(Asking):
    """Let a model live on from its own answers, and say when and how much it errs.

    --out gets the states in the published CSV format.
    """

    grids: int = 10
    """Number of grids, of broad entropy."""
    side: int = 0
    """Rows and columns; 0: as in training."""
    steps: int = 249
    """Generations."""


@dataclasses.dataclass(frozen=True)
class Generate:
    """Write a data set in the published CSV format."""

    out: tyro.conf.Positional[Path] = Path("results/conway_states.csv")
    """The file."""
    densities: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest share of live cells; rows are at equal distances. 0.5 0.5 is the
    published high entropy."""
    sides: tuple[int, ...] = (32,)
    """Rows and columns. Several make a file of grid sizes, each with --samples rows."""
    samples: int = 10_000
    """Rows of a size."""
    states: int = 10
    """States of a row; of several sizes the published files have 2."""
    rule: str = "B3/S23"
    """Of the automaton."""
    seed: int = 0
    """Of the grids."""


@dataclasses.dataclass(frozen=True)
class Speed:
    """Measure what an answer costs, token by token with a cache and by fixed points.

    Whole answers, both methods in turns; the ratio is that of grids per CPU second.
    """

    run: tyro.conf.Positional[Path | None] = None
    """Folder of a run; none: the published model with random weights."""
    grids: int = 2
    """Number of grids, of broad entropy."""
    batch: int = 1
    """Grids at once."""
    threads: int = 1
    """Of the processor."""
    seed: int = 0
    """Of grids and random weights."""
    out: Path | None = None
    """A file for the result, JSON."""
    quiet: Quiet = False
    """Print nothing but errors."""


Command = Train | Test | Rollout | Speed | Generate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    command = parse(sys.argv[1:] if arguments is None else arguments)
    run = {Train: _train, Test: _test, Rollout: _rollout, Speed: _speed, Generate: _generate}
    try:
        run[type(command)](command)  # type: ignore[operator]  # each takes what it stands beside
    except ValueError as error:
        return _fail(f"error: {error}", 2)
    except OSError as error:
        return _fail(f"error: {error}", 1)
    except KeyboardInterrupt:
        return _fail("interrupted; a training goes on when the same command is given again", 1)
    return 0


def parse(arguments: Sequence[str]) -> Command:
    """Read the options; what --preset names gives the defaults of the others."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", nargs="?")
    preset = first.parse_known_args(arguments)[0].preset
    train = Train(config=PRESETS.get(preset, PRESETS[DEFAULT_PRESET]))
    commands: dict[str, Command] = {
        "train": train,
        "test": Test(),
        "rollout": Rollout(),
        "speed": Speed(),
        "generate": Generate(),
    }
    told = {name: str(default.__doc__).partition("\n")[0] for name, default in commands.items()}
    command: Command = tyro.cli(
        tyro.extras.subcommand_type_from_defaults(commands, told),
        args=arguments,
        prog=PROGRAM,
        config=(tyro.conf.AvoidSubcommands,),
    )
    return command


def _train(command: Train) -> None:
    import torch

    from worldmodels.lifegpt.train import train
    from worldmodels.training.torch_runs import Progress as Standing
    from worldmodels.training.torch_runs import device_named

    if command.threads:
        torch.set_num_threads(command.threads)
    errors = Console(stderr=True)
    is_silent = command.quiet or not errors.is_terminal
    with Progress(console=errors, transient=True, disable=is_silent) as progress:
        bar = progress.add_task("training", total=1.0)

        def show(standing: Standing) -> None:
            seen = f"step {standing.step}: loss {standing.loss:.5f}"
            progress.update(bar, completed=standing.share, description=seen)

        records = train(command.config, command.out, device_named(command.device), show)
    console = Console(quiet=command.quiet, highlight=False)
    last = records[-1]
    table = _score_table(f"after {last['step']} steps, {last['seconds']:.0f} s")
    for kind in ("broad", "half"):
        _add_scores(table, kind, {n: last[f"{kind}_{n}"] for n in _SHOWN})
    console.print(table)


def _test(command: Test) -> None:
    from worldmodels.lifegpt.benchmark import NAMES, SIDE, published_grids
    from worldmodels.lifegpt.measure import count_right_neighbourhoods, held_out, score
    from worldmodels.lifegpt.torus_model import TorusTransformer

    if command.grids < 1:
        raise ValueError(f"grids is at least 1, got {command.grids}")
    model, rule, decoding = _load(command)
    side = max(model.config.sides)
    scores: dict[str, Score] = held_out(model, rule, command.grids, decoding)
    if side == SIDE or isinstance(model, TorusTransformer):
        for name, grid in zip(NAMES, published_grids(), strict=True):
            scores[f"published {name}"] = score(model, grid[None], rule, decoding)
    right = count_right_neighbourhoods(model, rule, decoding) if 5 <= side <= 16 else None
    table = _score_table("one generation")
    for name, measured in scores.items():
        _add_scores(table, name, measured._asdict())
    console = Console(quiet=command.quiet, highlight=False)
    console.print(table)
    if right is not None:
        console.print(f"{right} of 512 neighbourhoods are right")
    report = {"scores": {name: measured._asdict() for name, measured in scores.items()}}
    _write(command.out, json.dumps(report | {"right_neighbourhoods": right}, indent=2) + "\n")


def _rollout(command: Rollout) -> None:
    import numpy as np
    import torch

    from worldmodels.lifegpt.csv_files import write_table
    from worldmodels.lifegpt.data import trajectories
    from worldmodels.lifegpt.simulate import rollout
    from worldmodels.training.torch_runs import device_named

    if command.grids < 1 or command.steps < 1:
        raise ValueError(f"grids and steps are at least 1, got {command.grids} and {command.steps}")
    model, rule, decoding = _load(command)
    side = command.side or max(model.config.sides)
    rng = np.random.default_rng([command.seed, 0])
    first: Grids = rng.random((command.grids, side, side)) < rng.random((command.grids, 1, 1))
    generator = torch.Generator().manual_seed(command.seed)
    start = torch.from_numpy(first).to(device_named(command.device))
    said = rollout(model, start, command.steps, decoding, generator).cpu().numpy()
    truth = trajectories(first, command.steps + 1, rule)
    wrong = (said != truth).reshape(*said.shape[:2], side * side)
    stepwise = one_step_errors(said, rule)
    console = Console(quiet=command.quiet, highlight=False)
    table = Table(box=box.SIMPLE, title=f"{command.steps} generations on its own")
    for heading in ("grid", "first wrong state", "cells right at the end", "wrong steps"):
        table.add_column(heading, justify="right")
    for grid in range(command.grids):
        is_wrong = wrong[grid].any(axis=1)
        first_wrong = str(int(is_wrong.argmax())) if is_wrong.any() else "never"
        share = 1 - wrong[grid, -1].mean()
        table.add_row(str(grid), first_wrong, f"{share:.5f}", str(int(stepwise[grid].sum())))
    console.print(table)
    if command.out is not None:
        write_table(command.out, said.reshape(*said.shape[:2], side * side).astype(np.int64))


def one_step_errors(said: Any, rule: str) -> Any:
    """For every step of a rollout whether it differs from the rule's, from the same grid on."""
    from worldmodels.lifegpt.data import successors

    grids, times, side, _ = said.shape
    before = said[:, :-1].reshape(grids * (times - 1), side, side)
    after = successors(before, rule).reshape(grids, times - 1, side, side)
    return (after != said[:, 1:]).any(axis=(2, 3))


def _speed(command: Speed) -> None:
    import numpy as np
    import torch

    from worldmodels.lifegpt.checkpoint import load_model, new_model
    from worldmodels.lifegpt.data import draw_grids
    from worldmodels.lifegpt.model import LifeGPT
    from worldmodels.lifegpt.speed import measure_speed

    for name in ("grids", "batch", "threads"):
        if getattr(command, name) < 1:
            raise ValueError(f"{name} is at least 1, got {getattr(command, name)}")
    torch.set_num_threads(command.threads)
    config = dataclasses.replace(PRESETS["published"], seed=command.seed)
    if command.run is None:
        model = new_model(config).eval()
    else:
        model, config = load_model(command.run)
    if not isinstance(model, LifeGPT) or config.objective == "parallel":
        raise ValueError(f"{command.run} writes all cells at once; there is nothing to compare")
    rng = np.random.default_rng([command.seed, 0])
    grids = draw_grids(rng, rng.random(command.grids), max(model.config.sides))
    speed = measure_speed(model, grids, command.batch)
    told = "the published model, random weights" if command.run is None else str(command.run)
    table = Table(box=box.SIMPLE, title=f"an answer of {told}; {command.batch} at once")
    for heading in ("method", "CPU s", "s", "passes", "tokens read", "grids / CPU s"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for method, cost in speed.costs.items():
        figures = (f"{cost.cpu_seconds:.3g}", f"{cost.seconds:.3g}", f"{cost.passes:.4g}")
        per_second = f"{1 / cost.cpu_seconds:.3g}"
        table.add_row(method, *figures, f"{cost.tokens:,.0f}", per_second)
    console = Console(quiet=command.quiet, highlight=False)
    console.print(table)
    console.print(
        f"fixed points: {speed.ratio:.1f} x the grids per CPU second; "
        f"{speed.identical_rate:.0%} of the answers are the same"
    )
    costs = {method: cost._asdict() for method, cost in speed.costs.items()}
    report = {"costs": costs, "ratio": speed.ratio, "identical_rate": speed.identical_rate}
    _write(command.out, json.dumps(report, indent=2) + "\n")


def _generate(command: Generate) -> None:
    import numpy as np

    from envs.life.rules import parse_rule
    from worldmodels.lifegpt.csv_files import write_table
    from worldmodels.lifegpt.data import draw_grids, spaced_densities, trajectories
    from worldmodels.lifegpt.tokenizer import PADDING

    low, high = command.densities
    if not 0 <= low <= high <= 1:
        raise ValueError(f"densities ascend within 0..1, got {low} and {high}")
    if min(command.samples, command.states, *command.sides) < 1 or not command.sides:
        raise ValueError("samples, states and sides are at least 1")
    parse_rule(command.rule)  # refused before anything is drawn
    rng = np.random.default_rng(command.seed)
    shape = (len(command.sides) * command.samples, command.states, max(command.sides) ** 2)
    table = np.full(shape, PADDING, np.int64)
    for index, side in enumerate(command.sides):
        grids = draw_grids(rng, spaced_densities(command.samples, low, high), side)
        lives = trajectories(grids, command.states, command.rule)
        rows = slice(index * command.samples, (index + 1) * command.samples)
        table[rows, :, : side * side] = lives.reshape(*lives.shape[:2], side * side)
    sizes = np.repeat(command.sides, command.samples).tolist()
    write_table(command.out, table, sizes if len(command.sides) > 1 else None)


def _load(command: Asking) -> tuple["Model", str, "Decoding"]:
    from worldmodels.lifegpt.checkpoint import load_model
    from worldmodels.lifegpt.decoding import Decoding
    from worldmodels.lifegpt.measure import decoding_of
    from worldmodels.lifegpt.model import LifeGPT
    from worldmodels.training.torch_runs import device_named

    model, config = load_model(command.run, device_named(command.device))
    method = decoding_of(model, config.objective).method
    if command.method != "auto":
        if isinstance(model, LifeGPT) and (command.method == "parallel") != (method == "parallel"):
            raise ValueError(
                f"{command.run} was trained with objective {config.objective!r}, and cannot write "
                f"answers by the method {command.method}; leave --method out"
            )
        method = command.method
    decoding = Decoding(method, command.temperature, not command.free, command.top_k)
    return model, config.rule, decoding


_SHOWN: Final = {
    "cell_accuracy": "cells right",
    "exact_grid_rate": "grids right",
    "loss": "nats a cell",
    "rounds": "passes",
    "broken_rate": "broken",
}


def _score_table(title: str) -> Table:
    table = Table(box=box.SIMPLE, title=title)
    table.add_column("grids")
    for heading in _SHOWN.values():
        table.add_column(heading, justify="right")
    return table


def _add_scores(table: Table, name: str, scores: Mapping[str, float]) -> None:
    table.add_row(name, *[f"{scores[field]:.6g}" for field in _SHOWN])


def _write(path: Path | None, text: str) -> None:
    from envs.files import write_text

    if path is not None:
        write_text(path, text)


def _fail(message: str, status: int) -> int:
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    errors.print(message, markup=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
