"""The chat client against a real server: what it tries again, what is an error, what counts."""

import datetime
import email.utils
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from onelife.llm_server import HANGS, Request, Response, Script, completion, only_loopback, serving

from worldmodels.onelife.synthesis.llm.client import (
    KEY_VARIABLE,
    MAX_ANSWER_BYTES,
    ChatClient,
    ChatConfig,
    ChatError,
    Reply,
    UnusableAnswerError,
    Usage,
)

KEY = "sk-never-to-be-shown-1234"
QUESTION = [{"role": "user", "content": "how?"}]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    only_loopback(monkeypatch)


class Outcome:
    """What a client did with a script."""

    def __init__(self, script: Script, **changes: Any) -> None:
        self.waits: list[float] = []
        self.value: str | None = None
        self.error: ChatError | None = None
        with (
            serving(script) as server,
            ChatClient(server.config(**changes), self.waits.append) as client,
        ):
            try:
                self.value = client.ask(QUESTION, str.strip).value
            except ChatError as error:
                self.error = error
            self.usage, self.url, self.requests = client.usage, server.url, server.requests


def status(code: int, body: str = '{"error": "so"}', **changes: Any) -> Response:
    return Response(body.encode(), code, **changes)


def test_a_good_answer_comes_back_and_its_tokens_are_counted():
    got = Outcome([completion(" because ")], temperature=0.5, max_tokens=99)
    assert got.value == "because"
    assert got.waits == []
    assert got.usage == Usage(num_requests=1, prompt_tokens=100, completion_tokens=7)
    (request,) = got.requests
    assert request.path == "/v1/chat/completions"
    assert request.body == {
        "model": "test-model",
        "messages": QUESTION,
        "temperature": 0.5,
        "max_tokens": 99,
    }


def test_defaults_are_the_published_ones():
    config = ChatConfig("some")
    assert (config.temperature, config.max_tokens, config.num_attempts) == (1.0, 8192, 3)


@pytest.mark.parametrize(
    "bad",
    [
        status(500),
        status(503, "<html>busy</html>", content_type="text/html"),
        status(429),
        status(408),
        completion(""),
        completion(None),
        completion(" \n"),
        Response(b'{"choices": []}'),
        Response(b'{"choices": [{"message": {"content": 7}}]}'),
        Response(b"[]"),
        Response(b'{"choices": [{"mess'),
        Response(b"<html>hello</html>", content_type="text/html"),
        Response(b"x" * (MAX_ANSWER_BYTES + 1)),
    ],
    ids=lambda response: f"{response.status} {response.body[:40]!r}",
)
def test_what_may_pass_is_tried_again(bad: Response):
    got = Outcome([bad, bad, completion("at last")])
    assert got.value == "at last"
    assert got.waits == [1.0, 2.0]
    assert got.usage.num_requests == 3


def test_waits_double_up_to_ten_seconds():
    got = Outcome([status(500)], num_attempts=7)
    assert got.waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert "500" in str(got.error)


def test_three_attempts_are_all():
    got = Outcome([status(502, '{"error": "bad gateway"}')])
    assert len(got.requests) == 3
    assert not isinstance(got.error, UnusableAnswerError)
    for part in (got.url, "502", "bad gateway", "3 attempts"):
        assert part in str(got.error)


def test_retry_after_is_honoured_in_seconds():
    assert Outcome([status(429, retry_after="7"), completion("x")]).waits == [7.0]
    assert Outcome([status(503, retry_after="0.25"), completion("x")]).waits == [0.25]
    assert Outcome([status(429, retry_after="-3"), completion("x")]).waits == [0.0]


def test_retry_after_is_honoured_as_a_date():
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    date = email.utils.format_datetime(then, usegmt=True)
    (wait,) = Outcome([status(429, retry_after=date), completion("x")]).waits
    assert 30 < wait <= 60


def test_a_date_without_a_zone_is_universal_time():
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    date = email.utils.format_datetime(then.replace(tzinfo=None))
    (wait,) = Outcome([status(429, retry_after=date), completion("x")]).waits
    assert 30 < wait <= 60


@pytest.mark.parametrize("text", ["soon", "nan", "inf", ""])
def test_a_retry_after_that_says_nothing_is_passed_over(text: str):
    assert Outcome([status(429, retry_after=text), completion("x")]).waits == [1.0]


