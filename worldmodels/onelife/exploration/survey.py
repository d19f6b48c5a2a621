"""Many lives of the curious explorer beside as many random ones."""

import concurrent.futures
import dataclasses
import json
import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from worldmodels.onelife.exploration.life import DEFAULT_STEPS, live, statistics_of
from worldmodels.onelife.worlds import world_named

MEASURES: Final = ("steps", "keys", "records")


@dataclasses.dataclass(frozen=True)
class PairOfLives:
    """What a curious and a random life of one seed came to."""

    seed: int
    curious: dict[str, Any]
    random: dict[str, Any]
    equal_steps: int  # of the life that ended first
    curious_at_equal: dict[str, Any]
    random_at_equal: dict[str, Any]


def live_both(world_name: str, seed: int, max_steps: int = DEFAULT_STEPS) -> PairOfLives:
    """Live once with each explorer."""
    world = world_named(world_name)
    curious = live(world, seed, max_steps, "curious")
    random = live(world, seed, max_steps, "random")
    equal = min(len(curious.actions), len(random.actions))
    return PairOfLives(
        seed,
        dataclasses.asdict(statistics_of(world, curious)),
        dataclasses.asdict(statistics_of(world, random)),
        equal,
        dataclasses.asdict(statistics_of(world, curious, equal)),
        dataclasses.asdict(statistics_of(world, random, equal)),
    )


def survey(
    world_name: str, seeds: Sequence[int], max_steps: int = DEFAULT_STEPS, workers: int = 1
) -> list[PairOfLives]:
    """One pair of lives for each seed, whatever the number of processes.

    Raises:
        ValueError: no seeds, or an unknown world.
    """
    if not seeds:
        raise ValueError("a survey needs at least one seed, got none")
    world_named(world_name)  # fails here, and not in every process
    number = len(seeds)
    arguments = ([world_name] * number, seeds, [max_steps] * number)
    if workers <= 1:
        return list(map(live_both, *arguments))
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        return list(pool.map(live_both, *arguments))


def summary(pairs: Sequence[PairOfLives]) -> list[dict[str, Any]]:
    """Rows of quartiles: explorer, whether cut to equal steps, and each measure."""
    rows = []
    for name in ("curious", "random"):
        for suffix, cut in (("", "whole life"), ("_at_equal", "equal steps")):
            row: dict[str, Any] = {"explorer": name, "over": cut}
            for measure in MEASURES:
                values = [_size(getattr(pair, name + suffix)[measure]) for pair in pairs]
                row[measure] = [float(q) for q in np.percentile(values, (25, 50, 75))]
            rows.append(row)
    return rows


def table(pairs: Sequence[PairOfLives]) -> str:
    """The summary as text, median and quartiles."""
    lines = [f"{'explorer':10}{'over':13}" + "".join(f"{name:>22}" for name in MEASURES)]
    for row in summary(pairs):
        cells = ["{1:.0f} ({0:.0f}..{2:.0f})".format(*row[measure]) for measure in MEASURES]
        lines.append(
            f"{row['explorer']:10}{row['over']:13}" + "".join(f"{cell:>22}" for cell in cells)
        )
    return "\n".join(lines)


def save(path: str | os.PathLike[str], world_name: str, pairs: Sequence[PairOfLives]) -> None:
    """Write all lives and the summary as JSON; the file appears when it is complete."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    lives = [dataclasses.asdict(pair) for pair in pairs]
    data = {"world": world_name, "summary": summary(pairs), "lives": lives}
    partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    partial.replace(target)


def _size(value: int | dict[str, int]) -> int:
    return len(value) if isinstance(value, dict) else value
