"""Files of knapsacks.

- .npz, many in arrays, as naver/bq-nco has them (bq-nco.md 3.4): values and weights (M, N),
  capacities (M) and perhaps optimal_values (M), or solution_lengths (M) where the items of an
  optimum come first;
- text of any other name, one knapsack: the number of items, the capacity, and then value and
  weight of each item, with any white space between.

The best known value of `FOLDER/kp_1.txt` is looked for in `optimal.json` and `best_known.json` of
that folder, objects from names to numbers.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from envs.files import write_bytes
from envs.knapsack.instances import Knapsack
from envs.optima import optimum_beside

LARGEST: Final = 2**53  # a number of a file; beyond, doubles are not exact
_NEEDED: Final = ("values", "weights", "capacities")


def read(path: str | os.PathLike[str]) -> Knapsack:
    """Read the one knapsack of a file.

    Raises:
        ValueError: the file is malformed, or holds several; names the file and the line.
        OSError: it cannot be read.
    """
    instances = read_all(path)
    if len(instances) > 1:
        raise ValueError(f"{path} holds {len(instances)} instances: read it by read_all")
    return instances[0]


def read_all(path: str | os.PathLike[str]) -> list[Knapsack]:
    """Read all knapsacks of a file, one or more.

    Raises:
        ValueError: the file is malformed; names the file and the line.
        OSError: it cannot be read.
    """
    path = Path(path)
    content = path.read_bytes()
    if path.suffix == ".npz":
        return parse_npz(content, str(path))
    return [
        parse_text(content.decode(errors="replace"), str(path), path.stem, optimum_beside(path))
    ]


def write(path: str | os.PathLike[str], instance: Knapsack) -> None:
    """Write a knapsack as text, or as .npz where the path ends so.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix == ".npz":
        write_all(path, [instance])
    else:
        write_bytes(path, format_text(instance).encode())


def write_all(path: str | os.PathLike[str], instances: Sequence[Knapsack]) -> None:
    """Write knapsacks of one size as .npz.

    Raises:
        ValueError: the file's ending is another, or the sizes differ.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path}: a file of several instances ends in .npz; choose that")
    write_bytes(path, format_npz(instances))


def parse_text(
    text: str, source: str = "knapsack", name: str = "", optimum: float | None = None
) -> Knapsack:
    """Read a knapsack: `n capacity`, then n times `value weight`.

    Raises:
        ValueError: names `source`, the line, and what is wrong with it.
    """
    numbers: list[int] = []
    line = 1
    for line, words in enumerate(text.splitlines(), 1):
        for word in words.split():
            least = 0 if len(numbers) % 2 or len(numbers) > 1 else 1
            if len(numbers) > 1 and len(numbers) % 2:
                least = 1  # a weight
            if not word.isdecimal() or not least <= int(word) <= LARGEST:
                what = "a weight" if len(numbers) > 1 and len(numbers) % 2 else "a number"
                raise ValueError(
                    f"{source}, line {line}: {what} is whole and {least} or more, got {word[:40]!r}"
                )
            numbers.append(int(word))
    if len(numbers) < 2 or len(numbers) != 2 + 2 * numbers[0]:
        size = numbers[0] if numbers else "n"
        raise ValueError(
            f"{source}, line {line}: expected are the number of items, the capacity, and value "
            f"and weight of each of {size} items; got {len(numbers)} numbers. Is the file cut off?"
        )
    items = np.array(numbers[2:], np.int64).reshape(-1, 2)
    return Knapsack(items[:, 0].copy(), items[:, 1].copy(), numbers[1], name, optimum)


def format_text(instance: Knapsack) -> str:
    """The text of a knapsack; `parse_text` gives the same back."""
    items = zip(instance.values.tolist(), instance.weights.tolist(), strict=True)
    lines = [
        f"{instance.size} {instance.capacity}",
        *(f"{value} {weight}" for value, weight in items),
    ]
    return "\n".join([*lines, ""])


def parse_npz(content: bytes, source: str = "npz") -> list[Knapsack]:
    """Read knapsacks.

    Raises:
        ValueError: names `source`, the array or the instance, and what is wrong with it.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, AttributeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{source} is not an .npz file of numbers, or is cut off: {error}"
        ) from error
    missing = [name for name in _NEEDED if name not in arrays]
    if missing:
        raise ValueError(
            f"{source}: the array {missing[0]} is missing; knapsacks have {', '.join(_NEEDED)}, "
            f"got {', '.join(sorted(arrays)) or 'none'}"
        )
    shape = arrays["values"].shape
    wanted = {"values": shape, "weights": shape, "capacities": shape[:1]}
    wanted |= {n: shape[:1] for n in ("optimal_values", "solution_lengths") if n in arrays}
    for name, expected in wanted.items():
        array = arrays[name]
        if len(shape) != 2 or array.shape != expected or array.dtype.kind not in "iuf":
            raise ValueError(
                f"{source}: {name} should hold numbers of shape "
                f"{expected if len(shape) == 2 else '(instances, items)'}, got {array.dtype} of "
                f"shape {array.shape}"
            )
        if name != "optimal_values" and ((array % 1).any() or not (abs(array) <= LARGEST).all()):
            raise ValueError(f"{source}: {name} should be whole numbers; multiply by the scale")
    if not len(arrays["values"]):
        raise ValueError(f"{source}: there is no instance")
    return [_knapsack(arrays, index, source) for index in range(shape[0])]


def _knapsack(arrays: dict[str, np.ndarray], index: int, source: str) -> Knapsack:
    values, weights = (arrays[name][index].astype(np.int64) for name in ("values", "weights"))
    try:
        instance = Knapsack(values, weights, int(arrays["capacities"][index]))
        if "optimal_values" in arrays:
            value = float(arrays["optimal_values"][index])
            optimum = None if np.isnan(value) else value
        elif "solution_lengths" in arrays:
            optimum = instance.value(range(int(arrays["solution_lengths"][index])))
        else:
            return instance
    except ValueError as error:
        raise ValueError(f"{source}, instance {index}: {error}") from error
    return Knapsack(values, weights, instance.capacity, optimum=optimum)


def format_npz(instances: Sequence[Knapsack]) -> bytes:
    """The content of an .npz; `parse_npz` gives the same back, but for names.

    Raises:
        ValueError: there is none, or their sizes differ.
    """
    sizes = {instance.size for instance in instances}
    if len(sizes) != 1:
        raise ValueError(f"an .npz holds knapsacks of one size, got {sorted(sizes) or 'none'}")
    file = io.BytesIO()
    np.savez_compressed(
        file,
        values=np.stack([instance.values for instance in instances]),
        weights=np.stack([instance.weights for instance in instances]),
        capacities=np.array([instance.capacity for instance in instances], np.int64),
        optimal_values=np.array(
            [np.nan if one.optimum is None else one.optimum for one in instances], np.float64
        ),
    )
    return file.getvalue()