def test_nobody_waits_for_an_hour():
    got = Outcome([status(429, retry_after="3600")])
    assert got.waits == []
    assert "3600 s" in str(got.error)
    assert len(got.requests) == 1


def test_a_time_out_is_tried_again():
    got = Outcome([HANGS, completion("late")], timeout=0.2)
    assert got.value == "late"
    assert got.waits == [1.0]


def test_the_error_after_time_outs_says_how_long_was_waited():
    got = Outcome([HANGS], timeout=0.1, num_attempts=2)
    assert "within 0.1 s" in str(got.error)


def test_a_server_that_drips_does_not_hold_the_client():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ending = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
                for _ in range(200):
                    if ending.wait(0.02):
                        return
                    try:
                        connection.sendall(b" ")
                    except ConnectionError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        config = ChatConfig("m", url, timeout=0.3, num_attempts=1)
        try:
            with ChatClient(config) as client, pytest.raises(ChatError, match="no whole answer"):
                client.ask(QUESTION, str)
        finally:
            ending.set()
            thread.join()


def test_a_refused_connection_names_the_address_and_the_remedy():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    waits: list[float] = []
    config = ChatConfig("m", f"http://127.0.0.1:{port}/v1")
    with (
        ChatClient(config, waits.append) as client,
        pytest.raises(ChatError, match=rf"127.0.0.1:{port}.*is it running"),
    ):
        client.ask(QUESTION, str)
    assert waits == [1.0, 2.0]


def test_a_missing_key_names_the_variable():
    got = Outcome([status(401, '{"error": "no key"}')])
    assert len(got.requests) == 1
    assert "Authorization" not in got.requests[0].headers
    assert f"set the environment variable {KEY_VARIABLE}" in str(got.error)


def test_a_key_is_sent_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv(KEY_VARIABLE, f"{KEY}\n")
    caplog.set_level(logging.DEBUG)
    echo = f'{{"error": "Incorrect API key provided: {KEY}"}}'
    got = Outcome([status(500, echo), status(401, echo)])
    assert [r.headers["Authorization"] for r in got.requests] == [f"Bearer {KEY}"] * 2
    assert f"The key in {KEY_VARIABLE} is refused" in str(got.error)
    cause: BaseException | None = got.error
    while cause is not None:
        assert KEY not in f"{cause!r}"
        cause = cause.__cause__
    with serving([completion("x")]) as server, ChatClient(server.config()) as client:
        client.ask(QUESTION, str)
        assert KEY not in repr(client) + repr(client.config)
    assert caplog.records
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["two words", "schlüssel", "a\nb"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, key: str
):
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(ValueError, match=KEY_VARIABLE) as caught:
        ChatClient(ChatConfig("m"))
    assert key not in str(caught.value)


def test_an_unknown_model_is_named():
    got = Outcome([status(404, '{"error": "no such model"}')])
    assert len(got.requests) == 1
    for part in ("404", "'test-model'", "no such model", "/v1"):
        assert part in str(got.error)


@pytest.mark.parametrize("code", [400, 402, 422])
def test_other_refusals_are_final(code: int):
    got = Outcome([status(code, '{"error": "max_tokens is too large"}'), completion("x")])
    assert len(got.requests) == 1
    assert "max_tokens is too large" in str(got.error)


def test_redirections_are_not_followed():
    got = Outcome([status(308), completion("x")])
    assert "Redirections are not followed" in str(got.error)


def test_an_html_page_instead_of_json_is_shown():
    page = Response(b"<html><h1>It works!</h1></html>", content_type="text/html")
    error = str(Outcome([page]).error)
    for part in ("expected JSON", "text/html", "It works!", "/v1"):
        assert part in error


def test_a_huge_answer_is_not_read_to_its_end():
    huge = completion("x" * MAX_ANSWER_BYTES)
    assert f"more than {MAX_ANSWER_BYTES} bytes" in str(Outcome([huge]).error)


def test_json_under_another_content_type_is_taken():
    good = Response(completion("x").body, content_type="text/plain")
    assert Outcome([good]).value == "x"


@pytest.mark.parametrize("usage", ["null", '{"prompt_tokens": "many"}', "[]", '{"a": -1}'])
def test_tokens_that_are_not_counted_are_none(usage: str):
    body = f'{{"choices": [{{"message": {{"content": "x"}}}}], "usage": {usage}}}'
    got = Outcome([Response(body.encode())])
    assert got.usage == Usage(num_requests=1)


