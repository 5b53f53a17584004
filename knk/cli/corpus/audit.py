"""`knk corpus audit`: faults, duplicates and leaks of a dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.options import Executor, Json, Processes, Progress
from knk.cli.output import print_json, progress_bar


def audit(
    a: Annotated[str, typer.Argument(metavar="A", help="A dataset: a file, a folder, or a name on the Hub.")],
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="Another dataset, whose rows are searched for in the first.")
    ] = None,
    processes: Processes = None,
    executor: Executor = "local",
    progress: Progress = None,
    as_json: Json = False,
) -> None:
    """Audit a dataset of puzzles, made with knk or not.

    Finds rows that cannot be read, rows whose answer is wrong or not the only one, duplicate rows, and rows of one
    split that also occur in another. Rows are compared at several levels, from the same text to logically equivalent
    under other names. One dataset is compared split by split; two are compared as a whole, as train and test. A dataset
    is a .parquet or .jsonl file, a folder of these, or a name on the Hub.

    Exit status: 0 no problems, 1 problems were found, 2 the input is bad. Trivial statements and the share of knights
    are reported, but are not problems.

    \b
    knk corpus audit corpus
    knk corpus audit train.jsonl test.jsonl --json
    """
    from knk.datasets.audit.run import audit as run_audit

    with progress_bar(None, "rows", progress) as advance:
        result = run_audit(a, b, progress=advance, processes=processes, executor=executor)
    if as_json:
        print_json(result.to_dict())
    else:
        print("\n".join(result.table()))
    if not result.ok:
        raise typer.Exit(1)
