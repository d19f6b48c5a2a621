"""The one record that every measurement writes: what was measured, on what, with what result."""

import dataclasses
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from envs.files import write_text

DISTRIBUTION: Final = "armillary"
PACKAGES: Final = ("numpy", "jsonpatch", "jax", "torch", "pyro-ppl", "gymnasium")
"""Packages whose version can change a result."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a results table; `by` splits it up (per scenario, per size, per task).

    `stderr` and `std` have the keys of `metrics` they are known for: both are empty where a
    single sample was taken. `n` is the number of samples behind the standard error.
    """

    name: str
    metrics: Mapping[str, float]
    stderr: Mapping[str, float]
    n: int
    std: Mapping[str, float] = dataclasses.field(default_factory=dict)
    by: tuple["Row", ...] = ()


@dataclasses.dataclass(frozen=True)
class Reference:
    """Figures that somebody published, and where; `by` maps a part's name to its metrics."""

    name: str
    metrics: Mapping[str, float]
    source: str
    conditions: str
    by: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Result:
    """One measurement; `write` stores it as `<benchmark>.json`."""

    benchmark: str  # name of the module that measured
    config: Mapping[str, Any]  # its arguments, JSON values only
    seed: int
    seconds: float  # wall clock
    rows: tuple[Row, ...]
    reference: tuple[Reference, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values, with the versions of what ran."""
        fields = dataclasses.asdict(self)
        head = {
            "benchmark": fields.pop("benchmark"),
            "version": _version(DISTRIBUTION),
            "git": _git_revision(),
            "python": platform.python_version(),
            "packages": {name: _version(name) for name in PACKAGES},
        }
        return head | fields

    def write(self, directory: Path) -> Path:
        """Write the record; a kill at any moment leaves the old file or the new, never half.

        Raises:
            OSError: the directory cannot be made or written.
        """
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False)
        path = directory / f"{self.benchmark}.json"
        write_text(path, text + "\n")
        return path


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """Commit of the checkout this file lies in; None for an installed wheel or without git."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
