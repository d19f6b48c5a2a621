"""Learned models from their folders."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from worldmodels.onelife.laws import Law
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.scoring import Scoring
from worldmodels.onelife.synthesis.laws import Book
from worldmodels.onelife.synthesis.llm.book import LANGUAGE, PythonBook, load_python_book
from worldmodels.onelife.synthesis.storage import (
    LAWS_FILE,
    language_of,
    load_book,
    read_laws_file,
)

ObservableSet = Literal["full", "onelife"]
AnyBook = Book[Any] | PythonBook[Any]


class Stored(NamedTuple):
    """What a file of laws holds."""

    book: AnyBook
    weights: dict[str, float]  # by name of the law
    inertia: float | None  # None: not fitted yet


def load_laws(path: Path) -> Stored:
    """Read a file of laws in any language.

    Raises:
        ValueError: the file is malformed.
        OSError: it cannot be read.
    """
    if language_of(read_laws_file(path)) == LANGUAGE:
        return Stored(*load_python_book(path))
    return Stored(*load_book(path))


def load_learned(path: Path, observables: ObservableSet = "full") -> OneLife[Any, Any]:
    """The model in a folder that `python -m worldmodels.onelife run` has written.

    Args:
        path: The folder, or its `laws.json`.
        observables: Every field, or the published set (of laws of Crafter-OO by induction only).

    Raises:
        ValueError: the file is malformed, its laws have no weights yet or cannot be run, or they
            are not about such observables.
        OSError: there is no such file.
    """
    file = path / LAWS_FILE if path.is_dir() else path
    book, weights, inertia = load_laws(file)
    if inertia is None:
        raise ValueError(
            f"{file}: its laws have no weights; run `python -m worldmodels.onelife fit`"
        )
    named = observables_of(book, observables)
    laws = laws_about(only(book, weights), observables)
    return OneLife(laws, [weights[law.name] for law in laws], named, Scoring(inertia=inertia))


def only(book: AnyBook, names: Container[str]) -> AnyBook:
    """The book without the laws that are not named."""
    if isinstance(book, PythonBook):
        return PythonBook(book.world, tuple(law for law in book.laws if law.name in names))
    return Book(book.world, [law for law in book.laws if law.name in names], book.known)


def laws_about(book: AnyBook, observables: ObservableSet) -> Sequence[Law[Any, Any]]:
    """The laws of a book, in terms of a set of observables.

    Raises:
        ValueError: laws in Python cannot be run, or are not about such observables.
    """
    if isinstance(book, PythonBook):
        observables_of(book, observables)
        return book.in_sandbox()
    laws = book.scene_laws()
    if observables == "full":
        return laws
    from worldmodels.onelife.crafter.published import in_published_terms

    return [in_published_terms(law) for law in laws]


def observables_of(book: AnyBook, observables: ObservableSet) -> Observables[Any]:
    """A set of observables that a book is about.

    Raises:
        ValueError: it is not about such a set.
    """
    if observables == "full":
        return book.world.observables
    if isinstance(book, PythonBook):
        raise ValueError(
            f"laws in Python are about the observables 'full', got {observables!r}; judge them "
            "with --observables full"
        )
    if book.world.name != "crafter_oo":
        raise ValueError(
            f"the observables {observables!r} are those of crafter_oo; {book.world.name} has 'full'"
        )
    from worldmodels.onelife.crafter.published import PublishedObservables

    return PublishedObservables()
