"""`knk bench tasks`: the task files for lm-eval."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from knk.errors import KnkError


def tasks(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write task files of lm-eval's own.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK=FILE", help="minerva_math500 or mmlu_pro, and a local file with its rows."),
    ] = None,
) -> None:
    """Print where the task files for lm-eval are.

    The folder is what 'lm_eval run --include_path' takes.

    With --data, write task files that ask lm-eval's own MATH-500 or MMLU-Pro from local files, for machines without
    a network: 'minerva_math500_local', 'mmlu_pro_local' and its subjects, as lm-eval has them in all else.

    \b
    lm_eval run --include_path "$(knk bench tasks)" --tasks knk --model hf --model_args pretrained=models/warmed
    knk bench tasks -o local --data minerva_math500=math500.jsonl
    """
    from knk.evals.lm_eval.local_tasks import write_local_tasks
    from knk.evals.lm_eval.tasks import include_path

    if not data:
        print(include_path())
        return
    if output is None:
        raise KnkError("missing --output DIR")
    files = {}
    for one in data:
        name, _, path = one.partition("=")
        if not Path(path).is_file():
            raise KnkError(f"--data is a task and a file, such as mmlu_pro=test.jsonl, not {one!r}")
        files[name] = path
    for name in write_local_tasks(output, files):
        print(name)
