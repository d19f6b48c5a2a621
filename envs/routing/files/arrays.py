"""Many instances in one .npz, in the layouts of naver/bq-nco and ai4co/rl4co: bq-nco.md 3.4.

naver/bq-nco has M instances of N nodes, and the known optimum as it stands, or by `reorder`, where
the nodes are in the order of a solution:

| problem | arrays | optimum | in the order of a solution |
|---|---|---|---|
| TSP | coords (M, N+1, 2), the first node again at the end | tour_lens | |
| CVRP | coords (M, N+2, 2), demands (M, N+2), capacities | tour_lens | via_depots |
| OP | coords (M, N+2, 2), values (M, N+2), upper_bounds | collected_rewards | solution_lengths |

The depot of CVRP and OP is at both ends.

| problem | arrays of ai4co/rl4co |
|---|---|
| TSP | locs (M, N, 2) |
| ATSP | cost_matrix (M, N, N) |
| CVRP | locs (M, N, 2), depot (M, 2), demand (M, N), capacity; demands may be divided by it |
| OP | locs (M, N, 2), depot (M, 2), prize (M, N), max_length |

We write the first, and for ATSP the second with tour_lens added.
"""

import io
import itertools
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from envs.routing.instances import ATSP, CVRP, OP, TSP, Instance

Arrays = dict[str, np.ndarray]
Row = dict[str, Any]
"""What arrays hold of one instance."""
WHOLENESS: Final = 1e-3  # of demands that were divided by the capacity in single precision


def parse_npz(content: bytes, source: str = "npz") -> list[Instance]:
    """Read instances.

    Raises:
        ValueError: names `source`, the array or the instance, and what is wrong with it.
    """
    arrays = load_arrays(content, source)
    if "weights" in arrays:
        raise ValueError(f"{source} holds knapsacks: read it by envs.knapsack.files")
    wanted, parse = _layout(arrays, source)
    missing = [name for name in wanted if name not in arrays]
    if missing:
        names = ", ".join(sorted(arrays))
        raise ValueError(f"{source}: the array {missing[0]} is missing beside {names}")
    count = len(arrays[wanted[0]]) if arrays[wanted[0]].ndim else 0
    if not count:
        raise ValueError(f"{source}: the array {wanted[0]} holds no instance")
    whole = {}
    for name, array in arrays.items():
        if name in ("reorder", "scale"):
            continue
        if array.ndim == 0 and name in ("capacity", "max_length"):
            array = np.full(count, array)
        if array.ndim == 0 or len(array) != count:
            raise ValueError(
                f"{source}: {name} has the shape {array.shape} beside {count} instances"
            )
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{source}: {name} should hold numbers, got {array.dtype}")
        whole[name] = array.astype(np.float64)
    if not arrays.get("reorder", np.True_).all():
        for name in ("via_depots", "solution_lengths"):
            whole.pop(name, None)
    elif "reorder" in arrays:
        whole["reorder"] = np.ones(count)
    instances: list[Instance] = []
    for index in range(count):
        try:
            instances.append(parse({name: array[index] for name, array in whole.items()}))
        except (ValueError, IndexError) as error:
            raise ValueError(f"{source}, instance {index}: {error}") from error
    return instances


def _layout(arrays: Arrays, source: str) -> tuple[list[str], Callable[[Row], Instance]]:
    """The arrays that have to be there, and what makes an instance of a row of them."""
    match sorted(
        {"coords", "cost_matrix", "demand", "demands", "locs", "prize", "values"} & set(arrays)
    ):
        case ["cost_matrix", *_]:
            return ["cost_matrix"], _atsp
        case ["coords", "demands"]:
            return ["coords", "demands", "capacities"], _cvrp
        case ["coords", "values"]:
            return ["coords", "values", "upper_bounds"], _op
        case ["coords"]:
            return ["coords"], _tsp
        case ["demand", "locs"]:
            return ["locs", "depot", "demand", "capacity"], _rl4co_cvrp
        case ["locs", "prize"]:
            return ["locs", "depot", "prize", "max_length"], _rl4co_op
        case ["locs"]:
            return ["locs"], _rl4co_tsp
    raise ValueError(
        f"{source}: arrays coords, locs or cost_matrix and what belongs to them are expected; got "
        f"{', '.join(sorted(arrays)) or 'none'}"
    )


