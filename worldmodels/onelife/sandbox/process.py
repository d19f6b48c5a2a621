"""One child process, and an exchange of lines with it that always ends."""

import contextlib
import dataclasses
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from worldmodels.onelife.sandbox.errors import Kind, LawError
from worldmodels.onelife.sandbox.limits import Defence, Limits

_BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
# No site-packages, nothing from the current folder or the user, no cache files, no warnings.
_FLAGS: Final = ("-S", "-P", "-s", "-B", "-W", "ignore", "-X", "utf8")
_ENVIRONMENT: Final = {"PYTHONHASHSEED": "0"}  # sets iterate alike in every child
_BLOCK: Final = 65_536  # bytes read or written at once
_TICK: Final = 0.05  # seconds between looks at a child that is silent
_GRACE: Final = 0.8  # seconds more for a child that the machine was too busy to run
_CPU_CLOCK: Final = 2  # of a process; Linux, include/linux/posix-timers_types.h


class Failure(NamedTuple):
    """Why a child could not answer; it is dead by then."""

    kind: Kind
    text: str


class _Patience:
    """Waits for one answer: so many seconds, and some more if the child was not let run.

    Time in which this process itself stood still, as in a machine that was suspended, is not
    counted.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._seconds = seconds
        self._waited = 0.0
        self._looked = time.monotonic()
        self._spent = self._cpu_time()

    def is_over(self) -> bool:
        """Whether an answer would come too late. To be asked after each wait of a tick."""
        now = time.monotonic()
        self._waited += min(now - self._looked, 2 * _TICK)
        self._looked = now
        if self._waited <= self._seconds:
            return False
        has_run = self._cpu_time() - self._spent >= self._seconds / 2
        return has_run or self._waited > self._seconds + _GRACE

    def _cpu_time(self) -> float:
        """CPU seconds of the child; where they are not known, seconds of the clock."""
        if sys.platform != "linux":
            return time.monotonic()
        return time.clock_gettime((~self._pid << 3) | _CPU_CLOCK)


class Child:
    """A process bound by `limits`, in an empty folder, holding nothing but two pipes.

    Raises:
        LawError: of kind `died`, where the process does not come up.
    """

    def __init__(self, view: str, limits: Limits) -> None:
        self._limits = limits
        folder = tempfile.mkdtemp(prefix="law.")
        try:
            self._process = _start(folder)
        except OSError as error:
            shutil.rmtree(folder)
            raise LawError("died", f"the sandbox does not start: {error}") from error
        assert self._process.stdin is not None, "a pipe was asked for"
        assert self._process.stdout is not None, "a pipe was asked for"
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        self.kill = weakref.finalize(self, _end, self._process, folder)
        setup = {"view": view, "limits": dataclasses.asdict(limits)}
        lines, failure = self.exchange([json.dumps(setup).encode()], limits.start_seconds)
        if failure is not None:
            raise LawError("died", f"the sandbox does not start: {failure.text}")
        self.defences: tuple[Defence, ...] = tuple(json.loads(lines[0])["defences"])

    def exchange(
        self, requests: Sequence[bytes], seconds: float
    ) -> tuple[list[bytes], Failure | None]:
        """Send lines and read one line for each; answers that came before a failure are kept.

        Args:
            requests: Without line ends.
            seconds: Until the first answer, and from one answer to the next.
        """
        try:
            return self._exchange(requests, seconds)
        except BaseException:  # a signal came in between: what the child says next is unknown
            self.kill()
            raise

    def _exchange(
        self, requests: Sequence[bytes], seconds: float
    ) -> tuple[list[bytes], Failure | None]:
        unsent = memoryview(b"".join(request + b"\n" for request in requests))
        answers: list[bytes] = []
        rest = b""
        patience = _Patience(self._process.pid, seconds)
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            selector.register(self._requests, selectors.EVENT_WRITE)
            while len(answers) < len(requests):
                ready = [key.fd for key, _ in selector.select(_TICK)]
                if self._requests in ready:
                    unsent = self._write(unsent)
                    if not unsent:
                        selector.unregister(self._requests)
                if self._answers in ready:
                    block = os.read(self._answers, _BLOCK)
                    if not block:
                        return answers, self._death()
                    *lines, rest = (rest + block).split(b"\n")
                    answers += lines
                    if lines:
                        patience = _Patience(self._process.pid, seconds)
                if len(rest) > 2 * self._limits.answer_bytes:
                    return answers, self._failure("malformed", f"more than {len(rest)} bytes")
                if patience.is_over():
                    return answers, self._failure("timeout", f"no answer within {seconds} s")
        if len(answers) > len(requests) or rest:
            return [], self._failure("malformed", "more answers than questions")
        return answers, None

    def _write(self, unsent: memoryview) -> memoryview:
        """Send what the pipe takes; nothing is left to send to a dead child."""
        try:
            return unsent[os.write(self._requests, unsent[:_BLOCK]) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:
            return memoryview(b"")

    def _failure(self, kind: Kind, text: str) -> Failure:
        self.kill()
        return Failure(kind, text)

    def _death(self) -> Failure:
        self.kill()
        code = self._process.returncode
        cause = signal.strsignal(-code) if code < 0 else f"exit status {code}"
        return Failure("died", f"the process ended: {cause}")


def _start(folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *_FLAGS, str(_BOOTSTRAP)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_ENVIRONMENT,
        start_new_session=True,  # a process group that can be killed as a whole
    )


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    """Kill a process with all it may have started, and take it off the system's books."""
    assert process.stdin is not None, "a pipe was asked for"
    assert process.stdout is not None, "a pipe was asked for"
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    shutil.rmtree(folder, ignore_errors=True)
