"""Score a benchmark run's HumanEval+ programs again by EvalPlus, and find where the library's verifier disagrees."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from knk.errors import MissingPackage
from knk.evals.evalplus.compare import Disagreement, compare
from knk.evals.evalplus.evaluate import evaluate
from knk.evals.evalplus.pass_rates import pass_rates
from knk.evals.evalplus.samples import held_out_tasks, read_problems, sample_of
from knk.evals.scoring import stored_completions
from knk.files import whole_file
from knk.tasks.source import Row

EVALPLUS_FILE: Final = "evalplus.json"


def require_evalplus() -> None:
    """Check that EvalPlus is installed, without importing it.

    Raises:
        MissingPackage: it is not installed.
    """
    if find_spec("evalplus") is None:
        raise MissingPackage("EvalPlus is not installed: pip install '.[bench]'")


def crosscheck_evalplus(folder: Path, rows: Sequence[Row], data: str | os.PathLike[str]) -> list[Disagreement]:
    """Have EvalPlus score a run's programs, write `evalplus.json`, and return where the verifier disagrees.

    Args:
        folder: the folder of the run's HumanEval+ completions.
        rows: the items that were asked.
        data: the file of EvalPlus's release that the items are from.

    Raises:
        MissingPackage: EvalPlus is not installed.
        SandboxFailed: this machine's sandbox leaves too much open, or EvalPlus did not finish.
    """
    rows_by_id = {row["id"]: row for row in rows}
    records = sorted(stored_completions(folder), key=lambda record: (str(record["id"]), int(record["sample"])))
    samples = [sample_of(record["completion"], rows_by_id[record["id"]]) for record in records]
    tasks = {sample.task_id for sample in samples}
    problems = {name: problem for name, problem in read_problems(data).items() if name in tasks}
    results = evaluate(samples, problems)
    disagreements = compare(results, samples, data)
    report = {
        "evalplus": results.version,
        "sandbox": str(results.level),
        "as_shipped": results.as_shipped,
        "all": pass_rates(results.samples).to_dict(),
        "held_out": pass_rates(results.samples, held_out_tasks(data) & tasks).to_dict(),
        "samples": [dict(vars(result)) for result in results.samples],
        "disagreements": [disagreement.to_dict() for disagreement in disagreements],
    }
    with whole_file(folder / EVALPLUS_FILE) as file:
        file.write(json.dumps(report, indent=1).encode() + b"\n")
    return disagreements
