"""Files of routing instances and solutions; `read` finds out what a file holds.

| file | what | module |
|---|---|---|
| .tsp .atsp .vrp .oplib | one instance in TSPLIB format | `tsplib` |
| .npz | many, in arrays | `arrays` |
| .txt | many, one a line with its solution | `lehd` |
| .tour .sol | a solution | `solutions` |

The best known cost of `FOLDER/berlin52.tsp` is looked for, in this order, in `optimal.json` and
`best_known.json` of that folder (objects from names to numbers), in a COMMENT of the file, and in
`berlin52.opt.tour` or `berlin52.sol` beside it.
"""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from envs.files import write_bytes
from envs.optima import optimum_beside
from envs.routing.files.arrays import format_npz, parse_npz
from envs.routing.files.lehd import parse_lehd
from envs.routing.files.solutions import format_routes, format_tour, parse_routes, parse_tour
from envs.routing.files.tsplib import format_tsplib, parse_tsplib
from envs.routing.instances import CVRP, OP, Instance, Routes, Tour

SUFFIXES: Final = {"TSP": ".tsp", "ATSP": ".atsp", "CVRP": ".vrp", "OP": ".oplib"}


def read(path: str | os.PathLike[str]) -> Instance:
    """Read the one instance of a file.

    Raises:
        ValueError: the file is malformed, or holds several; names the file and the line.
        OSError: it cannot be read.
    """
    instances = read_all(path)
    if len(instances) > 1:
        raise ValueError(f"{path} holds {len(instances)} instances: read it by read_all")
    return instances[0]


def read_all(path: str | os.PathLike[str]) -> list[Instance]:
    """Read all instances of a file, one or more.

    Raises:
        ValueError: the file is malformed; names the file and the line.
        OSError: it cannot be read.
    """
    path = Path(path)
    if path.suffix in (".tour", ".sol"):
        raise ValueError(f"{path} is a solution: read it by read_tour or read_routes")
    if path.suffix == ".npz":
        return parse_npz(path.read_bytes(), str(path))
    text = _text(path)
    first = text.lstrip()[:40]
    if path.suffix == ".txt" and not first[:4].isupper():
        return parse_lehd(text, str(path))
    instance = parse_tsplib(text, str(path))
    return [dataclasses.replace(instance, optimum=_known_optimum(path, instance))]


def write(path: str | os.PathLike[str], instance: Instance) -> None:
    """Write an instance in TSPLIB format, or as .npz where the path ends so.

    Raises:
        ValueError: the file's ending is not that of the problem, or the format cannot hold it.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix == ".npz":
        write_all(path, [instance])
        return
    suffix = SUFFIXES[type(instance).__name__]
    if path.suffix != suffix:
        raise ValueError(
            f"{path}: a file of a {type(instance).__name__} ends in {suffix} or .npz; choose one"
        )
    write_bytes(path, format_tsplib(instance).encode())


def write_all(path: str | os.PathLike[str], instances: Sequence[Instance]) -> None:
    """Write instances of one problem and one size as .npz.

    Raises:
        ValueError: the file's ending is another, or the format cannot hold them.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path}: a file of several instances ends in .npz; choose that")
    write_bytes(path, format_npz(instances))


def read_tour(path: str | os.PathLike[str]) -> list[int]:
    """Read a .tour file as nodes from 0, beginning with 0.

    Raises:
        ValueError: names the file and the line.
        OSError: it cannot be read.
    """
    return parse_tour(_text(Path(path)), str(path))


def write_tour(path: str | os.PathLike[str], tour: Tour, name: str = "") -> None:
    """Write a .tour file.

    Raises:
        OSError: it cannot be written.
    """
    write_bytes(Path(path), format_tour(tour, name).encode())


def read_routes(path: str | os.PathLike[str]) -> list[list[int]]:
    """Read a .sol file.

    Raises:
        ValueError: names the file and the line.
        OSError: it cannot be read.
    """
    return parse_routes(_text(Path(path)), str(path))


def write_routes(path: str | os.PathLike[str], routes: Routes, cost: float) -> None:
    """Write a .sol file.

    Raises:
        OSError: it cannot be written.
    """
    write_bytes(Path(path), format_routes(routes, cost).encode())


def _known_optimum(path: Path, instance: Instance) -> float | None:
    known = optimum_beside(path)
    if known is not None:
        return known
    if instance.optimum is not None or isinstance(instance, OP):
        return instance.optimum
    beside = path.with_suffix(".sol" if isinstance(instance, CVRP) else ".opt.tour")
    if not beside.exists():
        return None
    try:
        if isinstance(instance, CVRP):
            return instance.cost(read_routes(beside))
        return instance.cost(read_tour(beside))
    except ValueError as error:
        raise ValueError(
            f"{beside} is no solution of {path}: {error}; remove or mend it"
        ) from error


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")  # old comments are in other encodings
