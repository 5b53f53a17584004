"""Run EvalPlus inside the sandbox: a script for `knk.sandbox.run.run_script`, never imported.

It calls EvalPlus's own `evaluate` on files that it writes in the private directory. It changes that process as follows:

- A root that passes is counted (`_count_roots`). For HumanEval/32, EvalPlus 0.3.1 continues with the next input before
  it records that this one passed, so that in the end no input has passed; later versions record it first.
- Each process that runs a sample is confined before it starts: a sample that could write into the pipes between
  EvalPlus's processes would stop the whole run. No pipe is left to signal the end of a process, so `_wait` polls.
- The memory limit of a sample is given, because the machine's memory cannot be queried inside the sandbox.
- `datasets` is an empty module: EvalPlus imports it for another benchmark, and it needs devices that do not exist here.
- Results are taken from the call that would write them, not from the file, which a sample could have written.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.popen_fork import Popen
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

_MAX_INPUT: Final = 300
_ROOT_FUNCTION: Final = "find_zero"
"""The function of HumanEval/32."""
_SUCCESS: Final = 0
_POLL_SECONDS: Final = 0.005


def answer(request: bytes, confine: Callable[[], None]) -> str:
    """Return EvalPlus's results for samples, as a line of JSON.

    Args:
        request: a JSON object: "data" and "samples", both JSON lines, "options" for `evaluate`, "memory_bytes" for a
            sample, and "count_roots", whether to count right roots.
        confine: called by each process before it runs a sample.
    """
    options = json.loads(request)
    folder = Path.cwd()
    _set_environment(folder, options["memory_bytes"])
    data, samples = folder / "data.jsonl", folder / "samples.jsonl"
    data.write_text(options["data"], encoding="utf-8")
    samples.write_text(options["samples"], encoding="utf-8")
    os.environ["HUMANEVAL_OVERRIDE_PATH"] = str(data)
    # Imported only now: EvalPlus reads the paths of its data and cache when it is imported.
    import evalplus
    from evalplus import eval as checks
    from evalplus import evaluate as module

    checks.query_maximum_memory_bytes = lambda: options["memory_bytes"]
    loses_roots = _loses_roots(checks)
    _confine_samples(checks, confine)
    if options["count_roots"] and loses_roots:
        _count_roots(checks)
    results: list[dict[str, Any]] = []
    lines: list[str] = []
    module.json = SimpleNamespace(load=json.load, dump=lambda result, _: results.append(result))
    module.cprint = lambda line, _: lines.append(line)
    module.evaluate("humaneval", samples=str(samples), **options["options"])
    if not results:
        raise RuntimeError("EvalPlus returned no results: a sample has written the results file")
    return json.dumps(
        {
            "version": evalplus.__version__,
            "loses_roots": loses_roots,
            "lines": lines,
            "samples": {task: list(map(_summary, samples)) for task, samples in results[0]["eval"].items()},
        }
    )


def _set_environment(folder: Path, memory: int) -> None:
    """Give EvalPlus and its imports a temporary home, and keep them off the network."""
    multiprocessing.set_start_method("fork")
    os.environ |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder), "TMPDIR": str(folder), "HF_HOME": str(folder)}
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    os.environ["EVALPLUS_MAX_MEMORY_BYTES"] = str(memory)
    datasets = ModuleType("datasets")
    datasets.__dict__["load_dataset"] = None
    sys.modules["datasets"] = datasets


def _loses_roots(checks: Any) -> bool:
    """Whether this version of EvalPlus fails a right root."""
    code = "def find_zero(xs): return 0.0"
    status, _ = checks.untrusted_check(
        "humaneval", code, [[[0, 1]]], _ROOT_FUNCTION, [0.0], 1e-4, [0.0], fast_check=True
    )
    return bool(status != checks.PASS)


def _confine_samples(checks: Any, confine: Callable[[], None]) -> None:
    original = checks.unsafe_execute

    def confined(*arguments: Any) -> None:
        confine()
        original(*arguments)

    checks.unsafe_execute = confined
    Popen.wait = _wait  # type: ignore[method-assign]


def _wait(self: Any, timeout: float | None = None) -> int | None:
    """Wait for a process to end, by polling."""
    if timeout is None:
        return self.poll(0)  # type: ignore[no-any-return]
    end = time.monotonic() + timeout
    while self.poll() is None and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return self.returncode  # type: ignore[no-any-return]


def _count_roots(checks: Any) -> None:
    original = checks.unsafe_execute

    def counting(dataset: str, entry_point: str, *others: Any) -> None:
        original(dataset, entry_point, *others)
        status, details, progress = others[-3:]
        # The status is success only if every input passed: the first failure ends the loop.
        if entry_point == _ROOT_FUNCTION and status.value == _SUCCESS and not progress.value:
            details[:] = [True] * len(details)
            progress.value = len(details)

    checks.unsafe_execute = counting


def _summary(result: dict[str, Any]) -> list[Any]:
    """A sample's statuses, and the first input on which it failed."""
    failed = [*result["base_fail_tests"], *result["plus_fail_tests"]]
    return [result["base_status"], result["plus_status"], _shortened(failed[0]) if failed else ""]


def _shortened(arguments: Any) -> str:
    text = ", ".join(map(repr, arguments))
    return text if len(text) <= _MAX_INPUT else text[:_MAX_INPUT] + "..."