def load_arrays(content: bytes, source: str) -> Arrays:
    """All arrays of an .npz; nothing is ever unpickled.

    Raises:
        ValueError: names `source`, which is broken.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, AttributeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{source} is not an .npz file of numbers, or is cut off: {error}"
        ) from error


def _tsp(row: Row) -> TSP:
    if not np.array_equal(row["coords"][0], row["coords"][-1]):
        raise ValueError("the last row of coords is the first one again; here it is not")
    instance = TSP(row["coords"][:-1], optimum=_number(row, "tour_lens"))
    if "reorder" in row and instance.optimum is None:
        return TSP(instance.coords, optimum=instance.cost(range(instance.size)))
    return instance


def _cvrp(row: Row) -> CVRP:
    _check_ends(row, "demands")
    coords, demands = row["coords"][:-1], _whole_numbers(row["demands"][:-1], "demands")
    capacity = int(_whole_numbers(row["capacities"], "capacities"))
    instance = CVRP(coords, demands, capacity, optimum=_number(row, "tour_lens"))
    if "via_depots" not in row or instance.optimum is not None:
        return instance
    starts = [1, *(np.flatnonzero(row["via_depots"][2:-1]) + 2).tolist(), instance.size]
    routes = [list(range(*ends)) for ends in itertools.pairwise(starts)]
    return CVRP(coords, demands, capacity, optimum=instance.cost(routes))


def _op(row: Row) -> OP:
    _check_ends(row, "values")
    coords, prizes, limit = row["coords"][:-1], row["values"][:-1], float(row["upper_bounds"])
    instance = OP(coords, prizes, limit, optimum=_number(row, "collected_rewards"))
    if "solution_lengths" not in row or instance.optimum is not None:
        return instance
    num_visited = int(_whole_numbers(row["solution_lengths"], "solution_lengths"))
    return OP(coords, prizes, limit, optimum=instance.prize(range(1, num_visited)))


def _atsp(row: Row) -> ATSP:
    return ATSP(row["cost_matrix"], optimum=_number(row, "tour_lens"))


def _rl4co_tsp(row: Row) -> TSP:
    return TSP(row["locs"])


def _rl4co_cvrp(row: Row) -> CVRP:
    capacity = int(_whole_numbers(row["capacity"].reshape(-1)[:1], "capacity")[0])
    demands = row["demand"]
    if (demands % 1).any():
        demands = demands * capacity
        if (np.abs(demands - np.rint(demands)) > WHOLENESS).any():
            raise ValueError(f"demand is whole, or whole parts of the capacity {capacity}")
        demands = np.rint(demands)
    return CVRP(
        np.concatenate([row["depot"].reshape(1, 2), row["locs"]]),
        np.concatenate([[0], _whole_numbers(demands, "demand")]),
        capacity,
    )


def _rl4co_op(row: Row) -> OP:
    return OP(
        np.concatenate([row["depot"].reshape(1, 2), row["locs"]]),
        np.concatenate([[0.0], row["prize"]]),
        float(row["max_length"].reshape(-1)[0]),
    )


def _check_ends(row: Row, name: str) -> None:
    if row["coords"].shape != (*row[name].shape, 2) or row[name].ndim != 1:
        raise ValueError(f"coords {row['coords'].shape} and {name} {row[name].shape} do not match")
    is_same = np.array_equal(row["coords"][0], row["coords"][-1])
    if not is_same or row[name][0] != 0 or row[name][-1] != 0:
        raise ValueError(f"the depot, of 0 in {name}, is at both ends; here it is not")


def _whole_numbers(values: Any, name: str) -> Any:
    if (np.asarray(values) % 1).any():
        raise ValueError(f"{name} are whole numbers")
    return np.asarray(values).astype(np.int64)


def _number(row: Row, name: str) -> float | None:
    value = float(row[name]) if name in row else np.nan
    return None if np.isnan(value) else value


def format_npz(instances: Sequence[Instance]) -> bytes:
    """The content of an .npz; `parse_npz` gives the same back, but for names.

    Raises:
        ValueError: there is none, they are not of one problem and size, or their distances are
            not exact.
    """
    kinds = {(type(instance), instance.size) for instance in instances}
    if len(kinds) != 1:
        found = ", ".join(sorted(f"{kind.__name__} of {size}" for kind, size in kinds)) or "none"
        raise ValueError(f"an .npz holds instances of one problem and one size, got {found}")
    for instance in instances:
        if not isinstance(instance, ATSP) and instance.metric != "EUCLIDEAN":
            raise ValueError(
                f"an .npz holds instances of metric EUCLIDEAN, got {instance.metric}; "
                "use .unrounded(), or write TSPLIB"
            )
    rows = [dict(_row(instance)) for instance in instances]
    arrays: dict[str, Any] = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _row(instance: Instance) -> Iterator[tuple[str, Any]]:
    optimum = np.nan if instance.optimum is None else instance.optimum
    yield "collected_rewards" if isinstance(instance, OP) else "tour_lens", np.float64(optimum)
    if isinstance(instance, ATSP):
        yield "cost_matrix", instance.matrix
        return
    yield "reorder", np.False_
    assert instance.coords is not None
    yield "coords", np.concatenate([instance.coords, instance.coords[:1]])
    if isinstance(instance, CVRP):
        yield "demands", np.concatenate([instance.demands, [0]])
        yield "capacities", np.int64(instance.capacity)
    if isinstance(instance, OP):
        yield "values", np.concatenate([instance.prizes, [0.0]])
        yield "upper_bounds", np.float64(instance.max_length)
