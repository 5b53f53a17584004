r"""Any task for verl: a Parquet file of prompts, and the reward functions for replies to them.

```
custom_reward_function.path=pkg://knk.integrations.verl custom_reward_function.name=compute_score
```

(in newer releases of verl under `reward.`; older ones need this file's path in place of `pkg://`).

| column | content |
|---|---|
| `data_source` | `knk/` and the task's name |
| `prompt` | the prompt as messages, in the style "chat" |
| `ability` | the task's name |
| `reward_model` | `style` "rule", and as `ground_truth` the columns that the verifier reads, in JSON |
| `extra_info` | the row's `index`, `split` and `id` |

Other reward functions read the columns of the public K&K data, which `knk.teacher.export` writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from knk.datasets import files
from knk.errors import BadRow, BadTask
from knk.files import json_object
from knk.integrations.common import rows_of, score_of, verdict_of, verifier_columns
from knk.tasks import load
from knk.tasks.format import has_format
from knk.tasks.source import Row

_DATA_SOURCE: Final = "knk/"


def write(
    path: str | os.PathLike[str],
    name: str = "kk",
    split: str = "train",
    data: str | os.PathLike[str] | None = None,
    **options: Any,
) -> int:
    """Write a task's split as verl reads it, whole or not at all, and return the number of rows.

    Args:
        path: the file, ending in `.parquet`, or in `.jsonl`, which verl reads too.
        name: the task, one of `knk.tasks.NAMES`.
        split: "train", "held-out" or "test".
        data: a local file with the published rows, or for puzzles a corpus; generated or from the Hub if not given.
        options: other options of the task; for puzzles `n`, `people`, `grade` and `seed`.

    Raises:
        BadTask: there is no such task, or it has no such option.
        BadFile: there is no such split or file, or the path has another ending.

    >>> import tempfile
    >>> write(f"{tempfile.mkdtemp()}/train.parquet", "kk", "train", n=20, people=3)
    20
    """
    return files.write(path, verl_rows(name, split, rows_of(name, split, data, **options)))


def verl_rows(name: str, split: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Return an iterator over a task's rows with the columns that verl reads.

    Args:
        name: the task.
        split: the split to write into `extra_info`.
        rows: rows that the task's `rows` gave.

    >>> list(next(verl_rows("kk", "train", rows_of("kk", "train", n=1))))
    ['data_source', 'prompt', 'ability', 'reward_model', 'extra_info']
    """
    task = load(name)
    for index, row in enumerate(rows):
        yield {
            "data_source": f"{_DATA_SOURCE}{name}",
            "prompt": task.prompt(row, "chat"),
            "ability": name,
            "reward_model": {"style": "rule", "ground_truth": json.dumps(verifier_columns(name, row))},
            "extra_info": {"index": index, "split": split, "id": row["id"]},
        }


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,  # noqa: ARG001 - the signature of all rewards in verl
    **settings: Any,  # noqa: ARG001 - as above
) -> float:
    """Return 1 if a reply is right, else 0, as the task's `verify` decides.

    Args:
        data_source: the row's `data_source`, which names the task.
        solution_str: what the model wrote.
        ground_truth: the row's `ground_truth`, in JSON.
        extra_info: ignored.
        settings: ignored.

    Raises:
        BadTask: the row was not written by this module.
        BadRow: the ground truth is not one of the task.
        NoVerdict: the verifier could not decide; verl cannot leave a reply without a reward.

    >>> compute_score("knk/kk", "Ann is a knave, Bob is a knight.", '{"puzzle": "Ann,Bob 0:&(-0,-1)"}')
    1.0
    """
    name, row = _task_and_row(data_source, ground_truth)
    return score_of(verdict_of(name, solution_str, row))


def paper_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,  # noqa: ARG001 - the signature of all rewards in verl
    **settings: Any,  # noqa: ARG001 - as above
) -> float:
    """Return a reply's reward in the paper's scheme (see `knk.rewards`): -2 without the format, 2 if it is right.

    Its arguments and errors are those of `compute_score`.

    >>> right, truth = "Ann lies.</think><answer>Ann: knave, Bob: knight</answer>", '{"puzzle": "Ann,Bob 0:&(-0,-1)"}'
    >>> paper_score("knk/kk", right, truth), paper_score("knk/kk", "Ann: knave, Bob: knight", truth)
    (2.0, -2.0)
    """
    name, row = _task_and_row(data_source, ground_truth)
    verdict = verdict_of(name, solution_str, row)
    reward = load(name).REWARD_SCHEME.reward(verdict, has_format=has_format(solution_str))
    return score_of(verdict) if reward is None else reward


def _task_and_row(data_source: str, ground_truth: str) -> tuple[str, Row]:
    """Return a row's task, and the columns that its verifier reads."""
    if not isinstance(data_source, str) or not data_source.startswith(_DATA_SOURCE):
        raise BadTask(f"unknown data source {data_source!r}: write the file with {__name__}.write")
    if not isinstance(ground_truth, str):
        raise BadRow(f"expected a ground truth as a str of JSON, got {type(ground_truth).__name__}")
    return data_source.removeprefix(_DATA_SOURCE), json_object(ground_truth, "the ground truth")
