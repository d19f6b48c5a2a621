"""`python -m worldmodels.incontext train`: train agents on batched worlds, one for every seed."""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import tyro
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from worldmodels.incontext.config import PRESETS, PPOConfig, Preset

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from worldmodels.incontext.baseline import Baseline
    from worldmodels.incontext.train import Record, Run

PROGRAM: Final = "python -m worldmodels.incontext"
REDRAWN: Final = 15.0  # seconds from one picture of the curves to the next
DEFAULT_PRESET: Final[Preset] = "laptop"
DEFAULT_MEMORY_PRESET: Final[Preset] = "laptop-memory"


@dataclasses.dataclass(frozen=True)
class Command:
    """Train one agent per seed by PPO, and compare it with random actions.

    The folder --out gets curve.png, which is drawn anew as training goes on, train.json and a
    folder for every seed. A command that was killed goes on from its last checkpoints when it is
    given again. Exit status: 0, 1 when something cannot be read or written, 2 for bad usage.
    """

    command: tyro.conf.Positional[Literal["train"]] = "train"
    """What to do."""
    env: str = "CrafterOO-v0"
    """Id of a world that has a jax core."""
    obs: str | None = None
    """Kind of observation, where the world has several; it has to be one array."""
    params: str = "{}"
    """Keywords of the world as a JSON object, for instance '{"memory_length": 64}'."""
    preset: Preset = DEFAULT_PRESET
    """Where the defaults of the PPO options come from; with --memory alone, laptop-memory."""
    seeds: Annotated[int, tyro.conf.arg(metavar="N")] = 3
    """Number of agents."""
    seed: int = 0
    """Seed of the first agent; the next ones count on."""
    steps: Annotated[int, tyro.conf.arg(metavar="N")] = 1_000_000
    """Steps of each agent, over all its worlds."""
    episodes: Annotated[int, tyro.conf.arg(metavar="N")] = 256
    """Episodes of random actions, to compare with."""
    checkpoint_every: Annotated[int, tyro.conf.arg(metavar="N")] = 20
    """Updates between two checkpoints."""
    out: Path = Path("results/incontext")
    """Folder for the results."""
    together: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Train all agents at once in one program, not one after the other; made for accelerators."""
    devices: Annotated[int, tyro.conf.arg(metavar="N")] = 1
    """Devices that share the worlds of an agent; 0: all there are."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""
    ppo: tyro.conf.OmitArgPrefixes[PPOConfig] = PRESETS[DEFAULT_PRESET]

    def __post_init__(self) -> None:
        for name in ("seeds", "episodes", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        if not 0 <= self.seed <= 2**31 - self.seeds:
            raise ValueError(f"seed is in 0..2**31 - seeds, got {self.seed}")
        if self.together and self.devices != 1:
            raise ValueError(
                f"devices is 1 with --together, got {self.devices}: train the agents one after "
                "the other, or all of them on one device"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    command = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return run(command)
    except ValueError as error:
        return _fail(f"error: {error}", 2)
    except OSError as error:
        return _fail(f"error: {error}", 1)
    except KeyboardInterrupt:
        return _fail(f"interrupted; the same command goes on from {command.out}", 1)


def parse(arguments: Sequence[str]) -> Command:
    """Read the options; what --preset names gives the defaults of the others."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", nargs="?")
    first.add_argument("--memory", nargs="?")
    given = first.parse_known_args(arguments)[0]
    has_memory = given.memory not in (None, "none")
    usual: Preset = DEFAULT_MEMORY_PRESET if has_memory else DEFAULT_PRESET
    # an unknown one is refused below
    preset = next((name for name in PRESETS if name == given.preset), usual)
    default = Command(preset=preset, ppo=PRESETS[preset])
    return tyro.cli(Command, args=arguments, prog=PROGRAM, default=default)


def read_params(text: str) -> dict[str, Any]:
    """Keywords of a world.

    Raises:
        ValueError: the text is no JSON object.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"params should be a JSON object, got {text!r}: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"params should be a JSON object, got {text!r}")
    return values


def run(command: Command) -> int:
    """Measure random actions, train the agents, and write and print what came out."""
    from worldmodels.incontext.baseline import measure_random
    from worldmodels.incontext.batching import find_mesh
    from worldmodels.incontext.checkpoint import open_run
    from worldmodels.incontext.curve import draw
    from worldmodels.incontext.problem import find_obs, find_problem
    from worldmodels.incontext.train import Run, compile_ppo, train_together

    start = time.perf_counter()
    picture, title = command.out / "curve.png", f"PPO on {command.env}"
    params, ppo = read_params(command.params), command.ppo
    obs = command.obs or find_obs(command.env)
    problem = find_problem(command.env, obs, params, ppo.sees_action)
    seeds = range(command.seed, command.seed + command.seeds)
    runs = [Run(command.env, obs, command.steps, seed, ppo, params) for seed in seeds]
    mesh = find_mesh(command.devices, ppo)
    folders = {command.out / f"seed-{run.seed}": run for run in runs}
    for folder, each in folders.items():
        open_run(folder, each.to_dict())  # refused at once, rather than after hours
    program = compile_ppo(problem, ppo, runs[0].num_updates, mesh)
    groups = [folders] if command.together else [{folder: folders[folder]} for folder in folders]
    records: dict[str, Sequence[Record]] = {}
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=command.quiet) as progress:
        bar = progress.add_task("random actions", total=len(runs) * runs[0].num_updates)
        baseline = measure_random(problem, command.episodes, command.seed)
        show = _shower(progress, bar, _drawer(picture, title, baseline))
        for group in groups:
            known = train_together(program, group, show, command.checkpoint_every)
            labels = [f"seed {run.seed}" for run in group.values()]
            records |= dict(zip(labels, known, strict=True))
    report = summarise(records, baseline)
    config = runs[0].to_dict() | {"seeds": list(seeds)}
    del config["seed"]
    best = mmer(records)
    _write_report(command.out, config, report, best, time.perf_counter() - start)
    draw(picture, title, records, baseline)
    console = Console(quiet=command.quiet, highlight=False)
    console.print(results_table(records, report))
    console.print(f"largest mean return of an update (MMER): {_plus_minus(best['agents'])}")
    console.print(f"{time.perf_counter() - start:.0f} s; wrote {picture}")
    return 0


def summarise(
    records: Mapping[str, Sequence["Record"]], baseline: "Baseline"
) -> dict[str, dict[str, Any]]:
    """Per measure: the agents over the last tenth of training, and random actions.

    Standard errors are over seeds, and over episodes for random actions.
    """
    import numpy as np

    from worldmodels.incontext.baseline import estimate
    from worldmodels.incontext.curve import last_mean, measures, random_estimate

    report: dict[str, dict[str, Any]] = {}
    for name in measures(next(iter(records.values()))):
        by_seed = {label: last_mean(lines, name) for label, lines in records.items()}
        known = np.array([value for value in by_seed.values() if value is not None])
        agents = estimate(known) if len(known) else None
        random = random_estimate(baseline, name)
        report[name] = {
            "by_seed": by_seed,
            "agents": agents and agents._asdict(),
            "random": random and random._asdict(),
        }
    return report


def mmer(records: Mapping[str, Sequence["Record"]]) -> dict[str, Any]:
    """Largest mean return of an update, of every seed and over the seeds."""
    import numpy as np

    from worldmodels.incontext.baseline import estimate
    from worldmodels.incontext.curve import largest_mean

    by_seed = {label: largest_mean(lines) for label, lines in records.items()}
    known = [value for value in by_seed.values() if value is not None]
    agents = estimate(np.array(known))._asdict() if known else None
    return {"by_seed": by_seed, "agents": agents}


def results_table(
    records: Mapping[str, Sequence["Record"]], report: Mapping[str, Mapping[str, Any]]
) -> Table:
    """A line for every seed, for their mean, and for random actions."""
    table = Table(box=box.SIMPLE, title="per episode, over the last tenth of training")
    table.add_column("agent")
    for name in (*report, "steps/s"):
        table.add_column(name, justify="right")
    for label, lines in records.items():
        values = [report[name]["by_seed"][label] for name in report]
        speed = sorted(line["steps_per_second"] or 0.0 for line in lines)[len(lines) // 2]
        cells = ["-" if value is None else f"{value:.2f}" for value in values]
        table.add_row(label, *cells, f"{speed:.0f}")
    table.add_section()
    for who, title in (("agents", "mean of the seeds"), ("random", "random actions")):
        table.add_row(title, *[_plus_minus(report[name][who]) for name in report], "")
    return table


def _plus_minus(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return "-"
    return f"{value['mean']:.2f}" + ("" if value["stderr"] is None else f" ± {value['stderr']:.2f}")


Show = Callable[["Run", "Record"], None]
"""Called with the metrics of every update."""


def _shower(progress: Progress, bar: Any, draw_so_far: Show) -> Show:
    from worldmodels.incontext.curve import measures

    def show(run: "Run", record: "Record") -> None:
        draw_so_far(run, record)
        name = measures([record])[0]
        value, speed = record[name], record["steps_per_second"]
        seen = "-" if value is None else f"{value:.2f}"
        words = f"seed {run.seed}: {name} {seen}, {speed:.0f} steps/s"
        progress.update(bar, advance=1, description=words)

    return show


def _drawer(picture: Path, title: str, baseline: "Baseline") -> Show:
    """Draws the curves so far, now and then."""
    from worldmodels.incontext.curve import draw

    known: dict[str, list[Record]] = {}
    drawn = time.perf_counter()

    def draw_so_far(run: "Run", record: "Record") -> None:
        nonlocal drawn
        known.setdefault(f"seed {run.seed}", []).append(record)
        if time.perf_counter() - drawn > REDRAWN:
            draw(picture, title, known, baseline)
            drawn = time.perf_counter()

    return draw_so_far


def _write_report(
    folder: Path,
    config: Mapping[str, Any],
    report: Mapping[str, Any],
    best: Mapping[str, Any],
    seconds: float,
) -> None:
    from envs.files import write_text

    data = {"config": config, "seconds": seconds, "results": report, "mmer": best}
    write_text(folder / "train.json", json.dumps(data, indent=2, allow_nan=False) + "\n")


def _fail(message: str, status: int) -> int:
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    errors.print(message, markup=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
