"""`knk corpus sft`: a teacher's answers as rows for SFT."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from knk.cli.options import Json, OutputFolder, Style, require_output
from knk.cli.output import print_json, progress_bar

Keep = Literal["all", "formatted", "correct"]


def sft(
    answers: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of answers that 'knk teach' wrote.")],
    output: OutputFolder = None,
    keep: Annotated[
        Keep, typer.Option(help="Keep all answers, those in the right format, or of these only the correct ones.")
    ] = "all",
    per_puzzle: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Maximum number of answers per puzzle.")
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Maximum tokens of prompt and completion; needs --tokenizer."),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Tokenizer that counts them: a model's name or folder.")
    ] = None,
    style: Style = "paper",
    as_json: Json = False,
) -> None:
    """Convert a teacher's answers to rows for TRL's SFT trainer.

    Thinking that the server moved out of an answer, and a closing tag at which it stopped, are put back. As in the
    paper, wrong answers are kept unless --keep says otherwise. Answers that were cut off, are empty, do not close their
    thinking, or hold no answer that 'knk verify' can read are always dropped. dropped.jsonl beside the rows lists them,
    each with the reason. Prints how many answers are kept and dropped, the accuracy by number of people and
    by grade, the lengths, and how often answers check a result, backtrack or start again.

    Exit status: 0 success, 2 the input is bad.

    \b
    knk corpus sft answers -o rows
    knk corpus sft answers -o rows --keep correct --per-puzzle 1
    """
    from knk.teacher.sft import Policy, write_sft

    folder = require_output(output)
    policy = Policy(keep, per_puzzle, max_tokens, tokenizer, style)
    with progress_bar(None, "answers") as advance:
        report = write_sft(answers, folder, policy, advance)
    if as_json:
        print_json(report.to_dict())
    else:
        print(report.table())
