"""Score samples by EvalPlus's own evaluation of HumanEval+, run in this library's sandbox.

EvalPlus runs model code and is not a sandbox, so all of it runs in `knk.sandbox.run.run_script`: the system is
read-only, there is no network, and the one private directory, in memory, holds the problems and the samples and nothing
else. Time and memory are limited. EvalPlus gets a home and a cache of its own there, so it neither downloads nor leaves
anything.

EvalPlus 0.3.1 fails all answers to HumanEval/32. `evaluate` counts its right roots (`worker.py` describes how), and
`EvalPlusResults.as_shipped` is the number of samples that pass without that.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from knk.errors import BadRow, MissingPackage, SandboxFailed
from knk.evals.evalplus.pass_rates import EvalPlusResults, SampleResult
from knk.evals.evalplus.samples import Problems, Sample
from knk.parallel.cores import core_count
from knk.sandbox.model import Level, Limits
from knk.sandbox.run import run_script, strongest

MIN_SECONDS: Final = 4.0
"""EvalPlus's own minimum is 1 second of wall time for an input, in which HumanEval/130 fails on a busy machine."""
_WORKER: Final = Path(__file__).with_name("worker.py")
_ROOT_FUNCTION: Final = "find_zero"
_SAMPLE_SECONDS: Final = 130.0
"""No sample takes longer: EvalPlus allows a minute for the inputs of HumanEval, and one for the others."""
_OVERHEAD_SECONDS: Final = 600.0
_ACCEPTABLE_HOLES: Final = {"other processes seen", "calls to the system"}
"""Holes in the sandbox with which EvalPlus runs without `allow_weak_isolation`."""


def evaluate(
    samples: Sequence[Sample],
    problems: Problems,
    *,
    count_roots: bool = True,
    parallel: int | None = None,
    min_seconds: float = MIN_SECONDS,
    memory_bytes: int = 4 << 30,
    seconds: float | None = None,
    level: Level | None = None,
    allow_weak_isolation: bool = False,
) -> EvalPlusResults:
    """Return EvalPlus's results for samples.

    Args:
        samples: the samples, at least one for each problem.
        problems: the problems, from `read_problems`.
        count_roots: whether to count right roots, which version 0.3.1 fails (HumanEval/32).
        parallel: the number of samples run at once; half the number of cores if not given, as in EvalPlus.
        min_seconds: the minimum time limit for an input, in seconds of wall time.
        memory_bytes: the address space of each process.
        seconds: the time limit for all samples, in seconds of wall time; enough for any samples if not given.
        level: the isolation of the sandbox; this machine's strongest if not given.
        allow_weak_isolation: whether to run even if files, network, processes or memory are open to the samples.

    Raises:
        MissingPackage: EvalPlus is not installed.
        BadRow: a sample's problem is unknown, or a problem has no sample.
        SandboxFailed: the sandbox leaves too much open, or EvalPlus did not finish.
    """
    level = require_isolation(level or strongest(), allow_weak_isolation)
    _check_samples(samples, problems)
    parallel = parallel or max(1, core_count() // 2)
    default_seconds = _OVERHEAD_SECONDS + _SAMPLE_SECONDS * math.ceil(len(samples) / parallel)
    limits = _limits(len(samples), parallel, memory_bytes, seconds or default_seconds)
    request = {
        "data": _json_lines(problems.values()),
        "samples": _json_lines({"task_id": sample.task_id, "solution": sample.solution} for sample in samples),
        "options": {"parallel": parallel, "min_time_limit": min_seconds},
        "memory_bytes": memory_bytes,
        "count_roots": count_roots,
    }
    answer = run_script(_WORKER, json.dumps(request), package_folders(), limits, level=level)
    results, reported, version, loses_roots = parse_answer(answer, samples, problems)
    root_tasks = {name for name, row in problems.items() if loses_roots and row["entry_point"] == _ROOT_FUNCTION}
    return EvalPlusResults(results, reported, version, level, frozenset(root_tasks), count_roots, min_seconds)


def _limits(samples: int, parallel: int, memory_bytes: int, seconds: float) -> Limits:
    return Limits(
        total_seconds=seconds,
        memory_bytes=memory_bytes,
        output_bytes=(1 << 16) + (1 << 12) * samples,
        scratch_bytes=1 << 29,
        scratch_files=1 << 12,
        open_files=1 << 10,
        threads=64 + 16 * parallel,
    )


def require_isolation(level: Level, allow_weak_isolation: bool) -> Level:
    """Return the isolation of a sandbox if it is strong enough for EvalPlus.

    Args:
        level: the isolation.
        allow_weak_isolation: whether to accept any.

    Raises:
        SandboxFailed: it leaves too much open.
    """
    holes = [hole for hole in level.open if hole not in _ACCEPTABLE_HOLES]
    if holes and not allow_weak_isolation:
        raise SandboxFailed(
            f"EvalPlus is not a sandbox, and the sandbox of this machine leaves open: {', '.join(holes)}; "
            "run it on Linux with user namespaces, bubblewrap or Landlock, or set allow_weak_isolation"
        )
    return level


def _check_samples(samples: Sequence[Sample], problems: Problems) -> None:
    solved = {sample.task_id for sample in samples}
    for name in sorted(solved - problems.keys()):
        raise BadRow(f"a sample for the unknown problem {name!r}")
    missing = [name for name in problems if name not in solved]
    if missing or not problems:
        raise BadRow(f"{len(missing)} of {len(problems)} problems have no sample, such as {missing[:1]}")


def _json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def package_folders() -> list[str]:
    """Return the package folders of this environment, with EvalPlus among them, without importing it.

    Raises:
        MissingPackage: EvalPlus is not installed.
    """
    spec = find_spec("evalplus")
    if spec is None or not spec.origin:
        raise MissingPackage("EvalPlus is not installed: pip install '.[bench]'")
    installed = [path for path in sys.path if path.endswith("-packages") and Path(path).is_dir()]
    return list(dict.fromkeys([*installed, str(Path(spec.origin).parents[1])]))


def parse_answer(
    answer: bytes, samples: Sequence[Sample], problems: Problems
) -> tuple[tuple[SampleResult, ...], tuple[str, ...], str, bool]:
    """Return the results, EvalPlus's last lines, its version, and whether it fails right roots.

    A sample may have tampered with the worker's answer, so nothing in it is trusted.

    Args:
        answer: the worker's answer.
        samples: the samples.
        problems: their problems.

    Raises:
        SandboxFailed: the answer is not a result for all samples.
    """
    try:
        value = json.loads(answer)
        by_task = {name: [_result_texts(result) for result in value["samples"][name]] for name in problems}
        reported = tuple(map(str, value["lines"]))
        version, loses_roots = str(value["version"]), bool(value["loses_roots"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SandboxFailed("EvalPlus's worker returned no results") from error
    counts = Counter(sample.task_id for sample in samples)
    if any(len(by_task[name]) != counts[name] for name in problems):
        raise SandboxFailed("EvalPlus's worker did not return a result for every sample")
    next_index: Counter[str] = Counter()
    results = []
    for sample in samples:
        index = next_index[sample.task_id]
        results.append(SampleResult(sample.task_id, index, *by_task[sample.task_id][index]))
        next_index[sample.task_id] += 1
    return tuple(results), reported, version, loses_roots


def _result_texts(result: Any) -> tuple[str, str, str]:
    base, plus, failed = map(str, result)
    return base, plus, failed
