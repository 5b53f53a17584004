"""What is measured, and with whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.speed import judges, limits, ours, theirs
from benchmarks.speed.timing import Jobs

KNK: Final = "knk"
GYM: Final = "reasoning-gym"
LIMIT: Final = "limit"
SAT: Final = "SAT"
TABLES: Final = 1 << 20
"""More people than any puzzle has: truth tables for all."""


@dataclass(frozen=True)
class At:
    """What a run gives to its works.

    Args:
        seed: of the puzzles, another in each round.
        rows: how many rows the whole command writes; a corpus has a tenth of them.
        folder: where files are written, and left for the next side.
        data: the folder with the published files, if there is one.
    """

    seed: int
    rows: int
    folder: Path
    data: Path | None = None


Side = Callable[[At], Jobs]


@dataclass(frozen=True)
class Work:
    """Something that is measured.

    Args:
        name: what to call it on the command line.
        told: what it is, for a reader.
        sides: who does it and how, this library first; each after the other in every round.
        goal: units a second that are aimed at.
        ahead: how many times reasoning-gym's rate that should be.
        clock: whether its time is the clock's, as other processes do it.
        package: the package it needs.
        file: the published file it needs.
    """

    name: str
    told: str
    sides: Mapping[str, Side]
    goal: float | None = None
    ahead: float | None = None
    clock: bool = False
    package: str = ""
    file: str = ""

    def missing(self, side: str, data: Path | None) -> str:
        """Return what a side lacks to be measured, "" if nothing."""
        package = "reasoning_gym" if side == GYM else self.package
        if package and find_spec(package) is None:
            return f"{package} is not installed"
        if self.file and (data is None or not (data / self.file).is_file()):
            return f"--data has no {self.file}" if data else "--data is not given"
        return ""


def _arrays(people: int, goal: float | None, rival: bool) -> Work:
    sides: dict[str, Side] = {KNK: lambda at: ours.arrays(people, at.seed)}
    if rival:
        sides[GYM] = lambda at: theirs.sampled(people, at.seed)
    sides[LIMIT] = lambda _: limits.copied()
    return Work(f"arrays {people}", f"arrays, {people} people", sides, goal)


def _kept(people: int) -> Work:
    sides: dict[str, Side] = {
        KNK: lambda at: ours.arrays(people, at.seed, duplicates=True),
        LIMIT: lambda _: limits.copied(),
    }
    return Work(f"kept {people}", f"arrays, {people} people, repeats kept", sides)


def _rows(people: int, goal: float, ahead: float | None = None) -> Work:
    sides: dict[str, Side] = {KNK: lambda at: ours.rows(people, at.seed)}
    if ahead:
        sides[GYM] = lambda at: theirs.items(people, at.seed)
    return Work(f"rows {people}", f"rows with English, {people} people", sides, goal, ahead)


def _solve(people: int, goal: float | None, rival: bool) -> Work:
    sides: dict[str, Side] = {KNK: lambda at: ours.solved(people, at.seed)}
    if rival:
        sides[GYM] = lambda at: theirs.solved(people, at.seed)
    return Work(f"solve {people}", f"one solve, {people} people, met first", sides, goal)


def _crossing(people: int) -> Work:
    sides: dict[str, Side] = {
        KNK: lambda at: ours.crossing(people, at.seed, TABLES),
        SAT: lambda at: ours.crossing(people, at.seed, 0),
    }
    return Work(f"crossing {people}", f"{people} people", sides)


def _key(people: int, goal: float | None) -> Work:
    return Work(f"key {people}", f"key, {people} people", {KNK: lambda at: ours.keys(people, at.seed)}, goal)


def _judge(each: int, name: str, told: str) -> Work:
    sides: dict[str, Side] = {KNK: lambda at: ours.judged(each, at.seed), GYM: lambda at: theirs.judged(each, at.seed)}
    return Work(f"verify {name}", f"K&K completions, {told}", sides, 20_000)


def _published(name: str, told: str, jobs: Callable[[Path], Jobs], file: str, goal: float | None, package: str) -> Work:
    def side(at: At) -> Jobs:
        assert at.data
        return jobs(at.data / file)

    return Work(f"verify {name}", f"{told} completions", {KNK: side}, goal, clock=True, package=package, file=file)


WORKS: Final[tuple[Work, ...]] = (
    _arrays(5, 3_000_000, rival=True),
    _kept(5),
    _arrays(8, 1_000_000, rival=True),
    _arrays(12, None, rival=False),
    _rows(5, 150_000, 400),
    _rows(8, 60_000, 1000),
    _rows(12, 5_000),
    _rows(100, 300),
    _rows(500, 20),
    Work(
        "render 5",
        "puzzle to English, 5 people",
        {KNK: lambda at: ours.rendered(5, at.seed), GYM: lambda at: theirs.rendered(5, at.seed)},
    ),
    Work("parse 5", "English to puzzle, 5 people", {KNK: lambda at: ours.parsed(5, at.seed)}),
    _solve(5, None, rival=True),
    _solve(10, None, rival=True),
    _solve(20, 1_000, rival=False),
    _solve(100, None, rival=False),
    _solve(500, 333, rival=False),
    Work("again 5", "one solve, 5 people, met before", {KNK: lambda at: ours.again(5, at.seed)}, 500_000),
    *map(_crossing, (16, 17, 18, 19)),
    _key(5, 100_000),
    _key(8, None),
    Work("trace 5", "proof found, 5 people", {KNK: lambda at: ours.traced(5, at.seed)}),
    Work("check 5", "proof checked, 5 people", {KNK: lambda at: ours.checked(5, at.seed)}),
    Work("explain brief", "proof told, 5 people, `brief`", {KNK: lambda at: ours.explained(5, at.seed, "brief")}),
    Work("explain long", "proof told, 5 people, `long`", {KNK: lambda at: ours.explained(5, at.seed, "long")}),
    _judge(10, "groups", "ten a puzzle"),
    _judge(1, "alone", "one a puzzle"),
    _published("math", "MATH", judges.math, "math500.jsonl.gz", 333, "math_verify"),
    _published("mmlu", "MMLU-Pro", judges.mmlu, "mmlu_pro-test.jsonl.gz", None, ""),
    _published("code", "HumanEval+", judges.code, "HumanEvalPlus.jsonl.gz", None, ""),
    Work(
        "corpus",
        "corpus built, 5 people",
        {
            KNK: lambda at: ours.corpus(at.rows // 10, at.seed, at.folder),
            LIMIT: lambda at: limits.corpus_written(at.folder),
        },
        1e6 / 90,
        clock=True,
    ),
    Work(
        "command",
        "`knk generate` to a file, 5 people",
        {
            KNK: lambda at: ours.command(at.rows, at.seed, at.folder),
            LIMIT: lambda at: limits.command_written(at.folder),
        },
        1e6 / 15,
        clock=True,
    ),
)
