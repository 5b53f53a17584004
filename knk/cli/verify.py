"""`knk verify`: the verdict on an answer."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from knk.cli.input import FILE_NAME, Item, is_file, read_puzzles
from knk.cli.output import print_json, wrap
from knk.errors import KnkError


def verify(
    puzzle: Annotated[str, typer.Argument(metavar="PUZZLE|FILE", help="A puzzle, a file of puzzles, or - for stdin.")],
    completion: Annotated[
        str | None,
        typer.Argument(metavar="COMPLETION|FILE", help="An answer, or a file that holds one (default: stdin)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per verdict, one per line.")] = False,
) -> None:
    """Verify an answer to a puzzle.

    Reads the puzzle as 'knk solve' does. JSON lines may have an answer each, under "completion"; then each line gets a
    verdict.

    Exit status: 0 if every answer is right, 1 if one is wrong, 2 if the input is bad.

    \b
    knk verify puzzle.txt "Ann is a knight and Bob is a knave."
    knk verify puzzle.txt < answer.txt
    knk verify --json answers.jsonl
    """
    from knk.answers.verify import verify as judge

    answer = None if completion is None else _read_completion(completion)
    all_correct = True
    for item, is_only in _marked(read_puzzles(puzzle)):
        _check_completions(item, is_only, answer)
        if item.completion is None and answer is None:
            answer = _read_stdin(puzzle)
        verdict = judge(item.completion if item.completion is not None else answer or "", item.puzzle)
        if as_json:
            print_json({"correct": verdict.correct, "reason": verdict.reason, "claims": dict(verdict.claims)})
        else:
            print(wrap(str(verdict)))
        all_correct = all_correct and bool(verdict)
    if not all_correct:
        raise typer.Exit(1)


def _marked(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Iterate over items, each with whether it is the only one."""
    items = iter(items)
    first_two = list(islice(items, 2))
    for item in chain(first_two, items):
        yield item, len(first_two) == 1


def _check_completions(item: Item, is_only: bool, answer: str | None) -> None:
    """Check that there is at most one answer to a puzzle, and at most one puzzle for an answer."""
    if item.completion is not None and answer is not None:
        raise KnkError(f"{item.position} has its own completion: remove the one on the command line")
    if item.completion is None and not is_only:
        raise KnkError(f'{item.position} has no completion: several puzzles need JSON lines with a "completion" each')


def _read_completion(argument: str) -> str:
    if is_file(argument):
        return Path(argument).read_text(encoding="utf-8-sig")
    if FILE_NAME.fullmatch(argument):
        raise KnkError(f"{argument}: no such file")
    return argument


def _read_stdin(puzzle: str) -> str:
    if puzzle == "-":
        raise KnkError('missing answer: give it after the puzzle, or as "completion" in JSON lines')
    if sys.stdin.isatty():
        raise KnkError("missing answer: give it after the puzzle, as text or a file, or pipe it in")
    return sys.stdin.read()
