"""Whether lm-eval scores a study's completions as the study does: `python -m recipes.laptop.parity RUN`.

Every file of samples in the folder is put through lm-eval's task files in `lm_eval/`, item by item, metric by metric.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.evals.lm_eval.evaluate import evaluate

TASKS: Final = Path(__file__).parent / "lm_eval"
_COLUMNS: Final = {"accuracy": "correct", "answered": "answered", "format": "format"}


def differences(path: Path) -> tuple[int, list[str]]:
    """Return how many completions of a file were scored by both, and the items that got other scores.

    Args:
        path: a file that `recipes.laptop.evaluate.sample` wrote.

    Raises:
        MissingPackage: lm-eval is not installed.
    """
    rows = {f"{row['task']} {row['item']}": row for row in read(path) if not row["forced"]}
    tasks = list(dict.fromkeys(row["task"] for row in rows.values()))
    told = evaluate(
        [f"laptop_{task}" for task in tasks],
        {name: [row["completion"]] for name, row in rows.items()},
        include=TASKS,
        include_defaults=False,
    )
    samples = [sample for found in told["samples"].values() for sample in found]
    differing = [sample["doc"]["id"] for sample in samples if _differs(sample, rows[sample["doc"]["id"]])]
    return len(samples), differing


def _differs(sample: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return sample["doc"]["question"] != row["question"] or any(
        sample[metric] != float(row[column]) for metric, column in _COLUMNS.items()
    )


def main(folder: Path) -> int:
    """Compare all samples of a study, print a line a file, and return the exit status."""
    found = {path: differences(path) for path in sorted(folder.glob("seed-*/samples/*.jsonl"))}
    for path, (many, differing) in found.items():
        print(f"{path.relative_to(folder)}: {many:,} completions, {len(differing)} scored otherwise")
    print(f"{sum(many for many, _ in found.values()):,} completions in all")
    return int(not found or any(differing for _, differing in found.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
