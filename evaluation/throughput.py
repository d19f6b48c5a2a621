"""Steps per second of our steppers, and of the programs they replace where those are installed.

The object engine races `crafter` in this process (`racing.objects`); the array stepper races
`craftax` in processes bound to one core or two (`racing.arrays`). The steppers of Life race CAX on
one core (`racing.cells`), and those of routing and of the knapsack race jumanji and rl4co
(`racing.walks`). Greedy decoding of BQ-NCO races its plain restatement (`racing.decoders`). Classic
control races gymnax, and the card games of memory are timed beside nobody (`racing.copies`).
"""

import dataclasses
import functools
import importlib.util
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro
from rich.console import Console

if TYPE_CHECKING:  # everything else is imported when it is needed: --help must answer at once
    from evaluation.racing.walks import World
    from evaluation.record import Row

BENCHMARK: Final = "throughput"
PEERS: Final = {
    "crafter": "crafter==1.8.3",
    "craftax": "craftax==1.6.1",
    "cax": "cax==0.3.3",
    "jumanji": "jumanji==1.1.2",
    "rl4co": "rl4co==0.7.0",
    "gymnax": "gymnax==1.0.1 six",
}
"""Packages of others that take part where they are installed, and what to install."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Measure how fast worlds can be stepped, beside other programs for the same world.

    Objects: episodes until death with random actions, those of seed s from numpy's
    RandomState(1000 + s). Arrays: batches of worlds under random actions, without and with
    resets. Life: cells, generation after generation, without agents. tsp, cvrp, knapsack: batches
    of instances, with random actions and with given ones. bq: greedy decoding by a network.
    control: 4096 cart-poles and pendulums, each life followed by another, with random actions and
    with given ones. memory: 4096 copies of each card game, with random actions.

    Exit status: 0, 1 if the record cannot be written, 2 for bad usage.
    """

    world: Literal["crafter_oo", "life", "tsp", "cvrp", "knapsack", "bq", "control", "memory"] = (
        "crafter_oo"
    )
    """What to race; of all but crafter_oo the options are --rounds and --seed."""
    only: Literal["objects", "arrays"] | None = None
    """One race only; None: both."""
    episodes: int = 5
    """Objects: episodes in a round, with seeds from --seed on; at least 1."""
    batches: tuple[int, ...] = (1, 64, 1024, 4096)
    """Arrays: numbers of worlds stepped at once, without resets."""
    rounds: int = 3
    """Rounds; the medians over them are shown; at least 1."""
    seed: int = 0
    """First seed, at least 0."""
    out: Path = Path("results")
    """Folder for throughput.json."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    config = tyro.cli(Config, args=arguments, prog=f"python -m evaluation.{BENCHMARK}")
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    wrong = _wrong(config)
    if wrong:
        errors.print(f"error: {wrong}")
        return 2
    from evaluation.published import THROUGHPUTS
    from evaluation.record import Result

    console = Console(quiet=config.quiet, highlight=False)
    start = time.perf_counter()
    rows: list[Row] = []
    if config.world == "crafter_oo":
        rows += [] if config.only == "arrays" else _race_objects(config, console)
        rows += [] if config.only == "objects" else _race_arrays(config, console)
    elif config.world == "life":
        rows += _race_cells(config, console)
    elif config.world == "bq":
        rows += _race_decoders(config, console)
    elif config.world == "control" or config.world == "memory":
        rows += _race_copies(config, config.world, console)
    else:
        rows += _race_walks(config, config.world, console)
    settings = dataclasses.asdict(config) | {"out": str(config.out)}
    seconds = time.perf_counter() - start
    references = THROUGHPUTS.get(config.world, ())
    result = Result(BENCHMARK, settings, config.seed, seconds, tuple(rows), references)
    try:
        path = result.write(config.out)
    except OSError as error:
        errors.print(f"error: {error}")
        return 1
    console.print(f"{result.seconds:.0f} s; wrote {path}")
    return 0


def _wrong(config: Config) -> str | None:
    for name, least in (("episodes", 1), ("rounds", 1), ("seed", 0)):
        if getattr(config, name) < least:
            return f"--{name} must be at least {least}, got {getattr(config, name)}"
    if config.world != "crafter_oo" and config.only is not None:
        return f"--only chooses a race of crafter_oo; {config.world} has one race"
    if not config.batches or min(config.batches) < 1:
        return f"--batches needs numbers of at least 1, got {config.batches}"
    return None


def _race_objects(config: Config, console: Console) -> "list[Row]":
    from evaluation.racing import objects

    everyone = objects.WORLDS[config.world]
    contenders = [c for c in everyone if _takes_part(c.package)]
    _report_missing({c.package for c in everyone}, console)
    seeds = range(config.seed, config.seed + config.episodes)
    rates = objects.race(contenders, seeds, config.rounds, config.quiet)
    for what in ("step", "reset"):
        console.print(objects.table(contenders, rates, what))
    return objects.rows(contenders, rates, config.rounds)


def _race_cells(config: Config, console: Console) -> "list[Row]":
    from evaluation.racing import cells

    contenders = [c for c in cells.CONTENDERS if _takes_part(c.package)]
    _report_missing({c.package for c in cells.CONTENDERS}, console)
    standings = cells.race(contenders, cells.HEATS, config.rounds, config.seed, console.print)
    for heat in cells.HEATS:
        reached = [standing for standing in standings if standing.heat is heat]
        console.print(cells.table(heat.name, reached))
        for verdict in (verdict for standing in reached for verdict in standing.verdicts()):
            console.print(verdict)
    return [standing.row(config.rounds) for standing in standings]


def _race_walks(config: Config, world: "World", console: Console) -> "list[Row]":
    from evaluation.racing import walks

    everyone = [c for c in walks.CONTENDERS if world in c.worlds]
    contenders = [c for c in everyone if _takes_part(c.package)]
    _report_missing({c.package for c in everyone}, console)
    standings = walks.race(world, contenders, config.rounds, config.seed, console.print)
    console.print(walks.table(standings))
    return [standing.row(config.rounds) for standing in standings]


def _race_copies(
    config: Config, world: Literal["control", "memory"], console: Console
) -> "list[Row]":
    from rich.progress import Progress

    from evaluation.racing import copies

    heats = copies.HEATS[world]
    _report_missing({each.package for heat in heats for each in heat.contenders}, console)
    with Progress(
        console=Console(stderr=True), transient=True, disable=config.quiet, refresh_per_second=1
    ) as progress:
        total = copies.num_turns(heats, _takes_part, config.rounds)
        bar = progress.add_task("racing", total=total)
        standings = copies.race(
            heats,
            _takes_part,
            config.rounds,
            config.seed,
            progress.console.print,
            functools.partial(progress.advance, bar),
        )
    console.print(copies.table(f"{world}, {copies.COPIES} copies", standings))
    return [standing.row(config.rounds) for standing in standings]


def _race_decoders(config: Config, console: Console) -> "list[Row]":
    from combopt.bq.config import PRESETS
    from evaluation.racing import decoders

    standing = decoders.race(
        PRESETS["paper"], decoders.SIZE, decoders.BATCH, config.rounds, config.seed
    )
    console.print(standing.table())
    return standing.rows(config.rounds)


def _race_arrays(config: Config, console: Console) -> "list[Row]":
    from rich.progress import Progress

    from evaluation.racing import arrays, events
    from evaluation.racing.table import size_table, speed_table
    from evaluation.racing.workers import WorkerError

    program = list(events.events(config.batches))
    _report_missing({c.package for event in program for c in event.contenders}, console)
    try:
        platform = arrays.platform()
    except WorkerError as error:
        console.print(f"{error}; no accelerator measured")
        platform = "cpu"
    if platform == "cpu":
        console.print("no accelerator: not measured")
    else:
        program.append(events.accelerator_event(platform))
    program = [
        event._replace(contenders=[c for c in event.contenders if _takes_part(c.package)])
        for event in program
    ]
    standings = []
    with Progress(
        console=Console(stderr=True), transient=True, disable=config.quiet, refresh_per_second=1
    ) as progress:
        total = sum(arrays.num_turns(event, config.rounds) for event in program)
        bar = progress.add_task("racing", total=total)
        for event in program:
            standings += arrays.race(
                event,
                config.rounds,
                config.seed,
                progress.console.print,
                functools.partial(progress.advance, bar),
            )
    for event in program:
        heats = [standing for standing in standings if standing.event is event]
        console.print(speed_table(event.name, heats))
        console.print(size_table(event.name, heats))
    return [standing.row(config.rounds) for standing in standings]


def _takes_part(package: str | None) -> bool:
    return package is None or importlib.util.find_spec(package) is not None


def _report_missing(packages: set[str | None], console: Console) -> None:
    for package in sorted(package for package in packages if package is not None):
        if not _takes_part(package):
            console.print(f"{package} is not installed, skipped: pip install {PEERS[package]}")


if __name__ == "__main__":
    sys.exit(main())
