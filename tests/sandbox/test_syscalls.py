"""The filter of system calls, interpreted step by step."""

import errno

import pytest

from knk.sandbox.syscalls import filter_of

ALLOW, REFUSE, NO_SUCH, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def filtered(machine: str, number: int, argument: int = 0, architecture: int | None = None) -> int:
    """The decision of the filter for process 7."""
    return decision(filter_of(machine, 7), machine, number, argument, architecture)


def decision(
    steps: list[tuple[int, int, int, int]],
    machine: str,
    number: int,
    argument: int = 0,
    architecture: int | None = None,
) -> int:
    """A filter's decision on a call, by an interpreter of its instructions."""
    data = {0: number, 4: MACHINES[machine] if architecture is None else architecture, 16: argument}
    register = index = 0
    while True:
        code, if_true, if_false, operand = steps[index]
        index += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            register = data[operand]
        else:
            is_true = {0x15: register == operand, 0x35: register >= operand, 0x45: bool(register & operand)}[code]
            index += if_true if is_true else if_false


def test_forking_can_be_allowed() -> None:
    without_processes, with_processes = filter_of("x86_64", 7), filter_of("x86_64", 7, processes=True)
    assert len(with_processes) < len(without_processes)
    assert [filtered("x86_64", number, argument) for number, argument in ((57, 0), (56, 17))] == [REFUSE] * 2
    assert [decision(with_processes, "x86_64", number, 17) for number in (57, 56, 62)] == [ALLOW] * 3
    assert [decision(with_processes, "x86_64", number) for number in (41, 59, 101)] == [REFUSE] * 3


@pytest.mark.parametrize(
    ("machine", "number", "argument", "expected"),
    [
        ("x86_64", 0, 0, ALLOW),  # read
        ("x86_64", 9, 0, ALLOW),  # mmap
        ("x86_64", 231, 0, ALLOW),  # exit_group
        ("x86_64", 41, 0, REFUSE),  # socket
        ("x86_64", 57, 0, REFUSE),  # fork
        ("x86_64", 59, 0, REFUSE),  # execve
        ("x86_64", 101, 0, REFUSE),  # ptrace
        ("x86_64", 435, 0, NO_SUCH),  # clone3
        ("x86_64", 56, 17, REFUSE),  # clone, a process
        ("x86_64", 56, 0x3D0F00, ALLOW),  # clone, a thread
        ("x86_64", 62, 7, ALLOW),  # kill, itself
        ("x86_64", 62, 8, REFUSE),
        ("x86_64", 62, 0xFFFFFFFF, REFUSE),
        ("x86_64", 234, 7, ALLOW),  # tgkill
        ("x86_64", 302, 0, ALLOW),  # prlimit64, itself
        ("x86_64", 302, 8, REFUSE),
        ("x86_64", 0x40000000 + 41, 0, NO_SUCH),  # socket by its x32 number
        ("aarch64", 63, 0, ALLOW),  # read
        ("aarch64", 198, 0, REFUSE),  # socket
        ("aarch64", 221, 0, REFUSE),  # execve
        ("aarch64", 220, 17, REFUSE),  # clone
        ("aarch64", 220, 0x3D0F00, ALLOW),
        ("aarch64", 129, 8, REFUSE),  # kill
    ],
)
def test_system_calls_are_filtered(machine: str, number: int, argument: int, expected: int) -> None:
    assert filtered(machine, number, argument) == expected


def test_calls_of_another_architecture_kill_the_process() -> None:
    assert filtered("x86_64", 0, architecture=0x40000003) == KILL
    with pytest.raises(OSError, match="riscv64"):
        filter_of("riscv64", 7)
