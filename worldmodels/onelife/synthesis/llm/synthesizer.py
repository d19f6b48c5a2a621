"""From the transitions of one life to laws, by asking a language model about what changed."""

import collections
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from worldmodels.onelife.laws import Law, Transition
from worldmodels.onelife.synthesis.llm.aspects import NUM_EXAMPLES, Aspect, first_aspects
from worldmodels.onelife.synthesis.llm.book import PythonBook, StoredLaw, codec_of
from worldmodels.onelife.synthesis.llm.client import ChatClient, Messages, UnusableAnswerError
from worldmodels.onelife.synthesis.llm.prompt import Proposal, question, read_laws
from worldmodels.onelife.synthesis.llm.records import read_record, record_path, write_record
from worldmodels.onelife.synthesis.llm.trial import Rejection, try_laws
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Report(Generic[StateT]):
    """What came of the questions."""

    num_questions: int
    num_asked: int  # the others were answered in an earlier run
    num_unanswered: int  # no attempt gave a complete law
    num_proposals: int
    book: PythonBook[StateT]  # the laws that are kept
    rejections: tuple[Rejection, ...]

    @property
    def num_rejections(self) -> Mapping[str, int]:
        """How many proposals were rejected, by reason."""
        return collections.Counter(rejection.reason for rejection in self.rejections)


class LLMSynthesizer(Generic[StateT]):
    """Proposes what a language model says and what a trial on the life does not refute.

    A `LawSynthesizer`. Every question and what was answered to it is kept in a folder, and a
    question that is found there is not asked again: after a kill the next run goes on.

    Args:
        client: Whom to ask.
        world: Of the transitions.
        folder: Of the records; one folder for one life.
        num_examples: How many cases of each kind of change are asked about.
        on_answer: Called after each answer with the number of questions that are answered, and
            of all.

    Raises:
        ValueError: laws in Python see nothing of that world.
    """

    def __init__(
        self,
        client: ChatClient,
        world: World[StateT],
        folder: Path,
        num_examples: int = NUM_EXAMPLES,
        on_answer: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._client = client
        self._world = world
        self._codec = codec_of(world)
        self._folder = folder
        self._num_examples = num_examples
        self._on_answer = on_answer

    def propose(self, transitions: Sequence[Transition[StateT, str]]) -> list[Law[StateT, str]]:
        """The laws that `ask` keeps, in a sandbox; raises what it raises."""
        return [*self.ask(transitions).book.in_sandbox()]

    def ask(self, transitions: Sequence[Transition[StateT, str]]) -> Report[StateT]:
        """Ask, try, and keep.

        Raises:
            ChatError: the server does not answer, or refuses to; what it answered is recorded.
            ValueError: the folder has records of another life or model.
        """
        aspects = first_aspects(transitions, self._world, self._num_examples)
        questions = [
            question(transitions[aspect.index], aspect, self._world, self._codec)
            for aspect in aspects
        ]
        answers, num_asked = self._answers(aspects, questions)
        candidates: list[StoredLaw] = []
        for aspect, texts in zip(aspects, answers, strict=True):
            for number, proposal in enumerate(_proposals(texts), start=1):
                name = f"{aspect.kind}@{aspect.index}#{number}"
                candidates.append(StoredLaw(name, proposal.words, proposal.source, aspect.index))
        verdicts = try_laws(candidates, transitions, self._world.observables, self._codec)
        kept = [law for law, verdict in zip(candidates, verdicts, strict=True) if verdict is None]
        _log.info("kept %d laws of %d", len(kept), len(candidates))
        return Report(
            num_questions=len(questions),
            num_asked=num_asked,
            num_unanswered=sum(not _proposals(texts) for texts in answers),
            num_proposals=len(candidates),
            book=PythonBook(self._world, tuple(kept)),
            rejections=tuple([verdict for verdict in verdicts if verdict is not None]),
        )

    def _answers(
        self, aspects: Sequence[Aspect], questions: Sequence[Messages]
    ) -> tuple[list[Sequence[str]], int]:
        """What was answered to each question, and how many of them had to be asked."""
        model = self._client.config.model
        paths = [record_path(self._folder, aspect) for aspect in aspects]
        found = [read_record(path, q, model) for path, q in zip(paths, questions, strict=True)]
        answers: list[Sequence[str]] = [texts or () for texts in found]
        missing = [i for i, texts in enumerate(found) if texts is None]
        done = len(questions) - len(missing)
        self._on_answer(done, len(questions))
        for number, reply in self._client.ask_all([questions[i] for i in missing], read_laws):
            i = missing[number]
            answers[i] = reply.answers if isinstance(reply, UnusableAnswerError) else reply.texts
            write_record(paths[i], questions[i], answers[i], model)
            done += 1
            self._on_answer(done, len(questions))
        return answers, len(missing)


def _proposals(texts: Sequence[str]) -> list[Proposal]:
    """The laws of the last answer, which is the only one that may have some."""
    if not texts:
        return []
    try:
        return read_laws(texts[-1])
    except ValueError:
        return []
