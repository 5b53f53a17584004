r"""Any task for verl: a Parquet file of prompts, and the reward function that judges replies to them.

```
custom_reward_function.path=pkg://knk.integrations.verl custom_reward_function.name=compute_score
```

(in newer releases of verl under `reward.`; older ones want this file's path in place of `pkg://`).

| column | what it holds |
|---|---|
| `data_source` | `knk/` and the task's name |
| `prompt` | the prompt as messages, in the style "chat" |
| `ability` | the task's name |
| `reward_model` | `style` "rule", and as `ground_truth` the columns that the verifier looks at, in JSON |
| `extra_info` | the number of the row, its `split` and its `id` |

The public K&K data's columns, which other reward functions read, are another form: see `knk.teacher.export`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from knk.datasets import files
from knk.errors import BadRow, BadTask
from knk.files import json_object
from knk.integrations.common import looked_at, rows_of, score_of, verdict_of
from knk.tasks import load
from knk.tasks.format import is_formed
from knk.tasks.source import Row

_SOURCE: Final = "knk/"


def write(
    path: str | os.PathLike[str],
    name: str = "kk",
    split: str = "train",
    data: str | os.PathLike[str] | None = None,
    **options: Any,
) -> int:
    """Write a task's split as verl reads it, whole or not at all, and return how many rows there are.

    Args:
        path: the file, ending in `.parquet`; verl reads `.jsonl` too.
        name: the task, one of `knk.tasks.NAMES`.
        split: "train", "held-out" or "test".
        data: a local file with the published rows, or of puzzles a corpus; made to order or from the Hub if not given.
        options: what else the task may be asked for, of puzzles `n`, `people`, `grade` and `seed`.

    Raises:
        BadTask: there is no such task, or it has no such option.
        BadFile: there is no such split or file, or the path ends in something else.

    >>> import tempfile
    >>> write(f"{tempfile.mkdtemp()}/train.parquet", "kk", "train", n=20, people=3)
    20
    """
    return files.write(path, verl_rows(name, split, rows_of(name, split, data, **options)))


def verl_rows(name: str, split: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Return an iterator over a task's rows with the columns that verl reads.

    Args:
        name: the task.
        split: what `extra_info` says is the split.
        rows: rows that the task's `rows` gave.

    >>> list(next(verl_rows("kk", "train", rows_of("kk", "train", n=1))))
    ['data_source', 'prompt', 'ability', 'reward_model', 'extra_info']
    """
    task = load(name)
    for index, row in enumerate(rows):
        yield {
            "data_source": f"{_SOURCE}{name}",
            "prompt": task.prompt(row, "chat"),
            "ability": name,
            "reward_model": {"style": "rule", "ground_truth": json.dumps(looked_at(name, row))},
            "extra_info": {"index": index, "split": split, "id": row["id"]},
        }


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,  # noqa: ARG001 - verl calls all rewards alike
    **settings: Any,  # noqa: ARG001 - the same
) -> float:
    """Return 1 if a reply is right, else 0, as the task's `verify` judges it.

    Args:
        data_source: the row's, which names the task.
        solution_str: what the model wrote.
        ground_truth: the row's, in JSON.
        extra_info: of no use here.
        settings: of no use here.

    Raises:
        BadTask: the row is none that this module wrote.
        BadRow: the ground truth is none of the task.
        NoVerdict: the verifier could not find out; verl has no way to leave a reply without a reward.

    >>> compute_score("knk/kk", "Ann is a knave, Bob is a knight.", '{"puzzle": "Ann,Bob 0:&(-0,-1)"}')
    1.0
    """
    name, row = _judged(data_source, ground_truth)
    return score_of(verdict_of(name, solution_str, row))


def paper_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,  # noqa: ARG001 - verl calls all rewards alike
    **settings: Any,  # noqa: ARG001 - the same
) -> float:
    """Return what a reply is worth in the paper's scheme (see `knk.rewards`): -2 without the form, 2 if it is right.

    Its arguments and errors are those of `compute_score`.

    >>> right, truth = "Ann lies.</think><answer>Ann: knave, Bob: knight</answer>", '{"puzzle": "Ann,Bob 0:&(-0,-1)"}'
    >>> paper_score("knk/kk", right, truth), paper_score("knk/kk", "Ann: knave, Bob: knight", truth)
    (2.0, -2.0)
    """
    name, row = _judged(data_source, ground_truth)
    formed = is_formed(solution_str)
    verdict = verdict_of(name, solution_str, row)
    worth = load(name).SCHEME.worth(verdict, formed)
    return score_of(verdict) if worth is None else worth


def _judged(data_source: str, ground_truth: str) -> tuple[str, Row]:
    """Return the task that a row is of, and the columns that its verifier looks at."""
    if not isinstance(data_source, str) or not data_source.startswith(_SOURCE):
        raise BadTask(
            f"the data source {data_source!r} is none of this library's: write the file with {__name__}.write"
        )
    if not isinstance(ground_truth, str):
        raise BadRow(f"a ground truth is JSON in a string, not {type(ground_truth).__name__}")
    return data_source.removeprefix(_SOURCE), json_object(ground_truth, "the ground truth")
