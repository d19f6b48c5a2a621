"""What was asked and answered, one file per question; and laws as a file."""

import dataclasses
import json
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from worldmodels.files import write_text
from worldmodels.onelife.python_laws import PythonLaw
from worldmodels.onelife.sandbox.client import Sandbox
from worldmodels.onelife.synthesis.llm.aspects import Aspect
from worldmodels.onelife.synthesis.llm.client import Messages

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

FORMAT_VERSION: Final = 1


@dataclasses.dataclass(frozen=True, slots=True)
class StoredLaw:
    """A law as text."""

    name: str  # unique in its file
    words: str
    source: str


def record_path(folder: Path, aspect: Aspect) -> Path:
    """Where the record of one question is: no two questions of a life share a file."""
    return folder / f"{aspect.index:06d}.{urllib.parse.quote(aspect.kind, safe='')}.jsonl"


def write_record(path: Path, messages: Messages, answers: Sequence[str], model: str) -> None:
    """Write a question as one line and each answer to it as one more."""
    question = {"format_version": FORMAT_VERSION, "model": model, "messages": list(messages)}
    lines = [question, *({"answer": answer} for answer in answers)]
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def read_record(path: Path, messages: Messages, model: str) -> list[str] | None:
    """The answers to a question; None where it was not asked.

    Raises:
        ValueError: the file is malformed, or it is the record of another question or model.
    """
    if not path.exists():
        return None
    try:
        question, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        answers = [line["answer"] for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no record ({error}): delete it, to ask again") from error
    if not (isinstance(question, dict) and all(isinstance(answer, str) for answer in answers)):
        raise ValueError(f"{path} is no record: delete it, to ask again")
    expected = {"format_version": FORMAT_VERSION, "model": model, "messages": list(messages)}
    for name, value in expected.items():
        if question.get(name) != value:
            raise ValueError(
                f"{path} differs in {name!r} from what would be asked now: it belongs to another "
                "run; use another folder, or delete this one"
            )
    return answers


def write_laws(laws: Sequence[StoredLaw], path: Path) -> None:
    """Write laws as a JSON list; a kill leaves the old file or the new."""
    write_text(path, json.dumps([dataclasses.asdict(law) for law in laws], indent=2) + "\n")


def read_laws(path: Path) -> list[StoredLaw]:
    """Read what `write_laws` wrote.

    Raises:
        ValueError: the file is malformed.
    """
    try:
        data: Any = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
    if not isinstance(data, list):
        raise ValueError(f"{path}: expected a list of laws, got {str(data)[:80]}")
    laws: dict[str, StoredLaw] = {}
    for i, entry in enumerate(data):
        match entry:
            case {"name": str(name), "words": str(words), "source": str(source), **rest} if (
                name not in laws and not rest
            ):
                laws[name] = StoredLaw(name, words, source)
            case _:
                raise ValueError(
                    f"{path}: [{i}] needs a name of its own, words and a source, all texts, and no "
                    f"more; got {str(entry)[:80]}"
                )
    return list(laws.values())


def python_laws(
    laws: Sequence[StoredLaw], sandbox: Sandbox[StateT, ActionT]
) -> list[PythonLaw[StateT, ActionT]]:
    """Bring laws into a sandbox.

    Raises:
        LawError: a source is rejected, or its outermost level fails.
    """
    return [PythonLaw(law.name, law.source, sandbox) for law in laws]
