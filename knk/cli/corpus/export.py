"""`knk corpus export`: rows in the form that others train on."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer

from knk.cli.options import Executor, Output, Processes, Style
from knk.cli.output import put_rows
from knk.text.styles import ProofStyle

Form = Literal["public", "grpo", "sft"]


def export(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="A corpus, or a file of rows.")],
    to: Annotated[
        Form, typer.Option(help="The columns of the public data, or TRL's prompts, or its prompts and completions.")
    ],
    split: Annotated[str, typer.Option(metavar="NAME", help="The split of a corpus.")] = "train",
    style: Style = "paper",
    proof_style: Annotated[
        ProofStyle, typer.Option(help="For sft, how the proof is told; see 'knk explain'.")
    ] = "long",
    seed: Annotated[int, typer.Option(help="Chooses among the wordings of proofs.")] = 0,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first rows.")] = None,
    processes: Processes = None,
    executor: Executor = "local",
    output: Output = None,
) -> None:
    """Write rows in the form that others train on.

    public has the columns of the public K&K data, which Logic-RL and verl read; grpo has a prompt and what
    knk.rewards looks at; sft has a prompt and a completion that reasons in a checked proof and then answers.

    Exit status: 0 all is well, 2 the input is bad.

    \b
    knk corpus export corpus --to sft -o sft.jsonl
    knk corpus export corpus --to public --split test -o test.parquet
    """
    from knk.tasks.kk import read_rows
    from knk.teacher.export import ExportFormat, export_rows

    rows = islice(read_rows(source, split), limit)
    put_rows(export_rows(rows, ExportFormat(to, style, proof_style, seed, split), processes, executor), output)
