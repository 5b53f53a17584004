"""Puzzles read from the command line, a file or stdin, in any format."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.logic.puzzle import Puzzle

SEPARATOR: Final = "---"
"""The line that separates puzzles in English."""
FILE_NAME: Final = re.compile(r"\S+\.(txt|md|json|jsonl|parquet|csv)$", re.IGNORECASE)
"""Matches what is a file name rather than a puzzle or an answer."""
_PUZZLE_FIELDS: Final = ("puzzle", "text", "quiz")


class Item(NamedTuple):
    """A puzzle that was read.

    Args:
        puzzle: the puzzle.
        position: where it is in the input, for messages: "line 3".
        completion: the answer that came with it, if any.
    """

    puzzle: Puzzle
    position: str
    completion: str | None = None


def read_puzzles(argument: str | None) -> Iterator[Item]:
    """Iterate over the puzzles of an argument, a file or stdin, in any format.

    Args:
        argument: a puzzle, the path of a file, or "-" or None for stdin.

    Raises:
        KnkError: there is no puzzle, or a puzzle cannot be read; the message says where.
    """
    if argument is not None and argument.endswith(".parquet") and is_file(argument):
        from knk.datasets.files import read

        for number, row in enumerate(read(Path(argument))):
            yield _item(row, f"row {number}")
        return
    with _open(argument) as source, _locate_errors(argument if argument and is_file(argument) else ""):
        lines = enumerate(source, 1)
        first = next(((number, line) for number, line in lines if line.strip()), None)
        if first is None:
            raise KnkError("missing puzzle: the input is empty")
        yield from _reader(first[1])(chain([first], lines))


def _open(argument: str | None) -> IO[str]:
    from io import StringIO

    if argument is None and sys.stdin.isatty():
        raise KnkError("missing puzzle: give it in quotes or as a file, or pipe it in")
    if argument is None or argument == "-":
        return sys.stdin
    if is_file(argument):
        return Path(argument).open(encoding="utf-8-sig")
    if FILE_NAME.fullmatch(argument):
        raise KnkError(f"{argument}: no such file")
    if not (len(argument.split()) > 1 or _is_notation(argument)):
        raise KnkError(f"{argument}: no such file, and not a puzzle")
    return StringIO(argument)


def is_file(argument: str) -> bool:
    """Whether an argument is the path of an existing file."""
    # Unlike Path.is_file, this returns False for what cannot be a path (too long, with a null character).
    return os.path.isfile(argument)  # noqa: PTH113


def _is_notation(line: str) -> bool:
    names, *fields = line.strip().split(" ")
    if fields and "/" in fields[0]:
        fields = fields[1:]
    return bool(re.match("[0-9]+:", fields[0])) if fields else "," in names and len(names.split()) == 1


def _reader(first: str) -> Callable[[Iterable[tuple[int, str]]], Iterator[Item]]:
    if first.lstrip().startswith("{"):
        return _json_items
    return _notation_items if _is_notation(first) else _text_items


@contextmanager
def _locate_errors(position: str) -> Iterator[None]:
    """Put the position in the input before the messages of errors."""
    try:
        yield
    except KnkError as error:
        raise KnkError(f"{position}: {error}" if position else str(error)) from error


def _notation_items(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    from knk.logic.notation import decode

    for number, line in lines:
        if line.strip():
            with _locate_errors(f"line {number}"):
                item = Item(decode(line), f"line {number}")
            yield item


def _text_items(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    from knk.text.parse import parse

    is_empty = True
    for number, (block, is_only) in enumerate(_blocks(line for _, line in lines), 1):
        position = "the puzzle" if is_only else f"puzzle {number}"
        with _locate_errors("" if is_only else position):
            item = Item(parse(block), position)
        yield item
        is_empty = False
    if is_empty:
        raise KnkError("missing puzzle: the input is empty")


def _blocks(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Iterate over the blocks of text between separators, each with whether there is no separator at all."""
    block: list[str] = []
    is_only = True
    for line in lines:
        if line.strip() != SEPARATOR:
            block.append(line)
            continue
        is_only = False
        if any(map(str.strip, block)):
            yield "".join(block), is_only
        block = []
    if any(map(str.strip, block)):
        yield "".join(block), is_only


def _json_items(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    import json

    for number, line in lines:
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise KnkError(f"line {number}: expected a JSON object on each line ({error})") from error
            yield _item(row, f"line {number}")


def _item(row: Any, position: str) -> Item:
    """Return the puzzle of a row, with its completion if it has one."""
    from knk.logic.notation import decode
    from knk.text.parse import parse

    if not isinstance(row, dict):
        raise KnkError(f"{position}: expected a JSON object, got {type(row).__name__}")
    text = next((row[name] for name in _PUZZLE_FIELDS if row.get(name) is not None), None)
    completion = row.get("completion")
    if not isinstance(text, str):
        raise KnkError(f"{position}: expected a puzzle as a string under {', '.join(map(repr, _PUZZLE_FIELDS))}")
    if not isinstance(completion, str | None):
        raise KnkError(f"{position}: expected the completion as a string, got {type(completion).__name__}")
    with _locate_errors(position):
        return Item(decode(text) if _is_notation(text) else parse(text), position, completion)
