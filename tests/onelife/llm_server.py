"""A server on the loopback that speaks `/v1/chat/completions` and says what a test wants."""

import contextlib
import dataclasses
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from worldmodels.onelife.synthesis.llm.client import KEY_VARIABLE, ChatConfig

Json = Any


@dataclasses.dataclass(frozen=True)
class Response:
    """What the server sends; `hangs` means that it sends nothing until it is closed."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    retry_after: str | None = None
    hangs: bool = False


@dataclasses.dataclass(frozen=True)
class Request:
    """What the server was asked."""

    path: str
    headers: dict[str, str]
    body: Json

    @property
    def messages(self) -> list[dict[str, str]]:
        messages: list[dict[str, str]] = self.body["messages"]
        return messages


def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no proxy; no certificates either, which take long to load for every client."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(Path(__file__).parent))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


HANGS = Response(b"", hangs=True)
Script = Sequence[Response] | Callable[[Request], Response]


def completion(text: str | None, tokens: int = 7) -> Response:
    """A good response."""
    data = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": tokens},
    }
    return Response(json.dumps(data).encode())


def law_block(source: str, words: str = "a law", changes: str = "a change") -> str:
    """One law in the form in which it is asked for."""
    return (
        f"<key_changes>\n{changes}\n</key_changes>\n<law_in_words>\n{words}\n</law_in_words>\n"
        f"<law_code>\n{source}\n</law_code>\n"
    )


class Server:
    """Answers in the order of a list, whose last response is repeated, or as a function says."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self._script = script
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.url = ""

    def config(self, **changes: Any) -> ChatConfig:
        """For a client of this server."""
        return ChatConfig(
            **{"model": "test-model", "base_url": self.url, "timeout": 30.0, **changes}
        )

    def respond(self, request: Request) -> Response:
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
        if callable(self._script):
            return self._script(request)
        return self._script[min(number, len(self._script) - 1)]


@contextlib.contextmanager
def serving(script: Script) -> Iterator[Server]:
    """A server that runs until the end of the block."""
    server = Server(script)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = server.respond(Request(self.path, dict(self.headers), body))
            if response.hangs:
                server.closing.wait()
            with contextlib.suppress(ConnectionError):  # the client has gone
                self.send_response(response.status)
                self.send_header("Content-Type", response.content_type)
                self.send_header("Content-Length", str(len(response.body)))
                if response.retry_after is not None:
                    self.send_header("Retry-After", response.retry_after)
                self.end_headers()
                self.wfile.write(response.body)

        def log_message(self, *arguments: Any) -> None:
            del arguments

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()
