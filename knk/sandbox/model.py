"""What a sandboxed run is given and what it returns, and the levels of isolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Isolation = Literal["namespaces", "bubblewrap", "none"]
Ending = Literal[
    "done",  # every call returned or raised
    "stopped",  # `on_output` returned False
    "not loaded",  # the code does not compile, fails on import, or does not define the function
    "timed out",  # one call, or all calls together, took too long
    "died",  # the process ended early, by itself or at a limit
    "too much output",  # an output is longer than allowed
    "garbled",  # the output does not follow the worker's protocol
]


@dataclass(frozen=True)
class Level:
    """A level of isolation.

    Args:
        isolation: "namespaces": own users, mounts, processes, network and messages, and a root that contains nothing
            but Python's files; "bubblewrap": the same by the program of that name; "none": neither.
        seccomp: whether system calls for network, processes and system set-up are refused.
        landlock: whether other files cannot be opened; used where `isolation` is "none".
        own_user: whether the code runs as a user that nobody else is, which takes root.
        memory: whether memory is limited.

    >>> Level("namespaces", seccomp=True).full, str(Level("none", seccomp=True))
    (True, 'seccomp, memory limit; open: files of this user, other processes seen')
    """

    isolation: Isolation
    seccomp: bool = False
    landlock: bool = False
    own_user: bool = False
    memory: bool = True

    @property
    def full(self) -> bool:
        """Whether nothing in `open` remains."""
        return not self.open

    @property
    def open(self) -> tuple[str, ...]:
        """What the code can still reach, in words."""
        isolated = self.isolation != "none"
        files = "files that all may read" if self.own_user else "files of this user"
        holes = {
            files: not isolated and not self.landlock,
            "network": not isolated and not self.seccomp,
            "other processes": not isolated and not self.seccomp,
            "other processes seen": not isolated and self.seccomp,
            "calls to the system": isolated and not self.seccomp,
            "memory": not self.memory,
        }
        return tuple(hole for hole, is_open in holes.items() if is_open)

    def __str__(self) -> str:
        parts = {
            self.isolation: self.isolation != "none",
            "seccomp": self.seccomp,
            "landlock": self.landlock,
            "own user": self.own_user,
            "memory limit": self.memory,
        }
        active = ", ".join(part for part, is_active in parts.items() if is_active) or "a fresh process"
        return f"{active}; open: {', '.join(self.open)}" if self.open else active


@dataclass(frozen=True)
class Program:
    """Code that defines a function.

    Args:
        entry_point: the function's name.
        variants: ways to read the code, best first; the first one that compiles and defines the function is run. Each
            is a sequence of source texts, executed one after the other in one module.
    """

    entry_point: str
    variants: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Limits:
    """The resources that a program may use.

    Args:
        call_seconds: processor seconds for one call; the wall-clock limit is a multiple of it.
        total_seconds: processor seconds for all calls.
        memory_bytes: address space.
        output_bytes: length of each output as it is sent: one number, or one for each call.
        scratch_bytes: size of the scratch directory, and of the largest file.
        scratch_files: number of files in the scratch directory.
        open_files: number of open files.
        threads: number of threads.
    """

    call_seconds: float = 2.0
    total_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    output_bytes: int | Sequence[int] = 1 << 20
    scratch_bytes: int = 1 << 24
    scratch_files: int = 256
    open_files: int = 32
    threads: int = 32

    def max_output_bytes(self, call: int) -> int:
        """Return the maximum length of a call's output, by the call's index."""
        return self.output_bytes if isinstance(self.output_bytes, int) else self.output_bytes[call]


@dataclass(frozen=True)
class Output:
    """The result of one call.

    Args:
        kind: a value, an exception, or a value of a type that cannot be sent.
        text: the value as JSON (`knk.sandbox.values` parses it), or the name of the exception or type.
    """

    kind: Literal["value", "exception", "other type"]
    text: bytes


@dataclass(frozen=True)
class Run:
    """The result of a program.

    Args:
        ending: how it ended.
        outputs: the outputs of the calls that were made.
        detail: more about the ending, in one line.
        times: processor seconds of each call if they were measured, as the worker reports them.
    """

    ending: Ending
    outputs: tuple[Output, ...] = ()
    detail: str = ""
    times: tuple[float, ...] = ()


OnOutput = Callable[[int, Output], bool]
"""Called with a call's index and its output; returns False to end the run."""
