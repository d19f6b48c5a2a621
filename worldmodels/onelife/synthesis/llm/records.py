"""What was asked and answered, one file per question."""

import json
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from envs.files import write_text
from worldmodels.onelife.synthesis.llm.aspects import Aspect
from worldmodels.onelife.synthesis.llm.client import Messages

FORMAT_VERSION: Final = 1


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
