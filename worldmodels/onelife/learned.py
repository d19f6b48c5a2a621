"""Learned models from their folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from worldmodels.onelife.laws import Law
from worldmodels.onelife.model import OneLife
from worldmodels.onelife.observables import Observables
from worldmodels.onelife.scoring import Scoring
from worldmodels.onelife.synthesis.laws import Book, SceneLaw
from worldmodels.onelife.synthesis.storage import LAWS_FILE, load_book

ObservableSet = Literal["full", "onelife"]


def load_learned(path: Path, observables: ObservableSet = "full") -> OneLife[Any, Any]:
    """The model in a folder that `python -m worldmodels.onelife run` has written.

    Args:
        path: The folder, or its `laws.json`.
        observables: Every field, or the published set (of Crafter-OO only).

    Raises:
        ValueError: the file is malformed or its laws have no weights yet, or the world has no
            such set of observables.
        OSError: there is no such file.
    """
    file = path / LAWS_FILE if path.is_dir() else path
    book, weights, inertia = load_book(file)
    if inertia is None:
        raise ValueError(
            f"{file}: its laws have no weights; run `python -m worldmodels.onelife fit`"
        )
    kept = [law for law in book.laws if law.name in weights]
    laws = laws_about(Book(book.world, kept, book.known), observables)
    return OneLife(
        laws,
        [weights[law.name] for law in laws],
        observables_of(book, observables),
        Scoring(inertia=inertia),
    )


def laws_about(book: Book[Any], observables: ObservableSet) -> Sequence[Law[Any, Any]]:
    """The laws of a book, in terms of a set of observables."""
    laws = [SceneLaw(law, book) for law in book.laws]
    if observables == "full":
        return laws
    from worldmodels.onelife.crafter.published import in_published_terms

    return [in_published_terms(law) for law in laws]


def observables_of(book: Book[Any], observables: ObservableSet) -> Observables[Any]:
    """A set of observables of the world of a book.

    Raises:
        ValueError: the world has no such set.
    """
    if observables == "full":
        return book.world.observables
    if book.world.name != "crafter_oo":
        raise ValueError(
            f"the observables {observables!r} are those of crafter_oo; {book.world.name} has 'full'"
        )
    from worldmodels.onelife.crafter.published import PublishedObservables

    return PublishedObservables()
