"""GPUs: the kinds that can be planned for, and those of this machine; and the machine's hardware, without its name."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig
from knk.parallel.cores import core_count
from knk.yaml_config import suggestion

GIB: Final = 1 << 30
_MIB: Final = 1 << 20
_MAX_GPUS: Final = 1024
_QUERY: Final = ("nvidia-smi", "--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU.

    Args:
        name: its name.
        memory: bytes of memory.
        flops: dense bfloat16 peak, in operations per second.
        bandwidth: bytes of memory read per second.
    """

    name: str
    memory: float
    flops: float
    bandwidth: float


def _gpu(name: str, gib: float, teraflops: float, gigabytes_per_second: float) -> Gpu:
    return Gpu(name, gib * GIB, teraflops * 1e12, gigabytes_per_second * 1e9)


GPUS: Final[Mapping[str, Gpu]] = {
    gpu.name: gpu
    for gpu in (
        _gpu("B200", 180, 2250, 8000),
        _gpu("H200", 140, 989, 4800),
        _gpu("H100", 79, 989, 3350),
        _gpu("A100-80", 79, 312, 2039),
        _gpu("A100-40", 39.5, 312, 1555),
        _gpu("L40S", 45, 362, 864),
        _gpu("A6000", 47.5, 155, 768),
        _gpu("RTX5090", 31.5, 209, 1792),
        _gpu("RTX4090", 23.5, 165, 1008),
        _gpu("RTX3090", 23.7, 71, 936),
        _gpu("A10G", 22.5, 70, 600),
        _gpu("L4", 22.5, 121, 300),
    )
}
"""GPUs by name, with the memory that a program can use; the other figures are those of the makers' data sheets."""


def parse_gpus(text: str) -> tuple[int, Gpu]:
    """Return the number and the kind of GPUs in a text such as `4xH100`.

    Args:
        text: a kind, after a number and `x` if there are several.

    Raises:
        BadConfig: the kind or the number is invalid.

    >>> number, gpu = parse_gpus("4xH100")
    >>> number, gpu.name
    (4, 'H100')
    """
    match = re.fullmatch(r"(?:(\d{1,4})x)?([\w-]{1,20})", text.strip())
    kinds = {name.lower(): gpu for name, gpu in GPUS.items()} | {"a100": GPUS["A100-80"]}
    if not match or match[2].lower() not in kinds or not 1 <= int(match[1] or 1) <= _MAX_GPUS:
        nearest = suggestion((match[2] if match else text)[:40].upper(), GPUS)
        raise BadConfig(f"expected GPUs such as 4xH100, of the kinds {', '.join(GPUS)}, got {text[:40]!r}{nearest}")
    return int(match[1] or 1), kinds[match[2].lower()]


def local_gpus(installed: Sequence[Mapping[str, Any]] | None = None) -> tuple[int, Gpu]:
    """Return the number and the kind of this machine's GPUs; an unknown kind is assumed to be as fast as an H100.

    Args:
        installed: the GPUs, as `installed_gpus` returns them; this machine's if None.

    Raises:
        BadConfig: this machine has none.
    """
    installed = installed_gpus() if installed is None else installed
    if not installed:
        raise BadConfig("this machine has no NVIDIA GPU: name the GPUs, such as --gpus 4xH100")
    smallest = min(installed, key=lambda gpu: float(gpu["memory_bytes"]))
    words = re.findall(r"[a-z0-9]+", smallest["name"].lower())
    candidates = {*words, *(first + second for first, second in pairwise(words))}
    kind = next((gpu for name, gpu in GPUS.items() if name.split("-")[0].lower() in candidates), None)
    name = smallest["name"] if kind else f"{smallest['name']}, assumed to be as fast as an H100"
    return len(installed), replace(kind or GPUS["H100"], name=name, memory=float(smallest["memory_bytes"]))


def hardware() -> dict[str, Any]:
    """Return the machine type, processor, cores, bytes of memory, and GPUs.

    >>> sorted(hardware())
    ['cores', 'gpus', 'machine', 'memory_bytes', 'processor']
    """
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": core_count(),
        "memory_bytes": _memory(),
        "gpus": installed_gpus(),
    }


def installed_gpus() -> list[dict[str, Any]]:
    """Return the name and the bytes of memory of each NVIDIA GPU that programs here may use.

    These are the GPUs in `CUDA_VISIBLE_DEVICES`, all if it is not set, and none if `nvidia-smi` is not installed.
    """
    try:
        output = subprocess.run(_QUERY, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return visible_gpus(output, os.environ.get("CUDA_VISIBLE_DEVICES"))


def visible_gpus(query: str, devices: str | None) -> list[dict[str, Any]]:
    """Return the name and the bytes of memory of the GPUs that a program can use.

    CUDA reads the list up to the first entry that is no GPU:
    https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables

    Args:
        query: what `nvidia-smi` prints: index, identity, name and MiB of memory of one GPU a line.
        devices: the value of `CUDA_VISIBLE_DEVICES`: indices, or identities or their beginnings; all GPUs if None.

    >>> query = "0, GPU-8f, NVIDIA L4, 23034\\n1, GPU-3c, NVIDIA H100, 81559\\n"
    >>> [gpu["name"] for gpu in visible_gpus(query, "1,0")], visible_gpus(query, "")
    (['NVIDIA H100', 'NVIDIA L4'], [])
    """
    rows = [[field.strip() for field in line.split(",")] for line in query.splitlines()]
    known = [
        (row[0], row[1], ", ".join(row[2:-1]), int(row[-1])) for row in rows if len(row) > 3 and row[-1].isdecimal()
    ]
    chosen = known
    if devices is not None:
        chosen = []
        for device in (text.strip() for text in devices.split(",")):
            matches = [gpu for gpu in known if device == gpu[0] or (device[:4] == "GPU-" and gpu[1].startswith(device))]
            if len(matches) != 1:
                break
            chosen += matches
    return [{"name": name, "memory_bytes": size * _MIB} for _, _, name, size in chosen]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, platform.processor())


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
