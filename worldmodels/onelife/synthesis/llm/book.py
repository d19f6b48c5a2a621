"""Laws in Python as files: `laws.json` for the machine, `laws.md` for a person."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from worldmodels.onelife.python_laws import PythonLaw
from worldmodels.onelife.sandbox.client import Sandbox
from worldmodels.onelife.sandbox.codec import Codec
from worldmodels.onelife.sandbox.errors import LawError
from worldmodels.onelife.synthesis.storage import (
    FORMAT_VERSION,
    non_negative,
    read_laws_file,
    write_laws_file,
)
from worldmodels.onelife.worlds import World, world_named

StateT = TypeVar("StateT")

LANGUAGE: Final = "python"


@dataclasses.dataclass(frozen=True, slots=True)
class StoredLaw:
    """A law as text."""

    name: str  # unique in its file
    words: str
    source: str
    transition: int  # index, in the life, of the transition it was proposed for


@dataclasses.dataclass(frozen=True)
class PythonBook(Generic[StateT]):
    """Laws in Python that belong together, about the observables of their world."""

    world: World[StateT]
    laws: tuple[StoredLaw, ...]

    def in_sandbox(self) -> list[PythonLaw[StateT, Any]]:
        """The laws, ready to run, in a sandbox of their own that ends with them.

        Raises:
            ValueError: a source is rejected, or its outermost level fails.
        """
        sandbox: Sandbox[StateT, Any] = Sandbox(codec_of(self.world))
        laws = []
        for law in self.laws:
            try:
                laws.append(PythonLaw(law.name, law.source, sandbox))
            except LawError as error:
                raise ValueError(f"law {law.name!r} cannot be run: {error}") from error
        return laws


def codec_of(world: World[StateT]) -> Codec[StateT, Any]:
    """How laws in Python see the states of a world.

    Raises:
        ValueError: they see none of that world.
    """
    if world.name != "crafter_oo":
        raise ValueError(
            f"laws in Python are about crafter_oo, got {world.name}; let --synthesizer inductive "
            "find laws of it"
        )
    from worldmodels.onelife.sandbox.crafter import CRAFTER

    codec: Codec[Any, Any] = CRAFTER
    return codec


def save_python_book(
    path: Path,
    book: PythonBook[Any],
    *,
    weights: Mapping[str, float] | None = None,
    inertia: float | None = None,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Write laws and their weights; arguments as of `synthesis.storage.save_book`."""
    data = {
        "format_version": FORMAT_VERSION,
        "language": LANGUAGE,
        "world": book.world.name,
        "origin": dict(origin or {}),
        "inertia": inertia,
        "laws": [
            {
                **dataclasses.asdict(law),
                "weight": None if weights is None else weights.get(law.name),
            }
            for law in book.laws
        ],
    }
    write_laws_file(path, data)


def load_python_book(path: Path) -> tuple[PythonBook[Any], dict[str, float], float | None]:
    """Read laws, their weights by name, and the inertia; nothing of it is run.

    Raises:
        ValueError: the file is malformed, of another version or language, or of an unknown world.
        OSError: it cannot be read.
    """
    data = read_laws_file(path, LANGUAGE)
    laws: dict[str, StoredLaw] = {}
    weights: dict[str, float] = {}
    try:
        world = world_named(str(data["world"]))
        if not isinstance(data["laws"], list):
            raise TypeError(f"expected a list of laws, got {type(data['laws']).__name__}")
        for i, entry in enumerate(data["laws"]):
            match entry:
                case {
                    "name": str(name),
                    "words": str(words),
                    "source": str(source),
                    "transition": int(transition),
                    "weight": weight,
                } if name not in laws:
                    laws[name] = StoredLaw(name, words, source, transition)
                case _:
                    raise ValueError(
                        f"laws[{i}] needs a name of its own, words, source, transition and weight, "
                        f"got {str(entry)[:80]}"
                    )
            if weight is not None:
                weights[name] = non_negative(weight)
        inertia = None if data["inertia"] is None else non_negative(data["inertia"])
    except KeyError as error:
        raise ValueError(f"{path}: {error} is missing; learn the laws again") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}; learn the laws again") from error
    return PythonBook(world, tuple(laws.values())), weights, inertia


def python_book_text(book: PythonBook[Any], weights: Mapping[str, float] | None = None) -> str:
    """All laws as a page of Markdown, in the order of the transitions they were proposed for."""
    lines = [
        f"# Laws of {book.world.name}",
        "",
        f"{len(book.laws)} laws, proposed by a language model about one life and tried on it.",
        "A law says nothing about what it does not name; where no law says anything, things stay",
        "as they are.",
    ]
    for law in book.laws:
        weight = "" if weights is None else f", weight {weights.get(law.name, 0.0):.2f}"
        lines += ["", f"## {law.name}", "", f"Of transition {law.transition}{weight}. {law.words}"]
        fence = "`" * max(3, 1 + _longest_run(law.source))
        lines += ["", f"{fence}python", law.source.strip("\n"), fence]
    return "\n".join(lines) + "\n"


def _longest_run(source: str) -> int:
    """Of backticks, which would end a shorter fence."""
    run = longest = 0
    for letter in source:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest
