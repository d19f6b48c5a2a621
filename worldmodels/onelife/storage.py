"""Fitted weights as a JSON file. The laws themselves are code and are found by name."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from envs.files import write_text
from worldmodels.onelife.laws import Law
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.scoring import Scoring

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

FORMAT_VERSION: Final = 1


@dataclasses.dataclass(frozen=True)
class StoredModel:
    """What a file says about a fitted model."""

    kind: str  # which class: "onelife" or "poeworld"
    weights: Mapping[str, float]  # name of a law -> weight, in the order of the laws
    config: Mapping[str, Any]  # whatever else the class needs


def save_onelife(model: OneLife[Any, Any], path: Path) -> None:
    """Write the names and weights of the laws in use; a kill leaves the old file or the new."""
    weights = {law.name: w for law, w in zip(model.laws, model.weights, strict=True)}
    write_model(StoredModel("onelife", weights, dataclasses.asdict(model.scoring)), path)


def load_onelife(
    path: Path,
    laws: Sequence[Law[StateT, ActionT]],
    observables: Observables[StateT],
    time_limit: float | None = 1.0,
) -> OneLife[StateT, ActionT]:
    """Read what `save_onelife` wrote.

    Args:
        path: The file.
        laws: All that may be named in the file; those it does not name are left out.
        observables: How states are cut into observables.
        time_limit: As in `OneLife`.

    Raises:
        ValueError: the file is malformed, of another version or kind, or names unknown laws.
    """
    stored = read_model(path, "onelife")
    chosen = find_laws(stored, laws, path)
    match stored.config:
        case {"inertia": float(inertia), "prune": bool(prune), "compat": bool(compat)} if (
            len(stored.config) == 3
        ):
            scoring = Scoring(inertia, prune, compat)
        case _:
            raise ValueError(
                f"{path}: config has the number 'inertia', the booleans 'prune' and 'compat', and "
                f"no more; got {dict(stored.config)}"
            )
    return OneLife(chosen, list(stored.weights.values()), observables, scoring, time_limit)


def find_laws(
    stored: StoredModel, laws: Sequence[Law[StateT, ActionT]], path: Path
) -> list[Law[StateT, ActionT]]:
    """The laws a file names, in its order.

    Raises:
        ValueError: some of them are not among `laws`.
    """
    by_name = {law.name: law for law in laws}
    if unknown := [name for name in stored.weights if name not in by_name]:
        raise ValueError(
            f"{path} names laws that were not given: {unknown}. Pass the laws the model was "
            f"fitted with; given are {sorted(by_name)}."
        )
    return [by_name[name] for name in stored.weights]


def write_model(stored: StoredModel, path: Path) -> None:
    """Write under a temporary name in the same folder, then rename."""
    data = {
        "format_version": FORMAT_VERSION,
        "kind": stored.kind,
        "laws": [{"name": name, "weight": weight} for name, weight in stored.weights.items()],
        "config": dict(stored.config),
    }
    write_text(path, json.dumps(data, indent=2, allow_nan=False) + "\n")


def read_model(path: Path, kind: str) -> StoredModel:
    """Read and check a file.

    Raises:
        ValueError: it is malformed, or of another version or kind.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    if not isinstance(data, dict) or data.get("format_version") != FORMAT_VERSION:
        version = data.get("format_version") if isinstance(data, dict) else None
        raise ValueError(
            f"{path} has format version {version!r}, this program reads {FORMAT_VERSION}: fit the "
            "model again"
        )
    if data.get("kind") != kind:
        raise ValueError(f"{path} holds a model of kind {data.get('kind')!r}, expected {kind!r}")
    laws, config = data.get("laws"), data.get("config")
    if not isinstance(laws, list) or not isinstance(config, dict):
        raise ValueError(f"{path}: expected a list 'laws' and an object 'config'")
    weights: dict[str, float] = {}
    for i, law in enumerate(laws):
        match law:
            case {"name": str(name), "weight": float(weight) | int(weight)} if (
                name not in weights and not isinstance(weight, bool) and 0.0 <= weight < math.inf
            ):
                weights[name] = float(weight)
            case _:
                raise ValueError(
                    f"{path}: laws[{i}] needs a name of its own and a finite weight >= 0, "
                    f"got {str(law)[:80]}"
                )
    return StoredModel(kind, weights, config)