def test_an_answer_that_cannot_be_read_is_tried_again_and_handed_out_at_last():
    answers = [completion("one"), completion("two"), completion("three")]
    with serving(answers) as server, ChatClient(server.config(), lambda _: None) as client:
        assert client.ask(QUESTION, only("three")) == Reply("three", ("one", "two", "three"))
    with serving(answers) as server, ChatClient(server.config(), lambda _: None) as client:
        with pytest.raises(UnusableAnswerError, match="expected four") as caught:
            client.ask(QUESTION, only("four"))
        assert caught.value.answers == ("one", "two", "three")


def only(wanted: str):
    def read(text: str) -> str:
        if text != wanted:
            raise ValueError(f"expected {wanted}, got {text}")
        return text

    return read


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://host/v1",
        "http://",
        "https://user:secret@host/v1",
        "https://host/v1?key=secret",
    ],
)
def test_a_base_url_that_is_none_is_refused_and_not_shown_if_it_has_secrets(url: str):
    with pytest.raises(ValueError, match="base_url") as caught:
        ChatConfig("m", url)
    assert "secret" not in str(caught.value)


def test_a_base_url_without_a_port_number_is_refused():
    with pytest.raises(ValueError, match="is no address"):
        ChatClient(ChatConfig("m", "http://host:port/v1"))


@pytest.mark.parametrize(
    "field",
    [
        {"model": ""},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"timeout": 0.0},
        {"max_tokens": 0},
        {"num_attempts": 0},
        {"num_workers": -1},
    ],
)
def test_fields_out_of_range_are_named(field: dict[str, Any]):
    (name,) = field
    with pytest.raises(ValueError, match=name):
        ChatConfig(**{"model": "m", **field})


def questions(count: int) -> list[list[dict[str, str]]]:
    return [[{"role": "user", "content": str(i)}] for i in range(count)]


def test_many_questions_are_asked_with_a_bounded_number_at_a_time():
    lock, running, most = threading.Lock(), 0, 0
    both = threading.Barrier(2, timeout=20)

    def answer(request: Request) -> Response:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()
        with lock:
            running -= 1
        return completion(f"answer {request.messages[0]['content']}")

    with serving(answer) as server, ChatClient(server.config(num_workers=2)) as client:
        replies = dict(client.ask_all(questions(8), str))
    assert {i: r.value for i, r in replies.items() if isinstance(r, Reply)} == {
        i: f"answer {i}" for i in range(8)
    }
    assert most == 2
    assert client.usage.num_requests == 8
    assert client.usage.completion_tokens == 8 * 7


def test_after_a_refusal_no_further_question_is_sent():
    def answer(request: Request) -> Response:
        return status(404) if request.messages[0]["content"] == "2" else completion("x")

    got: list[int] = []
    with serving(answer) as server, ChatClient(server.config(num_workers=1)) as client:
        replies = client.ask_all(questions(200), str)
        with pytest.raises(ChatError, match="404"):
            consume(replies, got)
        assert len(server.requests) < 200
    assert {0, 1} <= set(got)
    assert 2 not in got


def consume(replies: Iterator[tuple[int, Any]], into: list[int]) -> None:
    for index, _ in replies:
        into.append(index)


def test_an_unusable_answer_does_not_stop_the_others():
    def answer(request: Request) -> Response:
        return completion("" if request.messages[0]["content"] == "1" else "x")

    with serving(answer) as server, ChatClient(server.config(), lambda _: None) as client:
        replies = dict(client.ask_all(questions(3), str))
    assert isinstance(replies[1], UnusableAnswerError)
    assert replies[1].answers == ("", "", "")
    assert [isinstance(replies[i], Reply) for i in (0, 2)] == [True, True]


def test_no_questions_are_no_requests():
    with serving([completion("x")]) as server, ChatClient(server.config()) as client:
        assert list(client.ask_all([], str)) == []
        assert server.requests == []


def test_a_request_is_plain_json_of_any_text():
    with serving([completion("ü\u2028\\")]) as server, ChatClient(server.config()) as client:
        text = 'quote " and ü'
        assert client.ask([{"role": "user", "content": text}], str).value == "ü\u2028\\"
        assert server.requests[0].messages[0]["content"] == text
        json.dumps(server.requests[0].body)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(ImportError, match=r"armillary\[llm\]"):
        ChatClient(ChatConfig("m"))
