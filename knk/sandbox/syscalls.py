"""The filter of system calls, installed by the worker before it runs model code."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Any, Final

_SET_SECCOMP: Final = 22

# Names, and numbers on x86_64 and aarch64, -1 if there is none. These calls fail with EPERM.
_REFUSED: Final = """
socket 41 198   connect 42 203   bind 49 200   listen 50 201   io_uring_setup 425 425
execve 59 221   execveat 322 281   unshare 272 97   setns 308 268
ptrace 101 117   process_vm_readv 310 270   process_vm_writev 311 271   kcmp 312 272   pidfd_open 434 434
pidfd_getfd 438 438   pidfd_send_signal 424 424   process_madvise 440 440   tkill 200 130   rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240   mount 165 40   umount2 166 39   pivot_root 155 41   chroot 161 51   open_tree 428 428
move_mount 429 429   fsopen 430 430   fsconfig 431 431   fsmount 432 432   fspick 433 433   mount_setattr 442 442
name_to_handle_at 303 264   open_by_handle_at 304 265   bpf 321 280   perf_event_open 298 241   userfaultfd 323 282
add_key 248 217   request_key 249 218   keyctl 250 219   kexec_load 246 104   kexec_file_load 320 294
init_module 175 105   finit_module 313 273   delete_module 176 106   reboot 169 142   swapon 167 224   swapoff 168 225
acct 163 89   settimeofday 164 170   clock_settime 227 112   adjtimex 159 171   clock_adjtime 305 266
sethostname 170 161   setdomainname 171 162   iopl 172 -1   ioperm 173 -1   personality 135 92   syslog 103 116
quotactl 179 60   vhangup 153 58   memfd_create 319 279   memfd_secret 447 447   shmget 29 194   semget 64 190
msgget 68 186   mq_open 240 180   modify_ldt 154 -1   setpriority 141 140   ioprio_set 251 30
"""
_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# Numbers of the calls whose first argument decides.
_CLONE, _CLONE3, _PRLIMIT, _KILLS = (56, 220), (435, 435), (302, 261), ((62, 234), (129, 131))
_FORKS: Final[tuple[tuple[int, ...], ...]] = ((57, 58), ())
_CLONE_THREAD: Final = 0x00010000
_X32: Final = 0x40000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in the kernel's struct seccomp_data
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
Instruction = tuple[int, int, int, int]


def call_libc(name: str, *arguments: Any) -> int:
    """Call a function of the C library.

    Raises:
        OSError: it returned an error.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = int(getattr(libc, name)(*wide))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def filter_of(machine: str, process: int, *, processes: bool = False) -> list[Instruction]:
    """Return the filter of system calls: no network, no other process, no change of the system.

    Args:
        machine: the architecture, as `os.uname` has it.
        process: the process id that may still be sent signals.
        processes: whether the process may fork, and send its children signals.

    Raises:
        OSError: the call numbers of this architecture are not known.
    """
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter of system calls for {machine}")
    column, architecture = _ARCHITECTURES[machine]
    refused = _REFUSED.split()
    numbers = [int(number) for number in refused[1 + column :: 3]]
    single_process = [
        *_only_if(_CLONE[column], _ANY_BIT, _CLONE_THREAD),
        *[step for number in _KILLS[column] for step in _only_if(number, _EQUAL, process)],
        *[step for number in _FORKS[column] for step in _refuse(number)],
    ]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        *([(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)] if machine == "x86_64" else []),
        # Without clone3 the C library makes threads with clone, whose flags can be seen here.
        (_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        *([] if processes else single_process),
        *_only_if(_PRLIMIT[column], _EQUAL, 0),
        *[step for number in numbers if number >= 0 for step in _refuse(number)],
        (_RETURN, 0, 0, _ALLOW),
    ]


def _only_if(number: int, test: int, value: int) -> list[Instruction]:
    """Return steps that allow a call only if a test of its first argument is true."""
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (test, 1, 0, value),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _refuse(number: int) -> list[Instruction]:
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | errno.EPERM)]


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Instruction)))


def filter_calls(*, processes: bool = False) -> None:
    """Filter this process's system calls from now on; see `filter_of`.

    Raises:
        OSError: this system cannot.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "system calls can be filtered on Linux only")
    steps = filter_of(os.uname().machine, os.getpid(), processes=processes)
    array = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), array)
    call_libc("prctl", _SET_SECCOMP, 2, ctypes.byref(program), 0, 0)
