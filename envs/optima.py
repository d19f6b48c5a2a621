"""What is known of instances in files: tables of optima that lie beside them."""

import json
from pathlib import Path
from typing import Final

TABLES: Final = ("optimal.json", "best_known.json")


def optimum_beside(path: Path) -> float | None:
    """The optimum of a file of an instance, by its name, in a table of its folder; None without.

    Raises:
        ValueError: a table is malformed.
        OSError: it cannot be read.
    """
    for name in TABLES:
        table = path.with_name(name)
        if table.exists():
            known = _optima(table).get(path.stem)
            if known is not None:
                return known
    return None


def _optima(path: Path) -> dict[str, float]:
    try:
        table = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON file: {error}; mend or remove it") from error
    if not isinstance(table, dict):
        raise ValueError(f"{path} should be an object from names to numbers; mend or remove it")
    for name, value in table.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
            raise ValueError(f"{path}: {name!r} should have a number of 0 or more, got {value!r}")
    return {name: float(value) for name, value in table.items()}
