"""Programs scored by EvalPlus's own evaluation on HumanEval+, which is kept in by this library's sandbox.

EvalPlus runs model code and is no sandbox, so the whole of it runs in `knk.sandbox.run.run_script`: the system
read-only, no network, one private directory in memory that has the problems and the samples and nothing else,
limits of time and memory. There it has a home and a cache of its own, so that it neither downloads nor leaves anything.

EvalPlus 0.3.1 fails HumanEval/32 whatever comes; `score` counts its right roots (`knk/evals/evalplus_worker.py` says
how), and `Scores.as_shipped` says what it would be without.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFile, BadRow, MissingPackage, SandboxFailed
from knk.parallel.cores import core_count
from knk.sandbox.model import Level, Limits
from knk.sandbox.run import run_script, strongest
from knk.tasks import humaneval_plus
from knk.tasks.format import Completion
from knk.tasks.source import Row, field

PASSED: Final = "pass"
MIN_SECONDS: Final = 4.0
"""EvalPlus's own least time for an input is 1 second by the clock, in which a busy machine fails HumanEval/130."""
_WORKER: Final = Path(__file__).with_name("evalplus_worker.py")
_ROOT: Final = "find_zero"
_NEEDED: Final = ("prompt", "contract", "canonical_solution", "base_input", "plus_input", "atol", "entry_point")
_SAMPLE_SECONDS: Final = 130.0
"""No sample takes longer: EvalPlus allows a minute for the first inputs, and one for the others."""
_OTHER_SECONDS: Final = 600.0
_HARMLESS: Final = {"other processes seen", "calls to the system"}
"""What may be open where EvalPlus is run without having been told to."""

Problems = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Sample:
    """A program that somebody wrote.

    Args:
        task_id: the problem it is for, such as "HumanEval/0".
        solution: its whole source.
    """

    task_id: str
    solution: str


@dataclass(frozen=True)
class Scored:
    """What EvalPlus says of a sample.

    Args:
        task_id: the problem.
        number: which of the problem's samples, from 0.
        base: "pass", "fail" or "timeout" on the inputs of HumanEval.
        plus: the same on those that EvalPlus added.
        failed: the arguments of the first input that failed, as text cut off; "" if it knows of none.
    """

    task_id: str
    number: int
    base: str
    plus: str
    failed: str = ""

    @property
    def correct(self) -> bool:
        """Whether it passes on all inputs, which is what HumanEval+ counts."""
        return self.base == self.plus == PASSED

    def __str__(self) -> str:
        on = f" on ({self.failed})" if self.failed else ""
        return f"base {self.base}, plus {self.plus}{on}"


@dataclass(frozen=True)
class Scores:
    """What EvalPlus says of many samples.

    Args:
        samples: what it says of each, in the order in which they were given.
        reported: the lines it prints at the end.
        version: its version.
        level: the walls it ran behind.
        roots: the problems that ask for a root, where this version fails every right one.
        mended: whether those were counted all the same.
        min_seconds: the least time for an input.
    """

    samples: tuple[Scored, ...]
    reported: tuple[str, ...]
    version: str
    level: Level
    roots: frozenset[str]
    mended: bool
    min_seconds: float = MIN_SECONDS

    @property
    def as_shipped(self) -> int:
        """How many samples are correct by this version as it is installed."""
        return sum(scored.correct and scored.task_id not in self.roots for scored in self.samples)


@dataclass(frozen=True)
class Figure:
    """How many samples of some problems are correct.

    Args:
        tasks: how many problems.
        samples: how many samples.
        base: how many pass on the inputs of HumanEval.
        plus: how many pass on all inputs.
        pass_at: by k, the chance that one of k samples passes on all inputs, for each k for which there are samples.
    """

    tasks: int
    samples: int
    base: int
    plus: int
    pass_at: Mapping[int, float]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        rates = {f"pass@{k}": rate for k, rate in self.pass_at.items()}
        return {"tasks": self.tasks, "samples": self.samples, "base": self.base, "plus": self.plus, **rates}


# Files.


def problems_of(data: str | os.PathLike[str]) -> Problems:
    """Return the problems of a file in EvalPlus's format, by their names.

    Args:
        data: the file, such as `HumanEvalPlus.jsonl.gz`.

    Raises:
        BadFile: it is not there, or of another format.
        BadRow: a row is no problem.
    """
    if not Path(data).is_file():
        raise BadFile(f"there is no file {str(data)!r}: EvalPlus's release has HumanEvalPlus.jsonl.gz")
    found = {field(row, "task_id", str): row for row in read(data)}
    for name, row in found.items():
        missing = [one for one in _NEEDED if one not in row]
        if missing:
            raise BadRow(f"{name}: a problem in EvalPlus's format has {', '.join(missing)}")
    return found


