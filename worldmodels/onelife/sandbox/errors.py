"""The one error that laws cause."""

from typing import Literal

Kind = Literal["rejected", "exception", "timeout", "memory", "died", "malformed"]


class LawError(Exception):
    """A law gave no answer.

    | kind | what happened |
    |---|---|
    | `rejected` | its source is outside the language of laws; it was never run |
    | `exception` | it raised |
    | `timeout` | it ran for too long and was killed |
    | `memory` | it wanted more memory than it may have |
    | `died` | the process it ran in ended |
    | `malformed` | what it returned, or what came out of its process, is no effect |

    Args:
        kind: One of the above.
        text: What was expected, what came, and what to do.
    """

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
