"""Chat with any server that speaks the `/chat/completions` protocol of OpenAI."""

import concurrent.futures
import dataclasses
import datetime
import email.utils
import json
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

KEY_VARIABLE: Final = "OPENAI_API_KEY"
MAX_ANSWER_BYTES: Final = 4 * 2**20  # of a whole response; 8192 tokens take about 40 kB

_FIRST_WAIT: Final = 1.0  # seconds; doubled from one attempt to the next
_LONGEST_WAIT: Final = 10.0
_MOST_PATIENCE: Final = 120.0  # seconds a server may ask to wait
_TIMED_OUT: Final = 408
_TOO_MANY: Final = 429
_MAX_SHOWN: Final = 300  # characters of a server's own words in an error
_EMPTY: Final = "the answer is empty; a model that thinks before it answers needs more max_tokens"

_log = logging.getLogger(__name__)

T = TypeVar("T")

Messages = Sequence[Mapping[str, str]]  # each has a "role" and a "content"


class ChatError(Exception):
    """There is no answer; the text says from where, why, and what to do."""


class UnusableAnswerError(ChatError):
    """The model answered, but every time with something that is of no use.

    Args:
        text: Why the last answer is of no use.
        answers: What it said, one text per attempt.
    """

    def __init__(self, text: str, answers: Sequence[str]) -> None:
        super().__init__(text)
        self.answers = tuple(answers)


class _PassingError(Exception):
    """An attempt failed in a way that the next may not.

    Args:
        text: Why.
        wait: Seconds the server asks to wait, if it does.
    """

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


