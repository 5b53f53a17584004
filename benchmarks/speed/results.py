"""The results of a run, as a value and as a file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.speed.timing import Measurement
from benchmarks.speed.workloads import KNK, LIMIT
from knk.files import read_json, whole_file

PACKAGES: Final = ("knk", "numpy", "pyarrow", "python-sat", "reasoning-gym", "math-verify")
CPU_INFO: Final = Path("/proc/cpuinfo")


class Spread(NamedTuple):
    """The median, minimum and maximum over the rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Machine:
    """The machine and the software of a run.

    Args:
        cpu: model of the CPU.
        cores: number of cores.
        system: operating system and architecture.
        python: version of Python.
        versions: versions of the measured packages.
        load_average: load average of the minute before the run.
    """

    cpu: str
    cores: int
    system: str
    python: str
    versions: Mapping[str, str]
    load_average: float | None

    def __str__(self) -> str:
        versions = ", ".join(f"{package} {number}" for package, number in self.versions.items())
        load = "" if self.load_average is None else f"; load average before the run {self.load_average:.2f}"
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}; {versions}{load}"


Sides = Mapping[str, Sequence[Measurement]]
"""The measurements of each side, one per round."""


@dataclass(frozen=True)
class Results:
    """The results of a run.

    Args:
        machine: the machine and the software.
        seconds: time of each measurement, and of the warm-up before it.
        rounds: number of rounds.
        rows: number of rows that `knk generate` wrote.
        total_seconds: time of the whole run.
        workloads: the measurements, by names of workloads.
    """

    machine: Machine
    seconds: float
    rounds: int
    rows: int
    total_seconds: float
    workloads: Mapping[str, Sides]

    def to_json(self) -> str:
        """Return the results as JSON, with one measurement per line."""
        header = json.dumps({**asdict(self), "workloads": {}}, indent=1)
        workloads = [
            f"  {json.dumps(name)}: {{\n" + ",\n".join(_side_lines(sides)) + "\n  }"
            for name, sides in self.workloads.items()
        ]
        return header.removesuffix("{}\n}") + "{\n" + ",\n".join(workloads) + "\n }\n}\n"

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Results:
        """Return the results that `to_json` wrote."""
        workloads = {
            name: {side: [Measurement(**row) for row in rounds] for side, rounds in sides.items()}
            for name, sides in fields["workloads"].items()
        }
        return cls(**{**fields, "machine": Machine(**fields["machine"]), "workloads": workloads})


def _side_lines(sides: Sides) -> list[str]:
    return [
        f"   {json.dumps(side)}: [\n" + ",\n".join(f"    {json.dumps(_rounded(row))}" for row in rounds) + "\n   ]"
        for side, rounds in sides.items()
    ]


def _rounded(measurement: Measurement) -> dict[str, float]:
    return {name: float(f"{value:.5g}") for name, value in asdict(measurement).items()}


def read(path: Path) -> Results:
    """Return the results in a file."""
    return Results.from_dict(read_json(path))


def write(path: Path, results: Results) -> None:
    """Write results to a file, whole or not at all."""
    with whole_file(path) as file:
        file.write(results.to_json().encode())


def spread(values: Sequence[float]) -> Spread:
    """Return the median, minimum and maximum.

    >>> spread([3, 1, 2])
    Spread(median=2, low=1, high=3)
    """
    return Spread(median(values), min(values), max(values))


def ratio(sides: Sides, side: str) -> Spread | None:
    """Return the ratio of this library's rate to another side's, by round; None if that side was not measured.

    For the limit it is the ratio of bytes per second.
    """
    if side not in sides:
        return None
    speed: Callable[[Measurement], float] = (lambda row: row.byte_rate) if side == LIMIT else (lambda row: row.rate)
    return spread([speed(ours) / speed(other) for ours, other in zip(sides[KNK], sides[side], strict=True)])


def this_machine() -> Machine:
    """Return the machine and the software of this process."""
    load_average = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    system = f"{platform.system()} {platform.machine()}"
    return Machine(_cpu(), os.cpu_count() or 1, system, platform.python_version(), _versions(), load_average)


def _cpu() -> str:
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines() if CPU_INFO.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown CPU")


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