def read_samples(path: str | os.PathLike[str], problems: Problems) -> list[Sample]:
    """Return the samples of a file in EvalPlus's format: a "task_id" and a "solution", or the prompt's "completion".

    Args:
        path: a file that ends in `.jsonl`.
        problems: what `problems_of` gave.

    Raises:
        BadFile: it is not there, or of another format.
        BadRow: a row is no sample, or for no problem.
    """
    if not Path(path).is_file():
        raise BadFile(f"there is no file {str(path)!r}")
    return [_sample(row, problems) for row in read(path)]


def _sample(row: Mapping[str, Any], problems: Problems) -> Sample:
    name = field(dict(row), "task_id", str)
    if name not in problems:
        raise BadRow(f"a sample is for {name!r}, which is no problem of this file")
    if "solution" in row:
        return Sample(name, field(dict(row), "solution", str))
    return Sample(name, problems[name]["prompt"] + field(dict(row), "completion", str))


def sample_of(completion: Completion, row: Row) -> Sample:
    """Return the sample that a completion gives which was asked for by the library's own prompt.

    Args:
        completion: what a model wrote.
        row: a row that `knk.tasks.humaneval_plus.rows` gave.

    Raises:
        BadRow: the row is not one of that task.
        TypeError: the completion is neither a string nor messages.
    """
    return Sample(field(row, "task_id", str), humaneval_plus.source_of(completion, row))


def held_out(data: str | os.PathLike[str]) -> frozenset[str]:
    """Return the names of the problems that the library does not train on: of HumanEval+'s 164 those 114.

    Args:
        data: the file.

    Raises:
        BadFile: it has too few problems to have such.
    """
    return frozenset(row["task_id"] for row in humaneval_plus.rows("held-out", data))


# Scores.