@dataclasses.dataclass(frozen=True)
class ChatConfig:
    """Whom to ask, and how. The key is read from the environment variable OPENAI_API_KEY.

    Temperature, number of tokens and attempts are those of the code released with
    arXiv 2510.12088.

    Raises:
        ValueError: a field is out of range.
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    temperature: float = 1.0
    max_tokens: int = 8192  # of an answer
    timeout: float = 120.0  # seconds of one attempt
    num_attempts: int = 3
    num_workers: int = 5  # questions on their way at the same time

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("the name of a model is expected, got an empty text")
        scheme, _, rest = self.base_url.partition("://")
        if scheme not in ("http", "https") or not rest.strip("/") or set(rest) & set("@?# "):
            raise ValueError(
                "base_url is http(s)://host[:port]/path, usually ending in /v1, without user, "
                f"query or spaces; a key belongs into {KEY_VARIABLE}. The scheme given is "
                f"{scheme[:10]!r}"
            )
        if not 0.0 <= self.temperature < math.inf:
            raise ValueError(f"temperature is a number >= 0, got {self.temperature}")
        for name in ("max_tokens", "timeout", "num_attempts", "num_workers"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is a positive number, got {getattr(self, name)}")


@dataclasses.dataclass(frozen=True)
class Usage:
    """What was used so far. Servers that do not count tokens leave them at 0."""

    num_requests: int = 0  # failed attempts included
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclasses.dataclass(frozen=True)
class Reply(Generic[T]):
    """A usable answer."""

    value: T  # what was read from the last of the texts
    texts: tuple[str, ...]  # of all attempts that the model answered


class ChatClient:
    """Asks one model. Several threads may use it at the same time.

    Args:
        config: Whom to ask.
        sleep: Waits so many seconds between attempts.

    Raises:
        ImportError: httpx is missing.
        ValueError: base_url is malformed, or the key in the environment cannot be sent.
    """

    def __init__(self, config: ChatConfig, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            import httpx
        except ImportError as error:
            raise ImportError(
                "language models are asked over httpx: pip install 'armillary[llm]'"
            ) from error
        self.config = config
        self.usage = Usage()
        self._sleep = sleep
        self._lock = threading.Lock()
        self._key = _key_from_environment()
        headers = {"Accept-Encoding": "identity"}  # so that a bound on bytes is a bound on memory
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._url = f"{config.base_url.rstrip('/')}/chat/completions"
        try:
            httpx.URL(self._url)
        except httpx.InvalidURL as error:
            raise ValueError(f"base_url {config.base_url!r} is no address: {error}") from error
        self._http = httpx.Client(headers=headers, timeout=config.timeout)

    def __enter__(self) -> "ChatClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._http.close()

    def ask(self, messages: Messages, read: Callable[[str], T]) -> Reply[T]:
        """Ask once, again where the server fails for the moment or the answer is of no use.

        Args:
            messages: The conversation so far.
            read: What an answer says; a ValueError means that it is of no use.

        Raises:
            UnusableAnswerError: the model answers, but never with something useful.
            ChatError: the server does not answer, or refuses to.
        """
        texts: list[str] = []
        for attempt in range(1, self.config.num_attempts + 1):
            problem: _PassingError | ValueError
            try:
                text = self._complete(messages)
            except _PassingError as error:
                problem = error
            else:
                texts.append(text)
                try:
                    if not text.strip():
                        raise ValueError(_EMPTY)
                    return Reply(read(text), tuple(texts))
                except ValueError as error:
                    problem = error
            if attempt < self.config.num_attempts:
                wait = min(_FIRST_WAIT * 2 ** (attempt - 1), _LONGEST_WAIT)
                asked = problem.wait if isinstance(problem, _PassingError) else None
                wait = wait if asked is None else asked
                _log.info("attempt %d failed, next in %g s: %s", attempt, wait, problem)
                self._sleep(wait)
        text = f"{self._url}: no use after {self.config.num_attempts} attempts: {problem}"
        if isinstance(problem, ValueError):
            raise UnusableAnswerError(text, texts) from problem
        raise ChatError(text) from problem

    def ask_all(
        self, questions: Sequence[Messages], read: Callable[[str], T]
    ) -> Iterator[tuple[int, Reply[T] | UnusableAnswerError]]:
        """Ask several questions at the same time; answers come as they arrive, with their index.

        After an error no further question is sent; answers on their way are handed out first.

        Raises:
            ChatError: the server does not answer, or refuses to.
        """
        failure: ChatError | None = None
        pool = concurrent.futures.ThreadPoolExecutor(self.config.num_workers)
        try:
            indices = {pool.submit(self.ask, q, read): i for i, q in enumerate(questions)}
            for future in concurrent.futures.as_completed(indices):
                if future.cancelled():
                    continue
                try:
                    yield indices[future], future.result()
                except UnusableAnswerError as error:
                    yield indices[future], error
                except ChatError as error:
                    failure = failure or error
                    for other in indices:
                        other.cancel()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if failure is not None:
            raise failure

    def _complete(self, messages: Messages) -> str:
        """One attempt: the text of an answer, which may be empty."""
        import httpx

        question = {
            "model": self.config.model,
            "messages": [dict(message) for message in messages],
            "temperature": self.config.temperature,
            "max_tokens": self.config.max_tokens,
        }
        self._count(num_requests=1)
        try:
            with self._http.stream("POST", self._url, json=question) as response:
                body = self._read(response.iter_bytes())
        except httpx.TimeoutException as error:
            raise _PassingError(f"no answer within {self.config.timeout:g} s") from error
        except httpx.TransportError as error:
            raise _PassingError(
                f"cannot talk to the server ({error}); is it running, and is base_url right?"
            ) from error
        shown = self._shown(body)
        if response.status_code in (_TIMED_OUT, _TOO_MANY) or response.status_code >= 500:
            raise _PassingError(
                f"status {response.status_code}: {shown}",
                self._patience(response.headers.get("Retry-After"), response.status_code),
            )
        if response.status_code != 200:
            raise ChatError(
                f"{self._url}: status {response.status_code}: {shown}. "
                f"{self._remedy(response.status_code)}"
            )
        return self._content(body, response.headers.get("Content-Type", "no type"))

    def _read(self, blocks: Iterator[bytes]) -> bytes:
        """A body, unless it is too large or comes too slowly."""
        deadline = time.monotonic() + self.config.timeout
        body = bytearray()
        for block in blocks:
            body += block
            if len(body) > MAX_ANSWER_BYTES:
                raise _PassingError(f"the answer has more than {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > deadline:
                raise _PassingError(f"no whole answer within {self.config.timeout:g} s")
        return bytes(body)

    def _content(self, body: bytes, content_type: str) -> str:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _PassingError(
                f"expected JSON, got {content_type}: {self._shown(body)}; base_url usually ends "
                "in /v1"
            ) from error
        usage = data.get("usage") if isinstance(data, dict) else None
        if isinstance(usage, dict):
            self._count(
                prompt_tokens=_natural(usage.get("prompt_tokens")),
                completion_tokens=_natural(usage.get("completion_tokens")),
            )
        match data:
            case {"choices": [{"message": {"content": str(text)}}, *_]}:
                return text
            case {"choices": [{"message": {"content": None}}, *_]}:
                return ""
            case _:
                raise _PassingError(f"expected choices[0].message.content, got {self._shown(body)}")

    def _count(self, **added: int) -> None:
        with self._lock:
            sums = {name: getattr(self.usage, name) + n for name, n in added.items()}
            self.usage = dataclasses.replace(self.usage, **sums)

    def _patience(self, retry_after: str | None, status: int) -> float | None:
        wait = _seconds(retry_after)
        if wait is not None and wait > _MOST_PATIENCE:
            raise ChatError(
                f"{self._url}: status {status}: the server asks to wait {wait:g} s; try again then"
            )
        return wait

    def _remedy(self, status: int) -> str:
        if status in (401, 403) and not self._key:
            return f"There is no key: set the environment variable {KEY_VARIABLE}."
        if status in (401, 403):
            return f"The key in {KEY_VARIABLE} is refused: set it to one of this server."
        if status == 404:
            return (
                f"Is there a model {self.config.model!r}, and does base_url "
                f"{self.config.base_url} end as the server's documents say, usually in /v1?"
            )
        if 300 <= status < 400:
            return "Redirections are not followed: give the final address as base_url."
        return "The server refuses this question: change model, max_tokens or temperature."

    def _shown(self, body: bytes) -> str:
        """The beginning of a body in one line; servers like to repeat the key they refuse."""
        text = body[: 4 * _MAX_SHOWN].decode(errors="replace")
        if self._key:
            text = text.replace(self._key, "***")
        return " ".join(text.split())[:_MAX_SHOWN] or "nothing"


def _key_from_environment() -> str:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError(f"the key in {KEY_VARIABLE} is one word of ASCII; set it again")
    return key


def _seconds(retry_after: str | None) -> float | None:
    """What a Retry-After header asks for: seconds or a date."""
    if retry_after is None:
        return None
    try:
        wait = float(retry_after)
    except ValueError:
        try:
            then = email.utils.parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        if then.tzinfo is None:  # the header has no zone, which stands for UTC
            then = then.replace(tzinfo=datetime.UTC)
        wait = (then - datetime.datetime.now(datetime.UTC)).total_seconds()
    return max(wait, 0.0) if math.isfinite(wait) else None


def _natural(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0
