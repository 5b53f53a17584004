"""The inside of a run of EvalPlus: a script for `knk.sandbox.run.run_script`, never imported.

It calls EvalPlus's own `evaluate` on files that it writes in the private directory. What it changes in that process:

- A root that passes is counted (`_mend`). EvalPlus 0.3.1 leaves the loop's turn for HumanEval/32 before it has noted
  that the input passed, so that in the end no input has; later versions note it first.
- Each process that runs a candidate is confined before it does. One that could write into the pipes between EvalPlus's
  processes would stop the whole run. So there is no pipe left by which to see that it has ended: `_wait` looks.
- The memory a candidate may have is told, as the machine's cannot be looked up from behind the walls.
- `datasets` is an empty stand-in: EvalPlus imports it for another benchmark, and it wants devices that are not there.
- Results are taken from the call that would write them, not from the file, which a candidate could have put there.
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

_LONGEST_INPUT: Final = 300
_ROOT: Final = "find_zero"
"""The function that HumanEval/32 asks for."""
_SUCCESS: Final = 0
_LOOK_SECONDS: Final = 0.005


def answer(request: bytes, confine: Callable[[], None]) -> str:
    """Return what EvalPlus makes of samples, as a line of JSON.

    Args:
        request: a JSON object: "data" and "samples", both JSON lines, "options" for `evaluate`, "memory_bytes" for a
            candidate, and "mend", whether to count roots.
        confine: what each process calls before it runs a candidate.
    """
    asked = json.loads(request)
    room = Path.cwd()
    _settle(room, asked["memory_bytes"])
    data, samples = room / "data.jsonl", room / "samples.jsonl"
    data.write_text(asked["data"], encoding="utf-8")
    samples.write_text(asked["samples"], encoding="utf-8")
    os.environ["HUMANEVAL_OVERRIDE_PATH"] = str(data)
    # Not before: EvalPlus reads where its data and its cache are when it is imported.
    import evalplus
    from evalplus import eval as checks
    from evalplus import evaluate as module

    checks.query_maximum_memory_bytes = lambda: asked["memory_bytes"]
    defective = _loses_roots(checks)
    _confine(checks, confine)
    if asked["mend"] and defective:
        _mend(checks)
    results: list[dict[str, Any]] = []
    lines: list[str] = []
    module.json = SimpleNamespace(load=json.load, dump=lambda result, _: results.append(result))
    module.cprint = lambda line, _: lines.append(line)
    module.evaluate("humaneval", samples=str(samples), **asked["options"])
    if not results:
        raise RuntimeError("EvalPlus gave no results: a sample has put a file in their place")
    return json.dumps(
        {
            "version": evalplus.__version__,
            "defective": defective,
            "lines": lines,
            "samples": {task: list(map(_told, found)) for task, found in results[0]["eval"].items()},
        }
    )


def _settle(room: Path, memory: int) -> None:
    """Give EvalPlus, and all it imports, a home that is gone afterwards, and no way to the network."""
    multiprocessing.set_start_method("fork")
    os.environ |= {"HOME": str(room), "XDG_CACHE_HOME": str(room), "TMPDIR": str(room), "HF_HOME": str(room)}
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    os.environ["EVALPLUS_MAX_MEMORY_BYTES"] = str(memory)
    datasets = ModuleType("datasets")
    datasets.__dict__["load_dataset"] = None
    sys.modules["datasets"] = datasets


def _loses_roots(checks: Any) -> bool:
    """Whether this version fails a right root."""
    code = "def find_zero(xs): return 0.0"
    status, _ = checks.untrusted_check("humaneval", code, [[[0, 1]]], _ROOT, [0.0], 1e-4, [0.0], fast_check=True)
    return bool(status != checks.PASS)


def _confine(checks: Any, confine: Callable[[], None]) -> None:
    original = checks.unsafe_execute

    def confined(*arguments: Any) -> None:
        confine()
        original(*arguments)

    checks.unsafe_execute = confined
    Popen.wait = _wait  # type: ignore[method-assign]


def _wait(self: Any, timeout: float | None = None) -> int | None:
    """Wait for a process to end, by looking whether it has."""
    if timeout is None:
        return self.poll(0)  # type: ignore[no-any-return]
    end = time.monotonic() + timeout
    while self.poll() is None and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
    return self.returncode  # type: ignore[no-any-return]


def _mend(checks: Any) -> None:
    original = checks.unsafe_execute

    def mended(dataset: str, entry_point: str, *others: Any) -> None:
        original(dataset, entry_point, *others)
        status, details, progress = others[-3:]
        # Only if every input passed is this the status; one that does not ends the loop.
        if entry_point == _ROOT and status.value == _SUCCESS and not progress.value:
            details[:] = [True] * len(details)
            progress.value = len(details)

    checks.unsafe_execute = mended


def _told(found: dict[str, Any]) -> list[Any]:
    """Return what is told of a sample: its statuses, and the input on which it failed first."""
    failed = [*found["base_fail_tests"], *found["plus_fail_tests"]]
    return [found["base_status"], found["plus_status"], _short(failed[0]) if failed else ""]


def _short(arguments: Any) -> str:
    text = ", ".join(map(repr, arguments))
    return text if len(text) <= _LONGEST_INPUT else text[:_LONGEST_INPUT] + "..."
