"""From the transitions of one life to laws, by asking a language model about what changed."""

import collections
import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from worldmodels.onelife.laws import Law, Transition
from worldmodels.onelife.sandbox.client import Sandbox
from worldmodels.onelife.synthesis.llm.aspects import NUM_EXAMPLES, Aspect, first_aspects
from worldmodels.onelife.synthesis.llm.client import ChatClient, Messages, UnusableAnswerError
from worldmodels.onelife.synthesis.llm.prompt import Proposal, question, read_laws
from worldmodels.onelife.synthesis.llm.records import (
    StoredLaw,
    python_laws,
    read_record,
    record_path,
    write_record,
)
from worldmodels.onelife.synthesis.llm.trial import Candidate, Rejection, try_laws
from worldmodels.onelife.worlds import World

StateT = TypeVar("StateT")

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Report:
    """What came of the questions."""

    num_questions: int
    num_asked: int  # the others were answered in an earlier run
    num_unanswered: int  # no attempt gave a complete law
    num_proposals: int
    kept: tuple[StoredLaw, ...]
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
        sandbox: Where the laws that are kept will run; those on trial run in one of their own.
        folder: Of the records; one folder for one life.
        num_examples: How many cases of each kind of change are asked about.
    """

    def __init__(
        self,
        client: ChatClient,
        world: World[StateT],
        sandbox: Sandbox[StateT, Any],
        folder: Path,
        num_examples: int = NUM_EXAMPLES,
    ) -> None:
        self.report: Report | None = None  # of the last call of `propose`
        self._client = client
        self._world = world
        self._sandbox = sandbox
        self._folder = folder
        self._num_examples = num_examples

    def propose(self, transitions: Sequence[Transition[StateT, str]]) -> list[Law[StateT, str]]:
        """Ask, try, and keep; what became of the rest is in `report`.

        Raises:
            ChatError: the server does not answer, or refuses to; what it answered is recorded.
            ValueError: the folder has records of another life or model.
        """
        aspects = first_aspects(transitions, self._world, self._num_examples)
        codec = self._sandbox.codec
        questions = [
            question(transitions[aspect.index], aspect, self._world, codec) for aspect in aspects
        ]
        answers, num_asked = self._answers(aspects, questions)
        candidates: list[Candidate] = []
        for aspect, texts in zip(aspects, answers, strict=True):
            for number, proposal in enumerate(_proposals(texts), start=1):
                name = f"{aspect.kind}@{aspect.index}#{number}"
                law = StoredLaw(name, proposal.words, proposal.source)
                candidates.append(Candidate(law, aspect.index))
        verdicts = try_laws(candidates, transitions, self._world.observables, codec)
        pairs = list(zip(candidates, verdicts, strict=True))
        self.report = Report(
            num_questions=len(questions),
            num_asked=num_asked,
            num_unanswered=sum(not _proposals(texts) for texts in answers),
            num_proposals=len(candidates),
            kept=tuple([candidate.law for candidate, verdict in pairs if verdict is None]),
            rejections=tuple([verdict for _, verdict in pairs if verdict is not None]),
        )
        _log.info("kept %d laws of %d", len(self.report.kept), len(candidates))
        return [*python_laws(self.report.kept, self._sandbox)]

    def _answers(
        self, aspects: Sequence[Aspect], questions: Sequence[Messages]
    ) -> tuple[list[Sequence[str]], int]:
        """What was answered to each question, and how many of them had to be asked."""
        model = self._client.config.model
        paths = [record_path(self._folder, aspect) for aspect in aspects]
        found = [read_record(path, q, model) for path, q in zip(paths, questions, strict=True)]
        answers: list[Sequence[str]] = [texts or () for texts in found]
        missing = [i for i, texts in enumerate(found) if texts is None]
        for number, reply in self._client.ask_all([questions[i] for i in missing], read_laws):
            i = missing[number]
            answers[i] = reply.answers if isinstance(reply, UnusableAnswerError) else reply.texts
            write_record(paths[i], questions[i], answers[i], model)
        return answers, len(missing)


def _proposals(texts: Sequence[str]) -> list[Proposal]:
    """The laws of the last answer, which is the only one that may have some."""
    if not texts:
        return []
    try:
        return read_laws(texts[-1])
    except ValueError:
        return []
