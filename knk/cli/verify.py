"""`knk verify`: a verdict on an answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from knk.cli.input import FILE_NAME, is_file, items
from knk.cli.output import wrapped
from knk.errors import KnkError


def verify(
    puzzle: Annotated[str, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; - is a pipe.")],
    completion: Annotated[
        str | None,
        typer.Argument(metavar="COMPLETION|FILE", help="The answer itself or a file; a pipe if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each verdict, one a line.")] = False,
) -> None:
    """Say whether a completion gives the puzzle's solution.

    The puzzle is read as 'knk solve' reads it. JSON lines may hold an object for each answer, with the answer under
    "completion": then each line gets its verdict.

    Exit status: 0 if the answer (each answer) is right, 1 if it is wrong, 2 if the input is bad.

    \b
    knk verify puzzle.txt "Ann is a knight and Bob is a knave."
    knk verify puzzle.txt < answer.txt
    knk verify --json answers.jsonl
    """
    import json

    from knk.answers.verify import verify as judge

    answer = None if completion is None else _completion(completion)
    right = True
    for number, item in enumerate(items(puzzle)):
        if item.completion is not None and answer is not None:
            raise KnkError(f"{item.place} has a completion of its own; leave out the one on the command line")
        if item.completion is None and number:
            raise KnkError(f"{item.place} has no completion of its own, and one answer is for one puzzle")
        if item.completion is None and answer is None:
            answer = _piped_completion(puzzle)
        verdict = judge(item.completion if item.completion is not None else answer or "", item.puzzle)
        claims = dict(verdict.claims)
        told = {"correct": verdict.correct, "reason": verdict.reason, "claims": claims}
        print(json.dumps(told, ensure_ascii=False) if as_json else wrapped(str(verdict)))
        right = right and bool(verdict)
    if not right:
        raise typer.Exit(1)


def _completion(argument: str) -> str:
    if is_file(argument):
        return Path(argument).read_text(encoding="utf-8-sig")
    if FILE_NAME.fullmatch(argument):
        raise KnkError(f"there is no file {argument!r}")
    return argument


def _piped_completion(puzzle: str) -> str:
    if puzzle == "-":
        raise KnkError('a puzzle from a pipe needs its answer on the command line, or under "completion" in JSON lines')
    if sys.stdin.isatty():
        raise KnkError("there is no answer to verify: give it after the puzzle, as a file, or through a pipe")
    return sys.stdin.read()
