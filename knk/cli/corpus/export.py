"""`knk corpus export`: rows in the formats that trainers read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer

from knk.cli.options import Executor, Output, Processes, Style
from knk.cli.output import write_rows
from knk.text.styles import ProofStyle

Format = Literal["public", "grpo", "sft"]


def export(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="A corpus, or a file of rows.")],
    to: Annotated[Format, typer.Option(help="Format to export to; see above.")],
    split: Annotated[str, typer.Option(metavar="NAME", help="Split of the corpus.")] = "train",
    style: Style = "paper",
    proof_style: Annotated[ProofStyle, typer.Option(help="sft: style of the proofs; see 'knk explain'.")] = "long",
    seed: Annotated[int, typer.Option(metavar="N", help="sft: random seed; varies the wording of proofs.")] = 0,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Export only the first N rows.")] = None,
    processes: Processes = None,
    executor: Executor = "local",
    output: Output = None,
) -> None:
    """Export rows in the formats that trainers read.

    'public' has the columns of the public K&K data, which Logic-RL and verl read. 'grpo' has a prompt and the columns
    that knk.rewards reads, for TRL's GRPO trainer. 'sft' has a prompt and a completion, for TRL's SFT trainer: a
    checked proof as the reasoning, then the answer.

    Exit status: 0 success, 2 the input is bad.

    \b
    knk corpus export corpus --to sft -o sft.jsonl
    knk corpus export corpus --to public --split test -o test.parquet
    """
    from knk.tasks.kk import read_rows
    from knk.teacher.export import ExportFormat, export_rows

    rows = islice(read_rows(source, split), limit)
    write_rows(export_rows(rows, ExportFormat(to, style, proof_style, seed, split), processes, executor), output)
