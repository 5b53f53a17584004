"""`knk bench tasks`: the task files for lm-eval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from knk.cli.options import require_output
from knk.errors import KnkError


def tasks(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write task files to, with --data.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK=FILE", help="minerva_math500 or mmlu_pro, and a file with its rows (repeatable)."),
    ] = None,
) -> None:
    """Print the folder of the task files for lm-eval.

    'lm_eval run --include_path' takes this folder.

    With --data, write task files with which lm-eval runs its own MATH-500 or MMLU-Pro on local files, for machines
    without a network: 'minerva_math500_local', 'mmlu_pro_local' and its subjects, otherwise unchanged.

    \b
    lm_eval run --include_path "$(knk bench tasks)" --tasks knk --model hf --model_args pretrained=models/warmed
    knk bench tasks -o local --data minerva_math500=math500.jsonl
    """
    from knk.evals.lm_eval.local_tasks import write_local_tasks
    from knk.evals.lm_eval.tasks import include_path

    if not data:
        print(include_path())
        return
    folder = require_output(output)
    files = {}
    for text in data:
        name, _, path = text.partition("=")
        if not Path(path).is_file():
            raise KnkError(f"--data: expected a task and an existing file such as mmlu_pro=test.jsonl, got {text!r}")
        files[name] = path
    for name in write_local_tasks(folder, files):
        print(name)
