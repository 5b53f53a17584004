"""`knk corpus audit`: what is wrong with a dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from knk.cli.options import Executor, Processes, Progress
from knk.cli.output import bar


def audit(
    a: Annotated[str, typer.Argument(metavar="A", help="A dataset: a file, a folder, or a name on the Hub.")],
    b: Annotated[str | None, typer.Argument(metavar="B", help="Another, whose rows may stand in the first.")] = None,
    processes: Processes = None,
    executor: Executor = "local",
    progress: Progress = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of tables.")] = False,
) -> None:
    """Say what is wrong with a dataset, this library's or another's.

    Looks for rows that cannot be read or whose answer is wrong or not the only one, for rows that are there twice, and
    for rows of one split that stand in another, at each level of sameness from the same text to logically equal under
    other names. One dataset is looked at split by split; two are compared whole, as train and test are. A dataset is
    a .parquet or .jsonl file, a folder of these, or a name on the Hub.

    Exit status: 0 nothing was found, 1 something was, 2 the input is bad. Trivial statements and the share of knights
    are told, and are no fault.

    \b
    knk corpus audit corpus
    knk corpus audit train.jsonl test.jsonl --json
    """
    import json

    from knk.datasets.audit.run import audit as audited

    with bar(None, "rows", progress) as advance:
        found = audited(a, b, progress=advance, processes=processes, executor=executor)
    print(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else "\n".join(found.table()))
    if not found.ok:
        raise typer.Exit(1)
