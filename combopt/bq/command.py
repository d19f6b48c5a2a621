"""`python -m combopt train`. Heavy imports wait until they are needed."""

import argparse
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import tyro
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from combopt.bq.config import TRAIN_PRESETS, TrainConfig, labels_of, train_preset
from combopt.solvers import PROBLEMS, Problem

DEFAULT_PRESET: Final = "laptop"
DEFAULT_PROBLEM: Final[Problem] = "tsp"
DEFAULT_FOLDER: Final = Path("results/labels")
GAP: Final = "gap_percent_"


@dataclasses.dataclass(frozen=True)
class Train:
    """Train a network of BQ-NCO on labelled sets.

    The command goes on where it was killed when it is given again. A run that has ended goes on
    when more steps or minutes are asked for. Under torchrun all processes share the batches. Exit
    status: 0, 1 when something cannot be read or written, 2 for bad usage.
    """

    config: TrainConfig
    out: Path = Path("results/bq")
    """Folder of the run: config.json, metrics.jsonl and the last checkpoint."""
    preset: Literal[TRAIN_PRESETS] = DEFAULT_PRESET  # type: ignore[valid-type]  # names are data
    """Where the defaults of the other options come from."""
    labels: tuple[Path, ...] = ()
    """Folders of python -m combopt label; none: those that the preset names, in results/labels."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
    threads: int = 0
    """Of the processor; 0 leaves it to torch."""
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""


def with_defaults(arguments: Sequence[str]) -> Callable[[Train], Train]:
    """For tyro: takes the options; --preset and --problem give the defaults of the others."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", nargs="?")
    first.add_argument("--problem", nargs="?")
    said = first.parse_known_args(arguments)[0]
    preset = said.preset if said.preset in TRAIN_PRESETS else DEFAULT_PRESET
    problem = said.problem if said.problem in PROBLEMS else DEFAULT_PROBLEM
    default = Train(train_preset(preset, problem))

    def train(
        options: Annotated[Train, tyro.conf.arg(name=""), tyro.conf.OmitArgPrefixes] = default,
    ) -> Train:
        return options

    train.__doc__ = Train.__doc__
    return train


def run(command: Train) -> None:
    """Train, and print how good the network has become.

    Raises:
        ValueError: bad usage.
        OSError: something cannot be read or written.
    """
    import torch
    from torch import distributed

    from combopt.bq import train as training
    from worldmodels.training.torch_runs import device_named

    if command.threads:
        torch.set_num_threads(command.threads)
    sets = command.labels or _sets(command)
    device = device_named(command.device)
    if distributed.is_torchelastic_launched():
        if device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    errors = Console(stderr=True)
    is_first = not distributed.is_initialized() or distributed.get_rank() == 0
    is_silent = command.quiet or not errors.is_terminal or not is_first
    try:
        with Progress(console=errors, transient=True, disable=is_silent) as progress:
            bar = progress.add_task("training", total=1.0)

            def show(standing: training.Progress) -> None:
                seen = f"step {standing.step}: loss {standing.loss:.4f}"
                progress.update(bar, completed=standing.share, description=seen)

            records = training.train(command.config, sets, command.out, device, show)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
    if not is_first:
        return
    last = records[-1]
    table = Table(box=box.SIMPLE, title=f"after {last['step']} steps, {last['seconds']:.0f} s")
    for heading in ("nodes or items", "greedy gap, %"):
        table.add_column(heading, justify="right")
    for name, value in last.items():
        if name.startswith(GAP):
            table.add_row(name.removeprefix(GAP), f"{value:.3f}")
    Console(quiet=command.quiet, highlight=False).print(table)


def label_commands(preset: str, problem: Problem) -> dict[Path, str]:
    """For each labelled set of a preset, its folder and the command that makes it."""
    commands = {}
    for labels in labels_of(preset, problem):
        folder = DEFAULT_FOLDER / f"{problem}{labels.size}"
        iterations = f" --iterations {labels.iterations}" if labels.iterations else ""
        commands[folder] = (
            f"python -m combopt label --problem {problem} --size {labels.size} "
            f"--count {labels.count}{iterations} --out {folder}"
        )
    return commands


def _sets(command: Train) -> tuple[Path, ...]:
    commands = label_commands(command.preset, command.config.model.problem)
    missing = [said for folder, said in commands.items() if not folder.exists()]
    if missing:
        raise ValueError(
            "labelled sets are missing: give --labels, or make those of the preset by\n"
            + "\n".join(missing)
        )
    return tuple(commands)
