"""The rows to audit: the files of a dataset by split, from a file, a folder or the Hub, and the columns that count."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import FORMATS, read
from knk.errors import BadFile

PUZZLE_COLUMN: Final = "puzzle"
"""The column of a puzzle in notation."""
TEXT_COLUMNS: Final = ("text", "quiz", "question")
"""Columns of a puzzle in English; the first that is there counts."""
ANSWER_COLUMNS: Final = ("solution", "solution_text", "answer")
"""Columns of an answer, a list of roles or English; each that is there is checked."""
_SPLITS: Final = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_WORDS: Final = {word: split for split, words in _SPLITS.items() for word in words}
_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class SourceFile:
    """Rows that can be read as often as wanted, and what to call them."""

    name: str
    read: Callable[[], Iterator[Mapping[str, Any]]]


Sources = dict[str, list[SourceFile]]


def splits(source: str | os.PathLike[str]) -> Sources:
    """Return the files of a dataset for each split, train first."""
    path = Path(source)
    if path.is_dir():
        files = _folder_files(path)
    elif path.exists():
        return {path.name: [SourceFile(path.name, partial(read, path))]}
    elif _HUB_NAME.fullmatch(os.fspath(source)) and not (os.sep in os.fspath(source) and path.parent.is_dir()):
        files = _hub_files(os.fspath(source))
    else:
        raise BadFile(f"there is no file or folder {os.fspath(source)!r}, and it is no name of a dataset on the Hub")
    parts: defaultdict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        parts[_split_of(file.name)].append(file)
    order = [*_SPLITS, *sorted(parts)]
    return dict(sorted(parts.items(), key=lambda item: order.index(item[0])))


def pooled(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> Sources:
    """Return all files of each of two datasets, by names that differ."""
    names = [Path(a).name, Path(b).name]
    if names[0] == names[1]:
        names = [os.fspath(a), os.fspath(b)]
    if names[0] == names[1]:
        raise BadFile(f"{names[0]} is compared with itself; one dataset alone shows what it holds twice")
    return {
        name: [file for files in splits(source).values() for file in files]
        for name, source in zip(names, (a, b), strict=True)
    }


def _folder_files(folder: Path) -> list[SourceFile]:
    found = [path for path in folder.rglob("*") if path.suffix in FORMATS and path.is_file()]
    inside = {path.relative_to(folder).as_posix(): path for path in found}
    files = [SourceFile(name, partial(read, path)) for name, path in sorted(inside.items()) if not _is_hidden(name)]
    if not files:
        raise BadFile(f"there is no {' or '.join(FORMATS)} file in {folder.name!r}")
    return files


def _is_hidden(name: str) -> bool:
    return any(piece.startswith((".", "_")) for piece in name.split("/"))


def _split_of(name: str) -> str:
    """Return the split that a file's name mentions, the last word of that kind; else its own name."""
    words = [word for word in re.findall("[a-z]+", name.lower()) if word in _SPLIT_WORDS]
    return _SPLIT_WORDS[words[-1]] if words else name


def _hub_files(name: str) -> list[SourceFile]:
    """Return every split of every configuration of a dataset on the Hub; no code of it is run."""
    import datasets

    try:
        loaded = {config: datasets.load_dataset(name, config) for config in datasets.get_dataset_config_names(name)}
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadFile(f"{name} cannot be had from the Hub: {reason}") from error
    return [
        SourceFile(split if len(loaded) == 1 else f"{config}/{split}", partial(iter, rows))
        for config, splits in loaded.items()
        for split, rows in splits.items()
    ]


def text_of(row: Mapping[str, Any]) -> Any:
    """Return the puzzle in English, None if the row has no column for it."""
    return next((row[column] for column in TEXT_COLUMNS if row.get(column) is not None), None)
