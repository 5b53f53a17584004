"""Check that lm-eval scores a study's completions as the study does: `python -m recipes.laptop.parity STUDY`.

Every file of samples in the folder is scored by lm-eval with the task files in `lm_eval/`, and compared by item and
metric.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.evals.lm_eval.evaluate import evaluate

TASK_FILES: Final = Path(__file__).parent / "lm_eval"
_COLUMNS: Final = {"accuracy": "correct", "answered": "answered", "format": "format"}


def differences(path: Path) -> tuple[int, list[str]]:
    """Return the number of completions of a file, and the items that the two score differently.

    Args:
        path: a file that `recipes.laptop.evaluate.write_samples` wrote.

    Raises:
        MissingPackage: lm-eval is not installed.
    """
    rows = {f"{row['task']} {row['item']}": row for row in read(path)}
    tasks = list(dict.fromkeys(row["task"] for row in rows.values()))
    output = evaluate(
        [f"laptop_{task}" for task in tasks],
        {name: [row["completion"]] for name, row in rows.items()},
        include=TASK_FILES,
        include_defaults=False,
    )
    samples = [sample for task_samples in output["samples"].values() for sample in task_samples]
    return len(samples), [sample["doc"]["id"] for sample in samples if _differs(sample, rows[sample["doc"]["id"]])]


def _differs(sample: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return sample["doc"]["question"] != row["question"] or any(
        sample[metric] != float(row[column]) for metric, column in _COLUMNS.items()
    )


def main(study: Path) -> int:
    """Compare all samples of a study, print one line per file, and return the exit status."""
    compared = {path: differences(path) for path in sorted(study.glob("*/samples/*.jsonl"))}
    for path, (count, differing) in compared.items():
        print(f"{path.relative_to(study)}: {count:,} completions, {len(differing)} scored differently")
    print(f"{sum(count for count, _ in compared.values()):,} completions in total")
    return int(not compared or any(differing for _, differing in compared.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
