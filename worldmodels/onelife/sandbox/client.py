"""The parent's side: laws go in as text, effects come out, and nothing else happens."""

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Generic, NamedTuple, TypeVar

from worldmodels.onelife.sandbox.answers import Answer, read_answer
from worldmodels.onelife.sandbox.check import check_source
from worldmodels.onelife.sandbox.codec import Codec
from worldmodels.onelife.sandbox.errors import LawError
from worldmodels.onelife.sandbox.limits import Defence, Limits
from worldmodels.onelife.sandbox.process import Child

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

DEFAULT_LIMITS: Final = Limits()
_BATCH: Final = 256  # questions in one exchange; bounds what waits in memory


class Question(NamedTuple):
    """What one law says about one action in one state; both as JSON text."""

    law: int
    state: str
    action: str


class _Request(NamedTuple):
    """A line for the child, and the question that is asked or prepared by it."""

    text: str  # the fields of a JSON object
    law: int
    question: int
    is_question: bool = False


class _Failure(NamedTuple):
    """The end of a child."""

    request: _Request  # the one it could not answer
    error: LawError
    was_alone: bool  # the child had run no other law


class Sandbox(Generic[StateT, ActionT]):
    """A child process, started on demand, in which laws run.

    Its laws share the process; where one has to be killed with it, the others go on in a fresh
    one. A law that ran out of time or memory, or ended its process, is not run again: it repeats
    its error. One thread at a time may use a sandbox.

    Args:
        codec: How states, actions and values of the world pass.
        limits: What the process may use.
    """

    def __init__(self, codec: Codec[StateT, ActionT], limits: Limits = DEFAULT_LIMITS) -> None:
        self.codec = codec
        self.limits = limits
        self._sources: list[str] = []
        self._broken: dict[int, LawError] = {}
        self._child: Child | None = None
        self._loaded: set[int] = set()  # laws the child knows
        self._shown = ""  # the state the child was shown last
        self._count = 0  # requests the child has got

    def __enter__(self) -> "Sandbox[StateT, ActionT]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._child is not None:
            self._child.kill()
        self._child = None
        self._loaded.clear()
        self._shown = ""
        self._count = 0

    @property
    def defences(self) -> tuple[Defence, ...]:
        """What binds the process from outside Python: "resources", "syscalls"."""
        return self._running().defences

    def load(self, source: str) -> int:
        """Check a law and run its outermost level; returns its number here.

        Raises:
            LawError: it is rejected, or fails.
        """
        check_source(source, self.codec.names)
        law = len(self._sources)
        self._sources.append(source)
        failure = self._serve([self._loading(law, 0)], [None])
        if failure is not None and not failure.was_alone:
            failure = self._serve([self._loading(law, 0)], [None])
        if failure is not None:
            self._broken[law] = failure.error
        if law in self._broken:
            raise self._broken[law]
        return law

    def questions(self, laws: Sequence[int], state: StateT, action: ActionT) -> list[Question]:
        """What `ask` takes, one for each law; the state may change afterwards."""
        encoded = json.dumps(self.codec.encode(state), separators=(",", ":"))
        slug = json.dumps(self.codec.action(action))
        return [Question(law, encoded, slug) for law in laws]

    def ask(self, questions: Sequence[Question]) -> list[Answer | LawError]:
        """What laws say, in the order of the questions; those of one state belong together.

        A law that brings down a process in which others ran before is tried once more alone.
        """
        answers: list[Answer | LawError] = [None] * len(questions)
        suspect = -1
        start = 0
        while start < len(questions):
            end = start + 1 if start == suspect else min(start + _BATCH, len(questions))
            failure = self._serve(self._requests(questions, range(start, end), answers), answers)
            if failure is None:
                start = end
                continue
            start = failure.request.question
            if failure.was_alone or start == suspect or failure.error.kind == "timeout":
                self._broken[questions[start].law] = answers[start] = failure.error
                start += 1
            else:
                suspect = start
        return answers

    def _running(self) -> Child:
        if self._child is None:
            self._child = Child(self.codec.view, self.limits)
        return self._child

    def _loading(self, law: int, question: int) -> _Request:
        self._loaded.add(law)
        source = json.dumps(self._sources[law])
        return _Request(f'"load": {law}, "source": {source}', law, question)

    def _requests(
        self, questions: Sequence[Question], chosen: range, answers: list[Answer | LawError]
    ) -> list[_Request]:
        """What to send for some of the questions; those about broken laws are answered here."""
        requests = []
        for i in chosen:
            law, state, action = questions[i]
            if law in self._broken:
                answers[i] = self._broken[law]
                continue
            if law not in self._loaded:
                requests.append(self._loading(law, i))
            if state != self._shown:
                requests.append(_Request(f'"state": {state}', law, i))
                self._shown = state
            requests.append(_Request(f'"ask": {law}, "action": {action}', law, i, True))
        return requests

    def _serve(
        self, requests: Sequence[_Request], answers: list[Answer | LawError]
    ) -> _Failure | None:
        """Have requests answered; what came before a failure is kept."""
        if not requests:
            return None
        child, first = self._running(), self._count
        self._count += len(requests)
        lines = [f'{{"number": {first + i}, {r.text}}}'.encode() for i, r in enumerate(requests)]
        try:
            replies, death = child.exchange(lines, self.limits.seconds)
        except BaseException:
            self.close()
            raise
        for i, (request, reply) in enumerate(zip(requests, replies, strict=False)):
            try:
                answer = read_answer(reply, first + i, self.codec)
            except LawError as error:  # the child itself is not to be trusted any more
                return self._failed(request, error)
            if request.is_question:
                answers[request.question] = self._broken.get(request.law, answer)
            elif isinstance(answer, LawError):
                self._broken[request.law] = answer
        if death is not None:
            return self._failed(requests[len(replies)], LawError(death.kind, death.text))
        return None

    def _failed(self, request: _Request, error: LawError) -> _Failure:
        was_alone = self._loaded <= {request.law}
        self.close()
        return _Failure(request, error, was_alone)
