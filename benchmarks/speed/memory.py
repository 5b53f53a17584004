"""The memory of a process with its descendants, from /proc."""

from __future__ import annotations

from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants in bytes; 0 where there is no /proc."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
            total += int(fields["VmRSS"].split()[0]) * 1024 if is_descendant(int(fields["Pid"]), pid) else 0
        except (OSError, KeyError):  # The process has ended, or is a kernel thread.
            continue
    return total


def is_descendant(pid: int, ancestor: int) -> bool:
    """Whether a process is the other one or descends from it."""
    while pid > 1 and pid != ancestor:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == ancestor
