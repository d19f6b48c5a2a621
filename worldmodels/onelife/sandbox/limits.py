"""What the process of a law may use, and how it binds itself to that before it sees a law."""

import dataclasses
import resource
import sys
from typing import Final

from worldmodels.onelife.sandbox.syscalls import deny_syscalls

Defence = str  # "resources", "syscalls"

_NUM_STANDARD_FILES: Final = 3  # stdin, stdout, stderr


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds of a sandbox.

    Raises:
        ValueError: one of them is not positive.
    """

    seconds: float = 2.0  # wall-clock time of one answer; 0.8 more if the machine is busy
    start_seconds: float = 30.0  # wall-clock time until a new process answers
    cpu_seconds: int = 600  # of one process; the next one starts afresh
    memory_bytes: int = 256 * 2**20  # address space of the process; Python takes about 17 MiB of it
    answer_bytes: int = 2**18  # of one answer
    recursion: int = 300  # Python frames

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name} is positive, got {getattr(self, field.name)}")


def bind(limits: Limits) -> list[Defence]:
    """Give up, for good, whatever a law does not need. Returns which defences are in force.

    No files can be opened, none can grow, no process can be made, memory and CPU time are
    bounded. On Linux the kernel also refuses every system call that a law does not need, which
    holds for the superuser too. macOS does not bound the address space.
    """
    sys.setrecursionlimit(limits.recursion)
    bounds = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _NUM_STANDARD_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    if sys.platform != "darwin":
        bounds[resource.RLIMIT_AS] = limits.memory_bytes
    for which, bound in bounds.items():
        resource.setrlimit(which, (bound, bound))
    return ["resources", "syscalls"] if deny_syscalls() else ["resources"]
