"""A filter in the Linux kernel: of all system calls only those of memory, pipes and exit.

Source: Documentation/userspace-api/seccomp_filter.rst and include/uapi/linux/{seccomp,filter,
audit,prctl}.h of the Linux kernel; numbers from arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h.
"""

import ctypes
import errno
import platform
import signal
import sys
from typing import Final, NamedTuple

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_KILL: Final = 0x8000_0000
_ERRNO: Final = 0x0005_0000
_ALLOW: Final = 0x7FFF_0000
_LOAD: Final = 0x20  # a word of `struct seccomp_data`
_JUMP_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_OFFSET_OF_NUMBER: Final = 0
_OFFSET_OF_ARCHITECTURE: Final = 4


class Machine(NamedTuple):
    """The numbers of one architecture."""

    audit: int  # how the kernel names it
    allowed: dict[str, int]  # system call -> number


MACHINES: Final = {
    "x86_64": Machine(
        0xC000_003E,
        {
            **{"read": 0, "write": 1, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12},
            **{"rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24},
            **{"mremap": 25, "madvise": 28, "exit": 60, "futex": 202, "restart_syscall": 219},
            **{"clock_gettime": 228, "exit_group": 231, "getrandom": 318},
        },
    ),
    "aarch64": Machine(
        0xC000_00B7,
        {
            **{"read": 63, "write": 64, "exit": 93, "exit_group": 94, "futex": 98},
            **{"clock_gettime": 113, "sched_yield": 124, "restart_syscall": 128},
            **{"rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "brk": 214},
            **{"munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233},
            **{"getrandom": 278},
        },
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def deny_syscalls() -> bool:
    """Make every other system call fail with EPERM from now on, and die with the parent.

    Returns whether the kernel agreed; False off Linux and on other machines than `MACHINES`.
    """
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    steps = _filter(machine)
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    address = ctypes.addressof(program)
    return bool(prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, address, 0, 0) == 0)


def _filter(machine: Machine) -> list[tuple[int, int, int, int]]:
    """The program: (code, jump if true, jump if false, operand) of each step."""
    numbers = machine.allowed.values()
    return [
        (_LOAD, 0, 0, _OFFSET_OF_ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _OFFSET_OF_NUMBER),
        *((_JUMP_IF_EQUAL, len(numbers) - i, 0, number) for i, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
