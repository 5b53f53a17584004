"""`knk bench score`: the scores of stored completions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from knk.cli.bench.scores import run_table
from knk.cli.options import Groups, Json, Output
from knk.cli.output import print_json

if TYPE_CHECKING:
    from knk.evals.metrics import BenchmarkSummary


def score(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Completions: answers.jsonl, or .jsonl or .parquet rows of a task.")
    ],
    task: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Task of the rows (default: the one whose columns they have)."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Read the benchmark's items from this file instead of from the Hub."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Judge what follows a closed answer too, as rewards do.")
    ] = False,
    output: Output = None,
    groups: Groups = False,
    as_json: Json = False,
) -> None:
    """Score completions that are stored in a file, without asking a model.

    FILE is the answers.jsonl of 'knk bench run' or of 'knk teach', or rows of your own: each with a "completion" (a
    string or a list of messages) and the columns of its task, as 'knk task' writes them. Rows of the same item are its
    samples.

    As in 'knk bench run', the first closed answer counts, whatever follows it, unless --strict is given.

    -o writes the verdict on each completion. Nothing in the folder of a run is changed.

    \b
    knk bench score bench/base/math500/answers.jsonl --data math500.jsonl
    knk bench score answers/answers.jsonl
    knk bench score mine.jsonl --task hendrycks_math -o verdicts.jsonl
    """
    from knk.datasets.files import write
    from knk.evals.metrics import group_summaries, summary
    from knk.evals.stored import score_file

    scored = score_file(file, task, data, strict=strict)
    summaries = [summary(scored.name, [scored.completions])]
    if groups:
        summaries += group_summaries(scored.name, [scored.completions])
    if output is not None:
        write(output, (completion.to_dict() for completion in scored.completions))
    if as_json:
        print_json({"scores": list(map(_to_dict, summaries))})
    else:
        print(run_table(summaries))


def _to_dict(entry: BenchmarkSummary) -> dict[str, Any]:
    metrics = {metric: estimate.to_dict() for metric, estimate in entry.metrics.items()}
    return {"name": entry.name, "undecided": entry.undecided, **metrics}