def score(
    samples: Sequence[Sample],
    problems: Problems,
    *,
    mended: bool = True,
    parallel: int | None = None,
    min_seconds: float = MIN_SECONDS,
    memory_bytes: int = 4 << 30,
    seconds: float | None = None,
    level: Level | None = None,
    open_walls: bool = False,
) -> Scores:
    """Return what EvalPlus's own evaluation says of samples.

    Args:
        samples: the programs, at least one for each problem.
        problems: what `problems_of` gave, or some of them.
        mended: whether to count right roots, which version 0.3.1 fails (HumanEval/32).
        parallel: how many are run at once; half as many as there are cores if not given, as EvalPlus has it.
        min_seconds: the least time for an input, by the clock.
        memory_bytes: address space for each process.
        seconds: time for all, by the clock; enough for any samples if not given.
        level: the walls, this machine's strongest if not given.
        open_walls: run it although files, network, processes or memory are open to the samples.

    Raises:
        MissingPackage: EvalPlus is not installed.
        BadRow: a sample is for no problem, or a problem has no sample.
        SandboxFailed: the walls leave too much open, or EvalPlus did not come to its end.
    """
    level = _closed(level or strongest(), open_walls)
    _check(samples, problems)
    parallel = parallel or max(1, core_count() // 2)
    limits = Limits(
        total_seconds=seconds or _OTHER_SECONDS + _SAMPLE_SECONDS * math.ceil(len(samples) / parallel),
        memory_bytes=memory_bytes,
        output_bytes=(1 << 16) + (1 << 12) * len(samples),
        scratch_bytes=1 << 29,
        scratch_files=1 << 12,
        open_files=1 << 10,
        threads=64 + 16 * parallel,
    )
    request = {
        "data": _lines(problems.values()),
        "samples": _lines({"task_id": sample.task_id, "solution": sample.solution} for sample in samples),
        "options": {"parallel": parallel, "min_time_limit": min_seconds},
        "memory_bytes": memory_bytes,
        "mend": mended,
    }
    answer = run_script(_WORKER, json.dumps(request), _packages(), limits, level=level)
    return _scores(answer, samples, problems, mended=mended, level=level, min_seconds=min_seconds)


def _closed(level: Level, open_walls: bool) -> Level:
    """Return the walls, if they may do."""
    left = [hole for hole in level.open if hole not in _HARMLESS]
    if left and not open_walls:
        raise SandboxFailed(
            f"EvalPlus is no sandbox, and this machine's walls leave open: {', '.join(left)}; "
            "run it on Linux with user namespaces, bubblewrap or Landlock, or say open_walls"
        )
    return level


def _check(samples: Sequence[Sample], problems: Problems) -> None:
    asked = {sample.task_id for sample in samples}
    for name in sorted(asked - problems.keys()):
        raise BadRow(f"a sample is for {name!r}, which is no problem of this file")
    missing = [name for name in problems if name not in asked]
    if missing or not problems:
        raise BadRow(f"{len(missing)} of {len(problems)} problems have no sample, such as {missing[:1]}")


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _packages() -> list[str]:
    """Return the folders of this environment's packages; EvalPlus is among them, and not imported here."""
    spec = find_spec("evalplus")
    if spec is None or not spec.origin:
        raise MissingPackage('scoring with EvalPlus needs it: pip install "knk[bench]"')
    installed = [path for path in sys.path if path.endswith("-packages") and Path(path).is_dir()]
    return list(dict.fromkeys([*installed, str(Path(spec.origin).parents[1])]))


def _scores(
    answer: bytes, samples: Sequence[Sample], problems: Problems, *, mended: bool, level: Level, min_seconds: float
) -> Scores:
    """Return what the worker told, which a sample may have had a hand in."""
    try:
        told = json.loads(answer)
        found = {name: [_texts(one) for one in told["samples"][name]] for name in problems}
        reported = tuple(map(str, told["lines"]))
        version, defective = str(told["version"]), bool(told["defective"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SandboxFailed("what came back from EvalPlus are no results") from error
    counted = Counter(sample.task_id for sample in samples)
    if any(len(found[name]) != counted[name] for name in problems):
        raise SandboxFailed("what came back from EvalPlus are not the results of all samples")
    numbers: Counter[str] = Counter()
    scored = []
    for sample in samples:
        number = numbers[sample.task_id]
        scored.append(Scored(sample.task_id, number, *found[sample.task_id][number]))
        numbers[sample.task_id] += 1
    roots = frozenset(name for name, row in problems.items() if defective and row["entry_point"] == _ROOT)
    return Scores(tuple(scored), reported, version, level, roots, mended, min_seconds)


def _texts(one: Any) -> tuple[str, str, str]:
    base, plus, failed = map(str, one)
    return base, plus, failed


def figure(scores: Scores, tasks: AbstractSet[str] | None = None) -> Figure:
    """Return how many samples are correct, of all problems or of some.

    Args:
        scores: what `score` gave.
        tasks: the names of the problems; all if not given.

    >>> scored = [Scored("a", 0, "pass", "pass"), Scored("a", 1, "pass", "fail"), Scored("b", 0, "fail", "fail")]
    >>> figure(Scores((*scored, Scored("b", 1, "pass", "pass")), (), "", Level("none"), frozenset(), True)).pass_at
    {1: 0.5}
    >>> figure(Scores(tuple(scored), (), "", Level("none"), frozenset(), True), {"a"}).to_dict()
    {'tasks': 1, 'samples': 2, 'base': 2, 'plus': 1, 'pass@1': 0.5}
    """
    by_task: dict[str, list[Scored]] = defaultdict(list)
    for scored in scores.samples:
        if tasks is None or scored.task_id in tasks:
            by_task[scored.task_id].append(scored)
    chosen = [scored for found in by_task.values() for scored in found]
    fewest = min(map(len, by_task.values()), default=0)
    rates = {k: _mean_pass_at(by_task.values(), k) for k in (1, 10, 100) if k <= fewest}
    base, plus = sum(scored.base == PASSED for scored in chosen), sum(scored.correct for scored in chosen)
    return Figure(len(by_task), len(chosen), base, plus, rates)


def _mean_pass_at(found: Iterable[Sequence[Scored]], k: int) -> float:
    rates = [pass_at(len(one), sum(scored.correct for scored in one), k) for one in found]
    return sum(rates) / len(rates)


def pass_at(samples: int, correct: int, k: int) -> float:
    """Return the chance that of k samples, drawn from so many of which so many are correct, one at least is correct.

    >>> pass_at(4, 1, 1), pass_at(10, 9, 2), pass_at(4, 1, 2)
    (0.25, 1.0, 0.5)
    """
    return 1 - math.comb(samples - correct, k) / math.comb(samples, k)
