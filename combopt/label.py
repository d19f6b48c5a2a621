"""Labels by classical solvers: draws instances, solves them in parallel, and writes a set.

The instances are made in parts of `PART`. What is in a part depends on the request and its number
alone, so the set has the same bytes whatever the number of workers, and a run that was killed goes
on with the parts that are missing.
"""

import concurrent.futures
import dataclasses
import importlib.metadata
import json
import math
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

import numpy as np

from combopt.datasets import (
    Manifest,
    Request,
    in_order,
    joined,
    read_arrays,
    read_manifest,
    stacked,
    to_bytes,
    write_set,
)
from combopt.solvers import Problem, solve, solver_named
from combopt.solvers.budget import Budget
from envs.files import write_bytes, write_text
from envs.knapsack.instances import Knapsack
from envs.routing.instances import Instance

PART: Final = 100  # instances
REQUEST: Final = "request.json"
PARTS: Final = "parts"


def new_request(
    problem: Problem,
    size: int,
    count: int,
    seed: int = 0,
    distribution: str = "uniform",
    solver: str | None = None,
    iterations: int | None = None,
) -> Request:
    """Say what to label; the solver and its iterations are chosen where they are None.

    Raises:
        ValueError: names the argument.
        ImportError: the solver is not installed.
    """
    chosen = solver_named(problem, solver)
    if count < 1 or seed < 0:
        raise ValueError(f"count is 1 or more and seed 0 or more; got {count} and {seed}")
    budget = Budget(chosen.iterations[problem] if iterations is None else iterations)
    assert budget.iterations is not None
    version = importlib.metadata.version(chosen.package) if chosen.package else ""
    request = Request(
        problem, size, count, distribution, seed, chosen.name, version, budget.iterations
    )
    draw_instances(request, 0, 1)  # raises if there are no such instances
    return request


def label(
    request: Request,
    folder: Path,
    num_workers: int = 1,
    on_done: Callable[[int], None] = lambda count: None,
) -> Manifest:
    """Make a labelled set, or go on where an earlier call was killed.

    Args:
        request: what to make.
        folder: of the set.
        num_workers: processes; 1 works in this one.
        on_done: is called with the number of instances of each part that is done.

    Raises:
        ValueError: the folder belongs to another request or is broken, or a solver failed.
        OSError: something cannot be read or written, or a worker died.
    """
    if num_workers < 1:
        raise ValueError(f"workers are 1 or more; got {num_workers}")
    parts = folder / PARTS
    if _open(request, folder):
        on_done(request.count)
    else:
        numbers = range(-(-request.count // PART))
        missing = [number for number in numbers if not _path(folder, number).exists()]
        for number in set(numbers) - set(missing):
            on_done(len(_numbers(request, number)))
        for number in _work(request, folder, missing, num_workers):
            on_done(len(_numbers(request, number)))
        arrays = joined(read_arrays(_path(folder, number)) for number in numbers)
        mean_cost = math.fsum(arrays["costs"].tolist()) / request.count
        write_set(folder, arrays, Manifest(**dataclasses.asdict(request), mean_cost=mean_cost))
    if parts.exists():
        shutil.rmtree(parts)
    return read_manifest(folder)


def draw_instances(request: Request, part: int, count: int) -> list[Instance | Knapsack]:
    """The first instances of a part.

    Raises:
        ValueError: there are no such instances.
    """
    seed = _seeds(request, part)[0]
    if request.problem == "knapsack":
        from envs.knapsack import generators as knapsacks

        if request.distribution != "uniform":
            raise ValueError(f"knapsacks are 'uniform'; got {request.distribution!r}")
        return list(knapsacks.generate(request.size, count, seed))
    from envs.routing import generators as routing

    return list(
        routing.generate(
            request.problem,
            request.size,
            count,
            seed,
            request.distribution,
        )
    )


def label_part(request: Request, folder: Path, part: int) -> int:
    """Draw, solve and write one part; return its number."""
    count = len(_numbers(request, part))
    seed = _seeds(request, part)[1]
    budget = Budget(request.iterations)
    rows = []
    for index, instance in enumerate(draw_instances(request, part, count)):
        solved = solve(instance, budget, seed + index, request.solver)
        rows.append(in_order(instance, solved.solution))
    write_bytes(_path(folder, part), to_bytes(stacked(rows)))
    return part


def _seeds(request: Request, part: int) -> tuple[int, int]:
    """Of the generator, and of the solver at the first instance."""
    state = np.random.SeedSequence([request.seed, part]).generate_state(2, np.uint32)
    return int(state[0]), int(state[1])


def _numbers(request: Request, part: int) -> range:
    return range(part * PART, min((part + 1) * PART, request.count))


def _path(folder: Path, part: int) -> Path:
    return folder / PARTS / f"part-{part:06d}.safetensors"


def _open(request: Request, folder: Path) -> bool:
    """Make the folder, or find that it belongs to the same request; say whether it is complete."""
    path, wanted = folder / REQUEST, dataclasses.asdict(request)
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ValueError(f"{folder} holds other files; choose another --out")
        write_text(path, json.dumps(wanted, indent=2) + "\n")
        return False
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON file: {error}; choose another --out") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} should be a JSON object; choose another --out")
    names = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    if names:
        differences = ", ".join(f"{n}={found.get(n)} (now {wanted.get(n)})" for n in names)
        raise ValueError(
            f"{folder} was made with {differences}: choose another --out, or the same arguments"
        )
    return (folder / "manifest.json").exists()


def _work(request: Request, folder: Path, parts: list[int], num_workers: int) -> Iterator[int]:
    """Make parts, and give their numbers as they are done."""
    if num_workers == 1 or len(parts) < 2:
        for part in parts:
            yield label_part(request, folder, part)
        return
    context = multiprocessing.get_context("spawn")  # solvers hold locks and threads
    with concurrent.futures.ProcessPoolExecutor(num_workers, mp_context=context) as pool:
        futures = [pool.submit(label_part, request, folder, part) for part in parts]
        try:
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise ChildProcessError(
                "a worker process died, perhaps for want of memory; give the same command again, "
                "with --workers 1 if need be"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
