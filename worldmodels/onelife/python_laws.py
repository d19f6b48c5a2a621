"""Laws given as Python source, which run in a sandbox."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final, Generic, TypeVar

from worldmodels.onelife.laws import Effect, Law, Transition
from worldmodels.onelife.sandbox.answers import Answer
from worldmodels.onelife.sandbox.client import Question, Sandbox
from worldmodels.onelife.sandbox.errors import LawError

StateT = TypeVar("StateT")
ActionT = TypeVar("ActionT")

_CHUNK: Final = 64  # transitions encoded at a time; bounds what waits in memory


class PythonLaw(Generic[StateT, ActionT]):
    """A law whose source nobody needs to trust.

    The source defines `precondition(state, action)` and `effect(state, action)`, or one class
    with these methods. The effect returns {observable: Distribution}. What laws may contain is
    said in `sandbox.check`, what they see of a state in the codec of the sandbox.

    Args:
        name: Unique among the laws of one model.
        source: The text.
        sandbox: Where it runs; laws of one model share one.

    Raises:
        LawError: the source is rejected, or its outermost level fails.
    """

    def __init__(self, name: str, source: str, sandbox: Sandbox[StateT, ActionT]) -> None:
        self._name = name
        self._source = source
        self._sandbox = sandbox
        self._number = sandbox.load(source)
        self._last: tuple[Question, Answer | LawError] | None = None
        self._known: dict[tuple[int, ActionT], Answer | LawError] = {}

    @property
    def name(self) -> str:
        """See `Law.name`."""
        return self._name

    @property
    def source(self) -> str:
        """The text it was made from."""
        return self._source

    @property
    def sandbox(self) -> Sandbox[StateT, ActionT]:
        """Where it runs."""
        return self._sandbox

    def precondition(self, state: StateT, action: ActionT) -> bool:
        """See `Law.precondition`. Both functions run at once; `effect` then has its answer.

        Raises:
            LawError: there is no answer.
        """
        return self._answer(state, action) is not None

    def effect(self, state: StateT, action: ActionT) -> Effect:
        """See `Law.effect`; empty where the precondition does not hold.

        Raises:
            LawError: there is no answer.
        """
        return self._answer(state, action) or {}

    def _answer(self, state: StateT, action: ActionT) -> Answer:
        key = id(state), action
        if key in self._known:
            answer = self._known[key]
        else:
            (question,) = self._sandbox.questions([self._number], state, action)
            if self._last is None or self._last[0] != question:
                self._last = question, self._sandbox.ask([question])[0]
            answer = self._last[1]
        if isinstance(answer, LawError):
            raise LawError(answer.kind, answer.text)
        return answer


@contextlib.contextmanager
def asked_at_once(
    laws: Sequence[Law[StateT, ActionT]], transitions: Sequence[Transition[StateT, ActionT]]
) -> Iterator[None]:
    """Ask the Python laws among `laws` about all transitions in few exchanges, for a fit.

    Inside, these laws answer from a table: the states of the transitions must not be changed.
    """
    groups: dict[int, list[PythonLaw[StateT, ActionT]]] = {}
    for law in laws:
        if isinstance(law, PythonLaw):
            groups.setdefault(id(law.sandbox), []).append(law)
    try:
        for group in groups.values():
            for start in range(0, len(transitions), _CHUNK):
                _fill(group, transitions[start : start + _CHUNK])
        yield
    finally:
        for group in groups.values():
            for law in group:
                law._known.clear()


def _fill(
    laws: Sequence[PythonLaw[StateT, ActionT]], transitions: Sequence[Transition[StateT, ActionT]]
) -> None:
    """Ask laws of one sandbox about some transitions."""
    sandbox, numbers = laws[0].sandbox, [law._number for law in laws]
    questions = [
        question
        for step in transitions
        for question in sandbox.questions(numbers, step.state, step.action)
    ]
    answers = iter(sandbox.ask(questions))
    for step in transitions:
        for law in laws:
            law._known[id(step.state), step.action] = next(answers)
