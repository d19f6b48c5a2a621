"""Instances and their solutions, one a line, as CIAM-Group/NCO_code has them: bq-nco.md 3.4.

- TSP: `x1 y1 ... xn yn output i1 ... in i1`, nodes counted from 1;
- CVRP: `depot,x,y,customer,x1,y1,...,capacity,C,demand,q1,...,cost,L,node_flag,` and then the
  customers in order and, for each, 1 if a route begins with it and 0 otherwise.

The optimum of an instance is the cost of the solution beside it.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from envs.routing.files.document import NumberT, fail, finite, whole
from envs.routing.instances import CVRP, TSP, Instance, Routes, Tour

CLOSENESS: Final = 1e-4  # of a stated cost to that of the routes: files have some seven digits
_PARTS: Final = ("depot", "customer", "capacity", "demand", "cost", "node_flag")


def parse_lehd(text: str, source: str = "LEHD") -> list[Instance]:
    """Read instances.

    Raises:
        ValueError: names `source`, the line, and what is wrong with it.
    """
    instances: list[Instance] = []
    for line, words in enumerate(text.splitlines(), 1):
        if words.strip():
            parse = _parse_cvrp if words.lstrip().startswith("depot") else _parse_tsp
            try:
                instances.append(parse(words))
            except ValueError as error:
                fail(source, line, str(error))
    if not instances:
        raise ValueError(f"{source}: there is no line with an instance")
    return instances


def _parse_tsp(line: str) -> TSP:
    before, mark, after = line.partition("output")
    if not mark:
        raise ValueError(
            "a TSP is 'x1 y1 ... xn yn output i1 ... in i1', and 'output' is missing; "
            "is the file cut off?"
        )
    numbers = _numbers(before.split(), finite, "a coordinate")
    order = _numbers(after.split(), whole, "a node")
    if len(numbers) % 2:
        raise ValueError(f"coordinates come in pairs; got {len(numbers)} of them")
    if not order or order[0] != order[-1] or order[0] != 1:
        raise ValueError("a tour begins and ends with node 1")
    instance = TSP(np.array(numbers, np.float64).reshape(-1, 2))
    return dataclasses.replace(instance, optimum=instance.cost([node - 1 for node in order[:-1]]))


def _parse_cvrp(line: str) -> CVRP:
    words = [word.strip() for word in line.strip().rstrip(",").split(",")]
    names = [word for word in words if word[:1].isalpha()]
    if tuple(names) != _PARTS:
        raise ValueError(
            f"a CVRP has the parts {', '.join(_PARTS)}; got {', '.join(names)[:80]}; "
            "is the file cut off?"
        )
    starts = [words.index(name) for name in _PARTS]
    depot, customers, capacity, demands, cost, flags = (
        words[start + 1 : end] for start, end in zip(starts, [*starts[1:], None], strict=True)
    )
    places = _numbers([*depot, *customers], finite, "a coordinate")
    served = _numbers(demands, whole, "a demand")
    size = len(served)
    for name, values, number in (
        ("depot", depot, 2),
        ("customer", customers, 2 * size),
        ("capacity", capacity, 1),
        ("cost", cost, 1),
        ("node_flag", flags, 2 * size),
    ):
        if len(values) != number:
            raise ValueError(
                f"{name} has {number} numbers beside {size} demands; got {len(values)}"
            )
    instance = CVRP(
        np.array(places, np.float64).reshape(-1, 2),
        np.array([0, *served], np.int64),
        _numbers(capacity, whole, "a capacity")[0],
    )
    numbers = _numbers(flags, whole, "a customer or a flag")
    reached = instance.cost(_split(numbers[:size], numbers[size:]))
    stated = _numbers(cost, finite, "a cost")[0]
    if abs(reached - stated) > CLOSENESS * max(1.0, stated):
        raise ValueError(f"the routes have the cost {reached:.6f}, the line says {stated:.6f}")
    return dataclasses.replace(instance, optimum=reached)


def _split(order: list[int], flags: list[int]) -> list[list[int]]:
    if set(flags) - {0, 1} or flags[:1] != [1]:
        raise ValueError("a flag is 1 where a route begins, at the first customer too, 0 elsewhere")
    routes: list[list[int]] = []
    for node, flag in zip(order, flags, strict=True):
        if flag:
            routes.append([])
        routes[-1].append(node)
    return routes


def _numbers(words: Iterable[str], parse: Callable[[str], NumberT], kind: str) -> list[NumberT]:
    numbers = []
    for word in words:
        try:
            numbers.append(parse(word))
        except ValueError:
            raise ValueError(f"{kind} is expected, got {word[:40]!r}") from None
    return numbers


def format_tsp_line(instance: TSP, tour: Tour) -> str:
    """An instance and its solution as a line.

    Raises:
        ValueError: the distances of the instance are not exact, or the tour is none.
    """
    _check_exact(instance)
    assert instance.coords is not None
    instance.cost(tour)
    places = " ".join(map(repr, instance.coords.ravel().tolist()))
    return f"{places} output {' '.join(str(node + 1) for node in (*tour, tour[0]))}\n"


def format_cvrp_line(instance: CVRP, routes: Routes) -> str:
    """An instance and its solution as a line.

    Raises:
        ValueError: the distances of the instance are not exact, or the routes are no solution.
    """
    _check_exact(instance)
    assert instance.coords is not None
    depot, *places = instance.coords.tolist()
    starts = [int(place == 0) for route in routes for place, _ in enumerate(route)]
    words = [
        *("depot", *depot, "customer", *(x for place in places for x in place)),
        *("capacity", instance.capacity, "demand", *instance.demands[1:].tolist()),
        *("cost", instance.cost(routes), "node_flag"),
        *(node for route in routes for node in route),
        *starts,
    ]
    return ",".join(map(str, words)) + "\n"


def _check_exact(instance: TSP | CVRP) -> None:
    if instance.metric != "EUCLIDEAN":
        raise ValueError(
            f"these lines hold instances of metric EUCLIDEAN, got {instance.metric}; "
            "use .unrounded(), or write TSPLIB"
        )
