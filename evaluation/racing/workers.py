"""A program in a process of its own, bound to some processor cores, that answers on command."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple

PATIENCE: Final = 5.0  # seconds for a process to end once it is told to


class WorkerError(Exception):
    """A worker died, or gave no answer in time; the message is one line."""


class Setting(NamedTuple):
    """What a worker may use of the machine."""

    name: str
    num_cores: int | None = None  # None: all there is, and jax takes the device it likes best
    num_devices: int = 1  # that jax sees; several share the cores

    def apply(self) -> None:
        """Bind this process and set what jax reads when it is imported."""
        os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"  # compiling is measured
        os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "standard"  # peers rely on what jax does
        os.environ["JAX_NUMPY_RANK_PROMOTION"] = "allow"  # when nothing is set
        if self.num_cores is None:
            return
        os.environ["JAX_PLATFORMS"] = "cpu"
        flags = [f"--xla_force_host_platform_device_count={self.num_devices}"]
        if self.num_cores == 1:
            flags += ["--xla_cpu_multi_thread_eigen=false", "intra_op_parallelism_threads=1"]
        os.environ["XLA_FLAGS"] = " ".join(flags)
        if sys.platform == "linux":
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: self.num_cores])


class Worker:
    """A process that answers each order with a value; what it prints goes to a file.

    Args:
        name: what errors call it.
        setting: applied before `make` is called.
        make: called in the new process; returns the function that answers orders.
    """

    def __init__(
        self, name: str, setting: Setting, make: Callable[[], Callable[[Any], Any]]
    ) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would take jax's threads along
        self.name = name
        handle, path = tempfile.mkstemp(prefix="worker-", suffix=".log")
        os.close(handle)
        self._log = Path(path)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, setting, make, path), daemon=True
        )
        self._process.start()
        theirs.close()  # so that its death is seen at this end

    def ask(self, order: Any, limit: float) -> Any:
        """Send an order and wait for the answer; see `send` and `receive`."""
        self.send(order)
        return self.receive(limit)

    def send(self, order: Any) -> None:
        """Send an order.

        Raises:
            WorkerError: the process died, and is gone.
        """
        try:
            self._pipe.send(order)
        except OSError:
            raise self._death() from None

    def receive(self, limit: float) -> Any:
        """Wait for the answer to the last order, `limit` seconds at most.

        Raises:
            WorkerError: the process died or took longer, and is gone.
        """
        try:
            if self._pipe.poll(limit):
                return self._pipe.recv()
        except (EOFError, OSError):
            raise self._death() from None
        self.close()
        raise WorkerError(f"{self.name} gave no answer within {limit:g} s")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join(PATIENCE)
        self._pipe.close()
        self._log.unlink(missing_ok=True)

    def _death(self) -> WorkerError:
        self._process.join(PATIENCE)
        status, said = self._process.exitcode, self._last_line()
        self.close()
        return WorkerError(f"{self.name} died (exit status {status}): {said}")

    def _last_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _serve(
    pipe: Connection, setting: Setting, make: Callable[[], Callable[[Any], Any]], log: str
) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(handle, stream)
    setting.apply()
    answer = make()
    while True:
        try:
            order = pipe.recv()
        except EOFError:
            return  # the other end has gone
        pipe.send(answer(order))
