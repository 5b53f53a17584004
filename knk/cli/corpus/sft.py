"""`knk corpus sft`: a teacher's answers as rows for SFT."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from knk.cli.options import Style
from knk.cli.output import bar
from knk.errors import KnkError

Keep = Literal["all", "formatted", "correct"]


def sft(
    answers: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that 'knk teach' wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder for the rows.")
    ] = None,
    keep: Annotated[
        Keep, typer.Option(help="Which answers: all, those with the form, or of these those that are right.")
    ] = "all",
    truncated: Annotated[
        bool, typer.Option("--truncated", help="Keep answers that were cut off at the limit of tokens, too.")
    ] = False,
    per_puzzle: Annotated[int | None, typer.Option(metavar="N", min=1, help="The most answers of one puzzle.")] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="The most tokens of prompt and completion; needs --tokenizer."),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="What counts tokens: a model's name, or a folder.")
    ] = None,
    style: Style = "paper",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
) -> None:
    """Make rows for TRL's SFT of a teacher's answers.

    As in the paper, wrong answers are kept unless --keep says otherwise; what is left out stands with its reason in
    dropped.jsonl beside the rows. Prints what was kept and left out, how many answers are right by number of people
    and by grade, how long the rows are, and how often they check, take back and start again.

    Exit status: 0 all is well, 2 the input is bad.

    \b
    knk corpus sft answers -o rows
    knk corpus sft answers -o rows --keep correct --per-puzzle 1
    """
    import json

    from knk.teacher.sft import Policy, write_sft

    if output is None:
        raise KnkError("there is no folder for the rows: give one after -o")
    policy = Policy(keep, truncated, per_puzzle, max_tokens, tokenizer, style)
    with bar(None, "answers", None) as advance:
        report = write_sft(answers, output, policy, advance)
    print(json.dumps(report.to_dict(), ensure_ascii=False) if as_json else report.table())
