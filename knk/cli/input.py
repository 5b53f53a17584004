"""Puzzles from the command line, a file or a pipe, in whichever form they are."""

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

BETWEEN: Final = "---"
"""The line between two puzzles in English."""
FILE_NAME: Final = re.compile(r"\S+\.(txt|md|json|jsonl|parquet|csv)$", re.IGNORECASE)
"""What looks like the name of a file, and not like a puzzle or an answer."""
_PUZZLE_FIELDS: Final = ("puzzle", "text", "quiz")


class Item(NamedTuple):
    """A puzzle that was read, what to call its place in messages, and the completion that came with it."""

    puzzle: Puzzle
    place: str
    completion: str | None = None


def items(argument: str | None) -> Iterator[Item]:
    """Read the puzzles of an argument, a file or a pipe, in whichever form they are."""
    if argument is not None and argument.endswith(".parquet") and is_file(argument):
        from knk.datasets.files import read

        for number, row in enumerate(read(Path(argument))):
            yield _item(row, f"row {number}")
        return
    with _opened(argument) as source:
        lines = enumerate(source, 1)
        first = next(((number, line) for number, line in lines if line.strip()), None)
        if first is None:
            raise KnkError("there is no puzzle: the input is empty")
        yield from _reader(first[1])(chain([first], lines))


def _opened(argument: str | None) -> IO[str]:
    from io import StringIO

    if argument is None and sys.stdin.isatty():
        raise KnkError("there is no puzzle: give it in quotes, as a file, or through a pipe")
    if argument is None or argument == "-":
        return sys.stdin
    if is_file(argument):
        return Path(argument).open(encoding="utf-8-sig")
    if FILE_NAME.fullmatch(argument) or not (len(argument.split()) > 1 or _is_notation(argument)):
        raise KnkError(f"{argument!r} is neither a file that is there nor a puzzle")
    return StringIO(argument)


def is_file(argument: str) -> bool:
    """Whether an argument is the path of a file that is there."""
    # Unlike Path.is_file, this takes what can be no path (too long, with a null character) for no file.
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
def _placed(place: str) -> Iterator[None]:
    """Say in an error of the library where in the input it arose."""
    try:
        yield
    except KnkError as error:
        raise KnkError(f"{place}: {error}" if place else str(error)) from error


def _notation_items(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    from knk.logic.notation import decode

    for number, line in lines:
        if line.strip():
            with _placed(f"line {number}"):
                item = Item(decode(line), f"line {number}")
            yield item


def _text_items(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    from knk.text.parse import parse

    found = False
    for number, (block, alone) in enumerate(_blocks(line for _, line in lines), 1):
        place = "the puzzle" if alone else f"puzzle {number}"
        with _placed("" if alone else place):
            item = Item(parse(block), place)
        yield item
        found = True
    if not found:
        raise KnkError("there is no puzzle: the input is empty")


def _blocks(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Split a text at the lines of three dashes; each part comes with whether there are no such lines at all."""
    block: list[str] = []
    alone = True
    for line in lines:
        if line.strip() != BETWEEN:
            block.append(line)
            continue
        alone = False
        if any(map(str.strip, block)):
            yield "".join(block), alone
        block = []
    if any(map(str.strip, block)):
        yield "".join(block), alone


def _json_items(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    import json

    for number, line in lines:
        if line.strip():
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise KnkError(f"line {number}: a whole JSON object is wanted on each line ({error})") from error
            yield _item(values, f"line {number}")


def _item(values: Any, place: str) -> Item:
    """Return the puzzle, and the completion if there is one, of a row."""
    from knk.logic.notation import decode
    from knk.text.parse import parse

    if not isinstance(values, dict):
        raise KnkError(f"{place}: a JSON object is wanted, not {type(values).__name__}")
    source = next((values[name] for name in _PUZZLE_FIELDS if values.get(name) is not None), None)
    completion = values.get("completion")
    if not isinstance(source, str):
        raise KnkError(f"{place}: the puzzle is wanted as text under {', '.join(map(repr, _PUZZLE_FIELDS))}")
    if not isinstance(completion, str | None):
        raise KnkError(f"{place}: the completion is wanted as text, not {type(completion).__name__}")
    with _placed(place):
        return Item(decode(source) if _is_notation(source) else parse(source), place, completion)
