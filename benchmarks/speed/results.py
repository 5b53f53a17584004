"""What a run found, as one value and one file."""

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

from benchmarks.speed.timing import Measure
from benchmarks.speed.works import KNK, LIMIT
from knk.files import read_json, whole_file

PACKAGES: Final = ("knk", "numpy", "pyarrow", "python-sat", "reasoning-gym", "math-verify")
CPU_INFO: Final = Path("/proc/cpuinfo")


class Spread(NamedTuple):
    """Something measured in every round: the median, and the ends."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Machine:
    """What a run ran on.

    Args:
        cpu: the model of the processor.
        cores: how many it has.
        system: the operating system and the architecture.
        python: the version of Python.
        versions: the versions of the packages that are measured.
        load: the load average of the minute before.
    """

    cpu: str
    cores: int
    system: str
    python: str
    versions: Mapping[str, str]
    load: float | None

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        load = "" if self.load is None else f"; load average before {self.load:.2f}"
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}; {versions}{load}"


Sides = Mapping[str, Sequence[Measure]]
"""For each side what it reached in each round."""


@dataclass(frozen=True)
class Results:
    """What a run found.

    Args:
        machine: what it ran on.
        seconds: how long each measurement took, after as long a warm-up.
        rounds: how often each was made.
        rows: how many rows the whole command wrote.
        took: the seconds of the whole run.
        works: what was measured, by the names of the works.
    """

    machine: Machine
    seconds: float
    rounds: int
    rows: int
    took: float
    works: Mapping[str, Sides]

    def to_json(self) -> str:
        """Return the results as JSON, a measurement a line."""
        content = {**asdict(self), "works": {}}
        lines = [
            f"  {json.dumps(work)}: {{\n" + ",\n".join(_side_lines(sides)) + "\n  }"
            for work, sides in self.works.items()
        ]
        return json.dumps(content, indent=1).removesuffix("{}\n}") + "{\n" + ",\n".join(lines) + "\n }\n}\n"

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Results:
        """Return the results that `to_json` wrote."""
        works = {
            work: {side: [Measure(**one) for one in measures] for side, measures in sides.items()}
            for work, sides in content["works"].items()
        }
        return cls(**{**content, "machine": Machine(**content["machine"]), "works": works})


def _side_lines(sides: Sides) -> list[str]:
    return [
        f"   {json.dumps(side)}: [\n"
        + ",\n".join(
            f"    {json.dumps({name: _short(value) for name, value in asdict(one).items()})}" for one in rounds
        )
        + "\n   ]"
        for side, rounds in sides.items()
    ]


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def read(path: Path) -> Results:
    """Return the results in a file."""
    return Results.from_dict(read_json(path))


def write(path: Path, results: Results) -> None:
    """Write results to a file, whole or not at all."""
    with whole_file(path) as file:
        file.write(results.to_json().encode())


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the ends of some values.

    >>> spread([3, 1, 2])
    Spread(median=2, low=1, high=3)
    """
    return Spread(median(values), min(values), max(values))


def ratio(sides: Sides, side: str) -> Spread | None:
    """Return this library's rate over another's, round by round; over a limit it is that of the bytes."""
    if side not in sides:
        return None
    speed: Callable[[Measure], float] = (lambda one: one.flow) if side == LIMIT else (lambda one: one.rate)
    return spread([speed(ours) / speed(other) for ours, other in zip(sides[KNK], sides[side], strict=True)])


def this_machine() -> Machine:
    """Return what this process runs on."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    system = f"{platform.system()} {platform.machine()}"
    return Machine(_cpu(), os.cpu_count() or 1, system, platform.python_version(), _versions(), load)


def _cpu() -> str:
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines() if CPU_INFO.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown processor")


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
