"""What machine this is, in words that name no path and no owner."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any, Final

from knk.parallel.cores import core_count

_ASK: Final = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_MIB: Final = 1 << 20


def hardware() -> dict[str, Any]:
    """Return the machine's kind, processor, cores, bytes of memory, and GPUs.

    >>> sorted(hardware())
    ['cores', 'gpus', 'machine', 'memory_bytes', 'processor']
    """
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": core_count(),
        "memory_bytes": _memory(),
        "gpus": gpus(),
    }


def gpus() -> list[dict[str, Any]]:
    """Return the name and the bytes of memory of each NVIDIA GPU; none where their driver's tool is not there."""
    try:
        told = subprocess.run(_ASK, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = (line.rpartition(",") for line in told.splitlines() if "," in line)
    return [
        {"name": name.strip(), "memory_bytes": int(size) * _MIB} for name, _, size in pairs if size.strip().isdecimal()
    ]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(named, platform.processor())


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
